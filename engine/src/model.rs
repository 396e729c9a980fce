//! A file understood: its tensors, what they mean, and how text becomes tokens.

use std::collections::BTreeMap;

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
    /// The formats of the weights, most bytes first: those above a tenth of the file.
    pub fn quantization(&self) -> String {
        let mut bytes_of: BTreeMap<String, u64> = BTreeMap::new();
        for tensor in &self.gguf.tensors {
            *bytes_of.entry(tensor.format.to_string()).or_default() += tensor.bytes();
        }
        let total: u64 = bytes_of.values().sum();
        let mut formats: Vec<_> = bytes_of
            .into_iter()
            .filter(|(_, bytes)| *bytes * 10 >= total)
            .collect();
        formats.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        let names: Vec<_> = formats.into_iter().map(|(format, _)| format).collect();
        names.join(" + ")
    }

    /// The licence, as the file names it.
    pub fn licence(&self) -> Option<&str> {
        self.gguf.metadata.opt_str("general.license").ok().flatten()
    }

    /// Whether the file brings a chat template.
    pub fn has_chat(&self) -> bool {
        let template = self.gguf.metadata.opt_str("tokenizer.chat_template");
        template.is_ok_and(|template| template.is_some())
    }

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
