//! The methods, each with the checks that Telegram makes.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{BOT, Params, Refusal, Shown, World, html};

/// All methods there are.
pub(crate) const METHODS: [&str; 14] = [
    "getMe",
    "getUpdates",
    "setWebhook",
    "deleteWebhook",
    "getWebhookInfo",
    "setMyCommands",
    "sendMessage",
    "editMessageText",
    "deleteMessage",
    "sendChatAction",
    "answerCallbackQuery",
    "sendPhoto",
    "sendDocument",
    "getFile",
];

/// The longest text, in UTF-16 units after entities are parsed.
pub(crate) const TEXT_UNITS: usize = 4_096;

/// The name of a method as it is documented.
pub(super) fn spelt(method: &str) -> String {
    let known = METHODS.iter().find(|known| known.eq_ignore_ascii_case(method));
    known.map_or(method, |known| known).to_owned()
}

pub(super) fn run(world: &mut World, method: &str, params: &Params) -> Result<Value, Refusal> {
    match method {
        "getMe" => Ok(json!({
            "id": 123_456, "is_bot": true, "first_name": "安和", "username": BOT, "can_join_groups": true,
            "can_read_all_group_messages": false, "supports_inline_queries": false, "can_connect_to_business": false,
            "has_main_web_app": false,
        })),
        "setWebhook" => {
            let url = params.text("url").unwrap_or_default();
            let secret = params.text("secret_token");
            let simple = |secret: &str| {
                (1..=256).contains(&secret.len())
                    && secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            };
            if !url.starts_with("https://") {
                return Err(Refusal::bad("bad webhook: An HTTPS URL must be provided for webhook"));
            }
            if secret.as_deref().is_some_and(|secret| !simple(secret)) {
                return Err(Refusal::bad("secret token contains unallowed characters"));
            }
            world.webhook = Some((url, secret));
            Ok(true.into())
        }
        "deleteWebhook" => {
            world.webhook = None;
            Ok(true.into())
        }
        "getWebhookInfo" => {
            let url = world.webhook.as_ref().map(|(url, _)| url.clone()).unwrap_or_default();
            let mut info = json!({
                "url": url, "has_custom_certificate": false, "pending_update_count": world.updates.len(),
                "max_connections": 40, "allowed_updates": ["message", "callback_query"],
            });
            if let Some(error) = &world.webhook_error {
                info["last_error_date"] = 1_795_161_600.into();
                info["last_error_message"] = error.as_str().into();
                info["pending_update_count"] = 3.into();
            }
            Ok(info)
        }
        "setMyCommands" => {
            let commands = params.get("commands").and_then(Value::as_array).cloned().unwrap_or_default();
            let fine = commands.iter().all(|command| {
                let length = |name: &str| command[name].as_str().map_or(0, |text| text.chars().count());
                (1..=32).contains(&length("command")) && (1..=256).contains(&length("description"))
            });
            if fine && !commands.is_empty() {
                Ok(true.into())
            } else {
                Err(Refusal::bad("BOT_COMMAND_INVALID"))
            }
        }
        "sendMessage" => {
            let chat = chat(world, params)?;
            let text = text(params)?;
            let (buttons, apps) = (buttons(params)?, apps(params, chat)?);
            let shown = Shown { buttons, apps, ..shown(world, params, &text) };
            Ok(kept(world, chat, shown))
        }
        "editMessageText" => edit(world, params),
        "deleteMessage" => {
            let chat = chat(world, params)?;
            let id = params.number("message_id");
            let messages = world.chats.entry(chat).or_default();
            let before = messages.len();
            messages.retain(|message| Some(message.id) != id);
            if messages.len() < before {
                Ok(true.into())
            } else {
                Err(Refusal::bad("message to delete not found"))
            }
        }
        "sendChatAction" => {
            chat(world, params)?;
            match params.text("action").as_deref() {
                Some("typing" | "upload_photo" | "upload_document") => Ok(true.into()),
                _ => Err(Refusal::bad("wrong parameter action in request")),
            }
        }
        "answerCallbackQuery" => {
            let shown = params.text("text").unwrap_or_default().chars().count();
            let known = params.text("callback_query_id").is_some_and(|id| !id.is_empty());
            if known && shown <= 200 {
                Ok(true.into())
            } else {
                Err(Refusal::bad("query is too old and response timeout expired or query id is invalid"))
            }
        }
        "sendPhoto" | "sendDocument" => {
            file(world, params, if method == "sendPhoto" { "photo" } else { "document" })
        }
        "getFile" => {
            let id = params.text("file_id").unwrap_or_default();
            let (path, data) = world.files.get(&id).ok_or_else(|| Refusal::bad("invalid file_id"))?;
            Ok(json!({ "file_id": id, "file_unique_id": "u", "file_size": data.len(), "file_path": path }))
        }
        other => Err(Refusal(404, format!("Not Found: method {other} not found"), Value::Null)),
    }
}

fn chat(world: &World, params: &Params) -> Result<i64, Refusal> {
    let chat = params.number("chat_id").ok_or_else(|| Refusal::bad("chat_id is empty"))?;
    match world.moved.get(&chat) {
        Some(to) => Err(Refusal(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat".to_owned(),
            json!({ "migrate_to_chat_id": to }),
        )),
        None => Ok(chat),
    }
}

