//! The words of `config/words/`, compiled in or from files of the operator's own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use adapters::AlarmText;
use adapters::custom::HttpWords;
use adapters::telegram::TelegramWords;
use adapters::wechat::WechatWords;
use serde::Deserialize;

use super::ConfigError;
use crate::dialogue::hearing::Hearing;
use crate::dialogue::hearing::pieces::Concepts;
use crate::dialogue::intent::{RuleWords, WordLists};
use crate::dialogue::screen::CategoryWords;
use crate::dialogue::smuggled::Orders;
use crate::dialogue::{FaultWords, Phrases, Screen, Words};

const INTENTS: &str = include_str!("../../config/words/intents.toml");
const ORDERS: &str = include_str!("../../config/words/orders.toml");
const SCREEN: &str = include_str!("../../config/words/screen.toml");
const FAULTS: &str = include_str!("../../config/prompts/faults.toml");
const TRIAL: &str = include_str!("../../config/prompts/trial.toml");
/// The fitted weights by which wishes are heard that no rule foresaw.
pub const INTENT_WEIGHTS: &str = include_str!("../../config/words/intent_weights.txt");
const CONCEPTS: &str = include_str!("../../config/words/concepts.toml");
const REPLIES: &str = include_str!("../../config/words/replies.toml");
const TELEGRAM: &str = include_str!("../../config/words/telegram.toml");
const HTTP: &str = include_str!("../../config/words/http.toml");
const WEB: &str = include_str!("../../config/words/web.toml");
const DINGTALK: &str = include_str!("../../config/words/dingtalk.toml");
const ALARMS: &str = include_str!("../../config/words/alarms.toml");
const LOGIN: &str = include_str!("../../config/words/login.toml");
const ASSIST: &str = include_str!("../../config/words/assist.toml");
const WECHAT: &str = include_str!("../../config/words/wechat.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    any: Vec<String>,
    unless: Vec<String>,
}

#[derive(Deserialize)]
struct IntentsFile {
    intents: BTreeMap<String, RuleFile>,
    aspects: BTreeMap<String, Vec<String>>,
    follow_up: FollowUpFile,
    /// Files of an earlier version have none; then digits alone rate.
    #[serde(default)]
    ratings: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FollowUpFile {
    pointing_back: Vec<String>,
    /// Files of an earlier version have none; then only what stands at the beginning points back.
    #[serde(default)]
    leaning: Vec<String>,
    #[serde(default)]
    agreeing: Vec<String>,
    empty: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhraseFile {
    zh: String,
    en: String,
}

fn text(file: Option<&Path>, compiled: &str) -> Result<String, ConfigError> {
    match file {
        None => Ok(compiled.to_owned()),
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable(format!("{}: {error}", path.display()))),
    }
}

fn place(file: Option<&Path>, compiled: &str) -> String {
    file.map_or_else(|| format!("config/words/{compiled}"), |path| path.display().to_string())
}

/// Reads what the robot recognises.
///
/// # Errors
/// Names the file and what is wrong in it.
pub fn words(file: Option<&Path>) -> Result<Words, ConfigError> {
    Ok(rules(file)?.with_hearing(hearing()?))
}

/// Reads what the robot recognises by rules alone; so weights can be fitted when those that ship no longer fit.
///
/// # Errors
/// Names the file and what is wrong in it.
pub fn rules(file: Option<&Path>) -> Result<Words, ConfigError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        ConfigError::Unreadable(format!("{}: {error}", place(file, "intents.toml")))
    };
    let parsed: IntentsFile = toml::from_str(&text(file, INTENTS)?).map_err(|error| unreadable(&error))?;
    let lists = WordLists {
        intents: parsed
            .intents
            .into_iter()
            .map(|(name, rule)| (name, RuleWords { any: rule.any, unless: rule.unless }))
            .collect(),
        aspects: parsed.aspects,
        pointing_back: parsed.follow_up.pointing_back,
        leaning: parsed.follow_up.leaning,
        agreeing: parsed.follow_up.agreeing,
        empty: parsed.follow_up.empty,
        ratings: parsed.ratings,
    };
    Words::new(lists).map_err(|error| unreadable(&error))
}

/// The concepts that wishes are heard by: words of one meaning.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn concepts() -> Result<Concepts, ConfigError> {
    let lists: BTreeMap<String, String> = channel("concepts.toml", CONCEPTS)?;
    Ok(lists
        .into_iter()
        .map(|(name, words)| (name, words.split_whitespace().map(str::to_owned).collect()))
        .collect())
}

/// The model that ships, read once: it is large, and the same for everybody.
fn hearing() -> Result<Arc<Hearing>, ConfigError> {
    static SHIPPED: OnceLock<Arc<Hearing>> = OnceLock::new();
    if let Some(hearing) = SHIPPED.get() {
        return Ok(Arc::clone(hearing));
    }
    let hearing = Hearing::read(concepts()?, INTENT_WEIGHTS)
        .map_err(|error| ConfigError::Unreadable(format!("config/words/intent_weights.txt: {error}")))?;
    Ok(Arc::clone(SHIPPED.get_or_init(|| Arc::new(hearing))))
}

/// Reads what the robot says of itself.
///
/// # Errors
/// Names the file and what is wrong in it.
pub fn phrases(file: Option<&Path>) -> Result<Phrases, ConfigError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        ConfigError::Unreadable(format!("{}: {error}", place(file, "replies.toml")))
    };
    let parsed: BTreeMap<String, PhraseFile> =
        toml::from_str(&text(file, REPLIES)?).map_err(|error| unreadable(&error))?;
    let words = parsed.into_iter().map(|(name, phrase)| (name, (phrase.zh, phrase.en))).collect();
    Phrases::new(words).map_err(|error| unreadable(&error))
}

