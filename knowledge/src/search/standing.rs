//! Where in a text the letters of a question stand: close together, or where the answer begins.

use super::asked::Asked;
use crate::index::forward::Part;

/// Letters close together: twice the question, and at least so many.
const WINDOW: usize = 24;

/// So many letters of an answer are its beginning, which says what it is an answer to. Between sixty and a hundred and thirty
/// the order is as good.
const START: usize = 100;

/// A letter of the question in a text.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// Where in the text.
    pub(super) at: usize,
    /// Its place in `Asked::letters`.
    pub(super) letter: usize,
    /// The place in `Asked::pairs` of the pair that ends there.
    pub(super) pair: Option<usize>,
}

/// How often letters and pairs stand in a part of a text, and what those that do weigh together.
struct Stretch<'a> {
    asked: &'a Asked,
    letters: Vec<u16>,
    pairs: Vec<u16>,
    weight: f32,
}

impl Stretch<'_> {
    fn of(asked: &Asked) -> Stretch<'_> {
        let (letters, pairs) = (vec![0; asked.letters.len()], vec![0; asked.pairs.len()]);
        Stretch { asked, letters, pairs, weight: 0.0 }
    }

    fn enter(&mut self, seen: &Seen) {
        self.letters[seen.letter] += 1;
        if self.letters[seen.letter] == 1 {
            self.weight += self.asked.letters[seen.letter].body_weight();
        }
        if let Some(pair) = seen.pair {
            self.pairs[pair] += 1;
            if self.pairs[pair] == 1 {
                self.weight += self.asked.pairs[pair].body_weight();
            }
        }
    }

    fn leave(&mut self, seen: &Seen) {
        self.letters[seen.letter] -= 1;
        if self.letters[seen.letter] == 0 {
            self.weight -= self.asked.letters[seen.letter].body_weight();
        }
        if let Some(pair) = seen.pair {
            self.pairs[pair] -= 1;
            if self.pairs[pair] == 0 {
                self.weight -= self.asked.pairs[pair].body_weight();
            }
        }
    }
}

/// The most of a question of that length, by rarity, that stands close together.
pub(super) fn window(asked: &Asked, all: &[Seen], length: usize) -> f32 {
    let width = (2 * length).max(WINDOW);
    let mut inside = Stretch::of(asked);
    let mut most = 0.0_f32;
    let mut leaving = all.iter().peekable();
    for seen in all {
        while let Some(left) = leaving.next_if(|left| left.at + width < seen.at) {
            inside.leave(left);
        }
        inside.enter(seen);
        most = most.max(inside.weight);
    }
    most
}

/// How much of a question, by rarity, stands in the beginning of the answer in an entry's text.
pub(super) fn start(asked: &Asked, all: &[Seen], text: &[u16]) -> f32 {
    let answers = |unit: &u16| Part::of(*unit) == Some(Part::Answer);
    let Some(begin) = text.iter().position(answers) else { return 0.0 };
    let from = all.partition_point(|seen| seen.at < begin);
    let mut inside = Stretch::of(asked);
    all.iter().skip(from).take_while(|seen| seen.at <= begin + START).for_each(|seen| inside.enter(seen));
    inside.weight
}

#[cfg(test)]
mod tests {
    use crate::Analyzer;
    use crate::entry::{Details, Entry, EntryId};
    use crate::index::{Index, Placed};
    use crate::search::{Feature, Query, Scope};

    /// How much of the question stands in the beginning of an answer, and close together in the entry.
    fn check(title: &str, answer: &str, starts: bool, together: bool) {
        let index = Index::in_memory(Analyzer::shared()).unwrap();
        let mut entry = Entry::new(EntryId::new("a").unwrap(), title, Details::Faq);
        entry.answer = answer.to_owned();
        index.rebuild([Placed::everywhere(entry)], 1).unwrap();
        let scope = Scope { region: None, audience: None, on: jiff::civil::date(2026, 11, 28) };
        let hits = index.search(&Query { text: "租房提取公积金".to_owned(), scope }, 1).unwrap();
        let seen = |feature| hits[0].features.get(feature);
        let (start, window) = (seen(Feature::body_start), seen(Feature::body_window));
        assert_eq!(start > 0.99, starts, "{title} {answer}: {start}");
        assert_eq!(window > 0.99, together, "{title} {answer}: {window}");
    }

    #[test]
    fn the_beginning_of_the_answer_counts_and_not_the_title() {
        let far = "请带好材料。".repeat(20);
        check("办法", "租房提取公积金，请带合同。", true, true);
        check("办法", &format!("{far}租房提取公积金，请带合同。"), false, true);
        check("租房提取公积金", &far, false, true);
        check(
            "办法",
            "租房，请带好材料，请带好材料，请带好材料，请带好材料，请带好材料，再提取公积金",
            false,
            false,
        );
    }
}
