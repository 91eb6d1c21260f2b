//! Whatever a model's server does, a citizen gets an answer with its source, in time: with the model's words where they
//! came whole, and quoted where they did not. The rows are what vendors send, and everything that can go wrong on the way.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::endpoint::{
    Act, Endpoint, event, events, finish, head, json_body, plain, stream, stream_head, words,
};
use crate::support::{MEMORY, Server, config};

const QUESTION: &str = "身份证丢了怎么补办";

/// What a model that works writes.
const WRITTEN: &str = "去派出所申请补领就行。";

/// How long a whole answer may take, by the configuration below.
const TOTAL: Duration = Duration::from_secs(2);

/// What the program may need besides.
const BESIDES: Duration = Duration::from_secs(8);

/// The times of a server whose answers must come in time, whatever the model does.
const HASTY: &str = "connect_timeout = \"1s\"\nfirst_token_timeout = \"600ms\"\nidle_timeout = \"500ms\"\ntotal_timeout = \"2s\"\n";

/// The times of one whose model is understood however slow the machine is.
const PATIENT: &str = "first_token_timeout = \"9s\"\nidle_timeout = \"9s\"\ntotal_timeout = \"9s\"\n";

async fn server(endpoint: &Endpoint, times: &str) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    // Without a breaker, which would spare the server the rows after the third that fails.
    let own = format!(
        "{MEMORY}[dialogue]\ncache = 0\n{}[model]\nbase_url = \"{}\"\nmodel = \"scripted\"\napi_key = \"sk-secret\"\n{times}\
         max_tokens = 200\nbreaker_failures = 0\n",
        if times == PATIENT { "patience = \"0s\"\n" } else { "" },
        endpoint.url
    );
    Server::start(config(&data, &own), &[]).await
}

/// Asks, and says whether the model's words came. That there is an answer with a source, in time, is asked of every row.
async fn answered_by_the_model(server: &Server, endpoint: &Endpoint, row: &str) -> bool {
    let before = endpoint.asked().len();
    let answer = tokio::time::timeout(TOTAL + BESIDES, server.ask(QUESTION, None)).await;
    let answer: Value = answer.unwrap_or_else(|_| panic!("{row}: no answer in time"));
    assert_eq!(answer["outcome"], "answered", "{row}: {answer}");
    assert!(!answer["citations"].as_array().unwrap().is_empty(), "{row}: {answer}");
    assert!(endpoint.asked().len() > before, "{row}: the model was asked");
    let text = answer["answer"].as_str().unwrap();
    assert!(text.contains("[1]"), "{row}: {text}");
    for foreign in ["我想", "<think", "NO_ANSWER", "error", "错误", "html", "http://evil"] {
        assert!(!text.contains(foreign), "{row}: {text}");
    }
    // Below it stands what binds and was left out.
    text.starts_with(&format!("{WRITTEN}[1]"))
}

/// A chunk with `delta`, and more beside the choices.
fn delta(delta: &Value, more: &Value) -> String {
    let mut chunk = json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] });
    chunk.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    chunk.to_string()
}

