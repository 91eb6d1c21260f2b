//! The page 检索测试 and its command line: why something was found, what was not answered, and runs compared.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use yikouwen::desk::Role;

use crate::support::helper::Helper;
use crate::support::process::{run, stdout};
use crate::support::{MEMORY, Server, config, eventually};

async fn server(own: &str) -> (Server, Helper) {
    let data = tempfile::tempdir().unwrap().keep();
    let helpers = [("赵主办", Role::Owner), ("钱应答", Role::Responder)];
    let server = Server::start(config(&data, &format!("{MEMORY}{own}")), &helpers).await;
    let office = Helper::log_in(&server, "赵主办").await;
    (server, office)
}

async fn look(helper: &Helper, body: Value) -> (StatusCode, Value) {
    helper.call(Method::POST, "/search", Some(body)).await
}

/// Runs a set and returns the finished run with its rows.
async fn run_set(office: &Helper, set: &str) -> Value {
    let (status, begun) = office.call(Method::POST, "/search/runs", Some(json!({ "set": set }))).await;
    assert_eq!(status, 202, "{begun}");
    let number = begun["number"].as_u64().unwrap();
    eventually("the end of the run", || async {
        let view = office.get(&format!("/search/runs/{number}?rows=true")).await;
        (view["run"]["state"] != "running").then_some(view)
    })
    .await
}

