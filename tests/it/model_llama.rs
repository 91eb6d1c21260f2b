//! Against llama.cpp's own inference, with a model of random weights: its words are noise, its protocol is real. Compiling it
//! takes long, so these tests are run by `make test-llama` alone.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::drafts::{Seen, seen};
use crate::support::identity::free_port;
use crate::support::oracle::{Serving, python};
use crate::support::process::{run, stdout};
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config};

const QUESTION: &str = "身份证丢了怎么补办";

/// The server of llama-cpp-python.
struct Llama {
    _serving: Serving,
    url: String,
}

impl Llama {
    /// Starts it with a model made in this directory, which reads so many tokens.
    async fn start(directory: &Path, context: u32) -> Self {
        let file = directory.join("random.gguf");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/llama_model.py");
        let made = Command::new(python("llama")).arg(script).arg(&file).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let serving = Serving::start(
            Command::new(python("llama"))
                .args([
                    "-m",
                    "llama_cpp.server",
                    "--model_alias",
                    "tiny",
                    "--host",
                    "127.0.0.1",
                    "--verbose",
                    "False",
                ])
                .args(["--port", &port.to_string(), "--n_ctx", &context.to_string(), "--api_key", "sk-test"])
                .arg("--model")
                .arg(&file)
                .env("NO_PROXY", "*"),
        );
        let llama = Self { _serving: serving, url: format!("http://127.0.0.1:{port}/v1") };
        let models = format!("{}/models", llama.url);
        for _ in 0..240 {
            let asked = reqwest::Client::new().get(&models).bearer_auth("sk-test").send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return llama;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("llama_cpp.server did not begin to serve within a minute");
    }

    /// The settings of a program that asks it, and waits as long as it takes.
    fn section(&self, more: &str) -> String {
        format!(
            "[dialogue]\npatience = \"0s\"\nrewrite = \"model\"\nrewrite_patience = \"60s\"\n[model]\nbase_url = \"{}\"\nmodel = \"tiny\"\n\
             profile = \"llama_cpp\"\napi_key = \"sk-test\"\nfirst_token_timeout = \"60s\"\nidle_timeout = \"60s\"\n\
             total_timeout = \"120s\"\nbreaker_failures = 0\n{more}",
            self.url
        )
    }
}

/// What is answered without a model.
async fn quotation() -> String {
    let server = Server::start(config(&tempfile::tempdir().unwrap().keep(), MEMORY), &[]).await;
    let text = seen(&server, QUESTION).await.message["text"].as_str().unwrap().to_owned();
    server.stop().await;
    text
}

fn replay(data: &Path, message: &Value) -> Value {
    serde_json::from_str(&stdout(&run(data, &["replay", message["id"].as_str().unwrap(), "--json"]))).unwrap()
}

/// The text is what is answered without a model, with its sources.
fn assert_quoted(seen: &Seen, quotation: &str) {
    assert_eq!(seen.message["text"], quotation, "nothing of the noise");
    assert!(!seen.message["citations"].as_array().unwrap().is_empty(), "{}", seen.message);
    assert!(seen.drafts.is_empty(), "no line of noise holds: {}", seen.drafts);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "llama.cpp is compiled the first time: make test-llama"]
async fn noise_of_a_real_model_never_reaches_a_citizen() {
    let directory = tempfile::tempdir().unwrap();
    let llama = Llama::start(directory.path(), 16384).await;
    let quotation = quotation().await;
    for (most, endings) in [
        // It ends by its length, in the middle of anything.
        (5, &["malformed"][..]),
        (100, &["malformed", "written", "declined"]),
    ] {
        let data = tempfile::tempdir().unwrap();
        let own = llama.section(&format!("max_tokens = {most}\ntokens_per_day = 10000000\n"));
        let server = Server::start(config(data.path(), &own), &[]).await;
        let seen = seen(&server, QUESTION).await;
        assert_quoted(&seen, &quotation);
        let shown = replay(data.path(), &seen.message);
        let attempts = shown["record"]["attempts"].as_array().unwrap();
        println!("at most {most} tokens: {}", json!(attempts));
        let stages = shown["record"]["stages"].as_array().unwrap();
        let write = stages.iter().find(|stage| stage["stage"] == "write").unwrap();
        assert!(endings.contains(&write["outcome"].as_str().unwrap()), "{shown}");
        assert_eq!(attempts[0]["by"], "model", "{shown}");
        // What is cut off before there are words of it was written by nobody.
        assert_eq!(attempts[0]["model"].as_str(), (most > 5).then_some("tiny"), "{shown}");
        let how = |how| {
            format!("yikouwen_model_requests_total{{section=\"model\",model=\"tiny\",how=\"{how}\"}} 0")
        };
        let metrics = server.metrics().await;
        let asked =
            ["answered", "declined", "failed", "given_up"].iter().any(|way| !metrics.contains(&how(way)));
        assert!(asked, "{metrics}");
        assert_eq!(attempts.last().unwrap()["by"], "quote", "{shown}");

        // Words that lean on these are spelt out by nobody, and the rules answer.
        let answer = said(&seen.visitor, "那要多少钱").await;
        assert_eq!(answer["citations"][0]["id"], seen.message["citations"][0]["id"], "{answer}");
        let shown = replay(data.path(), &answer);
        println!("spelt out: {}", shown["record"]["rewriting"]);
        let stages = shown["record"]["stages"].as_array().unwrap();
        let standalone = stages.iter().find(|stage| stage["stage"] == "standalone").unwrap();
        assert_eq!(standalone["outcome"], "malformed", "{shown}");
        server.stop().await;
    }
}

/// Says something more; the robot's second message, however long it takes.
async fn said(visitor: &Visitor, words: &str) -> Value {
    let mut socket = visitor.connect(None, 0).await;
    socket.send(json!({ "t": "say", "id": "b", "text": words })).await;
    loop {
        let frame = socket.next().await.unwrap();
        let message = &frame["message"];
        if frame["t"] == "message" && message["author"] == "robot" && message["seq"] == 4 {
            return message.clone();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "llama.cpp is compiled the first time: make test-llama"]
async fn a_model_that_cannot_read_so_much_is_done_without() {
    let directory = tempfile::tempdir().unwrap();
    let llama = Llama::start(directory.path(), 512).await;
    let quotation = quotation().await;
    let server = Server::start(config(directory.path(), &llama.section("")), &[]).await;
    let seen = seen(&server, QUESTION).await;
    assert_quoted(&seen, &quotation);
    let shown = replay(directory.path(), &seen.message);
    let stages = shown["record"]["stages"].as_array().unwrap();
    let write = stages.iter().find(|stage| stage["stage"] == "write").unwrap();
    println!("with 512 tokens: {write}");
    // The refusal comes as a status, or as the end of a stream that has begun.
    assert!(["unavailable", "malformed"].contains(&write["outcome"].as_str().unwrap()), "{shown}");
    server.stop().await;
}
