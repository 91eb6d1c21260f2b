//! A clause laid beside a sentence of the evidence: which of its characters stand there, in the same order.
//!
//! This is the alignment of Smith and Waterman, with the whole clause on one side and the best stretch of the sentence on
//! the other. A model is told to copy what binds, so what it copied is found here character by character, and what it
//! changed stands out.

/// Characters that may be added or left out without a change of sense.
const LIGHT: &str =
    "的了着过吗呢吧啊您你请就也都还再会把被给和与及或并而且其所这那个是有能可以要用需须应当得都只才不未没无";

/// What a character earns that stands in both, in hundredths.
const SAME: i32 = 100;
/// What a light character earns.
const SAME_LIGHT: i32 = 20;
/// What a character costs that is another.
const OTHER: i32 = 60;
/// What a character of the clause costs that the sentence has not.
const ADDED: i32 = 25;
/// What a character of the sentence costs that the clause leaves out.
const LEFT_OUT: i32 = 12;

/// Whether a character tells how alike two texts are.
pub(super) fn counts(c: char) -> bool {
    c.is_alphanumeric() && !LIGHT.contains(c)
}

/// How many characters of a text tell how alike it is to another.
pub(super) fn weight(text: &[char]) -> usize {
    text.iter().filter(|&&c| counts(c)).count()
}

/// How much of a short clause stands in a sentence, the light characters counted, too: 不能补 says nothing without them.
pub(super) fn literal_share(clause: &[char], sentence: &[char]) -> f64 {
    let beside = beside(clause, sentence);
    let letters = clause.iter().zip(&beside.places).filter(|(c, _)| c.is_alphanumeric());
    let (all, found) =
        letters.fold((0, 0), |(all, found), (_, place)| (all + 1, found + u32::from(place.is_some())));
    if all == 0 { 1.0 } else { f64::from(found) / f64::from(all) }
}

/// A clause beside a sentence.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    /// For every character of the clause, its place in the sentence.
    pub(super) places: Vec<Option<usize>>,
    /// How much of the clause stands in the sentence, 0 to 1.
    pub(super) share: f64,
}

impl Beside {
    /// Where in the clause a character of the sentence stands.
    pub(super) fn place_of(&self, in_sentence: usize) -> Option<usize> {
        self.places.iter().position(|place| *place == Some(in_sentence))
    }
}

/// One step of the alignment, backwards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Same,
    Other,
    Added,
    LeftOut,
}

/// Lays the whole of a clause beside a sentence as well as it goes.
pub(super) fn beside(clause: &[char], sentence: &[char]) -> Beside {
    let width = sentence.len() + 1;
    let mut before: Vec<i32> = vec![0; width];
    let mut steps: Vec<Step> = Vec::with_capacity(clause.len() * width);
    for (row, &c) in clause.iter().enumerate() {
        let gain = if counts(c) { SAME } else { SAME_LIGHT };
        // After the last character of the clause the rest of the sentence costs nothing.
        let skip = if row + 1 == clause.len() { 0 } else { LEFT_OUT };
        let mut now: Vec<i32> = Vec::with_capacity(width);
        now.push(before[0] - ADDED);
        steps.push(Step::Added);
        for (column, &other) in sentence.iter().enumerate() {
            let mut best = (before[column] - OTHER, Step::Other);
            if c == other {
                best = (before[column] + gain, Step::Same);
            }
            for candidate in [(before[column + 1] - ADDED, Step::Added), (now[column] - skip, Step::LeftOut)]
            {
                if candidate.0 > best.0 {
                    best = candidate;
                }
            }
            now.push(best.0);
            steps.push(best.1);
        }
        before = now;
    }
    traced(clause, sentence.len(), &steps)
}

/// Follows the steps back from the end.
fn traced(clause: &[char], length: usize, steps: &[Step]) -> Beside {
    let width = length + 1;
    let mut places = vec![None; clause.len()];
    let mut matched = 0;
    let (mut row, mut column) = (clause.len(), length);
    while row > 0 {
        match steps[(row - 1) * width + column] {
            Step::LeftOut => column -= 1,
            Step::Added => row -= 1,
            step => {
                row -= 1;
                column -= 1;
                if step == Step::Same {
                    places[row] = Some(column);
                    matched += usize::from(counts(clause[row]));
                }
            }
        }
    }
    let all = weight(clause);
    let share = if all == 0 { 1.0 } else { matched as f64 / all as f64 };
    Beside { places, share }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(clause: &str, sentence: &str) -> (String, f64) {
        let (clause, sentence): (Vec<char>, Vec<char>) =
            (clause.chars().collect(), sentence.chars().collect());
        let beside = beside(&clause, &sentence);
        let found = beside.places.iter().map(|place| place.map_or('_', |place| sentence[place])).collect();
        (found, (beside.share * 100.0).round() / 100.0)
    }

    #[test]
    fn what_was_copied_is_found_and_what_was_changed_is_not() {
        for (clause, sentence, found, share) in [
            ("带身份证", "带身份证", "带身份证", 1.0),
            ("要带身份证", "带身份证、户口簿", "_带身份证", 1.0),
            ("身份证和户口簿", "带身份证、户口簿", "身份证_户口簿", 1.0),
            ("逾期不予受理", "逾期受理", "逾期__受理", 0.8),
            ("收费", "不收费", "收费", 1.0),
            ("飞机", "带身份证", "__", 0.0),
            ("甲", "", "_", 0.0),
        ] {
            let (places, much) = laid(clause, sentence);
            assert_eq!((places.as_str(), much), (found, share), "{clause} in {sentence}");
        }
    }
}
