//! An agent's session: every turn sends all that went before once more, so most of its input is old.
//!
//! Turn i of n has `start + i·(result + output)` tokens before it, then writes `output` tokens. What was
//! already there is found in the cache for a share of the tokens, and computed again for the rest.

/// One session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    /// Instructions, tools and files at the start, tokens.
    pub start: f64,
    pub turns: f64,
    /// What each tool call brings back, tokens.
    pub result: f64,
    /// What the model writes per turn, tokens.
    pub output: f64,
    /// Share of old input found in the cache.
    pub hit_share: f64,
}

/// Its tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tokens {
    /// Input over all turns, old and new.
    pub input: f64,
    pub cached: f64,
    /// Computed: new, or old and not found.
    pub fresh: f64,
    pub output: f64,
    /// Context at the end.
    pub last: f64,
    /// Context while writing, mean over output tokens.
    pub mean: f64,
}

impl Session {
    /// Context before each turn's output, and how much of it is old.
    fn turns(&self) -> impl Iterator<Item = (f64, f64)> {
        let session = *self;
        let turns = self.turns.round().clamp(0.0, 10_000.0) as u32;
        (0..turns).map(move |turn| {
            let grown = f64::from(turn) * (session.result + session.output);
            let context = session.start + grown;
            let old = if turn == 0 { 0.0 } else { context - session.result };
            (context, old)
        })
    }

    pub fn tokens(&self) -> Tokens {
        let mut sum = Tokens::default();
        for (context, old) in self.turns() {
            sum.input += context;
            sum.cached += old * self.hit_share;
            sum.output += self.output;
            sum.mean += (context + self.output / 2.0) * self.output;
            sum.last = context + self.output;
        }
        sum.fresh = sum.input - sum.cached;
        sum.mean = if sum.output > 0.0 {
            sum.mean / sum.output
        } else {
            0.0
        };
        sum
    }

    /// Operations of all prompts, with what the cache holds left out.
    pub fn prefill_flops(&self, sizes: &super::Sizes) -> f64 {
        self.turns()
            .map(|(context, old)| sizes.prefill_flops(context, old * self.hit_share))
            .sum()
    }
}
