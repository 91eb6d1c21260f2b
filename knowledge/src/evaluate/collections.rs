//! Many collections measured in one go: the product, what everybody ships beside it, and how much of the product's
//! answers survives typing errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::baseline::Baseline;
use super::figures::DEPTH;
use super::noise::{Noise, Spoiler};
use super::retrieval::{
    Collection, Document, EvaluateError, Figures, Judgments, Outcome, Question, read_corpus, read_qrels,
    read_queries,
};
use crate::analyzer::Analyzer;

/// A folder with documents, questions and judgments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The folder's name.
    pub name: String,
    corpus: PathBuf,
    queries: PathBuf,
    qrels: PathBuf,
}

/// What a folder holds, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// The documents; their similar questions may be absent or not wanted.
    pub documents: Vec<Document>,
    /// What is asked.
    pub questions: Vec<Question>,
    /// What is right.
    pub judgments: Judgments,
}

/// Why a folder cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum CollectionsError {
    /// Name a folder that holds collections.
    #[error("no collection in {}: none of its folders has corpus.jsonl, queries.jsonl and qrels.tsv", .0.display())]
    Nothing(PathBuf),
    /// Make the file readable.
    #[error("cannot read {}", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// Mend the file.
    #[error("cannot use {}", .0.display())]
    Unusable(PathBuf, #[source] EvaluateError),
    /// The machine refuses; try again.
    #[error(transparent)]
    Failed(#[from] EvaluateError),
}

/// One measured line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which collection.
    pub collection: String,
    /// Whether the documents' similar questions were indexed; absent where there are none.
    pub with_similar: Option<bool>,
    /// Who answered.
    pub system: System,
    /// What was measured.
    pub figures: Figures,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// This crate.
    Product,
    /// This crate with embeddings.
    Meaning,
    /// [`Baseline`].
    Baseline,
}

/// How much of the right answers among the first three survives an error in each question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Robustness {
    /// Which collection.
    pub collection: String,
    /// Whether the documents' similar questions were indexed; absent where there are none.
    pub with_similar: Option<bool>,
    /// What was wrong with the questions.
    pub noise: Noise,
    /// How many questions could be spoilt in this way. Both figures are over these.
    pub questions: usize,
    /// Recall@3 of the questions as they were.
    pub clean: f64,
    /// Recall@3 of the spoilt ones.
    pub spoilt: f64,
}

/// The collections of a directory, by name. A folder counts if it has `corpus.jsonl` and, in itself or in its folder
/// `dev`, `queries.jsonl` and `qrels.tsv`. The directory may be such a folder itself.
pub fn find(directory: &Path) -> Result<Vec<Source>, CollectionsError> {
    let unreadable = |error| CollectionsError::Unreadable(directory.to_owned(), error);
    let mut folders = vec![directory.to_owned()];
    for inside in fs::read_dir(directory).map_err(unreadable)? {
        folders.push(inside.map_err(unreadable)?.path());
    }
    let mut sources: Vec<Source> = folders.iter().filter_map(|folder| source(folder)).collect();
    if sources.is_empty() {
        return Err(CollectionsError::Nothing(directory.to_owned()));
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sources)
}

fn source(folder: &Path) -> Option<Source> {
    let corpus = Some(folder.join("corpus.jsonl")).filter(|file| file.is_file())?;
    [folder.join("dev"), folder.to_owned()].into_iter().find_map(|questions| {
        let (queries, qrels) = (questions.join("queries.jsonl"), questions.join("qrels.tsv"));
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        (queries.is_file() && qrels.is_file()).then(|| Source {
            name,
            corpus: corpus.clone(),
            queries,
            qrels,
        })
    })
}

impl Source {
    /// Reads the three files.
    pub fn read(&self) -> Result<Material, CollectionsError> {
        Ok(Material {
            documents: read(&self.corpus, read_corpus)?,
            questions: read(&self.queries, read_queries)?,
            judgments: read(&self.qrels, read_qrels)?,
        })
    }
}

fn read<T>(file: &Path, parse: impl Fn(&[u8]) -> Result<T, EvaluateError>) -> Result<T, CollectionsError> {
    let bytes = fs::read(file).map_err(|error| CollectionsError::Unreadable(file.to_owned(), error))?;
    parse(&bytes).map_err(|error| CollectionsError::Unusable(file.to_owned(), error))
}

impl Material {
    /// Whether any document has similar questions.
    pub fn has_similar(&self) -> bool {
        self.documents.iter().any(|document| !document.similar.is_empty())
    }

    /// The same without similar questions.
    pub fn without_similar(&self) -> Material {
        let mut without = self.clone();
        for document in &mut without.documents {
            document.similar.clear();
        }
        without
    }

    /// The product's index of it.
    pub fn index(&self, analyzer: Arc<Analyzer>) -> Result<Collection, EvaluateError> {
        Collection::build(self.documents.clone(), analyzer)
    }

