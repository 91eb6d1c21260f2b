//! How an entry lies in the index.
//!
//! An entry is one document: its questions (title, then every 相似问) and its body as inverted fields, by which
//! candidates are found; its text, packed into numbers, by which the second stage compares each question on its own
//! ([`crate::index::forward`]); and columns for everything that is filtered by.

use std::collections::BTreeSet;
use std::sync::Arc;

use tantivy::TantivyDocument;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::analyzer::{self, Analyzer, Tokens};
use crate::citations;
use crate::entry::{Audience, Details, Entry, Kind, Status};
use crate::index::{Placed, forward};
use crate::region::{Toponym, Toponyms};

/// Raised whenever documents are laid out differently, so that an older index is rebuilt.
const LAYOUT: u32 = 3;

/// Name of the tokenizer of questions in the index's own settings.
pub(crate) const QUESTIONS: &str = "questions";

/// Name of the tokenizer of bodies, which come in canonical names.
pub(crate) const BODIES: &str = "bodies";

/// What code made an index. Another fingerprint means that it must be rebuilt.
pub(crate) fn fingerprint() -> String {
    format!("layout {LAYOUT}, analyzer {}", analyzer::VERSION)
}

/// Names of the columns that are read while searching.
pub(crate) mod column {
    /// The packed text.
    pub(crate) const TEXT: &str = "text";
    /// How many questions the entry has.
    pub(crate) const QUESTIONS: &str = "questions";
    /// How many characters its answer has.
    pub(crate) const ANSWER: &str = "answer";
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
    /// The places that the entry names or lies in, each once.
    pub(crate) const PLACES: &str = "places";
    /// 1 if another entry took this one's place.
    pub(crate) const REPLACED: &str = "replaced";
}

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) id: Field,
    pub(crate) question: Field,
    pub(crate) body: Field,
    text: Field,
    questions: Field,
    answer: Field,
    kind: Field,
    status: Field,
    audience: Field,
    region: Field,
    from: Field,
    until: Field,
    since: Field,
    replaced: Field,
    pub(crate) places: Field,
    /// The documents that the entry refers to by name.
    pub(crate) cited: Field,
    /// The id of the entry that took this one's place.
    pub(crate) successor: Field,
}

/// The layout and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    // Positions are not used: pairs of characters already say what stands next to what.
    let text = |tokenizer| {
        let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer);
        TextOptions::default().set_indexing_options(indexing.set_index_option(IndexRecordOption::WithFreqs))
    };
    let fields = Fields {
        id: builder.add_text_field("id", STRING | STORED),
        question: builder.add_text_field("question", text(QUESTIONS).set_stored()),
        body: builder.add_text_field("body", text(BODIES)),
        text: builder.add_u64_field(column::TEXT, FAST),
        questions: builder.add_u64_field(column::QUESTIONS, FAST),
        answer: builder.add_u64_field(column::ANSWER, FAST),
        kind: builder.add_u64_field(column::KIND, FAST),
        status: builder.add_u64_field(column::STATUS, FAST),
        audience: builder.add_u64_field(column::AUDIENCE, FAST),
        region: builder.add_u64_field(column::REGION, FAST),
        from: builder.add_i64_field(column::FROM, FAST),
        until: builder.add_i64_field(column::UNTIL, FAST),
        since: builder.add_i64_field(column::SINCE, FAST),
        replaced: builder.add_u64_field(column::REPLACED, FAST),
        places: builder.add_u64_field(column::PLACES, INDEXED | FAST),
        cited: builder.add_text_field("cited", STRING),
        successor: builder.add_text_field("successor", STORED),
    };
    (builder.build(), fields)
}

impl Fields {
    /// The document of one entry.
    pub(crate) fn document(&self, placed: &Placed, analyzer: &Analyzer) -> TantivyDocument {
        let entry = placed.entry();
        let mut document = TantivyDocument::new();
        document.add_text(self.id, &entry.id);
        let mut questions = 0;
        for question in entry.questions().filter(|question| !question.trim().is_empty()) {
            document.add_text(self.question, question);
            questions += 1;
        }
        let packed = forward::pack(entry, analyzer);
        let places: BTreeSet<Toponym> =
            placed.lies_in().chain(Toponyms::shared().named(&packed.body)).collect();
        for place in places {
            document.add_u64(self.places, place.get());
        }
        // A body begins with the title.
        let own = packed.body.lines().next().and_then(citations::named);
        for name in citations::cited(&packed.body).into_iter().filter(|name| own.as_ref() != Some(name)) {
            document.add_text(self.cited, name);
        }
        document.add_text(self.body, packed.body);
        for word in packed.words {
            document.add_u64(self.text, word);
        }
        document.add_u64(self.questions, questions);
        document.add_u64(self.answer, packed.answer);
        document.add_u64(self.kind, kind_number(entry.kind()));
        document.add_u64(self.status, status_number(entry.status));
        document.add_u64(self.audience, audience_number(entry.audience));
        document.add_u64(self.region, placed.region().map_or(0, |region| u64::from(region.get())));
        document.add_i64(self.from, entry.effective_from.map_or(i64::MIN, day_number));
        document.add_i64(self.until, entry.expires_on.map_or(i64::MAX, day_number));
        let published = entry.source.as_ref().and_then(|source| source.published_on);
        document.add_i64(self.since, entry.effective_from.or(published).map_or(i64::MIN, day_number));
        document.add_u64(self.replaced, u64::from(entry.superseded_by.is_some()));
        if let Some(successor) = &entry.superseded_by {
            document.add_text(self.successor, successor);
        }
        document
    }
}

/// What an entry says beside its title, its questions, its keywords and its answer.
pub(crate) fn details(entry: &Entry) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
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
    parts
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
    cut: fn(&Analyzer, &str) -> Tokens,
}

impl MixedTokenizer {
    /// For questions, as they are written.
    pub(crate) fn questions(analyzer: Arc<Analyzer>) -> MixedTokenizer {
        MixedTokenizer { analyzer, cut: Analyzer::question_tokens }
    }

    /// For bodies in canonical names.
    pub(crate) fn bodies(analyzer: Arc<Analyzer>) -> MixedTokenizer {
        MixedTokenizer { analyzer, cut: Analyzer::tokens }
    }
}

impl Tokenizer for MixedTokenizer {
    type TokenStream<'a> = MixedStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> MixedStream {
        MixedStream { tokens: (self.cut)(&self.analyzer, text), next: 0, token: Token::default() }
    }
}

/// The tokens of one text.
pub(crate) struct MixedStream {
    tokens: Tokens,
    next: usize,
    token: Token,
}

impl TokenStream for MixedStream {
    fn advance(&mut self) -> bool {
        let Some(text) = self.tokens.get(self.next) else { return false };
        self.next += 1;
        self.token.text.clear();
        self.token.text.push_str(text);
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
