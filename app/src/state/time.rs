//! Time: the selected token as a moment of the run that one can step, scrub and play.

use super::AppState;

/// Playing the run again, token by token. Nothing is computed anew: the views follow the selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playback {
    pub is_playing: bool,
    pub tokens_per_second: u32,
}

impl Default for Playback {
    fn default() -> Self {
        Self {
            is_playing: false,
            tokens_per_second: 5,
        }
    }
}

impl Playback {
    /// Speeds there are, tokens per second.
    pub const RATES: [u32; 6] = [1, 2, 5, 10, 20, 50];
}

/// Selects the position `by` positions away, within what stands in the text.
pub fn step(state: &mut AppState, by: i64) {
    let conversation = &state.conversation;
    let (Some(last), Some(here)) = (
        conversation.last_marked().max(conversation.latest()),
        state.selection.position.or_else(|| conversation.latest()),
    ) else {
        return;
    };
    let wanted = (i64::from(here) + by).clamp(0, i64::from(last));
    state.selection.position = u32::try_from(wanted).ok();
}

/// Starts or stops playing; at the end it starts from the beginning.
pub fn toggle(state: &mut AppState) {
    let last = state.conversation.latest();
    state.playback.is_playing = !state.playback.is_playing && last.is_some();
    let is_at_end = state.selection.position.is_none_or(|here| Some(here) >= last);
    if state.playback.is_playing && is_at_end {
        state.selection.position = Some(0);
    }
}

/// The next token while playing; behind the newest one playing stops, and the newest is followed.
pub fn tick(state: &mut AppState) {
    if !state.playback.is_playing {
        return;
    }
    step(state, 1);
    if state.selection.position >= state.conversation.latest() {
        state.playback.is_playing = false;
    }
}
