//! What was asked in the conversation on screen, as a link says it; and how a link says numbers of sampling.

use super::{Branching, Drawn, MOST_BRANCHES, Prompt};
use crate::protocol::{Branch, Finish, Sampling};
use crate::state::{AppState, Conversation, Turn};

/// Every prompt of the conversation on screen; none where it cannot be asked again in these words.
pub fn prompts(state: &AppState) -> Vec<Prompt> {
    let conversation = &state.conversation;
    let (pairs, _) = conversation.turns.as_chunks::<2>();
    let prompts = pairs.iter().map(|pair| prompt(conversation, pair));
    prompts.collect::<Option<_>>().unwrap_or_default()
}

/// A prompt, and the branches that led to its answer, from the last one back.
fn prompt(conversation: &Conversation, pair: &[Turn; 2]) -> Option<Prompt> {
    let (mut pair, mut branches) = (pair, Vec::<Branching>::new());
    while branches.len() <= MOST_BRANCHES {
        let asked = pair[0].asked.as_ref().filter(|asked| !asked.options.raw)?;
        let Some(at) = asked.options.branch else {
            branches.reverse();
            return Some(Prompt {
                prompt: asked.prompt.clone(),
                drawn: drawn(pair, &asked.options.sampling, None),
                branches,
            });
        };
        // What an earlier branch wrote is gone where a later one went back before it.
        if branches
            .last()
            .is_none_or(|later| at.position < later.at.position)
        {
            branches.push(Branching {
                at,
                drawn: drawn(pair, &asked.options.sampling, Some(at)),
            });
        }
        let mut replaced = conversation.replaced.iter();
        let replaced = replaced.find(|replaced| replaced.by == pair[1].generation_id)?;
        pair = replaced.turns.first_chunk()?;
    }
    None
}

/// How an answer was drawn: all of it, or what follows the token of a branch.
fn drawn([prompt, answer]: &[Turn; 2], sampling: &Sampling, branch: Option<Branch>) -> Drawn {
    let said = answer.marks().count() as u32;
    // By number: marks that no longer stand in the sequence have lost their position.
    let begin = prompt.first_position + prompt.marks().count() as u32;
    let kept = branch.map_or(0, |at| (at.position + 1).saturating_sub(begin));
    let was_stopped = answer.finish == Some(Finish::Cancelled);
    Drawn {
        sampling: Sampling {
            seed: answer.seed,
            ..sampling.clone()
        },
        stopped_after: was_stopped.then(|| said.saturating_sub(kept).max(1)),
    }
}

/// One number of the sampling; what is no number changes nothing.
pub fn draw(sampling: &mut Sampling, key: &str, value: &str) {
    fn take<T: std::str::FromStr>(to: &mut T, value: &str, is_fit: impl Fn(&T) -> bool) {
        if let Some(number) = value.parse().ok().filter(is_fit) {
            *to = number;
        }
    }
    let share = |share: &f32| (0.0..=1.0).contains(share);
    match key {
        "seed" => take(&mut sampling.seed, value, |_| true),
        "temperature" => take(&mut sampling.temperature, value, |heat| {
            (0.0..=100.0).contains(heat)
        }),
        "top-k" => take(&mut sampling.top_k, value, |_| true),
        "top-p" => take(&mut sampling.top_p, value, share),
        "min-p" => take(&mut sampling.min_p, value, share),
        "repetition-penalty" => take(&mut sampling.repetition_penalty, value, |penalty| {
            (0.01..=100.0).contains(penalty)
        }),
        "max-tokens" => take(&mut sampling.max_tokens, value, |tokens| *tokens > 0),
        _ => {}
    }
}

/// What is drawn otherwise than before: keys and values.
pub fn sampling_parts(before: &Sampling, now: &Sampling) -> Vec<(&'static str, String)> {
    let all = |of: &Sampling| {
        [
            ("seed", of.seed.to_string()),
            ("temperature", of.temperature.to_string()),
            ("top-k", of.top_k.to_string()),
            ("top-p", of.top_p.to_string()),
            ("min-p", of.min_p.to_string()),
            ("repetition-penalty", of.repetition_penalty.to_string()),
            ("max-tokens", of.max_tokens.to_string()),
        ]
    };
    let pairs = all(before).into_iter().zip(all(now));
    let changed = pairs.filter(|(before, now)| before != now);
    changed.map(|(_, now)| now).collect()
}
