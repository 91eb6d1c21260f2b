//! The page of everything that is measured without a model: its figures are those of the JSON, and those of the commands that
//! it names, and nothing of a file's name gets into it as markup.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use crate::support::process::PROGRAM;

/// About so many lines of each file are measured: what is shown of more is no different.
const LINES: usize = 16;

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn program(arguments: &[&str]) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_remove("OPENAI_API_KEY").env_remove("OPENAI_BASE_URL");
    let done = command.output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// So many, of how many, and the share, of each figure of the JSON.
fn of_json(report: &Value) -> BTreeMap<String, (u64, u64, f64)> {
    let mut figures = BTreeMap::new();
    for part in report["parts"].as_array().unwrap() {
        for set in part["sets"].as_array().unwrap() {
            for figure in set["figures"].as_array().unwrap() {
                let number = |name: &str| figure[name].as_u64().unwrap();
                let values = (number("part"), number("whole"), figure["share"].as_f64().unwrap());
                let known = figures.insert(figure["id"].as_str().unwrap().to_owned(), values);
                assert!(known.is_none(), "{figure} is there twice");
            }
        }
    }
    figures
}

/// The same of the page: what is shown, and what is drawn.
fn of_page(page: &str) -> BTreeMap<String, (u64, u64, f64)> {
    let row = Regex::new(concat!(
        r#"<tr data-figure="([^"]+)">.*?data-part="(\d+)" data-whole="(\d+)">(\d+) / (\d+)</td>"#,
        r#"<td[^>]* data-share="([0-9.]+)">([0-9.]+) %<svg.*?class="part" width="([0-9.]+)""#
    ))
    .unwrap();
    let mut figures = BTreeMap::new();
    for found in row.captures_iter(page) {
        let (part, whole): (u64, u64) = (found[2].parse().unwrap(), found[3].parse().unwrap());
        assert_eq!((&found[4], &found[5]), (&found[2], &found[3]), "{}", &found[1]);
        let share: f64 = found[6].parse().unwrap();
        let (shown, drawn): (f64, f64) = (found[7].parse().unwrap(), found[8].parse().unwrap());
        // What is not all is never shown as all, so that 99.96 % may be 99.9 %.
        assert!((shown - share * 100.0).abs() < 0.11, "{}: {shown} % for {share}", &found[1]);
        assert!((drawn - share * 100.0).abs() < 0.01, "{}: {drawn} for {share}", &found[1]);
        figures.insert(found[1].to_owned(), (part, whole, share));
    }
    figures
}

#[test]
fn the_page_shows_the_figures_of_the_json_and_the_commands_measure_them_again() {
    // A directory whose name would be markup, if it were not escaped.
    let data = tempfile::tempdir().unwrap();
    let fixtures = data.path().join("a<i>&\"'lines");
    std::fs::create_dir(&fixtures).unwrap();
    for file in std::fs::read_dir(at("tests/fixtures")).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|ending| ending == "jsonl") {
            let text = std::fs::read_to_string(&file).unwrap();
            let every = (text.lines().count() / LINES).max(1);
            let lines: String = text.lines().step_by(every).map(|line| format!("{line}\n")).collect();
            std::fs::write(fixtures.join(file.file_name().unwrap()), lines).unwrap();
        }
    }
    let out = data.path().join("out");
    let (out_name, fixtures_name) = (out.to_str().unwrap(), fixtures.to_str().unwrap());
    let entries = at("knowledge/demo");
    let said = program(&[
        "evaluate",
        "report",
        "--out",
        out_name,
        "--fixtures",
        fixtures_name,
        "--entries",
        entries.to_str().unwrap(),
    ]);
    assert!(said.contains("report.json") && said.contains("index.html"), "{said}");
    let report: Value = serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
    let page = std::fs::read_to_string(out.join("index.html")).unwrap();
    let figures = of_json(&report);
    assert!(figures.len() > 60, "{}", figures.len());
    assert_eq!(of_page(&page), figures);
    for (id, (part, whole, share)) in &figures {
        assert!(part <= whole && *whole > 0, "{id}");
        assert!((share - *part as f64 / *whole as f64).abs() < 1e-12, "{id}");
    }

    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert!(page.contains(env!("CARGO_PKG_VERSION")) && page.contains(report["date"].as_str().unwrap()));
    assert!(!page.contains("<i>") && page.contains("a&lt;i&gt;&amp;&quot;'lines"), "what is escaped");
    for foreign in ["<script", "<link", "<img", "<iframe", "http://", "https://", "url(", "@import"] {
        assert!(!page.contains(foreign), "{foreign}");
    }

    // Some of the commands, as the page names them, by a shell.
    let sets: Vec<&Value> = report["parts"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|part| part["sets"].as_array().unwrap())
        .collect();
    for (name, id, pointer) in [
        ("masking_unseen", "masking/masking_unseen/mobile: hidden", "/mobile/right"),
        ("intents_unseen", "intents/intents_unseen/ask_human: heard", "/ask_human/right"),
        ("answers_unseen", "guardrails/answers_unseen/wrong answers caught", "/all/caught"),
        ("gold", "answers/gold/answered from a right entry", "/answerable/right"),
    ] {
        let set = sets.iter().find(|set| set["file"].as_str().unwrap().contains(&format!("{name}.jsonl")));
        let command = set.unwrap()["command"].as_str().unwrap();
        let command = command.replace("yikouwen ", &format!("{PROGRAM} ")).replace("--misses", "--json");
        let command =
            command.replace("--data DIR", &format!("--data {}", data.path().join("data").display()));
        let mut shell = Command::new("sh");
        shell.args(["-c", &command]).env_remove("OPENAI_API_KEY").env_remove("OPENAI_BASE_URL");
        let done = shell.output().unwrap();
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
        let again: Value = serde_json::from_slice(&done.stdout).unwrap();
        let value = again.pointer(pointer).and_then(Value::as_u64);
        assert_eq!(value, Some(figures[id].0), "{command}");
    }
}
