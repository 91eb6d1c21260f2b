//! However slow, broken or gone a model is, a citizen has a cited answer hardly later than without a model, and never a wrong
//! one. The figures are printed; what is asserted are the order of events and the configured patience, with time to spare.

use std::time::Duration;

use crate::support::drafts::{Seen, seen};
use crate::support::endpoint::{Act, Endpoint, event, events, finish, head, json_body, stream_head, words};
use crate::support::{MEMORY, Server, config, eventually};

const QUESTION: &str = "身份证丢了怎么补办";

/// What a model that works writes: a line that holds, and the rest.
const LINE: &str = "去派出所申请补领就行。[1]\n";

/// A number that stands in no entry.
const WRONG: &str = "9990";

const PATIENCE: Duration = Duration::from_millis(700);

/// What a busy machine may need besides.
const BESIDES: Duration = Duration::from_secs(6);

/// So often each is measured.
const RUNS: usize = 3;

/// Without a breaker, which would spare the citizens the model from the fourth on.
fn section(url: &str, more: &str) -> String {
    format!(
        "{MEMORY}[dialogue]\ncache = 0\npatience = \"{}ms\"\n[model]\nbase_url = \"{url}\"\nmodel = \"scripted\"\napi_key = \"k\"\n\
         first_token_timeout = \"50s\"\nidle_timeout = \"50s\"\ntotal_timeout = \"60s\"\n{more}",
        PATIENCE.as_millis()
    )
}

async fn server(own: &str) -> Server {
    Server::start(config(&tempfile::tempdir().unwrap().keep(), own), &[]).await
}

