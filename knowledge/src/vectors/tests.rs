//! What is kept is found again, after a restart, a crash and a change; and the search finds what a full comparison
//! would.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

const SIZE: usize = 24;

fn space() -> Space {
    Space { model: "toy".to_owned(), dimensions: None }
}

fn id(number: usize) -> EntryId {
    EntryId::new(format!("e{number}")).unwrap()
}

fn hash(number: usize) -> TextHash {
    TextHash::of(&number.to_string())
}

/// A direction of its own for every number, the same at every call.
fn vector(number: usize) -> Vec<f32> {
    let mut state = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..SIZE).map(|_| next()).collect()
}

fn opened(path: &Path) -> (Vectors, Found) {
    Vectors::open(path, space()).unwrap()
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vectors").join("log");
    (directory, path)
}

/// The ids nearest to the vector of that number.
fn near(vectors: &Vectors, number: usize, limit: usize) -> Vec<String> {
    let found = vectors.nearest(&vector(number), limit, |_| true).unwrap();
    found.into_iter().map(|(id, _)| id.to_string()).collect()
}

/// Ten entries, each with one text of its own.
fn fill(vectors: &Vectors) {
    let entries: Vec<_> = (0..10).map(|number| (id(number), vec![hash(number)])).collect();
    assert!(vectors.hold(&entries).unwrap());
    vectors.add(&(0..10).map(|number| (hash(number), vector(number))).collect::<Vec<_>>()).unwrap();
}

#[test]
fn a_restart_keeps_vectors_and_whose_they_are() {
    let (_directory, path) = file();
    let (vectors, found) = opened(&path);
    assert_eq!(found, Found::Nothing);
    fill(&vectors);
    vectors.hold(&[(id(3), vec![hash(4), hash(77)]), (id(5), vec![])]).unwrap();
    let before: Vec<_> = (0..10).map(|number| near(&vectors, number, 3)).collect();
    let holdings = vectors.holdings();
    assert_eq!((holdings.vectors, holdings.lacking), (8, 1));
    drop(vectors);
    let (vectors, found) = opened(&path);
    assert_eq!(found, Found::Vectors);
    assert_eq!((0..10).map(|number| near(&vectors, number, 3)).collect::<Vec<_>>(), before);
    assert_eq!(vectors.holdings(), holdings);
    assert_eq!(vectors.dimensions(), Some(SIZE));
    assert!(vectors.lacks(hash(77)) && !vectors.lacks(hash(3)), "the vector of a text nobody has is kept");
    let same = (id(3), vec![hash(4), hash(77)]);
    assert!(!vectors.hold(&[same]).unwrap(), "nothing has changed");
}

#[test]
fn entries_out_of_scope_take_no_place_and_an_entry_counts_once_by_its_best_text() {
    let vectors = Vectors::in_memory(space());
    fill(&vectors);
    vectors.hold(&[(id(1), vec![hash(1), hash(2)]), (id(2), vec![hash(2)])]).unwrap();
    assert_eq!(
        near(&vectors, 2, 2).into_iter().collect::<BTreeSet<_>>(),
        ["e1", "e2"].map(str::to_owned).into()
    );
    let found = vectors.nearest(&vector(2), 10, |id| id.as_str() != "e2").unwrap();
    assert_eq!(found.len(), 9);
    assert_eq!(found[0].0, id(1));
    assert!((found[0].1 - 1.0).abs() < 0.01, "{}", found[0].1);
    assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
}

#[test]
fn another_model_or_size_begins_anew() {
    let others = [
        Space { model: "another".to_owned(), dimensions: None },
        Space { model: "toy".to_owned(), dimensions: Some(SIZE) },
    ];
    for other in others {
        let (_directory, path) = file();
        fill(&opened(&path).0);
        let (vectors, found) = Vectors::open(&path, other).unwrap();
        assert_eq!(found, Found::Other);
        assert_eq!(vectors.holdings(), Holdings::default());
        fill(&vectors);
        assert_eq!(near(&vectors, 7, 1), ["e7"]);
    }
    let vectors = Vectors::in_memory(space());
    fill(&vectors);
    vectors.begin_anew().unwrap();
    vectors.add(&[(hash(1), vec![1.0; 3])]).unwrap();
    assert_eq!(vectors.dimensions(), Some(3));
}

#[test]
fn what_cannot_be_compared_is_refused_whole() {
    let vectors = Vectors::in_memory(space());
    fill(&vectors);
    let good = (hash(20), vector(20));
    for bad in [vec![1.0; SIZE + 1], vec![0.0; SIZE], vec![f32::NAN; SIZE], vec![]] {
        assert!(vectors.add(&[good.clone(), (hash(21), bad.clone())]).is_err(), "{bad:?}");
        assert!(vectors.nearest(&bad, 5, |_| true).is_err(), "{bad:?}");
    }
    assert!(vectors.lacks(hash(20)));
    assert!(Vectors::in_memory(space()).add(&[(hash(1), vec![1.0; MAX_DIMENSIONS + 1])]).is_err());
}

