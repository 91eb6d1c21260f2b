//! What Telegram tells, read without I/O.
//!
//! It is read leniently, field by field. teloxide's own types are all or nothing: one entity of a kind that is newer
//! than the crate turns a question into a message without words (`MessageKind::Empty`).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Content, Locale, Media, MediaKind};

/// Which bot we are: who is meant by a mention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Us {
    pub(super) id: i64,
    pub(super) username: String,
}

/// Where something was said, and by whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) chat: i64,
    /// Whether others read along.
    pub(super) group: bool,
    pub(super) sender: i64,
    /// The message, to which an answer in a group refers.
    pub(super) message: i32,
    /// The topic of a forum.
    pub(super) thread: Option<i32>,
    pub(super) locale: Locale,
}

/// One update, as far as it concerns us.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Update {
    /// Something was said to us.
    Said { place: Place, id: String, content: Content },
    /// Something was sent that holds nothing we can take.
    Unreadable { place: Place },
    /// A button was pressed.
    Pressed { place: Place, query: String, data: String },
    /// A group has become a supergroup, under another id.
    Moved { from: i64, to: i64 },
    /// Nothing for us.
    Nothing,
}

#[derive(Deserialize)]
struct RawUpdate {
    message: Option<Value>,
    edited_message: Option<Value>,
    callback_query: Option<Value>,
}

#[derive(Deserialize)]
struct RawUser {
    id: i64,
    #[serde(default)]
    is_bot: bool,
    language_code: Option<String>,
}

