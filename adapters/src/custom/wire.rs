//! The JSON of the channel, parsed and printed without I/O.

use jiff::Timestamp;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use crate::message::{Call, Choice, Citation};
use crate::{Attachment, Audience, Author, Content, Locale, Media, MediaKind, Outbound};

/// The longest id of a message, in bytes.
const ID_BYTES: usize = 64;

/// The longest name of a citizen, in bytes.
const CITIZEN_BYTES: usize = 128;

/// The longest address of a file, in bytes.
const URL_BYTES: usize = 2_048;

/// A message as it comes. What is not known is refused, so that a misspelt field is noticed, and so that what we push can
/// never be taken for a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    citizen: String,
    at: Timestamp,
    text: Option<String>,
    choice: Option<RawChoice>,
    feedback: Option<RawFeedback>,
    rating: Option<RawRating>,
    media_url: Option<String>,
    media_kind: Option<MediaKind>,
    media_name: Option<String>,
    place: Option<RawPlace>,
    open: Option<String>,
    #[serde(default)]
    human: bool,
    #[serde(default)]
    hello: bool,
    #[serde(default)]
    anew: bool,
    #[serde(default)]
    locale: Locale,
    region: Option<String>,
    audience: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChoice {
    message: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFeedback {
    message: String,
    useful: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRating {
    score: u8,
    comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlace {
    lat: f64,
    lng: f64,
    label: Option<String>,
}

/// A message, checked.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) citizen: String,
    pub(super) content: Content,
    pub(super) locale: Locale,
    pub(super) region: Option<String>,
    pub(super) audience: Option<Audience>,
    pub(super) at: Timestamp,
}

/// What is wrong with a message, for whoever builds the other side. It names fields, and quotes no values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) String);

/// Parses a message.
pub(super) fn parse(body: &[u8]) -> Result<Message, Malformed> {
    let raw: Raw = serde_json::from_slice(body).map_err(|error| Malformed(explain(&error)))?;
    check_id(&raw.id)?;
    check_citizen(&raw.citizen)?;
    let mut contents: Vec<Content> = Vec::new();
    let mut text = raw.text;
    if let Some(url) = raw.media_url {
        if url.len() > URL_BYTES {
            return Err(Malformed(format!("`media_url` has more than {URL_BYTES} bytes")));
        }
        let kind = raw.media_kind.unwrap_or_else(|| kind_of(&url));
        let media = Media { kind, name: raw.media_name, reference: url, bytes: None };
        contents.push(Content::Media { media, text: text.take() });
    } else if raw.media_kind.is_some() || raw.media_name.is_some() {
        return Err(Malformed("`media_kind` and `media_name` go with `media_url`".to_owned()));
    }
    contents.extend(text.map(|text| Content::Text { text }));
    contents.extend(raw.choice.map(|choice| Content::Choice { message: choice.message, key: choice.key }));
    contents.extend(raw.feedback.map(|it| Content::Feedback { message: it.message, useful: it.useful }));
    contents.extend(raw.rating.map(|it| Content::Rating { score: it.score, comment: it.comment }));
    contents.extend(raw.place.map(|it| Content::Place { lat: it.lat, lng: it.lng, label: it.label }));
    contents.extend(raw.open.map(|entry| Content::Open { entry }));
    contents.extend(raw.human.then_some(Content::Human));
    contents.extend(raw.hello.then_some(Content::Hello));
    contents.extend(raw.anew.then_some(Content::Anew));
    let mut contents = contents.into_iter();
    let (Some(content), None) = (contents.next(), contents.next()) else {
        return Err(Malformed(
            "exactly one of `text`, `choice`, `feedback`, `human`, `rating`, `media_url`, `place`, `open`, `hello` and `anew` is needed"
                .to_owned(),
        ));
    };
    if let Content::Rating { score, .. } = &content
        && !(1..=5).contains(score)
    {
        return Err(Malformed("`rating.score` is 1 to 5".to_owned()));
    }
    if let Content::Place { lat, lng, .. } = &content
        && !((-90.0..=90.0).contains(lat) && (-180.0..=180.0).contains(lng))
    {
        return Err(Malformed("`place` is not on the globe".to_owned()));
    }
    Ok(Message {
        id: raw.id,
        citizen: raw.citizen,
        content,
        locale: raw.locale,
        region: raw.region,
        audience: raw.audience,
        at: raw.at,
    })
}

/// Where JSON is wrong, without a value of it.
fn explain(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    // serde quotes the value in these; of what else it says, only names of fields are ours or harmless.
    if text.starts_with("unknown field")
        || text.starts_with("missing field")
        || text.starts_with("duplicate field")
    {
        return text;
    }
    format!("not JSON as described, at line {line}, column {column}")
}

fn check_id(id: &str) -> Result<(), Malformed> {
    let is_fine = (1..=ID_BYTES).contains(&id.len()) && !id.chars().any(char::is_control);
    is_fine
        .then_some(())
        .ok_or_else(|| Malformed(format!("`id` has 1 to {ID_BYTES} bytes and no control characters")))
}

/// Checks the name that the other side gives a citizen.
pub(super) fn check_citizen(citizen: &str) -> Result<(), Malformed> {
    let is_fine = (1..=CITIZEN_BYTES).contains(&citizen.len()) && !citizen.chars().any(char::is_control);
    is_fine.then_some(()).ok_or_else(|| {
        Malformed(format!("`citizen` has 1 to {CITIZEN_BYTES} bytes and no control characters"))
    })
}

/// What a file is, by the end of its address.
fn kind_of(url: &str) -> MediaKind {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        Some("jpg" | "jpeg" | "png" | "gif" | "webp" | "heic" | "bmp") => MediaKind::Image,
        Some("amr" | "mp3" | "ogg" | "opus" | "wav" | "m4a" | "silk") => MediaKind::Voice,
        Some("mp4" | "mov" | "webm" | "avi") => MediaKind::Video,
        _ => MediaKind::File,
    }
}

/// A message of the thread as it goes out, pushed or pulled.
#[derive(Serialize)]
pub(super) struct Reply<'a> {
    id: &'a str,
    seq: u64,
    citizen: &'a str,
    author: Author,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    at: Timestamp,
    text: &'a str,
    plain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
    citations: &'a [Citation],
    choices: &'a [Choice],
    offer_human: bool,
    call: &'a [Call],
    ask_rating: bool,
    attachments: &'a [Attachment],
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<&'a str>,
}

