//! The first stage: BM25 over the mixed tokens of questions and bodies, down to some hundred entries.
//!
//! Written out instead of taken from tantivy's queries because an entry's score is the sum of two fields with
//! frequencies of their own, and because of how it stops. Tokens are taken rarest first. Once what the remaining,
//! frequent ones could add at most is less than what the last of the best has already, no entry without a rare token
//! can be among them, and those already touched are told apart by the second stage, which reads their text anyway. So a
//! search in ten times as many entries does not take ten times as long.

use tantivy::postings::TermInfo;

use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, TantivyError};

use super::asked::{Asked, Token};
use super::scope::Scope;
use crate::index::bm25::{B, K1, Saturation};
use crate::index::{Corpus, Segment, Snapshot};

/// How many entries the second stage looks at, at most: fewer where questions are compared, which the first stage tells apart
/// well, than among passages, where twice as many are worth a point of hit@1 on laws.
const fn kept(corpus: Corpus) -> usize {
    match corpus {
        Corpus::Questions => 40,
        Corpus::Passages => 136,
    }
}

/// What an entry has of the best one's score at least, to be compared. Of the right answers that come among the first three in
/// seven collections, one in 300 has less in the worst of them, and where words are shared half of the work is saved.
const PROMISING: f32 = 0.4;

/// What the questions of an entry count beside its body, which holds them, too.
const QUESTION_SHARE: f32 = 0.5;

/// Entries that have a token at most, for the token to be taken without asking whether it can be left out. Asking costs
/// about as much as taking that many.
const CHEAP: u64 = 4_096;

/// How much of what the remaining tokens could add is expected of them. That an entry without any of the rarer tokens has
/// all the others, in a text half as long as the average, does not happen; at three quarters the search is a fifth
/// quicker, and what is found first in the development collections stays the same but for one question in 700.
const LIKELY: f32 = 0.75;

/// What a token is expected to add to an entry at most, in parts of its weight. Entries that are shorter still or repeat
/// it may be told from others too early; that they are lost takes a question of frequent characters only.
const MOST: f32 = LIKELY * (K1 + 1.0) / (1.0 + K1 * (1.0 - B / 2.0));

/// An entry that may answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Its segment.
    pub(super) segment: usize,
    /// Its document in that segment.
    pub(super) document: DocId,
    /// What the first stage thinks of it.
    pub(super) score: f32,
}

/// One token in one field.
struct List<'a> {
    terms: &'a [Option<TermInfo>],
    field: Field,
    saturation: &'a Saturation,
    frequency: u64,
    weight: f32,
}

/// The best entries that the scope admits, `least` of them whatever their score, and the best that it once did;
/// `search/succession.rs` says what the latter lead to.
pub(super) fn find(
    snapshot: &Snapshot,
    asked: &Asked,
    scope: &Scope,
    least: usize,
) -> Result<Vec<Candidate>, TantivyError> {
    let lists = lists(snapshot, asked);
    let mut tables: Vec<Table> = snapshot.segments().iter().map(Table::new).collect();
    let mut rest: f32 = lists.iter().map(|list| list.weight * MOST).sum();
    let mut since_asked = 0;
    for list in &lists {
        since_asked += list.frequency;
        if since_asked > CHEAP && list.frequency > CHEAP / 4 {
            if is_settled(&tables, snapshot, scope, rest, least) {
                break;
            }
            since_asked = 0;
        }
        for ((segment, table), term) in snapshot.segments().iter().zip(&mut tables).zip(list.terms) {
            if let Some(term) = term {
                list.add(segment, term, table)?;
            }
        }
        rest -= list.weight * MOST;
    }
    let score = worth(&tables, kept(snapshot.corpus()) * 8);
    let mut found = touched(&tables, |other| other >= score);
    let admitted = admit(&mut found, snapshot, scope, least);
    if score > 0.0 && admitted < kept(snapshot.corpus()) {
        // The scope let few of the best through: all others are asked, too.
        found = touched(&tables, |_| true);
        admit(&mut found, snapshot, scope, least);
    }
    Ok(found)
}

/// The entries with a token whose score passes.
fn touched(tables: &[Table], passes: impl Fn(f32) -> bool) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (segment, table) in tables.iter().enumerate() {
        for &document in &table.touched {
            let score = table.scores[document as usize];
            if passes(score) {
                found.push(Candidate { segment, document, score });
            }
        }
    }
    found
}

/// Steps between no score and the best in which scores are counted.
const STEPS: usize = 256;

/// A score that at least so many entries reach, if there are many more: sorting a hundred thousand to keep a hundred costs
/// more than counting them.
fn worth(tables: &[Table], wanted: usize) -> f32 {
    let count: usize = tables.iter().map(|table| table.touched.len()).sum();
    if count < wanted * 4 {
        return 0.0;
    }
    let scores = || tables.iter().flat_map(|table| table.touched.iter().map(|&at| table.scores[at as usize]));
    let best = scores().fold(f32::MIN_POSITIVE, f32::max);
    let mut counts = [0_usize; STEPS];
    for score in scores() {
        counts[((score / best * STEPS as f32) as usize).min(STEPS - 1)] += 1;
    }
    let mut above = 0;
    for (step, count) in counts.iter().enumerate().rev() {
        above += count;
        if above >= wanted {
            return best * step as f32 / STEPS as f32;
        }
    }
    0.0
}

