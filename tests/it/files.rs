//! Files from the website and from the desk: who may send and read them, what is refused, and how they are served.

use reqwest::{Response, StatusCode};
use serde_json::Value;
use yikouwen::desk::Role;

use crate::support::helper::Helper;
use crate::support::visitor::Visitor;
use crate::support::{MEMORY, Server, config, eventually};

/// The smallest picture: one pixel.
pub(crate) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn get(server: &Server, path: &str) -> Response {
    server.client.get(server.url(path)).send().await.unwrap()
}

/// The attachments of the last message of this author.
fn attachments(thread: &[Value], author: &str) -> Vec<Value> {
    let said = thread.iter().rev().find(|message| message["author"] == author);
    said.and_then(|message| message["attachments"].as_array()).cloned().unwrap_or_default()
}

/// The conversation of the only citizen who waits.
async fn waiting(helper: &Helper) -> String {
    eventually("somebody in the queue", async || {
        let queue = helper.get("/queue").await;
        queue["queue"][0]["conversation"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_to_the_helper_and_one_comes_back() {
    let server = Server::in_memory(&["王老师"]).await;
    let (visitor, helper) = (Visitor::new(&server).await, Helper::log_in(&server, "王老师").await);
    visitor.say("a", "转人工").await;
    let conversation = waiting(&helper).await;
    assert_eq!(helper.claim(&conversation).await.0, 200);

    let (status, accepted) = visitor.upload("b", "身份证.png", PNG).await;
    assert_eq!((status, &accepted["t"]), (StatusCode::ACCEPTED, &Value::from("accepted")), "{accepted}");
    assert_eq!(visitor.upload("b", "身份证.png", PNG).await.0, 202, "sent again, it is the same message");
    let thread = visitor.thread().await;
    let sent = attachments(&thread, "citizen");
    assert_eq!(thread.iter().filter(|message| message["client_id"] == "b").count(), 1);
    assert_eq!((sent.len(), &sent[0]["name"], &sent[0]["kind"]), (1, &"身份证.png".into(), &"image".into()));

    // The helper sees it, and reads it whole.
    let seen = helper.conversation(&conversation).await;
    let last = seen["transcript"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["attachments"][0]["state"], "kept");
    let answer = helper.file(last["attachments"][0]["id"].as_str().unwrap(), &[]).await;
    assert_eq!(header(&answer, "content-type"), "image/png");
    assert!(header(&answer, "content-disposition").starts_with("inline; filename*=UTF-8''%E8%BA%AB"));
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    assert!(header(&answer, "content-security-policy").contains("sandbox"));
    assert_eq!(header(&answer, "cross-origin-resource-policy"), "same-origin");
    assert_eq!(answer.bytes().await.unwrap(), PNG);

    // And sends one back, which the citizen reads by the link of the message.
    let (status, message) = helper.send_file(&conversation, "h1", "样表.png", PNG).await;
    assert_eq!((status, &message["attachments"][0]["name"]), (StatusCode::CREATED, &"样表.png".into()));
    let (status, again) = helper.send_file(&conversation, "h1", "样表.png", PNG).await;
    assert_eq!(
        (status, &again["seq"]),
        (StatusCode::CREATED, &message["seq"]),
        "the same id, the same message"
    );
    let got = attachments(&visitor.thread().await, "helper");
    let answer = get(&server, got[0]["url"].as_str().unwrap()).await;
    assert_eq!((answer.status(), header(&answer, "content-type")), (StatusCode::OK, "image/png"));
    assert_eq!(
        header(&answer, "cross-origin-resource-policy"),
        "cross-origin",
        "the widget stands on any page"
    );
    assert_eq!(answer.bytes().await.unwrap(), PNG);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_a_file_of_somebody_elses_conversation() {
    let helpers = [("王老师", Role::Responder), ("李老师", Role::Responder), ("主任", Role::Supervisor)];
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(config(data.path(), MEMORY), &helpers).await;
    let (ada, bob) = (Visitor::new(&server).await, Visitor::new(&server).await);
    ada.upload("a", "ada.png", PNG).await;
    bob.upload("b", "bob.png", PNG).await;
    let hers = attachments(&ada.thread().await, "citizen").remove(0);
    let his = attachments(&bob.thread().await, "citizen").remove(0);
    let (hers_url, his_url) = (hers["url"].as_str().unwrap(), his["url"].as_str().unwrap());
    assert_eq!(get(&server, hers_url).await.status(), 200);

    let (path, signed) = hers_url.split_once('?').unwrap();
    let (his_path, _) = his_url.split_once('?').unwrap();
    let forged = [
        (format!("{his_path}?{signed}"), 403, "her signature opens nothing of his"),
        (path.to_owned(), 403, "without a signature"),
        (format!("{path}?until=99999999999&sig=AAAA"), 403, "with one of one's own making"),
        (format!("{path}?{}", signed.replace("until=1", "until=2")), 403, "for longer"),
        (format!("/channels/web/files/none?{signed}"), 404, "of no file"),
    ];
    for (path, status, what) in forged {
        let answer = get(&server, &path).await;
        assert_eq!(answer.status(), status, "{what}");
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["title"].as_str().unwrap().contains("文件"), "{what}: {problem}");
    }
    // Waiting conversations are for every helper, a claimed one for whoever has it and for supervisors.
    ada.say("c", "转人工").await;
    let (wang, li) = (Helper::log_in(&server, "王老师").await, Helper::log_in(&server, "李老师").await);
    let chief = Helper::log_in(&server, "主任").await;
    let conversation = waiting(&wang).await;
    let id = hers["id"].as_str().unwrap();
    assert_eq!(li.file(id, &[]).await.status(), 200, "while it waits");
    assert_eq!(li.send_file(&conversation, "x", "a.png", PNG).await.0, 409, "reading is not sending");
    wang.claim(&conversation).await;
    assert_eq!(li.file(id, &[]).await.status(), 409);
    assert_eq!(wang.file(id, &[]).await.status(), 200);
    assert_eq!(chief.file(id, &[]).await.status(), 200);
    let (status, problem) = chief.send_file(&conversation, "x", "a.png", PNG).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &"not_yours".into()));
    assert_eq!(wang.file("none", &[]).await.status(), 404);
    let stranger = get(&server, &format!("/api/v1/desk/files/{id}")).await;
    assert_eq!(stranger.status(), 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_of_another_kind_is_refused_in_plain_words() {
    let data = tempfile::tempdir().unwrap();
    let own = format!("{MEMORY}[limits]\nfile_bytes = 100000\n");
    let server = Server::start(config(data.path(), &own), &[("王老师", Role::Responder)]).await;
    let (visitor, helper) = (Visitor::new(&server).await, Helper::log_in(&server, "王老师").await);
    visitor.say("a", "转人工").await;
    let conversation = waiting(&helper).await;
    helper.claim(&conversation).await;
    let large: Vec<u8> = PNG.iter().copied().chain(std::iter::repeat_n(0, 100_000)).collect();
    let larger: Vec<u8> = PNG.iter().copied().chain(std::iter::repeat_n(0, 3_000_000)).collect();
    let (page, svg, program) = (
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"MZ\x90\0\x03\0\0\0\x04\0\0\0",
    );
    let forbidden = (415, "file_forbidden", "不能发送", "cannot be sent");
    let too_large = (413, "file_too_large", "文件太大", "too large");
    let table: [(&str, &[u8], _); 7] = [
        ("a.png", &large, too_large),
        ("a.png", &larger, too_large),
        ("a.html", page, forbidden),
        ("a.png", svg, forbidden),
        ("a.exe", program, forbidden),
        ("a.zip", b"PK\x03\x04\x14\0\0\0\0\0a.txt", forbidden),
        ("a.png", b"", (422, "file_empty", "空的", "empty")),
    ];
    for (name, content, (status, code, zh, en)) in table {
        for (language, words) in [("zh", zh), ("en", en)] {
            let (refused, problem) = visitor.upload_in(language, "x", name, content).await;
            assert_eq!((refused.as_u16(), &problem["code"]), (status, &code.into()), "{name}: {problem}");
            assert!(problem["title"].as_str().unwrap().contains(words), "{problem}");
        }
        let (refused, problem) = helper.send_file(&conversation, "x", name, content).await;
        assert_eq!((refused.as_u16(), &problem["code"]), (status, &code.into()), "{name}: {problem}");
        assert!(problem["title"].as_str().unwrap().contains(zh), "{problem}");
    }
    assert!(
        visitor.thread().await.iter().all(|message| message["attachments"].is_null()),
        "nothing is there"
    );
    // Neither a form without a file nor no form at all is one.
    let bare = reqwest::multipart::Form::new().text("id", "x");
    let url = server.url(&format!("/api/v1/desk/conversations/{conversation}/files"));
    let request = server.client.post(&url).header("cookie", helper.cookie());
    assert_eq!(request.multipart(bare).send().await.unwrap().status(), 400);
    let request = server.client.post(&url).header("cookie", helper.cookie());
    assert_eq!(request.body("{}").send().await.unwrap().status(), 400);
    // A page of another site cannot make a helper's browser send one.
    let request =
        server.client.post(&url).header("cookie", helper.cookie()).header("origin", "https://evil.example");
    assert_eq!(request.body("{}").send().await.unwrap().status(), 403);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_cleaned_and_only_pictures_and_sound_are_shown() {
    let server = Server::in_memory(&["王老师"]).await;
    let (visitor, helper) = (Visitor::new(&server).await, Helper::log_in(&server, "王老师").await);
    visitor.say("a", "转人工").await;
    let conversation = waiting(&helper).await;
    helper.claim(&conversation).await;
    let amr = b"#!AMR\n\0\0\0\0\0\0\0\0\0";
    let table: [(&str, &[u8], &str, &str); 6] = [
        ("..\\..\\windows\\照片.png", PNG, "照片.png", "inline"),
        ("../../etc/passwd", PNG, "passwd.png", "inline"),
        ("\u{202e}gpj.exe", PNG, "gpj.exe.png", "inline"),
        ("a.html", "先说明情况".as_bytes(), "", ""),
        ("说明.txt", "先说明情况".as_bytes(), "说明.txt", "attachment"),
        ("录音", amr, "录音.amr", "inline"),
    ];
    for (at, (name, content, shown, disposition)) in table.into_iter().enumerate() {
        let (status, _) = visitor.upload(&format!("f{at}"), name, content).await;
        if shown.is_empty() {
            assert_eq!(status, 415, "{name}");
            continue;
        }
        assert_eq!(status, 202, "{name}");
        let file = attachments(&visitor.thread().await, "citizen").remove(0);
        assert_eq!(file["name"], shown, "{name}");
        for answer in [
            helper.file(file["id"].as_str().unwrap(), &[]).await,
            get(&server, file["url"].as_str().unwrap()).await,
        ] {
            let found = header(&answer, "content-disposition");
            assert!(found.starts_with(disposition), "{name}: {found}");
            assert!(!header(&answer, "content-type").contains("html"));
        }
    }
    // A player asks for parts, and whoever wants to save may.
    let picture = visitor.thread().await;
    let first = picture.iter().find(|message| message["client_id"] == "f0").unwrap();
    let (id, url) = (&first["attachments"][0]["id"], &first["attachments"][0]["url"]);
    let part = helper.file(id.as_str().unwrap(), &[("range", "bytes=1-3")]).await;
    assert_eq!(
        (part.status(), header(&part, "content-range")),
        (StatusCode::PARTIAL_CONTENT, "bytes 1-3/70")
    );
    assert_eq!(part.bytes().await.unwrap(), &b"PNG"[..]);
    let saved = get(&server, &format!("{}&download=true", url.as_str().unwrap())).await;
    assert!(header(&saved, "content-disposition").starts_with("attachment"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_outlive_a_restart_and_the_description_knows_them() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(config(data.path(), ""), &[]).await;
    let visitor = Visitor::new(&server).await;
    let large: Vec<u8> = PNG.iter().copied().chain(std::iter::repeat_n(9, 900_000)).collect();
    assert_eq!(visitor.upload("a", "大.png", &large).await.0, 202);
    server.stop().await;
    let server = Server::start(config(data.path(), ""), &[]).await;
    let visitor = visitor.moved_to(&server.url(""));
    let file = attachments(&visitor.thread().await, "citizen").remove(0);
    let answer = get(&server, file["url"].as_str().unwrap()).await;
    assert_eq!(answer.bytes().await.unwrap(), large);
    let described: Value = get(&server, "/api/openapi.json").await.json().await.unwrap();
    for path in ["/api/v1/desk/conversations/{id}/files", "/api/v1/desk/files/{id}", "/api/v1/desk/channels"]
    {
        assert!(described["paths"][path].is_object(), "{path}");
    }
    assert!(described["components"]["schemas"]["MessageRecord"]["properties"]["attachments"].is_object());
    server.stop().await;
}
