//! What changes, restarts and damage do to the index.

use jiff::civil::date;

use super::*;
use crate::entry::{Details, Entry};

fn entry(id: &str, title: &str) -> Placed {
    Placed::everywhere(Entry::new(EntryId::new(id).unwrap(), title, Details::Faq))
}

fn upsert(id: &str, title: &str) -> Change {
    Change::Upsert(Box::new(entry(id, title)))
}

fn scope() -> Scope {
    Scope { region: None, audience: None, on: date(2026, 1, 1) }
}

fn check_found(index: &Index, text: &str, expected: &[&str]) {
    let hits = index.search(&Query { text: text.to_owned(), scope: scope() }, 10).unwrap();
    let ids: Vec<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
    assert_eq!(ids, expected, "{text}");
}

fn open(dir: &Path) -> Result<Index, IndexError> {
    Index::open(dir, Analyzer::shared())
}

#[test]
fn a_change_is_searchable_when_apply_returns() {
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    assert!(index.is_empty());
    index.apply(&[upsert("a", "居住证办理"), upsert("b", "护照换发")], 7).unwrap();
    assert_eq!((index.generation(), index.len()), (7, 2));
    check_found(&index, "居住证", &["a"]);
    index.apply(&[upsert("a", "身份证补领"), Change::Delete(EntryId::new("nobody").unwrap())], 8).unwrap();
    check_found(&index, "居住", &[]);
    check_found(&index, "身份证", &["a"]);
    index.apply(&[Change::Delete(EntryId::new("a").unwrap())], 9).unwrap();
    check_found(&index, "身份证", &[]);
    assert_eq!((index.generation(), index.len()), (9, 1));
    assert!(index.has(&EntryId::new("b").unwrap()).unwrap());
    assert!(!index.has(&EntryId::new("a").unwrap()).unwrap());
}

#[test]
fn later_changes_of_one_batch_win() {
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    index.apply(&[upsert("a", "居住证办理"), upsert("a", "护照换发")], 1).unwrap();
    assert_eq!(index.len(), 1);
    check_found(&index, "护照", &["a"]);
    check_found(&index, "居住证", &[]);
}

#[test]
fn what_is_staged_is_searchable_from_the_commit_on() {
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    index.stage(&[upsert("a", "居住证办理")]).unwrap();
    index.stage(&[upsert("b", "护照换发"), upsert("a", "身份证补领")]).unwrap();
    assert_eq!((index.generation(), index.len()), (0, 0));
    check_found(&index, "护照", &[]);
    index.commit(5).unwrap();
    assert_eq!((index.generation(), index.len()), (5, 2));
    check_found(&index, "护照", &["b"]);
    check_found(&index, "居住", &[]);
}

#[test]
fn an_index_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let index = open(dir.path()).unwrap();
    assert_eq!(index.generation(), 0);
    index.apply(&[upsert("a", "居住证办理")], 3).unwrap();
    drop(index);
    let index = open(dir.path()).unwrap();
    assert_eq!((index.generation(), index.len()), (3, 1));
    check_found(&index, "居住证", &["a"]);
}

#[test]
fn a_rebuild_replaces_everything() {
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    index.apply(&[upsert("a", "居住证办理")], 1).unwrap();
    index.rebuild([entry("b", "护照换发")], 2).unwrap();
    assert_eq!((index.generation(), index.len()), (2, 1));
    check_found(&index, "居住证", &[]);
    check_found(&index, "护照", &["b"]);
}

