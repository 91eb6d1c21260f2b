//! The frames of the web channel, parsed and printed without I/O.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Attachment, Content, Cursor, Live, Locale, Outbound, State, SubmitError, Thread};

/// The longest id a device may give a message.
pub(super) const ID_LENGTH: usize = 64;

/// What a device sends.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame of a socket: who is there and what was read.
    Hello {
        /// The visitor token.
        token: String,
        /// The language of the page.
        #[serde(default)]
        locale: Locale,
        /// The conversation last shown.
        conversation: Option<String>,
        /// The highest `seq` shown of it.
        #[serde(default)]
        after: u64,
        /// The page the widget stands on, without its query.
        page: Option<String>,
    },
    /// Something was written.
    Say {
        /// The device's id of the message.
        id: String,
        /// The words.
        text: String,
    },
    /// A choice was pressed.
    Choose {
        /// The device's id of the message.
        id: String,
        /// The message that offered it.
        message: String,
        /// The choice.
        key: String,
    },
    /// A thumb.
    Feedback {
        /// The device's id of the message.
        id: String,
        /// The message judged.
        message: String,
        /// Up or down.
        useful: bool,
    },
    /// The 转人工 button.
    Human {
        /// The device's id of the message.
        id: String,
    },
    /// A rating.
    Rate {
        /// The device's id of the message.
        id: String,
        /// One to five.
        score: u8,
        /// A few words.
        comment: Option<String>,
    },
    /// Begin anew with the robot.
    New {
        /// The device's id of the message.
        id: String,
    },
    /// Stop the answer being written.
    Stop {
        /// The device's id of the message.
        id: String,
    },
    /// The citizen is writing.
    Typing,
    /// Keeps the socket alive.
    Ping,
}

/// What a client frame asks for, once checked.
#[derive(Debug, PartialEq)]
pub enum Request {
    /// Submit this under this id.
    Submit(String, Content),
    /// Pass on that the citizen is writing.
    Typing,
    /// Answer with a pong.
    Ping,
    /// Open the thread (only as a socket's first frame).
    Hello {
        /// The visitor token.
        token: String,
        /// The language of the page.
        locale: Locale,
        /// How far the device has read.
        cursor: Cursor,
    },
}

/// Parses one frame.
///
/// # Errors
/// Returns the id the frame carried, if it could be read, so that the device can be told which one was bad.
pub fn parse(text: &str) -> Result<Request, Option<String>> {
    let frame: ClientFrame = serde_json::from_str(text).map_err(|_| id_of(text))?;
    let (id, content) = match frame {
        ClientFrame::Hello { token, locale, conversation, after, page: _ } => {
            return Ok(Request::Hello { token, locale, cursor: Cursor { conversation, after } });
        }
        ClientFrame::Typing => return Ok(Request::Typing),
        ClientFrame::Ping => return Ok(Request::Ping),
        ClientFrame::Say { id, text } => (id, Content::Text { text }),
        ClientFrame::Choose { id, message, key } => (id, Content::Choice { message, key }),
        ClientFrame::Feedback { id, message, useful } => (id, Content::Feedback { message, useful }),
        ClientFrame::Human { id } => (id, Content::Human),
        ClientFrame::Rate { id, score, comment } => (id, Content::Rating { score, comment }),
        ClientFrame::New { id } => (id, Content::Anew),
        ClientFrame::Stop { id } => (id, Content::Stop),
    };
    if id.is_empty() || id.len() > ID_LENGTH {
        return Err(None);
    }
    if matches!(content, Content::Rating { score, .. } if !(1..=5).contains(&score)) {
        return Err(Some(id));
    }
    Ok(Request::Submit(id, content))
}

/// Reads the id of a frame that is otherwise unreadable.
fn id_of(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let id = value.get("id")?.as_str()?;
    (id.len() <= ID_LENGTH).then(|| id.to_owned())
}

/// A message with links to its files.
#[derive(Debug, Serialize)]
pub struct Shown<'a> {
    /// The message, its files left out.
    #[serde(flatten)]
    message: Cow<'a, Outbound>,
    /// Its files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Linked>,
}

