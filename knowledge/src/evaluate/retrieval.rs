//! `yikouwen evaluate retrieval`: the product's own analyzer and ranking on a collection of documents, questions and
//! judgments, in a throw-away index.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::figures::{DEPTH, Ranking, Relevance, auroc, refused_at, threshold_at_tenth};
use crate::analyzer::Analyzer;
use crate::entry::{Details, Entry, EntryId};
use crate::index::{Index, IndexError, Placed};
use crate::search::{Hit, Near, Query, Scope};
use crate::vectors::VectorsError;

/// One document of the collection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Document {
    /// Named by the judgments; any text.
    pub id: String,
    /// The standard question or heading; may be empty.
    #[serde(default)]
    pub title: String,
    /// The answer or passage; may be empty.
    #[serde(default)]
    pub text: String,
    /// Similar questions.
    #[serde(default)]
    pub similar: Vec<String>,
}

/// One question of the collection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Question {
    /// Named by the judgments.
    pub id: String,
    /// The question.
    pub text: String,
    /// Whether it has a right document; `unans…` means it has none.
    #[serde(default, rename = "type")]
    pub kind: String,
}

/// For each question, its right documents.
pub type Judgments = HashMap<String, Relevance>;

/// One line of a run file: `question<TAB>document<TAB>rank<TAB>score`.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// The question.
    pub question: String,
    /// The document.
    pub document: String,
    /// From 1.
    pub rank: usize,
    /// The calibrated confidence.
    pub score: f32,
}

impl std::fmt::Display for RunRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\t{}\t{}\t{:.6}", self.question, self.document, self.rank, self.score)
    }
}

/// What was measured. What the collection does not allow to measure is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Documents of the collection.
    pub documents: usize,
    /// Questions of the collection.
    pub questions: usize,
    /// Questions with a judged right document; the next six are means over these.
    pub answerable: usize,
    /// Share with a right document at rank 1.
    #[serde(rename = "hit@1")]
    pub hit_at_1: Option<f64>,
    /// Share of the right documents at rank 1.
    #[serde(rename = "recall@1")]
    pub recall_at_1: Option<f64>,
    /// In the first three.
    #[serde(rename = "recall@3")]
    pub recall_at_3: Option<f64>,
    /// In the first ten.
    #[serde(rename = "recall@10")]
    pub recall_at_10: Option<f64>,
    /// Mean reciprocal rank.
    #[serde(rename = "mrr@10")]
    pub mrr_at_10: Option<f64>,
    /// Normalised discounted cumulative gain.
    #[serde(rename = "ndcg@10")]
    pub ndcg_at_10: Option<f64>,
    /// Confidence tells answerable questions from unanswerable ones of the same field.
    pub auroc_near: Option<f64>,
    /// Confidence tells answerable questions from small talk.
    pub auroc_far: Option<f64>,
    /// Share of the answerable questions accepted while 10 % of the unanswerable are.
    pub accepted_at_10: Option<f64>,
    /// The same, and the first document is right.
    pub accepted_and_right_at_10: Option<f64>,
    /// Share of the unanswerable questions of the same field refused while 3 % of the answerable are.
    pub refused_near_at_3: Option<f64>,
    /// The same of small talk.
    pub refused_far_at_3: Option<f64>,
    /// Questions answered in one second, one after another.
    pub questions_per_second: f64,
    /// Half of the questions took no longer, in milliseconds.
    pub p50_ms: f64,
    /// 99 % of them took no longer, in milliseconds.
    pub p99_ms: f64,
    /// Seconds to build the index.
    pub index_seconds: f64,
    /// Bytes of the index.
    pub index_bytes: u64,
}

/// Figures and the run they were computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What was measured.
    pub figures: Figures,
    /// Ten rows a question, best first.
    pub rows: Vec<RunRow>,
}

