//! Whether an entry mentions the things that the question names.

use super::asked::Asked;
use super::features::{Feature, Features};
use super::{parted, stands};

/// Looks for the things in all that an entry says. Apart from the comparison, because only the first few entries need it.
pub(super) fn look(asked: &Asked, text: &[u16], features: &mut Features) {
    let things = &asked.things;
    if things.is_empty() {
        return;
    }
    let (questions, body) = parted(text);
    let mentioned = |text: &[u16], thing: &[Vec<u16>]| thing.iter().any(|mention| stands(mention, text));
    let (mut not_asked, mut not_said) = (0.0_f32, 0.0_f32);
    for thing in things {
        if !mentioned(questions, thing) {
            not_asked += 1.0;
            not_said += f32::from(u8::from(!mentioned(body, thing)));
        }
    }
    let all = things.len() as f32;
    features.set(Feature::things_unit, not_asked / all);
    features.set(Feature::things_body, not_said / all);
    features.set(Feature::thing_body, not_said.min(1.0));
}