/// Streams that are answers, as each vendor writes them.
fn of_vendors() -> Vec<(&'static str, Vec<Act>)> {
    let (text, mark) = (words(WRITTEN), words("[1]"));
    let stop = finish("stop");
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}}"#;
    let with = |reason: &str| vec![text.clone(), mark.clone(), finish(reason), "[DONE]".to_owned()];
    let stream_of = |data: &[String]| events(&data.iter().map(String::as_str).collect::<Vec<_>>());
    let deepseek = [
        ": keep-alive\n\n\n".to_owned(),
        event(&delta(&json!({ "role": "assistant", "content": null, "reasoning_content": "我想一想[1]" }), &json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "system_fingerprint": "fp" }))),
        ": keep-alive\n\n".to_owned(),
        event(&text),
        event(&mark),
        event(r#"{"choices":[{"index":0,"delta":{"content":"","reasoning_content":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":9,"prompt_cache_hit_tokens":0}}"#),
        event("[DONE]"),
    ]
    .concat();
    let qwen = [
        &delta(
            &json!({ "role": "assistant", "content": "" }),
            &json!({ "system_fingerprint": null, "usage": null }),
        ),
        &text,
        &mark,
        &stop,
        usage,
        "[DONE]",
    ];
    let moonshot = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":9,"completion_tokens":9,"cached_tokens":1}}]}"#;
    let zhipu = [
        delta(
            &json!({ "role": "assistant", "content": WRITTEN }),
            &json!({ "request_id": "r", "created": 1.5, "model": "glm" }),
        ),
        mark.clone(),
        stop.clone(),
        "[DONE]".to_owned(),
    ];
    let ollama = [
        delta(
            &json!({ "role": "assistant", "content": "", "reasoning": "我想" }),
            &json!({ "system_fingerprint": "fp_ollama" }),
        ),
        text.clone(),
        mark.clone(),
        stop.clone(),
        usage.to_owned(),
        "[DONE]".to_owned(),
    ];
    let mut llama: Vec<String> = vec![delta(&json!({ "role": "assistant" }), &json!({}))];
    for character in format!("{WRITTEN}[1]").chars() {
        llama.extend([words(""), words(""), words(&character.to_string())]);
    }
    llama.extend([stop.clone(), "[DONE]".to_owned()]);
    let minimax = ["<thi", "nk>我想一想", "</think>\n\n", WRITTEN, "[1", "]"].map(words).to_vec();
    let minimax_split = delta(
        &json!({ "role": "assistant", "reasoning_details": [{ "type": "reasoning.text", "text": "我想" }] }),
        &json!({}),
    );
    let tool = |call: Value| delta(&json!({ "content": "", "tool_calls": [call] }), &json!({}));
    let mut rows = vec![
        ("DeepSeek", stream(&deepseek)),
        ("Qwen", events(&qwen)),
        ("Moonshot", events(&[&text, &mark, moonshot, "[DONE]"])),
        ("Zhipu", stream_of(&zhipu)),
        ("Ollama", stream_of(&ollama)),
        ("llama-cpp-python", stream_of(&llama)),
        ("MiniMax, thoughts in the text", stream_of(&[minimax, vec![stop.clone()]].concat())),
        ("MiniMax, thoughts apart", events(&[&minimax_split, &text, &mark, &stop])),
        (
            "LiteLLM",
            events(&[
                &delta(
                    &json!({ "role": "assistant", "content": WRITTEN }),
                    &json!({ "service_tier": "unheard-of", "citations": null }),
                ),
                &mark,
                &stop,
                usage,
                "[DONE]",
            ]),
        ),
        ("the reason `eos_token`", stream_of(&with("eos_token"))),
        ("the reason `end`", stream_of(&with("end"))),
        (
            "an empty reason in every chunk",
            events(&[
                r#"{"choices":[{"delta":{"role":"","content":"去派出所申请补领就行。"},"finish_reason":""}],"usage":{}}"#,
                &mark,
                &stop,
            ]),
        ),
        (
            "no id, no object, no delta, no choices",
            events(&["{}", r#"{"choices":[{}]}"#, r#"{"id":1,"created":"x"}"#, &text, &mark, &stop]),
        ),
        (
            "content in parts",
            events(&[
                &delta(&json!({ "content": [{ "type": "text", "text": WRITTEN }] }), &json!({})),
                &mark,
                &stop,
            ]),
        ),
        (
            "a tool call without a number",
            events(&[
                &tool(json!({ "type": "", "function": { "name": "f", "arguments": { "a": 1 } } })),
                &text,
                &mark,
                &stop,
            ]),
        ),
        ("a closing word and no reason", events(&[&text, &mark, "[DONE]"])),
        ("a reason and no closing word", events(&[&text, &mark, &stop])),
    ];
    let whole = |reason: Value| {
        json!({ "choices": [{ "message": { "role": "assistant", "content": format!("{WRITTEN}[1]"), "tool_calls": [{ "id": null, "function": {} }] }, "finish_reason": reason }] }).to_string()
    };
    rows.push(("no stream", json_body(200, &whole(json!("stop")))));
    rows.push(("no stream and no reason", json_body(200, &whole(Value::Null))));
    rows
}

/// Streams that are answers, as they come over wires.
fn of_wires() -> Vec<(&'static str, Vec<Act>)> {
    let [text, mark, stop] = [words(WRITTEN), words("[1]"), finish("stop")];
    let body = format!("{}{}{}data: [DONE]\n\n", event(&text), event(&mark), event(&stop));
    let cut: Vec<Act> = std::iter::once(Act::Send(stream_head()))
        .chain(body.as_bytes().chunks(3).map(|bytes| Act::Send(bytes.to_vec())))
        .collect();
    let slow: Vec<Act> =
        std::iter::once(Act::Send(stream_head()))
            .chain([&text, &mark, &stop].into_iter().flat_map(|data| {
                [Act::Send(event(data).into_bytes()), Act::Pause(Duration::from_millis(150))]
            }))
            .collect();
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&text).unwrap()).unwrap();
    let lines: String = pretty.lines().map(|line| format!("data: {line}\n")).collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, body.as_bytes()).unwrap();
    let packed = [
        head(200, "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n"),
        packer.finish().unwrap(),
    ]
    .concat();
    let chunked: Vec<u8> = body
        .as_bytes()
        .chunks(5)
        .flat_map(|part| {
            [format!("{:x}\r\n", part.len()).into_bytes(), part.to_vec(), b"\r\n".to_vec()].concat()
        })
        .collect();
    let chunked = [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), chunked, b"0\r\n\r\n".to_vec()].concat();
    vec![
        ("characters cut in two", cut),
        ("slow, but never silent", slow),
        ("CRLF", stream(&body.replace('\n', "\r\n"))),
        ("carriage returns alone", stream(&body.replace('\n', "\r"))),
        ("no space after the field", stream(&body.replace("data: ", "data:"))),
        ("a byte order mark", stream(&format!("\u{feff}{body}"))),
        ("no blank lines", stream(&body.replace("\n\n", "\n"))),
        ("an event in several lines", stream(&format!("{lines}\n{}{}", event(&mark), event(&stop)))),
        ("other fields and comments", stream(&format!("retry: 1\nid: 7\nevent: message\n: hello\n\n{body}"))),
        ("packed without being asked to", vec![Act::Send(packed)]),
        ("a stream that is called JSON", plain(200, "content-type: application/json\r\n", &body)),
        ("a stream that is called text", plain(200, "content-type: text/plain\r\n", &body)),
        ("no kind at all", plain(200, "", &body)),
        ("HTTP/1.1 in chunks", vec![Act::Send(chunked)]),
        ("the last line without a break", stream(body.trim_end())),
    ]
}

