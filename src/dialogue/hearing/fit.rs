//! Fits the weights to labelled lines: for each class a support vector machine with squared hinge loss, by dual coordinate
//! descent (Hsieh et al., 2008, "A dual coordinate descent method for large-scale linear SVM"). The order in which lines are
//! looked at comes from a fixed seed, so that the same lines give the same file.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::pieces::Pieces;
use super::{Class, Row, SCALE, Scores};
use crate::dialogue::intent::Intent;

/// A piece has to occur in so many lines.
const OFTEN: usize = 2;

/// How much a mistake counts beside the size of the weights. Chosen by cross-validation: a half and one are a little worse.
const COST: f64 = 2.0;

/// How much concepts count beside other pieces: long words have many pairs of them.
const OF_CONCEPTS: f32 = 0.7;

/// Rounds after which a class is as good as it gets, and the change below which it is so earlier.
const ROUNDS: usize = 60;
const CLOSE: f64 = 0.05;

/// Weights up to this are left out of the file.
const NEARLY_NOTHING: u8 = 2;

/// A line with what it wants.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// The words.
    pub text: String,
    /// What they want; nothing for questions.
    pub label: Option<Intent>,
}

/// Lines as the fit sees them.
pub struct Material {
    names: Vec<String>,
    rarity: Vec<u8>,
    /// The pieces of each line with their values, by row.
    lines: Vec<Vec<(u32, f32)>>,
    labels: Vec<Option<Intent>>,
}

impl Material {
    /// Takes the lines into pieces.
    pub fn new(pieces: &Pieces, lines: &[Line]) -> Self {
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut names: Vec<String> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut taken: Vec<Vec<u32>> = Vec::with_capacity(lines.len());
        for line in lines {
            let mut rows = BTreeSet::new();
            pieces.of(&line.text, &mut |piece| {
                let name = pieces.name(piece);
                let row = known.get(&name).copied().unwrap_or_else(|| {
                    let row = u32::try_from(names.len()).unwrap_or(u32::MAX);
                    names.push(name.clone());
                    counts.push(0);
                    known.insert(name, row);
                    row
                });
                rows.insert(row);
            });
            for &row in &rows {
                counts[row as usize] += 1;
            }
            taken.push(rows.into_iter().collect());
        }
        // Rows in the order of their names: the file shall not change with the order of the lines.
        let kept: BTreeMap<&str, usize> = (0..names.len())
            .filter(|&row| counts[row] >= OFTEN)
            .map(|row| (names[row].as_str(), row))
            .collect();
        let mut place: Vec<Option<u32>> = vec![None; names.len()];
        let mut rarity = Vec::with_capacity(kept.len());
        for (new, &old) in (0..).zip(kept.values()) {
            place[old] = Some(new);
            let share = lines.len() as f32 / counts[old] as f32;
            let kind = if names[old].starts_with('@') { OF_CONCEPTS } else { 1.0 };
            rarity.push((share.ln().max(0.0).sqrt() * kind * SCALE).round().clamp(1.0, 255.0) as u8);
        }
        let lines_taken = taken
            .into_iter()
            .map(|rows| {
                let mut values: Vec<(u32, f32)> = rows
                    .into_iter()
                    .filter_map(|row| place[row as usize])
                    .map(|row| (row, f32::from(rarity[row as usize]) / SCALE))
                    .collect();
                values.sort_unstable_by_key(|&(row, _)| row);
                let length = values.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
                values.iter_mut().for_each(|(_, value)| *value /= length.max(f32::MIN_POSITIVE));
                values
            })
            .collect();
        Self {
            names: kept.into_keys().map(str::to_owned).collect(),
            rarity,
            lines: lines_taken,
            labels: lines.iter().map(|line| line.label).collect(),
        }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What each line wants.
    pub fn labels(&self) -> &[Option<Intent>] {
        &self.labels
    }

    /// Fits one class to the lines that are among those asked for.
    pub fn fit(&self, class: Class, among: impl Fn(usize) -> bool) -> Weights {
        let learned: Vec<usize> = (0..self.lines.len()).filter(|&line| among(line)).collect();
        let mut order: Vec<usize> = (0..learned.len()).collect();
        let side: Vec<f64> =
            learned.iter().map(|&line| if class.holds(self.labels[line]) { 1.0 } else { -1.0 }).collect();
        let mut weights = vec![0.0_f64; self.names.len()];
        let mut bias = 0.0_f64;
        let mut alpha = vec![0.0_f64; learned.len()];
        let slack = 0.5 / COST;
        // Values have length one, and the bias is a piece that every line has.
        let own = 2.0 + slack;
        let mut random = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..ROUNDS {
            for last in (1..order.len()).rev() {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                order.swap(last, (random % (last as u64 + 1)) as usize);
            }
            let mut furthest = 0.0_f64;
            for &at in &order {
                let values = &self.lines[learned[at]];
                let sum: f64 =
                    values.iter().map(|&(row, value)| weights[row as usize] * f64::from(value)).sum();
                let slope = side[at] * (sum + bias) - 1.0 + slack * alpha[at];
                let pull = if alpha[at] == 0.0 { slope.min(0.0) } else { slope };
                furthest = furthest.max(pull.abs());
                if pull.abs() < 1e-12 {
                    continue;
                }
                let before = alpha[at];
                alpha[at] = (before - slope / own).max(0.0);
                let step = (alpha[at] - before) * side[at];
                for &(row, value) in values {
                    weights[row as usize] += step * f64::from(value);
                }
                bias += step;
            }
            if furthest < CLOSE {
                break;
            }
        }
        let whole = |weight: f64| match (weight * f64::from(SCALE)).round().clamp(-127.0, 127.0) as i8 {
            weight if weight.unsigned_abs() <= NEARLY_NOTHING => 0,
            weight => weight,
        };
        Weights { weights: weights.into_iter().map(whole).collect(), bias: bias as f32 }
    }

    /// The score of a line.
    pub fn score(&self, weights: &Weights, line: usize) -> f32 {
        let values = self.lines[line].iter();
        let sum: f32 = values.map(|&(row, value)| f32::from(weights.weights[row as usize]) * value).sum();
        sum / SCALE + weights.bias
    }

    /// The rows of the file.
    pub fn rows(&self, classes: &[Weights]) -> Vec<Row> {
        let row = |(at, piece): (usize, &String)| {
            let weights = (0..).zip(classes).map(|(class, fitted)| (class, fitted.weights[at]));
            Row {
                piece: piece.clone(),
                rarity: self.rarity[at],
                weights: weights.filter(|&(_, weight)| weight != 0).collect(),
            }
        };
        self.names.iter().enumerate().map(row).collect()
    }
}

/// The fitted numbers of one class.
pub struct Weights {
    weights: Vec<i8>,
    bias: f32,
}

/// What is added for each class whatever the words.
pub fn biases(classes: &[Weights]) -> Scores {
    let mut biases = [0.0; Class::ALL.len()];
    for (bias, fitted) in biases.iter_mut().zip(classes) {
        *bias = fitted.bias;
    }
    biases
}
