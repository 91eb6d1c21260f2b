//! Why a hit stands where it stands: fields, terms, features and confidence, for people who look into a question.
//!
//! The hits are those of the search itself; what is added is read from the index a second time, so that a search that
//! nobody looks into pays nothing for it.

use tantivy::TantivyError;

use super::asked::Asked;
use super::features::{Feature, Features};
use super::model::{Model, Weights};
use super::{Hit, Near, Query};
use crate::analyzer::Analyzer;
use crate::index::Snapshot;
use crate::index::forward::{GAP, Part};
use crate::schema;

/// The most terms that are listed for a hit.
const TERMS: usize = 20;

/// One entry that may answer the question, and why.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Explained {
    /// Which entry.
    pub id: String,
    /// Its kind, as it is written.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Where it holds, as a code; absent: everywhere.
    pub region: Option<String>,
    /// The title or similar question that matched best; empty if the entry has none that shares anything.
    pub unit: String,
    /// How likely this entry is meant, from 0 to 1.
    pub confidence: f32,
    /// What hits are ordered by. Comparable within one answer only.
    pub score: f32,
    /// Which set of weights ranked it: `questions` or `passages`.
    pub model: String,
    /// What each field gave, best first.
    pub fields: Vec<FieldScore>,
    /// What shared runs of letters gave, best first, at most 20.
    pub terms: Vec<TermScore>,
    /// What the second stage saw, and what it made of it.
    pub features: Vec<FeatureValue>,
    /// Words of the question that the entry has.
    pub matched: Vec<String>,
    /// Words of the question that say something and that the entry does not have.
    pub missing: Vec<String>,
}

/// What one field gave: its score as a share of what the question would score against itself.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FieldScore {
    /// `title`, `similar`, `keywords`, `materials` or `body`.
    pub field: String,
    /// From 0; may pass 1 a little.
    pub score: f32,
}

/// What one shared term gave in one field. The terms of a field add up to the field's score.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TermScore {
    /// A run of the question's letters, the longest that stands there.
    pub term: String,
    /// Where it was found.
    pub field: String,
    /// Its part of the field's score.
    pub score: f32,
}

/// One input of the second stage.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FeatureValue {
    /// Its name, which stays the same between versions.
    pub name: String,
    /// What it was for this hit.
    pub value: f32,
    /// What it counts for the order; 0 if it only enters the confidence, or only explains.
    pub weight: f32,
    /// What it added to the score.
    pub contribution: f32,
}

/// What answers depend on. Two runs over the same questions differ only where one of these differs.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Version {
    /// The generation of the knowledge.
    pub knowledge: u64,
    /// A short fingerprint of the weights.
    pub weights: String,
    /// The layout of the index and the analyzer that made it.
    pub analyzer: String,
    /// The model by which entries are looked for by meaning, too; the index knows of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<String>,
}

impl Version {
    pub(crate) fn of(generation: u64, model: &Model) -> Version {
        Version {
            knowledge: generation,
            weights: model.fingerprint(),
            analyzer: schema::fingerprint(),
            embedding: None,
        }
    }
}

/// The hits of a search, each with what gave it its place.
pub(crate) fn explain(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    model: &Model,
    query: &Query,
    limit: usize,
    near: Near<'_>,
) -> Result<Vec<Explained>, TantivyError> {
    let found = super::fused(snapshot, analyzer, model, query, limit, near)?;
    let asked = Asked::new(snapshot, analyzer, &query.text)?;
    found.hits.into_iter().map(|hit| look_into(snapshot, model, &asked, hit)).collect()
}

