//! How an entry lies in the index.
//!
//! An entry is a block of neighbouring documents: first its head, which carries the body and everything that is
//! filtered by, then one document a question (title, then every 相似问). They are added in one batch, so they stay
//! neighbours in one segment also through merges, and a question's head is found by counting back.

use std::sync::Arc;

use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::analyzer::{self, Analyzer};
use crate::entry::{Audience, Details, Entry, Kind, Status};
use crate::index::Placed;

/// Raised whenever documents are laid out differently, so that an older index is rebuilt.
const LAYOUT: u32 = 2;

/// Name of the tokenizer in the index's own settings.
pub(crate) const TOKENIZER: &str = "mixed";

/// What code made an index. Another fingerprint means that it must be rebuilt.
pub(crate) fn fingerprint() -> String {
    format!("layout {LAYOUT}, analyzer {}", analyzer::VERSION)
}

/// Names of the columns that are read while searching.
pub(crate) mod column {
    /// 0 for a head, then 1, 2 … for its questions.
    pub(crate) const UNIT: &str = "unit";
    pub(crate) const KIND: &str = "kind";
    pub(crate) const STATUS: &str = "status";
    /// 0 for both.
    pub(crate) const AUDIENCE: &str = "audience";
    /// 0 for everywhere.
    pub(crate) const REGION: &str = "region";
    /// Days as `YYYYMMDD`.
    pub(crate) const FROM: &str = "effective_from";
    pub(crate) const UNTIL: &str = "expires_on";
    /// The day that says which of two entries is the newer.
    pub(crate) const SINCE: &str = "since";
    /// 1 if another entry took this one's place.
    pub(crate) const REPLACED: &str = "replaced";
}

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) id: Field,
    pub(crate) question: Field,
    pub(crate) body: Field,
    pub(crate) unit: Field,
    kind: Field,
    status: Field,
    audience: Field,
    region: Field,
    from: Field,
    until: Field,
    since: Field,
    replaced: Field,
    /// The id of the entry that took this one's place.
    pub(crate) successor: Field,
}

/// The layout and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let mixed = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        // Positions are not used: pairs of characters already say what stands next to what.
        .set_index_option(IndexRecordOption::WithFreqs);
    let text = TextOptions::default().set_indexing_options(mixed);
    let fields = Fields {
        id: builder.add_text_field("id", STRING | STORED),
        question: builder.add_text_field("question", text.clone().set_stored()),
        body: builder.add_text_field("body", text),
        unit: builder.add_u64_field(column::UNIT, FAST | INDEXED),
        kind: builder.add_u64_field(column::KIND, FAST),
        status: builder.add_u64_field(column::STATUS, FAST),
        audience: builder.add_u64_field(column::AUDIENCE, FAST),
        region: builder.add_u64_field(column::REGION, FAST),
        from: builder.add_i64_field(column::FROM, FAST),
        until: builder.add_i64_field(column::UNTIL, FAST),
        since: builder.add_i64_field(column::SINCE, FAST),
        replaced: builder.add_u64_field(column::REPLACED, FAST),
        successor: builder.add_text_field("successor", STORED),
    };
    (builder.build(), fields)
}

