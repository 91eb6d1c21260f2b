//! What the weights are fitted on: questions whose answers are known, asked of throw-away indexes.
//!
//! Every similar question is left out in turn and asked: the entry that it was taken from is right, and where the whole
//! entry was taken out nothing is. No one has to label anything; where somebody has labelled questions, they are asked, too.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::noise::{Noise, Spoiler};
use super::retrieval::{Document, EvaluateError, Judgments, Question};
use crate::analyzer::Analyzer;
use crate::entry::{Details, Entry, EntryId};
use crate::index::{Corpus, Index, Placed};
use crate::search::{About, Features, Query, Scope, Weights};

/// Candidates of a question that are learned from.
const DEPTH: usize = 50;

/// Similar questions of an entry that are asked in one round.
const ASKED: usize = 4;

/// One entry in so many is taken out, so that its questions have no answer.
const TAKEN_OUT: u64 = 8;

/// For which knowledge bases something is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Those whose entries are found by their questions.
    Questions,
    /// Those whose entries are found by what they say.
    Passages,
}

impl Class {
    const fn of(corpus: Corpus) -> Class {
        match corpus {
            Corpus::Questions => Class::Questions,
            Corpus::Passages => Class::Passages,
        }
    }
}

/// Questions that have been asked, with what was seen of each candidate.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// What it is called in the table of figures.
    pub name: String,
    /// For which knowledge bases it is.
    pub class: Class,
    /// What it counts beside others.
    pub weight: f64,
    /// Whether its questions are such as people wrote for it, rather than the entries' own.
    pub(super) labelled: bool,
    pub(super) questions: Vec<Seen>,
}

/// One question that has been asked.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Decides in which half it is.
    pub(super) group: u64,
    pub(super) answerable: bool,
    pub(super) candidates: Vec<Features>,
    pub(super) right: Vec<bool>,
    /// What there is to say of the question alone.
    pub(super) about: About,
}

/// Documents without an answer: what people also say to a machine, in no city's competence.
const SMALL_TALK: &str = include_str!("small_talk.txt");

/// The city's own entries, each similar question left out in turn.
///
/// # Errors
/// When the throw-away index fails.
pub fn of_entries(entries: &[Entry], analyzer: &Arc<Analyzer>) -> Result<Vec<Lesson>, EvaluateError> {
    // What is kept of the similar questions, whether the body is, and whether questions are spoilt.
    let plans: [(&str, Class, usize, bool, bool, f64); 10] = [
        ("title alone", Class::Questions, 0, false, false, 1.0),
        ("title alone, misspelt", Class::Questions, 0, false, true, 0.6),
        ("three similar questions", Class::Questions, 3, false, false, 1.0),
        ("three similar questions, misspelt", Class::Questions, 3, false, true, 0.6),
        ("four and the body", Class::Questions, 4, true, false, 1.0),
        ("four and the body, misspelt", Class::Questions, 4, true, true, 0.6),
        ("all but two and the body", Class::Questions, usize::MAX, true, false, 1.0),
        ("all but two, misspelt", Class::Questions, usize::MAX, true, true, 0.6),
        ("title and body", Class::Passages, 0, true, false, 2.0),
        ("title and body, misspelt", Class::Passages, 0, true, true, 0.5),
    ];
    let spoiler = Spoiler::new(analyzer);
    plans
        .into_iter()
        .map(|(name, class, kept, body, spoilt, weight)| {
            let mut documents = Vec::new();
            let mut asked = Vec::new();
            for entry in entries {
                let mut similar: Vec<&String> = entry.similar.iter().collect();
                similar.sort_by_key(|text| hash(&[name, text.as_str()]));
                let split = kept.min(similar.len().saturating_sub(2));
                let (stays, left_out) = similar.split_at(split);
                let taken_out = hash(&[name, entry.id.as_str()]).is_multiple_of(TAKEN_OUT);
                let group = hash(&[entry.id.as_str()]);
                for text in left_out.iter().take(ASKED) {
                    let text = if spoilt { misspelt(&spoiler, text) } else { (*text).clone() };
                    asked.push((text, group, (!taken_out).then(|| HashSet::from([entry.id.clone()]))));
                }
                if !taken_out {
                    documents.push(reduced(
                        entry,
                        &stays.iter().map(|text| (*text).clone()).collect::<Vec<_>>(),
                        body,
                    ));
                }
            }
            asked.extend(small_talk());
            ask(name, Some(class), weight, documents, asked, analyzer)
        })
        .collect()
}

/// A collection with judgments, such as others have published under a free licence.
///
/// # Errors
/// When the throw-away index fails.
pub fn of_collection(
    name: &str,
    class: Class,
    weight: f64,
    documents: Vec<Document>,
    questions: &[Question],
    judgments: &Judgments,
    analyzer: &Arc<Analyzer>,
) -> Result<Lesson, EvaluateError> {
    let numbers: std::collections::HashMap<String, usize> =
        documents.iter().enumerate().map(|(number, document)| (document.id.clone(), number)).collect();
    let numbered = |number: usize| EntryId::new(number.to_string()).ok();
    let entries = documents
        .into_iter()
        .enumerate()
        .filter_map(|(number, document)| {
            let mut entry = Entry::new(numbered(number)?, document.title, Details::Faq);
            entry.answer = document.text;
            entry.similar = document.similar;
            Some(entry)
        })
        .collect();
    let asked = questions
        .iter()
        .map(|question| {
            let right = judgments.get(&question.id).map(|relevant| {
                relevant.keys().filter_map(|name| numbered(*numbers.get(name)?)).collect::<HashSet<_>>()
            });
            let right = right.filter(|_| !question.kind.starts_with("unans"));
            (question.text.clone(), hash(&[&question.id]), right)
        })
        .collect();
    ask(name, Some(class), weight, entries, asked, analyzer)
}

