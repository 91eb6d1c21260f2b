//! Knowledge files in and out, by command line and over HTTP: what an office does to keep its entries current.

use std::path::{Path, PathBuf};

use serde_json::Value;
use yikouwen::desk::Role;

use crate::support::helper::Helper;
use crate::support::process::{Process, run, stderr, stdout};
use crate::support::{MEMORY, Server, config};

/// The page that explains knowledge files; its examples are what these tests import.
const PAGE: &str = include_str!("../../docs/knowledge-files.md");

/// The block of that language in the page.
fn example(language: &str) -> &'static str {
    let rest = PAGE.split_once(&format!("```{language}\n")).unwrap().1;
    rest.split_once("```").unwrap().0
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

fn exported(data: &Path) -> Vec<Value> {
    let output = run(data, &["export", "--entries"]);
    stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_example_of_the_manual_is_imported_as_it_stands_there() {
    let data = tempfile::tempdir().unwrap();
    let mapping = write(data.path(), "对照.toml", example("toml"));
    let table = write(data.path(), "旧系统导出.csv", example("csv"));
    let page = write(data.path(), "事项/补办身份证.md", example("markdown"));
    let paths =
        [mapping.to_str().unwrap(), table.to_str().unwrap(), page.parent().unwrap().to_str().unwrap()];
    let refused = run(data.path(), &["import", paths[1]]);
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(
        said.contains("csv:1:2: (column B “*标准问”) unknown column") && said.contains("--mapping"),
        "{said}"
    );
    let done = run(data.path(), &["import", "--mapping", paths[0], paths[1]]);
    assert!(done.status.success(), "{}", stderr(&done));
    let done = run(data.path(), &["import", paths[2]]);
    assert!(done.status.success(), "{}", stderr(&done));
    let entries = exported(data.path());
    assert_eq!(entries.len(), 3);
    let of = |title: &str| entries.iter().find(|entry| entry["title"] == title).unwrap();
    let card = of("社保卡丢了怎么补办");
    assert_eq!(card["similar"], serde_json::json!(["社保卡不见了", "卡丢了去哪补"]));
    assert_eq!((&card["effective_from"], &card["status"]), (&"2026-01-05".into(), &"published".into()));
    assert_eq!(of("老社保卡还能用吗")["expires_on"], "2025-12-31");
    assert_eq!(of("补办居民身份证")["id"], "补办身份证");
    let wrong = write(data.path(), "错.toml", example("toml").replace("\"answer\"", "\"anser\""));
    let said = run(data.path(), &["import", "--mapping", wrong.to_str().unwrap(), paths[1]]);
    assert_eq!(said.status.code(), Some(2));
    assert!(stderr(&said).contains("did you mean `answer`?"), "{}", stderr(&said));
}

#[test]
fn good_files_are_taken_and_bad_ones_listed_unless_all_or_nothing_is_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("in");
    write(&folder, "a.csv", "id,kind,title\ngood,faq,好的\n");
    write(&folder, "deep/b.csv", "id,kind,title,status\nbad,faq,坏的,有效\nfine,faq,一,\n");
    write(
        &folder,
        "c.jsonl",
        "{\"id\":\"c\",\"kind\":\"faq\",\"title\":\"三\",\"superseded_by\":\"fine\"}\n",
    );
    write(&folder, "picture.jpg", "x");
    write(&folder, ".hidden.csv", "x");
    let named = folder.to_str().unwrap();
    let strict = run(data.path(), &["import", "--all-or-nothing", named]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(exported(data.path()).is_empty());
    let lenient = run(data.path(), &["import", named]);
    assert_eq!(lenient.status.code(), Some(1));
    let (said, complained) = (stdout(&lenient), stderr(&lenient));
    assert!(
        said.contains("1 entries of 1 files were taken over") && said.contains("picture.jpg was left out"),
        "{said}"
    );
    for fault in
        ["2 of 3 files were refused", "b.csv:2:4: `status` (column D “status”) `有效`", "it stands in"]
    {
        assert!(complained.contains(fault), "{fault}\n{complained}");
    }
    assert_eq!(exported(data.path())[0]["id"], "good");
}

#[test]
fn exports_are_imported_elsewhere_as_the_same_entries() {
    let data = tempfile::tempdir().unwrap();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/knowledge/demo");
    let imported = run(data.path(), &["import", demo]);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let expected = exported(data.path());
    assert!(expected.len() > 400);
    let process = Process::serve(data.path(), &[]);
    for name in ["知识库.xlsx", "知识库.csv", "知识库.zip", "知识库.jsonl"] {
        let file = data.path().join(name);
        let done = run(data.path(), &["export", "--entries", "--output", file.to_str().unwrap()]);
        assert!(done.status.success(), "{name}: {}", stderr(&done));
        let elsewhere = tempfile::tempdir().unwrap();
        let done = run(elsewhere.path(), &["import", file.to_str().unwrap()]);
        assert!(done.status.success(), "{name}: {}", stderr(&done));
        assert!(exported(elsewhere.path()) == expected, "{name}");
    }
    let printed = run(data.path(), &["export", "--entries", "--format", "csv"]);
    assert!(stdout(&printed).starts_with("\u{feff}id,kind,title"));
    for wrong in [
        ["export", "--entries", "--format", "xlsx"],
        ["export", "--gaps", "--format", "csv"],
        ["export", "--entries", "--format", "docx"],
    ] {
        assert_eq!(run(data.path(), &wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(process.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_kind_are_imported_over_http() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(config(data.path(), MEMORY), &[("编辑", Role::Supervisor)]).await;
    let editor = Helper::log_in(&server, "编辑").await;
    let send = async |query: &str, kind: &str, body: &str| {
        let url = server.url(&format!("/api/v1/knowledge/import{query}"));
        let mut request = server.client.post(url).header("cookie", editor.cookie()).body(body.to_owned());
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let line = "{\"id\":\"moon-1\",\"kind\":\"faq\",\"title\":\"月球旅行许可\",\"answer\":\"三楼。\"}";
    let table = "id,kind,title,answer\nmoon-2,faq,月球居住许可,四楼。\n";
    let page = "---\nid: moon-3\nkind: faq\n---\n# 月球驾驶许可\n\n五楼。\n";
    for (query, kind, body) in [
        ("", "", line),
        ("", "application/x-www-form-urlencoded", line),
        ("", "text/csv; charset=utf-8", table),
        ("?file=%E8%A1%A8.csv", "application/octet-stream", table),
        ("", "text/markdown", page),
        ("?file=a.md", "text/plain", page),
    ] {
        let (status, answer) = send(query, kind, body).await;
        assert_eq!((status, &answer["imported"]), (200, &1.into()), "{query} {kind}: {answer}");
    }
    assert_eq!(server.ask("月球居住许可怎么办", None).await["citations"][0]["id"], "moon-2");
    let (status, problem) = send("?file=%E8%A1%A8.csv", "", "id,kind,title,anser\nx,faq,y,z\n").await;
    assert_eq!(status, 422);
    let fault = &problem["faults"][0];
    assert_eq!(
        (&fault["file"], &fault["line"], &fault["column"]),
        (&"表.csv".into(), &1.into(), &4.into()),
        "{problem}"
    );
    assert_eq!(fault["heading"], "anser");
    for (query, kind) in [("?file=a.exe", ""), ("", "image/png")] {
        let (status, problem) = send(query, kind, "x").await;
        assert_eq!((status, &problem["code"]), (415, &"unknown_format".into()), "{problem}");
    }
    server.stop().await;
}
