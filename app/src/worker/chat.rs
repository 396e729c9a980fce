//! The conversation as the model reads it: messages through the chat template, then tokens.
//!
//! A later turn keeps the tokens of the earlier ones exactly as they were sampled and tokenizes
//! only what the template adds after them; rendering everything anew could split an answer into
//! other tokens and throw the KV cache away.

use moescope_engine::chat::shown::{self, Part, Shown};
use moescope_engine::chat::{Message, Rendered};
use moescope_engine::{Error, Model, TokenId};

use crate::protocol::{Branch, Piece, PieceKind, RestoredTurn};

/// Turns so far.
#[derive(Default)]
pub struct Chat {
    messages: Vec<Message>,
    /// Text behind `tokens`, if it was rendered by the template.
    text: String,
    /// Prompt and answer tokens of all turns.
    tokens: Vec<TokenId>,
    /// Where each generation began.
    starts: Vec<Start>,
}

/// The conversation as a generation found it.
#[derive(Clone)]
struct Start {
    generation_id: u32,
    messages: usize,
    text: String,
    /// Tokens of it that the generation's prompt began with.
    tokens: usize,
    /// Tokens before its answer; known where it was computed here.
    prompt_tokens: usize,
}

/// One prompt, ready to be computed.
pub struct Prompt {
    /// The whole sequence to continue.
    pub tokens: Vec<TokenId>,
    /// Position of the first token that is new to the conversation.
    pub first_position: u32,
    /// Tokens from there on.
    pub pieces: Vec<Piece>,
    message: Option<Message>,
    /// What the template rendered; empty for a raw prompt.
    pub text: String,
    /// Tokens of an answer that the sequence already ends with.
    pub answered: Vec<TokenId>,
    /// Tokens that the conversation before it begins with too.
    shared: usize,
    /// Why this is not the model's own form of conversation, if it is not.
    pub note: Option<String>,
}

impl Chat {
    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// A conversation of an earlier worker. What its template rendered is not known any more, so the
    /// next prompt is rendered with all that was said; where that gives the same tokens, they stay.
    pub fn restored(turns: Vec<RestoredTurn>) -> Self {
        let mut chat = Self::default();
        for turn in turns {
            chat.starts.push(Start {
                generation_id: turn.generation_id,
                messages: chat.messages.len(),
                text: String::new(),
                tokens: turn.first_position as usize,
                prompt_tokens: usize::MAX,
            });
            chat.tokens.truncate(turn.first_position as usize);
            chat.tokens.extend(turn.tokens);
            chat.messages.push(Message {
                role: "user".into(),
                content: turn.prompt,
            });
            chat.messages.push(Message {
                role: "assistant".into(),
                content: turn.answer,
            });
        }
        chat
    }

    /// The conversation as it was before a generation, whose prompt is written anew.
    pub fn before(&self, generation_id: u32) -> Self {
        let known = self
            .starts
            .iter()
            .position(|start| start.generation_id == generation_id);
        let Some(index) = known else {
            return Self::default();
        };
        let start = &self.starts[index];
        Self {
            messages: self.messages[..start.messages].to_vec(),
            text: start.text.clone(),
            tokens: self.tokens[..self.tokens.len().min(start.tokens)].to_vec(),
            starts: self.starts[..index].to_vec(),
        }
    }

    /// The next turn of the conversation.
    pub fn prompt(&self, model: &Model, typed: &str) -> Result<Prompt, Error> {
        let message = Message {
            role: "user".into(),
            content: typed.into(),
        };
        let messages: Vec<_> = self.messages.iter().chain([&message]).cloned().collect();
        let Rendered { text, note } = model.chat.render(&messages, true)?;
        let added = text.strip_prefix(&self.text).filter(|_| !self.text.is_empty());
        let mut tokens = if added.is_some() {
            self.tokens.clone()
        } else {
            start_of_text(model)
        };
        tokens.extend(encode(model, added.unwrap_or(&text), typed)?);
        // Said once, with the first turn.
        let note = note.filter(|_| self.messages.is_empty());
        Ok(Prompt {
            note: note.map(|note| note.to_string()),
            ..self.ready(model, tokens, typed, Some(message), text)
        })
    }

    /// A prompt as it is, without a template. Control tokens in it are parsed.
    pub fn raw(&self, model: &Model, typed: &str) -> Result<Prompt, Error> {
        let mut tokens = start_of_text(model);
        tokens.extend(model.tokenizer.encode(typed, true)?);
        Ok(self.ready(model, tokens, typed, None, String::new()))
    }

