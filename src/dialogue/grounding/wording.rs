//! The wording of an answer against the sentences of the evidence that say the same: limits, figures, and (`denial.rs`) denials.

use super::beside::{Beside, beside, literal_share, weight};
use super::denial::is_contrary;
use super::fact::{Fact, FactKind, facts};
use super::limit::{Limit, limits};
use super::piece::{clauses, sentences};
use super::source::{Sentence, Source};
use super::turn::{Turn, turns};
use super::{Fault, FaultKind};

/// A clause with so much of its text in a sentence says what that sentence says.
pub(super) const ALIKE: f64 = 0.6;

/// With so much, its figures are those of that sentence.
const SAME_FIGURES: f64 = 0.75;

/// With so much, it was copied from there.
pub(super) const COPIED: f64 = 0.85;

/// Sentences as near as this to the best one are as good.
const AS_GOOD: f64 = 0.1;

/// The weight of a clause that can be traced to one place.
const TRACEABLE: usize = 3;

/// How near a clause's consequence has to be to that of the case it names.
const SAME_CASE: f64 = 0.25;

/// The longest sentence that is looked at as a whole, in characters.
const WHOLE: usize = 90;

/// A clause of an answer and the whole sentence it stands in.
pub(super) struct Clause<'a> {
    /// The sentence.
    pub(super) sentence: &'a [char],
    /// What turns in the sentence.
    pub(super) turns: &'a [Turn],
    /// Where the clause begins in it.
    pub(super) start: usize,
    /// The clause.
    pub(super) text: &'a [char],
}

impl Clause<'_> {
    /// Whether it is a sentence of several clauses.
    pub(super) fn is_whole_of_several(&self) -> bool {
        self.text.len() == self.sentence.len() && clauses(self.sentence).len() > 1
    }
}

/// The question.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// In normal form.
    pub(super) text: &'a str,
    /// Its facts.
    pub(super) facts: &'a [Fact],
}

/// A sentence of the evidence with the clause beside it.
pub(super) struct Laid<'a> {
    pub(super) beside: Beside,
    pub(super) sentence: &'a Sentence,
}

/// What is wrong with the wording of a sentence, judged by the evidence it cites.
///
/// An answer may repeat what was asked.
pub(super) fn check(sentence: &str, asked: Asked<'_>, cited: &[&Source], faults: &mut Vec<Fault>) {
    let text: Vec<char> = sentence.chars().collect();
    let all = turns(&text);
    let before = faults.len();
    let mut pieces = clauses(&text);
    if pieces.len() > 1 && text.len() <= WHOLE {
        pieces.push((0, text.len()));
    }
    for (start, end) in pieces {
        let clause = Clause { sentence: &text, turns: &all, start, text: &text[start..end] };
        // What is wrong with a clause is wrong with its sentence, and told once.
        if weight(clause.text) == 0 || (clause.is_whole_of_several() && faults.len() > before) {
            continue;
        }
        check_clause(&clause, asked, cited, faults);
    }
}

/// Whether a line ends with a case, …的, that the evidence goes on from.
pub(super) fn lacks_its_consequence(line: &str, sources: &[&Source]) -> bool {
    let Some(last) = sentences(line).last().filter(|last| last.ends_with('的')) else { return false };
    let last: Vec<char> = last.chars().collect();
    let Some(&(start, end)) = clauses(&last).last() else { return false };
    let case = &last[start..end];
    let goes_on = sources.iter().flat_map(|source| &source.sentences).flat_map(|sentence| {
        let pieces = clauses(&sentence.text);
        let same = |&&(from, to): &&(usize, usize)| {
            sentence.text.get(to.saturating_sub(1)) == Some(&'的')
                && beside(case, &sentence.text[from..to]).share >= COPIED
        };
        pieces.iter().filter(same).map(|&(_, to)| to < sentence.text.len()).collect::<Vec<_>>()
    });
    let goes_on: Vec<bool> = goes_on.collect();
    // What follows may stand before it: 要是…的, and 例外有:…的.
    let is_predicate = last.first() == Some(&'要') || last.contains(&':') || case.contains(&'是');
    !is_predicate && weight(case) >= TRACEABLE && !goes_on.is_empty() && goes_on.iter().all(|&on| on)
}

