//! Denials of an answer against those of the evidence: what is denied here only, and what is denied there only.

use super::beside::beside;
use super::piece::clauses;
use super::source::{Sentence, Source};
use super::turn::{Kind, Turn, is_denied, turns};
use super::wording::{ALIKE, Clause, Laid, is_part};

/// With so much, it was copied from there but for other things that are denied together with it.
const NAMES_ONE: f64 = 0.8;

/// A denial in a clause with less in the evidence is in the writer's own words, and not held against any one sentence.
const OWN_WORDS: f64 = 0.6;

/// Words that advise against something.
const ADVICE: &[&str] = &["不要", "不能", "不得", "不可", "别", "勿"];

/// Words that free the reader of something.
const EXEMPTING: &[&str] = &["不用", "不必", "不需要", "不需", "无需", "无须"];

/// Words by which the evidence says that something is punished or a fraud, and so advises against it.
const PUNISHED: &[&str] =
    &["违法", "骗", "处罚", "罚款", "被罚", "追责", "追回", "取缔", "吊销", "责任", "骗子"];

/// Words that ask whether something is so, and state neither.
const ASKED: &[&str] = &["有没有", "是否", "能不能", "要不要", "会不会", "是不是", "可不可以"];

/// Characters before a denial in a clause of the evidence that does not name what it is about.
const PRONOUNS: &str = "这那都也就还则但";

/// A denial that the evidence has not is held against a sentence with so much of the clause.
const DENIED: f64 = 0.7;

/// Whether a line that introduces others frees the reader of nothing that the evidence does not: 不用交的材料.
pub(super) fn exemptions_stand(line: &str, sources: &[Source]) -> bool {
    let text: Vec<char> = line.chars().collect();
    let all = turns(&text);
    all.iter().all(|turn| {
        let word: String = text[turn.start..turn.end].iter().collect();
        let object = turn.object(&text, &all);
        let words: String = word.chars().chain(object.first().map(|&place| text[place])).collect();
        !EXEMPTING.contains(&word.as_str())
            || object.is_empty()
            || sources.iter().any(|source| source.stated.text.contains(&words))
    })
}

/// Whether a clause denies what a sentence affirms, or affirms what it denies.
pub(super) fn is_contrary(clause: &Clause<'_>, laid: &Laid<'_>, cited: &[&Source]) -> bool {
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
    if is_advice_against(clause, turn, known) || is_elided_there(clause, turn, cited) {
        return false;
    }
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
    laid.beside.share >= DENIED
}

/// Whether a denial advises against what the evidence names as a mistake or punishes.
fn is_advice_against(clause: &Clause<'_>, turn: &Turn, known: &Sentence) -> bool {
    let word: String = clause.text[turn.start..turn.end].iter().collect();
    let text: String = known.text.iter().collect();
    ADVICE.contains(&word.as_str()) && (known.is_mistake || PUNISHED.iter().any(|word| text.contains(word)))
}

/// Whether the denial is a clause of the evidence that does not name what it is about, or what it denies: 不够的 said as 年限不够的,
/// and 不能用 said as 不能用维修资金. A writer may name what was left out. The same where the clause was copied as it is.
fn is_elided_there(clause: &Clause<'_>, turn: &Turn, cited: &[&Source]) -> bool {
    let pieces = clauses(clause.text);
    let Some(&(start, end)) = pieces.iter().find(|(start, end)| (*start..*end).contains(&turn.start)) else {
        return false;
    };
    let whole: String = clause.text[start..end].iter().collect();
    let copied = || pieces.len() > 1 && cited.iter().any(|source| is_part(&whole, &source.stated.text));
    let tail = &clause.text[turn.start..end];
    let tail = tail.strip_suffix(&['的']).unwrap_or(tail);
    let elided = |sentence: &Sentence| {
        clauses(&sentence.text).iter().any(|&(start, end)| {
            let known = &sentence.text[start..end];
            let known = known.strip_suffix(&['的']).unwrap_or(known);
            let pronouns = known.iter().take_while(|c| PRONOUNS.contains(**c)).count();
            let known = &known[pronouns..];
            let says_less = known.len() >= turn.end - turn.start && tail.starts_with(known);
            says_less || (tail.len() > turn.end - turn.start && known.starts_with(tail))
        })
    };
    copied() || cited.iter().flat_map(|source| &source.sentences).any(elided)
}

/// Whether words ask.
pub(super) fn asks(text: &str) -> bool {
    ASKED.iter().any(|word| text.contains(word))
}

/// Whether the place stands in a question, which states neither.
pub(super) fn is_asked(text: &[char], place: usize) -> bool {
    let before: String = text.get(place.saturating_sub(8)..place).unwrap_or_default().iter().collect();
    let clause = before.rsplit([',', ':', ';']).next().unwrap_or_default();
    asks(clause)
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
        // Of several things that are denied together, an answer may name one: 不能做生食海产品、裱花蛋糕.
        let names_one = || {
            let is_first = here.first().is_some_and(|(_, there)| object.first() == Some(there));
            let of_several = || known.text.get(turn.end..).is_some_and(|rest| rest.contains(&'、'));
            laid.beside.share >= NAMES_ONE
                && object.iter().all(|&there| there >= turn.end)
                && is_first
                && of_several()
        };
        if here.is_empty() || (here.len() < object.len() && !names_one()) {
            return false;
        }
        let agrees = here.iter().any(|&(place, there)| {
            let place = place + clause.start;
            match turn.kind {
                Kind::Not => {
                    is_asked(clause.sentence, place)
                        || is_denied(clause.sentence, clause.turns, place)
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
        !agrees && !is_copied && !is_turn_itself && !is_affirmed_beside(clause, known, &object)
    })
}

/// Whether the same words stand in the sentence without being denied, too, and the clause says no less of what stands there: 接到通知的,
/// and 没接到通知的.
fn is_affirmed_beside(clause: &Clause<'_>, sentence: &Sentence, object: &[usize]) -> bool {
    let words: Vec<char> = object.iter().map(|&place| sentence.text[place]).collect();
    let pieces = clauses(&sentence.text);
    let share_at = |place: usize| {
        let piece = pieces.iter().find(|(start, end)| (*start..*end).contains(&place));
        piece.map_or(0.0, |&(start, end)| beside(clause.text, &sentence.text[start..end]).share)
    };
    let Some(denied) = object.first().map(|&place| share_at(place)) else { return false };
    let mut places = sentence.text.windows(words.len()).enumerate();
    words.len() > 1
        && places.any(|(place, window)| {
            window == words.as_slice()
                && !is_denied(&sentence.text, &sentence.turns, place)
                && share_at(place) >= denied
        })
}
