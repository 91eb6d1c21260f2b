//! What the operator says of an account. The meaning of every setting stands in `config/default.toml` and in
//! `docs/channels/wechat.md`.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::action::Action;
use super::crypto::AesKey;

/// How the platform's messages are protected; the same word as in the platform's console.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// 明文: signed, not encrypted.
    Plain,
    /// 兼容: both in one message, for the time of a change.
    Compatible,
    /// 安全: encrypted both ways.
    #[default]
    Secure,
}

/// `[channels.NAME]` with `type = "wechat"`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct WechatConfig {
    pub app_id: String,
    #[serde(serialize_with = "hidden")]
    pub app_secret: SecretString,
    #[serde(serialize_with = "hidden")]
    pub token: SecretString,
    #[serde(default, serialize_with = "hidden_option")]
    pub encoding_aes_key: Option<SecretString>,
    #[serde(default, serialize_with = "hidden_option")]
    pub previous_encoding_aes_key: Option<SecretString>,
    #[serde(default)]
    pub mode: Mode,
    #[serde(default)]
    pub verified: bool,
    #[serde(default)]
    pub oauth: bool,
    #[serde(default = "WechatConfig::yes")]
    pub ai_label: bool,
    #[serde(default = "WechatConfig::platform")]
    pub api_base: String,
    #[serde(default = "WechatConfig::pictures")]
    pub qr_base: String,
    #[serde(default = "WechatConfig::pages")]
    pub oauth_base: String,
    #[serde(default)]
    pub menu: Vec<Button>,
    #[serde(default)]
    pub qr: Vec<QrCode>,
}

/// A button of the menu below the chat, or a group of them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct Button {
    pub name: String,
    #[serde(default)]
    pub open: Option<String>,
    #[serde(default)]
    pub say: Option<String>,
    #[serde(default)]
    pub human: bool,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub place: bool,
    #[serde(default)]
    pub scan: bool,
    #[serde(default)]
    pub mini_program: Option<MiniProgram>,
    #[serde(default)]
    pub items: Vec<Button>,
}

/// A page of a mini program.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct MiniProgram {
    pub app_id: String,
    pub page: String,
    pub url: String,
}

/// A QR code that brings whoever scans it to an entry.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each setting means")]
pub struct QrCode {
    pub name: String,
    #[serde(default)]
    pub open: Option<String>,
    #[serde(default)]
    pub say: Option<String>,
    #[serde(default)]
    pub human: bool,
    #[serde(default)]
    pub days: Option<u32>,
}

/// Buttons beside each other, buttons of a group, and what their names may take, in Chinese characters (two Latin letters
/// count as one). Facts of the platform's page 自定义菜单.
const BUTTONS: (usize, usize) = (3, 5);
const NAMES: (usize, usize) = (4, 8);
/// A scene has at most 64 characters, a temporary code at most 30 days. Page 生成带参数的二维码.
const SCENE: usize = 64;
const DAYS: u32 = 30;
/// The longest key of a button, in bytes.
const KEY: usize = 128;

fn hidden<S: Serializer>(_: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("(hidden)")
}

fn hidden_option<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(_) => serializer.serialize_str("(hidden)"),
        None => serializer.serialize_none(),
    }
}

impl WechatConfig {
    fn yes() -> bool {
        true
    }

    fn platform() -> String {
        "https://api.weixin.qq.com".to_owned()
    }

    fn pictures() -> String {
        "https://mp.weixin.qq.com".to_owned()
    }

    fn pages() -> String {
        "https://open.weixin.qq.com".to_owned()
    }

    /// Everything that does not make sense, in an operator's words.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(self.app_id.starts_with("wx") && self.app_id.chars().all(|c| c.is_ascii_alphanumeric())) {
            faults.push(format!("app_id: `{}` is no AppID; it begins with wx", self.app_id));
        }
        if self.app_secret.expose_secret().trim().is_empty() {
            faults.push("app_secret: is empty".to_owned());
        }
        let token = self.token.expose_secret();
        if !(3..=32).contains(&token.len()) || !token.chars().all(|c| c.is_ascii_alphanumeric()) {
            faults.push("token: must have 3 to 32 letters and digits, as in the console".to_owned());
        }
        if self.mode != Mode::Plain && self.encoding_aes_key.is_none() {
            faults.push("encoding_aes_key: is needed in the modes compatible and secure".to_owned());
        }
        let keys = [
            ("encoding_aes_key", &self.encoding_aes_key),
            ("previous_encoding_aes_key", &self.previous_encoding_aes_key),
        ];
        for (name, key) in keys {
            if let Some(key) = key
                && AesKey::parse(key.expose_secret()).is_none()
            {
                faults.push(format!("{name}: must have 43 letters and digits, as in the console"));
            }
        }
        if self.oauth && !self.verified {
            faults.push(
                "oauth: only verified service accounts (认证服务号) have 网页授权; set verified = true as well"
                    .to_owned(),
            );
        }
        for (name, url) in
            [("api_base", &self.api_base), ("qr_base", &self.qr_base), ("oauth_base", &self.oauth_base)]
        {
            if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
                faults.push(format!("{name}: `{url}` must begin with http:// or https:// and end without /"));
            }
        }
        self.check_menu(&mut faults);
        self.check_codes(&mut faults);
        faults
    }

    fn check_menu(&self, faults: &mut Vec<String>) {
        if self.menu.len() > BUTTONS.0 {
            faults.push(format!("menu: {} buttons; the platform shows {}", self.menu.len(), BUTTONS.0));
        }
        for button in &self.menu {
            check_name(&button.name, NAMES.0, faults);
            if button.items.is_empty() {
                button.check(faults);
                continue;
            }
            if button.actions() > 0 {
                faults.push(format!("menu `{}`: a group of buttons does nothing itself", button.name));
            }
            if button.items.len() > BUTTONS.1 {
                faults.push(format!("menu `{}`: more than {} items", button.name, BUTTONS.1));
            }
            for item in &button.items {
                check_name(&item.name, NAMES.1, faults);
                item.check(faults);
                if !item.items.is_empty() {
                    faults.push(format!("menu `{}`: an item has no items of its own", item.name));
                }
            }
        }
    }

    fn check_codes(&self, faults: &mut Vec<String>) {
        for code in &self.qr {
            let named = !code.name.is_empty()
                && code.name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
            if !named {
                faults.push(format!("qr `{}`: a name has letters, digits, - and _ only", code.name));
            }
            match code.action() {
                Some(action) if action.key().chars().count() > SCENE => {
                    faults.push(format!("qr `{}`: longer than {SCENE} characters", code.name));
                }
                Some(_) => {}
                None => faults.push(format!("qr `{}`: needs one of open, say, human", code.name)),
            }
            if code.days.is_some_and(|days| !(1..=DAYS).contains(&days)) {
                faults.push(format!(
                    "qr `{}`: days must be 1 to {DAYS}; without it the code is permanent",
                    code.name
                ));
            }
        }
    }
}

