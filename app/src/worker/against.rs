//! The loaded model against a file of the visitor's: another quantization of it, or what somebody says
//! they serve. Both run over the tokens of the conversation; the file is the reference.

use std::rc::Rc;

use moescope_engine::compare::{CompareError, Comparison, Position};
use moescope_engine::session::Session;
use moescope_engine::{Error, Model, TokenId};
use wasm_bindgen::JsCast;

use super::cancel::{Cancelled, LoadToken};
use super::load::Loaded;
use super::measure::{MOST_POSITIONS, both_fit, device, facts, fail, options};
use super::post::Post;
use super::source::Source;
use crate::pause::pause;
use crate::protocol::{self, Event, FileFacts, PositionFacts, Told};

/// Tells how far they are from each other.
pub async fn compare_file(
    load_id: u32,
    source: protocol::Source,
    loaded: Option<&Loaded>,
    cancelled: &Rc<Cancelled>,
    post: &Post,
) {
    let Some(loaded) = loaded.filter(|loaded| !loaded.session.tokens().is_empty()) else {
        return fail(post, Told::NothingToCompare);
    };
    let token = LoadToken::new(cancelled, load_id);
    let (name, source) = match opened(source, &token) {
        Ok(opened) => opened,
        Err(reason) => return fail(post, reason),
    };
    let compared = compared(&name, &source, load_id, loaded, cancelled, post).await;
    match compared {
        _ if cancelled.is_load(load_id) => post.events(vec![Event::CompareEnded]),
        Ok(facts) => post.events(vec![Event::FileCompared(facts)]),
        Err(Fault::TooLarge(reason)) => fail(post, reason),
        Err(Fault::Engine(err)) => {
            let why = err.to_string();
            fail(post, Told::FileNotCompared { name, why });
        }
    }
}

enum Fault {
    TooLarge(Told),
    Engine(Error),
}

impl<T: Into<Error>> From<T> for Fault {
    fn from(err: T) -> Self {
        Self::Engine(err.into())
    }
}

fn opened(source: protocol::Source, token: &LoadToken) -> Result<(String, Source), Told> {
    match source {
        protocol::Source::File { name, blob } => {
            let file = Source::file(name.clone(), blob, token);
            Ok((name, file))
        }
        protocol::Source::Files { names, blobs } => {
            let blobs = blobs.iter().map(JsCast::unchecked_into);
            let file = |(name, blob): (&String, _)| Source::file(name.clone(), blob, token);
            let parts = names.iter().zip(blobs).map(file).collect();
            let name = names.first().cloned().unwrap_or_default();
            Ok((name.clone(), Source::of_parts(name, parts, token)))
        }
        protocol::Source::Url(_) => Err(Told::NotAFile),
    }
}

async fn compared(
    name: &str,
    source: &Source,
    load_id: u32,
    loaded: &Loaded,
    cancelled: &Rc<Cancelled>,
    post: &Post,
) -> Result<FileFacts, Fault> {
    let model = Model::open(source).await?;
    both_fit(model.gguf.file_bytes).map_err(Fault::TooLarge)?;
    let tokens = loaded.session.tokens();
    let tokens = &tokens[..tokens.len().min(MOST_POSITIONS)];
    same_tokens(&model, &loaded.model, tokens)?;
    let (device, options) = (device(loaded).await?, options(tokens));
    let mut quiet = |_, _| {};
    let mut reference = Session::open(&model.spec, source, &device, options, &mut quiet).await?;
    let mut own = Session::open(&loaded.model.spec, &loaded.source, &device, options, &mut quiet).await?;
    let mut comparison = Comparison::new(&mut reference, &mut own, tokens);
    let mut positions: Vec<PositionFacts> = Vec::new();
    while let Some(batch) = comparison.step().await? {
        let stand = &tokens[positions.len()..];
        positions.extend(
            batch
                .iter()
                .zip(stand)
                .map(|(position, token)| told(&model, position, *token)),
        );
        let (done, total) = (positions.len() as u32, tokens.len() as u32);
        post.events(vec![Event::Comparing { done, total }]);
        pause().await;
        if cancelled.is_load(load_id) {
            break;
        }
    }
    Ok(FileFacts {
        name: name.to_owned(),
        quantization: model.quantization(),
        compared: facts(&comparison.means()),
        positions,
    })
}

/// A token that means something else there makes a comparison mean nothing.
fn same_tokens(reference: &Model, own: &Model, tokens: &[TokenId]) -> Result<(), CompareError> {
    let (reference_vocab, vocab) = (reference.spec.vocab as usize, own.spec.vocab as usize);
    if reference_vocab != vocab {
        return Err(CompareError::Vocabulary {
            reference: reference_vocab,
            other: vocab,
        });
    }
    let is_same =
        |token: &TokenId| reference.tokenizer.piece_bytes(*token) == own.tokenizer.piece_bytes(*token);
    tokens
        .iter()
        .all(is_same)
        .then_some(())
        .ok_or(CompareError::Tokens)
}

fn told(model: &Model, position: &Position, token: TokenId) -> PositionFacts {
    let text = |token: TokenId| model.tokenizer.decode(&[token]);
    PositionFacts {
        text: text(token),
        divergence_bits: position.divergence_bits,
        reference_choice: text(position.reference_choice),
        choice: text(position.choice),
    }
}
