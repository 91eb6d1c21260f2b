//! What is wrong with the channels at present, for those who can mend it.

use std::collections::BTreeMap;

use adapters::{Alarm, AlarmText};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Signed;
use super::error::{ApiError, prefers_english};
use super::{Shared, models};

/// What alarms mean and what to do about them, from `config/words/alarms.toml`.
#[derive(Debug)]
pub struct AlarmWords(BTreeMap<String, AlarmText>);

impl AlarmWords {
    /// The words, by the codes.
    pub fn new(words: BTreeMap<String, AlarmText>) -> Self {
        Self(words)
    }

    /// Title and remedy of a code. One that has no words is shown by its name: better than an alarm nobody sees.
    fn of<'a>(&'a self, code: &'a str, english: bool) -> (&'a str, &'a str) {
        match self.0.get(code) {
            Some(words) if english => (&words.title_en, &words.do_en),
            Some(words) => (&words.title_zh, &words.do_zh),
            None => (code, ""),
        }
    }
}

/// One thing that is wrong with a channel.
#[derive(Serialize, ToSchema)]
pub struct AlarmView {
    /// Its name, for programs.
    code: String,
    /// What it means.
    title: String,
    /// What to do about it.
    r#do: String,
    /// What the platform said.
    detail: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// A channel and what is wrong with it.
#[derive(Serialize, ToSchema)]
pub struct ChannelView {
    /// Its configured name.
    id: String,
    /// The platform: `web`, `wechat`, `dingtalk`, `telegram` …; `model` for a language model.
    r#type: String,
    /// What is wrong, if anything is.
    alarms: Vec<AlarmView>,
}

/// The channels, the language models, and what is wrong with them, in the reader's language. For supervisors and administrators.
#[utoipa::path(get, path = "/api/v1/desk/channels", tag = "desk",
    responses((status = 200, body = Vec<ChannelView>), (status = 401), (status = 403, description = "Not a supervisor or administrator")))]
pub(super) async fn list(
    State(web): State<Shared>,
    headers: HeaderMap,
    Signed(helper): Signed,
) -> Result<Json<Vec<ChannelView>>, ApiError> {
    if !helper.role.sees_all() {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden"));
    }
    let english = prefers_english(&headers);
    let view = |id: &str, kind: &str, alarms: Vec<Alarm>| ChannelView {
        id: id.to_owned(),
        r#type: kind.to_owned(),
        alarms: alarms.into_iter().map(|alarm| view(&web.alarms, alarm, english)).collect(),
    };
    let channels = web.channel_alarms().into_iter().map(|(id, kind, alarms)| view(id, kind, alarms));
    // A model is no channel, but whoever mends the one mends the other.
    let models = web.models().into_iter().map(|model| view(&model.id, models::TYPE, model.alarms));
    // Nor are shared screens, and they are listed only when something is wrong with one.
    let shared = web.assist.as_ref().map(|assist| assist.alarms()).filter(|alarms| !alarms.is_empty());
    let shared = shared.map(|alarms| view("assist", "assist", alarms));
    Ok(Json(channels.chain(models).chain(shared).collect()))
}

fn view(words: &AlarmWords, alarm: Alarm, english: bool) -> AlarmView {
    let (title, remedy) = words.of(alarm.code, english);
    AlarmView {
        code: alarm.code.to_owned(),
        title: title.to_owned(),
        r#do: remedy.to_owned(),
        detail: alarm.detail,
        since: alarm.since,
    }
}

impl super::Web {
    /// The configured channels by name, with their types and what is wrong with them.
    pub(super) fn channel_alarms(&self) -> Vec<(&str, &str, Vec<Alarm>)> {
        let mut found: Vec<_> = self
            .gateway
            .channels()
            .filter_map(|channel| {
                let id = channel.id().as_str();
                // The channel of `ask` is no section of the configuration, and nothing can be wrong with it.
                Some((id, self.channel_types.get(id)?.as_str(), channel.alarms()))
            })
            .collect();
        found.sort_by_key(|(id, _, _)| *id);
        found
    }
}