#[derive(Deserialize)]
struct RawChat {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct RawQuery {
    id: String,
    from: RawUser,
    message: Option<Value>,
    data: Option<String>,
}

#[derive(Deserialize)]
struct RawFile {
    file_id: String,
    file_name: Option<String>,
    mime_type: Option<String>,
    file_size: Option<u64>,
}

#[derive(Deserialize)]
struct RawLocation {
    latitude: f64,
    longitude: f64,
}

#[derive(Deserialize)]
struct RawVenue {
    location: RawLocation,
    title: String,
    address: String,
}

/// The number of an update, if it has one.
pub(super) fn update_id(update: &Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}

/// Whether what an update holds needs `us` to be known: in a group it matters who is meant.
pub(super) fn is_of_group(update: &Value) -> bool {
    ["message", "edited_message"].iter().any(|name| {
        let kind = update.get(name).and_then(|message| message.get("chat")?.get("type")?.as_str());
        matches!(kind, Some("group" | "supergroup"))
    })
}

/// Reads an update. In groups only what is meant for `us` counts.
pub(super) fn read(update: &Value, us: Option<&Us>) -> Update {
    let Ok(raw) = RawUpdate::deserialize(update) else { return Update::Nothing };
    if let Some(query) = raw.callback_query {
        return read_query(query).unwrap_or(Update::Nothing);
    }
    let edited = raw.edited_message.is_some();
    raw.message
        .or(raw.edited_message)
        .and_then(|message| read_message(&message, us, edited))
        .unwrap_or(Update::Nothing)
}

fn field<T: DeserializeOwned>(object: &Value, name: &str) -> Option<T> {
    object.get(name).filter(|value| !value.is_null()).and_then(|value| T::deserialize(value).ok())
}

fn place_of(message: &Value, user: &RawUser) -> Option<Place> {
    let chat: RawChat = field(message, "chat")?;
    let group = match chat.kind.as_str() {
        "private" => false,
        "group" | "supergroup" => true,
        _ => return None,
    };
    // Topics exist in forums only; elsewhere the number is that of a thread of replies, which cannot be sent to.
    let is_topic = field(message, "is_topic_message").unwrap_or(false);
    Some(Place {
        chat: chat.id,
        group,
        sender: user.id,
        message: field(message, "message_id")?,
        thread: field(message, "message_thread_id").filter(|_| is_topic),
        locale: locale(user.language_code.as_deref()),
    })
    .filter(|place| usable(place.chat))
}

/// Whether teloxide can send to such a chat: it panics over numbers outside of the ranges of users, groups and channels
/// (`ChatId::to_bare`), which those of newer kinds of chats may be.
pub(super) fn usable(chat: i64) -> bool {
    (-1_997_852_516_352..1 << 40).contains(&chat)
}

/// Chinese unless the citizen's Telegram is set to another language.
fn locale(language: Option<&str>) -> Locale {
    match language {
        Some(tag) if !tag.starts_with("zh") => Locale::En,
        _ => Locale::Zh,
    }
}

fn read_query(query: Value) -> Option<Update> {
    let query: RawQuery = serde_json::from_value(query).ok()?;
    let place = place_of(&query.message?, &query.from)?;
    Some(Update::Pressed { place, query: query.id, data: query.data? })
}

fn read_message(message: &Value, us: Option<&Us>, edited: bool) -> Option<Update> {
    let chat: RawChat = field(message, "chat")?;
    if let Some(to) = field(message, "migrate_to_chat_id") {
        return Some(Update::Moved { from: chat.id, to });
    }
    if let Some(from) = field(message, "migrate_from_chat_id") {
        return Some(Update::Moved { from, to: chat.id });
    }
    let user: RawUser = field(message, "from")?;
    if user.is_bot {
        return None;
    }
    let place = place_of(message, &user)?;
    let said: Option<String> = field(message, "text").or_else(|| field(message, "caption"));
    let words = match (place.group, us) {
        (false, _) => said,
        (true, Some(us)) => addressed(message, said, us)?,
        (true, None) => return None,
    };
    // A place that moves is reported as an edit every few seconds, and was told when it was sent.
    let content = content(message, words.as_deref(), us)?;
    match content {
        Some(Content::Place { .. }) if edited => None,
        Some(content) => {
            let id = message_id(&place, &content);
            Some(Update::Said { place, id, content })
        }
        None if edited => None,
        None => Some(Update::Unreadable { place }),
    }
}

/// The words of a message in a group without the mention of us; nothing if it is not meant for us.
fn addressed(message: &Value, said: Option<String>, us: &Us) -> Option<Option<String>> {
    let answers_us = message
        .get("reply_to_message")
        .and_then(|answered| field::<RawUser>(answered, "from"))
        .is_some_and(|author| author.id == us.id);
    let Some(said) = said else { return answers_us.then_some(None) };
    match without_mention(&said, &us.username) {
        Some(rest) => Some(Some(rest)),
        None => answers_us.then_some(Some(said)),
    }
}

/// Takes `@name` out of a text, as a whole word; nothing if it is not in it.
fn without_mention(text: &str, name: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let wanted = format!("@{}", name.to_ascii_lowercase());
    let mut rest = String::new();
    let mut from = 0;
    for (at, found) in lower.match_indices(&wanted) {
        let end = at + found.len();
        let follows = lower.get(end..).and_then(|after| after.chars().next());
        if follows.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '_') {
            rest.push_str(text.get(from..at)?);
            from = end;
        }
    }
    if from == 0 {
        return None;
    }
    rest.push_str(text.get(from..)?);
    Some(rest.trim().to_owned())
}

/// A place as Chinese maps have it. Telegram's come from the phone's receiver, which knows WGS-84 alone; outside the
/// mainland both are the same.
fn on_chinese_maps(location: &RawLocation, label: Option<String>) -> Content {
    let (lng, lat) = coordtransform::wgs84_to_gcj02(location.longitude, location.latitude);
    Content::Place { lat, lng, label }
}

/// What a message says. The outer nothing: it is an event of the chat, not a message; the inner: it cannot be taken.
fn content(message: &Value, words: Option<&str>, us: Option<&Us>) -> Option<Option<Content>> {
    let text = words.map(str::to_owned).filter(|text| !text.trim().is_empty());
    if let Some(media) = media(message) {
        return Some(Some(Content::Media { media, text }));
    }
    if let Some(venue) = field::<RawVenue>(message, "venue") {
        let label = Some(format!("{} {}", venue.title, venue.address).trim().to_owned());
        return Some(Some(on_chinese_maps(&venue.location, label)));
    }
    if let Some(location) = field::<RawLocation>(message, "location") {
        return Some(Some(on_chinese_maps(&location, None)));
    }
    match words {
        // Called by name and nothing more.
        Some(words) if words.trim().is_empty() => Some(Some(Content::Hello)),
        Some(words) => {
            Some(Some(command(words, us).unwrap_or_else(|| Content::Text { text: words.to_owned() })))
        }
        None => {
            let unreadable =
                ["sticker", "contact", "poll", "dice", "story", "game", "paid_media", "checklist"];
            unreadable.iter().any(|name| message.get(name).is_some()).then_some(None)
        }
    }
}

