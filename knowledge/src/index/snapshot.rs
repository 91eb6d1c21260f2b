//! One commit of the index, opened for reading.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::columnar::{Column, ColumnValues};
use tantivy::index::SegmentId;
use tantivy::postings::TermInfo;
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{
    DocAddress, DocId, DocSet, IndexReader, Searcher, SegmentReader, TERMINATED, TantivyDocument,
    TantivyError, Term,
};

use super::bm25::{Saturation, idf};
use super::forward;
use crate::analyzer::is_han;
use crate::entry::{EntryId, Kind, Status};
use crate::region::{RegionCode, Toponym};
use crate::schema::{self, Fields, column};
use crate::search::Scope;

/// One commit of the index, opened for reading.
pub(crate) struct Snapshot {
    searcher: Searcher,
    fields: Fields,
    segments: Vec<Segment>,
    generation: u64,
    entries: usize,
    /// Deleted ones included, as in the frequencies that the segments record.
    documents: u64,
    in_questions: Saturation,
    in_bodies: Saturation,
    letters: f32,
    /// How rare each Chinese character is among the entries' questions, by its UTF-16 unit.
    rarity: Vec<f32>,
    corpus: Corpus,
}

/// What kind of knowledge it is, on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Corpus {
    /// Entries are found by their questions: they have several, or no text beside.
    Questions,
    /// Entries are found by what they say: a heading at most, and a text.
    Passages,
}

impl Corpus {
    /// Its name in the file of weights.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Corpus::Questions => "questions",
            Corpus::Passages => "passages",
        }
    }
}

/// Letters of an answer, on average, from which a knowledge base without similar questions is one of passages.
const PASSAGE: u64 = 40;

/// One segment with the columns that every search reads.
pub(crate) struct Segment {
    reader: SegmentReader,
    content: Arc<Content>,
}

/// What never changes of a segment, deletions being kept apart. Read once and handed on from commit to commit.
struct Content {
    gates: Vec<Gate>,
    kind: Arc<dyn ColumnValues<u64>>,
    text: Column<u64>,
    places: Column<u64>,
    /// How many entries have a Chinese character in their questions.
    characters: Vec<(u16, u32)>,
    questions: u64,
    answers: u64,
}

/// What an entry is filtered by, read together from one place in memory: a frequent character leads to tens of
/// thousands of entries, each of which must be judged.
#[derive(Debug, Clone, Copy)]
struct Gate {
    region: u32,
    from: i32,
    until: i32,
    /// The day that says which of two entries is the newer.
    since: i32,
    audience: u8,
    status: u8,
    /// Whether the entry names another that took its place.
    replaced: bool,
}

/// What is written on a commit.
pub(super) fn payload(generation: u64) -> String {
    format!("{generation} {}", schema::fingerprint())
}

/// The generation on a commit, if this code made it.
fn generation_of(payload: Option<&str>) -> Result<u64, TantivyError> {
    let foreign = || TantivyError::SchemaError("it was made by another version".to_owned());
    let (generation, fingerprint) = payload.and_then(|text| text.split_once(' ')).ok_or_else(foreign)?;
    if fingerprint != schema::fingerprint() {
        return Err(foreign());
    }
    generation.parse().map_err(|_| foreign())
}

