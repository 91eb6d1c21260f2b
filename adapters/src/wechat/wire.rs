//! The platform's messages and events, and our passive replies. Facts of the pages 接收普通消息, 接收事件推送 and
//! 被动回复用户消息.

use jiff::Timestamp;

use super::crypto;
use super::xml::{Fields, cdata};

/// What the platform writes in place of what it cannot pass on, such as stickers and files.
const UNSUPPORTED: &str = "【收到不支持的消息类型，暂无法显示】";

/// What the platform takes as "received, and nothing to say".
pub const SUCCESS: &str = "success";

/// Something the platform pushes.
#[derive(PartialEq, Debug)]
pub struct Push {
    /// The account's id, `gh_…`.
    pub account: String,
    /// The citizen's openid.
    pub openid: String,
    /// When the platform made it, in seconds.
    pub created: Timestamp,
    /// The same for every delivery of the same thing.
    pub id: String,
    /// What it is.
    pub kind: Kind,
}

/// What was pushed.
#[derive(PartialEq, Debug)]
pub enum Kind {
    /// Words, also those of a menu in a message that was clicked.
    Text(String),
    /// A picture.
    Image(String),
    /// A recording, with what the platform heard in it.
    Voice(String, Option<String>),
    /// A film.
    Video(String),
    /// A file, with its name.
    File(String, Option<String>),
    /// A place that was sent, or picked from the menu.
    Place {
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        lng: f64,
        /// Its name.
        label: Option<String>,
    },
    /// An article or a page.
    Link {
        /// Its title.
        title: String,
        /// Its address.
        url: String,
    },
    /// The account was followed, with the scene of the code that led there.
    Subscribe(Option<String>),
    /// The account was left.
    Unsubscribe,
    /// A follower scanned a code with a scene.
    Scan(String),
    /// A menu button with a key was pressed.
    Click(String),
    /// A menu button that scans was used: its key and what was scanned.
    Scanned {
        /// The button's key.
        key: String,
        /// What the code says.
        result: String,
    },
    /// Something that the platform cannot pass on, or a type of message that is new.
    Unsupported,
    /// Something that asks for no answer.
    Notice(String),
}

/// Why a push cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It is neither XML nor JSON.
    #[error("the body can be read neither as XML nor as JSON")]
    Unreadable,
    /// It lacks an element that every push has.
    #[error("the element `{0}` is missing")]
    Missing(&'static str),
}

/// The elements of a body.
///
/// # Errors
/// When it is neither XML nor a JSON object.
pub fn fields(body: &str) -> Result<Fields, WireError> {
    if body.trim_start().starts_with('{') {
        return Fields::from_json(body).ok_or(WireError::Unreadable);
    }
    Fields::parse(body).map_err(|_| WireError::Unreadable)
}

/// Reads a push.
///
/// # Errors
/// When an element that every push has is missing.
pub fn push(fields: &Fields) -> Result<Push, WireError> {
    let need =
        |name: &'static str| fields.get(name).filter(|text| !text.is_empty()).ok_or(WireError::Missing(name));
    let openid = need("FromUserName")?.to_owned();
    let account = need("ToUserName")?.to_owned();
    let created = need("CreateTime")?
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(WireError::Missing("CreateTime"))?;
    let kind = need("MsgType")?.to_ascii_lowercase();
    if kind == "event" {
        let event = need("Event")?.to_ascii_lowercase();
        // Events have no id. The key belongs to it, because two buttons can be pressed within a second.
        let key = fields.get("EventKey").unwrap_or_default();
        let id = format!("event:{event}:{}:{key}", created.as_second());
        return Ok(Push { account, openid, created, id, kind: event_kind(&event, key, fields) });
    }
    let id = match fields.get("MsgId").filter(|id| !id.is_empty()) {
        Some(id) => id.to_owned(),
        None => format!("message:{kind}:{}", created.as_second()),
    };
    Ok(Push { account, openid, created, id, kind: message_kind(&kind, fields) })
}

fn message_kind(kind: &str, fields: &Fields) -> Kind {
    let media = || fields.text("MediaId").map(|id| id.trim().to_owned());
    match kind {
        "text" => match fields.text("Content") {
            Some(text) if text.trim() == UNSUPPORTED => Kind::Unsupported,
            Some(text) => Kind::Text(text),
            None => Kind::Unsupported,
        },
        "image" => media().map_or(Kind::Unsupported, Kind::Image),
        "voice" => media().map_or(Kind::Unsupported, |id| Kind::Voice(id, fields.text("Recognition"))),
        "video" | "shortvideo" => media().map_or(Kind::Unsupported, Kind::Video),
        "file" => media().map_or(Kind::Unsupported, |id| {
            Kind::File(id, fields.text("FileName").or_else(|| fields.text("Title")))
        }),
        "location" => place(fields, ["Location_X", "Location_Y", "Label"]),
        "link" => match (fields.text("Title"), fields.get("Url")) {
            (Some(title), Some(url)) => Kind::Link { title, url: url.to_owned() },
            _ => Kind::Unsupported,
        },
        _ => Kind::Unsupported,
    }
}

