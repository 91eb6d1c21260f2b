//! The stories.

use reqwest::Method;
use serde_json::{Value, json};
use yikouwen::desk::Role;

use super::{FORM, FORM_NAME, Platform, SOUND, Sent};
use crate::files::PNG;
use crate::support::helper::Helper;
use crate::support::identity::{Browser, Provider};
use crate::support::{MEMORY, Server, config, eventually};

/// Words that the rules answer, without the knowledge.
const HUMAN: &str = "转人工";
const QUESTION: &str = "身份证丢了怎么补办";

async fn server<P: Platform>(platform: &P, more: &str) -> Server {
    let data = tempfile::tempdir().unwrap().keep();
    start(platform, &data, &format!("{MEMORY}{more}")).await
}

async fn start<P: Platform>(platform: &P, data: &std::path::Path, more: &str) -> Server {
    let own = format!("{}{more}", platform.section());
    let helpers = [("王老师", Role::Responder)];
    let server = Server::with_entries(config(data, &own), &helpers, &[("id-card", QUESTION)]).await;
    platform.connect(&server).await;
    server
}

async fn arrived<P: Platform>(platform: &P, server: &Server, citizen: u32, count: usize) -> Vec<String> {
    eventually(&format!("{count} messages"), async || {
        let arrived = platform.arrived(citizen);
        if arrived.len() < count {
            platform.look(server, citizen).await;
            return None;
        }
        Some(arrived)
    })
    .await
}

/// The first message that says this.
async fn told<P: Platform>(platform: &P, server: &Server, citizen: u32, words: &str) -> String {
    eventually(words, async || {
        let found = platform.arrived(citizen).into_iter().find(|text| text.contains(words));
        if found.is_none() {
            platform.look(server, citizen).await;
        }
        found
    })
    .await
}

/// A citizen who is served by a person.
async fn served<P: Platform>(platform: &P, server: &Server, citizen: u32) -> (Helper, String) {
    assert_eq!(platform.send(server, &platform.write(citizen, HUMAN)).await, Sent::Taken);
    arrived(platform, server, citizen, 1).await;
    let helper = Helper::log_in(server, "王老师").await;
    let conversation = eventually("the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(helper.claim(&conversation).await.0, 200);
    arrived(platform, server, citizen, 2).await;
    (helper, conversation)
}

pub(super) async fn a_forged_message_is_refused<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    let message = platform.write(1, HUMAN);
    let forged = platform.forge(&server, &message).await;
    if P::IS_CALLED {
        assert!(matches!(forged, Sent::Refused(400..=403)), "{forged:?}");
    }
    // The true one is taken, as the first: nothing of the forged one was kept.
    assert_eq!(platform.send(&server, &message).await, Sent::Taken);
    let texts = arrived(&platform, &server, 1, 1).await;
    assert!(texts[0].contains("第 1 位"), "{texts:?}");
    let helper = Helper::log_in(&server, "王老师").await;
    assert_eq!(helper.get("/queue").await["queue"].as_array().unwrap().len(), 1);
    server.stop().await;
}

pub(super) async fn a_redelivered_message_is_answered_once<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    let message = platform.write(1, QUESTION);
    for _ in 0..3 {
        assert_eq!(platform.send(&server, &message).await, Sent::Taken);
    }
    arrived(&platform, &server, 1, 1).await;
    assert_eq!(platform.send(&server, &message).await, Sent::Taken, "also after it was answered");
    assert_eq!(platform.send(&server, &platform.write(1, HUMAN)).await, Sent::Taken);
    let texts = arrived(&platform, &server, 1, 2).await;
    assert!(texts[0].contains("身份证") && texts[1].contains("第 1 位"), "{texts:?}");
    server.stop().await;
}

pub(super) async fn nothing_is_longer_than_the_platform_takes<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "[desk]\nmessage_chars = 100000\n").await;
    let (helper, conversation) = served(&platform, &server, 1).await;
    let text: String = (1..=P::SENTENCES).map(|number| format!("第 {number} 句话，😀 **重要**。")).collect();
    assert_eq!(helper.write(&conversation, &text).await.0, 201);
    let bare = |text: &str| {
        text.chars().filter(|letter| !letter.is_whitespace() && *letter != '*').collect::<String>()
    };
    let last_words = format!("第 {} 句话", P::SENTENCES);
    let texts = eventually("all of it", async || {
        let texts = platform.arrived(1);
        if !texts.last().is_some_and(|last| last.contains(&last_words)) {
            platform.look(&server, 1).await;
            return None;
        }
        Some(texts)
    })
    .await;
    let limits = server.channel(platform.channel()).limits();
    for text in &texts {
        let (limit, size) = platform.limit(text);
        assert!(size <= limit, "{size} of {limit}");
        if let Some(limits) = limits {
            assert!(limits.measure(text) <= limits.text, "as the channel says itself: {limits:?}");
        }
    }
    // A helper is told how much goes into one message.
    let told = helper.conversation(&conversation).await["limit"]["text"].as_u64();
    assert_eq!(told, limits.map(|limits| limits.text as u64));
    let words: String = texts[2..].iter().map(|text| platform.words_of(text)).collect();
    let whole = bare(&words);
    assert!(whole.contains(&bare(&text)), "not a word is lost");
    server.stop().await;
}