/// What is no answer, and must be quoted instead.
fn failing() -> Vec<(&'static str, Vec<Act>)> {
    let [text, mark, stop] = [words(WRITTEN), words("[1]"), finish("stop")];
    let begun = || Act::Send([stream_head(), event(&text).into_bytes()].concat());
    let error = |body: &str| events(&[&text, body, &stop, "[DONE]"]);
    let millis = Duration::from_millis;
    let keep_alive = || b": keep-alive\n\n".to_vec();
    let thought = delta(&json!({ "reasoning_content": "我想一想再想一想" }), &json!({}));
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![b'a'; 64 << 20]).unwrap();
    let bomb =
        [head(200, "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n"), bomb.finish().unwrap()]
            .concat();
    let cut_chunk = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nff\r\ndata: {".to_vec();
    vec![
        // Refusals, in every shape of an error's body.
        ("401", json_body(401, r#"{"detail":"Invalid API key"}"#)),
        ("402", json_body(402, r#"{"error":{"message":"Insufficient Balance"}}"#)),
        ("404 with a page", plain(404, "content-type: text/html\r\n", "<html>error</html>")),
        ("422", json_body(422, r#"{"detail":[{"loc":["body"],"msg":"x"}]}"#)),
        ("429", plain(429, "retry-after: 60\r\n", "")),
        ("429 of an empty account", json_body(429, r#"{"error":{"code":"insufficient_quota"}}"#)),
        ("an integer code", json_body(400, r#"{"error":{"code":400,"message":"x","type":"y"}}"#)),
        ("unwrapped", json_body(400, r#"{"object":"error","message":"x","code":40303}"#)),
        ("an error that is a text", json_body(500, r#"{"error":"boom"}"#)),
        ("503 with a page", plain(503, "content-type: text/html\r\n", "<html>error</html>")),
        ("another place", plain(307, "location: http://127.0.0.1:9/\r\n", "")),
        // Success that is none.
        (
            "200 with a JSON error",
            json_body(200, r#"{"code":"InvalidParameter","message":"x","request_id":"y"}"#),
        ),
        ("200 with a page", plain(200, "content-type: text/html\r\n", "<html>log in</html>")),
        ("200 with a page that is called a stream", stream("<!doctype html>\n<html>error</html>\n")),
        ("200 with nothing", plain(200, "content-length: 0\r\n", "")),
        ("200 with an empty object", json_body(200, "{}")),
        ("204", plain(204, "", "")),
        ("no JSON", events(&["{\"choices\":[{", "[DONE]"])),
        ("what is no HTTP", vec![Act::Send(b"SSH-2.0-OpenSSH\r\n".to_vec())]),
        // Errors in the middle.
        ("an error in the stream", error(r#"{"error":{"message":"overloaded","code":503}}"#)),
        ("an error in the stream, flat", error(r#"{"code":"Throttling","message":"x","request_id":"y"}"#)),
        (
            "an error in the stream, as a bare line",
            stream(&format!("{}{{\"error\":{{\"message\":\"x\"}}}}\n", event(&text))),
        ),
        (
            "insufficient_system_resource",
            events(&[&text, &mark, &finish("insufficient_system_resource"), "[DONE]"]),
        ),
        ("aborted", events(&[&text, &mark, &finish("aborted")])),
        ("network_error", events(&[&text, &mark, &finish("network_error")])),
        ("sensitive", events(&[&text, &mark, &finish("sensitive"), "[DONE]"])),
        ("content_filter", events(&[&text, &mark, &finish("content_filter"), "[DONE]"])),
        ("length", events(&[&text, &mark, &finish("length"), "[DONE]"])),
        ("a filter before the model", json_body(400, r#"{"error":{"code":"data_inspection_failed"}}"#)),
        ("no end", events(&[&text, &mark])),
        ("nothing but an end", events(&[&stop, "[DONE]"])),
        ("a chunk that is cut off", vec![Act::Send(cut_chunk)]),
        (
            "less than was announced",
            plain(200, "content-type: text/event-stream\r\ncontent-length: 9999\r\n", &event(&text)),
        ),
        ("a reset in the middle", vec![begun(), Act::Pause(millis(50)), Act::Reset]),
        ("a reset at once", vec![Act::Reset]),
        ("closed at once", vec![]),
        (
            "packed badly",
            plain(200, "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n", "no gzip"),
        ),
        (
            "packed as nobody can read",
            plain(200, "content-type: text/event-stream\r\ncontent-encoding: br\r\n", "x"),
        ),
        // Too slow, and without end.
        ("silence", vec![Act::Hang]),
        ("silence after the head", vec![Act::Send(stream_head()), Act::Hang]),
        ("silence after the first words", vec![begun(), Act::Hang]),
        (
            "an error whose body never ends",
            vec![Act::Send(head(500, "")), Act::Repeat(b"x".to_vec(), millis(20))],
        ),
        ("signs of life alone", vec![Act::Send(stream_head()), Act::Repeat(keep_alive(), millis(100))]),
        (
            "signs of life without a pause",
            vec![Act::Send(stream_head()), Act::Repeat(keep_alive(), Duration::ZERO)],
        ),
        (
            "empty chunks alone",
            vec![Act::Send(stream_head()), Act::Repeat(event(&words("")).into_bytes(), millis(50))],
        ),
        (
            "empty chunks after the first words",
            vec![begun(), Act::Repeat(event(&words("")).into_bytes(), millis(50))],
        ),
        (
            "thoughts without end",
            vec![Act::Send(stream_head()), Act::Repeat(event(&thought).into_bytes(), Duration::ZERO)],
        ),
        (
            "slow thoughts without end",
            vec![Act::Send(stream_head()), Act::Repeat(event(&thought).into_bytes(), millis(100))],
        ),
        (
            "words without end",
            vec![Act::Send(stream_head()), Act::Repeat(event(&text).into_bytes(), Duration::ZERO)],
        ),
        (
            "slow words without end",
            vec![Act::Send(stream_head()), Act::Repeat(event(&text).into_bytes(), millis(200))],
        ),
        (
            "a line without end",
            vec![
                Act::Send([stream_head(), b"data: ".to_vec()].concat()),
                Act::Repeat(vec![b'x'; 65_536], Duration::ZERO),
            ],
        ),
        (
            "an event without end",
            vec![Act::Send(stream_head()), Act::Repeat(b"data: {\"a\":\n".to_vec(), Duration::ZERO)],
        ),
        ("a bomb", vec![Act::Send(bomb)]),
        // Words that are no answer.
        ("a refusal", events(&[&words("NO_ANSWER"), &stop])),
        ("a source that does not exist", events(&[&words("随便说[9]"), &stop])),
        (
            "a thought as the answer",
            events(&[&words("用户想办身份证，我先看看。</think>带户口簿[1]"), &stop]),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_every_vendor_are_understood() {
    let endpoint = Endpoint::start().await;
    let server = server(&endpoint, PATIENT).await;
    for (row, script) in of_vendors() {
        endpoint.play(script);
        assert!(answered_by_the_model(&server, &endpoint, row).await, "{row}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_understood_however_they_are_carried() {
    let endpoint = Endpoint::start().await;
    let server = server(&endpoint, PATIENT).await;
    for (row, script) in of_wires() {
        endpoint.play(script);
        assert!(answered_by_the_model(&server, &endpoint, row).await, "{row}");
    }
    let (head, _) = endpoint.asked().remove(0);
    assert!(head.starts_with("post /v1/chat/completions http/1.1"), "{head}");
    for header in
        ["authorization: bearer sk-secret", "accept: text/event-stream", "accept-encoding: identity"]
    {
        assert!(head.contains(header), "{header} in {head}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_server_does_the_citizen_is_answered_in_time() {
    let endpoint = Endpoint::start().await;
    let server = server(&endpoint, HASTY).await;
    for (row, script) in failing() {
        endpoint.play(script);
        assert!(!answered_by_the_model(&server, &endpoint, row).await, "{row}");
    }
    // After all of it, the connection and the program are as good as new.
    endpoint.play(events(&[&words(WRITTEN), &words("[1]"), &finish("stop")]));
    assert!(answered_by_the_model(&server, &endpoint, "afterwards").await);
    server.stop().await;
}

/// Parts of streams, good and bad, from which anything may be put together.
fn parts() -> Vec<Act> {
    let text = |text: &str| Act::Send(text.as_bytes().to_vec());
    let event = |data: &str| Act::Send(event(data).into_bytes());
    vec![
        event(&words(WRITTEN)),
        event(&words("[1]")),
        event(&words("[")),
        event(&words("")),
        event(&words("<think>")),
        event(&words("</think>")),
        event(&words("〔链接1〕")),
        event(&finish("stop")),
        event(&finish("length")),
        event(&finish("unheard-of")),
        event("[DONE]"),
        event("{}"),
        event("null"),
        event(r#"{"choices":[{"delta":{"reasoning_content":"x"}}]}"#),
        event(r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#),
        event(r#"{"error":{"code":500,"message":"x"}}"#),
        event("{\"choices\":["),
        text(": keep-alive\n\n"),
        text("data:"),
        text("\r\n"),
        text("\u{feff}"),
        Act::Send(vec![0xe6, 0x88]),
        Act::Send(vec![0xff, 0x00]),
        Act::Pause(Duration::from_millis(120)),
        Act::Pause(Duration::from_millis(700)),
        Act::Hang,
        Act::Reset,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_put_together_the_citizen_is_answered_in_time() {
    let endpoint = Endpoint::start().await;
    let server = server(&endpoint, HASTY).await;
    let parts = parts();
    let script = prop::collection::vec(0..parts.len(), 0..10);
    // The same each time: a test that fails now and then helps nobody.
    let mut runner = TestRunner::deterministic();
    for _ in 0..40 {
        let chosen = script.new_tree(&mut runner).unwrap().current();
        let acts = chosen.iter().map(|&part| parts[part].clone());
        endpoint.play(std::iter::once(Act::Send(stream_head())).chain(acts).collect());
        let asked = tokio::time::timeout(TOTAL + BESIDES, server.ask(QUESTION, None)).await;
        let answer = asked.unwrap_or_else(|_| panic!("{chosen:?}: no answer in time"));
        assert_eq!(answer["outcome"], "answered", "{chosen:?}: {answer}");
        assert!(!answer["citations"].as_array().unwrap().is_empty(), "{chosen:?}: {answer}");
        let text = answer["answer"].as_str().unwrap();
        assert!(!text.contains("<think") && !text.contains("〔链接"), "{chosen:?}: {text}");
    }
    server.stop().await;
}
