//! `check`: says what the configuration means, and everything that is wrong with it.

use std::process::ExitCode;

use adapters::Trust;
use adapters::trust::is_distrust;

use super::{Common, fail};
use crate::config::{
    ChannelConfig, Config, ConfigError, DingtalkMode, EmbeddingConfig, ModelConfig, TelegramMode, words,
};
use crate::print::say;
use crate::store;

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
        Some(model) => say!(
            "model       {} at {}, key {}",
            model.model,
            model.base_url,
            if model.api_key.is_some() { "set" } else { "not set" }
        ),
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
    for (name, channel) in &config.channels {
        say!("channel     {name}: {}", explain_channel(config, name, channel));
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
        match try_model(model, &trust).await {
            Ok(status) => say!("model       {status}"),
            Err(error) => {
                fine = false;
                let advice = match is_distrust(error.as_ref()) {
                    true => "; its certificate is of an authority that is not trusted, see [server] extra_ca",
                    false => "",
                };
                say!("model       {error:#}{advice}");
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

/// Asks the model for one word.
async fn try_model(model: &ModelConfig, trust: &Trust) -> anyhow::Result<String> {
    use secrecy::ExposeSecret;
    let client = crate::app::client(model.connect_timeout.into(), trust)?;
    let url = format!("{}/chat/completions", model.base_url.trim_end_matches('/'));
    let mut request = client.post(url).timeout(model.total_timeout.into()).json(&serde_json::json!({
        "model": model.model, "max_tokens": 8, "messages": [{ "role": "user", "content": "你好" }],
    }));
    if let Some(key) = &model.api_key {
        request = request.bearer_auth(key.expose_secret());
    }
    let response = request.send().await?;
    let status = response.status();
    anyhow::ensure!(
        status.is_success(),
        "the endpoint answered {status}{}",
        match status.as_u16() {
            401 | 403 => ": the key is wrong or lacks the right; see [model] api_key",
            404 => ": no such address or model; see [model] base_url and model",
            402 | 429 => ": the account has no balance or is limited",
            _ => "",
        }
    );
    Ok("answers".to_owned())
}
