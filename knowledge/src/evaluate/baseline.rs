//! What a search is without any of this crate's work: tantivy as it comes, over the words that jieba cuts. One field,
//! BM25 with its usual constants, any word may match. Nothing is shared with the product's analysis or ranking, so
//! that a mistake there cannot flatter or spoil the comparison.

use std::path::Path;
use std::sync::Arc;

use jieba_rs::Jieba;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use tantivy::{IndexReader, TantivyDocument, TantivyError, Term};

use super::retrieval::{Document, EvaluateError, Judgments, Outcome, Question, answered};
use crate::index::IndexError;

/// Name of the tokenizer in the index's own settings.
const TOKENIZER: &str = "jieba";

/// What indexing may gather in memory before it writes a segment.
const MEMORY: usize = 96 << 20;

/// An index as everybody builds it.
pub struct Baseline {
    words: Words,
    text: Field,
    reader: IndexReader,
}

impl Baseline {
    /// Indexes the documents in memory, on one thread so that ties are broken the same way every time.
    pub fn in_memory(documents: &[Document]) -> Result<Baseline, IndexError> {
        let index = tantivy::Index::create_in_ram(schema().0);
        Baseline::fill(&index, documents.iter().cloned(), 1)
    }

    /// Indexes the documents in an empty directory, on as many threads as asked for.
    pub fn in_dir(
        dir: &Path,
        documents: impl Iterator<Item = Document>,
        threads: usize,
    ) -> Result<Baseline, IndexError> {
        let index = tantivy::Index::create_in_dir(dir, schema().0)?;
        Baseline::fill(&index, documents, threads)
    }

    /// Opens what [`Baseline::in_dir`] made.
    pub fn open(dir: &Path) -> Result<Baseline, IndexError> {
        Baseline::start(&tantivy::Index::open_in_dir(dir)?, Words::load())
    }

    fn fill(
        index: &tantivy::Index,
        documents: impl Iterator<Item = Document>,
        threads: usize,
    ) -> Result<Baseline, IndexError> {
        let words = Words::load();
        index.tokenizers().register(TOKENIZER, words.clone());
        let (_, text, number) = schema();
        let mut writer = index.writer_with_num_threads(threads, threads * MEMORY)?;
        for (at, document) in documents.enumerate() {
            let mut row = TantivyDocument::new();
            row.add_text(text, one_text(&document));
            row.add_u64(number, at as u64);
            writer.add_document(row)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        Baseline::start(index, words)
    }

    fn start(index: &tantivy::Index, words: Words) -> Result<Baseline, IndexError> {
        index.tokenizers().register(TOKENIZER, words.clone());
        Ok(Baseline { words, text: schema().1, reader: index.reader()? })
    }

    /// The documents that score highest, best first, as their numbers in the order in which they were given.
    pub fn search(&self, question: &str, limit: usize) -> Result<Vec<(usize, f32)>, IndexError> {
        let any: Vec<(Occur, Box<dyn Query>)> = self
            .words
            .cut(question)
            .into_iter()
            .map(|word| {
                let term = Term::from_field_text(self.text, &word);
                let query: Box<dyn Query> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
                (Occur::Should, query)
            })
            .collect();
        let searcher = self.reader.searcher();
        let top = searcher.search(&BooleanQuery::new(any), &TopDocs::with_limit(limit).order_by_score())?;
        top.into_iter()
            .map(|(score, address)| {
                let numbers = searcher.segment_reader(address.segment_ord).fast_fields().u64(NUMBER)?;
                let number = numbers.first(address.doc_id).unwrap_or_default() as usize;
                Ok::<_, TantivyError>((number, score))
            })
            .collect::<Result<_, _>>()
            .map_err(IndexError::from)
    }

    /// Asks every question, and judges what comes back as the product's answers are judged. The score stands for the
    /// confidence, as it does where nothing better is to be had.
    pub fn ask(
        &self,
        names: &[String],
        questions: &[Question],
        judgments: Option<&Judgments>,
        depth: usize,
    ) -> Result<Outcome, EvaluateError> {
        answered(names, questions, judgments, |text| Ok(self.search(text, depth)?))
    }
}

/// Name of the column that holds a document's number.
const NUMBER: &str = "number";

fn schema() -> (Schema, Field, Field) {
    let mut builder = Schema::builder();
    let words =
        TextFieldIndexing::default().set_tokenizer(TOKENIZER).set_index_option(IndexRecordOption::WithFreqs);
    let text = builder.add_text_field("text", TextOptions::default().set_indexing_options(words));
    let number = builder.add_u64_field(NUMBER, FAST);
    (builder.build(), text, number)
}

fn one_text(document: &Document) -> String {
    let mut text = document.title.clone();
    for part in document.similar.iter().chain([&document.text]) {
        text.push('\n');
        text.push_str(part);
    }
    text
}

/// The words of jieba's own dictionary, in lower case, without punctuation.
#[derive(Clone)]
struct Words {
    jieba: Arc<Jieba>,
}

impl Words {
    fn load() -> Words {
        Words { jieba: Arc::new(Jieba::new()) }
    }

    fn cut(&self, text: &str) -> Vec<String> {
        self.jieba
            .cut(text, true)
            .into_iter()
            .filter(|word| word.word.chars().any(char::is_alphanumeric))
            .map(|word| word.word.to_lowercase())
            .collect()
    }
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream {
        WordStream { words: self.cut(text).into_iter(), token: Token::default() }
    }
}

struct WordStream {
    words: std::vec::IntoIter<String>,
    token: Token,
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        match self.words.next() {
            Some(word) => {
                self.token.text = word;
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