fn look_into(snapshot: &Snapshot, model: &Model, asked: &Asked, hit: Hit) -> Result<Explained, TantivyError> {
    let mut explained = Explained {
        id: hit.id.to_string(),
        kind: hit.kind.as_str().to_owned(),
        title: String::new(),
        region: None,
        confidence: hit.confidence,
        score: hit.score,
        model: snapshot.corpus().name().to_owned(),
        fields: Vec::new(),
        terms: Vec::new(),
        features: features(&hit.features, model.weights(snapshot.corpus())),
        unit: hit.unit,
        matched: hit.matched,
        missing: hit.missing,
    };
    let Some(place) = snapshot.find(&hit.id)? else { return Ok(explained) };
    let segment = &snapshot.segments()[place.0];
    explained.title = snapshot.stored(place, snapshot.fields().question)?;
    explained.region = segment.region(place.1).map(|region| region.get().to_string());
    let (mut numbers, mut units) = (Vec::new(), Vec::new());
    // What was matched are the words of the entry that was replaced, if this one took its place.
    let read = match &hit.replaces {
        Some(old) => snapshot.find(old)?.unwrap_or(place),
        None => place,
    };
    snapshot.segments()[read.0].text(read.1, &mut numbers, &mut units);
    let mut fields = fields(asked, &units);
    fields.sort_by(|a, b| b.0.score.total_cmp(&a.0.score));
    for (field, terms) in fields {
        explained.fields.push(field);
        explained.terms.extend(terms);
    }
    explained.terms.sort_by(|a, b| b.score.total_cmp(&a.score));
    explained.terms.truncate(TERMS);
    Ok(explained)
}

/// What each field of the entry has of the question, of the similar questions only the best.
fn fields(asked: &Asked, units: &[u16]) -> Vec<(FieldScore, Vec<TermScore>)> {
    let mut best: Vec<(FieldScore, Vec<TermScore>)> = Vec::new();
    let mut rest = units;
    while let Some((&mark, after)) = rest.split_first() {
        let end = after.iter().position(|&unit| Part::of(unit).is_some()).unwrap_or(after.len());
        let (text, next) = after.split_at(end);
        rest = next;
        let Some(part) = Part::of(mark) else { continue };
        let name = match part {
            Part::Title => "title",
            Part::Similar => "similar",
            Part::Keyword => "keywords",
            Part::Detail => "materials",
            Part::Answer => "body",
        };
        let terms = shared(asked, text, name);
        let score: f32 = terms.iter().map(|term| term.score).sum();
        if score == 0.0 {
            continue;
        }
        let field = FieldScore { field: name.to_owned(), score };
        match best.iter_mut().find(|(known, _)| known.field == name) {
            Some(known) if known.0.score >= score => {}
            Some(known) => *known = (field, terms),
            None => best.push((field, terms)),
        }
    }
    best
}

/// The longest runs of the question that stand in a text, each with its part of the question by rarity.
fn shared(asked: &Asked, text: &[u16], field: &str) -> Vec<TermScore> {
    let question = &asked.units;
    let weigh = |run: &[u16]| -> f32 {
        let slots: Vec<Option<usize>> = run.iter().map(|&unit| asked.slot(unit)).collect();
        let letters: f32 = slots.iter().flatten().map(|&slot| asked.letters[slot].question_idf).sum();
        let pairs = slots.windows(2).filter_map(|pair| asked.pair(pair[0]?, pair[1]?));
        letters + pairs.map(|pair| asked.pairs[pair].question_idf).sum::<f32>()
    };
    let own = weigh(question).max(f32::MIN_POSITIVE);
    let mut terms = Vec::new();
    let mut at = 0;
    while at < question.len() {
        let longest = (1..=question.len() - at)
            .take_while(|&length| {
                let run = &question[at..at + length];
                run[length - 1] != GAP && text.windows(length).any(|window| window == run)
            })
            .last();
        let Some(length) = longest else {
            at += 1;
            continue;
        };
        let run = &question[at..at + length];
        terms.push(TermScore {
            term: String::from_utf16_lossy(run),
            field: field.to_owned(),
            score: weigh(run) / own,
        });
        at += length;
    }
    terms
}