fn check_name(name: &str, most: usize, faults: &mut Vec<String>) {
    let halves: usize = name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    if name.trim().is_empty() || halves > most * 2 {
        faults.push(format!("menu `{name}`: a name here has 1 to {most} Chinese characters"));
    }
}

/// The one action that was named; none, or several, is a mistake.
fn one(open: Option<&String>, say: Option<&String>, human: bool) -> Option<Action> {
    match (open, say, human) {
        (Some(entry), None, false) => Some(Action::Open(entry.clone())),
        (None, Some(text), false) => Some(Action::Say(text.clone())),
        (None, None, true) => Some(Action::Human),
        _ => None,
    }
}

impl Button {
    /// What pressing it does, for buttons that send a key.
    pub fn action(&self) -> Option<Action> {
        one(self.open.as_ref(), self.say.as_ref(), self.human)
    }

    fn actions(&self) -> usize {
        [
            self.open.is_some(),
            self.say.is_some(),
            self.human,
            self.url.is_some(),
            self.place,
            self.scan,
            self.mini_program.is_some(),
        ]
        .into_iter()
        .filter(|&named| named)
        .count()
    }

    fn check(&self, faults: &mut Vec<String>) {
        if self.actions() != 1 {
            faults.push(format!(
                "menu `{}`: needs exactly one of open, say, human, url, place, scan, mini_program, items",
                self.name
            ));
        }
        if self.action().is_some_and(|action| action.key().len() > KEY) {
            faults.push(format!("menu `{}`: what it sends is longer than {KEY} bytes", self.name));
        }
        let links = [self.url.as_ref(), self.mini_program.as_ref().map(|program| &program.url)];
        for url in links.into_iter().flatten() {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                faults.push(format!("menu `{}`: `{url}` is no address", self.name));
            }
        }
    }
}

impl QrCode {
    /// What scanning it does.
    pub fn action(&self) -> Option<Action> {
        one(self.open.as_ref(), self.say.as_ref(), self.human)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::testing::config;

    #[test]
    fn what_is_wrong_is_named_all_at_once_and_secrets_are_not() {
        let mut wrong = config();
        assert_eq!(wrong.faults(), Vec::<String>::new());
        wrong.app_id = "12".to_owned();
        wrong.token = "no!".into();
        wrong.encoding_aes_key = Some("short-secret".into());
        wrong.api_base = "ftp://x/".to_owned();
        wrong.oauth = true;
        wrong.menu = vec![
            Button { name: "四个汉字长".to_owned(), human: true, ..Button::default() },
            Button { name: "空".to_owned(), ..Button::default() },
            Button {
                name: "组".to_owned(),
                human: true,
                items: vec![Button {
                    name: "里".to_owned(), url: Some("x".to_owned()), ..Button::default()
                }],
                ..Button::default()
            },
            Button { name: "多".to_owned(), say: Some("a".to_owned()), human: true, ..Button::default() },
        ];
        wrong.qr =
            vec![QrCode { name: "a b".to_owned(), open: None, say: None, human: false, days: Some(99) }];
        let faults = wrong.faults().join("\n");
        for word in [
            "app_id",
            "token",
            "encoding_aes_key",
            "api_base",
            "oauth: only",
            "四个汉字长",
            "`空`",
            "`组`",
            "`里`",
            "`多`",
            "4 buttons",
            "qr `a b`",
            "days",
        ] {
            assert!(faults.contains(word), "{word}: {faults}");
        }
        assert!(!faults.contains("short-secret"));
        let printed = format!("{:?}{}", config(), serde_json::to_string(&config()).unwrap());
        for secret in ["app-secret-value", "AAAAAAAAAA"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn modes_that_encrypt_need_a_key() {
        let mut config = config();
        config.encoding_aes_key = None;
        assert_eq!(config.faults().len(), 1);
        config.mode = Mode::Plain;
        assert_eq!(config.faults(), Vec::<String>::new());
    }
}