fn check_clause(clause: &Clause<'_>, asked: Asked<'_>, cited: &[&Source], faults: &mut Vec<Fault>) {
    let mut laid: Vec<Laid<'_>> = cited
        .iter()
        .flat_map(|source| &source.sentences)
        .map(|sentence| Laid { beside: beside(clause.text, &sentence.text), sentence })
        .collect();
    laid.sort_by(|left, right| right.beside.share.total_cmp(&left.beside.share));
    let Some(best) = laid.first().map(|laid| laid.beside.share) else { return };
    if clause.is_whole_of_several() && best < COPIED {
        return;
    }
    laid.truncate(laid.partition_point(|laid| laid.beside.share >= best - AS_GOOD));
    if weight(clause.text) < TRACEABLE && laid.len() > 1 {
        keep_neighbours(clause, &mut laid);
    }
    let words: String = clause.text.iter().collect();
    if best >= SAME_FIGURES {
        figures(&words, asked.facts, &laid, best >= COPIED, faults);
    }
    let turned_round = |limit: &Limit| {
        is_turned_round(limit, &laid)
            && (best >= COPIED || !limits_elsewhere(clause.text, limit, cited))
            && !is_other_case(clause, limit, &laid, cited)
            && !names_the_case(clause.text, limit, cited)
    };
    if best >= ALIKE && limits(clause.text).iter().any(turned_round) {
        faults.push(Fault { kind: FaultKind::Limit, words: words.clone() });
    }
    // One sentence that says the same in the same way is enough.
    if !stands_whole(clause, cited) && laid.iter().all(|laid| is_contrary(clause, laid, cited, asked.text)) {
        faults.push(Fault { kind: FaultKind::Contrary, words });
    }
}

/// Of the sentences that a short clause may have been taken from, keeps those that also say what stands beside it in the answer:
/// 不能领了 stands in many, 已经到期,不能领了 in one.
fn keep_neighbours(clause: &Clause<'_>, laid: &mut Vec<Laid<'_>>) {
    let pieces = clauses(clause.sentence);
    let Some(place) = pieces.iter().position(|&(start, _)| start == clause.start) else { return };
    let neighbours = [place.checked_sub(1), Some(place + 1)];
    for &(start, end) in neighbours.iter().flatten().filter_map(|&place| pieces.get(place)) {
        let text = &clause.sentence[start..end];
        let share = |laid: &Laid<'_>| literal_share(text, &laid.sentence.text);
        let most = laid.iter().map(share).fold(0.0, f64::max);
        if weight(text) > 1 && most >= COPIED {
            laid.retain(|laid| share(laid) >= most - AS_GOOD);
            return;
        }
    }
}

/// Whether each part of a clause stands in one source as it is, from one mark to the next. Part of a longer one would not do: 收费
/// stands in 不收费.
fn stands_whole(clause: &Clause<'_>, cited: &[&Source]) -> bool {
    let parts: Vec<String> = clauses(clause.text)
        .into_iter()
        .map(|(start, end)| clause.text[start..end].iter().collect())
        .collect();
    if let [part] = &parts[..] {
        return cited.iter().any(|source| is_part(part, &source.stated.text));
    }
    // Clauses of different sentences do not make one that stands there.
    cited.iter().flat_map(|source| &source.sentences).any(|sentence| {
        let text: String = sentence.text.iter().collect();
        parts.iter().all(|part| is_part(part, &text))
    })
}

/// Whether words stand in a text between two marks.
pub(super) fn is_part(words: &str, text: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + words.len()..));
        ends(before.and_then(|before| before.chars().next_back()))
            && ends(after.and_then(|after| after.chars().next()))
    })
}

