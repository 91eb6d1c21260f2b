//! Running with models: the next one where the first fails, leaving one alone that is down, the budget of the day, and what
//! the operator sees of all that.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use yikouwen::desk::Role;

use crate::support::endpoint::{Act, Endpoint, events, finish, json_body, words};
use crate::support::helper::Helper;
use crate::support::process::{run, stderr, stdout};
use crate::support::{MEMORY, Server, config, eventually};

const QUESTION: &str = "身份证丢了怎么补办";
const ANOTHER: &str = "社保卡怎么办理";

const WRITTEN: &str = "去派出所申请补领就行。";

/// An answer, with what it took.
fn good(usage: (u64, u64)) -> Vec<Act> {
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": usage.0, "completion_tokens": usage.1 } });
    events(&[&words(WRITTEN), &words("[1]"), &finish("stop"), &usage.to_string(), "[DONE]"])
}

fn section(endpoint: &Endpoint, more: &str) -> String {
    format!(
        "[dialogue]\ncache = 0\n[model]\nbase_url = \"{}\"\nmodel = \"first\"\napi_key = \"sk-first-secret\"\nfirst_token_timeout = \"2s\"\n\
         total_timeout = \"20s\"\nmax_tokens = 200\n{more}",
        endpoint.url
    )
}

fn fallback(endpoint: &Endpoint, more: &str) -> String {
    format!("[[model.fallback]]\nbase_url = \"{}\"\nmodel = \"second\"\n{more}", endpoint.url)
}