/// A file and where this device reads it.
#[derive(Debug, Serialize)]
pub struct Linked {
    #[serde(flatten)]
    attachment: Attachment,
    url: String,
}

impl<'a> Shown<'a> {
    fn new(message: &'a Outbound, link: &dyn Fn(&str) -> String) -> Self {
        if message.attachments.is_empty() {
            return Self { message: Cow::Borrowed(message), attachments: Vec::new() };
        }
        let mut message = message.clone();
        let attachments = std::mem::take(&mut message.attachments);
        let attachments = attachments
            .into_iter()
            .map(|attachment| Linked { url: link(&attachment.id), attachment })
            .collect();
        Self { message: Cow::Owned(message), attachments }
    }
}

/// What a device is sent.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum ServerFrame<'a> {
    /// The answer to `hello`.
    Welcome {
        /// The current conversation, if there is one.
        conversation: Option<&'a str>,
        /// Its stage.
        stage: &'a str,
        /// The highest `seq` there is.
        last: u64,
    },
    /// A frame is durable.
    Accepted {
        /// The device's id of it.
        id: &'a str,
        /// Its place in the thread.
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
    },
    /// A message of the thread.
    Message {
        /// The conversation.
        conversation: &'a str,
        /// The message.
        message: Box<Shown<'a>>,
    },
    /// A new conversation began; `seq` starts again.
    Conversation {
        /// Its id.
        conversation: &'a str,
    },
    /// Where the conversation stands.
    State {
        /// The conversation, if there is one.
        conversation: Option<&'a str>,
        /// The stage and what goes with it.
        #[serde(flatten)]
        state: &'a State,
    },
    /// Something went wrong, in a word that the device translates.
    Error {
        /// The frame it concerns.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        /// The word.
        code: &'a str,
        /// Seconds until trying again makes sense.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// The answer to a ping.
    Pong,
}

impl ServerFrame<'_> {
    /// Prints the frame as JSON.
    pub fn print(&self) -> String {
        // Serialising these types cannot fail: no map keys other than strings, no foreign `Serialize`.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The frame for a message that was not taken.
    pub fn refused<'a>(id: &'a str, error: &SubmitError) -> ServerFrame<'a> {
        ServerFrame::Error {
            id: Some(id),
            code: error.code(),
            retry_after: error.retry_after().map(|delay| delay.as_secs().max(1)),
        }
    }
}

/// Prints a live event that goes to the device as it is; `Changed` is none, because it makes the thread be read.
pub fn print_live(event: &Live) -> Option<String> {
    match event {
        Live::Changed => None,
        other => serde_json::to_string(other).ok(),
    }
}

/// Prints the answer to a device's hello.
pub fn welcome(thread: &Thread) -> String {
    let conversation = thread.conversation.as_deref();
    ServerFrame::Welcome { conversation, stage: &thread.state.stage, last: thread.last }.print()
}

/// Prints what a thread adds to what the device has, and moves the cursor on. `link` says where it reads a file.
pub fn print_thread(
    thread: &Thread,
    cursor: &mut Cursor,
    shown: &mut Option<State>,
    link: &dyn Fn(&str) -> String,
) -> Vec<String> {
    let mut frames = Vec::new();
    let Some(conversation) = thread.conversation.as_deref() else {
        push_state(thread, shown, &mut frames);
        return frames;
    };
    if cursor.conversation.as_deref() != Some(conversation) {
        frames.push(ServerFrame::Conversation { conversation }.print());
        cursor.conversation = Some(conversation.to_owned());
        cursor.after = 0;
    }
    for message in &thread.messages {
        if message.seq > cursor.after {
            frames.push(
                ServerFrame::Message { conversation, message: Box::new(Shown::new(message, link)) }.print(),
            );
            cursor.after = message.seq;
        }
    }
    push_state(thread, shown, &mut frames);
    frames
}

fn push_state(thread: &Thread, shown: &mut Option<State>, frames: &mut Vec<String>) {
    if shown.as_ref() != Some(&thread.state) {
        let conversation = thread.conversation.as_deref();
        frames.push(ServerFrame::State { conversation, state: &thread.state }.print());
        *shown = Some(thread.state.clone());
    }
}

#[cfg(test)]
mod tests;