fn text(params: &Params) -> Result<String, Refusal> {
    let raw = params.text("text").unwrap_or_default();
    let text = match params.text("parse_mode").as_deref() {
        Some("HTML") => html::read(&raw).map_err(|fault| Refusal::bad(&fault))?,
        None => raw,
        Some(other) => return Err(Refusal::bad(&format!("unsupported parse_mode {other}"))),
    };
    if text.trim().is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if text.encode_utf16().count() > TEXT_UNITS {
        return Err(Refusal::bad("message is too long"));
    }
    Ok(text)
}

fn buttons(params: &Params) -> Result<Vec<(String, String)>, Refusal> {
    let Some(markup) = params.get("reply_markup") else { return Ok(Vec::new()) };
    let rows = markup["inline_keyboard"]
        .as_array()
        .ok_or_else(|| Refusal::bad("object expected as reply markup"))?;
    let mut buttons = Vec::new();
    for button in rows.iter().flat_map(|row| row.as_array().into_iter().flatten()) {
        let says = button["text"].as_str().unwrap_or_default();
        if button.get("web_app").is_some() {
            continue;
        }
        let data = button["callback_data"].as_str().unwrap_or_default();
        if says.is_empty() || !(1..=64).contains(&data.len()) {
            return Err(Refusal::bad("BUTTON_DATA_INVALID"));
        }
        buttons.push((says.to_owned(), data.to_owned()));
    }
    Ok(buttons)
}

/// The buttons that open a page in Telegram's own view: private chats have them, for addresses of https.
fn apps(params: &Params, chat: i64) -> Result<Vec<(String, String)>, Refusal> {
    let rows = params.get("reply_markup").and_then(|markup| markup["inline_keyboard"].as_array().cloned());
    let mut apps = Vec::new();
    for button in rows.iter().flatten().flat_map(|row| row.as_array().into_iter().flatten()) {
        let Some(app) = button.get("web_app") else { continue };
        let (says, url) =
            (button["text"].as_str().unwrap_or_default(), app["url"].as_str().unwrap_or_default());
        if chat < 0 {
            return Err(Refusal::bad("BUTTON_TYPE_INVALID"));
        }
        if says.is_empty() || !url.starts_with("https://") {
            let fault = format!(
                "inline keyboard button Web App URL '{url}' is invalid: Only HTTPS links are allowed"
            );
            return Err(Refusal::bad(&fault));
        }
        apps.push((says.to_owned(), url.to_owned()));
    }
    Ok(apps)
}

fn shown(world: &mut World, params: &Params, text: &str) -> Shown {
    world.next_message += 1;
    let answers = params.get("reply_parameters").and_then(|reply| reply["message_id"].as_i64());
    Shown {
        id: world.next_message,
        text: text.to_owned(),
        buttons: Vec::new(),
        apps: Vec::new(),
        answers,
        file: None,
        history: vec![(Instant::now(), text.to_owned())],
    }
}

fn kept(world: &mut World, chat: i64, shown: Shown) -> Value {
    let printed = message(chat, &shown);
    world.chats.entry(chat).or_default().push(shown);
    printed
}

fn message(chat: i64, shown: &Shown) -> Value {
    let place = if chat > 0 {
        json!({ "id": chat, "type": "private", "first_name": "李" })
    } else {
        json!({ "id": chat, "type": "supergroup", "title": "业主群" })
    };
    let mut message = json!({
        "message_id": shown.id, "date": 1_795_161_600, "chat": place, "text": shown.text,
        "from": { "id": 123_456, "is_bot": true, "first_name": "安和", "username": BOT },
    });
    if !shown.buttons.is_empty() || !shown.apps.is_empty() {
        let rows = shown.buttons.iter().map(|(says, data)| json!([{ "text": says, "callback_data": data }]));
        let apps = shown.apps.iter().map(|(says, url)| json!([{ "text": says, "web_app": { "url": url } }]));
        message["reply_markup"] = json!({ "inline_keyboard": apps.chain(rows).collect::<Vec<_>>() });
    }
    message
}

fn edit(world: &mut World, params: &Params) -> Result<Value, Refusal> {
    let chat = chat(world, params)?;
    let (text, buttons) = (text(params)?, buttons(params)?);
    let id = params.number("message_id");
    let found = world.chats.entry(chat).or_default().iter_mut().find(|message| Some(message.id) == id);
    let shown = found.ok_or_else(|| Refusal::bad("message to edit not found"))?;
    if shown.text == text && shown.buttons == buttons {
        return Err(Refusal::bad(
            "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
        ));
    }
    shown.history.push((Instant::now(), text.clone()));
    shown.text = text;
    shown.buttons = buttons;
    let mut printed = message(chat, shown);
    printed["edit_date"] = 1_795_161_601.into();
    Ok(printed)
}

fn file(world: &mut World, params: &Params, kind: &str) -> Result<Value, Refusal> {
    let chat = chat(world, params)?;
    let (name, data) =
        params.file(kind).ok_or_else(|| Refusal::bad("there is no file in the request"))?.clone();
    let size = data.len();
    let mut shown = shown(world, params, "");
    shown.file = Some((name.clone(), data));
    let mut printed = kept(world, chat, shown);
    printed.as_object_mut().unwrap().remove("text");
    let about = json!({ "file_id": "sent", "file_unique_id": "u", "file_size": size });
    if kind == "photo" {
        let mut about = about;
        about["width"] = 9.into();
        about["height"] = 9.into();
        printed["photo"] = json!([about]);
    } else {
        let mut about = about;
        about["file_name"] = name.into();
        printed["document"] = about;
    }
    Ok(printed)
}