    /// Asks the product.
    pub fn ask(&self, index: &Collection) -> Result<Outcome, EvaluateError> {
        index.ask(&self.questions, Some(&self.judgments))
    }

    /// Asks [`Baseline`].
    pub fn ask_baseline(&self) -> Result<Outcome, EvaluateError> {
        let names: Vec<String> = self.documents.iter().map(|document| document.id.clone()).collect();
        let baseline = Baseline::in_memory(&self.documents)?;
        baseline.ask(&names, &self.questions, Some(&self.judgments), DEPTH)
    }

    /// Spoils the first `most` answerable questions with that noise, and asks them both ways. `None` if none can be
    /// spoilt.
    pub fn ask_spoilt(
        &self,
        index: &Collection,
        spoiler: &Spoiler<'_>,
        noise: Noise,
        most: usize,
    ) -> Result<Option<(usize, f64, f64)>, EvaluateError> {
        let answerable = self.questions.iter().filter(|question| self.judgments.contains_key(&question.id));
        let (clean, spoilt): (Vec<Question>, Vec<Question>) = answerable
            .take(most)
            .filter_map(|question| {
                let text = spoiler.spoil(&question.text, noise, &question.id)?;
                Some((question.clone(), Question { text, ..question.clone() }))
            })
            .unzip();
        let recall = |questions: &[Question]| -> Result<Option<f64>, EvaluateError> {
            Ok(index.ask(questions, Some(&self.judgments))?.figures.recall_at_3)
        };
        let both = recall(&clean)?.zip(recall(&spoilt)?);
        Ok(both.map(|(before, after)| (clean.len(), before, after)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORPUS: &str = r#"{"id": "a", "title": "社保卡丢了怎么补办", "text": "带身份证到窗口。"}
{"id": "b", "title": "结婚登记要带什么材料", "text": "双方的户口簿和身份证。"}
{"id": "c", "title": "公积金怎么提取", "text": "", "similar": ["想把公积金拿出来"]}
"#;
    const QUERIES: &str = "{\"id\":\"1\",\"text\":\"社保卡补办\",\"type\":\"answerable\"}\n\
        {\"id\":\"2\",\"text\":\"结婚登记材料\",\"type\":\"answerable\"}\n\
        {\"id\":\"3\",\"text\":\"世界杯谁赢了\",\"type\":\"unans_far\"}\n";
    const QRELS: &str = "1\ta\t1\n2\tb\t1\n";

    fn folder(with: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in with {
            let file = directory.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        directory
    }

    #[test]
    fn collections_are_found_beside_what_is_none() {
        let directory = folder(&[
            ("two/corpus.jsonl", CORPUS),
            ("two/dev/queries.jsonl", QUERIES),
            ("two/dev/qrels.tsv", QRELS),
            ("one/corpus.jsonl", CORPUS),
            ("one/queries.jsonl", QUERIES),
            ("one/qrels.tsv", QRELS),
            ("three/corpus.jsonl", CORPUS),
            ("README.md", ""),
        ]);
        let names: Vec<String> =
            find(directory.path()).unwrap().into_iter().map(|source| source.name).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(find(&directory.path().join("one")).unwrap().len(), 1);
        assert!(matches!(find(&directory.path().join("three")), Err(CollectionsError::Nothing(_))));
        fs::write(directory.path().join("one/qrels.tsv"), "1 a 1").unwrap();
        let error = find(directory.path()).unwrap()[0].read().unwrap_err();
        assert!(matches!(error, CollectionsError::Unusable(file, _) if file.ends_with("one/qrels.tsv")));
    }

    #[test]
    fn product_baseline_and_noise_are_measured_on_the_same_questions() {
        let directory = folder(&[("corpus.jsonl", CORPUS), ("queries.jsonl", QUERIES), ("qrels.tsv", QRELS)]);
        let material = find(directory.path()).unwrap()[0].read().unwrap();
        assert!(material.has_similar() && !material.without_similar().has_similar());
        let analyzer = Analyzer::shared();
        let index = material.index(Arc::clone(&analyzer)).unwrap();
        for outcome in [material.ask(&index).unwrap(), material.ask_baseline().unwrap()] {
            let figures = outcome.figures;
            assert_eq!((figures.documents, figures.questions, figures.answerable), (3, 3, 2));
            assert_eq!((figures.hit_at_1, figures.auroc_far), (Some(1.0), Some(1.0)));
        }
        let spoiler = Spoiler::new(&analyzer);
        for noise in Noise::ALL {
            let (questions, clean, spoilt) =
                material.ask_spoilt(&index, &spoiler, noise, 1).unwrap().unwrap();
            assert_eq!((questions, clean), (1, 1.0));
            assert!((0.0..=1.0).contains(&spoilt));
        }
    }
}
