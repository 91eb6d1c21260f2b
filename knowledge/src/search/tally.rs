//! How many of an entry's questions have each letter of the question, and what that says.
//!
//! One of an entry's questions may be like the question by chance; that many of them have its words seldom is. An entry's
//! questions are taken as what people write who want to know this, and compared with what people write at large, as a
//! naive Bayesian classifier does: for each letter of the question, how much likelier is it here? And for what most of the
//! entry's questions have and the question has not: how unlikely is it that it should be missing? Who asks for 低保 is not
//! answered by the entry on 低保 with a car, all of whose questions name the car.

use super::asked::{Asked, Letter};

/// What is known at large counts as so many questions of the entry.
const AT_LARGE: f32 = 5.0;

/// Of an entry's questions that have a letter at all, so many have it: what an entry that is not known yet is given.
const USUAL: f32 = 0.3;

/// With so many questions half of what they say of an entry is believed. A title alone is no sample.
const HALF: f32 = 8.0;

/// Of the letters that the question does not have those count that one in so many of the entry's questions has, or more.
const COMMON: u16 = 8;

/// Which letters and pairs of the question stand in one of an entry's questions, and in how many each letter does. They are
/// marked with the number of the text, so that nothing has to be wiped between two texts.
pub(super) struct Tally {
    text: u32,
    questions: u16,
    letters: Vec<Count>,
    pairs: Vec<u32>,
    /// How often each other letter stands in the entry's questions, by its UTF-16 unit, and which do.
    others: Vec<u16>,
    present: Vec<u16>,
}

/// What an entry's questions say of the question, all together.
pub(super) struct Verdict {
    /// How much likelier its letters are among them than at large: the natural logarithm, below 0 if they are less likely.
    pub(super) likelier: f32,
    /// How unlikely it is among them that their other letters are missing: the natural logarithm, 0 at most.
    pub(super) missing: f32,
}

/// One letter.
#[derive(Clone, Copy, Default)]
struct Count {
    /// The last text that had it.
    text: u32,
    /// How many of the entry's questions have it.
    questions: u16,
}

impl Tally {
    pub(super) fn new(asked: &Asked) -> Tally {
        Tally {
            text: 0,
            questions: 0,
            letters: vec![Count::default(); asked.letters.len()],
            pairs: vec![0; asked.pairs.len()],
            others: vec![0; usize::from(u16::MAX) + 1],
            present: Vec::new(),
        }
    }

    /// Forgets the entry before.
    pub(super) fn begin_entry(&mut self) {
        self.questions = 0;
        for count in &mut self.letters {
            count.questions = 0;
        }
        for unit in self.present.drain(..) {
            self.others[usize::from(unit)] = 0;
        }
    }

    /// Begins with the next of the entry's questions.
    pub(super) fn begin_question(&mut self) {
        self.text += 1;
        self.questions = self.questions.saturating_add(1);
    }

    /// Notes a letter of the question, and says whether this text has not had it before.
    pub(super) fn letter(&mut self, slot: usize) -> bool {
        let count = &mut self.letters[slot];
        let new = count.text != self.text;
        if new {
            *count = Count { text: self.text, questions: count.questions.saturating_add(1) };
        }
        new
    }

    /// The same for a pair.
    pub(super) fn pair(&mut self, pair: usize) -> bool {
        std::mem::replace(&mut self.pairs[pair], self.text) != self.text
    }

    /// Notes a letter that the question does not have. One that a text has twice counts twice, which is rare in a question.
    pub(super) fn other(&mut self, unit: u16) {
        let count = &mut self.others[usize::from(unit)];
        if *count == 0 {
            self.present.push(unit);
        }
        *count = count.saturating_add(1);
    }

    /// What the entry's questions say, all together.
    pub(super) fn verdict(&self, asked: &Asked) -> Verdict {
        let questions = f32::from(self.questions);
        let of = |(count, letter): (&Count, &Letter)| {
            likelier(f32::from(count.questions), questions, letter.question_idf)
        };
        let counts = self.present.iter().map(|&unit| self.others[usize::from(unit)].min(self.questions));
        let common = counts.filter(|count| count.saturating_mul(COMMON) >= self.questions);
        let missing = |count| (1.0 - f32::from(count) / (questions + AT_LARGE)).ln();
        let believed = questions / (questions + HALF);
        Verdict {
            likelier: believed * self.letters.iter().zip(&asked.letters).map(of).sum::<f32>(),
            missing: believed * common.map(missing).sum::<f32>(),
        }
    }
}

/// How much likelier something is in `with` of `questions` questions than at large, where it is as rare as `idf` says.
fn likelier(with: f32, questions: f32, idf: f32) -> f32 {
    // The idf is the negative logarithm of the part of all entries that have it.
    let at_large = USUAL * (-idf).exp();
    ((with + AT_LARGE * at_large) / (questions + AT_LARGE) / at_large).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_of_the_questions_have_speaks_for_an_entry_and_the_more_the_rarer_it_is() {
        let rare = 5.0;
        assert!(likelier(12.0, 24.0, rare) > likelier(1.0, 24.0, rare));
        assert!(likelier(1.0, 24.0, rare) > 0.0);
        assert!(likelier(0.0, 24.0, rare) < 0.0);
        assert!(likelier(12.0, 24.0, rare) > likelier(12.0, 24.0, 1.0));
        // What every question has at large says nothing where every second has it.
        assert!(likelier(8.0, 24.0, 0.0).abs() < 0.2, "{}", likelier(8.0, 24.0, 0.0));
    }

    #[test]
    fn a_text_counts_once_and_an_entry_begins_anew() {
        let mut tally = Tally {
            text: 0,
            questions: 0,
            letters: vec![Count::default(); 2],
            pairs: vec![0; 2],
            others: vec![0; 8],
            present: Vec::new(),
        };
        tally.begin_entry();
        tally.begin_question();
        assert!(tally.letter(0));
        assert!(!tally.letter(0));
        tally.begin_question();
        assert!(tally.letter(0) && tally.pair(1) && !tally.pair(1));
        assert_eq!((tally.questions, tally.letters[0].questions, tally.letters[1].questions), (2, 2, 0));
        tally.other(7);
        tally.other(7);
        assert_eq!((tally.others[7], tally.present.as_slice()), (2, [7].as_slice()));
        tally.begin_entry();
        assert_eq!((tally.questions, tally.letters[0].questions, tally.others[7]), (0, 0, 0));
    }
}