/// Every feature by name, with what it counts for the order, the heaviest first.
fn features(features: &Features, weights: &Weights) -> Vec<FeatureValue> {
    let mut listed: Vec<FeatureValue> = Feature::ALL
        .into_iter()
        .zip(weights.ranking)
        .map(|(feature, weight)| {
            let value = features.get(feature);
            FeatureValue { name: feature.name().to_owned(), value, weight, contribution: weight * value }
        })
        .collect();
    listed.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    listed
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::entry::{Details, Entry, EntryId};
    use crate::index::{Index, Placed};
    use crate::region::{RegionCode, Regions};
    use crate::search::Scope;

    fn index() -> Index {
        let regions = Regions::from_json(include_bytes!("../../demo/regions.json")).unwrap();
        let entry = |id: &str, title: &str, similar: &[&str], answer: &str, region: Option<&str>| {
            let mut entry = Entry::new(EntryId::new(id).unwrap(), title, Details::Faq);
            entry.similar = similar.iter().map(|&text| text.to_owned()).collect();
            entry.answer = answer.to_owned();
            entry.region = region.map(str::to_owned);
            Placed::new(entry, &regions).unwrap()
        };
        let index = Index::in_memory(Analyzer::shared()).unwrap();
        let entries = [
            entry(
                "card",
                "社保卡补办",
                &["社保卡丢了怎么办", "卡坏了"],
                "带身份证补办社保卡。",
                Some("安和市"),
            ),
            entry("tax", "个人所得税退税", &[], "在手机上申请退税。", None),
            entry("pass", "护照补办", &["护照丢了怎么办"], "到出入境窗口补办。", None),
        ];
        index.rebuild(entries, 7).unwrap();
        index
    }

    fn query(text: &str) -> Query {
        let scope = Scope { region: RegionCode::new(990_100), audience: None, on: date(2026, 11, 20) };
        Query { text: text.to_owned(), scope }
    }

    #[test]
    fn an_explanation_is_of_the_same_hits_and_adds_up() {
        let index = index();
        let meant = [("tax", 0.9), ("pass", 0.5), ("card", 0.4)]
            .map(|(id, cosine)| (EntryId::new(id).unwrap(), cosine));
        let asked = ["社保卡丢了怎么办", "护照丢了", "退税", "卡", "什么都不是xyz"];
        let nears = [Near::default(), Near { entries: &meant, weight: 1.0 }];
        for (text, near) in asked.into_iter().flat_map(|text| nears.map(|near| (text, near))) {
            let hits = index.look_fused(&query(text), 10, near).unwrap().hits;
            let explained = index.explain(&query(text), 10, near).unwrap();
            assert_eq!(
                explained.iter().map(|hit| (hit.id.as_str(), hit.score)).collect::<Vec<_>>(),
                hits.iter().map(|hit| (hit.id.as_str(), hit.score)).collect::<Vec<_>>(),
                "{text}"
            );
            for (hit, of) in explained.iter().zip(&hits) {
                let sum: f32 = hit.features.iter().map(|feature| feature.contribution).sum();
                assert!((sum - hit.score).abs() < 1e-4, "{text}: {sum} is not {}", hit.score);
                assert_eq!(hit.features.len(), of.features.values().len());
                assert!(
                    hit.fields.iter().all(|field| field.score > 0.0 && field.score < 1.001),
                    "{text}: {hit:?}"
                );
                assert!(hit.terms.len() <= TERMS && hit.terms.is_sorted_by(|a, b| a.score >= b.score));
            }
        }
    }

    #[test]
    fn fields_terms_and_place_are_named() {
        let found = index().explain(&query("社保卡丢了怎么办"), 10, Near::default()).unwrap();
        let first = &found[0];
        assert_eq!((first.id.as_str(), first.title.as_str()), ("card", "社保卡补办"));
        assert_eq!(first.region.as_deref(), Some("990100"));
        let named: Vec<&str> = first.fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(named, ["similar", "title", "body"]);
        assert!(first.terms.iter().any(|term| term.term == "社保卡" && term.field == "title"), "{first:?}");
    }

    #[test]
    fn a_version_names_generation_weights_and_analyzer() {
        let version = index().version();
        assert_eq!(version.knowledge, 7);
        assert_eq!(version.weights.len(), 8);
        assert!(version.analyzer.contains("analyzer"), "{version:?}");
    }
}
