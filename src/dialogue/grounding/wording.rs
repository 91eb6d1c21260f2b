//! The wording of an answer against the sentences of the evidence that say the same: denials, limits and figures.

use super::beside::{Beside, beside, weight};
use super::fact::{Fact, FactKind, facts};
use super::limit::{Limit, limits};
use super::piece::clauses;
use super::source::{Sentence, Source};
use super::turn::{Kind, Turn, is_denied, turns};
use super::{Fault, FaultKind};

/// A clause with so much of its text in a sentence says what that sentence says.
const ALIKE: f64 = 0.6;

/// With so much, its figures are those of that sentence.
const SAME_FIGURES: f64 = 0.75;

/// With so much, it was copied from there.
const COPIED: f64 = 0.85;

/// Sentences as near as this to the best one are as good.
const AS_GOOD: f64 = 0.1;

/// A denial in a clause with less in the evidence is in the writer's own words, and not held against any one sentence.
const OWN_WORDS: f64 = 0.6;

/// The longest sentence that is looked at as a whole, in characters.
const WHOLE: usize = 90;

/// A clause of an answer and the whole sentence it stands in.
struct Clause<'a> {
    /// The sentence.
    sentence: &'a [char],
    /// What turns in the sentence.
    turns: &'a [Turn],
    /// Where the clause begins in it.
    start: usize,
    /// The clause.
    text: &'a [char],
}

impl Clause<'_> {
    fn is_whole_of_several(&self) -> bool {
        self.text.len() == self.sentence.len() && clauses(self.sentence).len() > 1
    }
}

/// A sentence of the evidence with the clause beside it.
struct Laid<'a> {
    beside: Beside,
    sentence: &'a Sentence,
}