/// So many labelled questions count as much as all lessons: a few must not teach what is chance, and thousands are what people
/// ask, which lessons only come near.
const AS_MUCH: f64 = 330.0;

/// Questions that somebody has labelled, asked of the city's entries as they are: what is asked at its windows, and what nothing
/// of it answers. A question without entries has no answer. [`AS_MUCH`] of them count as much as all lessons for the same kind of
/// knowledge base.
///
/// # Errors
/// When the throw-away index fails.
pub fn of_labelled(
    entries: &[Entry],
    questions: Vec<(String, HashSet<EntryId>)>,
    beside: &[Lesson],
    analyzer: &Arc<Analyzer>,
) -> Result<Lesson, EvaluateError> {
    let share = questions.len() as f64 / AS_MUCH;
    let asked = questions
        .into_iter()
        .map(|(text, right)| {
            // Questions about one entry are in one half, so that none is tried that was learned from.
            let group = right.iter().min().map_or_else(|| hash(&[&text]), |id| hash(&[id.as_str()]));
            (text, group, (!right.is_empty()).then_some(right))
        })
        .collect();
    let lesson = ask("labelled questions", None, 0.0, entries.to_vec(), asked, analyzer)?;
    let alike = beside.iter().filter(|other| other.class == lesson.class);
    Ok(Lesson { weight: share * alike.map(|other| other.weight).sum::<f64>(), labelled: true, ..lesson })
}

/// The same on every machine and for ever, so that figures can be had again.
fn hash(parts: &[&str]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// One slip of the fingers or of the input method.
fn misspelt(spoiler: &Spoiler<'_>, text: &str) -> String {
    let kinds = [Noise::Homophone, Noise::Homophone, Noise::Dropped, Noise::Swapped];
    let kind = kinds[(hash(&[text]) % 4) as usize];
    spoiler.spoil(text, kind, "train").unwrap_or_else(|| text.to_owned())
}

fn small_talk() -> impl Iterator<Item = (String, u64, Option<HashSet<EntryId>>)> {
    SMALL_TALK
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| (line.to_owned(), hash(&[line]), None))
}

/// An entry with these similar questions only, and with or without what it says.
fn reduced(entry: &Entry, similar: &[String], body: bool) -> Entry {
    let mut reduced =
        if body { entry.clone() } else { Entry::new(entry.id.clone(), entry.title.clone(), Details::Faq) };
    reduced.similar = similar.to_vec();
    reduced
}

type Asked = (String, u64, Option<HashSet<EntryId>>);

/// Asks questions of entries. Unless it is said for which knowledge bases that is a lesson, it is for those like these entries.
fn ask(
    name: &str,
    class: Option<Class>,
    weight: f64,
    entries: Vec<Entry>,
    asked: Vec<Asked>,
    analyzer: &Arc<Analyzer>,
) -> Result<Lesson, EvaluateError> {
    let index = Index::in_memory(Arc::clone(analyzer))?;
    // Every entry is there for the lesson, whatever its dates and its place.
    let open = entries.into_iter().map(|mut entry| {
        entry.status = crate::entry::Status::Published;
        (entry.effective_from, entry.expires_on, entry.audience) = (None, None, None);
        Placed::everywhere(entry)
    });
    index.rebuild(open, 1)?;
    let class = class.unwrap_or_else(|| Class::of(index.snapshot().corpus()));
    let scope = Scope { region: None, audience: None, on: Date::constant(2000, 1, 1) };
    let mut questions = Vec::with_capacity(asked.len());
    for (text, group, right) in asked {
        let hits = index.search(&Query { text, scope }, DEPTH)?;
        questions.push(Seen {
            group,
            answerable: right.is_some(),
            right: hits
                .iter()
                .map(|hit| right.as_ref().is_some_and(|right| right.contains(&hit.id)))
                .collect(),
            about: hits.first().map(|hit| hit.about).unwrap_or_default(),
            candidates: hits.into_iter().map(|hit| hit.features).collect(),
        });
    }
    Ok(Lesson { name: name.to_owned(), class, weight, labelled: false, questions })
}

impl Seen {
    /// The first hit by these weights, with what the confidence looks at.
    pub(super) fn first(&self, weights: &Weights) -> Option<(usize, About)> {
        let scores: Vec<f32> = self.candidates.iter().map(|features| weights.score(features)).collect();
        let first = (0..scores.len()).reduce(|best, at| if scores[at] > scores[best] { at } else { best })?;
        let others = scores.iter().enumerate().filter(|(at, _)| *at != first).map(|(_, score)| *score);
        Some((first, self.about.among(scores[first], others)))
    }
}
