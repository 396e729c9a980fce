//! One byte range of a file, as RFC 9110 §14 has it. Several ranges at once are answered with the
//! whole file, which the RFC allows.

/// What a request wants of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Whole,
    Part { start: u64, count: u64 },
    OutOfBounds,
}

/// Reads a `Range` header for a file of `len` bytes. One that is not understood is not there.
pub fn wanted(header: Option<&str>, len: u64) -> Wanted {
    let spec = header.and_then(|header| header.trim().strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    match (number(first), number(last)) {
        (Some(first), _) if first >= len && (last.is_empty() || number(last).is_some()) => {
            Wanted::OutOfBounds
        }
        (Some(first), None) if last.is_empty() => part(first, len - 1),
        (Some(first), Some(last)) if first <= last => part(first, last.min(len - 1)),
        (None, Some(suffix)) if first.is_empty() && (suffix == 0 || len == 0) => Wanted::OutOfBounds,
        (None, Some(suffix)) if first.is_empty() => part(len.saturating_sub(suffix), len - 1),
        _ => Wanted::Whole,
    }
}

pub fn content_range(start: u64, count: u64, len: u64) -> String {
    format!("bytes {start}-{}/{len}", start + count - 1)
}

fn part(first: u64, last: u64) -> Wanted {
    Wanted::Part {
        start: first,
        count: last - first + 1,
    }
}

/// Digits only: `+5` and ` 5` are not numbers here. One too large to hold is past any end.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Wanted, wanted};

    #[test]
    fn every_form_of_range_is_read() {
        let part = |start, count| Wanted::Part { start, count };
        let cases = [
            ("bytes=0-0", part(0, 1)),
            ("bytes=2-5", part(2, 4)),
            ("bytes=2-", part(2, 8)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=8-99", part(8, 2)),
            ("bytes=0-99999999999999999999999", part(0, 10)),
            ("bytes=10-", Wanted::OutOfBounds),
            ("bytes=10-11", Wanted::OutOfBounds),
            ("bytes=-0", Wanted::OutOfBounds),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
        ];
        for (header, expected) in cases {
            assert_eq!(wanted(Some(header), 10), expected, "{header}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
    }

    #[test]
    fn an_empty_file_has_no_range() {
        assert_eq!(wanted(Some("bytes=0-0"), 0), Wanted::OutOfBounds);
        assert_eq!(wanted(Some("bytes=-1"), 0), Wanted::OutOfBounds);
    }
}