impl Fields {
    /// The block of documents of one entry, head first.
    pub(crate) fn documents(&self, placed: &Placed) -> Vec<TantivyDocument> {
        let entry = placed.entry();
        let mut head = TantivyDocument::new();
        head.add_text(self.id, &entry.id);
        head.add_text(self.body, body(entry));
        head.add_u64(self.unit, 0);
        head.add_u64(self.kind, kind_number(entry.kind()));
        head.add_u64(self.status, status_number(entry.status));
        head.add_u64(self.audience, audience_number(entry.audience));
        head.add_u64(self.region, placed.region().map_or(0, |region| u64::from(region.get())));
        head.add_i64(self.from, entry.effective_from.map_or(i64::MIN, day_number));
        head.add_i64(self.until, entry.expires_on.map_or(i64::MAX, day_number));
        let published = entry.source.as_ref().and_then(|source| source.published_on);
        head.add_i64(self.since, entry.effective_from.or(published).map_or(i64::MIN, day_number));
        head.add_u64(self.replaced, u64::from(entry.superseded_by.is_some()));
        if let Some(successor) = &entry.superseded_by {
            head.add_text(self.successor, successor);
        }
        let mut documents = vec![head];
        for question in entry.questions().filter(|question| !question.trim().is_empty()) {
            let mut document = TantivyDocument::new();
            document.add_text(self.id, &entry.id);
            document.add_text(self.question, question);
            document.add_u64(self.unit, documents.len() as u64);
            documents.push(document);
        }
        documents
    }
}

/// Everything an entry says, for the questions that its titles do not foresee. The title stands twice: measured on
/// policy texts that is worth three points of hit@1 and costs nothing elsewhere.
fn body(entry: &Entry) -> String {
    let mut parts: Vec<&str> = vec![&entry.title];
    parts.extend(entry.questions());
    parts.push(&entry.answer);
    parts.extend(entry.keywords.iter().map(String::as_str));
    match &entry.details {
        Details::Faq => {}
        Details::Matter(matter) => {
            for material in &matter.materials {
                parts.push(&material.name);
                parts.extend(material.note.as_deref());
            }
            parts.extend(matter.conditions.iter().chain(&matter.steps).map(String::as_str));
            parts.extend(matter.fees.as_deref());
        }
        Details::Policy(policy) => {
            parts.extend(policy.benefits.as_deref());
            parts.extend(policy.conditions.iter().map(|condition| condition.field.as_str()));
        }
        Details::Scenario(scenario) => {
            for node in &scenario.nodes {
                parts.push(&node.ask);
                parts.extend(node.options.iter().map(|option| option.label.as_str()));
            }
            for outcome in &scenario.outcomes {
                parts.extend(outcome.materials.iter().chain(&outcome.steps).map(String::as_str));
            }
        }
    }
    parts.join("\n")
}

/// How a kind is written in its column.
pub(crate) fn kind_number(kind: Kind) -> u64 {
    kind as u64
}

/// The kind of that number.
pub(crate) fn kind_of(number: u64) -> Kind {
    match number {
        1 => Kind::Matter,
        2 => Kind::Policy,
        3 => Kind::Scenario,
        _ => Kind::Faq,
    }
}

/// How a status is written in its column.
pub(crate) fn status_number(status: Status) -> u64 {
    status as u64
}

/// How an audience is written in its column; 0 is both.
pub(crate) fn audience_number(audience: Option<Audience>) -> u64 {
    audience.map_or(0, |audience| audience as u64 + 1)
}

/// How a day is written in its column: readable, and in order.
pub(crate) fn day_number(day: jiff::civil::Date) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

/// The analyzer in the form in which tantivy calls it, on its own threads.
#[derive(Clone)]
pub(crate) struct MixedTokenizer {
    analyzer: Arc<Analyzer>,
}

impl MixedTokenizer {
    pub(crate) fn new(analyzer: Arc<Analyzer>) -> MixedTokenizer {
        MixedTokenizer { analyzer }
    }
}

impl Tokenizer for MixedTokenizer {
    type TokenStream<'a> = MixedStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> MixedStream {
        let tokens = self.analyzer.document_tokens(text);
        MixedStream { tokens: tokens.into_iter(), token: Token::default() }
    }
}

/// The tokens of one text.
pub(crate) struct MixedStream {
    tokens: std::vec::IntoIter<String>,
    token: Token,
}

impl TokenStream for MixedStream {
    fn advance(&mut self) -> bool {
        match self.tokens.next() {
            Some(text) => {
                self.token.text = text;
                self.token.position = self.token.position.wrapping_add(1);
                true
            }
            None => false,
        }
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
