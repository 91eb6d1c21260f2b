//! What an entry says in other words than the question.

use super::asked::OtherWords;

/// Stands among what was found for a word that the entry has itself.
const OWN: f32 = 2.0;

/// Looks for the words of a question that entries may say otherwise, all at once.
pub(super) struct OtherWordings<'a> {
    asked: &'a [OtherWords],
    /// What begins with a unit, by its place in `starts`, plus one. Empty if nothing is looked for.
    begins: Vec<u16>,
    starts: Vec<Vec<Looked<'a>>>,
    /// For each word, the most that was found for it.
    found: Vec<f32>,
}

/// One word that is looked for.
struct Looked<'a> {
    /// The word of the question for which it stands.
    word: usize,
    units: &'a [u16],
    counts: f32,
}

impl<'a> OtherWordings<'a> {
    pub(super) fn new(asked: &'a [OtherWords]) -> OtherWordings<'a> {
        let size = if asked.is_empty() { 0 } else { usize::from(u16::MAX) + 1 };
        let (mut begins, mut starts) = (vec![0_u16; size], Vec::new());
        let all = asked.iter().enumerate().flat_map(|(word, one)| {
            let others = one.others.iter().map(|(units, counts)| (units.as_slice(), *counts));
            std::iter::once((one.own.as_slice(), OWN))
                .chain(others)
                .map(move |(units, counts)| (word, units, counts))
        });
        for (word, units, counts) in all {
            let Some(&first) = units.first() else { continue };
            let begin = &mut begins[usize::from(first)];
            if *begin == 0 {
                starts.push(Vec::new());
                *begin = starts.len() as u16;
            }
            starts[usize::from(*begin) - 1].push(Looked { word, units, counts });
        }
        OtherWordings { asked, begins, starts, found: vec![0.0; asked.len()] }
    }

    /// What the words of the question count that a text does not have, but says otherwise.
    pub(super) fn weight(&mut self, text: &[u16]) -> f32 {
        if self.asked.is_empty() {
            return 0.0;
        }
        self.found.fill(0.0);
        for (at, &unit) in text.iter().enumerate() {
            let begin = usize::from(self.begins[usize::from(unit)]);
            if begin == 0 {
                continue;
            }
            for looked in &self.starts[begin - 1] {
                if looked.counts > self.found[looked.word] && text[at..].starts_with(looked.units) {
                    self.found[looked.word] = looked.counts;
                }
            }
        }
        let otherwise = self.asked.iter().zip(&self.found).filter(|(_, found)| **found < OWN);
        otherwise.map(|(word, found)| word.weight * found).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn a_word_counts_that_is_said_otherwise_and_not_itself() {
        let asked = [
            OtherWords {
                own: units("老板"),
                weight: 10.0,
                others: vec![(units("用人单位"), 1.0), (units("东家"), 0.5)],
            },
            OtherWords { own: units("欠薪"), weight: 4.0, others: vec![(units("拖欠"), 1.0)] },
        ];
        let mut wordings = OtherWordings::new(&asked);
        assert_eq!(wordings.weight(&units("用人单位应当")), 10.0);
        assert_eq!(wordings.weight(&units("东家拖欠")), 9.0);
        assert_eq!(wordings.weight(&units("东家就是用人单位")), 10.0);
        assert_eq!(wordings.weight(&units("老板是用人单位，不得拖欠")), 4.0);
        assert_eq!(wordings.weight(&units("用人")), 0.0);
        assert_eq!(OtherWordings::new(&[]).weight(&units("用人单位")), 0.0);
    }
}
