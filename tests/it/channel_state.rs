//! What is wrong with a channel reaches those who can mend it: `/ready`, the metrics, and the desk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use regex::Regex;
use reqwest::Method;
use serde_json::Value;
use yikouwen::desk::Role;

use crate::house_rules::sources;
use crate::support::helper::Helper;
use crate::support::platform::{Recorder, platform};
use crate::support::{MEMORY, Server, config};

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_seen_everywhere_and_is_gone_when_it_is_over() {
    let data = tempfile::tempdir().unwrap();
    let url = platform(Arc::new(Recorder::default())).await;
    let helpers = [("主任", Role::Supervisor), ("管理员", Role::Admin), ("王老师", Role::Responder)];
    let (server, channel) = Server::with_platform(config(data.path(), MEMORY), &helpers, &url).await;
    let ready = async || -> Value {
        let answer = server.client.get(server.url("/ready")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "an alarm of one channel does not stop the others");
        answer.json().await.unwrap()
    };
    let chief = Helper::log_in(&server, "主任").await;
    let calm = serde_json::json!([
        { "id": "push", "type": "push", "alarms": [] },
        { "id": "web", "type": "web", "alarms": [] },
    ]);
    assert_eq!(chief.get("/channels").await, calm);
    assert_eq!(ready().await["channels"]["push"], serde_json::json!({ "type": "push", "alarms": [] }));
    assert!(!server.metrics().await.contains("yikouwen_channel_alarm{"));

    let alarms = channel.alarms.clone().unwrap();
    alarms.raise("push_refused", "code 40001");
    let listed = chief.get("/channels").await;
    let alarm = &listed[0]["alarms"][0];
    assert_eq!((&alarm["code"], &alarm["detail"]), (&"push_refused".into(), &"code 40001".into()));
    assert!(alarm["since"].is_string() && alarm["do"].is_string() && alarm["title"].is_string(), "{alarm}");
    assert_eq!(Helper::log_in(&server, "管理员").await.get("/channels").await, listed);
    assert_eq!(ready().await["channels"]["push"]["alarms"][0]["code"], "push_refused");
    let figures = server.metrics().await;
    assert!(
        figures.contains("yikouwen_channel_alarm{channel=\"push\",code=\"push_refused\"} 1"),
        "{figures}"
    );

    let (status, problem) =
        Helper::log_in(&server, "王老师").await.call(Method::GET, "/channels", None).await;
    assert_eq!((status.as_u16(), &problem["code"]), (403, &"forbidden".into()));
    let stranger = server.client.get(server.url("/api/v1/desk/channels")).send().await.unwrap();
    assert_eq!(stranger.status(), 401);

    alarms.clear("push_refused");
    assert_eq!(chief.get("/channels").await, calm);
    assert!(!server.metrics().await.contains("yikouwen_channel_alarm{"), "nothing stays at 1");
    server.stop().await;
}

/// The codes that channels raise, as far as the text of the program names them: as literals or by constants.
fn raised(texts: &[(std::path::PathBuf, String)]) -> Vec<String> {
    let literal = Regex::new(r#"\.raise\(\s*"(\w+)""#).unwrap();
    let by_name = Regex::new(r"\.raise\(\s*(?:\w+::)*([A-Z][A-Z0-9_]*)\b").unwrap();
    let constant = Regex::new(r#"const ([A-Z][A-Z0-9_]*): &(?:'static )?str =\s*"(\w+)";"#).unwrap();
    // The channel a file belongs to: `a` for both adapters/src/a.rs and adapters/src/a/client.rs.
    let channel = |path: &Path| -> String {
        let path = path.to_string_lossy().replace('\\', "/");
        let inside = ["adapters/src/", "src/synthesis/"].iter().find_map(|begin| path.rsplit_once(begin));
        let inside = inside.map_or("", |(_, inside)| inside);
        inside.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
    };
    let mut codes = Vec::new();
    for (path, text) in texts {
        codes.extend(literal.captures_iter(text).map(|found| found[1].to_owned()));
        for found in by_name.captures_iter(text) {
            let known = texts.iter().filter(|(other, _)| channel(other) == channel(path));
            let value = known
                .flat_map(|(_, text)| constant.captures_iter(text))
                .find(|candidate| candidate[1] == found[1])
                .map(|candidate| candidate[2].to_owned());
            codes.push(value.unwrap_or_else(|| panic!("{}: {} is no constant", path.display(), &found[1])));
        }
    }
    codes
}

#[test]
fn every_alarm_that_a_channel_or_a_model_raises_has_its_words_in_both_languages() {
    let words: BTreeMap<String, BTreeMap<String, String>> =
        toml::from_str(include_str!("../../config/words/alarms.toml")).unwrap();
    for (code, texts) in &words {
        for name in ["title_zh", "title_en", "do_zh", "do_en"] {
            assert!(texts.get(name).is_some_and(|text| !text.trim().is_empty()), "{code}: {name}");
        }
    }
    // The mechanism's own test raises codes that mean nothing.
    let channels = sources("adapters/src").into_iter().filter(|(path, _)| !path.ends_with("alarm.rs"));
    let texts: Vec<_> = channels.chain(sources("src/synthesis")).collect();
    let codes = raised(&texts);
    assert!(codes.iter().any(|code| code == "model_budget"), "language models are looked at, too: {codes:?}");
    for code in codes {
        assert!(words.contains_key(&code), "config/words/alarms.toml has no `{code}`");
    }
}

#[test]
fn raised_codes_are_found_as_literals_and_by_constants() {
    let text = |path: &str, text: &str| (Path::new("adapters/src").join(path), text.to_owned());
    let texts = [
        text("a.rs", "const GONE: &str = \"a_gone\";"),
        text("a/client.rs", "kit.alarms.raise(\"a_late\", x); self.kit.alarms.raise(\n alarms::GONE, \"\")"),
        text("b.rs", "const GONE: &str = \"b_gone\"; alarms.raise(GONE, \"\")"),
    ];
    assert_eq!(raised(&texts), ["a_late", "a_gone", "b_gone"]);
}
