//! Which part of an answer a token belongs to: what is said, what was reasoned before, or the marks
//! between them. Known are `<think>…</think>` (DeepSeek, Qwen, GLM and others) and the channels of
//! gpt-oss's harmony form, of which only `final` is said:
//!
//! ```text
//! <|channel|>analysis<|message|> … <|end|><|start|>assistant<|channel|>final<|message|> … <|return|>
//! ```

const OPENED: &str = "<think>";
const CLOSED: &str = "</think>";

/// What a token is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// What is said.
    Answer,
    /// What leads to it.
    Reasoning,
    /// A mark that begins, names or ends one of them.
    Mark,
}

/// Reads an answer token by token.
#[derive(Clone, Debug)]
pub struct Channels {
    state: State,
    /// The end of what was written, since a mark may come in several tokens.
    tail: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Answer,
    Reasoning,
    /// Between messages of the harmony form: a role, or a channel whose name is being written.
    Header {
        channel: Option<String>,
    },
}

impl Channels {
    /// After a prompt, whose end may have begun a channel.
    pub fn after(prompt: &str) -> Self {
        let end = prompt.trim_end();
        let state = if end.ends_with(OPENED) {
            State::Reasoning
        } else if end.ends_with("<|start|>assistant") {
            State::Header { channel: None }
        } else {
            State::Answer
        };
        Self {
            state,
            tail: String::new(),
        }
    }

    /// The next token's text, that of a control token included.
    pub fn push(&mut self, text: &str) -> Channel {
        match text.trim() {
            OPENED => return self.mark(State::Reasoning),
            CLOSED => return self.mark(State::Answer),
            "<|start|>" | "<|end|>" | "<|return|>" | "<|call|>" => {
                return self.mark(State::Header { channel: None });
            }
            "<|channel|>" => {
                return self.mark(State::Header {
                    channel: Some(String::new()),
                });
            }
            "<|message|>" => {
                let is_said = match &self.state {
                    State::Header { channel } => channel.as_deref().is_none_or(|name| name.trim() == "final"),
                    State::Answer => true,
                    State::Reasoning => false,
                };
                return self.mark(if is_said { State::Answer } else { State::Reasoning });
            }
            _ => {}
        }
        self.tail.push_str(text);
        match &mut self.state {
            State::Header { channel } => {
                channel.iter_mut().for_each(|name| name.push_str(text));
                Channel::Mark
            }
            State::Answer if self.tail.ends_with(OPENED) => self.mark(State::Reasoning),
            State::Reasoning if self.tail.trim_end().ends_with(CLOSED) => self.mark(State::Answer),
            State::Answer => self.kept(Channel::Answer),
            State::Reasoning => self.kept(Channel::Reasoning),
        }
    }

    fn mark(&mut self, state: State) -> Channel {
        self.state = state;
        self.tail.clear();
        Channel::Mark
    }

    /// No more of the end than a mark is long.
    fn kept(&mut self, channel: Channel) -> Channel {
        let cut = self.tail.len().saturating_sub(2 * CLOSED.len());
        let cut = (cut..=self.tail.len()).find(|at| self.tail.is_char_boundary(*at));
        self.tail.drain(..cut.unwrap_or(0));
        channel
    }
}
