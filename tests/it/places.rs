//! Where, for whom and when: through the whole program, with entries put in while it serves.

use serde_json::{Value, json};
use yikouwen::desk::Role;

use crate::support::helper::Helper;
use crate::support::{MEMORY, Server, config, entries_of};

async fn server() -> (Server, Helper) {
    let data = tempfile::tempdir().unwrap().keep();
    let server = Server::start(config(&data, MEMORY), &[("编辑", Role::Owner)]).await;
    let editor = Helper::log_in(&server, "编辑").await;
    (server, editor)
}

async fn put(server: &Server, editor: &Helper, entry: &Value) {
    let address = format!("/api/v1/knowledge/{}", entry["id"].as_str().unwrap());
    let request = server.client.put(server.url(&address)).header("cookie", editor.cookie());
    let answer = request.json(entry).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
}

fn entry(id: &str, title: &str, more: &Value) -> Value {
    let mut entry = json!({ "id": id, "kind": "faq", "title": title, "answer": format!("{title}：到{id}窗口办。"),
        "source": { "title": "测试（演示）" } });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

async fn ask(server: &Server, question: &str, more: &Value) -> Value {
    let mut body = json!({ "question": question });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = server.client.post(server.url("/api/v1/ask")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// The first entry an answer rests on.
fn first(answer: &Value) -> Option<String> {
    entries_of(answer).into_iter().next()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_that_is_meant_answers_and_says_for_whom() {
    let (server, editor) = server().await;
    let title = "月球旅行许可办理";
    for (id, region) in
        [("moon-province", "本省"), ("moon-city", "我市"), ("moon-east", "东湖区"), ("moon-west", "990103")]
    {
        put(&server, &editor, &entry(id, title, &json!({ "region": region }))).await;
    }
    let table = [
        ("月球旅行许可怎么办理", json!({}), "moon-city", false),
        ("本市的月球旅行许可怎么办理", json!({}), "moon-city", false),
        ("东湖区的月球旅行许可怎么办理", json!({}), "moon-east", true),
        // The address is hidden, its district still counts.
        ("我住东湖区幸福小区3幢2单元401室，月球旅行许可怎么办理", json!({}), "moon-east", true),
        ("月球旅行许可怎么办理", json!({ "region": "西城区" }), "moon-west", true),
        ("东湖区的月球旅行许可怎么办理", json!({ "region": "西城区" }), "moon-east", true),
        ("临江县月球旅行许可怎么办理", json!({}), "moon-city", false),
    ];
    for (question, more, expected, says) in table {
        let answer = ask(&server, question, &more).await;
        assert_eq!(first(&answer).as_deref(), Some(expected), "{question} {more}: {answer}");
        assert_eq!(answer["answer"].as_str().unwrap().contains("只适用于"), says, "{question}: {answer}");
    }
    let asked = ask(&server, "月球旅行许可怎么办理", &json!({})).await;
    let there = server.ask("那东湖区呢", asked["conversation"].as_str()).await;
    assert_eq!(first(&there).as_deref(), Some("moon-east"), "{there}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_citys_matter_is_not_answered_from_this_citys_entries() {
    let server = Server::in_memory(&[]).await;
    for question in ["北京的公积金怎么提取", "请问上海的居住证怎么办", "在深圳怎么注册公司"]
    {
        let answer = server.ask(question, None).await;
        assert_eq!(answer["outcome"], "no_answer", "{answer}");
        assert!(answer["answer"].as_str().unwrap().contains("安和市"), "{answer}");
        assert_eq!(entries_of(&answer), Vec::<String>::new(), "{question}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_audience_that_is_stated_filters() {
    let (server, editor) = server().await;
    put(&server, &editor, &entry("moon-firm", "月球采矿许可申请", &json!({ "audience": "enterprise" })))
        .await;
    let question = "我们公司的月球采矿许可怎么申请";
    for (more, expected) in [
        (json!({}), Some("moon-firm")),
        (json!({ "audience": "enterprise" }), Some("moon-firm")),
        (json!({ "audience": "citizen" }), None),
    ] {
        let answer = ask(&server, question, &more).await;
        let found = first(&answer).filter(|id| id.starts_with("moon"));
        assert_eq!(found.as_deref(), expected, "{more}: {answer}");
    }
    let body = json!({ "question": question, "audience": "martian" });
    let refused = server.client.post(server.url("/api/v1/ask")).json(&body).send().await.unwrap();
    assert_eq!(refused.status(), 400);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_successor_answers_in_the_place_of_the_old_and_what_ended_is_a_gap() {
    let (server, editor) = server().await;
    put(&server, &editor, &entry("moon-new", "月球电子通行码", &json!({}))).await;
    let old =
        json!({ "status": "repealed", "superseded_by": "moon-new", "similar": ["月球纸质护照怎么办理"] });
    put(&server, &editor, &entry("moon-old", "月球纸质护照办理", &old)).await;
    let answer = server.ask("月球纸质护照怎么办理", None).await;
    assert_eq!(first(&answer).as_deref(), Some("moon-new"), "{answer}");
    assert!(answer["answer"].as_str().unwrap().contains("已不再执行"), "{answer}");

    let gone = json!({ "status": "repealed" });
    put(&server, &editor, &entry("moon-gift", "火星移民大礼包领取", &gone)).await;
    let answer = server.ask("火星移民大礼包怎么领取", None).await;
    assert_eq!(answer["outcome"], "no_answer", "{answer}");
    assert_eq!(entries_of(&answer), Vec::<String>::new());
    assert!(answer["answer"].as_str().unwrap().contains("到期或者废止"), "{answer}");
    server.stop().await;
}