fn event_kind(event: &str, key: &str, fields: &Fields) -> Kind {
    match event {
        "subscribe" => Kind::Subscribe(key.strip_prefix("qrscene_").map(str::to_owned)),
        "unsubscribe" => Kind::Unsubscribe,
        "scan" => Kind::Scan(key.to_owned()),
        "click" => Kind::Click(key.to_owned()),
        // The other kind of scanning, scancode_push, opens what was scanned on the phone itself.
        "scancode_waitmsg" => Kind::Scanned {
            key: key.to_owned(),
            result: fields.get("ScanCodeInfo/ScanResult").unwrap_or_default().to_owned(),
        },
        "location_select" => place(
            fields,
            ["SendLocationInfo/Location_X", "SendLocationInfo/Location_Y", "SendLocationInfo/Label"],
        ),
        // Among them LOCATION, which the phone sends unasked when the chat is opened: nobody has to answer it, and
        // where people are is not kept without need.
        _ => Kind::Notice(event.to_owned()),
    }
}

fn place(fields: &Fields, [lat, lng, label]: [&str; 3]) -> Kind {
    let degrees =
        |name: &str, most: f64| fields.get(name)?.parse::<f64>().ok().filter(|degrees| degrees.abs() <= most);
    match (degrees(lat, 90.0), degrees(lng, 180.0)) {
        (Some(lat), Some(lng)) => Kind::Place { lat, lng, label: fields.text(label) },
        _ => Kind::Unsupported,
    }
}

/// Prints a passive reply. The text must not be empty: the platform calls that a fault of the account.
pub fn reply(push: &Push, at: Timestamp, text: &str) -> String {
    format!(
        "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>{}</Content></xml>",
        cdata(&push.openid),
        cdata(&push.account),
        at.as_second(),
        cdata(text)
    )
}

