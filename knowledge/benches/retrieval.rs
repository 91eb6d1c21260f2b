//! One engine over one made collection, one step: building its index, or asking. `scripts/bench-retrieval.sh` makes
//! the collections, runs each step in a process of its own, so that memory is that step's alone, and puts the figures
//! beside those of other engines. Nothing is asserted, because the figures are the machine's as much as the program's.
//!
//!     retrieval build|ask product|tantivy COLLECTION INDEX

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use knowledge::evaluate::baseline::Baseline;
use knowledge::evaluate::retrieval::{Document, read_queries};
use knowledge::{Analyzer, EntryId, Index, Placed, Query, Scope};
use serde_json::{Value, json};

/// How many hits are asked for, as an answer to a citizen needs.
const DEPTH: usize = 10;

/// How many questions are asked before time is taken, so that the index has been read once.
const WARM_UP: usize = 200;

/// Finds the best document for a question.
type Search = Box<dyn Fn(&str) -> Outcome<Option<usize>>>;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match words[..] {
        ["build", engine, collection, index] => build(engine, Path::new(collection), Path::new(index))?,
        ["ask", engine, collection, index] => ask(engine, Path::new(collection), Path::new(index))?,
        _ => {
            println!("run by scripts/bench-retrieval.sh: build|ask product|tantivy COLLECTION INDEX");
            return Ok(());
        }
    };
    println!("{figures}");
    Ok(())
}

/// The documents one after another, so that memory holds the index and not the collection. A line that cannot be read
/// ends the bench.
fn documents(collection: &Path) -> Outcome<impl Iterator<Item = Document>> {
    let lines = BufReader::new(File::open(collection.join("corpus.jsonl"))?).lines();
    Ok(lines.map(|line| serde_json::from_str(&line.expect("a line of text")).expect("a document")))
}

fn build(engine: &str, collection: &Path, dir: &Path) -> Outcome<Value> {
    std::fs::create_dir_all(dir)?;
    let documents = documents(collection)?;
    let begun = Instant::now();
    if engine == "tantivy" {
        let threads = std::thread::available_parallelism()?.get();
        Baseline::in_dir(dir, documents, threads)?;
    } else {
        let index = Index::open(dir, Analyzer::shared())?;
        let placed = documents.enumerate().map(|(number, document)| {
            let id = EntryId::new(number.to_string()).expect("a number is an id");
            Placed::everywhere(document.into_entry(id))
        });
        index.rebuild(placed, 1)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mut bytes = 0;
    for file in std::fs::read_dir(dir)? {
        bytes += file?.metadata()?.len();
    }
    Ok(json!({ "build_s": seconds, "index_mb": megabytes(bytes), "build_rss_mb": memory("VmHWM") }))
}

fn ask(engine: &str, collection: &Path, dir: &Path) -> Outcome<Value> {
    let questions = read_queries(&std::fs::read(collection.join("queries.jsonl"))?)?;
    let right = right_documents(collection)?;
    let begun = Instant::now();
    let search: Search = if engine == "tantivy" {
        let baseline = Baseline::open(dir)?;
        Box::new(move |text| Ok(baseline.search(text, DEPTH)?.first().map(|(number, _)| *number)))
    } else {
        let index = Index::open(dir, Analyzer::shared())?;
        let scope = Scope { region: None, audience: None, on: Date::constant(2000, 1, 1) };
        Box::new(move |text| {
            let hits = index.search(&Query { text: text.to_owned(), scope }, DEPTH)?;
            Ok(hits.first().and_then(|hit| hit.id.as_str().parse().ok()))
        })
    };
    let open_seconds = begun.elapsed().as_secs_f64();
    for question in questions.iter().take(WARM_UP) {
        search(&question.text)?;
    }
    let mut times = Vec::with_capacity(questions.len());
    let mut hits = 0;
    let cpu_before = cpu_seconds();
    for question in &questions {
        let asked = Instant::now();
        let first = search(&question.text)?;
        times.push(asked.elapsed());
        hits += usize::from(first.is_some() && first == right.get(&question.id).copied());
    }
    let cpu_seconds = cpu_seconds() - cpu_before;
    let total: Duration = times.iter().sum();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1].as_secs_f64() * 1e3;
    Ok(json!({
        "hit@1": hits as f64 / questions.len() as f64,
        "queries_per_s": questions.len() as f64 / total.as_secs_f64(),
        "p50_ms": at(50),
        "p99_ms": at(99),
        "cpu_ms": cpu_seconds * 1e3 / times.len() as f64,
        "open_s": open_seconds,
        "rss_mb": memory("VmRSS"),
        "own_mb": memory("RssAnon"),
    }))
}

/// The number of each question's one right document: made collections name them in their order, `e0`, `e1` …
fn right_documents(collection: &Path) -> Outcome<HashMap<String, usize>> {
    let mut right = HashMap::new();
    for line in std::fs::read_to_string(collection.join("qrels.tsv"))?.lines() {
        let mut columns = line.split('\t');
        let (Some(question), Some(document)) = (columns.next(), columns.next()) else { continue };
        right.insert(question.to_owned(), document.trim_start_matches('e').parse()?);
    }
    Ok(right)
}

/// How long this thread has run, which says more than the clock on a machine that does other things, too; 0 where the
/// system does not say.
fn cpu_seconds() -> f64 {
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    figures.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// A line of `/proc/self/status`, in MB; 0 where there is no such file.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
