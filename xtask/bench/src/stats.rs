//! The middle of a few samples and how far they lie apart.

/// Of some samples. The spread is their whole range: with three rounds, anything finer is a pretence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// Nothing of no samples, or of what is no number.
pub fn summary(samples: &[f64]) -> Option<Summary> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (*sorted.first()?, *sorted.last()?);
    let (below, above) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    let median = (below + above) / 2.0;
    [low, median, high]
        .iter()
        .all(|value| value.is_finite())
        .then_some(Summary { median, low, high })
}

/// Three significant digits; whole from 100 on.
pub fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 99.5 => format!("{value:.0}"),
        size if size >= 9.95 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let expected = Summary {
            median: 2.5,
            low: 1.0,
            high: 9.0,
        };
        assert_eq!(summary(&[9.0, 2.0, 1.0, 3.0]), Some(expected));
    }

    #[test]
    fn one_sample_has_no_spread() {
        assert_eq!(
            summary(&[4.0]),
            Some(Summary {
                median: 4.0,
                low: 4.0,
                high: 4.0
            })
        );
    }

    #[test]
    fn nothing_and_what_is_no_number_have_no_median() {
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn numbers_have_three_digits() {
        let texts = [0.0, 0.123, 9.949, 9.96, 99.4, 99.6, 1234.5].map(short);
        assert_eq!(texts, ["0", "0.12", "9.95", "10.0", "99.4", "100", "1234"]);
    }
}
