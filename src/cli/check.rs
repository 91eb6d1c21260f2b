//! `check`: says what the configuration means, and everything that is wrong with it.

use std::process::ExitCode;
use std::sync::Arc;

use adapters::Trust;

use super::{Common, fail};
use crate::config::{
    AssistConfig, ChannelConfig, Config, ConfigError, DialogueConfig, DingtalkMode, EmbeddingConfig,
    ModelConfig, TelegramMode, words,
};
use crate::dialogue::evidence::Details;
use crate::dialogue::{Brief, Clock, Evidence, Locale, SynthesisError};
use crate::print::say;
use crate::store;
use crate::synthesis::{Models, Trial};

mod reading;

pub(super) async fn check(common: &Common, online: bool) -> ExitCode {
    let config = match common.load() {
        Ok(config) => config,
        Err(error) => return fail(&error.into()),
    };
    explain(&config);
    let mut faults = config.faults();
    if let Err(error) = words::words(config.dialogue.intents.as_deref()) {
        faults.push(error.to_string());
    }
    if let Err(error) = words::dingtalk() {
        faults.push(error.to_string());
    }
    if let Err(error) = words::screen(config.dialogue.screen.as_deref()) {
        faults.push(error.to_string());
    }
    if let Err(error) = words::phrases(config.dialogue.replies.as_deref()) {
        faults.push(error.to_string());
    }
    if let Err(error) = words::wechat() {
        faults.push(error.to_string());
    }
    if let Some(model) = &config.model
        && let Err(error) = crate::app::model_settings(model)
    {
        faults.push(format!("{error:#}"));
    }
    if !faults.is_empty() {
        return fail(&ConfigError::Senseless(faults).into());
    }
    if online {
        return try_parts(&config).await;
    }
    say!("配置可以使用 the configuration can be used");
    ExitCode::SUCCESS
}

fn explain(config: &Config) {
    say!("listen      {}", config.server.listen);
    match &config.server.public_url {
        Some(url) => say!("public url  {url}"),
        None => say!("public url  not set; links use the listening address"),
    }
    say!("data        {}", config.data.display());
    say!("store       {}", config.store_url().split_once(':').map_or("", |(scheme, _)| scheme));
    say!("city        {} (region {})", config.city.name, config.city.region);
    match &config.model {
        Some(model) => explain_models(model),
        None => say!("model       none; answers quote the entries"),
    }
    match &config.embedding {
        Some(embedding) => say!(
            "embedding   {} at {}, key {}",
            embedding.model,
            embedding.base_url,
            if embedding.api_key.is_some() { "set" } else { "not set" }
        ),
        None => say!("embedding   none; entries are found by words alone"),
    }
    if let Some(login) = &config.login {
        say!("login       {} at {}, application {}", login.label, login.issuer, login.client_id);
    }
    if config.assist.enabled {
        say!("calls       {}", explain_calls(&config.assist));
    }
    for (name, channel) in &config.channels {
        say!("channel     {name}: {}", explain_channel(config, name, channel));
    }
}

fn explain_calls(config: &AssistConfig) -> String {
    let offered = match (config.voice, config.screen) {
        (false, false) => return "off".to_owned(),
        (true, false) => "voice",
        (false, true) => "desktop",
        (true, true) => "voice, desktop",
    };
    match &config.turn {
        Some(turn) if config.relays_only() => format!("{offered}; all of it over {}", turn.urls.join(", ")),
        Some(turn) => format!("{offered}; directly, else over {}", turn.urls.join(", ")),
        None => {
            format!("{offered}; no [assist.turn], so only where the two browsers reach each other directly")
        }
    }
}

fn explain_models(config: &ModelConfig) {
    let known = crate::app::model_settings(config).unwrap_or_default();
    for (place, (section, model)) in config.all().into_iter().enumerate() {
        let profile = known.get(place).map_or("unknown", |(settings, _)| settings.profile_name.as_str());
        let key = if model.api_key.is_some() { "set" } else { "not set" };
        say!("{section:<11} {} at {}, key {key}, profile {profile}", model.model, model.shown_url());
    }
    for (name, limit) in
        [("everybody", config.tokens_per_day), ("one citizen", config.tokens_per_citizen_per_day)]
    {
        if limit > 0 {
            say!("            {limit} tokens a day for {name}, then answers are quoted");
        }
    }
}

