//! The command line: exit codes, and commands beside a running server.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::process::{PROGRAM, Process, run, stderr, stdout};

fn code(data: &Path, arguments: &[&str]) -> Option<i32> {
    run(data, arguments).status.code()
}

#[test]
fn wrong_usage_and_wrong_configuration_exit_with_2_and_say_why() {
    let data = tempfile::tempdir().unwrap();
    let own = data.path().join("own.toml");
    let own_path = own.to_str().unwrap();
    assert_eq!(code(data.path(), &["dance"]), Some(2));
    std::fs::write(&own, "[limits]\nper_citicen = 1\n").unwrap();
    let refused = run(data.path(), &["check", "--config", own_path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("per_citicen") && stderr(&refused).contains("per_citizen"),
        "{}",
        stderr(&refused)
    );
    std::fs::write(&own, "[store]\nurl = \"postgres://u:secret@h/d\"\n").unwrap();
    let refused = run(data.path(), &["verify", "--config", own_path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!stderr(&refused).contains("secret"), "a URL's password is not printed: {}", stderr(&refused));
    std::fs::write(&own, "[dialogue]\nanswer_at = 0.1\n[desk]\ncapacity = 0\n").unwrap();
    let refused = run(data.path(), &["serve", "--config", own_path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("capacity") && stderr(&refused).contains("clarify_at"),
        "{}",
        stderr(&refused)
    );
    std::fs::write(&own, "[log]\nlevel = \"warn\"\n").unwrap();
    let fine = run(data.path(), &["check", "--config", own_path]);
    assert_eq!(fine.status.code(), Some(0), "{}", stderr(&fine));
    assert_eq!(code(data.path(), &["import", "/no/such/file.jsonl"]), Some(1));
}

/// Runs a command whose results nobody reads; returns its exit code and what it complained of.
fn unread(data: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = std::process::Command::new(PROGRAM)
        .args(arguments)
        .args(["--data".as_ref(), data.as_os_str()])
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), stderr(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_leaves_early_ends_a_command_quietly_and_no_server() {
    let data = tempfile::tempdir().unwrap();
    // As the shell shows the end of a program by SIGPIPE.
    let quiet = (Some(141), String::new());
    assert_eq!(unread(data.path(), &["check"]), quiet);
    assert_eq!(unread(data.path(), &["search", "身份证丢了怎么补办"]), quiet);
    // What was opened was closed: the store can be opened again at once, and nothing is broken in it.
    assert_eq!(code(data.path(), &["verify"]), Some(0));
    let process = Process::serve(data.path(), &[]);
    assert_eq!(unread(data.path(), &["export", "--entries"]), quiet, "beside a running server");
    let live = reqwest::get(format!("{}/live", process.url)).await.unwrap();
    assert_eq!(live.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_announcements_nobody_reads_serves() {
    let data = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = std::process::Command::new(PROGRAM)
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(data.path())
        .stdout(writer)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let url = format!("http://127.0.0.1:{port}/live");
    let lives = eventually("the server", async || {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        reqwest::get(&url).await.ok()
    })
    .await;
    assert_eq!(lives.status(), 200);
    let told = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn questions_are_asked_and_searched_without_a_server() {
    let data = tempfile::tempdir().unwrap();
    let asked = run(data.path(), &["ask", "身份证丢了怎么补办", "--json"]);
    let answer: Value = serde_json::from_str(&stdout(&asked)).unwrap();
    assert_eq!(answer["outcome"], "answered", "{answer}");
    assert!(answer["milliseconds"].is_number());
    let searched = run(data.path(), &["search", "身份证丢了怎么补办", "--limit", "3", "--json"]);
    let found: Value = serde_json::from_str(&stdout(&searched)).unwrap();
    assert_eq!(found["hits"].as_array().unwrap().len(), 3);
    assert!(found["hits"][0]["features"].is_object());
    let person = stdout(&run(data.path(), &["ask", "我要人工"]));
    assert!(person.contains("第 1 位") && !person.contains('{'), "{person}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_imports_exports_and_backups_work_beside_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    let process = Process::serve(data.path(), &[]);
    assert!(process.printed.iter().any(|line| line.contains("one-time password")), "{:?}", process.printed);
    let added = run(
        data.path(),
        &["helper", "add", "王老师", "--password", "a long password", "--role", "supervisor"],
    );
    assert!(added.status.success(), "{}", stderr(&added));
    let client = reqwest::Client::new();
    let body = json!({ "name": "王老师", "password": "a long password" });
    let login = client.post(format!("{}/api/v1/desk/login", process.url)).json(&body).send().await.unwrap();
    assert_eq!(login.status(), 200, "the running server knows the account at once");
    let again = run(data.path(), &["helper", "add", "王老师", "--password", "a long password"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stdout(&run(data.path(), &["helper", "list"])).contains("王老师\tsupervisor\tactive"));

    let file = data.path().join("more.jsonl");
    let entry =
        json!({ "id": "moon", "kind": "faq", "title": "月球旅行许可", "answer": "请到市民中心三楼办理。" });
    std::fs::write(&file, format!("{entry}\n")).unwrap();
    let imported = run(data.path(), &["import", file.to_str().unwrap()]);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let ask = json!({ "question": "月球旅行许可怎么办" });
    let answer: Value = client
        .post(format!("{}/api/v1/ask", process.url))
        .json(&ask)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["citations"][0]["id"], "moon", "{answer}");
    std::fs::write(&file, "{\"id\":\"x\"}\n{").unwrap();
    let refused = run(data.path(), &["import", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("more.jsonl:1") && stderr(&refused).contains("more.jsonl:2"),
        "{}",
        stderr(&refused)
    );

    let reindexed = run(data.path(), &["reindex"]);
    assert!(reindexed.status.success(), "{}", stderr(&reindexed));
    assert!(stdout(&reindexed).contains("indexed anew"), "{}", stdout(&reindexed));

    let backup = data.path().join("backup");
    let saved = run(data.path(), &["backup", backup.to_str().unwrap()]);
    assert!(saved.status.success(), "{}", stderr(&saved));
    assert!(run(data.path(), &["verify"]).status.success());
    let entries = stdout(&run(data.path(), &["export", "--entries"]));
    assert!(
        entries.lines().count() > 300
            && entries.lines().all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    assert_eq!(run(data.path(), &["helper", "disable", "王老师"]).status.code(), Some(0));
    let login = client.post(format!("{}/api/v1/desk/login", process.url)).json(&body).send().await.unwrap();
    assert_eq!(login.status(), 401);
    assert_eq!(process.terminate(), Some(0));

    assert!(run(data.path(), &["reindex"]).status.success(), "without a server, too");

    let elsewhere = tempfile::tempdir().unwrap();
    let restored = run(elsewhere.path(), &["restore", backup.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", stderr(&restored));
    assert_eq!(stdout(&run(elsewhere.path(), &["export", "--entries"])), entries);
    let asked = run(elsewhere.path(), &["ask", "月球旅行许可怎么办", "--json"]);
    let answer: Value = serde_json::from_str(&stdout(&asked)).unwrap();
    assert_eq!(answer["citations"][0]["id"], "moon", "the index is rebuilt from the restored store");
    assert_eq!(
        code(elsewhere.path(), &["restore", backup.to_str().unwrap()]),
        Some(2),
        "a store that is not empty is not written over"
    );
}

#[test]
fn retrieval_is_evaluated_over_files() {
    let data = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = data.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let corpus = write(
        "c.jsonl",
        "{\"id\":\"d1\",\"title\":\"护照怎么办理\",\"text\":\"\"}\n{\"id\":\"d2\",\"title\":\"身份证丢失补办\",\"text\":\"带户口簿\",\"similar\":[\"身份证不见了\"]}\n",
    );
    let queries = write(
        "q.jsonl",
        "{\"id\":\"q1\",\"text\":\"身份证不见了咋办\"}\n{\"id\":\"q2\",\"text\":\"今晚吃什么\",\"type\":\"unans_far\"}\n",
    );
    let qrels = write("r.tsv", "q1\td2\t1\n");
    let run_file = data.path().join("run.tsv");
    let output = run(
        data.path(),
        &[
            "evaluate",
            "retrieval",
            "--corpus",
            &corpus,
            "--queries",
            &queries,
            "--qrels",
            &qrels,
            "--run",
            run_file.to_str().unwrap(),
            "--json",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let figures: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(figures["hit@1"], 1.0, "{figures}");
    let rows = std::fs::read_to_string(run_file).unwrap();
    assert!(rows.starts_with("q1\td2\t1\t"), "{rows}");
}

#[test]
fn collections_are_measured_beside_what_everybody_ships() {
    let data = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = data.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    write(
        "all/small/corpus.jsonl",
        "{\"id\":\"d1\",\"title\":\"护照怎么办理\",\"text\":\"\"}\n{\"id\":\"d2\",\"title\":\"身份证丢失补办\",\"text\":\"带户口簿\",\"similar\":[\"身份证不见了\"]}\n",
    );
    write(
        "all/small/dev/queries.jsonl",
        "{\"id\":\"q1\",\"text\":\"身份证丢失怎么补办\"}\n{\"id\":\"q2\",\"text\":\"今晚吃什么\",\"type\":\"unans_far\"}\n",
    );
    write("all/small/dev/qrels.tsv", "q1\td2\t1\n");
    let published = write("published.toml", "[another.small]\n\"hit@1\" = 0.25\n");
    let (all, runs) = (data.path().join("all"), data.path().join("runs"));
    let (all, runs) = (all.to_str().unwrap(), runs.to_str().unwrap());

    let output = run(data.path(), &["evaluate", "collections", all, "--noise", "--json", "--runs", runs]);
    assert!(output.status.success(), "{}", stderr(&output));
    let measured: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let rows: Vec<(&Value, &Value, &Value)> = measured["collections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["with_similar"], &row["system"], &row["figures"]["hit@1"]))
        .collect();
    let (yes, no, right) = (Value::from(true), Value::from(false), Value::from(1.0));
    let (product, baseline) = (Value::from("product"), Value::from("baseline"));
    assert_eq!(
        rows,
        [
            (&no, &product, &right),
            (&no, &baseline, &right),
            (&yes, &product, &right),
            (&yes, &baseline, &right)
        ]
    );
    let noises: Vec<&Value> =
        measured["robustness"].as_array().unwrap().iter().map(|row| &row["noise"]).collect();
    assert_eq!(noises[..5], ["homophone", "dropped", "swapped", "traditional", "filler"]);
    assert_eq!(noises.len(), 10);
    let run_file = std::fs::read_to_string(data.path().join("runs/small+similar.tsv")).unwrap();
    assert!(run_file.starts_with("q1\td2\t1\t"), "{run_file}");

    let printed = run(data.path(), &["evaluate", "collections", all, "--baselines", &published]);
    let printed = stdout(&printed);
    assert!(printed.contains("another") && printed.contains("0.250"), "{printed}");
    assert!(printed.contains("tantivy + jieba") && printed.contains("small+similar"), "{printed}");
    assert_eq!(code(data.path(), &["evaluate", "collections", runs]), Some(1), "no collection lies there");
}
