//! `yikouwen evaluate train`: the weights of the second stage, fitted on the city's own entries.
//!
//! Every similar question is left out in turn and asked: the entry that it was taken from is right, and where the whole
//! entry was taken out nothing is. No one has to label anything; where somebody has labelled questions, they are asked, too. Weights are held on the side of zero on which they make
//! sense: that a question has more of an entry's words must never speak against the entry, whatever a few hundred
//! questions suggest. Where a model is already there, it is what the fit is drawn towards.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::fit::{Side, minimise};
use super::noise::{Noise, Spoiler};
use super::retrieval::{Document, EvaluateError, Judgments, Question};
use crate::analyzer::Analyzer;
use crate::entry::{Details, Entry, EntryId};
use crate::index::{Corpus, Index, Placed};
use crate::search::{About, COUNT, Feature, Features, Model, Query, Scope, Weights};

/// Candidates of a question that are learned from.
const DEPTH: usize = 50;

/// Similar questions of an entry that are asked in one round.
const ASKED: usize = 4;

/// One entry in so many is taken out, so that its questions have no answer.
const TAKEN_OUT: u64 = 8;

/// How strongly the ranking is drawn towards what was known before.
const RANKING_PULL: f64 = 0.2;

/// The same for the confidence.
const CONFIDENCE_PULL: f64 = 0.03;

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
    labelled: bool,
    questions: Vec<Seen>,
}

/// One question that has been asked.
#[derive(Debug, Clone)]
struct Seen {
    /// Decides in which half it is.
    group: u64,
    answerable: bool,
    candidates: Vec<Features>,
    right: Vec<bool>,
    /// What there is to say of the question alone.
    about: About,
}

/// How well a model does on one lesson.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Mark {
    /// The lesson.
    pub lesson: String,
    /// Questions that have an answer.
    pub questions: usize,
    /// Share of them whose first hit is right.
    pub hit_at_1: f64,
    /// Mean of the squared differences between confidence and truth; 0 is perfect.
    pub brier: f64,
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

/// Questions that somebody has labelled, asked of the city's entries as they are: what is asked at its windows, and what nothing
/// of it answers. A question without entries has no answer. Together they count as much as all lessons for the same kind of
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
    Ok(Lesson { weight: alike.map(|other| other.weight).sum(), labelled: true, ..lesson })
}

/// What is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fitted {
    /// The order of hits, and how sure the first one is.
    Both,
    /// How sure the first hit is; the order stays as it was.
    Confidence,
}

/// Fits a model on the lessons, drawn towards `before`; on the questions of one half only, if one is named.
pub fn fit(lessons: &[Lesson], before: &Model, what: Fitted, half: Option<bool>) -> Model {
    let of = |class: Class, before: &Weights| {
        let chosen: Vec<&Lesson> = lessons.iter().filter(|lesson| lesson.class == class).collect();
        if chosen.is_empty() { before.clone() } else { fit_weights(&chosen, before, class, what, half) }
    };
    Model {
        questions: of(Class::Questions, &before.questions),
        passages: of(Class::Passages, &before.passages),
    }
}

/// How well a model does on each lesson, on the questions of one half only, if one is named.
pub fn mark(lessons: &[Lesson], model: &Model, half: Option<bool>) -> Vec<Mark> {
    lessons
        .iter()
        .map(|lesson| {
            let weights = match lesson.class {
                Class::Questions => &model.questions,
                Class::Passages => &model.passages,
            };
            let (mut answerable, mut right, mut all, mut squared) = (0, 0.0, 0.0, 0.0);
            for seen in lesson.questions.iter().filter(|seen| in_half(seen, half)) {
                let first = seen.first(weights);
                let truth = first.as_ref().is_some_and(|(at, _)| seen.answerable && seen.right[*at]);
                let truth = f64::from(u8::from(truth));
                let confidence = first
                    .map_or(0.0, |(at, about)| f64::from(weights.confidence(&seen.candidates[at], &about)));
                squared += (confidence - truth).powi(2);
                all += 1.0;
                if seen.answerable {
                    answerable += 1;
                    right += truth;
                }
            }
            Mark {
                lesson: lesson.name.clone(),
                questions: answerable,
                hit_at_1: right / f64::from(u32::try_from(answerable).unwrap_or(u32::MAX).max(1)),
                brier: squared / f64::max(all, 1.0),
            }
        })
        .collect()
}

fn in_half(seen: &Seen, half: Option<bool>) -> bool {
    half.is_none_or(|half| (seen.group & 1 == 1) == half)
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
    fn first(&self, weights: &Weights) -> Option<(usize, About)> {
        let scores: Vec<f32> = self.candidates.iter().map(|features| weights.score(features)).collect();
        let first = (0..scores.len()).reduce(|best, at| if scores[at] > scores[best] { at } else { best })?;
        let others = scores.iter().enumerate().filter(|(at, _)| *at != first).map(|(_, score)| *score);
        Some((first, self.about.among(scores[first], others)))
    }
}