#[test]
fn questions_stay_with_their_entry_through_many_commits_and_merges() {
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    for round in 0..40 {
        let changes: Vec<Change> = (0..5)
            .map(|number| {
                let mut entry = Entry::new(
                    EntryId::new(format!("e{}", (round * 3 + number) % 20)).unwrap(),
                    "标题",
                    Details::Faq,
                );
                entry.similar = (0..3).map(|at| format!("第{number}种问法{at}")).collect();
                Change::Upsert(Box::new(Placed::everywhere(entry)))
            })
            .collect();
        index.apply(&changes, round).unwrap();
    }
    assert_eq!(index.len(), 20);
    let snapshot = index.snapshot();
    let (mut numbers, mut units) = (Vec::new(), Vec::new());
    for segment in snapshot.segments() {
        for document in segment.reader().doc_ids_alive() {
            segment.text(document, &mut numbers, &mut units);
            let text = String::from_utf16(&units).unwrap();
            let questions: Vec<&str> = text.split('\u{2}').collect();
            assert_eq!(questions[0], "\u{1}标题");
            let kind = questions[1].chars().nth(1).unwrap();
            let expected: Vec<String> = (0..3).map(|at| format!("第{kind}种问法{at}")).collect();
            assert_eq!(questions[1..], expected);
        }
    }
}

#[test]
fn two_processes_cannot_share_an_index() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(IndexError::InUse)));
}

#[test]
fn damage_and_other_versions_ask_for_a_rebuild() {
    let damages: [fn(&Path); 6] = [
        |dir| std::fs::write(dir.join("meta.json"), b"{}").unwrap(),
        |dir| {
            let meta = std::fs::read_to_string(dir.join("meta.json")).unwrap();
            std::fs::write(dir.join("meta.json"), meta.replace("layout", "older")).unwrap();
        },
        |dir| segment_files(dir).for_each(|file| std::fs::remove_file(file).unwrap()),
        |dir| segment_files(dir).for_each(|file| std::fs::write(file, b"").unwrap()),
        |dir| {
            segment_files(dir).for_each(|file| {
                let bytes = std::fs::read(&file).unwrap();
                std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
            });
        },
        |dir| {
            segment_files(dir).for_each(|file| {
                let mut bytes = std::fs::read(&file).unwrap();
                bytes[0] ^= 0xFF;
                std::fs::write(file, bytes).unwrap();
            });
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let index = open(dir.path()).unwrap();
        index.apply(&[upsert("a", "居住证办理")], 3).unwrap();
        drop(index);
        damage(dir.path());
        let outcome = open(dir.path());
        assert!(matches!(outcome, Err(IndexError::Rebuild(_))), "damage {number}: {outcome:?}");
        Index::discard(dir.path()).unwrap();
        let index = open(dir.path()).unwrap();
        index.rebuild([entry("a", "居住证办理")], 4).unwrap();
        check_found(&index, "居住证", &["a"]);
    }
}

fn segment_files(dir: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    files
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "store" || extension == "term"))
}

#[test]
fn suggestions_contain_what_was_typed_and_titles_that_begin_with_it_come_first() {
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    let mut card = Entry::new(EntryId::new("card").unwrap(), "补办社保卡", Details::Faq);
    card.similar = vec!["社保卡丢了".to_owned(), "etc怎么办".to_owned()];
    index.rebuild([Placed::everywhere(card), entry("use", "社保卡怎么用"), entry("tax", "退税")], 1).unwrap();
    let check = |typed: &str, expected: &[&str]| {
        let lines = index.suggest(typed, &scope(), 10).unwrap();
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, expected, "{typed}");
    };
    check("社保卡", &["社保卡怎么用", "社保卡丢了"]);
    check("補辦", &["补办社保卡"]);
    check("ET", &["etc怎么办"]);
    check("保卡怎", &["社保卡怎么用"]);
    check("", &[]);
    check("飞机", &[]);
}

#[test]
fn searches_run_beside_a_change() {
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    index.apply(&[upsert("a", "居住证办理")], 1).unwrap();
    std::thread::scope(|threads| {
        let changing = threads.spawn(|| {
            for generation in 2..12 {
                index.rebuild([entry("a", "居住证办理")], generation).unwrap();
            }
        });
        while !changing.is_finished() {
            check_found(&index, "居住证", &["a"]);
        }
    });
}
