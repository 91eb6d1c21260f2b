//! One harness for all integration tests: a real server on a free port with throw-away data, and those who talk to it.

pub(crate) mod bot_api;
pub(crate) mod check;
pub(crate) mod counterpart;
pub(crate) mod direct;
pub(crate) mod drafts;
pub(crate) mod endpoint;
pub(crate) mod helper;
pub(crate) mod identity;
pub(crate) mod knowledge;
pub(crate) mod oracle;
pub(crate) mod phrasing;
pub(crate) mod platform;
pub(crate) mod process;
pub(crate) mod time;
pub(crate) mod tls;
pub(crate) mod visitor;
pub(crate) mod wechat;
pub(crate) mod weixin;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use yikouwen::desk::{Role, accounts};
use yikouwen::{App, Config};

use platform::PushChannel;

/// A password long enough for every account of the tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A file of labelled lines.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A server in this process.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) client: reqwest::Client,
    pub(crate) channels: Vec<Arc<dyn adapters::Channel>>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<anyhow::Result<()>>>,
}

/// Loads the defaults for a data directory, with a free port and no limits in the way.
pub(crate) fn config(data: &Path, own: &str) -> Config {
    let base =
        "[server]\nlisten = \"127.0.0.1:0\"\ndrain = \"2s\"\n[limits]\nper_citizen = 0\nper_address = 0\n";
    let files: Vec<PathBuf> = [("base.toml", base), ("own.toml", own)]
        .into_iter()
        .map(|(name, text)| {
            let path = data.join(name);
            std::fs::create_dir_all(data).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect();
    Config::load(&files, data).unwrap()
}

/// The smallest configuration: a store that forgets.
pub(crate) const MEMORY: &str = "[store]\nurl = \"memory:\"\n";

impl Server {
    /// Starts a server with the demo city's knowledge and these helpers.
    pub(crate) async fn start(config: Config, helpers: &[(&str, Role)]) -> Self {
        Self::run(App::open(config).await.unwrap(), helpers).await
    }

    /// The same with entries of these ids and titles in place of the demo city's, which take a second to be taken in.
    pub(crate) async fn with_entries(
        config: Config,
        helpers: &[(&str, Role)],
        entries: &[(&str, &str)],
    ) -> Self {
        let app = App::open(config).await.unwrap();
        knowledge::take_in(&app.knowledge, entries.iter().copied()).await;
        Self::run(app, helpers).await
    }

    /// The same, with a channel to this platform.
    pub(crate) async fn with_platform(
        config: Config,
        helpers: &[(&str, Role)],
        url: &str,
    ) -> (Self, Arc<PushChannel>) {
        let mut made = None;
        let app = App::open_with(config, |kit| {
            let channel = Arc::new(PushChannel::with_kit(url, kit("push")));
            made = Some(Arc::clone(&channel));
            vec![("push", channel)]
        });
        let server = Self::run(app.await.unwrap(), helpers).await;
        (server, made.unwrap())
    }

    pub(crate) async fn run(app: App, helpers: &[(&str, Role)]) -> Self {
        app.prepare_knowledge().await.unwrap();
        for (name, role) in helpers {
            // Hashing is slow on purpose, so a helper of an earlier start is kept.
            let known = accounts::list(&*app.store).await.unwrap();
            if !known.iter().any(|helper| helper.name == *name) {
                accounts::add(&*app.store, name, *role, PASSWORD, false, app.ledger.now()).await.unwrap();
            }
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let channels = app.gateway.channels().cloned().collect();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(app.quietly().serve(listener, async move { drop(stopped.await) }));
        let client = reqwest::Client::new();
        let server = Self { address, client, channels, stop: Some(stop), task: Some(task) };
        server.wait_until_live().await;
        server
    }

    /// A server with a store that forgets and these responders.
    pub(crate) async fn in_memory(helpers: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap().keep();
        let helpers: Vec<_> = helpers.iter().map(|&name| (name, Role::Responder)).collect();
        Self::start(config(&data, MEMORY), &helpers).await
    }

    async fn wait_until_live(&self) {
        for _ in 0..1_500 {
            if self.client.get(self.url("/live")).send().await.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the server does not answer");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The channel of this name.
    pub(crate) fn channel(&self, name: &str) -> &Arc<dyn adapters::Channel> {
        self.channels.iter().find(|channel| channel.id().as_str() == name).unwrap()
    }

    /// The codes of what is wrong with a channel.
    pub(crate) fn alarms(&self, name: &str) -> Vec<&'static str> {
        self.channel(name).alarms().iter().map(|alarm| alarm.code).collect()
    }

    /// The codes of what is wrong with a channel, as whoever watches the server reads them.
    pub(crate) async fn ready_alarms(&self, name: &str) -> Vec<String> {
        let answer = self.client.get(self.url("/ready")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "what is wrong with a channel stops nothing else");
        let ready: Value = answer.json().await.unwrap();
        let alarms = ready["channels"][name]["alarms"].as_array().unwrap();
        alarms.iter().map(|alarm| alarm["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until exactly this is wrong with a channel for whoever watches the server.
    pub(crate) async fn says_wrong(&self, name: &str, codes: &[&str]) {
        eventually(&format!("{codes:?} in /ready"), async || {
            (self.ready_alarms(name).await == codes).then_some(())
        })
        .await;
    }

    /// Stops it as SIGTERM would, and waits for the end.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        // They hold the store, which the next server may want to open.
        self.channels.clear();
        self.task.take().unwrap().await.unwrap().unwrap();
    }

    /// `POST /api/v1/ask`.
    pub(crate) async fn ask(&self, question: &str, conversation: Option<&str>) -> Value {
        let mut body = json!({ "question": question });
        if let Some(id) = conversation {
            body["conversation"] = id.into();
        }
        let answer = self.client.post(self.url("/api/v1/ask")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{question}");
        answer.json().await.unwrap()
    }

    /// The figures, as text.
    pub(crate) async fn metrics(&self) -> String {
        self.client.get(self.url("/metrics")).send().await.unwrap().text().await.unwrap()
    }
}

/// The ids that an answer cites or offers.
pub(crate) fn entries_of(answer: &Value) -> Vec<String> {
    let ids = |name: &str| {
        answer[name]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| item["id"].as_str())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    ids("citations")
}

/// Waits until `look` finds what it looks for. A machine that builds beside the tests may take many times as long as one
/// that does not; nobody waits longer than needed.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    for _ in 0..1_600 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{what} did not happen within 40 s");
}
