//! Why a hit stands where it stands: fields, terms, features and confidence, for people who look into a question.
//!
//! The hits are those of the search itself; what is added is read from the index a second time, so that a search that
//! nobody looks into pays nothing for it.

use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, DocId, DocSet, TERMINATED, TantivyDocument, TantivyError, Term};

use super::score::{Weighed, saturated};
use super::{Features, Hit, Query, rank};
use crate::analyzer::Analyzer;
use crate::index::{Segment, Snapshot};
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
    /// What shared characters, pairs and words gave, best first, at most 20.
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
    /// A character, two neighbouring ones, a word, or a run of Latin letters and digits.
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
}

impl Version {
    pub(crate) fn of(generation: u64) -> Version {
        Version { knowledge: generation, weights: fingerprint(), analyzer: schema::fingerprint() }
    }
}

/// FNV-1a over names and bits of every weight: equal weights have equal fingerprints on every machine.
fn fingerprint() -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for (name, weight) in rank::ORDER {
        take(name.as_bytes());
        take(&weight.to_bits().to_le_bytes());
    }
    for weight in rank::CONFIDENCE.into_iter().chain([rank::CONFIDENCE_SHARE]) {
        take(&weight.to_bits().to_le_bytes());
    }
    format!("{:08x}", hash >> 32)
}

/// The hits of a search, each with what gave it its place.
pub(crate) fn explain(
    snapshot: &Snapshot,
    analyzer: &Analyzer,
    query: &Query,
    limit: usize,
) -> Result<Vec<Explained>, TantivyError> {
    let hits = super::search(snapshot, analyzer, query, limit)?;
    let question = analyzer.canonical(analyzer.question(&query.text));
    let weighed = Weighed::new(snapshot, analyzer, &question)?;
    hits.into_iter().map(|hit| look_into(snapshot, &weighed, hit)).collect()
}

fn look_into(snapshot: &Snapshot, weighed: &Weighed, hit: Hit) -> Result<Explained, TantivyError> {
    let mut explained = Explained {
        id: hit.id.to_string(),
        kind: hit.kind.as_str().to_owned(),
        title: String::new(),
        region: None,
        confidence: hit.confidence,
        score: hit.score,
        model: "questions".to_owned(),
        fields: Vec::new(),
        terms: Vec::new(),
        features: features(&hit.features, hit.confidence),
        unit: hit.unit,
        matched: hit.matched,
        missing: hit.missing,
    };
    let Some((number, head)) = find_head(snapshot, &explained.id)? else { return Ok(explained) };
    let segment = &snapshot.segments()[number];
    explained.region = segment.region(head).map(|region| region.get().to_string());
    let fields = snapshot.fields();
    let mut parts = vec![(part("body", snapshot, weighed, segment, fields.body, head)?)];
    let last = segment.reader().max_doc();
    let mut similar: Option<Part> = None;
    for document in (head + 1..last).take_while(|&document| segment.unit(document) != 0) {
        let is_title = segment.unit(document) == 1;
        if is_title {
            explained.title = stored_question(snapshot, number, document)?;
        }
        let name = if is_title { "title" } else { "similar" };
        let found = part(name, snapshot, weighed, segment, fields.question, document)?;
        if is_title {
            parts.push(found);
        } else if similar.as_ref().is_none_or(|best| found.total > best.total) {
            similar = Some(found);
        }
    }
    parts.extend(similar);
    parts.retain(|part| part.total > 0.0);
    parts.sort_by(|a, b| b.total.total_cmp(&a.total));
    explained.fields =
        parts.iter().map(|part| FieldScore { field: part.field.to_owned(), score: part.total }).collect();
    explained.terms = parts.into_iter().flat_map(|part| part.terms).collect();
    explained.terms.sort_by(|a, b| b.score.total_cmp(&a.score));
    explained.terms.truncate(TERMS);
    Ok(explained)
}

/// Where an entry's head lies, if it is still there.
fn find_head(snapshot: &Snapshot, id: &str) -> Result<Option<(usize, DocId)>, TantivyError> {
    let term = Term::from_field_text(snapshot.fields().id, id);
    for (number, segment) in snapshot.segments().iter().enumerate() {
        let inverted = segment.reader().inverted_index(snapshot.fields().id)?;
        let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
        while postings.doc() != TERMINATED {
            let document = postings.doc();
            if segment.unit(document) == 0 && !segment.reader().is_deleted(document) {
                return Ok(Some((number, document)));
            }
            postings.advance();
        }
    }
    Ok(None)
}

