//! The walls of the house that the compiler does not keep: who may import whom, and what no file may hold.

use std::path::{Path, PathBuf};

pub(crate) fn sources(directory: &str) -> Vec<(PathBuf, String)> {
    fn walk(directory: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory), &mut found);
    assert!(!found.is_empty(), "{directory}");
    found
}

/// The module of `src/` that a file belongs to.
fn module(path: &Path) -> String {
    let relative = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_import_only_whom_the_architecture_lets_them() {
    // Who may import whom; ARCHITECTURE.md explains each line. `app`, `main`, `lib`, `cli` and `admin` are wiring.
    let allowed: &[(&str, &[&str])] = &[
        ("dialogue", &["dialogue"]),
        ("privacy", &["privacy"]),
        ("print", &["print"]),
        ("store", &["store"]),
        ("bus", &["bus"]),
        ("synthesis", &["synthesis", "dialogue", "privacy"]),
        ("embedding", &["embedding", "privacy"]),
        ("records", &["records", "dialogue", "store", "bus", "privacy"]),
        ("retrieval", &["retrieval", "dialogue", "embedding", "records", "store", "privacy"]),
        ("identity", &["identity", "records", "store"]),
        ("gateway", &["gateway", "dialogue", "identity", "records", "store", "bus", "privacy", "telemetry"]),
        ("desk", &["desk", "dialogue", "records", "store", "bus", "privacy"]),
        ("assist", &["assist", "records", "store", "bus", "privacy", "telemetry"]),
        ("telemetry", &["telemetry", "config"]),
        ("config", &["config", "dialogue"]),
        (
            "http",
            &[
                "http",
                "assist",
                "desk",
                "gateway",
                "identity",
                "records",
                "retrieval",
                "dialogue",
                "store",
                "bus",
                "telemetry",
            ],
        ),
    ];
    let pattern = regex::Regex::new(r"crate::(\w+)").unwrap();
    for (path, text) in sources("src") {
        // Unit tests may borrow the real words and clocks instead of inventing some.
        if path.ends_with("tests.rs") {
            continue;
        }
        let module = module(&path);
        let Some((_, allowed)) = allowed.iter().find(|(name, _)| *name == module) else {
            assert!(
                ["app", "main", "lib", "cli", "admin"].contains(&module.as_str()),
                "{module} has no rule"
            );
            continue;
        };
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for found in pattern.captures_iter(line) {
                let name = &found[1];
                let is_module = [
                    "dialogue",
                    "privacy",
                    "store",
                    "bus",
                    "synthesis",
                    "embedding",
                    "records",
                    "retrieval",
                    "gateway",
                    "identity",
                    "desk",
                    "assist",
                    "telemetry",
                    "config",
                    "http",
                    "app",
                    "cli",
                    "admin",
                ]
                .contains(&name);
                assert!(
                    !is_module || allowed.contains(&name),
                    "{}: {module} may not import {name}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_dialogue_core_knows_no_library_of_the_outside() {
    let foreign = regex::Regex::new(
        r"\b(axum|reqwest|sled|tantivy|teloxide|async_openai|adapters|knowledge|serde|serde_json|tokio)::",
    )
    .unwrap();
    for (path, text) in sources("src/dialogue") {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let in_tests = path.ends_with("tests.rs");
            assert!(in_tests || !foreign.is_match(line), "{}: {line}", path.display());
        }
        let is_engine = path.components().any(|part| {
            part.as_os_str()
                .to_str()
                .is_some_and(|name| name.starts_with("engine") || name.starts_with("writing"))
        });
        let is_port = path.ends_with("ports.rs");
        assert!(
            is_engine || is_port || path.ends_with("tests.rs") || !text.contains("async fn"),
            "{}: async belongs to the engine and its ports",
            path.display()
        );
    }
}

#[test]
fn every_file_says_what_it_is_and_holds_nothing_unfinished() {
    let unfinished = regex::Regex::new(r"\b(todo!|unimplemented!|dbg!)\s*\(").unwrap();
    for directory in ["src", "adapters/src", "knowledge/src", "tests/it"] {
        for (path, text) in sources(directory) {
            assert!(
                text.starts_with("//!") || text.starts_with("#!["),
                "{} has no first line that says what it is",
                path.display()
            );
            if path.ends_with("house_rules.rs") {
                continue;
            }
            assert!(!unfinished.is_match(&text), "{}", path.display());
            assert!(
                path.file_name().is_some_and(|name| name != "mod.rs"),
                "{}: modules are foo.rs + foo/",
                path.display()
            );
        }
    }
}
