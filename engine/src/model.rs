//! A file understood: its tensors, what they mean, and how text becomes tokens.

use crate::arch::Spec;
use crate::chat::ChatTemplate;
use crate::error::Error;
use crate::gguf::Gguf;
use crate::source::ByteSource;
use crate::tokenizer::Tokenizer;

/// Everything of a model but its weights.
#[derive(Debug)]
pub struct Model {
    pub gguf: Gguf,
    pub spec: Spec,
    pub tokenizer: Tokenizer,
    pub chat: ChatTemplate,
}

impl Model {
    /// Reads a file's head; weights stay where they are.
    pub async fn open(source: &impl ByteSource) -> Result<Self, Error> {
        let gguf = Gguf::read(source).await?;
        let spec = Spec::read(&gguf)?;
        let tokenizer = Tokenizer::from_gguf(&gguf.metadata)?;
        let chat = ChatTemplate::from_gguf(&gguf.metadata)?;
        Ok(Self {
            gguf,
            spec,
            tokenizer,
            chat,
        })
    }
}
