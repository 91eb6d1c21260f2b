//! Citizens log in with a provider that is not ours, and join the channels they use by consent.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use yikouwen::desk::Role;

use crate::support::helper::Helper;
use crate::support::identity::{Browser, Provider, free_port, section};
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config, process};

const ANSWERED: &str = "身份证丢了怎么补办";
const UNKNOWN: &str = "量子计算机的量子比特怎么纠错";

async fn server(section: &str, helpers: &[(&str, Role)]) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    let origins = "[channels.web]\ntype = \"web\"\nallowed_origins = [\"https://page.city.test\"]\n";
    Server::start(config(&data, &format!("{MEMORY}{section}{origins}")), helpers).await
}

/// A visitor begins a login; the id of it.
async fn begin(visitor: &Visitor) -> String {
    let (status, begun) = visitor.call(Method::POST, "/login", Some(json!({}))).await;
    assert_eq!(status, 200, "{begun}");
    let id = begun["id"].as_str().unwrap().to_owned();
    assert_eq!(begun["url"], format!("http://city.test/login/{id}"));
    id
}

/// A visitor joins the citizen of this name, from the first step to the last.
async fn join(visitor: &Visitor, browser: &mut Browser, subject: &str) {
    let login = begin(visitor).await;
    assert_eq!(browser.log_in(Some(&login), subject).await, format!("/me?login={login}"));
    let code = browser.consent(&login).await;
    let (status, confirmed) =
        visitor.call(Method::POST, "/login/confirm", Some(json!({ "code": code }))).await;
    assert_eq!((status, &confirmed), (StatusCode::OK, &json!({ "linked": true })));
}

