//! A vector in one byte a dimension.
//!
//! Embeddings have no outliers worth four bytes: with one scale a vector, the cosine of two of them is off by some
//! thousandths. `benches/vectors.rs` measures what that costs.

/// The largest value of a byte that is used; -128 is not, so that the range is symmetric.
const FULL: f32 = 127.0;

/// The largest value of the question's. Finer than a byte, because there is only one question; 127 · 2047 ·
/// [`super::MAX_DIMENSIONS`] still fits into 32 bits.
const FULL_ASKED: f32 = 2047.0;

/// A vector of length one, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quantised {
    /// What a byte is worth.
    pub(super) scale: f32,
    /// The dimensions.
    pub(super) bytes: Vec<i8>,
}

/// The question's vector, prepared for many comparisons.
pub(super) struct Asked {
    scale: f32,
    values: Vec<i16>,
    signs: Vec<u64>,
}

/// What one step is worth, and the factor that brings values to steps; `None` where there is no direction.
fn steps(values: &[f32], full: f32) -> Option<(f32, f32)> {
    if !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    // In 64 bits, where the square of no 32-bit number overflows.
    let length = values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let scale = (f64::from(largest) / length / f64::from(full)) as f32;
    let factor = full / largest;
    (largest > 0.0 && factor.is_finite() && scale > 0.0).then_some((scale, factor))
}

impl Quantised {
    /// `None` if a value is not finite, or all are zero.
    pub(super) fn new(values: &[f32]) -> Option<Quantised> {
        let (scale, factor) = steps(values, FULL)?;
        let bytes = values.iter().map(|value| (value * factor).round() as i8).collect();
        Some(Quantised { scale, bytes })
    }
}

impl Asked {
    /// `None` if a value is not finite, or all are zero.
    pub(super) fn new(values: &[f32]) -> Option<Asked> {
        let (scale, factor) = steps(values, FULL_ASKED)?;
        let values: Vec<i16> = values.iter().map(|value| (value * factor).round() as i16).collect();
        Some(Asked { scale, signs: signs(values.iter().map(|&value| value > 0)), values })
    }

    /// The cosine of the angle between the two.
    pub(super) fn cosine(&self, scale: f32, bytes: &[i8]) -> f32 {
        // Written so that the compiler multiplies eight and more at a time.
        let product: i32 =
            bytes.iter().zip(&self.values).map(|(&kept, &asked)| i32::from(kept) * i32::from(asked)).sum();
        (product as f32 * scale * self.scale).clamp(-1.0, 1.0)
    }

    /// In how many dimensions the two lie on different sides of zero.
    pub(super) fn disagreements(&self, signs: &[u64]) -> usize {
        signs.iter().zip(&self.signs).map(|(kept, asked)| (kept ^ asked).count_ones() as usize).sum()
    }
}

/// One bit a dimension: whether it is above zero.
pub(super) fn signs(positive: impl ExactSizeIterator<Item = bool>) -> Vec<u64> {
    let mut words = vec![0_u64; positive.len().div_ceil(64)];
    for (place, _) in positive.enumerate().filter(|&(_, positive)| positive) {
        words[place / 64] |= 1 << (place % 64);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
        };
        (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()) as f32
    }

    proptest! {
        #[test]
        fn the_cosine_is_nearly_that_of_the_unquantised(
            a in prop::collection::vec(-1.0_f32..1.0, 96), b in prop::collection::vec(-1.0_f32..1.0, 96), stretch in 0.001_f32..1000.0,
        ) {
            let stretched: Vec<f32> = b.iter().map(|value| value * stretch).collect();
            let (Some(kept), Some(asked)) = (Quantised::new(&a), Asked::new(&stretched)) else { return Ok(()) };
            let cosine = asked.cosine(kept.scale, &kept.bytes);
            prop_assert!((cosine - exact(&a, &b)).abs() < 0.01, "{cosine} {}", exact(&a, &b));
        }
    }

    #[test]
    fn what_points_nowhere_is_refused() {
        for bad in [vec![], vec![0.0; 4], vec![1.0, f32::NAN], vec![f32::INFINITY, 1.0], vec![1e-45, 0.0]] {
            assert!(Quantised::new(&bad).is_none(), "{bad:?}");
            assert!(Asked::new(&bad).is_none(), "{bad:?}");
        }
        assert!(Quantised::new(&[f32::MAX, f32::MAX]).is_some());
    }

    #[test]
    fn the_largest_product_fits() {
        let ones = vec![1.0; super::super::MAX_DIMENSIONS];
        let (kept, asked) = (Quantised::new(&ones).unwrap(), Asked::new(&ones).unwrap());
        assert!((asked.cosine(kept.scale, &kept.bytes) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn signs_are_counted_where_they_differ() {
        let values: Vec<f32> = (0..130).map(|place| if place % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let kept = signs((0..130).map(|place| place < 65));
        assert_eq!(kept.len(), 3);
        assert_eq!(Asked::new(&values).unwrap().disagreements(&kept), 32 + 32);
    }
}
