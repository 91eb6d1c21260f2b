//! Wiring: with `main.rs` and `cli` the only place that names concrete types.

mod calls;
mod clock;
mod dingtalk;
mod kit;
mod login;
mod models;
mod secrets;
mod start;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adapters::web::{WebChannel, WebSettings, sign::Signer};
use adapters::{Alarms, Channel, Inbox, Kit, Trust};
use anyhow::Context;
use knowledge::Model;
use knowledge::vectors::{Found, Space, TextLimits, Vectors};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::assist::rtc::{Ice, Media, Turn};
use crate::assist::{Assist, AssistLimits, AssistWords, Calling, Form, Sharable, Shares, Times};
use crate::bus::{Events, LocalBus};
use crate::config::{
    AssistConfig, ChannelConfig, Config, DialogueConfig, EmbeddingConfig, OwnPage, Rewrite, words,
};
use crate::desk::{Desk, DeskSettings};
use crate::dialogue::engine::cache_of;
use crate::dialogue::intent::Intent;
use crate::dialogue::{Clock, Engine, Policy, Redactor, Safeguards, Synthesizer};
use crate::gateway::{Gateway, GatewaySettings, inbox::GatewayIntake};
use crate::http::channels::AlarmWords;
use crate::http::{self, HttpSettings, Web, error::Problems, limits::AddressLimiter};
use crate::identity::Identities;
use crate::records::{Doubts, Files, Ledger, LedgerPolicy, ShareKind};
use crate::retrieval::trial::Trials;
use crate::retrieval::{Cleaned, Dense, DenseSettings, Knowledge, KnowledgeBase, KnowledgeRetriever, Site};
use crate::store::{self, Store};
use crate::synthesis::{Extractive, Models};
use crate::telemetry::Metrics;

pub(crate) use calls::{client, embedder, trust};
pub use clock::{SystemClock, SystemWatch};
pub(crate) use kit::{channel_alone, wechat_alone};
pub(crate) use login::provider;
pub(crate) use models::{models, settings as model_settings};

/// The longest frame of a device in bytes for one character of text: UTF-8, JSON escapes, and the frame around it.
const BYTES_PER_CHARACTER: usize = 12;

/// How long `POST /api/v1/ask` waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long channels wait for a platform to take a connection.
const CHANNEL_CONNECT: Duration = Duration::from_secs(5);

/// The table of regions of the demo city.
const DEMO_REGIONS: &[u8] = include_bytes!("../knowledge/demo/regions.json");

/// The program, opened but not yet serving.
pub struct App {
    /// The configuration it was opened with.
    pub config: Config,
    /// Everything durable.
    pub store: Arc<dyn Store>,
    /// The knowledge.
    pub knowledge: Knowledge,
    /// Conversations.
    pub ledger: Ledger,
    /// Helpers.
    pub desk: Arc<Desk>,
    /// Channels, inbox and outbox.
    pub gateway: Arc<Gateway>,
    /// Questions that were not answered, or not surely.
    pub doubts: Arc<Doubts>,
    /// Questions to try.
    pub trials: Arc<Trials>,
    /// Citizens' login, if there is one.
    pub identities: Option<Arc<Identities>>,
    /// The shared screens, if there are some.
    pub assist: Option<Arc<Assist>>,
    /// The language models, if there are some.
    models: Option<Models>,
    /// The configured channels and their types.
    channel_types: BTreeMap<String, String>,
    metrics: Metrics,
    stop: CancellationToken,
    /// Whether nothing is printed when it serves.
    quiet: bool,
}