impl Snapshot {
    /// Opens the last commit. What `before` knows of segments that are still there is taken from it.
    pub(super) fn take(
        index: &tantivy::Index,
        reader: &IndexReader,
        fields: Fields,
        before: Option<&Snapshot>,
    ) -> Result<Snapshot, TantivyError> {
        let generation = generation_of(index.load_metas()?.payload.as_deref())?;
        let searcher = reader.searcher();
        let known: HashMap<SegmentId, &Arc<Content>> = before
            .into_iter()
            .flat_map(|before| &before.segments)
            .map(|segment| (segment.reader.segment_id(), &segment.content))
            .collect();
        let segments: Vec<Segment> = searcher
            .segment_readers()
            .iter()
            .map(|reader| {
                let content = match known.get(&reader.segment_id()) {
                    Some(content) => Arc::clone(content),
                    None => Arc::new(Content::read(reader, fields)?),
                };
                Ok(Segment { reader: reader.clone(), content })
            })
            .collect::<Result<_, TantivyError>>()?;
        let documents: u64 = segments.iter().map(|segment| u64::from(segment.reader.max_doc())).sum();
        let entries = segments.iter().map(|segment| segment.reader.num_docs() as usize).sum();
        let average = |sum: u64| (sum as f32 / documents.max(1) as f32).max(1.0);
        let tokens = |field| -> Result<f32, TantivyError> {
            let mut tokens = 0;
            for segment in &segments {
                tokens += segment.reader.inverted_index(field)?.total_num_tokens();
            }
            Ok(average(tokens))
        };
        let in_questions = Saturation::new(tokens(fields.question)?);
        let in_bodies = Saturation::new(tokens(fields.body)?);
        let numbers: u64 =
            segments.iter().map(|segment| u64::from(segment.content.text.values.num_vals())).sum();
        let letters = average(numbers * 4);
        let rarity = rarity(&segments, documents);
        let corpus = corpus(&segments, documents);
        Ok(Snapshot {
            searcher,
            fields,
            segments,
            generation,
            entries,
            documents,
            in_questions,
            in_bodies,
            letters,
            rarity,
            corpus,
        })
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    pub(crate) fn searcher(&self) -> &Searcher {
        &self.searcher
    }

    pub(crate) fn fields(&self) -> Fields {
        self.fields
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub(crate) fn has(&self, id: &EntryId) -> Result<bool, TantivyError> {
        Ok(self.find(id)?.is_some())
    }

    /// Where the entry of that id lies: its segment and its document.
    pub(crate) fn find(&self, id: &EntryId) -> Result<Option<(usize, DocId)>, TantivyError> {
        let term = Term::from_field_text(self.fields.id, id.as_str());
        for (number, segment) in self.segments.iter().enumerate() {
            let inverted = segment.reader.inverted_index(self.fields.id)?;
            if let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? {
                while postings.doc() != TERMINATED {
                    if !segment.reader.is_deleted(postings.doc()) {
                        return Ok(Some((number, postings.doc())));
                    }
                    postings.advance();
                }
            }
        }
        Ok(None)
    }

    /// A text that is kept with a document; empty if it has none.
    pub(crate) fn stored(
        &self,
        (segment, document): (usize, DocId),
        field: Field,
    ) -> Result<String, TantivyError> {
        let document: TantivyDocument = self.searcher.doc(DocAddress::new(segment as u32, document))?;
        Ok(document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned())
    }

    /// What a token counts in the questions of an entry.
    pub(crate) fn in_questions(&self) -> &Saturation {
        &self.in_questions
    }

    /// What a token counts in a body.
    pub(crate) fn in_bodies(&self) -> &Saturation {
        &self.in_bodies
    }

    /// Letters of an entry's text, on average.
    pub(crate) fn average_letters(&self) -> f32 {
        self.letters
    }

    /// How rare a letter is among the entries' questions, by its UTF-16 unit.
    pub(crate) fn rarity(&self, unit: u16) -> f32 {
        self.rarity.get(usize::from(unit)).copied().unwrap_or_default()
    }

    /// What kind of knowledge it is, on the whole.
    pub(crate) fn corpus(&self) -> Corpus {
        self.corpus
    }

    /// Where each segment keeps the documents that have the token in that field.
    pub(crate) fn terms(&self, field: Field, token: &str) -> Result<Vec<Option<TermInfo>>, TantivyError> {
        let term = Term::from_field_text(field, token);
        self.segments
            .iter()
            .map(|segment| Ok(segment.reader.inverted_index(field)?.get_term_info(&term)?))
            .collect()
    }

    /// How many entries refer to a document by that name, deleted ones included.
    pub(crate) fn citing(&self, name: &str) -> Result<u64, TantivyError> {
        self.searcher.doc_freq(&Term::from_field_text(self.fields.cited, name))
    }

    /// How many entries name a place, deleted ones included.
    pub(crate) fn naming(&self, place: Toponym) -> Result<u64, TantivyError> {
        let term = Term::from_field_u64(self.fields.places, place.get());
        self.searcher.doc_freq(&term)
    }

    /// How many documents there are, deleted ones included.
    pub(crate) fn documents(&self) -> u64 {
        self.documents
    }
}

/// A letter that is no Chinese character is weighed like a character that every third entry has: what a number or a
/// name says is weighed as a whole, by the question it stands in.
fn rarity(segments: &[Segment], documents: u64) -> Vec<f32> {
    let mut frequencies = vec![0_u32; usize::from(u16::MAX) + 1];
    for segment in segments {
        for &(unit, count) in &segment.content.characters {
            frequencies[usize::from(unit)] += count;
        }
    }
    let other = idf(documents / 3, documents);
    frequencies
        .into_iter()
        .enumerate()
        .map(|(unit, frequency)| {
            let han = char::from_u32(unit as u32).is_some_and(is_han);
            if han { idf(u64::from(frequency), documents) } else { other }
        })
        .collect()
}

fn corpus(segments: &[Segment], documents: u64) -> Corpus {
    let sum =
        |count: fn(&Content) -> u64| segments.iter().map(|segment| count(&segment.content)).sum::<u64>();
    let questions = sum(|content| content.questions);
    let answers = sum(|content| content.answers);
    if questions < documents * 2 && answers >= documents * PASSAGE {
        Corpus::Passages
    } else {
        Corpus::Questions
    }
}

impl Content {
    fn read(reader: &SegmentReader, fields: Fields) -> Result<Content, TantivyError> {
        let columns = reader.fast_fields();
        let status = columns.u64(column::STATUS)?.first_or_default_col(0);
        let audience = columns.u64(column::AUDIENCE)?.first_or_default_col(0);
        let region = columns.u64(column::REGION)?.first_or_default_col(0);
        let from = columns.i64(column::FROM)?.first_or_default_col(i64::MIN);
        let until = columns.i64(column::UNTIL)?.first_or_default_col(i64::MAX);
        let since = columns.i64(column::SINCE)?.first_or_default_col(i64::MIN);
        let replaced = columns.u64(column::REPLACED)?.first_or_default_col(0);
        let day = |day: i64| i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX });
        let gates = (0..reader.max_doc())
            .map(|document| Gate {
                region: region.get_val(document) as u32,
                from: day(from.get_val(document)),
                until: day(until.get_val(document)),
                since: day(since.get_val(document)),
                audience: audience.get_val(document) as u8,
                status: status.get_val(document) as u8,
                replaced: replaced.get_val(document) != 0,
            })
            .collect();
        let total = |name| -> Result<u64, TantivyError> {
            let column = columns.u64(name)?.first_or_default_col(0);
            Ok((0..reader.max_doc()).map(|document| column.get_val(document)).sum())
        };
        let mut characters = Vec::new();
        let inverted = reader.inverted_index(fields.question)?;
        let mut terms = inverted.terms().range().ge(b"c").lt(b"d").into_stream()?;
        while terms.advance() {
            let text = std::str::from_utf8(terms.key()).unwrap_or_default();
            if let Some(unit) = text.strip_prefix('c').and_then(|text| text.encode_utf16().next()) {
                characters.push((unit, terms.value().doc_freq));
            }
        }
        Ok(Content {
            gates,
            kind: columns.u64(column::KIND)?.first_or_default_col(0),
            text: columns.u64(column::TEXT)?,
            places: columns.u64(column::PLACES)?,
            characters,
            questions: total(column::QUESTIONS)?,
            answers: total(column::ANSWER)?,
        })
    }
}

