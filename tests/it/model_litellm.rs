//! Against LiteLLM's proxy, a server of OpenAI's protocol that is not ours and that many offices put before their models.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::identity::free_port;
use crate::support::oracle::{Serving, python};
use crate::support::process::{run, stdout};
use crate::support::{MEMORY, Server, config};

const QUESTION: &str = "身份证丢了怎么补办";
const WRITTEN: &str = "去派出所申请补领就行。[1]";
const KEY: &str = "sk-local-0123456789abcdef0123456789abcdef";

/// The proxy, with models that answer, are busy, and are broken.
struct Proxy {
    _serving: Serving,
    url: String,
}

impl Proxy {
    async fn start(directory: &Path) -> Self {
        let models = [
            ("answers", WRITTEN),
            ("busy", "litellm.RateLimitError"),
            ("broken", "litellm.InternalServerError"),
        ];
        let models: String = models
            .iter()
            .map(|(name, response)| {
                format!("  - model_name: {name}\n    litellm_params: {{model: openai/{name}, api_key: fake, mock_response: \"{response}\", num_retries: 0}}\n")
            })
            .collect();
        let text = format!(
            "model_list:\n{models}general_settings:\n  master_key: {KEY}\nrouter_settings: {{num_retries: 0}}\n"
        );
        let file = directory.join("litellm.yaml");
        std::fs::write(&file, text).unwrap();
        let port = free_port();
        let serving = Serving::start(
            Command::new(python("litellm").with_file_name("litellm"))
                .arg("--config")
                .arg(&file)
                .args(["--host", "127.0.0.1", "--port", &port.to_string()])
                // Nothing of this test needs the network.
                .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
                .env("NO_PROXY", "*"),
        );
        let proxy = Self { _serving: serving, url: format!("http://127.0.0.1:{port}") };
        let alive = format!("{}/health/liveliness", proxy.url);
        // It takes twenty seconds to begin, and more where others work beside it.
        for _ in 0..360 {
            if reqwest::get(&alive).await.is_ok_and(|answer| answer.status().is_success()) {
                return proxy;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("LiteLLM does not begin");
    }

    fn section(&self, model: &str, more: &str) -> String {
        format!(
            "[dialogue]\npatience = \"0s\"\n[model]\nbase_url = \"{}\"\nmodel = \"{model}\"\napi_key = \"{KEY}\"\nprofile = \"litellm\"\n\
             first_token_timeout = \"15s\"\nidle_timeout = \"15s\"\n{more}",
            self.url
        )
    }
}

/// An answer to the question by these models, and the figures afterwards.
async fn asked(section: &str) -> (String, String) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(config(data.path(), &format!("{MEMORY}{section}")), &[]).await;
    let answer: Value = server.ask(QUESTION, None).await;
    assert_eq!(answer["outcome"], "answered", "{answer}");
    assert!(!answer["citations"].as_array().unwrap().is_empty(), "{answer}");
    let figures = server.metrics().await;
    server.stop().await;
    (answer["answer"].as_str().unwrap().to_owned(), figures)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_streams_refuses_and_breaks_and_every_time_there_is_an_answer() {
    let data = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(data.path()).await;

    let (answer, figures) = asked(&proxy.section("answers", "")).await;
    assert!(answer.starts_with(WRITTEN), "{answer}");
    let told = |how: &str, section: &str, model: &str| -> u64 {
        let begin =
            format!("yikouwen_model_tokens_total{{section=\"{section}\",model=\"{model}\",how=\"{how}\"}} ");
        figures.lines().find_map(|line| line.strip_prefix(&begin)?.parse().ok()).unwrap()
    };
    assert!(told("prompt", "model", "answers") > 100, "{figures}");
    assert!(told("completion", "model", "answers") > 0, "{figures}");

    for (model, key, alarm) in [
        ("busy", KEY, None),
        ("broken", KEY, None),
        ("unknown", KEY, Some("model_refuses")),
        ("answers", "sk-wrong", Some("model_key_refused")),
    ] {
        let (answer, figures) = asked(&proxy.section(model, "").replace(KEY, key)).await;
        assert!(answer.contains("[1]") && !answer.starts_with(WRITTEN), "{model}: {answer}");
        let failed =
            format!("yikouwen_model_requests_total{{section=\"model\",model=\"{model}\",how=\"failed\"}} 1");
        assert!(figures.contains(&failed), "{figures}");
        let raised: Vec<&str> =
            figures.lines().filter(|line| line.starts_with("yikouwen_model_alarm{")).collect();
        assert_eq!(raised.len(), usize::from(alarm.is_some()), "{model}: {raised:?}");
        if let Some(alarm) = alarm {
            assert!(raised[0].contains(alarm), "{model}: {raised:?}");
        }
    }

    let fallback = format!(
        "[[model.fallback]]\nbase_url = \"{}/v1\"\nmodel = \"answers\"\napi_key = \"{KEY}\"\nprofile = \"litellm\"\n",
        proxy.url
    );
    let (answer, figures) = asked(&proxy.section("broken", &fallback)).await;
    assert!(answer.starts_with(WRITTEN), "the next model, at the other of its addresses: {answer}");
    assert!(figures.contains("how=\"answered\"} 1"), "{figures}");

    let file = data.path().join("own.toml");
    std::fs::write(&file, format!("{MEMORY}{}", proxy.section("answers", ""))).unwrap();
    let (directory, file) = (data.path().to_owned(), file.to_str().unwrap().to_owned());
    let output =
        tokio::task::spawn_blocking(move || run(&directory, &["check", "--online", "--config", &file]))
            .await
            .unwrap();
    let printed = stdout(&output);
    assert!(output.status.success(), "{printed}");
    assert!(
        printed.contains("answers: answers, the key is accepted") && printed.contains("tokens"),
        "{printed}"
    );
}