impl App {
    /// Opens every part.
    ///
    /// # Errors
    /// Says which part cannot be opened, and why.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        Self::open_with(config, |_| Vec::new()).await
    }

    /// Opens every part, with channels besides those of the configuration: a program that carries this one may have
    /// platforms of its own. `more` is handed what makes a kit for a channel of some name, and names the type of each.
    ///
    /// # Errors
    /// Says which part cannot be opened, and why.
    pub async fn open_with(
        config: Config,
        more: impl FnOnce(&dyn Fn(&str) -> Kit) -> Vec<(&'static str, Arc<dyn Channel>)>,
    ) -> anyhow::Result<Self> {
        Self::open_at(config, Arc::new(SystemClock), more).await
    }

    /// The same by another clock than the machine's, so that a day can be told in a minute.
    ///
    /// # Errors
    /// Says which part cannot be opened, and why.
    pub async fn open_at(
        config: Config,
        clock: Arc<dyn Clock>,
        more: impl FnOnce(&dyn Fn(&str) -> Kit) -> Vec<(&'static str, Arc<dyn Channel>)>,
    ) -> anyhow::Result<Self> {
        config.check()?;
        let trust = trust(&config)?;
        std::fs::create_dir_all(&config.data)
            .with_context(|| format!("cannot make the data directory {}", config.data.display()))?;
        let url = config.store_url();
        let store = store::open(&url).await.context("cannot open the store")?;
        let knowledge = open_knowledge(&config, &url, &store, &clock).await?;
        if let Some(path) = &config.search.weights {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("[search] weights: cannot read {}", path.display()))?;
            let model =
                Model::read(&text).with_context(|| format!("[search] weights: {}", path.display()))?;
            knowledge.rank_by(Arc::new(model));
        }
        if let Some(embedding) = &config.embedding {
            let directory = (url != "memory:").then(|| config.data.join("vectors"));
            knowledge.search_by_meaning(open_dense(embedding, directory, &trust).await?);
        }
        let events = Events::new(Arc::new(LocalBus::default()));
        let vault = secrets::vault(&*store).await?;
        let policy = ledger_policy(&config);
        let ledger = Ledger::new(Arc::clone(&store), events, Arc::clone(&clock), policy, vault.clone());
        let phrases = words::phrases(config.dialogue.replies.as_deref())?;
        let models = config.model.as_ref().map(|model| models(model, &store, &clock, &trust)).transpose()?;
        let engine = engine(&config, &knowledge, models.clone())?;
        let identities = login::identities(&config, &ledger, &trust).await?;
        let settings = DeskSettings {
            session: config.desk.session.into(),
            presence: config.desk.presence.into(),
            message_chars: config.desk.message_chars,
        };
        let files = Files::new(Arc::clone(&store), config.limits.file_bytes, vault.clone());
        let desk = Desk::new(ledger.clone(), phrases, files.clone(), settings);
        let signer = Signer::new(secrets::visitor_key(&*store).await?);
        let http = client(CHANNEL_CONNECT, &trust)?;
        let kit =
            |name: &str| kit::kit(name, &config, (&store, &vault), &clock, &files, &ledger, (&http, &trust));
        let mut channels = channels(&config, &signer, kit)?;
        let mut channel_types: BTreeMap<String, String> =
            config.channels.iter().map(|(name, settings)| (name.clone(), settings.type_name())).collect();
        for (kind, channel) in more(&kit) {
            channel_types.insert(channel.id().to_string(), kind.to_owned());
            channels.push(channel);
        }
        let stop = CancellationToken::new();
        let metrics = Metrics::default();
        let doubts = Arc::new(Doubts::new(Arc::clone(&store), config.trial.doubts));
        let gateway = Gateway::new(
            ledger.clone(),
            engine,
            Arc::clone(&doubts),
            files,
            identities.clone(),
            gateway_settings(&config),
            metrics.clone(),
            channels,
            stop.clone(),
        );
        let assist = assist(&config, &ledger, &clock, &metrics, &stop)?;
        let judge = Arc::clone(&gateway);
        let trials = Trials::new(
            Arc::clone(&store),
            Arc::clone(&knowledge),
            clock,
            gateway.engine().policy(),
            Arc::new(move |text, found| judge.engine().foresee(text, found)),
            config.trial.runs,
            stop.clone(),
        );
        Ok(Self {
            config,
            store,
            knowledge,
            ledger,
            desk,
            gateway,
            doubts,
            trials,
            identities,
            assist,
            models,
            channel_types,
            metrics,
            stop,
            quiet: false,
        })
    }

    /// Prints nothing when it serves, for a program that carries this one and says itself where it is.
    #[must_use]
    pub fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Serves until `shutdown` ends, then drains.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let address = listener.local_addr()?;
        self.gateway.start().await.context("cannot take up what was left behind")?;
        let app = Arc::new(self);
        let web = app.web()?;
        let presences = tokio::spawn(Arc::clone(&app.desk).sweep(app.stop.clone()));
        let shares = app.assist.clone().map(|assist| tokio::spawn(assist.sweep()));
        let control = crate::admin::control::listen(Arc::clone(&app), app.stop.clone()).await?;
        let router = http::router(Arc::clone(&web));
        let stop = app.stop.clone();
        let ended = stop.clone();
        let server =
            axum::serve(listener, router.into_make_service_with_connect_info::<std::net::SocketAddr>())
                .with_graceful_shutdown(async move { ended.cancelled().await });
        let mut server = tokio::spawn(async move { server.await });
        let listening = kit::listen(&app.gateway, &web.inbox, &stop);
        if !app.quiet {
            app.announce(address).await;
        }
        let forgetting = tokio::spawn(forget_addresses(web, stop.clone()));
        let embedding =
            app.knowledge.dense().map(|dense| tokio::spawn(Arc::clone(dense).keep(Arc::clone(&app.store))));
        tokio::select! {
            () = shutdown => {}
            served = &mut server => served.context("the server ended")??,
        }
        tracing::info!("stopping");
        stop.cancel();
        let drained = async {
            let rooms = async {
                if let Some(assist) = &app.assist {
                    assist.drain().await;
                }
            };
            tokio::join!(app.gateway.drain(), app.trials.drain(), listening.wait(), rooms);
            if !server.is_finished() {
                // Connections that are kept open have no claim to be waited for beyond the drain time.
                drop(server.await);
            }
        };
        if tokio::time::timeout(app.config.server.drain.into(), drained).await.is_err() {
            tracing::warn!("what was not finished in time is durable and goes on at the next start");
        }
        presences.abort();
        forgetting.abort();
        if let Some(embedding) = embedding {
            embedding.abort();
        }
        if let Some(shares) = shares {
            shares.abort();
        }
        drop(control);
        app.knowledge.close().await;
        app.store.close().await.context("cannot close the store")?;
        Ok(())
    }

    fn inbox(&self) -> Inbox {
        Inbox::new(Arc::new(GatewayIntake(Arc::clone(&self.gateway))))
    }

    fn web(&self) -> anyhow::Result<Arc<Web>> {
        let config = &self.config;
        let secure_cookies = config.server.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
        Ok(Arc::new(Web {
            gateway: Arc::clone(&self.gateway),
            inbox: self.inbox(),
            desk: Arc::clone(&self.desk),
            knowledge: Arc::clone(&self.knowledge),
            doubts: Arc::clone(&self.doubts),
            trials: Arc::clone(&self.trials),
            identities: self.identities.clone(),
            assist: self.assist.clone(),
            models: self.models.clone().map(|models| -> http::models::Look {
                Box::new(move || models.states().into_iter().map(models::view).collect())
            }),
            metrics: self.metrics.clone(),
            settings: HttpSettings {
                body_bytes: config.server.body_bytes,
                file_bytes: config.limits.file_bytes,
                per_address: config.limits.per_address,
                trusted_proxies: config.server.trusted_proxies,
                secure_cookies,
                api_token: config.server.api_token.clone(),
                patience: PATIENCE,
                public_url: config.server.public_url.clone(),
                city: (config.city.name.clone(), config.city.name_en.clone()),
                demo: config.city.demo,
            },
            problems: Problems::compiled().context("config/words/problems.toml")?,
            alarms: AlarmWords::new(words::alarms()?),
            channel_types: self.channel_types.clone(),
            limiter: AddressLimiter::new(config.limits.per_address),
            stop: self.stop.clone(),
        }))
    }
}

