//! The files that are timed: two random-weight models of true shape, in three mixes of formats, and the
//! demo model. Made once, under `target/bench/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use moescope_tests::native::demo_model;
use moescope_tests::random_model::{Architecture, Mix, Shape};

/// A model by the name it has in tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    pub name: &'static str,
    /// Sizes, for a table's reader.
    pub about: &'static str,
    /// `None`: the demo model's own file, in the one mix it has.
    pub shape: Option<Shape>,
}

/// As large as models that a browser runs in a moment: about 200 M parameters, 70 M of them active.
pub const MID: Model = Model {
    name: "mid",
    about: "granitemoe, 198 M parameters: width 768, 12 layers, 12 heads / 6 kv, 16 experts, top-4, ff 384",
    shape: Some(Shape {
        architecture: Architecture::GraniteMoe,
        d_model: 768,
        n_layers: 12,
        n_heads: 12,
        n_kv_heads: 6,
        head_dim: 64,
        n_experts: 16,
        top_k: 4,
        d_expert: 384,
        vocab: 8192,
        context: 4096,
        is_tied: true,
    }),
};

/// Many small steps: what a step costs beside its work shows here.
pub const DEEP: Model = Model {
    name: "deep",
    about: "qwen3moe, 217 M parameters: width 256, 32 layers, 8 heads / 2 kv, 128 experts, top-8, ff 64",
    shape: Some(Shape {
        architecture: Architecture::Qwen3Moe,
        d_model: 256,
        n_layers: 32,
        n_heads: 8,
        n_kv_heads: 2,
        head_dim: 64,
        n_experts: 128,
        top_k: 8,
        d_expert: 64,
        vocab: 8192,
        context: 4096,
        is_tied: false,
    }),
};

/// The one that comes with the page.
pub const DEMO: Model = Model {
    name: "demo",
    about: "the model that comes with the page",
    shape: None,
};

pub const ALL: [Model; 3] = [MID, DEEP, DEMO];

/// Files are made anew where the writer or the sizes changed: raise it then.
const VERSION: u32 = 1;
const SEED: u64 = 4;

impl Model {
    /// The mixes it is timed in.
    pub fn mixes(&self) -> &'static [Mix] {
        match self.shape {
            Some(_) => &Mix::ALL,
            None => &[Mix::Q8_0],
        }
    }

    /// Its file in a mix, written where it is not there yet.
    pub fn file(&self, folder: &Path, mix: Mix) -> Result<PathBuf> {
        let Some(shape) = &self.shape else {
            return Ok(demo_model());
        };
        write(folder, self.name, shape, mix)
    }
}

/// A model of some sizes under `folder`, written where it is not there yet.
pub fn write(folder: &Path, name: &str, shape: &Shape, mix: Mix) -> Result<PathBuf> {
    let path = folder.join(format!("{name}-{}-v{VERSION}.gguf", mix.name()));
    if !path.is_file() {
        std::fs::create_dir_all(folder)?;
        println!("writing {}", path.display());
        let unfinished = path.with_extension("unfinished");
        let bytes = shape.file(name, mix, SEED).bytes();
        std::fs::write(&unfinished, bytes).with_context(|| format!("no room for {}", path.display()))?;
        std::fs::rename(&unfinished, &path)?;
    }
    Ok(path)
}