/// Reads what orders to a model look like that stand in an entry.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn orders() -> Result<Orders, ConfigError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OrdersFile {
        version: u32,
        any: Vec<String>,
    }
    let OrdersFile { version, any } = channel("orders.toml", ORDERS)?;
    Orders::new(version, &any)
        .map_err(|error| ConfigError::Unreadable(format!("config/words/orders.toml: {error}")))
}

/// Reads what is not answered in the ordinary way.
///
/// # Errors
/// Names the file and what is wrong in it.
pub fn screen(file: Option<&Path>) -> Result<Screen, ConfigError> {
    #[derive(Deserialize)]
    struct ScreenFile {
        version: u32,
        #[serde(flatten)]
        categories: BTreeMap<String, CategoryFile>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct CategoryFile {
        effect: String,
        any: Vec<String>,
        #[serde(default)]
        unless: Vec<String>,
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        ConfigError::Unreadable(format!("{}: {error}", place(file, "screen.toml")))
    };
    let parsed: ScreenFile = toml::from_str(&text(file, SCREEN)?).map_err(|error| unreadable(&error))?;
    let words = |own: CategoryFile| CategoryWords { effect: own.effect, any: own.any, unless: own.unless };
    let categories = parsed.categories.into_iter().map(|(name, own)| (name, words(own))).collect();
    Screen::new(parsed.version, categories).map_err(|error| unreadable(&error))
}

/// Reads what a model is told was wrong with its text.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn faults() -> Result<FaultWords, ConfigError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        ConfigError::Unreadable(format!("config/prompts/faults.toml: {error}"))
    };
    let parsed: BTreeMap<String, PhraseFile> = toml::from_str(FAULTS).map_err(|error| unreadable(&error))?;
    let words = parsed.into_iter().map(|(name, sentence)| (name, (sentence.zh, sentence.en))).collect();
    FaultWords::new(words).map_err(|error| unreadable(&error))
}

/// A question that shows how a model reads, with the one piece of evidence it is given.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialQuestion {
    /// What is asked.
    pub question: String,
    /// The title of the evidence.
    pub title: String,
    /// What the evidence says.
    pub text: String,
    /// Whether the evidence answers; else it only shares words with the question.
    pub answered: bool,
}

/// Reads the questions by which it is seen how a model reads.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn trial() -> Result<Vec<TrialQuestion>, ConfigError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TrialFile {
        questions: Vec<TrialQuestion>,
    }
    let parsed: TrialFile = toml::from_str(TRIAL)
        .map_err(|error| ConfigError::Unreadable(format!("config/prompts/trial.toml: {error}")))?;
    Ok(parsed.questions)
}

/// What a citizen consents to before a channel is joined to a login, Chinese and English.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn consent() -> Result<(String, String), ConfigError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct LoginFile {
        consent: PhraseFile,
    }
    let LoginFile { consent } = channel("login.toml", LOGIN)?;
    Ok((consent.zh.trim().to_owned(), consent.en.trim().to_owned()))
}

/// What is sent to a citizen whose form is to be shared: with the link to a form,
/// with the link for the desktop, with the code, and with a code that is seldom needed; Chinese and English.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn assist() -> Result<[(String, String); 6], ConfigError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct AssistFile {
        link: PhraseFile,
        screen: PhraseFile,
        chat: PhraseFile,
        me: PhraseFile,
        code: PhraseFile,
        spare_code: PhraseFile,
    }
    let AssistFile { link, screen, chat, me, code, spare_code } = channel("assist.toml", ASSIST)?;
    let trimmed = |phrase: PhraseFile| (phrase.zh.trim().to_owned(), phrase.en.trim().to_owned());
    Ok([link, screen, chat, me, code, spare_code].map(trimmed))
}

/// What the Telegram channel says of itself.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn telegram() -> Result<TelegramWords, ConfigError> {
    channel("telegram.toml", TELEGRAM)
}

/// The titles of problems of the HTTP channel.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn http() -> Result<HttpWords, ConfigError> {
    channel("http.toml", HTTP)
}

/// Reads what the website channel says by itself.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn web() -> Result<adapters::web::WebWords, ConfigError> {
    channel("web.toml", WEB)
}

/// What the robot of DingTalk says of itself.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn dingtalk() -> Result<adapters::dingtalk::Words, ConfigError> {
    channel("dingtalk.toml", DINGTALK)
}

/// What the WeChat channel says of itself.
///
/// # Errors
/// When the compiled file is malformed, which a test rules out.
pub fn wechat() -> Result<WechatWords, ConfigError> {
    channel("wechat.toml", WECHAT)
}

/// All alarms by their codes.
///
/// # Errors
/// Names what is wrong in the compiled file, which a test rules out.
pub fn alarms() -> Result<BTreeMap<String, AlarmText>, ConfigError> {
    channel("alarms.toml", ALARMS)
}

/// One alarm's words.
pub fn alarm(code: &str) -> Option<AlarmText> {
    alarms().ok()?.remove(code)
}

/// Reads the compiled words of a channel.
fn channel<T: serde::de::DeserializeOwned>(name: &str, compiled: &str) -> Result<T, ConfigError> {
    toml::from_str(compiled).map_err(|error| ConfigError::Unreadable(format!("config/words/{name}: {error}")))
}