/// Forgets now and then who has not asked for a while, so that the limiter does not grow with every address ever seen.
async fn forget_addresses(web: Arc<Web>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(60));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => web.limiter.forget(),
        }
    }
}

async fn open_knowledge(
    config: &Config,
    url: &str,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Knowledge> {
    let table = match &config.city.regions {
        Some(path) => std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => DEMO_REGIONS.to_vec(),
    };
    let regions = knowledge::Regions::from_json(&table).context("the table of regions cannot be used")?;
    let region = regions
        .resolve(&config.city.region)
        .with_context(|| format!("[city] region: `{}` is not in the table of regions", config.city.region))?;
    let site = Site { regions: regions.at_home(region), region: Some(region) };
    // A store that forgets has an index that forgets.
    let directory: Option<PathBuf> = (url != "memory:").then(|| config.data.join("index"));
    KnowledgeBase::open(Arc::clone(store), directory.as_deref(), site, Arc::clone(clock))
        .await
        .context("cannot open the knowledge")
}

/// Opens the vectors beside the index, or some that are gone with the process.
async fn open_dense(
    config: &EmbeddingConfig,
    directory: Option<PathBuf>,
    trust: &Trust,
) -> anyhow::Result<Arc<Dense>> {
    let space = Space { model: config.model.clone(), dimensions: config.dimensions };
    let vectors = match directory {
        None => Vectors::in_memory(space),
        Some(directory) => {
            let opening = tokio::task::spawn_blocking(move || Vectors::open(&directory.join("log"), space));
            let (vectors, found) = opening.await?.context("cannot open the vectors")?;
            match found {
                Found::Nothing | Found::Vectors => {}
                Found::Damage => {
                    tracing::warn!("the file of vectors was damaged; the rest is computed again");
                }
                Found::Other => tracing::warn!("the vectors were of another model; all are computed anew"),
            }
            vectors
        }
    };
    let settings = DenseSettings {
        limits: TextLimits { characters: config.characters, texts: config.texts },
        batch: config.batch,
        weight: config.weight,
    };
    Ok(Dense::new(embedder(config, trust)?, vectors, settings))
}

/// The shared screens, unless they are switched off.
fn assist(
    config: &Config,
    ledger: &Ledger,
    clock: &Arc<dyn Clock>,
    metrics: &Metrics,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Arc<Assist>>> {
    let settings = &config.assist;
    if !settings.enabled {
        return Ok(None);
    }
    let [link, screen, chat, me, code, spare_code] = words::assist()?;
    let words = AssistWords { link, screen, chat, me, code, spare_code };
    let times =
        Times { link: settings.link_ttl.into(), idle: settings.idle_ttl.into(), keep: settings.keep.into() };
    let shares = Shares::new(ledger.clone(), words, times);
    let forms = settings.forms.iter().map(|form| Form { title: form.title.clone(), url: form.url.clone() });
    let pages = settings.pages.iter().map(|page| match page {
        OwnPage::Chat => ShareKind::Chat,
        OwnPage::Me => ShareKind::Me,
    });
    let sharable = Sharable { forms: forms.collect(), pages: pages.collect() };
    let limits = AssistLimits {
        frame_bytes: settings.frame_bytes,
        inflated_bytes: settings.inflated_bytes,
        bytes_per_second: settings.bytes_per_second,
        frames_per_second: settings.frames_per_second,
        nodes: settings.nodes,
        tail_bytes: settings.tail_bytes,
    };
    let clock = Arc::clone(clock);
    let alarms = Alarms::new(Arc::new(move || clock.now()));
    let calling = calling(settings);
    Ok(Some(Assist::new(shares, sharable, limits, calling, metrics.clone(), alarms, stop.clone())))
}

/// What helpers and citizens can do besides, and by which servers their browsers find each other.
fn calling(settings: &AssistConfig) -> Calling {
    let offered = [(settings.voice, Media::Voice), (settings.screen, Media::Screen)];
    let turn = settings.turn.as_ref().map(|turn| Turn {
        urls: turn.urls.clone(),
        secret: turn.secret.clone(),
        ttl: turn.ttl.into(),
    });
    Calling {
        offered: offered.into_iter().filter_map(|(on, media)| on.then_some(media)).collect(),
        ice: Ice { stun: settings.stun.clone(), turn, relay_only: settings.relays_only() },
    }
}

fn engine(config: &Config, knowledge: &Knowledge, models: Option<Models>) -> anyhow::Result<Engine> {
    let phrases = words::phrases(config.dialogue.replies.as_deref())?;
    let quoter: Arc<dyn Synthesizer> = Arc::new(Extractive::new(phrases.clone()));
    let models = models.map(Arc::new);
    let writer = models.clone().map(|models| -> Arc<dyn Synthesizer> { models });
    let policy = Policy {
        answer_at: config.dialogue.answer_at,
        clarify_at: config.dialogue.clarify_at,
        ask_model_at: config.dialogue.ask_model_at,
        decline_odds: config.dialogue.decline_odds,
        close_margin: config.dialogue.close_margin,
        choices: config.dialogue.choices,
        evidence: config.dialogue.evidence,
    };
    let mut words = words::words(config.dialogue.intents.as_deref())?;
    if config.login.is_none() {
        words = words.without(Intent::Login);
    }
    let retriever = KnowledgeRetriever(Arc::clone(knowledge));
    let retriever = Arc::new(Cleaned::new(Arc::new(retriever), words::orders()?));
    let safeguards = safeguards(&config.dialogue)?;
    let engine = Engine::new(retriever, writer, quoter, words, phrases, policy, safeguards);
    Ok(match models.filter(|_| config.dialogue.rewrite == Rewrite::Model) {
        Some(models) => engine.spelling_out(models, config.dialogue.rewrite_patience.into()),
        None => engine,
    })
}

/// What stands between a citizen, a model and an answer.
///
/// # Errors
/// When a file of words cannot be used.
pub fn safeguards(config: &DialogueConfig) -> anyhow::Result<Safeguards> {
    Ok(Safeguards {
        screen: words::screen(config.screen.as_deref())?,
        redactor: Arc::new(Masking),
        watch: Arc::new(SystemWatch::default()),
        faults: words::faults()?,
        rewrite_within: config.rewrite_within.into(),
        patience: config.patience(),
        cache: cache_of(config.cache, config.cache_for.into()),
    })
}

/// Masks as lists and reports do.
struct Masking;

impl Redactor for Masking {
    fn redact(&self, text: &str) -> Option<String> {
        match crate::privacy::mask(text) {
            // What was stored is masked already.
            std::borrow::Cow::Borrowed(text) => crate::privacy::is_labelled(text).then(|| text.to_owned()),
            std::borrow::Cow::Owned(masked) => Some(masked),
        }
    }
}

fn channels(
    config: &Config,
    signer: &Signer,
    kit: impl Fn(&str) -> Kit,
) -> anyhow::Result<Vec<Arc<dyn Channel>>> {
    let mut channels: Vec<Arc<dyn Channel>> = vec![Arc::new(http::ask::ApiChannel::default())];
    for (name, settings) in &config.channels {
        let kit = kit(name);
        if let ChannelConfig::Web { allowed_origins } = settings {
            channels.push(web(config, signer, kit, allowed_origins)?);
        } else {
            channels.extend(kit::channel(kit, settings)?);
        }
    }
    Ok(channels)
}

fn web(
    config: &Config,
    signer: &Signer,
    kit: Kit,
    allowed_origins: &[String],
) -> anyhow::Result<Arc<WebChannel>> {
    let characters = config.limits.message_chars;
    Ok(WebChannel::new(WebSettings {
        kit,
        allowed_origins: allowed_origins.to_vec(),
        frame_bytes: characters.saturating_mul(BYTES_PER_CHARACTER).saturating_add(1_024),
        signer: signer.clone(),
        words: words::web()?,
    }))
}

fn ledger_policy(config: &Config) -> LedgerPolicy {
    LedgerPolicy {
        wait_limit: config.desk.wait_limit.into(),
        grace: config.desk.grace.into(),
        rating_wait: config.desk.rating_wait.into(),
        capacity: config.desk.capacity,
    }
}

fn gateway_settings(config: &Config) -> GatewaySettings {
    GatewaySettings {
        message_chars: config.limits.message_chars,
        per_citizen: config.limits.per_citizen,
        queue_depth: config.limits.queue_depth,
        turns: config.limits.turns,
        reopen_within: config.dialogue.reopen_within.into(),
        remember_ids: config.retention.message_ids.into(),
        unwatched: config.dialogue.unwatched.into(),
        longest_pause: config.retention.longest_pause.into(),
        doubt_below: config.trial.doubt_below,
        keep_files: config.retention.files.into(),
        keep_private: config.retention.private.into(),
    }
}