/// What is wrong with the wording of a sentence, judged by the evidence it cites.
///
/// `asked` are the facts of the question, which an answer may repeat.
pub(super) fn check(sentence: &str, asked: &[Fact], cited: &[&Source], faults: &mut Vec<Fault>) {
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

fn check_clause(clause: &Clause<'_>, asked: &[Fact], cited: &[&Source], faults: &mut Vec<Fault>) {
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
    let words: String = clause.text.iter().collect();
    if best >= SAME_FIGURES {
        figures(&words, asked, &laid, best >= COPIED, faults);
    }
    let turned_round = |limit: &Limit| {
        is_turned_round(limit, &laid) && (best >= COPIED || !limits_elsewhere(clause.text, limit, cited))
    };
    if best >= ALIKE && limits(clause.text).iter().any(turned_round) {
        faults.push(Fault { kind: FaultKind::Limit, words: words.clone() });
    }
    // One sentence that says the same in the same way is enough.
    if !stands_whole(clause, cited) && laid.iter().all(|laid| is_contrary(clause, laid, cited)) {
        faults.push(Fault { kind: FaultKind::Contrary, words });
    }
}

/// Whether each part of a clause stands in one source as it is, from one mark to the next. Part of a longer one would not do: 收费
/// stands in 不收费.
fn stands_whole(clause: &Clause<'_>, cited: &[&Source]) -> bool {
    let parts: Vec<String> = clauses(clause.text)
        .into_iter()
        .map(|(start, end)| clause.text[start..end].iter().collect())
        .collect();
    cited.iter().any(|source| parts.iter().all(|part| is_part(part, &source.stated.text)))
}

/// Whether words stand in a text between two marks.
fn is_part(words: &str, text: &str) -> bool {
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
        if known.iter().any(|known| other_unit(&known)) {
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

/// Whether a clause denies what a sentence affirms, or affirms what it denies.
fn is_contrary(clause: &Clause<'_>, laid: &Laid<'_>, cited: &[&Source]) -> bool {
    let own = turns(clause.text);
    let denies = own.iter().filter(|turn| turn.kind == Kind::Not);
    denies.into_iter().any(|turn| is_denied_only_here(clause, &own, turn, laid, cited))
        || (laid.beside.share >= ALIKE && is_affirmed_only_here(clause, &own, laid))
}

/// A denial that the sentence has not.
fn is_denied_only_here(
    clause: &Clause<'_>,
    own: &[Turn],
    turn: &Turn,
    laid: &Laid<'_>,
    cited: &[&Source],
) -> bool {
    let object = turn.object(clause.text, own);
    if object.is_empty() {
        return false;
    }
    let known = laid.sentence;
    let there: Vec<(usize, usize)> =
        object.iter().filter_map(|&place| Some((place, laid.beside.places[place]?))).collect();
    let agrees = |&(here, there): &(usize, usize)| {
        is_denied(clause.text, own, here) == is_denied(&known.text, &known.turns, there)
    };
    if there.iter().any(agrees) {
        return false;
    }
    if there.is_empty() {
        // 没有这一笔, said as 没有丧葬补助这一笔: the denial was copied, and what it denies spelt out.
        // So is 不能登记, where 不能 stands alone in the evidence.
        let copied = (turn.start..turn.end).filter_map(|place| laid.beside.places[place]).find_map(|place| {
            known
                .turns
                .iter()
                .find(|known| known.kind == turn.kind && (known.start..known.end).contains(&place))
        });
        let word_for_word = copied.is_some_and(|copied| {
            laid.beside.share >= OWN_WORDS || copied.is_elided(&known.text, &known.turns)
        });
        if word_for_word || clause.is_whole_of_several() || stands_elsewhere(clause, turn, &object, cited) {
            return false;
        }
    }
    if (there.is_empty() || laid.beside.share < OWN_WORDS) && is_denied_elsewhere(clause, &object, cited) {
        return false;
    }
    laid.beside.share >= OWN_WORDS
}

/// Whether the denial and what it denies stand side by side in the evidence.
fn stands_elsewhere(clause: &Clause<'_>, turn: &Turn, object: &[usize], cited: &[&Source]) -> bool {
    let words: String =
        (turn.start..turn.end).chain(object.iter().copied()).map(|place| clause.text[place]).collect();
    cited.iter().any(|source| source.stated.text.contains(&words))
}

/// Whether another sentence of the evidence denies the same.
fn is_denied_elsewhere(clause: &Clause<'_>, object: &[usize], cited: &[&Source]) -> bool {
    object.len() > 1
        && cited.iter().flat_map(|source| &source.sentences).any(|sentence| {
            sentence.turns.iter().filter(|turn| turn.kind == Kind::Not).any(|turn| {
                let reach = turn.reach(&sentence.text, &sentence.turns);
                object
                    .iter()
                    .all(|&place| reach.iter().any(|&there| sentence.text[there] == clause.text[place]))
            })
        })
}

/// What the sentence denies, or allows to some only, and the clause says without that.
fn is_affirmed_only_here(clause: &Clause<'_>, own: &[Turn], laid: &Laid<'_>) -> bool {
    let known = laid.sentence;
    known.turns.iter().any(|turn| {
        let object = turn.object(&known.text, &known.turns);
        let here: Vec<(usize, usize)> =
            object.iter().filter_map(|&there| Some((laid.beside.place_of(there)?, there))).collect();
        if here.is_empty() || here.len() < object.len() {
            return false;
        }
        let agrees = here.iter().any(|&(place, there)| {
            let place = place + clause.start;
            match turn.kind {
                Kind::Not => {
                    is_denied(clause.sentence, clause.turns, place)
                        == is_denied(&known.text, &known.turns, there)
                }
                Kind::Only => {
                    clause.turns.iter().any(|turn| turn.reach(clause.sentence, clause.turns).contains(&place))
                }
            }
        });
        let is_copied = turn.is_elided(&known.text, &known.turns)
            && (turn.start..turn.end).filter_map(|there| laid.beside.place_of(there)).any(|place| {
                own.iter().any(|own| own.kind == turn.kind && (own.start..own.end).contains(&place))
            });
        let is_turn_itself =
            here.iter().all(|&(place, _)| own.iter().any(|turn| (turn.start..turn.end).contains(&place)));
        !agrees && !is_copied && !is_turn_itself && !is_affirmed_beside(known, &object)
    })
}

/// Whether the same words stand in the sentence without being denied, too: 接到通知的, and 没接到通知的.
fn is_affirmed_beside(sentence: &Sentence, object: &[usize]) -> bool {
    let words: Vec<char> = object.iter().map(|&place| sentence.text[place]).collect();
    let mut places = sentence.text.windows(words.len()).enumerate();
    words.len() > 1
        && places.any(|(place, window)| {
            window == words.as_slice() && !is_denied(&sentence.text, &sentence.turns, place)
        })
}
