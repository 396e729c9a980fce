//! What one router's distribution says of its choice.

/// −Σ p log₂ p of a distribution, scaled to sum to one.
pub fn entropy_bits(probs: &[f32]) -> f32 {
    let sum: f32 = probs.iter().sum();
    let terms = probs
        .iter()
        .map(|p| p / sum)
        .filter(|p| *p > 0.0)
        .map(|p| -p * p.log2());
    if sum > 0.0 { terms.sum() } else { 0.0 }
}

/// Least probability chosen less greatest rejected; none when every expert was chosen.
pub fn margin(probs: &[f32], ids: &[u16]) -> Option<f32> {
    let is_chosen = |expert: usize| ids.iter().any(|&id| usize::from(id) == expert);
    let (chosen, rejected): (Vec<_>, Vec<_>) = probs
        .iter()
        .enumerate()
        .partition(|(expert, _)| is_chosen(*expert));
    let least = chosen.iter().map(|(_, p)| **p).min_by(f32::total_cmp)?;
    let greatest = rejected.iter().map(|(_, p)| **p).max_by(f32::total_cmp)?;
    Some(least - greatest)
}
