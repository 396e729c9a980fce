//! The models that come with the page, as `models/models.json` lists them.

use serde::Deserialize;

/// The file itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Catalogue {
    pub models: Vec<CatalogueModel>,
}

/// One model and what to ask it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct CatalogueModel {
    pub id: String,
    pub name: String,
    /// File beside the list.
    pub file: String,
    #[serde(default)]
    pub bytes: u64,
    #[serde(default)]
    pub sha256: String,
    #[serde(default)]
    pub licence: String,
    /// A sentence or two.
    #[serde(default)]
    pub about: String,
    #[serde(default)]
    pub examples: Vec<Examples>,
}

/// Prompts of one skill.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Examples {
    pub skill: String,
    pub prompts: Vec<String>,
}

/// Public models one can fetch, as `models/public.json` lists them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PublicModels {
    /// When the list was made: year and month.
    pub date: String,
    pub models: Vec<PublicModel>,
}

/// One of them. Figures are those of its publisher.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PublicModel {
    pub name: String,
    pub url: String,
    /// Of the file.
    pub gigabytes: f64,
    pub licence: String,
    /// Billions.
    pub parameters: f64,
    /// Billions one token meets.
    pub active: f64,
    pub experts: u32,
    pub top_k: u32,
}

impl CatalogueModel {
    /// Its address, relative to the page.
    pub fn url(&self) -> String {
        format!("models/{}", self.file)
    }
}
