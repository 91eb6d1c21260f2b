//! What a token in a text counts.

/// How soon a repeated token stops counting.
pub(crate) const K1: f32 = 1.2;
/// How much a long text is held against it.
pub(crate) const B: f32 = 0.75;

/// Rarity of a token that `frequency` of `documents` have.
pub(crate) fn idf(frequency: u64, documents: u64) -> f32 {
    let without = documents.saturating_sub(frequency) as f32;
    (1.0 + (without + 0.5) / (frequency as f32 + 0.5)).ln()
}

/// Counts up to this one are looked up.
const COUNTS: usize = 8;

/// What a token counts, by how often it stands in a document and how long that is, before it is weighed. Lengths come in
/// 256 steps and most tokens stand there a few times, so the formula is a table: a division for each posting is a third
/// of what the first stage costs.
pub(crate) struct Saturation {
    /// By count, then by length.
    counts: Vec<[f32; 256]>,
    /// What a length is held against a document.
    penalties: [f32; 256],
}

impl Saturation {
    /// The table for texts of so many tokens on average.
    pub(crate) fn new(average: f32) -> Saturation {
        let mut penalties = [0.0; 256];
        for (step, penalty) in (0..=u8::MAX).zip(&mut penalties) {
            let length = tantivy::fieldnorm::FieldNormReader::id_to_fieldnorm(step) as f32;
            *penalty = K1 * (1.0 - B + B * length / average);
        }
        let counts = (1..=COUNTS).map(|count| penalties.map(|penalty| saturated(count as f32, penalty)));
        Saturation { counts: counts.collect(), penalties }
    }

    /// What a token counts that stands `count` times in a document whose length is in that step.
    #[inline]
    pub(crate) fn of(&self, count: u32, length: u8) -> f32 {
        match self.counts.get((count as usize).wrapping_sub(1)) {
            Some(lengths) => lengths[usize::from(length)],
            None => saturated(count as f32, self.penalties[usize::from(length)]),
        }
    }
}

fn saturated(count: f32, penalty: f32) -> f32 {
    (K1 + 1.0) * count / (count + penalty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_up_is_what_the_formula_says() {
        let table = Saturation::new(40.0);
        for count in [1, 2, 8, 9, 30] {
            for length in [0_u8, 40, 255] {
                let tokens = tantivy::fieldnorm::FieldNormReader::id_to_fieldnorm(length) as f32;
                let penalty = K1 * (1.0 - B + B * tokens / 40.0);
                let formula = (K1 + 1.0) * count as f32 / (count as f32 + penalty);
                assert!((table.of(count, length) - formula).abs() < 1e-5, "{count} {length}");
            }
        }
    }
}
