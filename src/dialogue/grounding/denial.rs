//! Denials of an answer against those of the evidence: what is denied here only, and what is denied there only.

use super::beside::{Beside, beside, weight};
use super::case::{case_before, is_another, named_before};
use super::piece::{clauses, holding};
use super::source::{Sentence, Source};
use super::turn::{Kind, Turn, asks_whether, is_denied, turns};
use super::wording::{ALIKE, COPIED, Clause, Laid, is_part};

/// With so much, it was copied from there but for other things that are denied together with it.
const NAMES_ONE: f64 = 0.8;

/// A denial in a clause with less in the evidence is in the writer's own words, and not held against any one sentence.
const OWN_WORDS: f64 = 0.6;

/// The weight of a clause that can give a reason.
const TELLING: usize = 3;

/// Reasons stand at most so many clauses away.
const REASONS: usize = 2;

/// With so much of a case in a sentence, that is about it.
const SAME_CASE: f64 = 0.5;

/// A denial follows words if it begins within so many characters.
const NEXT: usize = 5;

/// Words that tell the reader of a refusal.
const REFUSING: &[&str] = &["不能", "不可以", "不得", "不可"];

/// Words of a clause that excludes whoever it does not hold for.
const BINDING: &[&str] = &[
    "必须",
    "缺一不可",
    "不算",
    "不属于",
    "才",
    "只能",
    "只限",
    "仅限",
    "不是",
    "不符合",
    "不满",
    "未满",
    "没满",
];

/// So many characters behind a denial are one phrase at the most.
const LONG_PHRASE: usize = 6;

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
        let word = turn.word(&text);
        let object = turn.object(&text, &all);
        let words: String = word.chars().chain(object.first().map(|&place| text[place])).collect();
        !EXEMPTING.contains(&word.as_str())
            || object.is_empty()
            || sources.iter().any(|source| source.stated.text.contains(&words))
    })
}

/// Whether a clause denies what a sentence affirms, or affirms what it denies.
///
/// `asked` is the question in normal form.
pub(super) fn is_contrary(clause: &Clause<'_>, laid: &Laid<'_>, cited: &[&Source], asked: &str) -> bool {
    let own = turns(clause.text);
    let denies = own.iter().filter(|turn| turn.kind == Kind::Not);
    denies.into_iter().any(|turn| is_denied_only_here(clause, &own, turn, laid, cited, asked))
        || (laid.beside.share >= ALIKE && is_affirmed_only_here(clause, &own, laid, cited))
}