fn explain_channel(config: &Config, name: &str, channel: &ChannelConfig) -> String {
    match channel {
        ChannelConfig::Web { allowed_origins } if allowed_origins.is_empty() => {
            "web, on our own pages".to_owned()
        }
        ChannelConfig::Web { allowed_origins } => format!("web, on {}", allowed_origins.join(", ")),
        ChannelConfig::Telegram(telegram) => {
            let mode = match telegram.mode {
                TelegramMode::Polling => "polls",
                TelegramMode::Webhook => "webhook, called at public url",
            };
            format!("telegram, {mode}, {}", telegram.api_base)
        }
        ChannelConfig::Http(http) => match &http.deliver_url {
            Some(url) => format!("http, replies are pushed to {url}"),
            None => "http, replies are pulled".to_owned(),
        },
        ChannelConfig::Dingtalk(robot) => {
            let way = match robot.mode {
                DingtalkMode::Stream => "by stream",
                DingtalkMode::Webhook => "by webhook",
            };
            let card = if robot.card_template_id.is_some() { "on cards" } else { "as messages" };
            format!("dingtalk, application {}, {way}, answers {card}", robot.client_id)
        }
        ChannelConfig::Wechat(account) => super::wechat::explain(config, name, account),
    }
}

/// Asks the provider of identities what it is.
async fn try_login(config: &Config, trust: &Trust) -> anyhow::Result<()> {
    match crate::app::provider(config, trust)? {
        Some(provider) => Ok(provider.try_out().await?),
        None => Ok(()),
    }
}

