//! One commit of the index, opened for reading.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::columnar::ColumnValues;
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{
    DocAddress, DocId, DocSet, IndexReader, Searcher, SegmentReader, TERMINATED, TantivyDocument,
    TantivyError, Term,
};

use crate::entry::{EntryId, Kind, Status};
use crate::region::RegionCode;
use crate::schema::{self, Fields, column};
use crate::search::Scope;

/// One commit of the index, opened for reading.
pub(crate) struct Snapshot {
    searcher: Searcher,
    fields: Fields,
    segments: Vec<Segment>,
    generation: u64,
    entries: usize,
    /// Heads and questions, deleted ones included, as in the frequencies that the segments record.
    heads: u64,
    questions: u64,
}

/// One segment with the columns that every search reads.
pub(crate) struct Segment {
    reader: SegmentReader,
    unit: Arc<dyn ColumnValues<u64>>,
    kind: Arc<dyn ColumnValues<u64>>,
    status: Arc<dyn ColumnValues<u64>>,
    audience: Arc<dyn ColumnValues<u64>>,
    region: Arc<dyn ColumnValues<u64>>,
    from: Arc<dyn ColumnValues<i64>>,
    until: Arc<dyn ColumnValues<i64>>,
    since: Arc<dyn ColumnValues<i64>>,
    replaced: Arc<dyn ColumnValues<u64>>,
}

/// How often something stands in a field, over the whole index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldStatistics {
    /// Documents that have the field.
    pub(crate) documents: u64,
    /// Tokens of a document, on average.
    pub(crate) average_length: f32,
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
    pub(super) fn take(
        index: &tantivy::Index,
        reader: &IndexReader,
        fields: Fields,
    ) -> Result<Snapshot, TantivyError> {
        let generation = generation_of(index.load_metas()?.payload.as_deref())?;
        let searcher = reader.searcher();
        let segments: Vec<Segment> =
            searcher.segment_readers().iter().map(Segment::open).collect::<Result<_, _>>()?;
        let head = Term::from_field_u64(fields.unit, 0);
        let heads = searcher.doc_freq(&head)?;
        let documents: u64 = segments.iter().map(|segment| u64::from(segment.reader.max_doc())).sum();
        let mut entries = 0;
        for segment in &segments {
            let inverted = segment.reader.inverted_index(fields.unit)?;
            if let Some(postings) = inverted.read_postings(&head, IndexRecordOption::Basic)? {
                entries += match segment.reader.alive_bitset() {
                    Some(alive) => postings.doc_freq_given_deletes(alive) as usize,
                    None => postings.doc_freq() as usize,
                };
            }
        }
        let questions = documents.saturating_sub(heads);
        Ok(Snapshot { searcher, fields, segments, generation, entries, heads, questions })
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

    /// Where the entry of that id lies: its segment and its head.
    pub(crate) fn find(&self, id: &EntryId) -> Result<Option<(usize, DocId)>, TantivyError> {
        let term = Term::from_field_text(self.fields.id, id.as_str());
        for (number, segment) in self.segments.iter().enumerate() {
            let inverted = segment.reader.inverted_index(self.fields.id)?;
            if let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? {
                while postings.doc() != TERMINATED {
                    if !segment.reader.is_deleted(postings.doc()) && segment.unit(postings.doc()) == 0 {
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
        segment: usize,
        document: DocId,
        field: Field,
    ) -> Result<String, TantivyError> {
        let document: TantivyDocument = self.searcher.doc(DocAddress::new(segment as u32, document))?;
        Ok(document.get_first(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned())
    }

    /// Size and average length of the questions or of the bodies.
    pub(crate) fn statistics(&self, field: Field) -> Result<FieldStatistics, TantivyError> {
        let documents = if field == self.fields.question { self.questions } else { self.heads };
        let mut tokens = 0;
        for segment in &self.segments {
            tokens += segment.reader.inverted_index(field)?.total_num_tokens();
        }
        Ok(FieldStatistics { documents, average_length: (tokens as f32 / documents.max(1) as f32).max(1.0) })
    }

    /// How many documents have each of the tokens.
    pub(crate) fn frequencies<'t>(
        &self,
        field: Field,
        tokens: impl Iterator<Item = &'t str>,
    ) -> Result<HashMap<&'t str, u64>, TantivyError> {
        tokens
            .map(|token| Ok((token, self.searcher.doc_freq(&Term::from_field_text(field, token))?)))
            .collect()
    }
}

impl Segment {
    fn open(reader: &SegmentReader) -> Result<Segment, TantivyError> {
        let columns = reader.fast_fields();
        Ok(Segment {
            unit: columns.u64(column::UNIT)?.first_or_default_col(0),
            kind: columns.u64(column::KIND)?.first_or_default_col(0),
            status: columns.u64(column::STATUS)?.first_or_default_col(0),
            audience: columns.u64(column::AUDIENCE)?.first_or_default_col(0),
            region: columns.u64(column::REGION)?.first_or_default_col(0),
            from: columns.i64(column::FROM)?.first_or_default_col(i64::MIN),
            until: columns.i64(column::UNTIL)?.first_or_default_col(i64::MAX),
            since: columns.i64(column::SINCE)?.first_or_default_col(i64::MIN),
            replaced: columns.u64(column::REPLACED)?.first_or_default_col(0),
            reader: reader.clone(),
        })
    }

    pub(crate) fn reader(&self) -> &SegmentReader {
        &self.reader
    }

    /// 0 for a head, then 1, 2 … for its questions.
    pub(crate) fn unit(&self, document: DocId) -> u32 {
        self.unit.get_val(document) as u32
    }

    pub(crate) fn kind(&self, head: DocId) -> Kind {
        schema::kind_of(self.kind.get_val(head))
    }

    /// Where the entry holds; `None` is everywhere.
    pub(crate) fn region(&self, head: DocId) -> Option<RegionCode> {
        RegionCode::new(self.region.get_val(head) as u32)
    }

    /// The day that says which of two entries is the newer; the earliest of all if none is known.
    pub(crate) fn since(&self, head: DocId) -> i64 {
        self.since.get_val(head)
    }

    /// Whether the entry names another that took its place.
    pub(crate) fn is_replaced(&self, head: DocId) -> bool {
        self.replaced.get_val(head) != 0
    }

    /// The hard filter: whether the entry may be shown at all in that scope, as far as it can be seen from the entry
    /// alone. One that [`Segment::is_replaced`] needs its successor looked up.
    pub(crate) fn admits(&self, head: DocId, scope: &Scope) -> bool {
        self.status.get_val(head) == schema::status_number(Status::Published)
            && schema::day_number(scope.on) <= self.until.get_val(head)
            && self.was_public(head, scope)
    }

    /// Whether the entry is or once was public in that scope: its words are then known to citizens, and may lead to
    /// what took its place.
    pub(crate) fn was_public(&self, head: DocId, scope: &Scope) -> bool {
        let audience = self.audience.get_val(head);
        self.has_begun(head, scope)
            && (audience == 0
                || scope.audience.is_none()
                || audience == schema::audience_number(scope.audience))
            && scope.reaches(self.region(head))
    }

    /// Whether the entry's day has come: not taken out, more than a draft, and no longer ahead.
    pub(crate) fn has_begun(&self, head: DocId, scope: &Scope) -> bool {
        !self.reader.is_deleted(head)
            && self.status.get_val(head) != schema::status_number(Status::Draft)
            && self.from.get_val(head) <= schema::day_number(scope.on)
    }
}