/// Whether the entry is one of those that count: it holds, and nothing took its place.
fn holds(segment: &Segment, document: DocId, scope: &Scope) -> bool {
    segment.admits(document, scope) && !segment.is_replaced(document)
}

/// Replaced and ended entries have places of their own, so that a long past crowds out nothing that holds.
const PAST: usize = 16;

/// Whether no entry that has not been touched yet can still be among those that are compared: so many are above all that it
/// could have, or so few would do, because that is too little to be worth comparing.
fn is_settled(tables: &[Table], snapshot: &Snapshot, scope: &Scope, rest: f32, least: usize) -> bool {
    let scores = tables.iter().flat_map(|table| table.touched.iter().map(|&at| table.scores[at as usize]));
    let best = scores.fold(0.0, f32::max);
    let wanted = if rest <= best * PROMISING { least } else { kept(snapshot.corpus()) };
    let mut above = 0;
    for (segment, table) in snapshot.segments().iter().zip(tables) {
        for &document in &table.touched {
            if table.scores[document as usize] > rest && holds(segment, document, scope) {
                above += 1;
                if above >= wanted {
                    return true;
                }
            }
        }
    }
    false
}

/// Keeps the best that the scope admits, as far as they are worth comparing, and returns how many it admits; behind them stand the best of the past. Only as many are
/// asked as it takes: judging costs more than sorting.
fn admit(found: &mut Vec<Candidate>, snapshot: &Snapshot, scope: &Scope, least: usize) -> usize {
    let best_first = |a: &Candidate, b: &Candidate| {
        b.score.total_cmp(&a.score).then((a.segment, a.document).cmp(&(b.segment, b.document)))
    };
    let kept = kept(snapshot.corpus());
    let mut admitted: Vec<Candidate> = Vec::with_capacity(kept);
    let mut past: Vec<Candidate> = Vec::new();
    let mut from = 0;
    let mut step = kept * 2;
    while from < found.len() && admitted.len() < kept {
        let rest = &mut found[from..];
        let taken = step.min(rest.len());
        if taken < rest.len() {
            rest.select_nth_unstable_by(taken - 1, best_first);
        }
        let (chosen, _) = rest.split_at_mut(taken);
        chosen.sort_unstable_by(best_first);
        for candidate in chosen.iter() {
            let segment = &snapshot.segments()[candidate.segment];
            if holds(segment, candidate.document, scope) {
                if admitted.len() < kept {
                    admitted.push(*candidate);
                }
            } else if past.len() < PAST && segment.was_public(candidate.document, scope) {
                past.push(*candidate);
            }
        }
        from += taken;
        step *= 4;
    }
    let count = admitted.len();
    let worth_it = admitted.first().map_or(0.0, |best| best.score * PROMISING);
    let promising = admitted.partition_point(|candidate| candidate.score >= worth_it);
    admitted.truncate(promising.max(least));
    admitted.append(&mut past);
    *found = admitted;
    count
}

/// Each token in each field that has it, the rarest first.
fn lists<'a>(snapshot: &'a Snapshot, asked: &'a Asked) -> Vec<List<'a>> {
    let fields = snapshot.fields();
    let mut lists: Vec<List<'a>> = Vec::with_capacity(asked.tokens.len() * 2);
    let sum = |weight: fn(&Token) -> f32| asked.tokens.iter().map(weight).sum::<f32>().max(f32::MIN_POSITIVE);
    let own_questions = sum(|token| token.in_questions.weight * token.count);
    let own_bodies = sum(|token| token.in_bodies.weight * token.count);
    for token in &asked.tokens {
        let places = [
            (fields.question, snapshot.in_questions(), &token.in_questions, QUESTION_SHARE / own_questions),
            (fields.body, snapshot.in_bodies(), &token.in_bodies, 1.0 / own_bodies),
        ];
        for (field, saturation, place, share) in places {
            if place.frequency > 0 {
                lists.push(List {
                    terms: &place.terms,
                    field,
                    saturation,
                    frequency: place.frequency,
                    weight: place.weight * token.count * share,
                });
            }
        }
    }
    lists.sort_by_key(|list| list.frequency);
    lists
}

/// The scores of one segment.
struct Table {
    scores: Vec<f32>,
    /// The documents with a score.
    touched: Vec<DocId>,
}

impl Table {
    fn new(segment: &Segment) -> Table {
        Table { scores: vec![0.0; segment.reader().max_doc() as usize], touched: Vec::new() }
    }
}

impl List<'_> {
    fn add(&self, segment: &Segment, term: &TermInfo, table: &mut Table) -> Result<(), TantivyError> {
        let inverted = segment.reader().inverted_index(self.field)?;
        let mut postings = inverted.read_block_postings_from_terminfo(term, IndexRecordOption::WithFreqs)?;
        let lengths = segment.reader().get_fieldnorms_reader(self.field)?;
        while !postings.docs().is_empty() {
            for (&document, &count) in postings.docs().iter().zip(postings.freqs()) {
                let score = &mut table.scores[document as usize];
                if *score == 0.0 {
                    table.touched.push(document);
                }
                *score += self.weight * self.saturation.of(count, lengths.fieldnorm_id(document));
            }
            postings.advance();
        }
        Ok(())
    }
}