/// Prints the envelope of an encrypted reply.
pub fn envelope(encrypted: &str, token: &str, at: Timestamp, nonce: &str) -> String {
    let timestamp = at.as_second().to_string();
    let signature = crypto::sign(&[token, &timestamp, nonce, encrypted]);
    format!(
        "<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature><TimeStamp>{timestamp}</TimeStamp><Nonce>{}</Nonce></xml>",
        cdata(nonce)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(inner: &str) -> Push {
        let body = format!(
            "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUser]]></FromUserName><CreateTime>1348831860</CreateTime>{inner}</xml>"
        );
        push(&fields(&body).unwrap()).unwrap()
    }

    fn kind(inner: &str) -> Kind {
        parse(inner).kind
    }

    #[test]
    fn a_text_in_any_order_with_elements_nobody_knows() {
        let body = "<xml><MsgId>1234567890123456</MsgId><Bizmsgmenuid>1</Bizmsgmenuid><Content><![CDATA[this is a test]]></Content><New><Deep>x</Deep></New><MsgType>text</MsgType><CreateTime>1348831860</CreateTime><FromUserName>oUser</FromUserName><ToUserName>gh_1</ToUserName></xml>";
        let push = push(&fields(body).unwrap()).unwrap();
        assert_eq!(
            (push.openid.as_str(), push.account.as_str(), push.id.as_str()),
            ("oUser", "gh_1", "1234567890123456")
        );
        assert_eq!(push.kind, Kind::Text("this is a test".to_owned()));
    }

    #[test]
    fn every_type_of_message() {
        let table = [
            (
                "<MsgType>image</MsgType><PicUrl>http://p</PicUrl><MediaId>m1</MediaId>",
                Kind::Image("m1".into()),
            ),
            (
                "<MsgType>voice</MsgType><MediaId>m2</MediaId><Format>amr</Format>",
                Kind::Voice("m2".into(), None),
            ),
            (
                "<MsgType>voice</MsgType><MediaId>m2</MediaId><Recognition><![CDATA[怎么办身份证]]></Recognition>",
                Kind::Voice("m2".into(), Some("怎么办身份证".into())),
            ),
            (
                "<MsgType>video</MsgType><MediaId>m3</MediaId><ThumbMediaId>t</ThumbMediaId>",
                Kind::Video("m3".into()),
            ),
            ("<MsgType>shortvideo</MsgType><MediaId>m4</MediaId>", Kind::Video("m4".into())),
            (
                "<MsgType>file</MsgType><MediaId>m5</MediaId><Title>a.pdf</Title>",
                Kind::File("m5".into(), Some("a.pdf".into())),
            ),
            (
                "<MsgType>location</MsgType><Location_X>23.134</Location_X><Location_Y>113.35</Location_Y><Scale>20</Scale><Label>市民中心</Label>",
                Kind::Place { lat: 23.134, lng: 113.35, label: Some("市民中心".into()) },
            ),
            (
                "<MsgType>location</MsgType><Location_X>99</Location_X><Location_Y>x</Location_Y>",
                Kind::Unsupported,
            ),
            (
                "<MsgType>link</MsgType><Title>政策</Title><Description>d</Description><Url>https://a</Url>",
                Kind::Link { title: "政策".into(), url: "https://a".into() },
            ),
            ("<MsgType>miniprogrampage</MsgType><Title>t</Title>", Kind::Unsupported),
            (
                "<MsgType>text</MsgType><Content>【收到不支持的消息类型，暂无法显示】</Content>",
                Kind::Unsupported,
            ),
            ("<MsgType>text</MsgType><Content></Content>", Kind::Unsupported),
            ("<MsgType>hologram</MsgType>", Kind::Unsupported),
        ];
        for (inner, expected) in table {
            assert_eq!(kind(inner), expected, "{inner}");
        }
    }

    #[test]
    fn every_event() {
        let event = |name: &str, more: &str| {
            kind(&format!("<MsgType>event</MsgType><Event><![CDATA[{name}]]></Event>{more}"))
        };
        let key = |key: &str| format!("<EventKey><![CDATA[{key}]]></EventKey>");
        assert_eq!(event("subscribe", "<EventKey></EventKey>"), Kind::Subscribe(None));
        assert_eq!(event("subscribe", &key("qrscene_open:a")), Kind::Subscribe(Some("open:a".into())));
        assert_eq!(event("unsubscribe", ""), Kind::Unsubscribe);
        assert_eq!(event("SCAN", &key("open:a")), Kind::Scan("open:a".into()));
        assert_eq!(event("CLICK", &key("human")), Kind::Click("human".into()));
        let scanned =
            "<ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>open:b</ScanResult></ScanCodeInfo>";
        assert_eq!(
            event("scancode_waitmsg", &format!("{}{scanned}", key("scan"))),
            Kind::Scanned { key: "scan".into(), result: "open:b".into() }
        );
        let place = "<SendLocationInfo><Location_X>23</Location_X><Location_Y>113</Location_Y><Label></Label></SendLocationInfo>";
        assert_eq!(event("location_select", place), Kind::Place { lat: 23.0, lng: 113.0, label: None });
        for name in [
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
            "view_miniprogram",
            "debug_demo",
            "something_new",
        ] {
            assert_eq!(event(name, ""), Kind::Notice(name.to_ascii_lowercase()), "{name}");
        }
    }

    #[test]
    fn events_are_the_same_when_they_come_again_and_others_when_another_button_is_pressed() {
        let click = |key: &str| {
            parse(&format!("<MsgType>event</MsgType><Event>CLICK</Event><EventKey>{key}</EventKey>")).id
        };
        assert_eq!(click("a"), click("a"));
        assert_ne!(click("a"), click("b"));
    }

    #[test]
    fn the_consoles_test_push_is_json() {
        let body = r#"{"ToUserName":"gh_97417a04a28d","FromUserName":"o9Ag","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}"#;
        assert_eq!(push(&fields(body).unwrap()).unwrap().kind, Kind::Notice("debug_demo".into()));
    }

    #[test]
    fn what_lacks_a_sender_or_a_time_is_refused() {
        let body = "<xml><ToUserName>g</ToUserName><MsgType>text</MsgType></xml>";
        assert_eq!(push(&fields(body).unwrap()), Err(WireError::Missing("FromUserName")));
        let body = "<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><CreateTime>soon</CreateTime></xml>";
        assert_eq!(push(&fields(body).unwrap()), Err(WireError::Missing("CreateTime")));
    }

    #[test]
    fn a_reply_goes_the_other_way_round() {
        let pushed = parse("<MsgType>text</MsgType><Content>a</Content><MsgId>1</MsgId>");
        let printed = reply(&pushed, Timestamp::from_second(12345678).unwrap(), "x ]]> y");
        let read = fields(&printed).unwrap();
        assert_eq!((read.get("ToUserName"), read.get("FromUserName")), (Some("oUser"), Some("gh_1")));
        assert_eq!((read.get("Content"), read.get("CreateTime")), (Some("x ]]> y"), Some("12345678")));
        assert!(printed.starts_with("<xml>"));
    }

    proptest! {
        #[test]
        fn nothing_that_is_pushed_makes_it_panic(
            kind in "(text|image|voice|video|location|link|event|\\PC{0,8})",
            event in "(subscribe|SCAN|CLICK|location_select|scancode_waitmsg|\\PC{0,8})",
            inner in "(<(Content|MediaId|EventKey|Location_X|Url|MsgId)>\\PC{0,12}</(Content|MediaId|EventKey|Location_X|Url|MsgId)>|\\PC){0,12}",
            time in "(-?[0-9]{0,20}|\\PC{0,4})",
        ) {
            let body = format!("<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><CreateTime>{time}</CreateTime><MsgType>{}</MsgType><Event>{}</Event>{inner}</xml>", cdata(&kind), cdata(&event));
            if let Ok(fields) = fields(&body) {
                drop(push(&fields));
            }
        }
    }
}
