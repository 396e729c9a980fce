//! Twin of `shaders/sample.wgsl`.

use crate::TokenId;
use crate::kernels::sample::{Draw, MAX_CANDIDATES};

/// The token chosen from a row of logits; 0 where none is finite.
pub fn sample(draw: &Draw, logits: &[f32]) -> TokenId {
    let finite = (0..).zip(logits).filter(|(_, logit)| logit.is_finite());
    // Adding 0 makes −0 equal to 0, so that their order is by id.
    let mut candidates: Vec<(TokenId, f32)> = finite.map(|(id, logit)| (id, logit + 0.0)).collect();
    candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let top_k = if draw.temperature > 0.0 {
        draw.top_k.clamp(1, MAX_CANDIDATES)
    } else {
        1
    };
    candidates.truncate(top_k as usize);
    match candidates[..] {
        [] => 0,
        [(only, _)] => only,
        [(_, best), ..] => {
            let below: Vec<f32> = candidates.iter().map(|(_, logit)| logit - best).collect();
            candidates[drawn(draw, &below[..kept(draw, &below)])].0
        }
    }
}

/// How many candidates top-p and min-p keep, by how far they are below the best.
fn kept(draw: &Draw, below: &[f32]) -> usize {
    let mut count = below.len();
    if draw.top_p < 1.0 {
        let enough = below.iter().map(|below| below.exp()).sum::<f32>() * draw.top_p;
        let mut sum = 0.0;
        let reached = below.iter().position(|below| {
            sum += below.exp();
            sum >= enough
        });
        count = reached.map_or(count, |last| last + 1);
    }
    while count > 1 && below[count - 1].exp() < draw.min_p {
        count -= 1;
    }
    count
}

fn drawn(draw: &Draw, below: &[f32]) -> usize {
    let weight = |below: &f32| (below / draw.temperature).exp();
    let mut left = below.iter().map(weight).sum::<f32>() * draw.chance;
    let found = below.iter().position(|below| {
        left -= weight(below);
        left < 0.0
    });
    found.unwrap_or(below.len() - 1)
}
