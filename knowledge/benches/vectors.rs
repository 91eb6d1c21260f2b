//! What a search by embedding costs and what the quantisation loses: vectors without structure, and vectors in
//! clusters around a common direction as models give them, against a full comparison in 32 bits. Run with
//! `cargo bench -p yikouwen-knowledge --bench vectors [ENTRIES [TEXTS [DIMENSIONS]]]`; nothing is asserted.

use std::collections::HashSet;
use std::time::Instant;

use knowledge::EntryId;
use knowledge::vectors::{Space, TextHash, Vectors};

const QUESTIONS: usize = 200;
const COMPARED: usize = 40;
const WANTED: usize = 50;

struct Random(u64);

impl Random {
    fn unit(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// Nearly normal: the sum of four even ones.
    fn direction(&mut self, dimensions: usize) -> Vec<f32> {
        (0..dimensions).map(|_| (0..4).map(|_| self.unit()).sum::<f32>() - 2.0).collect()
    }

    fn below(&mut self, limit: usize) -> usize {
        ((self.unit() * limit as f32) as usize).min(limit - 1)
    }
}

fn mixed(parts: &[(f32, &[f32])]) -> Vec<f32> {
    let mut sum = vec![0.0; parts[0].1.len()];
    for (share, part) in parts {
        for (value, more) in sum.iter_mut().zip(*part) {
            *value += share * more;
        }
    }
    let length = dot(&sum, &sum).sqrt();
    sum.iter().map(|value| value / length).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

/// Each entry's texts are neighbours of each other, and each question of some text.
fn measure(name: &str, entries: usize, texts: usize, dimensions: usize, structure: Option<(f32, usize)>) {
    let mut random = Random(88_172_645_463_325_252);
    let common = random.direction(dimensions);
    let centres: Vec<Vec<f32>> =
        (0..structure.map_or(0, |(_, clusters)| clusters)).map(|_| random.direction(dimensions)).collect();
    let mut exact: Vec<Vec<f32>> = Vec::with_capacity(entries * texts);
    for _ in 0..entries {
        let own = random.direction(dimensions);
        let about = match structure {
            None => own,
            Some((offset, clusters)) => {
                mixed(&[(offset, &common), (1.0, &centres[random.below(clusters)]), (0.8, &own)])
            }
        };
        let about = mixed(&[(1.0, &about)]);
        for _ in 0..texts {
            let noise = mixed(&[(1.0, &random.direction(dimensions))]);
            exact.push(mixed(&[(1.0, &about), (0.5, &noise)]));
        }
    }
    let vectors = Vectors::in_memory(Space { model: "bench".to_owned(), dimensions: None });
    let ids: Vec<EntryId> = (0..entries).map(|n| EntryId::new(format!("e{n}")).expect("an id")).collect();
    let hash = |number: usize| TextHash::of(&number.to_string());
    let held: Vec<_> = (0..entries)
        .map(|n| (ids[n].clone(), (n * texts..(n + 1) * texts).map(hash).collect::<Vec<_>>()))
        .collect();
    vectors.hold(&held).expect("held");
    for (batch, part) in exact.chunks(500).enumerate() {
        let part: Vec<_> =
            part.iter().enumerate().map(|(n, vector)| (hash(batch * 500 + n), vector.clone())).collect();
        vectors.add(&part).expect("added");
    }
    let mut took = Vec::new();
    let (mut kept, mut first, mut off) = ([0_usize; 2], 0, 0.0_f32);
    for number in 0..QUESTIONS {
        let like = random.below(exact.len());
        let noise = mixed(&[(1.0, &random.direction(dimensions))]);
        let question = mixed(&[(1.0, &exact[like]), (0.7, &noise)]);
        let begun = Instant::now();
        let found = vectors.nearest(&question, WANTED, |_| true).expect("comparable");
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        if number >= COMPARED {
            continue;
        }
        let mut all: Vec<(f32, usize)> = (0..entries)
            .map(|entry| {
                let texts = &exact[entry * texts..(entry + 1) * texts];
                (texts.iter().map(|text| dot(&question, text)).fold(f32::MIN, f32::max), entry)
            })
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        first += usize::from(found[0].0 == ids[all[0].1]);
        off = off.max((found[0].1 - all[0].0).abs());
        for (recall, depth) in kept.iter_mut().zip([10, WANTED]) {
            let best: HashSet<&EntryId> = all[..depth].iter().map(|(_, entry)| &ids[*entry]).collect();
            *recall += found[..depth].iter().filter(|(id, _)| best.contains(id)).count();
        }
    }
    took.sort_by(f64::total_cmp);
    let of = |count: usize, depth: usize| count as f64 / (COMPARED * depth) as f64;
    println!(
        "{name}: {} vectors of {dimensions}, {:.0} MB; at best {:.2} ms, p50 {:.2} ms, p99 {:.2} ms; same first {:.3}, recall@10 {:.4}, recall@{WANTED} {:.4}; cosine off by at most {off:.4}",
        exact.len(),
        vectors.holdings().bytes as f64 / 1e6,
        took[0],
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        of(first, 1),
        of(kept[0], 10),
        of(kept[1], WANTED),
    );
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let entries = numbers.next().unwrap_or(56_000);
    let texts = numbers.next().unwrap_or(2);
    let dimensions = numbers.next().unwrap_or(1024);
    measure("without structure", entries, texts, dimensions, None);
    measure("600 clusters", entries, texts, dimensions, Some((0.0, 600)));
    measure("600 clusters around one direction", entries, texts, dimensions, Some((1.0, 600)));
}
