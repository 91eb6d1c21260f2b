//! What a question says that no question of an entry does.
//!
//! An entry with many questions of its own has been asked in most of the ways that people have. That a question names what none of
//! them does then speaks against the entry; where there is a title only, it says little.

use super::asked::{Asked, Word};
use super::features::{Feature, Features};
use super::{parted, stands};
use crate::index::forward::Part;

/// With so many questions an entry has half of all that anybody would write.
const HALF: f32 = 8.0;

/// Looks at the questions of one entry. Apart from the comparison, because only the first few
/// entries need it.
pub(super) fn look(asked: &Asked, text: &[u16], features: &mut Features) {
    let (questions, _) = parted(text);
    let number = questions.iter().filter(|&&unit| Part::of(unit).is_some()).count() as f32;
    let many = number / (number + HALF);
    let (mut lacking, mut all) = (0.0, 0.0);
    for word in asked.words.iter().filter(|word| word.content) {
        all += word.question_idf;
        lacking += word.question_idf * (1.0 - said(asked, word, questions));
    }
    // A question without content says nothing that could be found.
    features.set(Feature::units_lack, many * if all > 0.0 { lacking / all } else { 1.0 });
}

/// Whether the questions have the word, or how far another that says as much.
fn said(asked: &Asked, word: &Word, questions: &[u16]) -> f32 {
    if stands(&word.units, questions) {
        return 1.0;
    }
    let others = asked.wordings.iter().filter(|wording| wording.own == word.units);
    let others = others.flat_map(|wording| &wording.others);
    let said = others.filter(|(other, _)| stands(other, questions)).map(|(_, counts)| *counts);
    said.fold(0.0, f32::max)
}
