//! Shares between 0 and 1 as one of ten shades; the colours themselves are in `style.css`
//! (`--shade-0` … `--shade-9`, one set per theme, even in lightness).

/// Colours of differences (`--diverging-0` … `--diverging-8`); the middle one is no difference.
pub const DIVERGING: usize = 9;

/// Shades there are.
pub const SHADES: usize = 10;

/// The shade of a share, on a square-root scale: router distributions have most of their cells
/// near zero, and a linear scale would show those alike.
pub fn shade(share: f32) -> usize {
    let level = share.clamp(0.0, 1.0).sqrt() * SHADES as f32;
    (level as usize).min(SHADES - 1)
}

/// The shade of a value between two others, on an even scale; `low` may be the greater one.
pub fn shade_between(value: f64, low: f64, high: f64) -> usize {
    let share = if high == low {
        0.0
    } else {
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    };
    ((share * SHADES as f64) as usize).min(SHADES - 1)
}

/// The colour of a difference, on an even scale from `-most` to `most`.
pub fn diverging(difference: f64, most: f64) -> usize {
    let middle = (DIVERGING / 2) as f64;
    (middle + (difference / most).clamp(-1.0, 1.0) * middle).round() as usize
}
