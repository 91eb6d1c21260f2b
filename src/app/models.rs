//! The language models of the configuration, and what they may take in a day.

use std::sync::Arc;

use adapters::{Now, Trust};
use anyhow::Context;
use async_trait::async_trait;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::calls::client_builder;
use crate::config::ModelConfig;
use crate::dialogue::Clock;
use crate::http::models::ModelView;
use crate::records::keys;
use crate::store::{Commit, Committed, Key, Store, StoreExt};
use crate::synthesis::{
    BreakerSettings, Limits, ModelSettings, ModelState, Models, Profiles, Prompts, SetAside, Standing, Tally,
};
use crate::telemetry::ModelFigures;

/// A day is one of the city's.
const ZONE: &str = "Asia/Shanghai";

/// How often a count is tried again that another node was quicker with.
const TRIES: usize = 64;

/// How many counts of days gone by are removed at a time.
const SWEPT: usize = 500;

/// The table of profiles, with the operator's own.
pub(crate) fn profiles(model: &ModelConfig) -> anyhow::Result<Profiles> {
    let own = match &model.profiles {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .with_context(|| format!("[model] profiles: cannot read {}", path.display()))?,
        ),
        None => None,
    };
    Profiles::read(own.as_deref()).context("[model] profiles")
}

/// The settings of every model, in the order in which they are asked.
///
/// # Errors
/// Names the profile that is not known.
pub(crate) fn settings(config: &ModelConfig) -> anyhow::Result<Vec<(ModelSettings, ModelConfig)>> {
    let profiles = profiles(config)?;
    let settings = config.all().into_iter().map(|(section, model)| {
        let (profile_name, profile) = profiles
            .choose(model.profile.as_deref(), &model.base_url, &model.model)
            .with_context(|| format!("[{section}] profile"))?;
        let settings = ModelSettings {
            section,
            base_url: model.base_url.clone(),
            api_key: model.api_key.clone(),
            model: model.model.clone(),
            profile_name,
            profile,
            first_token_timeout: model.first_token_timeout.into(),
            idle_timeout: model.idle_timeout.into(),
            total_timeout: model.total_timeout.into(),
            max_tokens: model.max_tokens,
            temperature: model.temperature,
            extra_body: model.extra_body.clone(),
            omit: model.omit.clone(),
        };
        Ok((settings, model))
    });
    settings.collect()
}

/// The models of the configuration.
pub(crate) fn models(
    config: &ModelConfig,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    trust: &Trust,
) -> anyhow::Result<Models> {
    let asked = settings(config)?.into_iter().map(|(settings, model)| {
        // A redirection would carry the question to somebody who was not named.
        let client = client_builder(model.connect_timeout.into(), trust)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("cannot build the HTTP client")?;
        Ok((settings, client))
    });
    let now: Now = {
        let clock = Arc::clone(clock);
        Arc::new(move || clock.now())
    };
    let tally = StoreTally::new(Arc::clone(store), Arc::clone(clock))?;
    Ok(Models::new(
        asked.collect::<anyhow::Result<_>>()?,
        Prompts::default(),
        BreakerSettings { failures: config.breaker_failures, pause: config.breaker_pause.into() },
        Limits { per_day: config.tokens_per_day, per_citizen: config.tokens_per_citizen_per_day },
        Arc::new(tally),
        now,
    ))
}

/// How a model stands, as the pages of health show it.
pub(super) fn view(state: ModelState) -> ModelView {
    ModelView {
        id: state.section.clone(),
        alarms: state.alarms,
        figures: ModelFigures {
            section: state.section,
            model: state.model,
            standing: match state.standing {
                Standing::Closed => "closed",
                Standing::HalfOpen => "half_open",
                Standing::Open => "open",
            },
            asked: state.asked,
            tokens: vec![("prompt", state.told.prompt), ("completion", state.told.completion)],
        },
    }
}

