//! The carrier: a run as safetensors, its header as JSON in the metadata entry `run`.

use std::collections::HashMap;

use safetensors::SafeTensors;
use safetensors::tensor::{Metadata, TensorInfo, TensorView};

use crate::columns::{self, Dim, Spec};
use crate::{Run, RunError, check};

/// Largest file that is opened.
pub const MOST_BYTES: u64 = 1 << 30;
/// Largest header, most of which is what the visitor typed.
const MOST_HEADER_BYTES: u64 = 16 << 20;
const FORMAT: &str = "moescope-run";
const VERSION: u32 = 1;

/// A file in parts that follow each other.
pub struct Parts<'run> {
    /// Length and text of the header.
    pub header: Vec<u8>,
    /// Every column as it lies in memory.
    pub columns: Vec<&'run [u8]>,
}

/// A run as the bytes of a file.
pub fn write(run: &Run) -> Result<Vec<u8>, RunError> {
    let Parts { mut header, columns } = parts(run)?;
    header.reserve_exact(columns.iter().map(|bytes| bytes.len()).sum());
    columns.iter().for_each(|bytes| header.extend_from_slice(bytes));
    Ok(header)
}

/// The same without a copy of the columns.
pub fn parts(run: &Run) -> Result<Parts<'_>, RunError> {
    check::check(run)?;
    let sizes = Sizes::of(run);
    let mut views = Vec::with_capacity(columns::COLUMNS.len());
    columns::each_bytes(run, |spec, bytes| {
        if !(spec.is_optional && bytes.is_empty()) {
            views.push((spec.name, TensorView::new(spec.dtype, sizes.shape(spec), bytes)));
        }
    });
    let mut views: Vec<(&str, TensorView<'_>)> = views
        .into_iter()
        .map(|(name, view)| Ok((name, view.map_err(|err| carrier(&err))?)))
        .collect::<Result<_, RunError>>()?;
    // The widest numbers first, so that each column begins at a multiple of their size.
    views.sort_by(|(name, one), (other_name, other)| {
        other.dtype().cmp(&one.dtype()).then(name.cmp(other_name))
    });
    let metadata = HashMap::from([
        ("format".to_owned(), FORMAT.to_owned()),
        ("version".to_owned(), VERSION.to_string()),
        ("run".to_owned(), serde_json::to_string(&run.info)?),
    ]);
    Ok(Parts {
        header: header(metadata, &views)?,
        columns: views.iter().map(|(_, view)| view.data()).collect(),
    })
}

/// Length and text; the text ends at a multiple of eight bytes.
fn header(texts: HashMap<String, String>, views: &[(&str, TensorView<'_>)]) -> Result<Vec<u8>, RunError> {
    let mut end = 0;
    let mut info = |(name, view): &(&str, TensorView<'_>)| {
        let begin = end;
        end += view.data().len();
        let info = TensorInfo {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            data_offsets: (begin, end),
        };
        ((*name).to_owned(), info)
    };
    let columns = views.iter().map(&mut info).collect();
    let metadata = Metadata::new(Some(texts.into_iter().collect()), columns).map_err(|err| carrier(&err))?;
    let mut text = serde_json::to_vec(&metadata)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut header = (text.len() as u64).to_le_bytes().to_vec();
    header.append(&mut text);
    Ok(header)
}

/// The run in the bytes of a file, checked.
pub fn read(bytes: &[u8]) -> Result<Run, RunError> {
    if bytes.len() as u64 > MOST_BYTES {
        return Err(RunError::TooLarge {
            bytes: bytes.len() as u64,
            most: MOST_BYTES,
        });
    }
    let header = bytes
        .first_chunk::<8>()
        .map_or(0, |head| u64::from_le_bytes(*head));
    if header > MOST_HEADER_BYTES {
        return Err(RunError::Limit {
            what: "the length of its header",
            got: header,
            most: MOST_HEADER_BYTES,
        });
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|err| carrier(&err))?;
    let texts = metadata.metadata().as_ref().ok_or(RunError::NoRun)?;
    if texts.get("format").map(String::as_str) != Some(FORMAT) {
        return Err(RunError::NoRun);
    }
    let version = texts.get("version").cloned().unwrap_or_default();
    if version != VERSION.to_string() {
        return Err(RunError::Version {
            got: version,
            known: VERSION,
        });
    }
    let mut run = Run {
        info: serde_json::from_str(texts.get("run").ok_or(RunError::NoRun)?)?,
        ..Run::default()
    };
    check::check_sizes(&run.info)?;
    let file = SafeTensors::deserialize(bytes).map_err(|err| carrier(&err))?;
    let sizes = Sizes::told(&run, &file);
    columns::fill(&mut run, |spec| column(&file, &sizes, spec))?;
    check::check(&run)?;
    Ok(run)
}

fn carrier(err: &safetensors::SafeTensorError) -> RunError {
    RunError::Carrier(err.to_string())
}

fn column<'file>(
    file: &SafeTensors<'file>,
    sizes: &Sizes,
    spec: &'static Spec,
) -> Result<&'file [u8], RunError> {
    let Ok(view) = file.tensor(spec.name) else {
        return match spec.is_optional {
            true => Ok(&[]),
            false => Err(RunError::Missing { name: spec.name }),
        };
    };
    if view.dtype() != spec.dtype {
        return Err(RunError::Type {
            name: spec.name,
            expected: format!("{:?}", spec.dtype),
            got: format!("{:?}", view.dtype()),
        });
    }
    let expected = sizes.shape(spec);
    if view.shape() != expected {
        return Err(RunError::Shape {
            name: spec.name,
            dims: spec.dims,
            expected,
            got: view.shape().to_vec(),
        });
    }
    Ok(view.data())
}