const DENSE: usize = Feature::dense as usize;

/// The place of the question's length among what the confidence looks at beside the features.
const LENGTH: usize = 4;

fn side(feature: Feature) -> Side {
    match feature {
        Feature::unit_missing
        | Feature::unit_missing_back
        | Feature::unit_not
        | Feature::units_lack
        | Feature::body_missing
        | Feature::body_length
        | Feature::things_unit
        | Feature::things_body
        | Feature::thing_body => Side::Negative,
        Feature::dense => Side::Absent,
        _ => Side::Positive,
    }
}

/// On which side of zero a feature stands in the order. Some are looked at only when that is made.
fn ranking_side(feature: Feature) -> Side {
    match feature {
        Feature::units_lack | Feature::things_unit | Feature::things_body | Feature::thing_body => {
            Side::Absent
        }
        other => side(other),
    }
}

/// What the confidence may look at beside. Where entries are found by their questions, many a question stands in several
/// entries and each of them answers: that the next is as good says nothing there. Where passages are searched, it does.
fn about_sides(class: Class) -> [Side; 6] {
    let beside = if class == Class::Questions { Side::Absent } else { Side::Positive };
    let rivals = if class == Class::Questions { Side::Absent } else { Side::Negative };
    [Side::Positive, beside, Side::Negative, rivals, Side::Positive, Side::Negative]
}

fn fit_weights(
    lessons: &[&Lesson],
    before: &Weights,
    class: Class,
    what: Fitted,
    half: Option<bool>,
) -> Weights {
    let mut weights = before.clone();
    if what == Fitted::Both {
        fit_ranking(lessons, &mut weights, half);
    }
    let own: Vec<&Lesson> = lessons.iter().copied().filter(|lesson| !lesson.labelled).collect();
    fit_confidence(&own, &mut weights, about_sides(class), half);
    if own.len() < lessons.len() {
        // How long questions are that nothing answers is a habit of whoever wrote them down.
        let mut sides = about_sides(class);
        sides[LENGTH] = Side::Kept;
        fit_confidence(lessons, &mut weights, sides, half);
    }
    // No lesson has embeddings, so what they count is kept.
    let shipped = Model::shipped();
    let kept = match class {
        _ if before.ranking[DENSE] != 0.0 => before,
        Class::Questions => &shipped.questions,
        Class::Passages => &shipped.passages,
    };
    (weights.ranking[DENSE], weights.confidence[DENSE]) = (kept.ranking[DENSE], kept.confidence[DENSE]);
    weights
}

/// The questions of the chosen half, each with its share of all.
fn shares<'a>(lessons: &'a [&Lesson], half: Option<bool>, useful: fn(&Seen) -> bool) -> Vec<(&'a Seen, f64)> {
    let whole: f64 = lessons.iter().map(|lesson| lesson.weight).sum();
    lessons
        .iter()
        .flat_map(|lesson| {
            let chosen: Vec<&Seen> =
                lesson.questions.iter().filter(|seen| in_half(seen, half) && useful(seen)).collect();
            let share = lesson.weight / whole / chosen.len().max(1) as f64;
            chosen.into_iter().map(move |seen| (seen, share))
        })
        .collect()
}

/// By how much a feature varies, so that all are fitted on one scale.
fn spread(rows: impl Iterator<Item = Vec<f64>>, width: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut count, mut sum, mut squares) = (0.0, vec![0.0; width], vec![0.0; width]);
    for row in rows {
        count += 1.0;
        for (at, value) in row.into_iter().enumerate() {
            sum[at] += value;
            squares[at] += value * value;
        }
    }
    let count = f64::max(count, 1.0);
    let mean: Vec<f64> = sum.iter().map(|sum| sum / count).collect();
    let spread = squares
        .iter()
        .zip(&mean)
        .map(|(squares, mean)| (squares / count - mean * mean).max(0.0).sqrt() + 1e-3)
        .collect();
    (mean, spread)
}

