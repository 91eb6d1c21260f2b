//! What is taken, under which name, and that nothing is half there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::{ConversationRecord, Ledger, LedgerPolicy};
use super::*;
use crate::bus::{Events, LocalBus};
use crate::dialogue::Clock;
use crate::dialogue::context::Locale;
use crate::store::{MemoryStore, Range};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01";

fn now() -> Timestamp {
    "2026-11-20T08:00:00Z".parse().unwrap()
}

fn files(limit: usize) -> (Arc<dyn Store>, Files) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    (Arc::clone(&store), Files::new(store, limit, vault()))
}

fn vault() -> Vault {
    Vault::new(b"a secret").unwrap()
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }
}

fn ledger(store: &Arc<dyn Store>) -> Ledger {
    let policy = LedgerPolicy {
        wait_limit: Duration::ZERO,
        grace: Duration::ZERO,
        rating_wait: Duration::ZERO,
        capacity: 1,
    };
    Ledger::new(
        Arc::clone(store),
        Events::new(Arc::new(LocalBus::default())),
        Arc::new(Still),
        policy,
        vault(),
    )
}

async fn records(store: &Arc<dyn Store>) -> usize {
    store.scan_all(&Range::prefix("file", &[])).await.unwrap().len()
}

#[test]
fn content_decides_and_not_the_name() {
    let zip = |part: &str| [b"PK\x03\x04\x14\0\0\0\0\0", part.as_bytes()].concat();
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let ole = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0];
    let table: &[(&str, &[u8], Option<&str>)] = &[
        ("a.png", PNG, Some("image/png")),
        ("a.html", PNG, Some("image/png")),
        ("a.png", b"<html><body>hello</body></html>", None),
        ("a.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>", None),
        ("a.txt", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", None),
        ("a.txt", b"  <!doctype html>", None),
        ("a.txt", "说明：带身份证".as_bytes(), Some("text/plain; charset=utf-8")),
        ("a.txt", b"\xcb\xb5\xc3\xf7", Some("text/plain; charset=gb18030")),
        ("a.txt", b"one\0two", None),
        ("a.js", b"alert(1)", None),
        ("a.txt", b"#!/bin/sh\necho", None),
        ("a.pdf", b"MZ\x90\0", None),
        ("a.pdf", b"%PDF-1.7", Some("application/pdf")),
        ("voice.amr", b"#!AMR\n\0\0\0\0\0\0\0", Some("audio/amr")),
        ("voice.oga", b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0OpusHead", Some("audio/ogg")),
        ("a.zip", &zip("a.txt"), None),
        ("a.ofd", &zip("OFD.xml"), Some("application/ofd")),
        ("a.zip", &zip("OFD.xml"), None),
        ("a.docx", &zip("x/word/document.xml"), Some(docx)),
        ("a.wps", &ole, Some("application/msword")),
        ("a.exe", &ole, None),
    ];
    for (name, data, expected) in table {
        assert_eq!(recognise(Some(name), data).map(|found| found.mime), *expected, "{name}");
    }
}

#[test]
fn names_are_harmless() {
    let jpeg = recognise(None, JPEG).unwrap();
    let table = [
        (Some("身份证.jpg"), "身份证.jpg"),
        (Some("身份证.JPEG"), "身份证.jpeg"),
        (Some("../../etc/passwd"), "passwd.jpg"),
        (Some("C:\\Users\\me\\a.jpg"), "a.jpg"),
        (Some("a.exe"), "a.exe.jpg"),
        (Some("a\r\nSet-Cookie: x.jpg"), "aSet-Cookie_ x.jpg"),
        (Some("a.b/c"), "c.jpg"),
        (Some("\u{202e}gpj.exe"), "gpj.exe.jpg"),
        (Some("..."), "image.jpg"),
        (Some(".jpg"), "image.jpg"),
        (Some(""), "image.jpg"),
        (None, "image.jpg"),
    ];
    for (name, expected) in table {
        assert_eq!(clean_name(name, &jpeg), expected);
    }
    let long = clean_name(Some(&"长".repeat(500)), &jpeg);
    assert_eq!(long.chars().count(), 84);
}

#[tokio::test]
async fn a_file_of_several_chunks_comes_back_as_it_was() {
    let (store, files) = files(2 << 20);
    let data: Bytes = PNG.iter().copied().chain((0..700_000_u32).map(|n| n as u8)).collect();
    let staged = files.stage("f", "o", Some("大图.png"), data.clone(), now()).await.unwrap();
    assert_eq!((staged.bytes, staged.chunks), (data.len() as u64, 3));
    assert_eq!(files.head("f").await.unwrap(), None, "nothing is there before its message");
    assert!(files.staged_by("f", "another").await.unwrap().is_none(), "and nobody else can send it");
    assert!(files.staged_by("f", "o").await.unwrap().is_some());
    let (waiting, version) = files.staged_by("f", "o").await.unwrap().unwrap();
    let ledger = ledger(&store);
    let record = ConversationRecord::new("c".to_owned(), "web", "o", Locale::Zh, now());
    let begun = ledger.begin(record, |change| {
        let attachment = settle(change, &waiting, version, AuthorRecord::Citizen);
        assert_eq!((attachment.name.as_str(), attachment.state), ("大图.png", AttachmentState::Kept));
        Ok(())
    });
    assert!(begun.await.unwrap().is_some());
    let head = files.head("f").await.unwrap().unwrap();
    assert_eq!(files.content(&head).await.unwrap(), Some(data));
    assert!(files.staged("f").await.unwrap().is_none(), "it cannot be sent twice");
    let twice = ledger.change("c", |change| {
        settle(change, &waiting, version, AuthorRecord::Citizen);
        Ok(())
    });
    assert!(twice.await.is_err(), "not even by somebody who saw it wait");
    // Past its time it goes, head and content.
    let later = now().checked_add(Duration::from_secs(100)).unwrap();
    assert_eq!(files.sweep(later, Duration::from_secs(99)).await.unwrap(), 1);
    assert_eq!(records(&store).await, 0);
}

#[tokio::test]
async fn staging_again_leaves_no_chunk_of_the_longer_one() {
    let (store, files) = files(2 << 20);
    let data: Bytes = PNG.iter().copied().chain(std::iter::repeat_n(7, 300_000)).collect();
    files.stage("f", "o", None, data, now()).await.unwrap();
    files.stage("f", "o", None, Bytes::from_static(JPEG), now()).await.unwrap();
    assert_eq!(records(&store).await, 2);
}

#[tokio::test]
async fn what_is_too_large_empty_or_forbidden_leaves_nothing() {
    let (store, files) = files(64);
    let big: Bytes = PNG.iter().copied().chain([0; 64]).collect();
    let refused = files.stage("f", "o", None, big, now()).await;
    assert!(matches!(refused, Err(FileError::TooLarge { limit: 64 })));
    assert!(matches!(files.stage("f", "o", None, Bytes::new(), now()).await, Err(FileError::Empty)));
    let page = Bytes::from_static(b"<html></html>");
    assert!(matches!(files.stage("f", "o", Some("a.html"), page, now()).await, Err(FileError::Forbidden)));
    assert_eq!(records(&store).await, 0);
}

#[tokio::test]
async fn what_never_became_part_of_a_message_is_swept() {
    let (store, files) = files(2 << 20);
    let data: Bytes = PNG.iter().copied().chain(std::iter::repeat_n(7, 300_000)).collect();
    files.stage("f", "o", None, data, now()).await.unwrap();
    let keep = Duration::from_secs(86_400);
    assert_eq!(files.sweep(now(), keep).await.unwrap(), 0, "it may still be sent");
    let later = now().checked_add(PATIENCE + Duration::from_secs(1)).unwrap();
    assert_eq!(files.sweep(later, keep).await.unwrap(), 1);
    assert_eq!(records(&store).await, 0);
}
