//! WeChat's gestures and what they lead to: entries that are opened, windows nearby, maps and appointments, files for the
//! desk, taps on menus, and the compatible mode.

use std::time::Duration;

use adapters::wechat::crypto::{AesKey, sign};
use adapters::wechat::xml::{Fields, cdata};
use serde_json::{Value, json};
use yikouwen::desk::Role;

use crate::channel_conformance::FORM;
use crate::support::helper::Helper;
use crate::support::wechat::{
    APP, KEY, Platform, Seen, TOKEN, account, content, event, message, now, text_message,
};
use crate::support::weixin::FakeApi;
use crate::support::{MEMORY, Server, config, eventually};

/// The label of what a machine wrote.
const LABEL: &str = "内容由 AI 生成，仅供参考。";

struct Town {
    server: Server,
    api: FakeApi,
    platform: Platform,
}

/// A city with one account, and entries that are found by their gestures alone.
async fn town(mode: &str, verified: bool, more: &str) -> Town {
    let api = FakeApi::start(verified).await;
    let data = tempfile::tempdir().unwrap().keep();
    let settings = format!("mode = \"{mode}\"\nverified = {verified}\n{more}");
    let own = format!("{MEMORY}[server]\napi_token = \"t0ken\"\n{}", account("gzh", &api.url, &settings));
    let server = Server::start(config(&data, &own), &[("王芳", Role::Responder)]).await;
    for (id, more) in matters() {
        let mut entry = json!({
            "id": id, "kind": "matter", "title": title(id), "answer": "先由全体业主商量。", "status": "published",
            "audience": "citizen", "region": "安和市", "source": { "title": "测试（演示）", "url": page(id) },
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let url = server.url(&format!("/api/v1/knowledge/{id}"));
        let answer = server.client.put(url).bearer_auth("t0ken").json(&entry).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
    let platform = Platform::new(&server.url(""), "gzh");
    Town { server, api, platform }
}

fn title(id: &str) -> String {
    format!("老楼加装云梯审批（{id}）")
}

fn page(id: &str) -> String {
    format!("https://zwfw.anhe.example/{id}")
}

/// Matters with a window on the map and appointments, with one of the two, and with neither. The windows are far from all
/// others.
fn matters() -> [(&'static str, Value); 4] {
    let windows =
        json!([{ "name": "云顶便民窗口", "address": "安和市高新区云顶路 1 号", "lng": 101.5, "lat": 31.5 }]);
    [
        ("lift-both", json!({ "windows": windows, "appointment_url": "https://zwfw.anhe.example/yy/both" })),
        ("lift-map", json!({ "windows": windows })),
        ("lift-booking", json!({ "appointment_url": "https://zwfw.anhe.example/yy/booking" })),
        ("lift-none", json!({})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_a_key_and_a_scan_open_their_entry_with_its_map_and_its_appointment() {
    let town = town("plain", false, "").await;
    let gestures = |id: &str| {
        let scanned = format!(
            "{}<ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>open:{id}</ScanResult></ScanCodeInfo>",
            event("scancode_waitmsg", "scan")
        );
        [
            event("subscribe", &format!("qrscene_open:{id}")),
            event("SCAN", &format!("open:{id}")),
            event("CLICK", &format!("open:{id}")),
            scanned,
        ]
    };
    let map = "<a href=\"https://uri.amap.com/marker?position=101.5,31.5&name=";
    for (id, _) in matters() {
        let (on_map, booked) = match id {
            "lift-both" => (true, true),
            "lift-map" => (true, false),
            "lift-booking" => (false, true),
            _ => (false, false),
        };
        for (number, gesture) in gestures(id).iter().enumerate() {
            let seen = town.platform.does(&format!("{id}-{number}"), gesture).await;
            let words = seen.words();
            let source = format!("[1] <a href=\"{}\">{}</a>", page(id), title(id));
            assert!(words.contains("先由全体业主商量") && words.contains(&source), "{words}");
            assert_eq!(words.contains(map) && words.contains("在地图上看：云顶便民窗口"), on_map, "{words}");
            let booking =
                format!("<a href=\"https://zwfw.anhe.example/yy/{}\">网上预约：", id.get(5..).unwrap());
            assert_eq!(words.contains(&booking), booked, "{words}");
            assert_eq!(words.matches(LABEL).count(), 1, "{words}");
        }
    }
    // An id that leads nowhere opens nothing, and says so.
    let nowhere = town.platform.does("p", &event("SCAN", "open:lift-nowhere")).await;
    assert!(!nowhere.words().contains("[1]") && !nowhere.words().contains("故障"), "{nowhere:?}");
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_brings_the_nearest_window() {
    let town = town("plain", false, "").await;
    let sent = "<MsgType>location</MsgType><Location_X>31.501</Location_X><Location_Y>101.501</Location_Y><Label>云顶路</Label><MsgId>1</MsgId>".to_owned();
    let picked = format!(
        "{}<SendLocationInfo><Location_X>31.501</Location_X><Location_Y>101.501</Location_Y><Label>云顶路</Label></SendLocationInfo>",
        event("location_select", "place")
    );
    for (openid, gesture) in [("o1", sent), ("o2", picked)] {
        let seen = town.platform.does(openid, &gesture).await;
        let words = seen.words();
        assert!(words.contains("1. 云顶便民窗口") && words.contains("云顶路 1 号"), "{words}");
        let map = "https://uri.amap.com/marker?position=101.5,31.5&name=";
        assert_eq!(words.matches(map).count(), 1, "said once, where the window stands: {words}");
    }
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_label_can_be_left_out_and_is_on_nobody_elses_words() {
    let town = town("plain", false, "ai_label = false").await;
    let words = town.platform.does("o1", &event("CLICK", "open:lift-none")).await;
    assert!(words.words().contains("[1]") && !words.words().contains("AI 生成"), "{words:?}");
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_a_citizen_sends_is_kept_for_the_desk() {
    let town = town("plain", false, "").await;
    let helper = Helper::log_in(&town.server, "王芳").await;
    assert!(town.platform.says("o1", 1, "转人工").await.words().contains("第 1 位"));
    let id = eventually("a conversation in the queue", async || {
        helper.get("/queue").await["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(helper.claim(&id).await.0, 200);
    let file = "<MsgType>file</MsgType><MediaId>form</MediaId><Title>申请表.pdf</Title><MsgId>2</MsgId>";
    let seen = town.platform.does("o1", file).await;
    assert!(!seen.words().contains("看不了"), "{seen:?}");
    assert!(!seen.words().contains("AI 生成"), "neither staff nor notices are machines' answers: {seen:?}");
    let kept = eventually("the file at the desk", async || {
        let view = helper.conversation(&id).await;
        let last = view["transcript"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .find(|said| said["attachments"].is_array())?;
        (last["attachments"][0]["state"] == "kept").then(|| last["attachments"][0].clone())
    })
    .await;
    assert_eq!((&kept["name"], &kept["mime"]), (&json!("申请表.pdf"), &json!("application/pdf")), "{kept}");
    let file = helper.file(kept["id"].as_str().unwrap(), &[]).await;
    assert_eq!(file.bytes().await.unwrap(), FORM);
    assert_eq!(helper.write(&id, "收到了。").await.0, 201);
    let seen = town.platform.says("o1", 3, "继续").await;
    assert!(seen.words().contains("收到了。") && !seen.words().contains("AI 生成"), "{seen:?}");
    town.server.stop().await;
}

/// A push as the compatible mode has it: in the clear and sealed, in one body.
fn compatible(
    platform: &Platform,
    openid: &str,
    clear: &str,
    sealed: &str,
    id: u64,
    nonce: &str,
) -> (String, String) {
    let encrypted = AesKey::parse(KEY).unwrap().encrypt(&text_message(openid, id, sealed), APP);
    let stamp = now().to_string();
    let signature = sign(&[TOKEN, &stamp, nonce, &encrypted]);
    let url = format!("{}&encrypt_type=aes&msg_signature={signature}", platform.signed(now(), nonce));
    let body = text_message(openid, id, clear)
        .replace("</xml>", &format!("<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"));
    (url, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_compatible_mode_reads_what_is_sealed_and_believes_no_wrong_signature() {
    let town = town("compatible", false, "").await;
    let (url, body) = compatible(&town.platform, "o1", "你是机器人吗", "你是机器人吗", 1, "n1");
    let (status, answer) = town.platform.post(&url, body).await;
    assert_eq!(status, 200);
    let envelope = Fields::parse(&answer).unwrap();
    assert_eq!(envelope.get("Content"), None, "an answer to what was sealed is sealed");
    let opened = AesKey::parse(KEY).unwrap().decrypt(envelope.get("Encrypt").unwrap(), APP).unwrap();
    assert!(content(&opened).contains("我是机器人"), "{opened}");

    // Somebody changes what stands in the clear: what is sealed counts.
    let (url, body) = compatible(&town.platform, "o2", "转人工", "你是机器人吗", 2, "n2");
    let (_, answer) = town.platform.post(&url, body).await;
    let sealed = Fields::parse(&answer).unwrap().get("Encrypt").unwrap().to_owned();
    let opened = AesKey::parse(KEY).unwrap().decrypt(&sealed, APP).unwrap();
    assert!(content(&opened).contains("我是机器人"), "{opened}");

    let (url, body) = compatible(&town.platform, "o3", "转人工", "转人工", 3, "n3");
    let other = compatible(&town.platform, "o3", "转人工", "身份证", 3, "n3").1;
    let forged = [
        (url.replace("msg_signature=", "msg_signature=0"), body.clone()),
        (url.replace("&msg_signature=", "&none="), body.clone()),
        (url.clone(), other),
        // Without the word that it is sealed the other signature has to hold.
        (
            url.replace("encrypt_type=aes", "encrypt_type=raw").replace("?signature=", "?signature=0"),
            body.clone(),
        ),
    ];
    for (url, body) in forged {
        assert_eq!(town.platform.post(&url, body).await, (403, String::new()), "{url}");
    }
    let helper = Helper::log_in(&town.server, "王芳").await;
    assert_eq!(helper.get("/queue").await["queue"], json!([]), "nothing of the forged was taken");
    assert_eq!(town.platform.post(&url, body).await.0, 200, "the true one is");
    assert_eq!(helper.get("/queue").await["queue"].as_array().unwrap().len(), 1);
    town.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tap_on_a_menu_that_was_sent_answers() {
    let town = town("plain", true, "").await;
    let mut sent = None;
    for (number, text) in
        ["怎么办", "补办", "身份证", "社保", "公积金", "护照", "居住证"].iter().cycle().take(28).enumerate()
    {
        let openid = format!("o{number}");
        // Whoever has written may be sent something; the platform is gone before the question back is there.
        assert!(matches!(town.platform.says(&openid, 1, "你好").await, Seen::Words(..)));
        let asked = text_message(&openid, 2, text);
        if town.platform.once(&asked, Duration::from_millis(3)).await.is_some() {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let menu = town.api.with(|told| {
            let own = |(to, body): &&(String, Value)| *to == openid && body["msgtype"] == "msgmenu";
            told.sent.iter().find(own).map(|(_, body)| body["msgmenu"]["list"].clone())
        });
        if let Some(list) = menu {
            sent = Some((openid, list));
            break;
        }
    }
    let (openid, list) = sent.expect("one of these is asked back about in a menu");
    let item = &list[0];
    let label = item["content"].as_str().unwrap();
    assert!(label.chars().count() > 2, "the words of the item, not its number: {list}");
    let tap = format!(
        "<MsgType><![CDATA[text]]></MsgType><Content>{}</Content><MsgId>3</MsgId><bizmsgmenuid>{}</bizmsgmenuid>",
        cdata(label),
        item["id"].as_str().unwrap()
    );
    let seen = town.platform.deliver(&message(&openid, now(), &tap)).await;
    let words = seen.words();
    assert!(words.contains("[1]") && words.contains(label), "{words}");
    town.server.stop().await;
}