/// Why a collection cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// Mend the line of the file.
    #[error("line {line}: {reason}")]
    Mend {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The machine refuses; try again.
    #[error("the throw-away index failed")]
    Unavailable(#[from] IndexError),
    /// Embed the documents anew: those that are kept are of another model.
    #[error("a question cannot be compared with the documents")]
    Incomparable(#[from] VectorsError),
}

/// Reads `{"id","title","text","similar"?}` a line.
pub fn read_corpus(bytes: &[u8]) -> Result<Vec<Document>, EvaluateError> {
    read_lines(bytes)
}

/// Reads `{"id","text","type"?}` a line.
pub fn read_queries(bytes: &[u8]) -> Result<Vec<Question>, EvaluateError> {
    read_lines(bytes)
}

/// Reads `question<TAB>document<TAB>relevance` a line; only relevances above 0 count.
pub fn read_qrels(bytes: &[u8]) -> Result<Judgments, EvaluateError> {
    let mut judgments = Judgments::new();
    for (line, text) in lines(bytes) {
        let mend = |reason: &str| EvaluateError::Mend { line, reason: reason.to_owned() };
        let text = std::str::from_utf8(text).map_err(|_| mend("is not UTF-8"))?;
        let parts: Vec<&str> = text.split('\t').collect();
        let [question, document, relevance] = parts[..] else {
            return Err(mend("has not three columns, separated by tabs"));
        };
        let relevance: i64 =
            relevance.trim().parse().map_err(|_| mend("the third column is not a number"))?;
        if let Ok(relevance @ 1..) = u32::try_from(relevance) {
            judgments.entry(question.to_owned()).or_default().insert(document.to_owned(), relevance);
        }
    }
    Ok(judgments)
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    bytes
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
}

fn read_lines<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<Vec<T>, EvaluateError> {
    lines(bytes)
        .map(|(line, text)| {
            serde_json::from_slice(text)
                .map_err(|error| EvaluateError::Mend { line, reason: error.to_string() })
        })
        .collect()
}

/// The documents of a collection in a throw-away index.
#[derive(Debug)]
pub struct Collection {
    index: Index,
    /// The documents' own names, by the number under which they are indexed: names may be any text, ids may not.
    names: Vec<String>,
    seconds: f64,
}

impl Collection {
    /// Builds the index with the product's own analysis.
    pub fn build(corpus: Vec<Document>, analyzer: Arc<Analyzer>) -> Result<Collection, EvaluateError> {
        let begun = Instant::now();
        let index = Index::in_memory(analyzer)?;
        let (names, entries): (Vec<String>, Vec<Placed>) = corpus
            .into_iter()
            .enumerate()
            .filter_map(|(number, document)| {
                let id = EntryId::new(number.to_string()).ok()?;
                Some((document.id.clone(), Placed::everywhere(document.into_entry(id))))
            })
            .unzip();
        index.rebuild(entries, 1)?;
        Ok(Collection { index, names, seconds: begun.elapsed().as_secs_f64() })
    }

    /// Asks every question, one after another, and judges what comes back.
    pub fn ask(
        &self,
        questions: &[Question],
        judgments: Option<&Judgments>,
    ) -> Result<Outcome, EvaluateError> {
        self.ask_near(questions, judgments, 0.0, |_| Ok(Vec::new()))
    }

    /// The same with the documents nearest to a question by embedding, best first, and what that counts. Their ids are their
    /// numbers in the corpus.
    pub fn ask_near(
        &self,
        questions: &[Question],
        judgments: Option<&Judgments>,
        weight: f32,
        mut nearest: impl FnMut(&str) -> Result<Vec<(EntryId, f32)>, VectorsError>,
    ) -> Result<Outcome, EvaluateError> {
        let scope = Scope { region: None, audience: None, on: Date::constant(2000, 1, 1) };
        let mut outcome = answered(&self.names, questions, judgments, |text| {
            let entries = nearest(text)?;
            let near = Near { entries: &entries, weight };
            let hits = self.index.look_fused(&Query { text: text.to_owned(), scope }, DEPTH, near)?.hits;
            let numbered = |hit: &Hit| Some((hit.id.as_str().parse().ok()?, hit.confidence));
            Ok(hits.iter().filter_map(numbered).collect())
        })?;
        outcome.figures.index_seconds = self.seconds;
        outcome.figures.index_bytes = self.index.size()?;
        Ok(outcome)
    }
}

impl Document {
    /// The entry that says the same, valid everywhere and for ever.
    pub fn into_entry(self, id: EntryId) -> Entry {
        let mut entry = Entry::new(id, self.title, Details::Faq);
        entry.answer = self.text;
        entry.similar = self.similar;
        entry
    }
}

/// Builds the index, asks every question and judges what comes back.
pub fn run(
    corpus: Vec<Document>,
    questions: &[Question],
    judgments: Option<&Judgments>,
    analyzer: Arc<Analyzer>,
) -> Result<Outcome, EvaluateError> {
    Collection::build(corpus, analyzer)?.ask(questions, judgments)
}

/// Takes the time of every question and judges what `search` finds for it: numbers of documents and scores, best
/// first. What is said about the index is left at 0.
pub(super) fn answered(
    names: &[String],
    questions: &[Question],
    judgments: Option<&Judgments>,
    mut search: impl FnMut(&str) -> Result<Vec<(usize, f32)>, EvaluateError>,
) -> Result<Outcome, EvaluateError> {
    let mut answers = Vec::with_capacity(questions.len());
    let mut times = Vec::with_capacity(questions.len());
    for question in questions {
        let asked = Instant::now();
        let found = search(&question.text)?;
        times.push(asked.elapsed());
        answers.push(Answer::of(question, &found, names));
    }
    let mut figures = judge(&answers, judgments);
    figures.documents = names.len();
    let total: Duration = times.iter().sum();
    figures.questions_per_second = questions.len() as f64 / total.as_secs_f64().max(f64::EPSILON);
    times.sort_unstable();
    figures.p50_ms = percentile(&times, 50);
    figures.p99_ms = percentile(&times, 99);
    Ok(Outcome { figures, rows: answers.into_iter().flat_map(|answer| answer.rows).collect() })
}

/// What came back for one question.
struct Answer<'a> {
    question: &'a Question,
    rows: Vec<RunRow>,
}

impl<'a> Answer<'a> {
    fn of(question: &'a Question, found: &[(usize, f32)], names: &[String]) -> Answer<'a> {
        let rows = found
            .iter()
            .enumerate()
            .filter_map(|(at, &(number, score))| {
                let document = names.get(number)?.clone();
                Some(RunRow { question: question.id.clone(), document, rank: at + 1, score })
            })
            .collect();
        Answer { question, rows }
    }

    /// The confidence of the first document; no document at all is less than any confidence.
    fn confidence(&self) -> f64 {
        self.rows.first().map_or(f64::NEG_INFINITY, |row| f64::from(row.score))
    }
}

/// So many of the answerable questions may be refused where it is counted how many of the others are.
const REFUSED_WRONGLY: f64 = 0.03;

fn judge(answers: &[Answer<'_>], judgments: Option<&Judgments>) -> Figures {
    let mut rankings = Vec::new();
    let (mut accepted, mut near, mut far) = (Vec::new(), Vec::new(), Vec::new());
    for answer in answers {
        match answer.question.kind.as_str() {
            "unans_near" => near.push(answer.confidence()),
            kind if kind.starts_with("unans") => far.push(answer.confidence()),
            _ => {
                let Some(relevance) = judgments.and_then(|all| all.get(&answer.question.id)) else {
                    continue;
                };
                let ranking = Ranking::of(relevance, answer.rows.iter().map(|row| row.document.as_str()));
                accepted.push(answer.confidence());
                rankings.push(ranking);
            }
        }
    }
    let mean = |value: fn(&Ranking) -> f64| -> Option<f64> {
        let sum: f64 = rankings.iter().map(value).sum();
        (!rankings.is_empty()).then(|| sum / rankings.len() as f64)
    };
    let unanswerable: Vec<f64> = near.iter().chain(&far).copied().collect();
    let threshold = threshold_at_tenth(&unanswerable).filter(|_| !rankings.is_empty());
    let share_above = |weight: &dyn Fn(&Ranking) -> f64| {
        threshold.map(|threshold| {
            let above = accepted.iter().zip(&rankings).filter(|(confidence, _)| **confidence > threshold);
            above.fold(0.0, |sum, (_, ranking)| sum + weight(ranking)) / rankings.len() as f64
        })
    };
    Figures {
        documents: 0,
        questions: answers.len(),
        answerable: rankings.len(),
        hit_at_1: mean(|ranking| ranking.hit_at_1),
        recall_at_1: mean(|ranking| ranking.recall_at_1),
        recall_at_3: mean(|ranking| ranking.recall_at_3),
        recall_at_10: mean(|ranking| ranking.recall_at_10),
        mrr_at_10: mean(|ranking| ranking.mrr_at_10),
        ndcg_at_10: mean(|ranking| ranking.ndcg_at_10),
        auroc_near: auroc(&accepted, &near),
        auroc_far: auroc(&accepted, &far),
        accepted_at_10: share_above(&|_| 1.0),
        accepted_and_right_at_10: share_above(&|ranking| ranking.hit_at_1),
        refused_near_at_3: refused_at(REFUSED_WRONGLY, &accepted, &near),
        refused_far_at_3: refused_at(REFUSED_WRONGLY, &accepted, &far),
        questions_per_second: 0.0,
        p50_ms: 0.0,
        p99_ms: 0.0,
        index_seconds: 0.0,
        index_bytes: 0,
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORPUS: &str = r#"{"id": "a/1", "title": "社保卡丢了怎么补办", "text": ""}
{"id": "b 2", "title": "", "text": "结婚登记要带双方的户口簿和身份证。"}
{"id": "c", "title": "公积金怎么提取", "text": "", "similar": ["想把公积金拿出来"], "note": "ignored"}"#;

    #[test]
    fn a_collection_is_judged_from_its_files() {
        let corpus = read_corpus(CORPUS.as_bytes()).unwrap();
        let queries = read_queries(
            "{\"id\":\"1\",\"text\":\"社保卡不见了\",\"type\":\"answerable\"}\r\n\n\
             {\"id\":\"2\",\"text\":\"结婚要带什么\"}\n\
             {\"id\":\"3\",\"text\":\"怎么拿公积金\"}\n\
             {\"id\":\"4\",\"text\":\"世界杯谁是冠军\",\"type\":\"unans_far\"}"
                .as_bytes(),
        )
        .unwrap();
        let judgments = read_qrels(b"1\ta/1\t1\n2\tb 2\t1\n3\tc\t2\n3\ta/1\t0\n").unwrap();
        let outcome = run(corpus.clone(), &queries, Some(&judgments), Analyzer::shared()).unwrap();
        let figures = &outcome.figures;
        assert_eq!((figures.documents, figures.questions, figures.answerable), (3, 4, 3));
        assert_eq!(
            (figures.hit_at_1, figures.ndcg_at_10, figures.auroc_far),
            (Some(1.0), Some(1.0), Some(1.0))
        );
        assert_eq!((figures.auroc_near, figures.refused_near_at_3), (None, None));
        assert_eq!(figures.refused_far_at_3, Some(1.0));
        assert!(outcome.rows[0].to_string().starts_with("1\ta/1\t1\t0."), "{}", outcome.rows[0]);
        let without = run(corpus, &queries, None, Analyzer::shared()).unwrap().figures;
        assert_eq!((without.hit_at_1, without.answerable), (None, 0));
    }

    #[test]
    fn a_question_that_cannot_be_compared_is_an_error_and_no_figure() {
        let corpus = read_corpus(CORPUS.as_bytes()).unwrap();
        let questions = read_queries("{\"id\":\"1\",\"text\":\"卡\"}".as_bytes()).unwrap();
        let collection = Collection::build(corpus, Analyzer::shared()).unwrap();
        let outcome = collection.ask_near(&questions, None, 1.0, |_| Err(VectorsError::Directionless));
        assert!(matches!(outcome, Err(EvaluateError::Incomparable(VectorsError::Directionless))));
    }

    #[test]
    fn a_bad_line_is_named() {
        let check = |outcome: Result<(), EvaluateError>, expected: usize| {
            assert!(matches!(outcome, Err(EvaluateError::Mend { line, .. }) if line == expected));
        };
        check(read_corpus(b"{\"id\":\"a\"}\n\n{\"title\":1}").map(|_| ()), 3);
        check(read_queries(b"{\"id\":\"a\"}").map(|_| ()), 1);
        check(read_qrels(b"a\tb\t1\na b 1").map(|_| ()), 2);
        check(read_qrels(b"a\tb\tx").map(|_| ()), 1);
    }
}