/// What was taken on a day, by everybody or by one citizen.
#[derive(Default, Serialize, Deserialize)]
struct Taken {
    /// The day, as `2026-01-31`.
    day: String,
    tokens: u64,
}

/// Counts in the store.
struct StoreTally {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    /// One count after another, so that only other nodes can come between; with the day up to which the past is removed.
    turn: Mutex<String>,
}

impl StoreTally {
    fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let zone = TimeZone::get(ZONE).with_context(|| format!("the time zone {ZONE}"))?;
        Ok(Self { store, clock, zone, turn: Mutex::default() })
    }

    fn today(&self) -> String {
        self.clock.now().to_zoned(self.zone.clone()).date().to_string()
    }

    /// Changes the counts of everybody and of the asker together, as `change` says, which is handed what they are and the
    /// limit of each, and may refuse.
    async fn change<R>(
        &self,
        day: &str,
        asker: Option<&str>,
        change: impl Fn(&mut [Taken]) -> Result<(), R>,
    ) -> anyhow::Result<Result<(), R>> {
        let keys: Vec<Key> =
            std::iter::once(keys::taken(day)).chain(asker.map(|asker| keys::taken_by(day, asker))).collect();
        for _ in 0..TRIES {
            let mut commit = Commit::new();
            let mut counts = Vec::new();
            for key in &keys {
                let (count, version) = match self.store.get_json::<Taken>(key).await? {
                    Some((count, version)) => (count, Some(version)),
                    None => (Taken { day: day.to_owned(), tokens: 0 }, None),
                };
                counts.push(count);
                commit = commit.check(key.clone(), version);
            }
            if let Err(refusal) = change(&mut counts) {
                return Ok(Err(refusal));
            }
            for (key, count) in keys.iter().zip(&counts) {
                commit = commit.put_json(key.clone(), count);
            }
            if let Committed::Done(_) = self.store.commit(commit).await? {
                return Ok(Ok(()));
            }
        }
        anyhow::bail!("other nodes were quicker {TRIES} times")
    }

    /// Removes the counts of days gone by: who asked when is nobody's concern any more.
    async fn sweep(&self, today: &str) -> anyhow::Result<()> {
        loop {
            let found = self.store.scan(&keys::all_taken(), SWEPT, false).await?;
            let mut commit = Commit::new();
            for record in &found {
                if record.decode::<Taken>()?.day.as_str() < today {
                    commit = commit.delete(record.key.clone());
                }
            }
            if commit.is_empty() {
                return Ok(());
            }
            let _done: Committed = self.store.commit(commit).await?;
        }
    }
}

#[async_trait]
impl Tally for StoreTally {
    async fn set_aside(&self, asker: Option<&str>, tokens: u64, limits: Limits) -> anyhow::Result<SetAside> {
        let day = self.today();
        let mut swept = self.turn.lock().await;
        if *swept != day {
            self.sweep(&day).await?;
            swept.clone_from(&day);
        }
        let both = [(limits.per_day, SetAside::Spent), (limits.per_citizen, SetAside::SpentByCitizen)];
        let granted = self
            .change(&day, asker, |counts| {
                for (count, (limit, refusal)) in counts.iter_mut().zip(&both) {
                    let after = count.tokens.saturating_add(tokens);
                    if *limit > 0 && after > *limit {
                        return Err(refusal.clone());
                    }
                    count.tokens = after;
                }
                Ok(())
            })
            .await?;
        Ok(granted.err().unwrap_or(SetAside::Granted(day)))
    }

    async fn settle(&self, asker: Option<&str>, day: &str, aside: u64, taken: u64) -> anyhow::Result<()> {
        let _turn = self.turn.lock().await;
        if day < self.today().as_str() {
            // The day is over, and its counts are removed.
            return Ok(());
        }
        let settled: Result<(), std::convert::Infallible> = self
            .change(day, asker, |counts| {
                for count in counts {
                    count.tokens = count.tokens.saturating_sub(aside).saturating_add(taken);
                }
                Ok(())
            })
            .await?;
        match settled {
            Ok(()) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
