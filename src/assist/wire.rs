//! The frames: JSON text in an envelope, and binary bulk behind a header of nine bytes. Both are strict: a frame with a
//! member that is not known here is refused, so that a later version cannot be half understood.

use bytes::{BufMut, Bytes, BytesMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rtc::{IceServer, Media, Signal};
use crate::records::{Scope, ShareKind};

/// The version of the protocol.
pub const VERSION: u64 = 1;

/// Why a frame is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadFrame {
    /// It is no JSON object, or no binary header.
    #[error("the frame cannot be read")]
    Malformed,
    /// It is of another version.
    #[error("the frame is of another version")]
    Version,
    /// Its kind or a member of it is not known, or lacks.
    #[error("the frame is not known")]
    Unknown,
}

/// What is around every text frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The share.
    pub sid: String,
    /// Plus one with every recorder.
    pub epoch: u32,
    /// Gapless per direction within an epoch; 0 is not counted.
    pub seq: u32,
    /// The last one seen of the other direction.
    pub ack: u32,
}

#[derive(Serialize)]
struct Framed<'a, T> {
    v: u64,
    sid: &'a str,
    epoch: u32,
    seq: u32,
    ack: u32,
    ts: i64,
    #[serde(flatten)]
    body: &'a T,
}

/// Prints a text frame; `ts` is in milliseconds since 1970.
pub fn print<T: Serialize>(envelope: &Envelope, ts: i64, body: &T) -> String {
    let Envelope { sid, epoch, seq, ack } = envelope;
    let framed = Framed { v: VERSION, sid, epoch: *epoch, seq: *seq, ack: *ack, ts, body };
    // Nothing in these types can fail to be printed.
    serde_json::to_string(&framed).unwrap_or_default()
}

/// Reads a text frame.
///
/// # Errors
/// When it is not exactly what the protocol says.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<(Envelope, T), BadFrame> {
    let mut members: Map<String, Value> = serde_json::from_str(text).map_err(|_| BadFrame::Malformed)?;
    if members.remove("v").and_then(|v| v.as_u64()) != Some(VERSION) {
        return Err(BadFrame::Version);
    }
    let mut number = |name: &str| match members.remove(name) {
        None => Ok(0),
        Some(value) => value.as_u64().and_then(|value| u32::try_from(value).ok()).ok_or(BadFrame::Malformed),
    };
    let (epoch, seq, ack) = (number("epoch")?, number("seq")?, number("ack")?);
    members.remove("ts");
    let Some(Value::String(sid)) = members.remove("sid") else { return Err(BadFrame::Malformed) };
    let body = serde_json::from_value(Value::Object(members)).map_err(|_| BadFrame::Unknown)?;
    Ok((Envelope { sid, epoch, seq, ack }, body))
}

/// What a binary frame carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BulkKind {
    /// The whole page.
    Snap,
    /// What changed since.
    Inc,
}

/// A binary frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bulk {
    /// What it carries.
    pub kind: BulkKind,
    /// The recorder it is from.
    pub epoch: u32,
    /// Its number, counted together with the text frames of its direction.
    pub seq: u32,
    /// An array of events, as JSON, in raw deflate.
    pub body: Bytes,
}

/// The length of the header of a binary frame.
const HEADER: usize = 9;

impl Bulk {
    /// Prints it.
    pub fn print(&self) -> Bytes {
        let mut frame = BytesMut::with_capacity(HEADER + self.body.len());
        frame.put_u8(match self.kind {
            BulkKind::Snap => 1,
            BulkKind::Inc => 2,
        });
        frame.put_u32(self.epoch);
        frame.put_u32(self.seq);
        frame.extend_from_slice(&self.body);
        frame.freeze()
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the header is cut off or names no kind.
    pub fn parse(frame: &Bytes) -> Result<Self, BadFrame> {
        let Some((&[kind, e0, e1, e2, e3, s0, s1, s2, s3], _)) = frame.split_first_chunk::<HEADER>() else {
            return Err(BadFrame::Malformed);
        };
        let kind = match kind {
            1 => BulkKind::Snap,
            2 => BulkKind::Inc,
            _ => return Err(BadFrame::Unknown),
        };
        let (epoch, seq) = (u32::from_be_bytes([e0, e1, e2, e3]), u32::from_be_bytes([s0, s1, s2, s3]));
        Ok(Self { kind, epoch, seq, body: frame.slice(HEADER..) })
    }
}

/// The size of a window, in CSS pixels.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Viewport {
    pub w: f64,
    pub h: f64,
}

/// A helper as the citizen sees them. Accounts have no number besides their name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Person {
    pub no: String,
    pub name: String,
}

impl Person {
    /// The person behind an account.
    pub fn new(name: &str) -> Self {
        Self { no: name.to_owned(), name: name.to_owned() }
    }
}