/// Tries the store, the model, the embedding endpoint and the platforms for real.
async fn try_parts(config: &Config) -> ExitCode {
    let trust = match crate::app::trust(config) {
        Ok(trust) => trust,
        Err(error) => return fail(&error),
    };
    let mut fine = true;
    match store::open(&config.store_url()).await {
        Ok(opened) => {
            say!("store       opens");
            drop(opened.close().await);
        }
        Err(store::StoreError::Busy(_)) => say!("store       is in use by a running server"),
        Err(error) => {
            fine = false;
            say!("store       {error}");
        }
    }
    if let Some(model) = &config.model {
        match try_models(model, &trust, &config.dialogue).await {
            Ok(answers) => fine &= answers,
            Err(error) => {
                fine = false;
                say!("model       {error:#}");
            }
        }
    }
    if let Some(embedding) = &config.embedding {
        match try_embedding(embedding, &trust).await {
            Ok(status) => say!("embedding   {status}"),
            Err(error) => {
                fine = false;
                say!("embedding   {error:#}");
            }
        }
    }
    if config.login.is_some() {
        match try_login(config, &trust).await {
            Ok(()) => say!("login       the provider answers 身份平台可以使用"),
            Err(error) => {
                fine = false;
                say!("login       {error:#}");
            }
        }
    }
    for (name, channel) in &config.channels {
        match try_channel(config, name, channel).await {
            Ok(Some(status)) => say!("channel     {name}: {status}"),
            Ok(None) => {}
            Err(error) => {
                fine = false;
                say!("channel     {name}: {error:#}");
            }
        }
    }
    if fine { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Tries a channel at its platform. An error comes with what the operator has to do about it.
async fn try_channel(config: &Config, name: &str, channel: &ChannelConfig) -> anyhow::Result<Option<String>> {
    let Some(channel) = crate::app::channel_alone(config, name, channel)? else { return Ok(None) };
    let tried = channel.try_out().await;
    let advice: Vec<String> = channel
        .alarms()
        .iter()
        .filter_map(|alarm| {
            Some(format!("{}\n            ({})", super::wechat::advice(alarm)?, alarm.detail))
        })
        .collect();
    match tried {
        Err(error) if advice.is_empty() => Err(error.into()),
        Err(error) => anyhow::bail!("{error}\n            {}", advice.join("\n            ")),
        Ok(status) => Ok(status),
    }
}

/// Has a question embedded within the time that a citizen would wait, and then a text of an entry.
async fn try_embedding(embedding: &EmbeddingConfig, trust: &Trust) -> anyhow::Result<String> {
    let embedder = crate::app::embedder(embedding, trust)?;
    let document = embedder.document(crate::embedding::PROBE);
    // First the text: a server that has to load its model may be slow once.
    let vectors = embedder.documents(&[document]).await?;
    let dimensions = vectors.first().map(Vec::len).unwrap_or_default();
    let begun = std::time::Instant::now();
    let asked = embedder.probe().await;
    let took = begun.elapsed().as_millis();
    match asked {
        Ok(asked) if asked == dimensions => {
            Ok(format!("answers with {dimensions} dimensions, a question in {took} ms"))
        }
        Ok(asked) => anyhow::bail!("answers with {dimensions} dimensions, and then with {asked}"),
        Err(crate::embedding::EmbeddingError::Slow) => anyhow::bail!(
            "a question took longer than {} ms, so that citizens would be answered without; see [embedding] timeout",
            embedder.settings().timeout.as_millis()
        ),
        Err(error) => Err(error.into()),
    }
}

/// Has every model word an answer from evidence that a test city could have, says how long it took to begin, and how the
/// model reads.
async fn try_models(model: &ModelConfig, trust: &Trust, dialogue: &DialogueConfig) -> anyhow::Result<bool> {
    let store: Arc<dyn store::Store> = Arc::new(store::MemoryStore::default());
    let clock: Arc<dyn Clock> = Arc::new(crate::app::SystemClock);
    let settings = crate::app::model_settings(model)?;
    let models = crate::app::models(model, &store, &clock, trust)?;
    let evidence = [Evidence::new(
        "check",
        "身份证丢了怎么补办",
        "带户口簿，本人到任一派出所窗口补领，工本费 40 元。",
        Details::Faq,
    )];
    let brief = Brief::new("身份证丢了怎么补办？", &evidence, Locale::Zh);
    let mut fine = true;
    for (place, ((state, tried), (settings, config))) in
        models.try_out(brief).await.into_iter().zip(settings).enumerate()
    {
        let chosen = if config.profile.is_some() { "as configured" } else { "guessed from the address" };
        let profile = format!("profile {} ({chosen})", settings.profile_name);
        let name = format!("{:<11} {}", state.section, state.model);
        match tried {
            Ok(Trial { first, usage }) => {
                let told = match usage {
                    Some(usage) => format!("{} tokens", usage.prompt + usage.completion),
                    None => "the server does not say how many tokens it took".to_owned(),
                };
                let key = if settings.api_key.is_some() { "the key is accepted" } else { "no key is needed" };
                say!("{name}: answers, {key}, first words after {} ms; {profile}; {told}", first.as_millis());
                let limit = settings.first_token_timeout.as_millis();
                if first > settings.first_token_timeout {
                    say!("            which is longer than first_token_timeout, {limit} ms");
                }
                if let Some(patience) = dialogue.patience().filter(|patience| first > *patience) {
                    let patience = patience.as_millis();
                    say!(
                        "            which is longer than [dialogue] patience, {patience} ms: answers would be quoted"
                    );
                }
                say_how_it_reads(&models, place, dialogue).await?;
            }
            // It was reached, and took the key.
            Err(SynthesisError::Refused | SynthesisError::Filtered) => {
                say!("{name}: answers, but declined the trial question; {profile}");
                say_how_it_reads(&models, place, dialogue).await?;
            }
            Err(error) => {
                fine = false;
                let distrusted = error.to_string().contains("certificate");
                say!("{name}: {error}; {profile}");
                if distrusted {
                    say!(
                        "            its certificate is of an authority that is not trusted, see [server] extra_ca"
                    );
                }
                for advice in state.alarms.iter().filter_map(super::wechat::advice) {
                    say!("            {advice}");
                }
            }
        }
    }
    Ok(fine)
}

async fn say_how_it_reads(models: &Models, place: usize, dialogue: &DialogueConfig) -> anyhow::Result<()> {
    for line in reading::of(models, place, &words::trial()?).await.told(dialogue) {
        say!("            {line}");
    }
    Ok(())
}