#[tokio::test]
async fn a_helper_sees_why_an_entry_was_found() {
    let (server, office) = server("").await;
    let (status, looked) = look(&office, json!({ "question": "请问身份证丢了怎么补办" })).await;
    assert_eq!(status, 200, "{looked}");
    assert_eq!(looked["outcome"], "answered");
    assert!(!looked["read_as"].as_str().unwrap().contains("请问"), "{}", looked["read_as"]);
    let first = &looked["hits"][0];
    for list in ["fields", "terms", "features", "matched"] {
        assert!(!first[list].as_array().unwrap().is_empty(), "{list}: {first}");
    }
    let sum: f64 = first["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["contribution"].as_f64().unwrap())
        .sum();
    assert!((sum - first["score"].as_f64().unwrap()).abs() < 1e-3, "contributions are the score: {first}");
    // The same confidence as a citizen's answer would have.
    let asked = server.ask("请问身份证丢了怎么补办", None).await;
    let difference = asked["confidence"].as_f64().unwrap() - first["confidence"].as_f64().unwrap();
    assert!(difference.abs() < 1e-6, "{asked}");
    assert_eq!(asked["outcome"], "answered");
    server.stop().await;
}

#[tokio::test]
async fn what_is_foreseen_is_what_a_citizen_hears() {
    let (server, office) = server("").await;
    let questions =
        ["身份证丢了怎么补办", "世界杯谁赢了", "过户", "公积金怎么提取", "我想开一家餐馆", "转人工"];
    for question in questions {
        let (_, looked) = look(&office, json!({ "question": question })).await;
        let asked = server.ask(question, None).await;
        assert_eq!(looked["outcome"], asked["outcome"], "{question}: {}", looked["hits"][0]);
    }
    server.stop().await;
}

#[tokio::test]
async fn an_entry_that_is_missed_is_missed_for_a_reason() {
    let (server, office) = server("").await;
    let entries = [
        ("t-draft", json!({ "status": "draft" })),
        ("t-old", json!({ "expires_on": "2020-01-01" })),
        ("t-new", json!({ "effective_from": "2099-01-01" })),
        ("t-firm", json!({ "audience": "enterprise" })),
        ("t-far", json!({ "region": "东湖区" })),
        ("t-other", json!({})),
    ];
    for (id, more) in &entries {
        let mut entry = json!({ "kind": "faq", "title": "飞行器牌照年检", "answer": "到窗口办理。", "status": "published" });
        if *id == "t-other" {
            entry["title"] = "zzz".into();
            entry["answer"] = "zzz".into();
        }
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let put = server
            .client
            .put(server.url(&format!("/api/v1/knowledge/{id}")))
            .header("cookie", office.cookie())
            .json(&entry)
            .send()
            .await
            .unwrap();
        assert_eq!(put.status(), 200, "{id}: {}", put.text().await.unwrap());
    }
    let table = [
        ("t-draft", json!({}), Some("draft")),
        ("t-old", json!({}), Some("expired")),
        ("t-old", json!({ "on": "2019-12-31" }), None),
        ("t-new", json!({}), Some("not_yet")),
        ("t-new", json!({ "on": "2099-01-01" }), None),
        ("t-firm", json!({ "audience": "citizen" }), Some("audience")),
        ("t-firm", json!({ "audience": "enterprise" }), None),
        ("t-far", json!({ "region": "西城区" }), Some("region")),
        ("t-far", json!({ "region": "东湖区" }), None),
        ("t-other", json!({}), Some("outranked")),
        ("t-none", json!({}), Some("unknown")),
    ];
    for (id, scope, reason) in table {
        let mut body = json!({ "question": "飞行器牌照年检", "entry": id });
        body.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
        let (_, looked) = look(&office, body).await;
        let sought = &looked["sought"];
        match reason {
            Some(reason) => assert_eq!(sought["reasons"], json!([reason]), "{id} {scope}: {sought}"),
            None => assert!(sought["place"].as_u64().is_some(), "{id} {scope}: {sought}"),
        }
    }
    let draft = office.get("/search/entries/t-draft").await;
    assert_eq!(draft["status"], "draft", "a helper may read what is not in force");
    server.stop().await;
}

#[tokio::test]
async fn unanswered_and_unsure_questions_are_listed_masked_and_settled() {
    let (server, office) = server("[trial]\ndoubt_below = 1.0\n").await;
    server.ask("世界杯谁赢了，我的电话13800138000", None).await;
    server.ask("身份证丢了怎么补办", None).await;
    server.ask("请问身份证丢了怎么补办？", None).await;
    let listed = eventually("three questions on two lines", || async {
        let view = office.get("/search/doubts").await;
        let count: u64 = view["doubts"].as_array()?.iter().filter_map(|doubt| doubt["count"].as_u64()).sum();
        (count == 3).then_some(view)
    })
    .await;
    assert_eq!((&listed["total"], &listed["open"]), (&json!(2), &json!(2)), "{listed}");
    assert!(!listed.to_string().contains("13800138000"));
    let unanswered = office.get("/search/doubts?kind=unanswered").await;
    assert_eq!(unanswered["doubts"][0]["kind"], "no_answer", "{unanswered}");
    let unsure = office.get("/search/doubts?kind=unsure&order=often").await;
    let doubt = &unsure["doubts"][0];
    assert_eq!((&doubt["kind"], &doubt["count"]), (&json!("unsure"), &json!(2)), "{unsure}");
    assert!(doubt["nearest_title"].is_string());
    let path = format!("/search/doubts/{}", doubt["id"].as_str().unwrap());
    let (status, marked) = office.call(Method::POST, &path, Some(json!({ "done": true }))).await;
    assert_eq!((status.as_u16(), &marked["done"]["by"]), (200, &json!("赵主办")));
    assert_eq!(office.get("/search/doubts").await["open"], 1);
    server.ask("身份证丢了怎么补办", None).await;
    eventually("the question asked again being open again", || async {
        (office.get("/search/doubts").await["open"] == 2).then_some(())
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn two_versions_of_the_knowledge_are_compared_on_the_same_questions() {
    let (server, office) = server("[trial]\nruns = 2\n").await;
    let lines = "身份证丢了怎么补办\n飞行器牌照怎么年检 | t-air\n世界杯谁赢了 | -\n";
    let (status, set) =
        office.call(Method::POST, "/search/sets", Some(json!({ "name": "回归", "lines": lines }))).await;
    assert_eq!(status, 201, "{set}");
    let id = set["id"].as_str().unwrap();
    let before = run_set(&office, id).await;
    assert_eq!(before["run"]["state"], "finished", "{before}");
    assert_eq!(before["run"]["totals"]["wrong"], 1, "{before}");
    let entry = json!({ "kind": "faq", "title": "飞行器牌照年检", "similar": ["飞行器牌照怎么年检"], "answer": "到窗口办理。", "status": "published" });
    let put = server
        .client
        .put(server.url("/api/v1/knowledge/t-air"))
        .header("cookie", office.cookie())
        .json(&entry)
        .send()
        .await
        .unwrap();
    assert_eq!(put.status(), 200);
    let after = run_set(&office, id).await;
    let numbers = [&before, &after].map(|view| view["run"]["number"].as_u64().unwrap());
    assert!(
        before["run"]["version"]["knowledge"].as_u64() < after["run"]["version"]["knowledge"].as_u64(),
        "{after}"
    );
    let compared = office.get(&format!("/search/compare?before={}&after={}", numbers[0], numbers[1])).await;
    assert_eq!((&compared["better"], &compared["worse"]), (&json!(1), &json!(0)), "{compared}");
    assert_eq!(compared["rows"][0]["change"], "better");
    assert_eq!(compared["rows"][0]["after"]["hits"][0]["id"], "t-air");
    // The third run makes room by dropping the first.
    run_set(&office, id).await;
    let kept = office.get(&format!("/search/runs?set={id}")).await;
    assert_eq!(kept["runs"].as_array().unwrap().len(), 2, "{kept}");
    let (gone, _) = office.call(Method::GET, &format!("/search/runs/{}", numbers[0]), None).await;
    assert_eq!(gone, 404);
    let (removed, _) = office.call(Method::DELETE, &format!("/search/sets/{id}"), None).await;
    assert_eq!(removed, 204);
    assert_eq!(office.get("/search/runs").await["runs"], json!([]));
    server.stop().await;
}

#[tokio::test]
async fn a_long_run_shows_how_far_it_is_lets_nobody_wait_and_can_be_stopped() {
    let (server, office) = server("").await;
    let lines: String = (0..3_000).map(|number| format!("第{number}号窗口的身份证怎么补办\n")).collect();
    let set = json!({ "name": "很长", "lines": lines });
    let (status, set) = office.call(Method::POST, "/search/sets", Some(set)).await;
    assert_eq!((status.as_u16(), set["questions"].as_array().map(Vec::len)), (201, Some(3_000)));
    let body = json!({ "set": set["id"] });
    let (_, begun) = office.call(Method::POST, "/search/runs", Some(body.clone())).await;
    let path = format!("/search/runs/{}", begun["number"]);
    eventually("some progress", || async {
        (office.get(&path).await["run"]["done"].as_u64()? > 0).then_some(())
    })
    .await;
    let (second, problem) = office.call(Method::POST, "/search/runs", Some(body)).await;
    assert_eq!((second.as_u16(), &problem["code"]), (409, &json!("run_in_progress")));
    // A citizen is answered while it goes on.
    assert_eq!(server.ask("身份证丢了怎么补办", None).await["outcome"], "answered");
    assert_eq!(office.get(&path).await["run"]["state"], "running");
    let (stopped, _) = office.call(Method::POST, &format!("{path}/stop"), None).await;
    assert_eq!(stopped, 204);
    let ended = eventually("the end of the run", || async {
        let view = office.get(&format!("{path}?rows=true")).await;
        (view["run"]["state"] == "stopped").then_some(view)
    })
    .await;
    let done = ended["run"]["done"].as_u64().unwrap();
    assert_eq!(ended["rows"].as_array().unwrap().len() as u64, done, "what was done is kept");
    assert!(done < 3_000);
    server.stop().await;
}

#[tokio::test]
async fn responders_look_and_only_the_office_changes() {
    let (server, office) = server("").await;
    let responder = Helper::log_in(&server, "钱应答").await;
    for path in ["/search/places", "/search/doubts", "/search/sets", "/search/runs"] {
        responder.get(path).await;
    }
    let set = json!({ "name": "x", "lines": "一个问题" });
    let changes = [
        (Method::POST, "/search/sets", set.clone()),
        (Method::PUT, "/search/sets/x", set.clone()),
        (Method::DELETE, "/search/sets/x", Value::Null),
        (Method::POST, "/search/sets/x/questions", set),
        (Method::POST, "/search/runs", json!({ "set": "x" })),
        (Method::POST, "/search/runs/1/stop", Value::Null),
        (Method::POST, "/search/doubts/x", json!({ "done": true })),
    ];
    for (method, path, body) in changes {
        let (refused, _) = responder.call(method.clone(), path, Some(body.clone())).await;
        assert_eq!(refused, 403, "{method} {path}");
        let url = server.url(&format!("/api/v1/desk{path}"));
        let stranger = server.client.request(method.clone(), url).json(&body).send().await.unwrap();
        assert_eq!(stranger.status(), 401, "{method} {path}");
    }
    let wrong = [
        (json!({ "question": " " }), "empty"),
        (json!({ "question": "长".repeat(301) }), "too_long"),
        (json!({ "question": "x", "region": "火星" }), "unknown_region"),
        (json!({ "question": "x", "audience": "cat" }), "bad_audience"),
        (json!({ "question": "x", "on": "yesterday" }), "bad_date"),
    ];
    for (body, code) in wrong {
        let (status, problem) = look(&office, body).await;
        assert_eq!((status.as_u16(), problem["code"].as_str()), (422, Some(code)));
    }
    for (name, lines, code) in
        [("", "问题", "empty"), ("甲", "\n#\n", "empty"), ("甲", "问题", ""), ("甲", "问题", "name_taken")]
    {
        let set = json!({ "name": name, "lines": lines });
        let (_, answer) = office.call(Method::POST, "/search/sets", Some(set)).await;
        assert_eq!(answer["code"].as_str().unwrap_or_default(), code, "{name} {lines}");
    }
    server.stop().await;
}

/// A feature without a name in plain words would stand on the page as `body_all`.
#[tokio::test]
async fn every_feature_has_a_plain_name_on_the_page() {
    let (server, office) = server("").await;
    let (_, looked) = look(&office, json!({ "question": "身份证丢了怎么补办" })).await;
    for (language, words) in [
        ("zh", include_str!("../../web/desk/src/locales/search.zh.ts")),
        ("en", include_str!("../../web/desk/src/locales/search.en.ts")),
    ] {
        for feature in looked["hits"][0]["features"].as_array().unwrap() {
            let name = feature["name"].as_str().unwrap();
            assert!(words.contains(&format!("    {name}: {{ name: ")), "{name} has no name in {language}");
        }
    }
    server.stop().await;
}

#[test]
fn sets_are_run_and_compared_on_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("questions.txt");
    std::fs::write(&file, "身份证丢了怎么补办\n世界杯谁赢了\t-\n").unwrap();
    let file = file.to_str().unwrap();
    let added = run(data.path(), &["trial", "add", "常见问题", file]);
    assert!(stdout(&added).contains("2 questions"), "{}", stdout(&added));
    for _ in 0..2 {
        let ran: Value =
            serde_json::from_str(&stdout(&run(data.path(), &["trial", "run", "常见问题", "--json"])))
                .unwrap();
        assert_eq!((&ran["run"]["state"], &ran["run"]["totals"]["right"]), (&json!("finished"), &json!(1)));
        assert_eq!(ran["rows"].as_array().unwrap().len(), 2);
    }
    let listed = stdout(&run(data.path(), &["trial", "list"]));
    assert!(listed.contains("常见问题") && listed.contains("finished"), "{listed}");
    let compared = stdout(&run(data.path(), &["trial", "compare", "1", "2"]));
    assert!(compared.contains("2 questions in both: 0 worse, 0 better; right 1 -> 1"), "{compared}");
    assert_eq!(run(data.path(), &["trial", "compare", "1", "9"]).status.code(), Some(1));
    let explained = stdout(&run(data.path(), &["search", "身份证丢了怎么补办", "--limit", "1", "--explain"]));
    for word in ["fields", "terms", "body_all", "outcome: answered"] {
        assert!(explained.contains(word), "{word} is missing: {explained}");
    }
}