fn stored_question(snapshot: &Snapshot, segment: usize, document: DocId) -> Result<String, TantivyError> {
    let document: TantivyDocument = snapshot.searcher().doc(DocAddress::new(segment as u32, document))?;
    let question = document.get_first(snapshot.fields().question).and_then(|value| value.as_str());
    Ok(question.unwrap_or_default().to_owned())
}

/// One field of one document.
struct Part {
    field: &'static str,
    total: f32,
    terms: Vec<TermScore>,
}

/// Scores one document as the first stage does, term by term.
fn part(
    name: &'static str,
    snapshot: &Snapshot,
    weighed: &Weighed,
    segment: &Segment,
    field: Field,
    document: DocId,
) -> Result<Part, TantivyError> {
    let is_body = field == snapshot.fields().body;
    let own = if is_body { weighed.self_body } else { weighed.self_question };
    let average = snapshot.statistics(field)?.average_length;
    let inverted = segment.reader().inverted_index(field)?;
    let length = segment.reader().get_fieldnorms_reader(field)?.fieldnorm(document) as f32;
    let mut terms = Vec::new();
    for token in &weighed.tokens {
        let term = Term::from_field_text(field, &token.text);
        let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::WithFreqs)? else {
            continue;
        };
        if postings.doc() < document {
            postings.seek(document);
        }
        if postings.doc() == document {
            let idf = if is_body { token.body_idf } else { token.question_idf };
            let count = tantivy::postings::Postings::term_freq(&postings) as f32;
            terms.push(TermScore {
                // The first letter only tells characters, pairs, words and runs apart.
                term: token.text.chars().skip(1).collect(),
                field: name.to_owned(),
                score: idf * token.count * saturated(count, length, average) / own,
            });
        }
    }
    Ok(Part { field: name, total: terms.iter().map(|term| term.score).sum(), terms })
}

/// Every feature by name, with what it counts for the order, the heaviest first.
fn features(features: &Features, confidence: f32) -> Vec<FeatureValue> {
    let values = [
        ("body_ratio", features.body_ratio),
        ("question_ratio", features.question_ratio),
        ("coverage", features.coverage),
        ("precision", features.precision),
        ("body_coverage", features.body_coverage),
        ("run", features.run),
        ("words", features.words),
        ("entry_words", features.entry_words),
        ("unknown", features.unknown),
        ("exact", features.exact),
        ("confidence", confidence),
    ];
    let mut listed: Vec<FeatureValue> = values
        .into_iter()
        .map(|(name, value)| {
            let weight = if name == "confidence" {
                rank::CONFIDENCE_SHARE
            } else {
                rank::ORDER.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, weight)| *weight)
            };
            FeatureValue { name: name.to_owned(), value, weight, contribution: weight * value }
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
        for text in ["社保卡丢了怎么办", "护照丢了", "退税", "卡", "什么都不是xyz"] {
            let hits = index.search(&query(text), 10).unwrap();
            let explained = index.explain(&query(text), 10).unwrap();
            assert_eq!(
                explained.iter().map(|hit| (hit.id.as_str(), hit.score)).collect::<Vec<_>>(),
                hits.iter().map(|hit| (hit.id.as_str(), hit.score)).collect::<Vec<_>>(),
                "{text}"
            );
            for (hit, of) in explained.iter().zip(&hits) {
                let sum: f32 = hit.features.iter().map(|feature| feature.contribution).sum();
                assert!((sum - hit.score).abs() < 1e-4, "{text}: {sum} is not {}", hit.score);
                let body = hit.fields.iter().find(|field| field.field == "body").unwrap();
                assert!((body.score - of.features.body_ratio).abs() < 1e-3, "{text}: {body:?} {of:?}");
                assert!(hit.terms.len() <= TERMS && hit.terms.is_sorted_by(|a, b| a.score >= b.score));
            }
        }
    }

    #[test]
    fn fields_terms_and_place_are_named() {
        let found = index().explain(&query("社保卡丢了怎么办"), 10).unwrap();
        let first = &found[0];
        assert_eq!((first.id.as_str(), first.title.as_str()), ("card", "社保卡补办"));
        assert_eq!(first.region.as_deref(), Some("990100"));
        let named: Vec<&str> = first.fields.iter().map(|field| field.field.as_str()).collect();
        assert_eq!(named, ["body", "similar", "title"]);
        assert!(first.terms.iter().any(|term| term.term == "社保" && term.field == "title"));
    }

    #[test]
    fn a_version_names_generation_weights_and_analyzer() {
        let version = index().version();
        assert_eq!(version.knowledge, 7);
        assert_eq!(version.weights.len(), 8);
        assert!(version.analyzer.contains("analyzer"), "{version:?}");
    }
}