/// What is allowed now, and who is looking.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Permissions {
    pub view: bool,
    pub point: bool,
    pub fill: bool,
    pub voice: bool,
    pub screen: bool,
    pub paused: bool,
    pub viewers: Vec<Person>,
}

/// Why a citizen does not allow what was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reluctance {
    /// It was refused.
    Declined,
    /// The browser refused the microphone or the picture.
    Blocked,
    /// There is no microphone.
    Missing,
    /// The browser cannot do it, or the page is not served over HTTPS.
    Unsupported,
    /// Phones and tablets show no desktop.
    Phone,
}

impl Reluctance {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Blocked => "blocked",
            Self::Missing => "missing",
            Self::Unsupported => "unsupported",
            Self::Phone => "phone",
        }
    }
}

/// A call begins: by which servers the two browsers find each other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/assist.md says what each means")]
pub struct Begin {
    pub call: String,
    pub media: Media,
    pub ice: Vec<IceServer>,
    pub relay_only: bool,
}

/// A call is over, or was never begun.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "docs/assist.md says what each means")]
pub struct Over {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    pub media: Media,
    pub why: String,
}

/// How a highlight looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum HighlightKind {
    Box,
    Arrow,
    Pulse,
}

/// One of the steps a helper lists.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Step {
    pub node: u32,
    pub text: String,
}

/// What the helper saw of a field; it must still be this one when the citizen agrees.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Expected {
    pub name: String,
    pub label: String,
}

/// What became of a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum FillResult {
    Applied,
    Rejected,
    Stale,
    Expired,
    Denied,
    Undone,
}

/// Whether the citizen's page is in front.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Visibility {
    Visible,
    Hidden,
}

/// The state of the citizen's page, for whoever looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Peer {
    Online,
    Hidden,
    Gone,
    Paused,
}

/// Whether somebody looks as the owner of the conversation or beside them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves the citizen, and may ask, point and propose.
    Owner,
    /// Looks only.
    Watcher,
}

/// From the citizen's page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase", deny_unknown_fields)]
#[expect(missing_docs, reason = "docs/assist.md says what each frame means")]
pub enum FromCitizen {
    Hello {
        token: String,
        rec_ver: String,
        url: String,
        title: String,
        viewport: Viewport,
        #[serde(default)]
        last_seq: Option<u32>,
    },
    Consent {
        scope: Scope,
        /// Seconds.
        #[serde(default)]
        ttl: Option<u32>,
    },
    Revoke {
        scope: Scope,
        #[serde(default)]
        why: Option<Reluctance>,
    },
    Rtc(Signal),
    Reveal {
        node: u32,
        /// Seconds.
        ttl: u32,
    },
    Digest {
        nodes: u32,
        hash: u32,
    },
    Ptr {
        node: u32,
        dx: f64,
        dy: f64,
    },
    Scroll {
        node: u32,
        x: f64,
        y: f64,
    },
    Visible {
        state: Visibility,
    },
    #[serde(rename = "fill.result")]
    FillResult {
        id: String,
        result: FillResult,
    },
    Pause {
        on: bool,
    },
    Health {
        long_tasks: u32,
        bytes: u64,
    },
    Need {
        from: u32,
    },
    Ack {},
    End {
        #[serde(default)]
        reason: Option<String>,
    },
}

/// To the citizen's page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
#[expect(missing_docs, reason = "docs/assist.md says what each frame means")]
pub enum ToCitizen {
    Welcome {
        epoch: u32,
        perm: Permissions,
        helper: Person,
        purpose: String,
        last_seq: u32,
        kind: ShareKind,
    },
    Call(Begin),
    #[serde(rename = "call.end")]
    CallEnd(Over),
    Rtc(Signal),
    #[serde(rename = "share.request")]
    ShareRequest {
        scope: Scope,
        helper: Person,
        purpose: String,
    },
    #[serde(rename = "snap.request")]
    SnapRequest {
        reason: String,
    },
    Perm(Permissions),
    Ack,
    Need {
        from: u32,
    },
    End {
        reason: String,
    },
}