#[test]
fn a_file_cut_or_damaged_anywhere_gives_what_came_before() {
    let (_directory, path) = file();
    fill(&opened(&path).0);
    let whole = std::fs::read(&path).unwrap();
    let mut sizes = BTreeSet::new();
    for place in (0..whole.len()).step_by(5) {
        for damage in [true, false] {
            let mut bytes = whole.clone();
            if damage {
                bytes[place] ^= 0x10;
            } else {
                bytes.truncate(place);
            }
            std::fs::write(&path, &bytes).unwrap();
            let (vectors, found) = opened(&path);
            assert!(!damage || found != Found::Vectors, "{place}: damage goes unnoticed");
            let held = vectors.holdings();
            sizes.insert(held.vectors);
            // Whatever is left, it can be used and added to, and the next start finds it whole.
            fill_again(&vectors);
            drop(vectors);
            let (vectors, found) = opened(&path);
            assert_eq!((found, vectors.holdings().vectors), (Found::Vectors, 10), "{place}");
        }
    }
    assert!(sizes.len() > 5, "{sizes:?}");
}

/// As [`fill`], where some of it may be there already.
fn fill_again(vectors: &Vectors) {
    let entries: Vec<_> = (0..10).map(|number| (id(number), vec![hash(number)])).collect();
    vectors.hold(&entries).unwrap();
    vectors.add(&(0..10).map(|number| (hash(number), vector(number))).collect::<Vec<_>>()).unwrap();
}

#[test]
fn compacting_leaves_out_what_no_entry_has() {
    let (_directory, path) = file();
    let (vectors, _) = opened(&path);
    fill(&vectors);
    let unused: Vec<_> = (100..100 + WORTH_COMPACTING).map(|number| (hash(number), vector(number))).collect();
    vectors.add(&unused[1..]).unwrap();
    assert!(!vectors.compact().unwrap(), "too few");
    vectors.add(&unused[..1]).unwrap();
    let before = (std::fs::metadata(&path).unwrap().len(), near(&vectors, 4, 10));
    assert!(vectors.compact().unwrap());
    assert!(std::fs::metadata(&path).unwrap().len() < before.0 / 20);
    assert_eq!(near(&vectors, 4, 10), before.1);
    vectors.add(&[(hash(50), vector(50))]).unwrap();
    vectors.hold(&[(id(50), vec![hash(50)])]).unwrap();
    drop(vectors);
    let (vectors, found) = opened(&path);
    assert_eq!(found, Found::Vectors);
    assert_eq!(near(&vectors, 50, 1), ["e50"]);
    assert_eq!(near(&vectors, 4, 1), ["e4"]);
}

#[test]
fn many_vectors_are_found_as_by_comparing_all() {
    let vectors = Vectors::in_memory(space());
    let numbers = 0..6000;
    vectors
        .hold(&numbers.clone().map(|number| (id(number), vec![hash(number)])).collect::<Vec<_>>())
        .unwrap();
    vectors.add(&numbers.clone().map(|number| (hash(number), vector(number))).collect::<Vec<_>>()).unwrap();
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let mut common = 0;
    for asked in 7000..7050 {
        let question = vector(asked);
        let mut all: Vec<(f32, usize)> =
            numbers.clone().map(|number| (cosine(&question, &vector(number)), number)).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let best: BTreeSet<String> = all[..10].iter().map(|(_, number)| id(*number).to_string()).collect();
        common += near(&vectors, asked, 10).iter().filter(|id| best.contains(*id)).count();
    }
    // Directions without any structure and few dimensions are the worst case for the signs.
    assert!(common >= 490, "{common} of 500");
}

#[derive(Debug, Clone)]
enum Step {
    Hold(usize, Vec<usize>),
    Add(usize),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let texts = prop::collection::btree_set(0_usize..12, 0..4).prop_map(|set| set.into_iter().collect());
    let step = prop_oneof![
        4 => (0_usize..6, texts).prop_map(|(entry, texts)| Step::Hold(entry, texts)),
        4 => (0_usize..12).prop_map(Step::Add),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_happens_an_entry_is_found_by_those_of_its_texts_that_have_vectors(steps in steps()) {
        let (_directory, path) = file();
        let mut vectors = opened(&path).0;
        let (mut entries, mut known) = (BTreeMap::<usize, Vec<usize>>::new(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Hold(entry, texts) => {
                    vectors.hold(&[(id(entry), texts.iter().map(|&text| hash(text)).collect())]).unwrap();
                    entries.insert(entry, texts);
                }
                Step::Add(text) => {
                    vectors.add(&[(hash(text), vector(text))]).unwrap();
                    known.insert(text);
                }
                Step::Reopen => {
                    drop(vectors);
                    vectors = opened(&path).0;
                }
            }
            for text in 0..12 {
                prop_assert_eq!(vectors.lacks(hash(text)), !known.contains(&text));
            }
            let found: BTreeSet<String> = near(&vectors, 0, 100).into_iter().collect();
            let expected: BTreeSet<String> = entries
                .iter()
                .filter(|(_, texts)| texts.iter().any(|text| known.contains(text)))
                .map(|(entry, _)| id(*entry).to_string())
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