/// Figures of another size than in the sentences that say the same. What was asked may be said again, but not for a limit in
/// words that were copied.
fn figures(words: &str, asked: &[Fact], laid: &[Laid<'_>], is_copy: bool, faults: &mut Vec<Fault>) {
    let known: Vec<&Fact> = laid.iter().flat_map(|laid| &laid.sentence.facts).collect();
    for fact in facts(words) {
        let was_asked = asked.iter().any(|asked| asked.kind == fact.kind && asked.key == fact.key);
        let may_repeat = was_asked && !(is_copy && fact.direction.is_some());
        if may_repeat || matches!(fact.kind, FactKind::Date | FactKind::Link) {
            continue;
        }
        let mut same_kind = known.iter().filter(|known| known.kind == fact.kind).peekable();
        if same_kind.peek().is_none() || same_kind.any(|known| known.key == fact.key) {
            continue;
        }
        // The same size with another unit is another period, and a mere way of speaking everywhere else.
        let size = |fact: &Fact| fact.key.rsplit(':').next().map(str::to_owned);
        let other_unit = |known: &&&Fact| known.kind != FactKind::Period && size(known) == size(&fact);
        // 27、25、23个月: the unit stands behind the last one.
        let shares_unit = || {
            let listed = size(&fact).map(|size| format!("{size}、")).unwrap_or_default();
            laid.iter().any(|laid| laid.sentence.text.iter().collect::<String>().contains(&listed))
        };
        if known.iter().any(|known| other_unit(&known)) || shares_unit() {
            continue;
        }
        faults.push(Fault { kind: FaultKind::Unstated(fact.kind), words: fact.text });
    }
}

/// Whether a limit points the other way in every sentence that says the same.
fn is_turned_round(limit: &Limit, laid: &[Laid<'_>]) -> bool {
    let neighbours =
        [limit.start.checked_sub(1), limit.start.checked_sub(2), Some(limit.end), Some(limit.end + 1)];
    let other_way = |laid: &Laid<'_>| {
        let places: Vec<usize> = neighbours
            .iter()
            .flatten()
            .filter_map(|&place| laid.beside.places.get(place).copied().flatten())
            .collect();
        let near = |known: &&Limit| {
            places.iter().any(|&place| {
                (known.end <= place && place - known.end <= 2)
                    || (place < known.start && known.start - place <= 2)
            })
        };
        let mut known = laid.sentence.limits.iter().filter(near).peekable();
        known.peek().is_some() && known.all(|known| known.direction != limit.direction)
    };
    laid.iter().all(other_way)
}

/// Whether a sentence of the evidence limits the same in the same way, whatever else it says. Words that were copied are held
/// against where they were copied from: 不满16岁 and 满16岁 stand in one entry, and each means something else.
fn limits_elsewhere(clause: &[char], limit: &Limit, cited: &[&Source]) -> bool {
    let behind = |text: &[char], end: usize| text.iter().skip(end).take(3).copied().collect::<Vec<_>>();
    let mine = behind(clause, limit.end);
    cited.iter().flat_map(|source| &source.sentences).any(|sentence| {
        sentence
            .limits
            .iter()
            .any(|known| known.direction == limit.direction && behind(&sentence.text, known.end) == mine)
    })
}

/// Whether a title limits the same in the same way: 扣满12分,怎么办.
fn names_the_case(clause: &[char], limit: &Limit, cited: &[&Source]) -> bool {
    let words: String = clause.iter().skip(limit.start).take(limit.end - limit.start + 3).collect();
    cited.iter().any(|source| source.title.contains(&words))
}

/// Whether a limit is that of the other case, whose subject the evidence does not name again: 买了不满2年,全额交;满2年免. What follows
/// from it tells which case is meant.
fn is_other_case(clause: &Clause<'_>, limit: &Limit, laid: &[Laid<'_>], cited: &[&Source]) -> bool {
    // What stands in the clause itself is the same in both cases.
    let start = clause.start + limit.start;
    let pieces = clauses(clause.sentence);
    let piece = pieces.iter().find(|(from, to)| (*from..*to).contains(&start));
    let end = piece.map_or(clause.sentence.len(), |(_, to)| *to);
    let behind = clause.sentence.get(end..).unwrap_or_default();
    let inside = clause.sentence.get(clause.start + limit.end..end).unwrap_or_default();
    let rest = if weight(behind) == 0 { inside } else { behind };
    let after = |sentence: &Sentence, known: &Limit| {
        beside(rest, sentence.text.get(known.end..).unwrap_or_default()).share
    };
    let begins = |sentence: &Sentence, known: &Limit| {
        clauses(&sentence.text).iter().any(|&(start, _)| start == known.start)
    };
    let most = |shares: &mut dyn Iterator<Item = f64>| shares.fold(0.0, f64::max);
    let turned = most(&mut laid.iter().flat_map(|laid| {
        let other = laid.sentence.limits.iter().filter(|known| known.direction != limit.direction);
        other.map(|known| after(laid.sentence, known)).collect::<Vec<_>>()
    }));
    let same = most(&mut cited.iter().flat_map(|source| &source.sentences).flat_map(|sentence| {
        let same = sentence.limits.iter().filter(|known| known.direction == limit.direction);
        same.filter(|known| begins(sentence, known)).map(|known| after(sentence, known)).collect::<Vec<_>>()
    }));
    same >= SAME_CASE && same > turned
}