pub(super) async fn a_failed_delivery_is_repeated_and_harmless<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    platform.fail(2);
    assert_eq!(platform.send(&server, &platform.write(1, QUESTION)).await, Sent::Taken);
    assert_eq!(platform.send(&server, &platform.write(1, HUMAN)).await, Sent::Taken);
    let texts = arrived(&platform, &server, 1, 2).await;
    assert!(texts[0].contains("身份证") && texts[1].contains("第 1 位"), "in order, each once: {texts:?}");
    assert!(platform.attempts() >= 4);
    server.stop().await;
}

pub(super) async fn a_restart_between_acceptance_and_delivery_loses_nothing<P: Platform>() {
    let platform = P::start().await;
    let data = tempfile::tempdir().unwrap();
    let first = start(&platform, data.path(), "").await;
    platform.fail(10_000);
    assert_eq!(platform.send(&first, &platform.write(1, QUESTION)).await, Sent::Taken);
    eventually("an attempt", async || (platform.attempts() > 0).then_some(())).await;
    first.stop().await;
    platform.fail(0);
    assert_eq!(platform.arrived(1), Vec::<String>::new());
    let second = start(&platform, data.path(), "").await;
    arrived(&platform, &second, 1, 1).await;
    assert_eq!(platform.send(&second, &platform.write(1, HUMAN)).await, Sent::Taken);
    let texts = arrived(&platform, &second, 1, 2).await;
    assert!(texts[0].contains("身份证") && texts[1].contains("第 1 位"), "{texts:?}");
    second.stop().await;
}

pub(super) async fn replies_come_in_their_order<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    let (helper, conversation) = served(&platform, &server, 1).await;
    platform.fail(1);
    for number in 1..=P::REPLIES {
        assert_eq!(helper.write(&conversation, &format!("第 {number} 句")).await.0, 201);
    }
    if P::TOGETHER {
        told(&platform, &server, 1, &format!("第 {} 句", P::REPLIES)).await;
        let all = platform.arrived(1)[2..].concat();
        let said: Vec<&str> = all
            .split("第 ")
            .skip(1)
            .filter_map(|rest| rest.split_once(" 句"))
            .map(|(number, _)| number)
            .collect();
        let expected: Vec<String> = (1..=P::REPLIES).map(|number| number.to_string()).collect();
        assert_eq!(said, expected, "in order, each once");
        server.stop().await;
        return;
    }
    let texts = arrived(&platform, &server, 1, P::REPLIES + 2).await;
    for (text, number) in texts[2..].iter().zip(1..) {
        assert!(text.contains(&format!("第 {number} 句")), "{texts:?}");
    }
    server.stop().await;
}

pub(super) async fn citizens_do_not_see_each_other<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    for citizen in 1..=3 {
        assert_eq!(platform.send(&server, &platform.write(citizen, HUMAN)).await, Sent::Taken);
        arrived(&platform, &server, citizen, 1).await;
    }
    for citizen in 1..=3 {
        let texts = platform.arrived(citizen);
        assert_eq!(texts.len(), 1, "{texts:?}");
        assert!(texts[0].contains(&format!("第 {citizen} 位")), "{texts:?}");
    }
    server.stop().await;
}