/// Every length there is.
struct Sizes {
    tokens: usize,
    text_bytes: usize,
    likely: usize,
    likely_text_bytes: usize,
    rows: usize,
    moe_layers: usize,
    top_k: usize,
    experts: usize,
    kv_layers: usize,
    passes: usize,
    groups: usize,
    examined: usize,
    attention: usize,
    steps: usize,
}

impl Sizes {
    fn of(run: &Run) -> Self {
        let rows = run.rows.positions.len();
        Self {
            tokens: run.tokens.ids.len(),
            text_bytes: run.tokens.texts.bytes.len(),
            likely: run.tokens.likely.ids.len(),
            likely_text_bytes: run.tokens.likely.texts.bytes.len(),
            rows,
            kv_layers: run.rows.kv_held_bytes.len().checked_div(rows).unwrap_or(0),
            passes: run.passes.rows.len(),
            examined: run.examined.positions.len(),
            attention: run.examined.attention.len(),
            ..Self::of_model(run)
        }
    }

    /// As a file tells them: the lengths that nothing else tells are those of one array each.
    fn told(run: &Run, file: &SafeTensors<'_>) -> Self {
        let length = |name: &str, dim: usize| {
            let view = file.tensor(name).ok();
            view.and_then(|view| view.shape().get(dim).copied()).unwrap_or(0)
        };
        Self {
            tokens: length("token_ids", 0),
            text_bytes: length("token_text_bytes", 0),
            likely: length("likely_ids", 0),
            likely_text_bytes: length("likely_text_bytes", 0),
            rows: length("row_positions", 0),
            kv_layers: length("kv_held_bytes", 1),
            passes: length("pass_rows", 0),
            examined: length("examined_positions", 0),
            attention: length("examined_attention", 0),
            ..Self::of_model(run)
        }
    }

    fn of_model(run: &Run) -> Self {
        let model = &run.info.model;
        Self {
            tokens: 0,
            text_bytes: 0,
            likely: 0,
            likely_text_bytes: 0,
            rows: 0,
            moe_layers: model.moe_layers.len(),
            top_k: model.top_k as usize,
            experts: model.n_experts as usize,
            kv_layers: 0,
            passes: 0,
            groups: run.info.groups.len(),
            examined: 0,
            attention: 0,
            steps: run.info.steps.len(),
        }
    }

    fn shape(&self, spec: &Spec) -> Vec<usize> {
        spec.dims.iter().map(|dim| self.length(*dim)).collect()
    }

    fn length(&self, dim: Dim) -> usize {
        match dim {
            Dim::Tokens => self.tokens,
            Dim::TokensPlus1 => self.tokens + 1,
            Dim::TextBytes => self.text_bytes,
            Dim::Likely => self.likely,
            Dim::LikelyPlus1 => self.likely + 1,
            Dim::LikelyTextBytes => self.likely_text_bytes,
            Dim::Rows => self.rows,
            Dim::MoeLayers => self.moe_layers,
            Dim::TopK => self.top_k,
            Dim::Experts => self.experts,
            Dim::KvLayers => self.kv_layers,
            Dim::Passes => self.passes,
            Dim::Groups => self.groups,
            Dim::Examined => self.examined,
            Dim::Attention => self.attention,
            Dim::Steps => self.steps,
        }
    }
}