/// The probability that the right entry stands first, by the softmax of all candidates.
fn fit_ranking(lessons: &[&Lesson], weights: &mut Weights, half: Option<bool>) {
    let useful = shares(lessons, half, |seen| seen.right.contains(&true));
    let row =
        |features: &Features| features.values().iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
    let (_, scale) = spread(useful.iter().flat_map(|(seen, _)| &seen.candidates).map(row), COUNT);
    let sides: Vec<Side> = Feature::ALL.into_iter().map(ranking_side).collect();
    let prior: Vec<f64> =
        weights.ranking.iter().zip(&scale).map(|(weight, scale)| f64::from(*weight) * scale).collect();
    let objective = |at: &[f64]| {
        let plain: Vec<f64> = at.iter().zip(&scale).map(|(weight, scale)| weight / scale).collect();
        let mut value = 0.0;
        let mut gradient = vec![0.0; COUNT];
        for (seen, share) in &useful {
            let scores: Vec<f64> = seen
                .candidates
                .iter()
                .map(|features| features.values().iter().zip(&plain).map(|(x, w)| f64::from(*x) * w).sum())
                .collect();
            let top = scores.iter().copied().fold(f64::MIN, f64::max);
            let odds: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
            let all: f64 = odds.iter().sum();
            let right: f64 =
                odds.iter().zip(&seen.right).filter(|(_, right)| **right).map(|(odds, _)| odds).sum();
            let right = right.max(1e-12);
            value -= share * (right / all).ln();
            for ((features, odds), is_right) in seen.candidates.iter().zip(&odds).zip(&seen.right) {
                let pull = share * (odds / all - if *is_right { odds / right } else { 0.0 });
                for (slope, x) in gradient.iter_mut().zip(features.values()) {
                    *slope += pull * f64::from(*x);
                }
            }
        }
        for (slope, scale) in gradient.iter_mut().zip(&scale) {
            *slope /= scale;
        }
        drawn(&mut value, &mut gradient, at, &prior, RANKING_PULL);
        (value, gradient)
    };
    let fitted = minimise(&prior, &sides, objective);
    for (weight, (fitted, scale)) in weights.ranking.iter_mut().zip(fitted.iter().zip(&scale)) {
        *weight = (fitted / scale) as f32;
    }
}

/// The penalty for going away from what was known before.
fn drawn(value: &mut f64, gradient: &mut [f64], at: &[f64], prior: &[f64], pull: f64) {
    for ((slope, at), prior) in gradient.iter_mut().zip(at).zip(prior) {
        *value += pull / 2.0 * (at - prior).powi(2);
        *slope += pull * (at - prior);
    }
}

/// The probability that the first hit answers: a logistic curve over what was seen of it.
fn fit_confidence(lessons: &[&Lesson], weights: &mut Weights, about: [Side; 6], half: Option<bool>) {
    let rows: Vec<(Vec<f64>, f64, f64)> = shares(lessons, half, |seen| !seen.candidates.is_empty())
        .into_iter()
        .filter_map(|(seen, share)| {
            let (at, about) = seen.first(weights)?;
            let values =
                seen.candidates[at].values().iter().chain(&about.values()).map(|x| f64::from(*x)).collect();
            let truth = f64::from(u8::from(seen.answerable && seen.right[at]));
            Some((values, truth, share))
        })
        .collect();
    let width = COUNT + about.len();
    let (mean, scale) = spread(rows.iter().map(|(row, ..)| row.clone()), width);
    let scaled: Vec<(Vec<f64>, f64, f64)> = rows
        .into_iter()
        .map(|(row, truth, share)| {
            let row = row.iter().zip(mean.iter().zip(&scale)).map(|(x, (mean, scale))| (x - mean) / scale);
            (std::iter::once(1.0).chain(row).collect(), truth, share)
        })
        .collect();
    let sides: Vec<Side> =
        std::iter::once(Side::Free).chain(Feature::ALL.into_iter().map(side)).chain(about).collect();
    let known = weights.confidence.iter().chain(&weights.about).map(|weight| f64::from(*weight));
    let slopes: Vec<f64> = known.zip(&scale).map(|(weight, scale)| weight * scale).collect();
    let centre: f64 =
        slopes.iter().zip(mean.iter().zip(&scale)).map(|(weight, (mean, scale))| weight * mean / scale).sum();
    let prior: Vec<f64> = std::iter::once(f64::from(weights.bias) + centre).chain(slopes).collect();
    let objective = |at: &[f64]| {
        let mut value = 0.0;
        let mut gradient = vec![0.0; at.len()];
        for (row, truth, share) in &scaled {
            let score: f64 = row.iter().zip(at).map(|(x, weight)| x * weight).sum();
            value += share * (score.max(0.0) + (-score.abs()).exp().ln_1p() - truth * score);
            let pull = share * (1.0 / (1.0 + (-score).exp()) - truth);
            for (slope, x) in gradient.iter_mut().zip(row) {
                *slope += pull * x;
            }
        }
        // How many questions are answerable at all is the city's own matter: the bias is drawn nowhere.
        let bias = gradient[0];
        drawn(&mut value, &mut gradient[1..], &at[1..], &prior[1..], CONFIDENCE_PULL);
        gradient[0] = bias;
        (value, gradient)
    };
    let fitted = minimise(&prior, &sides, objective);
    let plain: Vec<f64> = fitted[1..].iter().zip(&scale).map(|(weight, scale)| weight / scale).collect();
    weights.bias =
        (fitted[0] - plain.iter().zip(&mean).map(|(weight, mean)| weight * mean).sum::<f64>()) as f32;
    for (weight, fitted) in weights.confidence.iter_mut().chain(&mut weights.about).zip(&plain) {
        *weight = *fitted as f32;
    }
}
