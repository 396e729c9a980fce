//! From a request's URL to a path that stays where it is put.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands for itself in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The path of a URL, decoded, without its first slash, query and fragment. `None` where a part of
/// it could lead out of a folder, on any system: `..`, a backslash, a drive, a NUL.
pub fn decode(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
    let path = percent_decode_str(path).decode_utf8().ok()?.into_owned();
    let stays = |part: &str| part != ".." && part != "." && !part.contains(['\\', ':', '\0']);
    let is_relative = !path.starts_with('/');
    (is_relative && path.split('/').all(stays)).then_some(path)
}

pub fn percent_encode(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::{decode, percent_encode};

    #[test]
    fn paths_are_decoded_without_query_and_fragment() {
        assert_eq!(decode("/").as_deref(), Some(""));
        assert_eq!(
            decode("/models/a%20b.gguf?x=1").as_deref(),
            Some("models/a b.gguf")
        );
        assert_eq!(
            decode(&format!("/{}", percent_encode("é/ü%.js"))).as_deref(),
            Some("é/ü%.js")
        );
    }

    #[test]
    fn paths_that_could_lead_out_are_refused() {
        let urls = [
            "/../x",
            "/a/../../x",
            "/%2e%2e/x",
            "/a/%2e%2e%2fx",
            "/..%5cx",
            "//etc/passwd",
            "/%00",
            "/C:/x",
            "x",
            "/%ff",
        ];
        for url in urls {
            assert_eq!(decode(url), None, "{url}");
        }
    }
}