/// The commands that the menu shows; others are words like any.
fn command(words: &str, us: Option<&Us>) -> Option<Content> {
    let mut parts = words.split_whitespace();
    let name = parts.next()?.strip_prefix('/')?;
    let name = match name.split_once('@') {
        Some((name, bot)) => us.is_none_or(|us| us.username.eq_ignore_ascii_case(bot)).then_some(name)?,
        None => name,
    };
    match name.to_ascii_lowercase().as_str() {
        "start" => match parts.next().and_then(|payload| payload.strip_prefix("open_")) {
            Some(entry) if !entry.is_empty() => Some(Content::Open { entry: entry.to_owned() }),
            _ => Some(Content::Hello),
        },
        "help" => Some(Content::Hello),
        "human" => Some(Content::Human),
        "new" => Some(Content::Anew),
        "stop" => Some(Content::Stop),
        _ => None,
    }
}

fn media(message: &Value) -> Option<Media> {
    // A picture comes in several sizes, the largest last.
    if let Some(Value::Array(sizes)) = message.get("photo") {
        let file = sizes.iter().rev().find_map(|size| RawFile::deserialize(size).ok())?;
        return Some(of_file(file, MediaKind::Image));
    }
    // An animation comes as a document, too.
    let kinds = [
        ("voice", MediaKind::Voice),
        ("video_note", MediaKind::Video),
        ("video", MediaKind::Video),
        ("animation", MediaKind::Video),
        ("audio", MediaKind::File),
        ("document", MediaKind::File),
    ];
    let (file, kind) =
        kinds.into_iter().find_map(|(name, kind)| Some((field::<RawFile>(message, name)?, kind)))?;
    let is_image = file.mime_type.as_deref().is_some_and(|mime| mime.starts_with("image/"));
    Some(of_file(file, if is_image { MediaKind::Image } else { kind }))
}

fn of_file(file: RawFile, kind: MediaKind) -> Media {
    Media { kind, name: file.file_name, reference: file.file_id, bytes: file.file_size }
}

/// The id under which a message is submitted: its number and what it says. An update's number will not do: after a week
/// of silence Telegram draws a new one by chance, and an edit that changes nothing we read comes as an update of its own.
/// So a repeated or untouched message is the same message, and a reworded one another.
fn message_id(place: &Place, content: &Content) -> String {
    // A file's `file_id` differs between two updates about it, its caption does not.
    let told = match content {
        Content::Media { media, text } => format!("media {:?} {:?}", media.kind, text),
        other => format!("{other:?}"),
    };
    let digest = Sha256::digest(told.as_bytes());
    let mut id = format!("m{}.", place.message);
    for byte in digest.iter().take(8) {
        id.push_str(&format!("{byte:02x}"));
    }
    id
}

/// The media type of a file by the end of its name: Telegram's file server names none.
pub(super) fn mime_of(name: &str, kind: MediaKind) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match (ending.as_str(), kind) {
        ("jpg" | "jpeg", _) => "image/jpeg",
        ("png", _) => "image/png",
        ("gif", _) => "image/gif",
        ("webp", _) => "image/webp",
        ("oga" | "ogg" | "opus", _) => "audio/ogg",
        ("mp3", _) => "audio/mpeg",
        ("m4a", _) => "audio/mp4",
        ("mp4", _) => "video/mp4",
        ("mov", _) => "video/quicktime",
        ("pdf", _) => "application/pdf",
        ("txt", _) => "text/plain",
        ("doc", _) => "application/msword",
        ("docx", _) => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ("xls", _) => "application/vnd.ms-excel",
        ("xlsx", _) => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        (_, MediaKind::Image) => "image/jpeg",
        (_, MediaKind::Voice) => "audio/ogg",
        (_, MediaKind::Video) => "video/mp4",
        (_, MediaKind::File) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
