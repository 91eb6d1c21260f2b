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

/// How entries and questions are changed for one lesson.
struct Plan {
    name: &'static str,
    class: Class,
    /// How many similar questions an entry keeps.
    kept: usize,
    /// Whether it keeps what it says.
    body: bool,
    /// What is done to the questions.
    twist: Twist,
    weight: f64,
}

/// What is done to the questions of a lesson.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twist {
    /// Nothing.
    Plain,
    /// One slip of the fingers or of the input method each.
    Misspelt,
    /// Every entry holds in some other city, which its title and the question name. One question in so many ([`TAKEN_OUT`]) names
    /// another one, and nothing answers it.
    InCities,
}

/// The city's own entries, each similar question left out in turn.
///
/// # Errors
/// When the throw-away index fails.
pub fn of_entries(entries: &[Entry], analyzer: &Arc<Analyzer>) -> Result<Vec<Lesson>, EvaluateError> {
    let plan = |name, class, kept, body, twist, weight| Plan { name, class, kept, body, twist, weight };
    let plans = {
        use Class::{Passages, Questions};
        use Twist::{InCities, Misspelt, Plain};
        [
            plan("title alone", Questions, 0, false, Plain, 1.0),
            plan("title alone, misspelt", Questions, 0, false, Misspelt, 0.6),
            plan("three similar questions", Questions, 3, false, Plain, 1.0),
            plan("three similar questions, misspelt", Questions, 3, false, Misspelt, 0.6),
            plan("four and the body", Questions, 4, true, Plain, 1.0),
            plan("four and the body, misspelt", Questions, 4, true, Misspelt, 0.6),
            plan("four and the body, in many cities", Questions, 4, true, InCities, 0.6),
            plan("all but two and the body", Questions, usize::MAX, true, Plain, 1.0),
            plan("all but two, misspelt", Questions, usize::MAX, true, Misspelt, 0.6),
            plan("title and body", Passages, 0, true, Plain, 2.0),
            plan("title and body, misspelt", Passages, 0, true, Misspelt, 0.5),
            plan("title and body, in many cities", Passages, 0, true, InCities, 0.5),
        ]
    };
    let (spoiler, cities) = (Spoiler::new(analyzer), Cities::new());
    plans.iter().map(|plan| of_plan(plan, entries, &spoiler, &cities, analyzer)).collect()
}

fn of_plan(
    plan: &Plan,
    entries: &[Entry],
    spoiler: &Spoiler<'_>,
    cities: &Cities,
    analyzer: &Arc<Analyzer>,
) -> Result<Lesson, EvaluateError> {
    let name = plan.name;
    let mut documents = Vec::new();
    let mut asked = Vec::new();
    for entry in entries {
        let mut similar: Vec<&String> = entry.similar.iter().collect();
        similar.sort_by_key(|text| hash(&[name, text.as_str()]));
        let split = plan.kept.min(similar.len().saturating_sub(2));
        let (stays, left_out) = similar.split_at(split);
        let taken_out = hash(&[name, entry.id.as_str()]).is_multiple_of(TAKEN_OUT);
        let group = hash(&[entry.id.as_str()]);
        for &text in left_out.iter().take(ASKED) {
            let mut answered = !taken_out;
            let text = match plan.twist {
                Twist::Plain => text.clone(),
                Twist::Misspelt => misspelt(spoiler, text),
                Twist::InCities => {
                    let elsewhere = hash(&[name, text.as_str()]).is_multiple_of(TAKEN_OUT);
                    answered &= !elsewhere;
                    format!("{}{text}", cities.called(entry, if elsewhere { text } else { "" }, text))
                }
            };
            asked.push((text, group, answered.then(|| HashSet::from([entry.id.clone()]))));
        }
        if !taken_out {
            let stays: Vec<String> = stays.iter().map(|text| (*text).clone()).collect();
            let mut reduced = reduced(entry, &stays, plan.body);
            if plan.twist == Twist::InCities {
                reduced.title = format!("{}{}", cities.of(entry), reduced.title);
            }
            documents.push(reduced);
        }
    }
    asked.extend(small_talk());
    ask(name, Some(plan.class), plan.weight, documents, asked, analyzer)
}

/// In so many cities entries hold, for lessons in which places count.
const CITIES: usize = 40;

/// Some cities of the nation, from all over the list, each with its names.
struct Cities(Vec<Vec<String>>);

impl Cities {
    fn new() -> Cities {
        let all = crate::region::cities();
        let step = (all.len() / CITIES).max(1);
        Cities(all.into_iter().step_by(step).collect())
    }

    fn names(&self, entry: &Entry, other: &str) -> &[String] {
        let at = hash(&["city", entry.id.as_str(), other]) % self.0.len().max(1) as u64;
        self.0.get(at as usize).map_or(&[], Vec::as_slice)
    }

    /// The city in which an entry holds, as it is called officially.
    fn of(&self, entry: &Entry) -> &str {
        self.names(entry, "").last().map_or("", String::as_str)
    }

    /// The same city, or where `other` is no empty text some other, as somebody may call it who asks that question.
    fn called(&self, entry: &Entry, other: &str, question: &str) -> &str {
        let names = self.names(entry, other);
        let at = hash(&["called", question]) % names.len().max(1) as u64;
        names.get(at as usize).map_or("", String::as_str)
    }
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