    fn ready(
        &self,
        model: &Model,
        tokens: Vec<TokenId>,
        typed: &str,
        message: Option<Message>,
        text: String,
    ) -> Prompt {
        let shared = self
            .tokens
            .iter()
            .zip(&tokens)
            .take_while(|(old, new)| old == new)
            .count();
        let pieces = pieces(model, &tokens[shared..], typed);
        Prompt {
            tokens,
            first_position: shared as u32,
            pieces,
            message,
            text,
            answered: Vec::new(),
            shared,
            note: None,
        }
    }

    /// An answer that goes on from another token. None where the sequence no longer is what it was: the
    /// position is not in that answer, or later turns were rendered anew.
    pub fn branch(&self, model: &Model, generation_id: u32, branch: Branch) -> Option<Prompt> {
        let start = self
            .starts
            .iter()
            .find(|start| start.generation_id == generation_id)?;
        let before = self.before(generation_id);
        let asked = self.messages.get(start.messages);
        let asked = asked.map(|message| before.prompt(model, &message.content));
        let (at, token) = (branch.position as usize, branch.token);
        let is_usable = token < model.spec.vocab && !model.tokenizer.is_end_of_generation(token);
        let mut tokens = self.tokens.get(..at).filter(|_| is_usable)?.to_vec();
        let (message, text, prompt_tokens) = match asked {
            Some(prompt) => {
                let prompt = prompt.ok().filter(|prompt| tokens.starts_with(&prompt.tokens))?;
                (prompt.message, prompt.text, prompt.tokens.len())
            }
            None => (None, String::new(), start.prompt_tokens),
        };
        tokens.push(token);
        Some(Prompt {
            answered: tokens
                .get(prompt_tokens..)
                .filter(|answered| !answered.is_empty())?
                .to_vec(),
            tokens,
            first_position: branch.position,
            shared: start.tokens,
            pieces: Vec::new(),
            message,
            text,
            note: None,
        })
    }

    /// Keeps a turn once it is over. What was reasoned is not told the model again, so after an answer
    /// that `has_reasoning` everything is rendered anew.
    pub fn keep(
        &mut self,
        generation_id: u32,
        prompt: Prompt,
        sequence: &[TokenId],
        answer: &str,
        has_reasoning: bool,
    ) {
        self.starts.push(Start {
            generation_id,
            messages: self.messages.len(),
            text: std::mem::take(&mut self.text),
            tokens: prompt.shared,
            prompt_tokens: prompt.tokens.len() - prompt.answered.len(),
        });
        self.tokens = sequence.to_vec();
        self.text = prompt.text;
        if has_reasoning {
            self.text.clear();
        }
        if let Some(message) = prompt.message {
            if !has_reasoning {
                self.text.push_str(answer);
            }
            self.messages.push(message);
            self.messages.push(Message {
                role: "assistant".into(),
                content: answer.into(),
            });
        }
    }
}

/// What a text starts with, where the model wants it.
fn start_of_text(model: &Model) -> Vec<TokenId> {
    model
        .tokenizer
        .bos
        .filter(|_| model.tokenizer.add_bos)
        .into_iter()
        .collect()
}

/// Tokens of rendered text. Control tokens are the template's to write: where the visitor typed
/// the text of one, their part is tokenized on its own, as ordinary text.
fn encode(model: &Model, text: &str, typed: &str) -> Result<Vec<TokenId>, Error> {
    let bpe = &model.tokenizer;
    let is_plain = bpe.encode(typed, true)? == bpe.encode(typed, false)?;
    let Some((before, after)) = text.rsplit_once(typed).filter(|_| !is_plain) else {
        return Ok(without_second_start(model, bpe.encode(text, true)?));
    };
    let mut tokens = bpe.encode(before, true)?;
    tokens.extend(bpe.encode(typed, false)?);
    tokens.extend(bpe.encode(after, true)?);
    Ok(without_second_start(model, tokens))
}

/// A template that writes the start-of-text token itself needs no other before it.
fn without_second_start(model: &Model, mut tokens: Vec<TokenId>) -> Vec<TokenId> {
    if model.tokenizer.add_bos && tokens.first().copied() == model.tokenizer.bos && !tokens.is_empty() {
        tokens.remove(0);
    }
    tokens
}

/// Tokens as text on screen.
fn pieces(model: &Model, tokens: &[TokenId], typed: &str) -> Vec<Piece> {
    let shown = shown::prompt(&model.tokenizer, tokens, typed);
    shown.into_iter().map(piece).collect()
}

/// A token as the protocol has it.
pub fn piece(shown: Shown) -> Piece {
    Piece {
        token: shown.token,
        text: shown.text,
        kind: match shown.part {
            Part::Said => PieceKind::Said,
            Part::Reasoned => PieceKind::Reasoned,
            Part::Template => PieceKind::Template,
        },
    }
}
