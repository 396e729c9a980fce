//! A conversation as the text a model was trained on. The template is a Jinja program inside the
//! file, so it runs bounded: steps, recursion and length of the text. Where there is none, or it
//! fails, a plain form is used and the result says so.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, ErrorKind};

use crate::gguf::{GgufError, Metadata};

pub mod channels;
pub mod clock;
mod marks;
mod output;
pub mod shown;

/// Most steps of the template's program: some thousand times what a long conversation takes.
const MOST_STEPS: u64 = 5_000_000;
/// Most calls of macros within each other.
const DEEPEST_RECURSION: usize = 64;
/// Longest text of a template that is run.
const LONGEST_TEMPLATE: usize = 1 << 20;
/// Longest rendered conversation.
const LONGEST_TEXT: usize = 16 << 20;

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who speaks: `system`, `user`, `assistant` or whatever the template knows.
    pub role: String,
    pub content: String,
}

/// A rendered conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// To be tokenized with special tokens parsed.
    pub text: String,
    /// Why this is not the model's own form, if it is not.
    pub note: Option<Note>,
}

/// Why a conversation was rendered in a plain form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The file has no template.
    NoTemplate { used: Plain },
    /// The file's template could not be run.
    TemplateFailed { used: Plain, why: Box<str> },
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTemplate { used } => write!(f, "the file has no chat template; {used} is used instead"),
            Self::TemplateFailed { used, why } => {
                write!(
                    f,
                    "the file's chat template failed ({why}); {used} is used instead"
                )
            }
        }
    }
}

/// A form of conversation that needs no template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// `<|im_start|>role`, the content, `<|im_end|>`: for vocabularies that have these tokens.
    ChatMl,
    /// `role: content` and a blank line.
    Lines,
}

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ChatMl => "ChatML",
            Self::Lines => "the form \"role: content\"",
        })
    }
}

/// Why a conversation cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// The template itself says no, with [`Message`]s it does not allow.
    #[error("the model's chat template refuses this conversation: {why}")]
    Refused { why: Box<str> },
    #[error("the conversation takes more than {most} bytes")]
    TooLong { most: usize },
}

/// How a model wants a conversation.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    source: Option<Box<str>>,
    bos_token: Box<str>,
    eos_token: Box<str>,
    plain: Plain,
}

impl ChatTemplate {
    /// Takes the template from a file's metadata.
    pub fn from_gguf(metadata: &Metadata) -> Result<Self, ChatError> {
        let tokens = metadata.opt_strings("tokenizer.ggml.tokens")?.unwrap_or_default();
        let token = |key: &str| {
            let id = metadata.opt_u32(key)?.and_then(|id| usize::try_from(id).ok());
            Ok::<_, GgufError>(id.and_then(|id| tokens.get(id)).cloned().unwrap_or_default())
        };
        let has = |text: &str| tokens.iter().any(|token| **token == *text);
        Ok(Self {
            source: metadata.opt_str("tokenizer.chat_template")?.map(Into::into),
            bos_token: token("tokenizer.ggml.bos_token_id")?,
            eos_token: token("tokenizer.ggml.eos_token_id")?,
            plain: if has("<|im_start|>") && has("<|im_end|>") {
                Plain::ChatMl
            } else {
                Plain::Lines
            },
        })
    }

    /// Renders a conversation; with `add_generation_prompt`, up to where the assistant speaks.
    pub fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<Rendered, ChatError> {
        let used = self.plain;
        let Some(source) = &self.source else {
            return plain(used, messages, add_generation_prompt, Note::NoTemplate { used });
        };
        match self.run(source, messages, add_generation_prompt) {
            Ok(text) => Ok(Rendered { text, note: None }),
            Err(Failure::Chat(err)) => Err(err),
            Err(Failure::Template(err)) => {
                let why = sentence(&err).into();
                plain(
                    used,
                    messages,
                    add_generation_prompt,
                    Note::TemplateFailed { used, why },
                )
            }
        }
    }

    /// Runs the template.
    fn run(
        &self,
        source: &str,
        messages: &[Message],
        add_generation_prompt: bool,
    ) -> Result<String, Failure> {
        if source.len() > LONGEST_TEMPLATE {
            let err = minijinja::Error::new(
                ErrorKind::InvalidOperation,
                "the template is longer than a megabyte",
            );
            return Err(Failure::Template(err));
        }
        let environment = environment()?;
        let source = marks::without_generation(source);
        let template = environment.template_from_str(&source)?;
        let messages: Value = messages.iter().map(message_value).collect();
        let context = Value::from_pairs([
            ("messages", messages),
            ("add_generation_prompt", add_generation_prompt.into()),
            ("bos_token", (&*self.bos_token).into()),
            ("eos_token", (&*self.eos_token).into()),
        ]);
        let mut output = output::Bounded::new(LONGEST_TEXT);
        let rendered = template.render_captured_to(context, &mut output);
        if output.is_full() {
            return Err(Failure::Chat(ChatError::TooLong { most: LONGEST_TEXT }));
        }
        rendered?;
        Ok(output.into_text())
    }
}

/// What can come of running a template.
enum Failure {
    /// It ran and refused.
    Chat(ChatError),
    /// It could not run.
    Template(minijinja::Error),
}

impl From<minijinja::Error> for Failure {
    fn from(err: minijinja::Error) -> Self {
        match err.detail().and_then(|detail| detail.strip_prefix(RAISED)) {
            Some(why) => Self::Chat(ChatError::Refused { why: why.into() }),
            None => Self::Template(err),
        }
    }
}

/// Marks errors that a template raised itself.
const RAISED: &str = "raised by the template: ";

/// Jinja as transformers sets it up for chat templates.
fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.set_recursion_limit(DEEPEST_RECURSION);
    environment.set_fuel(Some(MOST_STEPS));
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", |format: &str| {
        clock::strftime(format, clock::now())
    });
    Ok(environment)
}

fn raise_exception(why: &str) -> Result<Value, minijinja::Error> {
    Err(minijinja::Error::new(
        ErrorKind::InvalidOperation,
        format!("{RAISED}{why}"),
    ))
}

fn message_value(message: &Message) -> Value {
    Value::from_pairs([
        ("role", Value::from(&*message.role)),
        ("content", Value::from(&*message.content)),
    ])
}

/// What went wrong in a template, and where.
fn sentence(err: &minijinja::Error) -> String {
    let line = err
        .line()
        .map(|line| format!(" in line {line}"))
        .unwrap_or_default();
    match err.detail() {
        Some(detail) => format!("{}{line}: {detail}", err.kind()),
        None => format!("{}{line}", err.kind()),
    }
}

/// Renders without a template.
fn plain(
    form: Plain,
    messages: &[Message],
    add_generation_prompt: bool,
    note: Note,
) -> Result<Rendered, ChatError> {
    let turn = |Message { role, content }: &Message| match form {
        Plain::ChatMl => format!("<|im_start|>{role}\n{content}<|im_end|>\n"),
        Plain::Lines => format!("{role}: {content}\n\n"),
    };
    let mut text: String = messages.iter().map(turn).collect();
    if add_generation_prompt {
        text.push_str(match form {
            Plain::ChatMl => "<|im_start|>assistant\n",
            Plain::Lines => "assistant:",
        });
    }
    if text.len() > LONGEST_TEXT {
        return Err(ChatError::TooLong { most: LONGEST_TEXT });
    }
    Ok(Rendered {
        text,
        note: Some(note),
    })
}
