//! The WeChat channel, as a citizen and the platform meet it: proofs, every type of message, and people at the desk.

use adapters::wechat::crypto::{AesKey, sign};
use adapters::wechat::xml::Fields;
use serde_json::Value;

use crate::support::helper::Helper;
use crate::support::wechat::{
    APP, KEY, Platform, Seen, TOKEN, account, content, encrypted, event, message, now, text_message,
};
use crate::support::weixin::FakeApi;
use crate::support::{MEMORY, Server, config, eventually};
use yikouwen::desk::Role;

/// An account in each mode, none of which sends by itself.
async fn modes() -> (Server, FakeApi) {
    let api = FakeApi::start(false).await;
    let data = tempfile::tempdir().unwrap().keep();
    let previous = "previous_encoding_aes_key = \"0123456789abcdefghijklmnopqrstuvwxyzABCDEFG\"";
    let own = [
        MEMORY.to_owned(),
        account("plain", &api.url, "mode = \"plain\""),
        account("both", &api.url, "mode = \"compatible\""),
        account("gzh", &api.url, previous),
    ]
    .concat();
    (Server::start(config(&data, &own), &[]).await, api)
}

const OLD_KEY: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_verifies_the_address_and_nobody_else_does() {
    let (server, _api) = modes().await;
    for channel in ["plain", "both", "gzh"] {
        let platform = Platform::new(&server.url(""), channel);
        let url = format!("{}&echostr=6193%2B&x=1", platform.signed(now(), "n1"));
        let answer = server.client.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), "6193+", "the very text, and nothing else");
        for wrong in [
            url.replace("signature=", "signature=0"),
            platform.signed(now() - 3_600, "n1"),
            platform.url.clone(),
        ] {
            let answer = server.client.get(&wrong).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{wrong}");
            assert_eq!(answer.text().await.unwrap(), "");
        }
    }
    server.stop().await;
}