impl<'a> Reply<'a> {
    /// A message for this citizen.
    pub(super) fn of(citizen: &'a str, reply: &'a Outbound) -> Self {
        Self {
            id: &reply.id,
            seq: reply.seq,
            citizen,
            author: reply.author,
            name: reply.name.as_deref(),
            at: reply.at,
            text: &reply.text,
            plain: plain(&reply.text),
            outcome: reply.outcome.as_deref(),
            citations: &reply.citations,
            choices: &reply.choices,
            offer_human: reply.offer_human,
            call: &reply.call,
            ask_rating: reply.ask_rating,
            attachments: &reply.attachments,
            client_id: reply.client_id.as_deref(),
            feedback: reply.feedback.as_deref(),
        }
    }
}

/// Markdown without its marks, for screens and voices that know none. Links keep their address, in brackets.
pub(super) fn plain(markdown: &str) -> String {
    let mut text = String::new();
    let mut due = 0;
    let mut lists: Vec<Option<u64>> = Vec::new();
    let mut link: Option<(String, usize)> = None;
    let mut cell = false;
    let write = |text: &mut String, due: &mut usize, words: &str| {
        if !text.is_empty() {
            text.push_str(&"\n".repeat(*due));
        }
        *due = 0;
        text.push_str(words);
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(words) | Event::Code(words) | Event::Html(words) | Event::InlineHtml(words) => {
                let body = words.trim_end_matches('\n');
                if !body.is_empty() {
                    write(&mut text, &mut due, body);
                }
                due += words.len() - body.len();
            }
            Event::SoftBreak | Event::HardBreak => due += 1,
            Event::Start(Tag::List(first)) => lists.push(first),
            Event::Start(Tag::Item) => {
                due = due.max(1);
                let indent = "  ".repeat(lists.len().saturating_sub(1));
                let point = match lists.last_mut() {
                    Some(Some(number)) => {
                        *number = number.saturating_add(1);
                        format!("{indent}{}. ", number.saturating_sub(1))
                    }
                    _ => format!("{indent}• "),
                };
                write(&mut text, &mut due, &point);
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                due = due.max(1);
                cell = false;
            }
            Event::Start(Tag::TableCell) => {
                let first = !std::mem::replace(&mut cell, true);
                write(&mut text, &mut due, if first { "" } else { " | " });
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                link = Some((dest_url.into_string(), text.len()));
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if let Some((address, from)) = link.take() {
                    let shown = text.get(from..).unwrap_or_default().trim();
                    if !address.is_empty() && shown != address {
                        write(&mut text, &mut due, &format!(" ({address})"));
                    }
                }
            }
            Event::End(TagEnd::List(_)) => {
                lists.pop();
                due = due.max(if lists.is_empty() { 2 } else { 1 });
            }
            Event::End(TagEnd::Paragraph) => due = due.max(if lists.is_empty() { 2 } else { 1 }),
            Event::Rule | Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::BlockQuote(_)) => {
                due = due.max(1);
            }
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests;