async fn asked(server: &Server) -> Seen {
    seen(server, QUESTION).await
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Everything that a model can do instead of answering, and whether a line of it was shown before.
fn troubles() -> Vec<(&'static str, Vec<Act>, bool)> {
    let sent = |parts: &[&str]| {
        let body: String = parts.iter().map(|part| event(&words(part))).collect();
        Act::Send([stream_head(), body.into_bytes()].concat())
    };
    let endless = event(&words("带上户口簿"));
    let wrong = format!("工本费 {WRONG} 元。[1]\n");
    let whole = |text: &str| events(&[&words(text), &finish("stop"), "[DONE]"]);
    let mut cut = [stream_head(), event(&words(LINE)).into_bytes()].concat();
    let half = event(&words("带上户口簿。[1]\n"));
    let character = half.find('户').unwrap();
    cut.extend_from_slice(&half.as_bytes()[..character + 2]);
    vec![
        ("no answer at all", vec![Act::Hang], false),
        ("no first token", vec![Act::Send(stream_head()), Act::Hang], false),
        ("signs of life only", vec![Act::Send(stream_head()), keep_alive(), Act::Hang], false),
        ("a stall in the first line", vec![sent(&["去派出所", "申请"]), Act::Hang], false),
        ("a stall after the first line", vec![sent(&[LINE, "工本费 4"]), Act::Hang], true),
        ("a drip", vec![Act::Send(stream_head()), Act::Repeat(endless.clone().into_bytes(), pause())], false),
        ("status 500", json_body(500, "{}"), false),
        ("an error in the stream", events(&[&words(LINE), r#"{"error":{"message":"overloaded"}}"#]), true),
        ("a broken connection", vec![sent(&[LINE]), Act::Pause(pause()), Act::Reset], true),
        ("wrong answers only", whole(&format!("{LINE}{wrong}")), true),
        ("wrong from the first line", whole(&wrong), false),
        ("garbage", whole("lorem ipsum 随便说说"), false),
        (
            "a page",
            vec![Act::Send([head(200, "content-type: text/html\r\n"), b"<html>".to_vec()].concat())],
            false,
        ),
        (
            "endless output",
            vec![Act::Send(stream_head()), Act::Repeat(endless.into_bytes(), Duration::ZERO)],
            false,
        ),
        ("a character that is cut in two, and the end", vec![Act::Send(cut)], true),
    ]
}

fn pause() -> Duration {
    Duration::from_millis(50)
}

fn keep_alive() -> Act {
    Act::Repeat(b": keep-alive\n\n".to_vec(), pause())
}

/// Measures how long one kind of model keeps citizens waiting, and holds what they see against what they may see.
async fn measured(server: &Server, what: &str, quotation: &str, alone: Duration, shows: bool) -> Duration {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let seen = asked(server).await;
        let text = seen.message["text"].as_str().unwrap();
        assert_eq!(text, quotation, "{what}: the whole quotation, and nothing else");
        assert!(!seen.message["citations"].as_array().unwrap().is_empty(), "{what}: {}", seen.message);
        assert!(!seen.drafts.contains(WRONG), "{what}: {}", seen.drafts);
        assert_eq!(!seen.drafts.is_empty(), shows, "{what}: {}", seen.drafts);
        assert!(seen.drafts.is_empty() || seen.dropped > 0, "{what}: what was shown was not taken back");
        // The patience before the first line, and once more after it.
        let most = alone + PATIENCE * 2 + BESIDES;
        assert!(seen.took < most, "{what}: {:?}, more than {most:?}", seen.took);
        times.push(seen.took);
    }
    median(times)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_model_does_the_answer_is_hardly_later_than_without_one() {
    let plain = server(MEMORY).await;
    let quotation = asked(&plain).await.message["text"].as_str().unwrap().to_owned();
    assert!(quotation.contains("[1]"), "{quotation}");
    let mut times = Vec::new();
    for _ in 0..RUNS {
        times.push(asked(&plain).await.took);
    }
    plain.stop().await;
    let alone = median(times);
    println!("patience {} ms; without a model {} ms", PATIENCE.as_millis(), alone.as_millis());
    let print = |what: &str, took: Duration| {
        println!("{:>5} ms more: {what}", took.saturating_sub(alone).as_millis());
    };

    let endpoint = Endpoint::start().await;
    let modelled = server(&section(&endpoint.url, "breaker_failures = 0\n")).await;
    for (what, script, shows) in troubles() {
        endpoint.play(script);
        let asked_before = endpoint.asked().len();
        print(what, measured(&modelled, what, &quotation, alone, shows).await);
        assert!(endpoint.asked().len() >= asked_before + RUNS, "{what}: the model was asked each time");
    }
    modelled.stop().await;

    let gone = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/v1", gone.local_addr().unwrap());
    drop(gone);
    let refused = server(&section(&url, "breaker_failures = 0\n")).await;
    print("gone", measured(&refused, "gone", &quotation, alone, false).await);
    refused.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_too_slow_again_and_again_is_not_waited_for_any_more() {
    let endpoint = Endpoint::with(vec![Act::Hang]).await;
    let server = server(&section(&endpoint.url, "breaker_failures = 2\nbreaker_pause = \"2s\"\n")).await;
    for _ in 0..2 {
        asked(&server).await;
    }
    for _ in 0..3 {
        assert!(asked(&server).await.message["text"].as_str().unwrap().contains("[1]"));
    }
    assert_eq!(endpoint.asked().len(), 2, "later citizens do not wait for it at all");
    let model = "section=\"model\",model=\"scripted\"";
    for line in [
        "yikouwen_stages_total{stage=\"write\",outcome=\"overdue\"} 2".to_owned(),
        "yikouwen_stages_total{stage=\"write\",outcome=\"unavailable\"} 3".to_owned(),
        "yikouwen_answers_total{by=\"quote\"} 5".to_owned(),
        format!("yikouwen_model_requests_total{{{model},how=\"failed\"}} 2"),
        format!("yikouwen_model_requests_total{{{model},how=\"skipped\"}} 3"),
        format!("yikouwen_model_breaker{{{model}}} 2"),
        "yikouwen_model_alarm{section=\"model\",code=\"model_unreachable\"} 1".to_owned(),
    ] {
        eventually(&line, async || server.metrics().await.lines().any(|known| known == line).then_some(()))
            .await;
    }
    // When it is quick again, it writes again.
    endpoint.play(events(&[&words(LINE), &finish("stop"), "[DONE]"]));
    eventually("the model writes", async || {
        let seen = asked(&server).await;
        seen.message["text"].as_str().unwrap().starts_with(LINE.trim()).then_some(())
    })
    .await;
    server.stop().await;
}