/// A denial that the sentence has not.
fn is_denied_only_here(
    clause: &Clause<'_>,
    own: &[Turn],
    turn: &Turn,
    laid: &Laid<'_>,
    cited: &[&Source],
    asked: &str,
) -> bool {
    let object = turn.object(clause.text, own);
    if object.is_empty() || is_colloquial(clause.text, turn) || is_circumstance(clause, turn, &object, asked)
    {
        return false;
    }
    let known = laid.sentence;
    if is_advice_against(clause, turn, known)
        || is_elided_there(clause, turn, cited)
        || is_concluded(clause, turn, &object, cited)
    {
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

/// Whether a denial is part of a name (非营运), or only says so in spoken words, 光备案不行, for which the evidence has others.
fn is_colloquial(text: &[char], turn: &Turn) -> bool {
    let word = turn.word(text);
    ["不行", "不了", "非"].contains(&word.as_str())
}

/// Whether a denial is what the citizen told of the case, and not of what may or must be done: 没领证, 单位不肯盖章.
fn is_circumstance(clause: &Clause<'_>, turn: &Turn, object: &[usize], asked: &str) -> bool {
    let word = turn.word(clause.text);
    let words: String = word.chars().chain(object.first().map(|&place| clause.text[place])).collect();
    ["不", "没", "没有", "未"].contains(&word.as_str()) && asked.contains(&words)
}

/// Whether a denial advises against what the evidence names as a mistake or punishes.
fn is_advice_against(clause: &Clause<'_>, turn: &Turn, known: &Sentence) -> bool {
    let word = turn.word(clause.text);
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
    // 旧居住证丢失的不用 is 丢失的不用, with what it is about before it.
    let here = &clause.text[..end];
    let is_prefixed = |sentence: &Sentence| {
        clauses(&sentence.text).iter().any(|&(start, end)| {
            let known = &sentence.text[start..end];
            let from = here.len().saturating_sub(known.len());
            known.len() > turn.end - turn.start + 1 && from <= turn.start && here.ends_with(known)
        })
    };
    copied()
        || cited.iter().flat_map(|source| &source.sentences).any(|known| elided(known) || is_prefixed(known))
}

/// Whether a denial follows from the clause beside it, which was copied: 已领护理费的,不能领这项补贴, where the evidence denies the same of
/// whoever has that, and 股东必须全部签字,缺一不可;有一个签不了,就不能注销, where it says what has to be.
fn is_concluded(clause: &Clause<'_>, turn: &Turn, object: &[usize], cited: &[&Source]) -> bool {
    let pieces = clauses(clause.sentence);
    let Some(own) = holding(&pieces, clause.start + turn.start) else { return false };
    let beside_it = pieces.iter().enumerate().filter(|(place, _)| place.abs_diff(own) <= REASONS);
    let reasons =
        beside_it.filter(|(place, _)| *place != own).map(|(_, &(from, to))| &clause.sentence[from..to]);
    let verb = object.first().map(|&place| clause.text[place]);
    // The denial has to follow the words that give the reason.
    let denies_it = |laid: &Beside, sentence: &Sentence| {
        let Some(last) = laid.places.iter().flatten().max() else { return false };
        let denials = sentence.turns.iter().filter(|turn| turn.kind == Kind::Not);
        denials.filter(|turn| (*last..last + NEXT).contains(&turn.start)).any(|turn| {
            let object = turn.object(&sentence.text, &sentence.turns);
            object.first().map(|&place| sentence.text[place]) == verb
        })
    };
    let word = turn.word(clause.text);
    reasons.filter(|reason| weight(reason) >= TELLING).any(|reason| {
        let text: String = reason.iter().collect();
        let binds = REFUSING.contains(&word.as_str()) && BINDING.iter().any(|word| text.contains(word));
        cited.iter().flat_map(|source| &source.sentences).any(|sentence| {
            let laid = beside(reason, &sentence.text);
            laid.share >= COPIED && (binds || denies_it(&laid, sentence))
        })
    })
}

/// Whether words ask.
pub(super) fn asks(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    ASKED.iter().any(|word| text.contains(word))
        || (0..characters.len())
            .any(|place| "不没".contains(characters[place]) && asks_whether(&characters, place))
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
fn is_affirmed_only_here(clause: &Clause<'_>, own: &[Turn], laid: &Laid<'_>, cited: &[&Source]) -> bool {
    let known = laid.sentence;
    let pieces = clauses(&known.text);
    // 不会因为超生不给上户口 denies nothing of what it denies twice.
    let is_denied_twice = |turn: &Turn| {
        let piece = holding(&pieces, turn.start).map(|number| pieces[number]);
        let in_it =
            |other: &&Turn| piece.is_some_and(|(start, _)| other.start >= start && other.end <= turn.start);
        turn.kind == Kind::Not
            && known.turns.iter().filter(in_it).any(|other| other.kind == Kind::Not && !other.is_backward())
    };
    let once = known.turns.iter().filter(|turn| !is_denied_twice(turn));
    let objects = once.flat_map(|turn| {
        let object = turn.object(&known.text, &known.turns);
        std::iter::once((turn, object)).chain(last_verb(turn, known).map(|verb| (turn, verb)))
    });
    objects.into_iter().any(|(turn, object)| {
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
        let is_of_another_case = || {
            let own = here.first().map_or(clause.start, |&(place, _)| clause.start + place);
            let own = named_before(clause.sentence, own);
            turn.kind == Kind::Not
                && is_another(case_before(&known.text, turn.start), own, clause.sentence, cited)
        };
        !agrees
            && !is_copied
            && !is_turn_itself
            && !is_affirmed_beside(clause, known, &object)
            && !is_of_another_case()
            && !answers_the_title(clause, named_before(&known.text, turn.start), cited)
    })
}

/// Whether a clause says what an entry answers to its title, 要退, and not of the case that a sentence denies it of.
fn answers_the_title(clause: &Clause<'_>, denied: &[char], cited: &[&Source]) -> bool {
    let is_of_the_denied = beside(denied, clause.sentence).share >= SAME_CASE;
    weight(denied) >= TELLING
        && !is_of_the_denied
        && cited
            .iter()
            .filter_map(|source| source.claims.first())
            .any(|answer| answer.is_said_in(clause.text))
}

/// What a denial reaches last, where that ends its clause and little stands between: 不能再按本条申请 denies 申请.
fn last_verb(turn: &Turn, known: &Sentence) -> Option<Vec<usize>> {
    let reach = turn.reach(&known.text, &known.turns);
    let (&first, &last) = (reach.first()?, reach.last()?);
    let ends = known.text.get(last + 1).is_none_or(|c| !c.is_alphanumeric() && *c != '、');
    let is_one_phrase = turn.end <= first && !known.text[first..=last].contains(&'、');
    let is_long = (3..=LONG_PHRASE).contains(&reach.len());
    (is_long && is_one_phrase && ends).then(|| reach[reach.len() - 2..].to_vec())
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