impl Segment {
    pub(crate) fn reader(&self) -> &SegmentReader {
        &self.reader
    }

    pub(crate) fn kind(&self, document: DocId) -> Kind {
        schema::kind_of(self.content.kind.get_val(document))
    }

    /// Where the entry holds; `None` is everywhere.
    pub(crate) fn region(&self, document: DocId) -> Option<RegionCode> {
        RegionCode::new(self.content.gates.get(document as usize)?.region)
    }

    /// Reads the entry's text into `units`, in place of what they hold.
    pub(crate) fn text(&self, document: DocId, words: &mut Vec<u64>, units: &mut Vec<u16>) {
        let rows = self.content.text.index.value_row_ids(document);
        words.clear();
        words.resize(rows.len(), 0);
        self.content.text.values.get_range(u64::from(rows.start), words);
        units.clear();
        forward::unpack(words, units);
    }

    /// The places that the entry names.
    pub(crate) fn places(&self, document: DocId) -> impl Iterator<Item = Toponym> {
        self.content.places.values_for_doc(document).map(Toponym::from_column)
    }

    /// The day that says which of two entries is the newer; the earliest of all if none is known.
    pub(crate) fn since(&self, document: DocId) -> i32 {
        self.gate(document).map_or(i32::MIN, |gate| gate.since)
    }

    /// Whether the entry names another that took its place.
    pub(crate) fn is_replaced(&self, document: DocId) -> bool {
        self.gate(document).is_some_and(|gate| gate.replaced)
    }

    /// The hard filter: whether the entry may be shown at all in that scope, as far as it can be seen from the entry
    /// alone. One that [`Segment::is_replaced`] needs its successor looked up.
    pub(crate) fn admits(&self, document: DocId, scope: &Scope) -> bool {
        self.gate(document).is_some_and(|gate| {
            gate.status == schema::status_number(Status::Published) as u8
                && schema::day_number(scope.on) as i32 <= gate.until
        }) && self.was_public(document, scope)
    }

    /// Whether the entry is or once was public in that scope: its words are then known to citizens, and may lead to
    /// what took its place.
    pub(crate) fn was_public(&self, document: DocId, scope: &Scope) -> bool {
        self.gate(document).is_some_and(|gate| {
            (gate.audience == 0
                || scope.audience.is_none()
                || u64::from(gate.audience) == schema::audience_number(scope.audience))
                && scope.reaches(RegionCode::new(gate.region))
        }) && self.has_begun(document, scope)
    }

    /// Whether the entry's day has come: not taken out, more than a draft, and no longer ahead.
    pub(crate) fn has_begun(&self, document: DocId, scope: &Scope) -> bool {
        self.gate(document).is_some_and(|gate| {
            gate.status != schema::status_number(Status::Draft) as u8
                && gate.from <= schema::day_number(scope.on) as i32
        }) && !self.reader.is_deleted(document)
    }

    fn gate(&self, document: DocId) -> Option<&Gate> {
        self.content.gates.get(document as usize)
    }
}