/// Posts an encrypted text and decrypts the answer.
async fn secret_words(platform: &Platform, key: &str, openid: &str, id: u64) -> (u16, String) {
    let body = text_message(openid, id, "你好");
    let (url, body) = encrypted(platform, key, &body, now(), "nonce-1");
    let (status, answer) = platform.post(&url, body).await;
    if status != 200 {
        return (status, String::new());
    }
    let envelope = Fields::parse(&answer).unwrap();
    let encrypted = envelope.get("Encrypt").unwrap();
    let parts = [TOKEN, envelope.get("TimeStamp").unwrap(), envelope.get("Nonce").unwrap(), encrypted];
    assert_eq!(envelope.get("MsgSignature"), Some(sign(&parts).as_str()));
    (status, content(&AesKey::parse(key).unwrap().decrypt(encrypted, APP).unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_takes_what_is_its_own_and_answers_in_kind() {
    let (server, _api) = modes().await;
    let [plain, both, secure] =
        ["plain", "both", "gzh"].map(|channel| Platform::new(&server.url(""), channel));
    for platform in [&plain, &both] {
        let (status, answer) =
            platform.post(&platform.signed(now(), "a1"), text_message("o1", 1, "你好")).await;
        assert_eq!(status, 200);
        assert!(content(&answer).contains("政务智能助手"), "{answer}");
    }
    for platform in [&both, &secure] {
        let (status, words) = secret_words(platform, KEY, "o2", 2).await;
        assert!(status == 200 && words.contains("政务智能助手"), "{status} {words}");
    }
    // The previous key is good while keys are changed, and is answered with itself; any other is not.
    assert_eq!(secret_words(&secure, OLD_KEY, "o3", 3).await.0, 200);
    assert_eq!(secret_words(&secure, &"B".repeat(43), "o4", 4).await.0, 403);
    assert_eq!(secret_words(&both, OLD_KEY, "o4", 4).await.0, 403, "that account has no previous key");
    // A secure account takes nothing unencrypted, whoever signed it.
    let (status, _) = secure.post(&secure.signed(now(), "a2"), text_message("o5", 5, "你好")).await;
    assert_eq!(status, 403);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_old_and_replayed_pushes_are_refused_and_the_same_push_is_not() {
    let (server, _api) = modes().await;
    let [plain, secure] = ["plain", "gzh"].map(|channel| Platform::new(&server.url(""), channel));
    let body = text_message("o1", 1, "你好");
    let good = plain.signed(now(), "n1");
    let (status, first) = plain.post(&good, body.clone()).await;
    assert_eq!(status, 200);
    // The platform asks again, with the same proof or another: the same bytes.
    for url in [good.clone(), plain.signed(now(), "n2")] {
        assert_eq!(plain.post(&url, body.clone()).await, (200, first.clone()));
    }
    // Somebody has seen the proof and puts it above other words, or other people.
    for forged in [text_message("o1", 9, "转人工"), text_message("o9", 1, "你好")] {
        assert_eq!(plain.post(&good, forged).await, (403, String::new()));
    }
    let table = [
        good.replace("nonce=n1", "nonce=n3"),
        plain.signed(now() - 3_600, "n4"),
        plain.signed(now() + 3_600, "n5"),
        plain.url.clone(),
        format!("{}?signature=&timestamp={}&nonce=", plain.url, now()),
    ];
    for url in table {
        assert_eq!(plain.post(&url, text_message("o1", 10, "你好")).await.0, 403, "{url}");
    }
    let (url, sealed) = encrypted(&secure, KEY, &body, now(), "n6");
    let (_, other) = encrypted(&secure, KEY, &text_message("o1", 11, "转人工"), now(), "n6");
    assert_eq!(secure.post(&url, other).await.0, 403, "the signature covers the ciphertext");
    assert_eq!(secure.post(&url.replace("msg_signature=", "msg_signature=0"), sealed.clone()).await.0, 403);
    assert_eq!(secure.post(&url, sealed).await.0, 200);
    for broken in ["", "<xml>", "no xml", "<xml><Encrypt>x</Encrypt></xml>", "{}"] {
        let status = plain.post(&plain.signed(now(), "n7"), broken.to_owned()).await.0;
        assert!(status == 400 || status == 403, "{broken}: {status}");
    }
    server.stop().await;
}

/// An account without encryption, for everything that is not about proofs.
async fn plain(verified: bool, helpers: &[&str], more: &str) -> (Server, FakeApi, Platform) {
    let api = FakeApi::start(verified).await;
    let data = tempfile::tempdir().unwrap().keep();
    let settings = format!("mode = \"plain\"\nverified = {verified}");
    let own = format!("{MEMORY}{more}{}", account("gzh", &api.url, &settings));
    let helpers: Vec<_> = helpers.iter().map(|&name| (name, Role::Responder)).collect();
    let server = Server::start(config(&data, &own), &helpers).await;
    let platform = Platform::new(&server.url(""), "gzh");
    (server, api, platform)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_its_sources_and_no_markdown() {
    let (server, _api, platform) = plain(false, &[], "").await;
    let seen = platform.says("o1", 1, "身份证丢了怎么补办").await;
    let words = seen.words();
    assert!(words.contains("[1]") && words.contains("出处：") && !words.contains("**"), "{words}");
    assert_eq!(words.matches("<a ").count(), words.matches("</a>").count());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_message_and_event_is_answered_or_acknowledged() {
    let (server, _api, platform) = plain(false, &[], "").await;
    let kind = |kind: &str, more: &str, id: u64| {
        format!("<MsgType><![CDATA[{kind}]]></MsgType>{more}<MsgId>{id}</MsgId>")
    };
    let heard =
        "<MediaId>m</MediaId><Format>amr</Format><Recognition><![CDATA[身份证丢了怎么补办]]></Recognition>";
    assert!(
        platform.does("o1", &kind("voice", heard, 1)).await.words().contains("[1]"),
        "what was heard is answered"
    );
    let answered = [
        kind("image", "<PicUrl>http://p</PicUrl><MediaId>picture</MediaId>", 2),
        kind("voice", "<MediaId>m</MediaId><Format>amr</Format>", 3),
        kind("video", "<MediaId>film</MediaId><ThumbMediaId>t</ThumbMediaId>", 4),
        kind("shortvideo", "<MediaId>film</MediaId><ThumbMediaId>t</ThumbMediaId>", 5),
        kind("file", "<MediaId>m</MediaId><Title>a.pdf</Title>", 6),
        kind(
            "location",
            "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Label>市民中心</Label>",
            7,
        ),
        kind("link", "<Title>身份证补领</Title><Description>d</Description><Url>https://a.example</Url>", 8),
        kind("miniprogrampage", "<Title>t</Title><AppId>a</AppId>", 9),
        kind("text", "<Content>【收到不支持的消息类型，暂无法显示】</Content>", 10),
        kind("hologram", "", 11),
        event("subscribe", ""),
        event("subscribe", "qrscene_open:id-card"),
        event("SCAN", "open:id-card"),
        event("SCAN", "4711"),
        event("CLICK", "open:id-card"),
        event("CLICK", "say:身份证丢了怎么补办"),
        event("CLICK", "V1001_OLD"),
        format!(
            "{}<ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>open:id-card</ScanResult></ScanCodeInfo>",
            event("scancode_waitmsg", "scan")
        ),
        format!(
            "{}<SendLocationInfo><Location_X>23</Location_X><Location_Y>113</Location_Y><Label>x</Label></SendLocationInfo>",
            event("location_select", "place")
        ),
    ];
    for (index, inner) in answered.iter().enumerate() {
        let seen = platform.does(&format!("p{index}"), inner).await;
        assert!(matches!(&seen, Seen::Words(words, 1) if !words.contains("故障")), "{inner}: {seen:?}");
    }
    let unsupported = platform.does("q1", &answered[8]).await;
    assert!(unsupported.words().contains("收不到内容"), "{unsupported:?}");
    let acknowledged = [
        "unsubscribe",
        "LOCATION",
        "VIEW",
        "scancode_push",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "TEMPLATESENDJOBFINISH",
        "MASSSENDJOBFINISH",
        "kf_create_session",
        "kf_close_session",
        "kf_switch_session",
        "debug_demo",
        "something_new",
    ];
    for name in acknowledged {
        assert_eq!(platform.does("q2", &event(name, "")).await, Seen::Nothing(1), "{name}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_again_is_the_same_event() {
    let (server, _api, platform) = plain(false, &[], "").await;
    let click = message("o1", now(), &event("CLICK", "human"));
    let patience = std::time::Duration::from_secs(5);
    let first = platform.once(&click, patience).await.unwrap();
    assert_eq!(platform.once(&click, patience).await.as_ref(), Some(&first));
    assert!(content(&first).contains("第 1 位"), "{first}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choices_are_numbers_that_can_be_replied() {
    let (server, _api, platform) = plain(false, &[], "").await;
    let mut asked = None;
    for (index, text) in ["怎么办", "补办", "身份证", "社保", "公积金", "护照", "居住证"].iter().enumerate()
    {
        let openid = format!("o{index}");
        let words = platform.says(&openid, 1, text).await.words().to_owned();
        if words.contains("回复前面的数字") {
            asked = Some((openid, words));
            break;
        }
    }
    let (openid, words) = asked.expect("one of these is asked back about");
    assert!(words.contains("1. <a href=\"weixin://bizmsgmenu?msgmenucontent="), "{words}");
    let answer = platform.says(&openid, 2, "1").await;
    assert!(answer.words().contains("[1]") || answer.words().contains("1. "), "{answer:?}");
    server.stop().await;
}

async fn conversation(helper: &Helper) -> String {
    eventually("a conversation in the queue", async || {
        let queue = helper.get("/queue").await;
        queue["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_serves_an_account_that_cannot_send_and_the_rating_is_a_digit() {
    let (server, _api, platform) = plain(false, &["王芳"], "").await;
    let helper = Helper::log_in(&server, "王芳").await;
    let queued = platform.says("o1", 1, "转人工").await;
    assert!(queued.words().contains("第 1 位"), "{queued:?}");
    let id = conversation(&helper).await;
    assert_eq!(helper.claim(&id).await.0, 200);
    let served = platform.says("o1", 2, "我的情况比较复杂").await;
    assert!(
        served.words().starts_with("王芳 正在为您服务。") && served.words().contains("看答案"),
        "{served:?}"
    );
    let relayed = platform.says("o1", 3, "孩子在外地出生").await;
    assert!(
        relayed.words().starts_with("已转给工作人员。") && relayed.words().contains("继续"),
        "{relayed:?}"
    );
    assert_eq!(helper.write(&id, "您好，请说。").await.0, 201);
    // The helper's words wait for whatever the citizen does next. Short words are words, when a person serves.
    let seen = platform.says("o1", 4, "好").await;
    assert!(seen.words().starts_with("工作人员 王芳：\n您好，请说。\n\n"), "{seen:?}");
    let transcript = helper.conversation(&id).await.to_string();
    assert!(transcript.contains("\"好\""), "the helper reads them: {transcript}");
    assert!(platform.says("o1", 5, "继续").await.words().starts_with("工作人员还没有新的回复"));
    assert_eq!(helper.write(&id, "好的，已登记。").await.0, 201);
    let seen = platform.says("o1", 6, "继续").await;
    assert!(seen.words().starts_with("工作人员 王芳：\n好的，已登记。"), "{seen:?}");
    assert!(!helper.conversation(&id).await.to_string().contains("\"继续\""), "that only fetched");
    assert_eq!(helper.act(&id, "close").await.0, 200);
    let asked = platform.says("o1", 7, "？").await;
    assert!(asked.words().contains("5 非常满意"), "{asked:?}");
    let thanked = platform.says("o1", 8, "5分").await;
    let Seen::Words(thanks, 1) = &thanked else { panic!("{thanked:?}") };
    assert!(thanks.contains("谢"), "{thanks}");
    let rating: Value = helper.conversation(&id).await;
    assert_eq!(rating["rating"]["score"], 5, "{rating}");
    assert!(server.metrics().await.contains("score=\"5\"} 1"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_serves_an_account_that_sends() {
    let (server, api, platform) = plain(true, &["王芳"], "").await;
    let helper = Helper::log_in(&server, "王芳").await;
    assert!(platform.says("o1", 1, "转人工").await.words().contains("第 1 位"));
    let id = conversation(&helper).await;
    assert_eq!(helper.claim(&id).await.0, 200);
    eventually("who serves", async || {
        api.sent_to("o1").contains(&"王芳 正在为您服务。".to_owned()).then_some(())
    })
    .await;
    assert_eq!(platform.says("o1", 2, "我的情况比较复杂").await, Seen::Nothing(1));
    assert_eq!(helper.write(&id, "您好，请说。").await.0, 201);
    let words = "工作人员 王芳：\n您好，请说。".to_owned();
    eventually("the helper's words", async || api.sent_to("o1").contains(&words).then_some(())).await;
    let marked = api.with(|told| told.sent.iter().any(|(_, body)| body["aimsgcontext"].is_object()));
    assert!(!marked, "a person's words are not marked as a machine's");
    assert_eq!(helper.act(&id, "close").await.0, 200);
    eventually("the request for a rating", async || {
        api.sent_to("o1").iter().any(|text| text.contains("5 非常满意")).then_some(())
    })
    .await;
    // Thanks come in the answer, or by themselves when the request is still being counted as sent.
    let rated = platform.says("o1", 3, "5").await;
    let thanked = |text: &str| text.contains("谢");
    if !matches!(&rated, Seen::Words(words, 1) if thanked(words)) {
        assert_eq!(rated, Seen::Nothing(1));
        eventually("thanks", async || api.sent_to("o1").iter().any(|text| thanked(text)).then_some(())).await;
    }
    assert_eq!(helper.conversation(&id).await["rating"]["score"], 5);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_is_sent_in_five_parts_and_read_on() {
    let (server, api, platform) = plain(true, &["王芳"], "").await;
    let helper = Helper::log_in(&server, "王芳").await;
    platform.says("o1", 1, "转人工").await;
    let id = conversation(&helper).await;
    assert_eq!(helper.claim(&id).await.0, 200);
    eventually("who serves", async || (!api.sent_to("o1").is_empty()).then_some(())).await;
    assert_eq!(
        platform.says("o1", 2, "请把要求都告诉我").await,
        Seen::Nothing(1),
        "this opens the window anew"
    );
    let long: String = (1..=440).map(|number| format!("第{number}条要核对。")).collect();
    assert_eq!(helper.write(&id, &long).await.0, 201);
    let parts = eventually("five parts", async || {
        let sent = api.sent_to("o1");
        (sent.len() == 6).then(|| sent[1..].to_vec())
    })
    .await;
    assert!(parts.iter().all(|part| part.len() <= 2_048), "{parts:?}");
    assert!(parts[4].contains("看下文") && !parts[3].contains("看下文"), "{parts:?}");
    let mut read = parts.concat();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    for message in 3..20 {
        match platform.says("o1", message, "继续").await {
            Seen::Words(words, _) => read.push_str(&words),
            // The last part is still being counted as sent.
            Seen::Nothing(_) | Seen::Fault => tokio::time::sleep(std::time::Duration::from_millis(250)).await,
        }
        if read.contains("第440条") {
            break;
        }
    }
    assert_eq!(api.sent_to("o1").len(), 6, "no more than five");
    let numbers: Vec<usize> =
        read.split('第').skip(1).filter_map(|part| part.split('条').next()?.parse().ok()).collect();
    assert_eq!(numbers, (1..=440).collect::<Vec<_>>());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_and_comes_back_is_not_told_everything_again() {
    let (server, _api, platform) = plain(false, &[], "").await;
    assert!(platform.says("o1", 1, "身份证丢了怎么补办").await.words().contains("[1]"));
    assert_eq!(platform.does("o1", &event("unsubscribe", "")).await, Seen::Nothing(1));
    let back = platform.says("o1", 2, "你是机器人吗").await;
    assert!(back.words().contains("我是机器人") && !back.words().contains("[1]"), "{back:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_the_gateway_are_told_in_words_and_the_platforms_addresses_are_not_counted() {
    let limits = "[limits]\nper_citizen = 2\nper_address = 5\nmessage_chars = 20\n";
    let (server, _api, platform) = plain(false, &[], limits).await;
    for number in 0..8 {
        // All from one address, as the platform's pushes are.
        assert!(platform.says(&format!("o{number}"), 1, "你好").await.words().contains("智能助手"));
    }
    let long = platform.says("p1", 1, &"长".repeat(21)).await;
    assert!(long.words().contains("20 个字"), "{long:?}");
    for id in 2..5 {
        platform.says("p2", id, "你好").await;
    }
    assert!(platform.says("p2", 9, "你好").await.words().contains("太快"));
    server.stop().await;
}
