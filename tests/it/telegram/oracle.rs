//! The fake Bot API is proved by python-telegram-bot: every method is called, and every field can be read.

use std::process::Command;

use serde_json::json;

use crate::support::bot_api::{BotApi, Failure, TOKEN};
use crate::support::oracle;

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_reads_every_answer_of_the_fake() {
    let api = BotApi::start().await;
    api.keep_file("kept", "documents/kept.txt", "原文".as_bytes());
    let location = json!({ "latitude": 29.5, "longitude": 120.25 });
    let sizes = json!([{ "file_id": "p", "file_unique_id": "u", "width": 9, "height": 9, "file_size": 4 }]);
    let chat = 1001;
    for more in [
        json!({ "text": "你好" }),
        json!({ "photo": sizes, "caption": "照片" }),
        json!({ "location": location }),
    ] {
        api.queue(api.private(chat, more));
    }
    api.queue(api.in_group(-1_000_000_000_500, chat, json!({ "text": "@anhe_bot 问" })));
    let query = json!({
        "id": "77", "chat_instance": "1", "data": "h", "from": { "id": chat, "is_bot": false, "first_name": "李" },
        "message": { "message_id": 5, "date": 1_795_161_600, "text": "…", "chat": { "id": chat, "type": "private" } },
    });
    api.queue(api.update("callback_query", query));
    let mut command = Command::new(oracle::python("telegram"));
    command
        .arg("tests/oracles/telegram_client.py")
        .args([&api.base, TOKEN])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    // Only the last message that the client sends is refused, by its text.
    api.fail([Failure {
        method: "sendMessage",
        text: Some("429"),
        status: 429,
        description: "Too Many Requests: retry after 5",
        parameters: json!({ "retry_after": 5 }),
    }]);
    let seen = oracle::printed(&oracle::run(command).await);
    let starts = |name: &str, expected: &str| {
        let text = seen[name].as_str().unwrap();
        assert!(text.to_lowercase().contains(expected), "{name}: {text}");
    };
    assert_eq!(seen["me"], "anhe_bot");
    for name in ["commands", "webhook_set", "webhook_deleted", "typing", "answered", "deleted"] {
        assert_eq!(seen[name], true, "{name}: {seen}");
    }
    assert_eq!(seen["webhook"], "https://a.example/hook");
    starts("conflict", "webhook is active");
    assert_eq!(seen["words"], json!(["你好", "照片", null, "@anhe_bot 问", "…"]));
    assert_eq!((&seen["pressed"], &seen["left"]), (&json!(["h"]), &json!(0)));
    assert_eq!(
        (&seen["sent"], &seen["button"], &seen["edited"]),
        (&json!("你好 & 再见"), &json!("g"), &json!("改了"))
    );
    starts("unmodified", "message is not modified");
    starts("markup", "can't parse entities");
    starts("long", "message is too long");
    starts("data", "button_data_invalid");
    assert_eq!(seen["page"], "https://a.example/s/1#k=2");
    starts("plain_page", "only https links are allowed");
    starts("group_page", "button_type_invalid");
    assert_eq!((&seen["photo"], &seen["document"]), (&json!(4), &json!(["表.pdf", 5])));
    assert_eq!(seen["file"], "原文");
    assert_eq!(seen["retry_after"], 5);
    assert_eq!(seen["stranger"], "refused");
    let called: std::collections::BTreeSet<String> = crate::support::bot_api::METHODS
        .into_iter()
        .filter(|method| !api.calls(method).is_empty())
        .map(str::to_owned)
        .collect();
    assert_eq!(called.len(), crate::support::bot_api::METHODS.len(), "every method was called: {called:?}");
}