fn last_words(thread: &[Value]) -> &str {
    thread.last().unwrap()["text"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_joins_two_channels_and_sees_the_questions_of_both() {
    let provider = Provider::start().await;
    let server = server(&provider.section(), &[]).await;
    let (phone, desktop, stranger) =
        (Visitor::new(&server).await, Visitor::new(&server).await, Visitor::new(&server).await);
    for visitor in [&phone, &stranger] {
        assert_eq!(visitor.ask("q1", ANSWERED).await["outcome"], "answered");
    }
    assert_eq!(desktop.ask("q1", UNKNOWN).await["outcome"], "no_answer");
    let site: Value =
        server.client.get(server.url("/api/v1/site")).send().await.unwrap().json().await.unwrap();
    assert_eq!(site["login"]["label"], json!({ "zh": "浙里办", "en": "Zheliban" }));
    assert_eq!(phone.call(Method::GET, "/login", None).await, (StatusCode::OK, json!({ "linked": false })));

    // The first by its page, which takes the code itself.
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get("/api/v1/me").await.0, 401);
    let login = begin(&phone).await;
    // Programs that make previews of links consume nothing, and are told nothing of anybody.
    for _ in 0..3 {
        let (status, view) = Browser::new(&server).get(&format!("/api/v1/me/logins/{login}")).await;
        assert_eq!(status, 200);
        assert_eq!(
            (&view["channel"], &view["type"], &view["stage"]),
            (&json!("web"), &json!("web"), &json!("started"))
        );
        assert!(view["consent"]["zh"].as_str().unwrap().contains("解除关联"));
    }
    // Consent before login is worth nothing.
    assert_eq!(browser.post(&format!("/api/v1/me/logins/{login}/consent"), json!({})).await.0, 401);
    assert_eq!(browser.log_in(Some(&login), "zhang").await, format!("/me?login={login}"));
    let (status, me) = browser.get("/api/v1/me").await;
    assert_eq!(status, 200);
    assert_eq!((&me["name"], &me["links"], &me["conversations"]), (&json!("张**"), &json!([]), &json!([])));
    let (_, consented) = browser.post(&format!("/api/v1/me/logins/{login}/consent"), json!({})).await;
    assert_eq!(consented["origin"], "https://page.city.test", "the code may go to that page and no other");
    let code = json!({ "code": consented["code"] });
    // Whoever holds the code does not hold the channel.
    assert_eq!(stranger.call(Method::POST, "/login/confirm", Some(code.clone())).await.0, 404);
    for _ in 0..2 {
        assert_eq!(phone.call(Method::POST, "/login/confirm", Some(code.clone())).await.0, 200);
    }
    let thread = phone.thread().await;
    assert_eq!(thread.len(), 3, "it is told once: {thread:?}");
    assert!(last_words(&thread).contains("关联成功（张**）"));
    assert_eq!(browser.get(&format!("/api/v1/me/logins/{login}")).await.1["stage"], "linked");

    // The second in the conversation itself, as on a platform.
    let offer = desktop.ask("q2", "登录").await;
    let text = offer["text"].as_str().unwrap();
    assert!(text.contains("用浙里办登录"), "{text}");
    let login = text.split("/login/").nth(1).unwrap().split(')').next().unwrap().to_owned();
    assert_eq!(browser.log_in(Some(&login), "zhang").await, format!("/me?login={login}"));
    let code = browser.consent(&login).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert!(desktop.ask("q3", wrong).await["text"].as_str().unwrap().contains("不对"));
    assert!(desktop.ask("q4", &format!(" {code} ")).await["text"].as_str().unwrap().contains("关联成功"));
    assert!(desktop.ask("q5", "我的咨询").await["text"].as_str().unwrap().contains("http://city.test/me"));
    let state = json!({ "linked": true, "name": "张**", "unresolved": 1 });
    for visitor in [&phone, &desktop] {
        assert_eq!(visitor.call(Method::GET, "/login", None).await, (StatusCode::OK, state.clone()));
    }

    // Both are in one list, and only both.
    let (_, me) = browser.get("/api/v1/me").await;
    let listed = me["conversations"].as_array().unwrap();
    let lines: Vec<_> = listed.iter().map(|line| (&line["question"], &line["state"])).collect();
    assert_eq!(lines, [(&json!(UNKNOWN), &json!("unresolved")), (&json!(ANSWERED), &json!("resolved"))]);
    assert_eq!(listed[0]["unanswered"], json!([UNKNOWN]));
    let id = listed[1]["id"].as_str().unwrap();
    let (status, transcript) = browser.get(&format!("/api/v1/me/conversations/{id}")).await;
    assert_eq!((status, &transcript["messages"][0]["text"]), (StatusCode::OK, &json!(ANSWERED)));
    assert!(transcript["messages"][1].get("evidence").is_none(), "what only helpers see stays out");
    let foreign = stranger.poll("", 0, 0).await;
    let foreign = foreign[0]["conversation"].as_str().unwrap();
    assert_eq!(browser.get(&format!("/api/v1/me/conversations/{foreign}")).await.0, 404);

    // Letting go of one, and then of everything.
    let link = me["links"][0]["id"].as_str().unwrap();
    assert_eq!(browser.call(Method::DELETE, &format!("/api/v1/me/links/{link}"), None).await.0, 204);
    assert_eq!(browser.call(Method::DELETE, &format!("/api/v1/me/links/{link}"), None).await.0, 404);
    assert_eq!(phone.call(Method::GET, "/login", None).await.1, json!({ "linked": false }));
    assert_eq!(browser.get("/api/v1/me").await.1["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(browser.get(&format!("/api/v1/me/conversations/{id}")).await.0, 404);
    let cookies = browser.cookies.clone();
    assert_eq!(browser.call(Method::DELETE, "/api/v1/me", None).await.0, 204);
    browser.cookies = cookies;
    assert_eq!(browser.get("/api/v1/me").await.0, 401);
    assert_eq!(desktop.call(Method::GET, "/login", None).await.1, json!({ "linked": false }));
    assert_eq!(desktop.thread().await[0]["text"], UNKNOWN, "the conversation stays with its channel");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_sent_to_somebody_else_joins_nothing() {
    let provider = Provider::start().await;
    let server = server(&provider.section(), &[]).await;
    let attacker = Visitor::new(&server).await;
    attacker.ask("q1", ANSWERED).await;
    let login = begin(&attacker).await;
    let mut victim = Browser::new(&server);
    victim.log_in(Some(&login), "zhang").await;
    let code = victim.consent(&login).await;
    // The victim holds the code, the attacker the channel, and guessing ends soon.
    for guess in (0..6).map(|guess| format!("{guess:06}")).filter(|guess| *guess != code).take(5) {
        let said = attacker.call(Method::POST, "/login/confirm", Some(json!({ "code": guess }))).await;
        assert_eq!((said.0, &said.1["code"]), (StatusCode::NOT_FOUND, &json!("unknown_code")));
    }
    let late = attacker.call(Method::POST, "/login/confirm", Some(json!({ "code": code }))).await;
    assert_eq!(late.0, 404, "after five wrong codes the right one is worth nothing");
    assert_eq!(attacker.call(Method::GET, "/login", None).await.1, json!({ "linked": false }));
    assert_eq!(victim.get("/api/v1/me").await.1["links"], json!([]));

    // A channel that one citizen has joined cannot be taken over by another.
    let visitor = Visitor::new(&server).await;
    join(&visitor, &mut Browser::new(&server), "zhang").await;
    let login = begin(&visitor).await;
    let mut other = Browser::new(&server);
    other.log_in(Some(&login), "li").await;
    let (status, problem) = other.post(&format!("/api/v1/me/logins/{login}/consent"), json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("linked_elsewhere")));
    // The same citizen who opens a link again has nothing to consent to.
    let login = begin(&visitor).await;
    assert_eq!(Browser::new(&server).log_in(Some(&login), "zhang").await, "/me");
    // Whoever consents has to be the one who went to the provider for this login.
    let (mut first, mut second) = (Browser::new(&server), Browser::new(&server));
    let login = begin(&attacker).await;
    first.log_in(Some(&login), "li").await;
    second.log_in(None, "zhang").await;
    assert_eq!(second.post(&format!("/api/v1/me/logins/{login}/consent"), json!({})).await.0, 404);
    // Whoever is logged in already need not go there again.
    let login = begin(&Visitor::new(&server).await).await;
    assert_eq!(second.consent(&login).await.len(), 6);
    assert_eq!(first.post(&format!("/api/v1/me/logins/{login}/consent"), json!({})).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_browser_that_left_comes_back_and_only_once() {
    let provider = Provider::start().await;
    let server = server(&provider.section(), &[]).await;
    let mut browser = Browser::new(&server);
    let page = browser.leave(None).await;
    for needed in
        ["code_challenge=", "code_challenge_method=S256", "nonce=", "scope=openid+profile", "state="]
    {
        assert!(page.contains(needed), "{page}");
    }
    assert!(!page.contains("prompt="), "{page}");
    let (_, sent) = Browser::new(&server).post("/api/v1/me/login", json!({ "again": true })).await;
    assert!(sent["url"].as_str().unwrap().contains("prompt=login"), "another person at the same device");
    let back = browser.identify(&page, Some("zhang")).await;
    // Somebody else's browser, as in a forged login.
    assert!(Browser::new(&server).come_back(&back).await.starts_with("/me?error=expired"));
    assert_eq!(browser.come_back(&back).await, "/me");
    let cookies = browser.cookies.clone();
    assert!(browser.come_back(&back).await.starts_with("/me?error=expired"), "the second time");
    browser.cookies = cookies;
    assert_eq!(browser.get("/api/v1/me").await.0, 200);

    // Another login's code is not taken: what was asked for and what is answered do not belong together.
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let (page_one, page_two) = (one.leave(None).await, two.leave(None).await);
    let (back_one, back_two) =
        (one.identify(&page_one, Some("zhang")).await, two.identify(&page_two, Some("li")).await);
    let part = |text: &str, name: &str| {
        let query = text.split_once('?').unwrap().1;
        query.split('&').find(|pair| pair.starts_with(name)).unwrap().to_owned()
    };
    let mixed = format!("/login/callback?{}&{}", part(&back_two, "code="), part(&back_one, "state="));
    assert!(one.come_back(&mixed).await.starts_with("/me?error=failed"));
    assert_eq!(one.get("/api/v1/me").await.0, 401);

    // No is an answer, too; and noise is none.
    let visitor = Visitor::new(&server).await;
    let login = begin(&visitor).await;
    let page = browser.leave(Some(&login)).await;
    let back = browser.identify(&page, None).await;
    assert_eq!(browser.come_back(&back).await, "/me?error=denied", "this provider leaves the state out");
    let back = format!("{back}&{}", part(&page, "state="));
    assert_eq!(browser.come_back(&back).await, format!("/me?error=denied&login={login}"));
    for noise in
        ["", "?code=x", "?state=x", "?code=x&state=a.b", "?error=server_error", "?code=&state=%0d%0a.x"]
    {
        let place = browser.come_back(&format!("/login/callback{noise}")).await;
        assert!(place.starts_with("/me?error="), "{noise}: {place}");
    }
    for id in ["x", "%00", "a.b"] {
        assert_eq!(browser.get(&format!("/api/v1/me/logins/{id}")).await.0, 404);
    }
    assert_eq!(browser.post("/api/v1/me/login", json!({ "login": "x" })).await.0, 404);
    // Logging out ends it here.
    browser.log_in(None, "zhang").await;
    let cookies = browser.cookies.clone();
    assert_eq!(browser.post("/api/v1/me/logout", json!({})).await.0, 204);
    browser.cookies = cookies;
    assert_eq!(browser.get("/api/v1/me").await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_the_operator_did_not_name_is_handed_no_code() {
    let provider = Provider::start().await;
    let data = tempfile::tempdir().unwrap().keep();
    let any = "[channels.web]\ntype = \"web\"\nallowed_origins = [\"*\"]\n";
    let text = format!("{MEMORY}{}{any}", provider.section());
    let server = Server::start(config(&data, &text), &[]).await;
    let login = begin(&Visitor::new(&server).await).await;
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get(&format!("/api/v1/me/logins/{login}")).await.1["origin"], Value::Null);
    browser.log_in(Some(&login), "zhang").await;
    let (_, consented) = browser.post(&format!("/api/v1/me/logins/{login}/consent"), json!({})).await;
    assert_eq!(consented["origin"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_stops_nobody_from_asking() {
    let server = server(&section(&format!("http://127.0.0.1:{}", free_port())), &[]).await;
    let visitor = Visitor::new(&server).await;
    assert_eq!(visitor.ask("q1", ANSWERED).await["outcome"], "answered");
    let (status, problem) = Browser::new(&server).post("/api/v1/me/login", json!({ "login": null })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_GATEWAY, &json!("provider_unreachable")));
    assert!(problem["title"].as_str().unwrap().contains("也可以继续咨询"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_nobody_is_asked_who_they_are() {
    let server = server("", &[]).await;
    let visitor = Visitor::new(&server).await;
    let site: Value =
        server.client.get(server.url("/api/v1/site")).send().await.unwrap().json().await.unwrap();
    assert_eq!(site["login"], Value::Null);
    assert_eq!(visitor.call(Method::POST, "/login", Some(json!({}))).await.1["code"], "login_off");
    let mut browser = Browser::new(&server);
    for path in ["/api/v1/me", "/login/callback?code=x&state=y", "/api/v1/me/logins/x"] {
        assert_eq!(browser.get(path).await.1["code"], "login_off", "{path}");
    }
    // The words are a question like any other.
    assert!(!visitor.ask("q1", "登录").await["text"].as_str().unwrap().contains("/login/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_logs_in_where_others_read_along() {
    let provider = Provider::start().await;
    let server = server(&provider.section(), &[]).await;
    // Whoever knows the id of such a conversation may go on with it.
    let answer = server.ask("登录", None).await;
    assert!(answer["answer"].as_str().unwrap().contains("单独的对话"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_reads_the_own_numbers_and_takes_them_along_when_forgotten() {
    let provider = Provider::start().await;
    let server = server(&provider.section(), &[]).await;
    let phone = Visitor::new(&server).await;
    let words = format!("{UNKNOWN}，我的手机号是13800138000");
    phone.ask("q1", &words).await;
    let mut browser = Browser::new(&server);
    join(&phone, &mut browser, "zhang").await;
    let (_, me) = browser.get("/api/v1/me").await;
    let line = &me["conversations"][0];
    assert_eq!((&line["question"], &line["unanswered"]), (&json!(words), &json!([words])));
    let path = format!("/api/v1/me/conversations/{}", line["id"].as_str().unwrap());
    assert_eq!(browser.get(&path).await.1["messages"][0]["text"], words);
    assert_eq!(phone.thread().await[0]["text"], words);
    assert_eq!(browser.call(Method::DELETE, "/api/v1/me", None).await.0, 204);
    assert_eq!(phone.thread().await[0]["text"], words.replace("13800138000", "【手机号】"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_serves_a_citizen_sees_what_was_asked_before_and_nobody_else_does() {
    let provider = Provider::start().await;
    let helpers = [("王芳", Role::Responder), ("赵强", Role::Responder), ("孙督", Role::Supervisor)];
    let server = server(&provider.section(), &helpers).await;
    let (phone, desktop) = (Visitor::new(&server).await, Visitor::new(&server).await);
    phone.ask("q1", &format!("{UNKNOWN}，我的手机号是13800138000")).await;
    let asked_before = phone.poll("", 0, 0).await[0]["conversation"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&server);
    join(&phone, &mut browser, "zhang").await;
    desktop.ask("q1", "转人工").await;
    let waiting = desktop.poll("", 0, 0).await[0]["conversation"].as_str().unwrap().to_owned();
    let (serving, idle) = (Helper::log_in(&server, "王芳").await, Helper::log_in(&server, "赵强").await);
    assert_eq!(serving.claim(&waiting).await.0, 200);
    let view = serving.conversation(&waiting).await;
    assert_eq!((&view["citizen"], &view["earlier"]), (&Value::Null, &json!([])), "not joined yet");
    let path = format!("/conversations/{asked_before}");
    assert_eq!(serving.call(Method::GET, &path, None).await.0, 409);

    join(&desktop, &mut browser, "zhang").await;
    let view = serving.conversation(&waiting).await;
    assert_eq!(view["citizen"]["name"], "张**");
    let earlier = &view["earlier"][0];
    assert_eq!((&earlier["id"], &earlier["state"]), (&json!(asked_before), &json!("unresolved")));
    let question = earlier["question"].as_str().unwrap();
    assert!(question.contains("量子比特") && !question.contains("13800138000"), "{question}");
    assert_eq!(serving.conversation(&asked_before).await["transcript"][0]["author"], "citizen");
    // Those who look at the queue, or have nothing to do with it, see neither the name nor the other conversation.
    assert_eq!(idle.call(Method::GET, &path, None).await.0, 409);
    let supervisor = Helper::log_in(&server, "孙督").await;
    assert_eq!(supervisor.conversation(&waiting).await["citizen"]["name"], "张**");
    assert_eq!(serving.act(&waiting, "release").await.0, 200);
    let view = idle.conversation(&waiting).await;
    assert_eq!((&view["citizen"], &view["earlier"]), (&Value::Null, &json!([])));
    assert_eq!(
        serving.call(Method::GET, &path, None).await.0,
        409,
        "the service is over, and so is the sight"
    );
    // The consent is taken back while somebody serves.
    assert_eq!(idle.claim(&waiting).await.0, 200);
    assert_eq!(idle.conversation(&waiting).await["earlier"].as_array().unwrap().len(), 1);
    let link = browser.get("/api/v1/me").await.1["links"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.call(Method::DELETE, &format!("/api/v1/me/links/{link}"), None).await.0, 204);
    assert_eq!(idle.conversation(&waiting).await["earlier"], json!([]));
    assert_eq!(idle.call(Method::GET, &path, None).await.0, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_online_asks_the_provider() {
    let provider = Provider::start().await;
    let check = async |section: String| {
        let data = tempfile::tempdir().unwrap().keep();
        let file = data.join("own.toml");
        std::fs::write(&file, section).unwrap();
        tokio::task::spawn_blocking(move || {
            process::run(&data, &["check", "--online", "--config", file.to_str().unwrap()])
        })
        .await
        .unwrap()
    };
    let fine = check(provider.section()).await;
    assert_eq!(fine.status.code(), Some(0), "{}", process::stdout(&fine));
    assert!(process::stdout(&fine).contains("login       the provider answers"));
    let away = check(section(&format!("http://127.0.0.1:{}", free_port()))).await;
    assert_eq!(away.status.code(), Some(1));
    let said = process::stdout(&away);
    assert!(said.contains("cannot be used") && !said.contains("a secret of tests"), "{said}");
}
