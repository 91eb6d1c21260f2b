//! All vectors in one place, and the ones nearest to a question.

use super::quantised::{Asked, Quantised, signs};

/// How many vectors are compared byte by byte after all of them were compared bit by bit.
const COMPARED: usize = 2000;

/// The vectors, one after the other.
#[derive(Default)]
pub(super) struct Rows {
    /// 0 while there is none.
    dimensions: usize,
    bytes: Vec<i8>,
    scales: Vec<f32>,
    signs: Vec<u64>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    pub(super) fn dimensions(&self) -> Option<usize> {
        (self.dimensions > 0).then_some(self.dimensions)
    }

    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + 4 * self.scales.len() + 8 * self.signs.len()
    }

    /// Appends a vector and returns its number; `None` if it is of another size than the others.
    pub(super) fn push(&mut self, vector: &Quantised) -> Option<u32> {
        if self.dimensions == 0 {
            self.dimensions = vector.bytes.len();
        }
        if vector.bytes.len() != self.dimensions {
            return None;
        }
        let number = u32::try_from(self.len()).ok()?;
        self.bytes.extend_from_slice(&vector.bytes);
        self.scales.push(vector.scale);
        self.signs.extend(signs(vector.bytes.iter().map(|&value| value > 0)));
        Some(number)
    }

    pub(super) fn get(&self, number: u32) -> Quantised {
        Quantised { scale: self.scales[number as usize], bytes: self.row(number).to_vec() }
    }

    fn row(&self, number: u32) -> &[i8] {
        let begin = number as usize * self.dimensions;
        &self.bytes[begin..begin + self.dimensions]
    }

    /// The vectors nearest to the question with their cosines, best first. Every vector is looked at. First the signs
    /// alone: an eighth of the memory and a fraction of the arithmetic. Then what agrees best, byte by byte.
    pub(super) fn nearest(&self, asked: &Asked) -> Vec<(u32, f32)> {
        let mut nearest: Vec<(u32, f32)> = self
            .agreeing(asked, COMPARED)
            .into_iter()
            .map(|number| (number, asked.cosine(self.scales[number as usize], self.row(number))))
            .collect();
        nearest.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        nearest
    }

    /// At least `wanted` vectors whose signs agree with the question's best; all if there are no more.
    fn agreeing(&self, asked: &Asked, wanted: usize) -> Vec<u32> {
        let all = 0..self.len() as u32;
        if self.len() <= wanted {
            return all.collect();
        }
        let words = self.dimensions.div_ceil(64);
        let differing: Vec<u16> =
            self.signs.chunks_exact(words).map(|row| asked.disagreements(row) as u16).collect();
        let mut counts = vec![0_usize; self.dimensions + 1];
        for &count in &differing {
            counts[usize::from(count)] += 1;
        }
        let mut taken = 0;
        let limit = counts.iter().position(|count| {
            taken += count;
            taken >= wanted
        });
        let limit = limit.unwrap_or(self.dimensions) as u16;
        all.zip(differing).filter(|&(_, count)| count <= limit).map(|(number, _)| number).collect()
    }
}