/// From a helper's viewer; the first five go on to the citizen's page as they are.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase", deny_unknown_fields)]
#[expect(missing_docs, reason = "docs/assist.md says what each frame means")]
pub enum FromHelper {
    Ptr {
        node: u32,
        dx: f64,
        dy: f64,
    },
    Hl {
        id: String,
        node: u32,
        kind: HighlightKind,
        text: String,
        /// Seconds.
        ttl: f64,
    },
    #[serde(rename = "hl.clear")]
    HlClear {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    Steps {
        id: String,
        list: Vec<Step>,
        at: u32,
    },
    #[serde(rename = "fill.propose")]
    FillPropose {
        id: String,
        node: u32,
        value: String,
        purpose: String,
        expect: Expected,
    },
    Ask {
        scope: Scope,
    },
    Rtc(Signal),
    Resnap {
        reason: String,
    },
    Need {
        from: u32,
    },
    Ping {
        n: u64,
    },
    Pong {
        n: u64,
    },
    Leave {},
}

impl FromHelper {
    /// The name of its kind on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ptr { .. } => "ptr",
            Self::Hl { .. } => "hl",
            Self::HlClear { .. } => "hl.clear",
            Self::Steps { .. } => "steps",
            Self::FillPropose { .. } => "fill.propose",
            Self::Ask { .. } => "ask",
            Self::Rtc(_) => "rtc",
            Self::Resnap { .. } => "resnap",
            Self::Need { .. } => "need",
            Self::Ping { .. } => "ping",
            Self::Pong { .. } => "pong",
            Self::Leave {} => "leave",
        }
    }
}

/// To a helper's viewer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
#[expect(missing_docs, reason = "docs/assist.md says what each frame means")]
pub enum ToHelper {
    Welcome {
        epoch: u32,
        perm: Permissions,
        peer: Peer,
        purpose: String,
        title: String,
        viewport: Option<Viewport>,
        role: Role,
        kind: ShareKind,
        /// What this server offers besides.
        calls: Vec<Media>,
    },
    Call(Begin),
    #[serde(rename = "call.end")]
    CallEnd(Over),
    Rtc(Signal),
    Digest {
        nodes: u32,
        hash: u32,
        at_seq: u32,
    },
    Ptr {
        node: u32,
        dx: f64,
        dy: f64,
    },
    Scroll {
        node: u32,
        x: f64,
        y: f64,
    },
    Perm(Permissions),
    Peer {
        state: Peer,
    },
    Lag {
        ms: u64,
    },
    #[serde(rename = "fill.result")]
    FillResult {
        id: String,
        result: FillResult,
    },
    Denied {
        of: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        why: String,
    },
    Pong {
        n: u64,
    },
    End {
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_are_read_strictly() {
        let good = r#"{"v":1,"sid":"s","epoch":2,"seq":3,"ack":4,"ts":5,"t":"consent","scope":"view"}"#;
        let (envelope, body): (_, FromCitizen) = parse(good).unwrap();
        assert_eq!(envelope, Envelope { sid: "s".into(), epoch: 2, seq: 3, ack: 4 });
        assert_eq!(body, FromCitizen::Consent { scope: Scope::View, ttl: None });
        let table = [
            (good.replace("\"v\":1", "\"v\":2"), BadFrame::Version),
            (good.replace("\"v\":1,", ""), BadFrame::Version),
            (good.replace("consent", "submit"), BadFrame::Unknown),
            (good.replace("\"view\"", "\"all\""), BadFrame::Unknown),
            (good.replace("\"scope\"", "\"more\":1,\"scope\""), BadFrame::Unknown),
            (good.replace("\"seq\":3", "\"seq\":-3"), BadFrame::Malformed),
            (good.replace("\"sid\":\"s\",", ""), BadFrame::Malformed),
            ("[]".to_owned(), BadFrame::Malformed),
            ("{".to_owned(), BadFrame::Malformed),
        ];
        for (text, expected) in table {
            assert_eq!(parse::<FromCitizen>(&text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let envelope = Envelope { sid: "s".into(), epoch: 1, seq: 2, ack: 3 };
        let bodies = [
            FromHelper::HlClear { id: None },
            FromHelper::Leave {},
            FromHelper::FillPropose {
                id: "f".into(),
                node: 7,
                value: "贸易".into(),
                purpose: "经营范围".into(),
                expect: Expected { name: "scope".into(), label: "经营范围".into() },
            },
        ];
        for body in bodies {
            let text = print(&envelope, 9, &body);
            assert_eq!(parse::<FromHelper>(&text).unwrap(), (envelope.clone(), body), "{text}");
        }
        let text = print(&envelope, 9, &ToCitizen::Perm(Permissions::default()));
        assert_eq!(
            text,
            r#"{"v":1,"sid":"s","epoch":1,"seq":2,"ack":3,"ts":9,"t":"perm","view":false,"point":false,"fill":false,"voice":false,"screen":false,"paused":false,"viewers":[]}"#
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_fall(bytes: Vec<u8>, text: String) {
            drop(Bulk::parse(&Bytes::from(bytes)));
            drop(parse::<FromCitizen>(&text));
            drop(parse::<FromHelper>(&text));
        }

        #[test]
        fn bulk_frames_survive(epoch: u32, seq: u32, body: Vec<u8>) {
            let bulk = Bulk { kind: BulkKind::Inc, epoch, seq, body: body.into() };
            prop_assert_eq!(Bulk::parse(&bulk.print()).unwrap(), bulk);
        }
    }
}
