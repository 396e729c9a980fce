//! Measurements the visitor asks for: what this device can do at best, and what fewer bits do to the
//! answers of this conversation.

use moescope_engine::compare::{Compared, compare};
use moescope_engine::rounded::Rounded;
use moescope_engine::session::{Device, SessionOptions};
use moescope_engine::{Error, Session, TokenId};

use super::load::Loaded;
use super::post::Post;
use crate::protocol::{BitsFacts, ComparedFacts, Event, Told};

/// Positions held against each other: enough to tell, and short enough to wait for.
pub const MOST_POSITIONS: usize = 256;
/// Weights are held twice while they are compared.
const MOST_BYTES: u64 = 700 << 20;

/// Tells how fast the device of the loaded model moves memory.
pub async fn calibrate(loaded: Option<&Loaded>, post: &Post) {
    let Some(loaded) = loaded else {
        return fail(post, Told::NoModel);
    };
    match loaded.device.bandwidth().await {
        Ok(bytes_per_second) => post.events(vec![Event::Calibrated {
            bytes_per_second,
            threads: loaded.device.threads() as u32,
        }]),
        Err(err) => fail(post, Told::NotMeasured(err.to_string())),
    }
}

/// Tells how far the model with rounded experts is from itself.
pub async fn compare_bits(bits: &[u8], loaded: Option<&Loaded>, post: &Post) {
    let Some(loaded) = loaded.filter(|loaded| !loaded.session.tokens().is_empty()) else {
        return fail(post, Told::NothingToCompare);
    };
    if let Err(reason) = both_fit(loaded.model.gguf.file_bytes) {
        return fail(post, reason);
    }
    match compared(bits, loaded).await {
        Ok(facts) => post.events(vec![Event::BitsCompared(facts)]),
        Err(err) => fail(post, Told::NotCompared(err.to_string())),
    }
}

async fn compared(bits: &[u8], loaded: &Loaded) -> Result<Vec<BitsFacts>, Error> {
    let tokens = loaded.session.tokens();
    let tokens = &tokens[..tokens.len().min(MOST_POSITIONS)];
    let device = device(loaded).await?;
    let options = options(tokens);
    let (spec, source) = (&loaded.model.spec, &loaded.source);
    let mut reference = Session::open(spec, source, &device, options, &mut |_, _| {}).await?;
    let mut all = Vec::new();
    for &bits in bits {
        let rounded = Rounded::experts(source, spec, bits)?;
        let mut other = Session::open(rounded.spec(), &rounded, &device, options, &mut |_, _| {}).await?;
        let compared = compare(&mut reference, &mut other, tokens).await?;
        all.push(BitsFacts {
            bits,
            compared: facts(&compared),
        });
    }
    Ok(all)
}

/// Whether a model may be held beside the loaded one.
pub fn both_fit(bytes: u64) -> Result<(), Told> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let (megabytes, most) = (bytes >> 20, MOST_BYTES >> 20);
    Err(Told::TooLarge { megabytes, most })
}

/// Logits of every position of a batch.
pub fn options(tokens: &[TokenId]) -> SessionOptions {
    const BATCH: u32 = 16;
    SessionOptions {
        context: tokens.len() as u32,
        batch: BATCH,
        logit_rows: BATCH,
        ..SessionOptions::default()
    }
}

/// A device of the kind that runs the model.
pub async fn device(loaded: &Loaded) -> Result<Device, Error> {
    match loaded.device {
        Device::Gpu(_) => Device::gpu().await,
        // A team computes one model.
        _ => Ok(Device::Cpu),
    }
}

/// As the page takes it.
pub fn facts(compared: &Compared) -> ComparedFacts {
    ComparedFacts {
        positions: compared.positions,
        divergence_bits: compared.divergence_bits,
        agreement: compared.agreement,
        perplexity: compared.perplexity,
        reference_perplexity: compared.reference_perplexity,
    }
}

/// What was asked for does not come, and why.
pub fn fail(post: &Post, reason: Told) {
    post.events(vec![Event::MeasureFailed { reason }]);
}
