//! Collections asked with embeddings, as an operator's own endpoint gives them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use knowledge::evaluate::collections::Material;
use knowledge::evaluate::retrieval::{Collection, Outcome};
use knowledge::vectors::{Space, TextHash, TextLimits};
use knowledge::{EntryId, Vectors};

use crate::app::{embedder, trust};
use crate::config::{Config, EmbeddingConfig};
use crate::embedding::Embedder;
use crate::retrieval::{NEAREST, sent};

/// A model of embeddings, and how it is used.
pub(super) struct Meaning {
    config: EmbeddingConfig,
    embedder: Embedder,
}

impl Meaning {
    /// The one that a configuration file names.
    ///
    /// # Errors
    /// When the file cannot be used or names none.
    pub(super) fn of(file: &Path) -> anyhow::Result<Meaning> {
        let config = Config::load(&[file.to_owned()], Path::new("data"))?;
        let trust = trust(&config)?;
        let Some(config) = config.embedding else { bail!("{} has no [embedding]", file.display()) };
        let embedder = embedder(&config, &trust)?;
        Ok(Meaning { config, embedder })
    }

    /// Asks every question with its embedding. The times are of the search; what the endpoint takes comes on top.
    ///
    /// # Errors
    /// When the endpoint fails, or the vectors cannot be kept.
    pub(super) async fn ask(
        &self,
        material: &Material,
        index: &Collection,
        kept: Option<PathBuf>,
    ) -> anyhow::Result<Outcome> {
        let vectors = self.documents(material, kept).await?;
        let questions = self.questions(material).await?;
        let nearest = |text: &str| match questions.get(text) {
            Some(vector) => vectors.nearest(vector, NEAREST, |_| true),
            None => Ok(Vec::new()),
        };
        Ok(index.ask_near(&material.questions, Some(&material.judgments), self.config.weight, nearest)?)
    }

    async fn documents(&self, material: &Material, kept: Option<PathBuf>) -> anyhow::Result<Vectors> {
        let space = Space { model: self.config.model.clone(), dimensions: self.config.dimensions };
        let vectors = match kept {
            None => Vectors::in_memory(space),
            Some(directory) => {
                Vectors::open(&directory.join("log"), space)
                    .with_context(|| format!("cannot keep vectors in {}", directory.display()))?
                    .0
            }
        };
        let limits = TextLimits { characters: self.config.characters, texts: self.config.texts };
        let mut lacking: HashMap<TextHash, String> = HashMap::new();
        let mut held = Vec::new();
        for (number, document) in material.documents.iter().enumerate() {
            let id = EntryId::new(number.to_string())?;
            let sent = sent(&self.embedder, &document.clone().into_entry(id.clone()), limits);
            let hashes = sent.into_iter().map(|(hash, sent)| {
                if vectors.lacks(hash) {
                    lacking.insert(hash, sent);
                }
                hash
            });
            held.push((id, hashes.collect()));
        }
        vectors.hold(&held)?;
        let lacking: Vec<(TextHash, String)> = lacking.into_iter().collect();
        let bar = bar("texts", lacking.len())?;
        for part in lacking.chunks(self.config.batch) {
            let sent: Vec<String> = part.iter().map(|(_, sent)| sent.clone()).collect();
            let found = self.embedder.documents(&sent).await.context("the endpoint failed")?;
            let found: Vec<_> = part.iter().map(|(hash, _)| *hash).zip(found).collect();
            vectors.add(&found)?;
            bar.inc(part.len() as u64);
        }
        bar.finish_and_clear();
        Ok(vectors)
    }

    async fn questions(&self, material: &Material) -> anyhow::Result<HashMap<String, Vec<f32>>> {
        let asked: Vec<String> = material.questions.iter().map(|question| question.text.clone()).collect();
        let bar = bar("questions", asked.len())?;
        let mut vectors = HashMap::new();
        for part in asked.chunks(self.config.batch) {
            let found = self.embedder.questions(part).await.context("the endpoint failed")?;
            let found = part.iter().cloned().zip(found);
            vectors.extend(found.filter_map(|(text, vector)| Some((text, vector?))));
            bar.inc(part.len() as u64);
        }
        bar.finish_and_clear();
        Ok(vectors)
    }
}

fn bar(of: &'static str, total: usize) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("embedding    {bar:40} {pos}/{len} {msg}, {eta} left")?;
    Ok(ProgressBar::new(total as u64).with_style(style).with_message(of))
}