fn is_the_models(answer: &Value) -> bool {
    assert_eq!(answer["outcome"], "answered", "{answer}");
    let text = answer["answer"].as_str().unwrap();
    assert!(text.contains("[1]"), "{text}");
    // Below it stands what binds and was left out.
    text.starts_with(&format!("{WRITTEN}[1]"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_down_is_followed_by_the_next_left_alone_and_taken_back() {
    let (first, second) = (Endpoint::with(json_body(500, "{}")).await, Endpoint::with(good((7, 3))).await);
    let data = tempfile::tempdir().unwrap();
    let more = "breaker_failures = 2\nbreaker_pause = \"1500ms\"\n";
    let own = format!("{MEMORY}{}{}", section(&first, more), fallback(&second, "profile = \"vllm\"\n"));
    let helpers = [("主任", Role::Supervisor)];
    let server = Server::start(config(data.path(), &own), &helpers).await;
    for _ in 0..2 {
        assert!(is_the_models(&server.ask(QUESTION, None).await));
    }
    let asked = first.asked().len();
    assert!(is_the_models(&server.ask(QUESTION, None).await));
    assert_eq!(first.asked().len(), asked, "nobody waits for it any more");
    let bodies = second.asked();
    assert_eq!(bodies[0].1["chat_template_kwargs"], json!({ "enable_thinking": false }));
    assert_eq!(bodies[0].1["stream_options"], json!({ "include_usage": true }));
    assert!(!bodies[0].0.contains("authorization"), "the first one's key is not for the second");

    for line in [
        "yikouwen_model_breaker{section=\"model\",model=\"first\"} 2",
        "yikouwen_model_breaker{section=\"model.fallback.1\",model=\"second\"} 0",
        "yikouwen_model_requests_total{section=\"model\",model=\"first\",how=\"failed\"} 2",
        "yikouwen_model_requests_total{section=\"model\",model=\"first\",how=\"skipped\"} 1",
        "yikouwen_model_requests_total{section=\"model.fallback.1\",model=\"second\",how=\"answered\"} 3",
        "yikouwen_model_tokens_total{section=\"model.fallback.1\",model=\"second\",how=\"prompt\"} 21",
        "yikouwen_model_tokens_total{section=\"model.fallback.1\",model=\"second\",how=\"completion\"} 9",
        "yikouwen_model_alarm{section=\"model\",code=\"model_unreachable\"} 1",
    ] {
        eventually(line, async || server.metrics().await.lines().any(|known| known == line).then_some(()))
            .await;
    }
    let ready: Value = server.client.get(server.url("/ready")).send().await.unwrap().json().await.unwrap();
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["models"][0]["breaker"], "open");
    assert_eq!(ready["models"][0]["alarms"][0]["detail"], "first: status 500");
    let chief = Helper::log_in(&server, "主任").await;
    let listed = chief.get("/channels").await;
    let model = listed.as_array().unwrap().iter().find(|channel| channel["id"] == "model").unwrap();
    assert_eq!(model["type"], "model");
    assert_eq!(model["alarms"][0]["code"], "model_unreachable");
    assert!(model["alarms"][0]["do"].as_str().unwrap().contains("base_url"), "{model}");

    first.play(good((1, 1)));
    eventually("the first model is taken back", async || {
        server.ask(QUESTION, None).await;
        server
            .metrics()
            .await
            .contains("yikouwen_model_breaker{section=\"model\",model=\"first\"} 0")
            .then_some(())
    })
    .await;
    eventually("the end of the alarm", async || {
        (!server.metrics().await.contains("yikouwen_model_alarm{")).then_some(())
    })
    .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_of_the_day_holds_across_restarts_and_answers_are_quoted_after_it() {
    let endpoint = Endpoint::with(good((5_000, 10))).await;
    let data = tempfile::tempdir().unwrap();
    let own = section(&endpoint, "tokens_per_day = 6000\n");
    let server = Server::start(config(data.path(), &own), &[]).await;
    assert!(is_the_models(&server.ask(QUESTION, None).await));
    assert!(!is_the_models(&server.ask(QUESTION, None).await));
    assert!(
        server.metrics().await.contains("yikouwen_model_alarm{section=\"model\",code=\"model_budget\"} 1")
    );
    server.stop().await;
    let server = Server::start(config(data.path(), &own), &[]).await;
    assert!(!is_the_models(&server.ask(QUESTION, None).await));
    assert_eq!(endpoint.asked().len(), 1, "what was taken is known after a restart");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_citizens_budget_is_not_anothers() {
    let endpoint = Endpoint::with(good((5_000, 10))).await;
    let data = tempfile::tempdir().unwrap();
    let own = format!("{MEMORY}{}", section(&endpoint, "tokens_per_citizen_per_day = 6000\n"));
    let server = Server::start(config(data.path(), &own), &[]).await;
    let first = server.ask(QUESTION, None).await;
    assert!(is_the_models(&first));
    let conversation = first["conversation"].as_str().unwrap();
    let second = server.ask(ANOTHER, Some(conversation)).await;
    assert!(!is_the_models(&second), "{second}");
    assert_eq!(endpoint.asked().len(), 1);
    assert!(is_the_models(&server.ask(QUESTION, None).await));
    assert!(!server.metrics().await.contains("yikouwen_model_alarm{"), "one citizen's limit alarms nobody");
    let sent = format!("{:?}", endpoint.asked());
    assert!(!sent.contains(conversation), "who asks is not sent");
    server.stop().await;
}

/// What the program prints about these models, and whether it is content.
async fn checked(data: &Path, own: &str) -> (bool, String) {
    let file = data.join("own.toml");
    std::fs::write(&file, own).unwrap();
    let (data, file) = (data.to_owned(), file.to_str().unwrap().to_owned());
    tokio::task::spawn_blocking(move || {
        let output = run(&data, &["check", "--online", "--config", &file]);
        (output.status.success(), stdout(&output) + &stderr(&output))
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_told_of_every_model_what_works_and_what_to_do() {
    let (first, second) = (Endpoint::with(good((7, 3))).await, Endpoint::with(good((7, 3))).await);
    let data = tempfile::tempdir().unwrap();
    let own = format!(
        "{MEMORY}{}{}",
        section(&first, ""),
        fallback(&second, "profile = \"qwen\"\napi_key = \"sk-second-secret\"\n")
    );
    let (content, printed) = checked(data.path(), &own).await;
    assert!(content, "{printed}");
    let line = |begin: &str| printed.lines().rfind(|line| line.starts_with(begin)).unwrap_or_default();
    for part in [
        "first: answers",
        "the key is accepted",
        "first words after",
        " ms",
        "profile plain (guessed",
        "10 tokens",
    ] {
        assert!(line("model  ").contains(part), "{part}: {printed}");
    }
    assert!(line("model.fallback.1").contains("profile qwen (as configured)"), "{printed}");
    // It writes the same whatever it is asked, also where the evidence does not answer.
    for part in ["declined 0 of 12 questions", "0 of 6 that it does", "[dialogue] ask_model_at = 0.1 太低"]
    {
        assert_eq!(printed.matches(part).count(), 2, "{part}: {printed}");
    }
    assert!(first.asked().len() > 12, "each of them is asked alone");

    first.play(json_body(401, r#"{"error":{"message":"no such key: sk-first-secret"}}"#));
    second.play(vec![Act::Pause(Duration::from_millis(100)), Act::Reset]);
    let (content, printed) = checked(data.path(), &own).await;
    assert!(!content, "{printed}");
    for part in ["status 401", "到模型平台核对", "model.fallback.1 second:", "检查服务器能否访问"]
    {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!printed.contains("secret"), "{printed}");

    let (content, printed) = checked(data.path(), &own.replace("\"qwen\"", "\"claude\"")).await;
    assert!(!content && printed.contains("there is no profile `claude`; known are deepseek"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_repeats_of_a_question_is_in_no_alarm() {
    // FastAPI and the like answer a request they do not understand with the request.
    let endpoint =
        Endpoint::with(json_body(422, &json!({ "detail": format!("cannot read: {QUESTION}") }).to_string()))
            .await;
    let data = tempfile::tempdir().unwrap();
    let server =
        Server::start(config(data.path(), &format!("{MEMORY}{}", section(&endpoint, ""))), &[]).await;
    assert!(!is_the_models(&server.ask(QUESTION, None).await));
    let ready = server.client.get(server.url("/ready")).send().await.unwrap().text().await.unwrap();
    assert!(ready.contains("model_refuses") && !ready.contains("身份证"), "{ready}");
    server.stop().await;
}