pub(super) async fn a_helper_and_a_citizen_exchange_words_links_and_pictures<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    let (helper, conversation) = served(&platform, &server, 1).await;
    let link = "https://www.city.example/share";
    assert_eq!(helper.write(&conversation, "您好，可以的。").await.0, 201);
    let words = told(&platform, &server, 1, "您好，可以的。").await;
    assert!(words.contains("王老师"), "who writes: {words}");
    assert_eq!(helper.send_file(&conversation, "h1", "样表.png", PNG).await.0, 201);
    assert_eq!(helper.write(&conversation, &format!("网上办：{link}")).await.0, 201);
    told(&platform, &server, 1, link).await;
    assert_eq!(platform.pictures(&server, 1).await, [PNG], "the helper's picture, once");

    // What the robot would answer with its sources.
    assert_eq!(platform.send(&server, &platform.write(1, QUESTION)).await, Sent::Taken);
    assert_eq!(platform.send(&server, &platform.photo(1)).await, Sent::Taken);
    let picture = eventually("the citizen's picture at the desk", async || {
        let view = helper.conversation(&conversation).await;
        let last = view["transcript"].as_array().unwrap().last().unwrap().clone();
        let file = last["attachments"][0].clone();
        (file["state"] == "kept").then_some(file)
    })
    .await;
    let file = helper.file(picture["id"].as_str().unwrap(), &[]).await;
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.bytes().await.unwrap(), PNG);
    assert_eq!(helper.write(&conversation, "收到了。").await.0, 201);
    told(&platform, &server, 1, "收到了。").await;

    let view = helper.conversation(&conversation).await;
    let transcript = view["transcript"].as_array().unwrap();
    let said = |author: &str| {
        let own = transcript.iter().filter(|message| message["author"] == author);
        own.map(|message| message["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(said("citizen")[..2], [HUMAN, QUESTION], "in order, each once");
    assert_eq!(said("citizen").len(), 3);
    let silent = said("robot").iter().chain(&platform.arrived(1)).all(|text| !text.contains("[1]"));
    assert!(silent, "the robot answers nothing: {transcript:?} {:?}", platform.arrived(1));
    server.stop().await;
}

/// The last message of the citizen, once it is at the desk with its file, if it has one.
async fn at_the_desk(
    helper: &Helper,
    conversation: &str,
    what: &str,
    is_it: impl Fn(&Value) -> bool,
) -> Value {
    eventually(what, async || {
        let view = helper.conversation(conversation).await;
        let mut newest = view["transcript"].as_array().unwrap().iter().rev();
        let last = newest.find(|message| message["author"] == "citizen")?.clone();
        let file = &last["attachments"][0];
        (is_it(&last) && (file.is_null() || file["state"] == "kept")).then_some(last)
    })
    .await
}

pub(super) async fn a_recording_and_a_file_reach_the_helper_and_a_file_comes_back<P: Platform>() {
    let platform = P::start().await;
    let server = server(&platform, "").await;
    let (helper, conversation) = served(&platform, &server, 1).await;
    let words = "我想问社保卡丢了怎么办";
    assert_eq!(platform.send(&server, &platform.voice(1, words)).await, Sent::Taken);
    let is_voice = |message: &Value| match P::KEEPS_RECORDINGS {
        true => message["attachments"][0]["kind"] == "voice",
        false => message["text"] == words,
    };
    let heard = at_the_desk(&helper, &conversation, "the recording at the desk", is_voice).await;
    if P::HEARS {
        assert!(heard["text"].as_str().unwrap().contains(words), "{heard}");
    }
    if P::KEEPS_RECORDINGS {
        let answer = helper.file(heard["attachments"][0]["id"].as_str().unwrap(), &[]).await;
        assert_eq!(answer.headers()["content-type"], "audio/amr");
        assert_eq!(answer.bytes().await.unwrap(), SOUND);
    }

    assert_eq!(platform.send(&server, &platform.form(1)).await, Sent::Taken);
    let is_form = |message: &Value| message["attachments"][0]["kind"] == "file";
    let sent = at_the_desk(&helper, &conversation, "the form at the desk", is_form).await;
    assert_eq!(sent["attachments"][0]["name"], FORM_NAME);
    let answer = helper.file(sent["attachments"][0]["id"].as_str().unwrap(), &[]).await;
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert_eq!(answer.bytes().await.unwrap(), FORM);

    assert_eq!(helper.send_file(&conversation, "h1", FORM_NAME, FORM).await.0, 201);
    assert_eq!(helper.write(&conversation, "请填好再来。").await.0, 201);
    told(&platform, &server, 1, "请填好再来。").await;
    assert_eq!(platform.files(&server, 1).await, [FORM], "the helper's file, once");
    server.stop().await;
}

pub(super) async fn a_link_to_a_shared_form_opens_once_and_for_whom_it_was_sent_to<P: Platform>() {
    let platform = P::start().await;
    let public = match platform.section().contains("public_url") {
        true => "",
        false => "[server]\npublic_url = \"https://ask.city.example\"\n",
    };
    let server = server(&platform, public).await;
    let (helper, conversation) = served(&platform, &server, 1).await;
    let purpose = json!({ "purpose": "一起填写经营范围" });
    let (status, begun) =
        helper.call(Method::POST, &format!("/conversations/{conversation}/shares"), Some(purpose)).await;
    assert_eq!(status, 201, "{begun}");
    let share = begun["share"]["id"].as_str().unwrap();
    let before = format!("/s/{share}#k=");
    let sent = eventually("the link", async || {
        let found = platform.with_links(1).into_iter().find(|text| text.contains(&before));
        if found.is_none() {
            platform.look(&server, 1).await;
        }
        found
    })
    .await;
    let key: String = sent.split(&before).nth(1).unwrap().chars().take(22).collect();
    let open = async |key: &str, code: Option<&str>| {
        let body = json!({ "id": share, "key": key, "code": code });
        let answer = server.client.post(server.url("/api/v1/assist/open")).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    // Platforms look at links before people do.
    for _ in 0..3 {
        let page = server.client.get(server.url(&format!("/s/{share}"))).send().await.unwrap();
        // Without the built pages there is nothing to serve; that nothing is used up holds all the same.
        assert!(page.status() == 404 || page.headers()["cache-control"] == "no-store", "{page:?}");
    }
    assert_eq!(open("AAAAAAAAAAAAAAAAAAAAAA", None).await.0, 410, "a link that was made up");
    // The website's own page opens its link. Elsewhere whoever opens it has to know what stands in the conversation.
    if P::SAYS_WHO_OPENS {
        assert_eq!(open(&key, None).await.0, 200);
    } else {
        let told = told(&platform, &server, 1, "数字：").await;
        let code: String = told.split("数字：").nth(1).unwrap().chars().take(6).collect();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(open(&key, None).await, (401, "code_needed".to_owned()));
        assert_eq!(open(&key, Some(wrong)).await, (401, "wrong_code".to_owned()), "somebody else");
        assert_eq!(open(&key, Some(&code)).await.0, 200);
        assert_eq!(open(&key, Some(&code)).await.0, 410, "once");
    }
    assert_eq!(open(&key, None).await.0, 410, "once");
    if P::KNOWS_WHO_OPENS {
        let path = format!("/conversations/{conversation}/shares");
        assert_eq!(helper.call(Method::POST, &format!("/shares/{share}/end"), None).await.0, 200);
        let purpose = json!({ "purpose": "一起填写经营范围" });
        let (status, begun) = helper.call(Method::POST, &path, Some(purpose)).await;
        assert_eq!(status, 201, "{begun}");
        let (share, link) = (begun["share"]["id"].as_str().unwrap(), begun["link"].as_str().unwrap());
        let key = link.split("#k=").nth(1).unwrap();
        assert_eq!(platform.open_as(&server, 1, share, "AAAAAAAAAAAAAAAAAAAAAA").await, 410, "made up");
        assert_eq!(platform.open_as(&server, 2, share, key).await, 401, "somebody else");
        assert_eq!(platform.open_as(&server, 1, share, key).await, 200, "the citizen, without digits");
        assert_eq!(platform.open_as(&server, 1, share, key).await, 410, "once");
    }
    server.stop().await;
}

/// The last steps are taken in the conversation itself, so they are the channel's to carry.
pub(super) async fn a_citizen_joins_the_channel_to_a_login<P: Platform>() {
    let provider = Provider::start().await;
    let platform = P::start().await;
    let public = match platform.section().contains("public_url") {
        true => "",
        false => "[server]\npublic_url = \"https://ask.city.example\"\n",
    };
    let server = server(&platform, &format!("{public}{}", provider.login())).await;
    for citizen in [1, 2] {
        assert_eq!(platform.send(&server, &platform.write(citizen, QUESTION)).await, Sent::Taken);
        arrived(&platform, &server, citizen, 1).await;
    }
    assert_eq!(platform.send(&server, &platform.write(1, "登录")).await, Sent::Taken);
    let offer = eventually("a link", async || {
        let found = platform.with_links(1).into_iter().find(|text| text.contains("/login/"));
        if found.is_none() {
            platform.look(&server, 1).await;
        }
        found
    })
    .await;
    let behind = offer.split("/login/").nth(1).unwrap();
    let login: String =
        behind.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let mut browser = Browser::new(&server);
    assert_eq!(browser.log_in(Some(&login), "zhang").await, format!("/me?login={login}"));
    let code = browser.consent(&login).await;
    // The other citizen's conversation is not the one that the code is for.
    assert_eq!(platform.send(&server, &platform.write(2, &code)).await, Sent::Taken);
    assert_eq!(platform.send(&server, &platform.write(1, &code)).await, Sent::Taken);
    told(&platform, &server, 1, "关联成功").await;
    let (_, me) = browser.get("/api/v1/me").await;
    assert_eq!(me["links"].as_array().unwrap().len(), 1, "{me}");
    assert_eq!(me["links"][0]["channel"], platform.channel());
    let questions: Vec<_> =
        me["conversations"].as_array().unwrap().iter().map(|line| &line["question"]).collect();
    assert_eq!(questions, [QUESTION]);
    server.stop().await;
}
