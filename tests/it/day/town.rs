//! The platforms of the day, and the citizens who write on them.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::dingtalk::platform::{self as ding, Person, SECRET as DING_SECRET};
use crate::support::bot_api::{BotApi, TOKEN};
use crate::support::counterpart::{Counterpart, SECRET, signed};
use crate::support::visitor::Visitor;
use crate::support::wechat::{Platform, Seen, account, marks_in, text_message};
use crate::support::weixin::{FakeApi, said};
use crate::support::{MEMORY, Server};

/// The channels, and how many citizens write on each.
pub(super) const CHANNELS: [(&str, usize); 5] =
    [("gzh", 6), ("ding", 4), ("tg", 4), ("kiosk", 4), ("web", 2)];

/// What citizens ask about. Nobody asks the same thing twice running, which would call a person.
pub(super) const TOPICS: [(&str, &str); 12] = [
    ("t0", "身份证丢了怎么补办"),
    ("t1", "公积金租房怎么提取"),
    ("t2", "护照到期怎么换发"),
    ("t3", "新生儿户口怎么登记"),
    ("t4", "营业执照怎么注销"),
    ("t5", "养老金资格怎么认证"),
    ("t6", "驾驶证过期怎么换领"),
    ("t7", "公租房怎么申请"),
    ("t8", "结婚登记怎么预约"),
    ("t9", "残疾人补贴怎么领取"),
    ("t10", "学校报名怎么查询"),
    ("t11", "水电燃气怎么过户"),
];

/// A question about the topic of its turn, whose answer has this number.
fn question(number: u64) -> String {
    format!("{}，代号{number}", TOPICS[usize::try_from(number).unwrap() % TOPICS.len()].1)
}

/// A citizen, by channel and number.
pub(super) type Citizen = (&'static str, usize);

/// How long DingTalk waits for an acknowledgement before it sends a message again.
const ACK: u32 = 60;

/// WeChat, and what citizens have seen there: words in answers to pushes, and messages we sent, in their order.
pub(super) struct Wechat {
    pub(super) api: FakeApi,
    seen: Mutex<(usize, HashMap<String, Vec<u64>>)>,
    /// Pushes that wait for an answer.
    waiting: AtomicUsize,
}

impl Wechat {
    /// Notes what was sent since, then these words.
    fn note(&self, openid: &str, words: Option<&str>) -> Vec<u64> {
        let mut seen = self.seen.lock().unwrap();
        let sent = self.api.with(|told| told.sent[seen.0..].to_vec());
        seen.0 += sent.len();
        for (to, body) in sent {
            seen.1.entry(to).or_default().extend(marks_in(&said(&body)));
        }
        let own = seen.1.entry(openid.to_owned()).or_default();
        own.extend(words.map(marks_in).unwrap_or_default());
        own.clone()
    }
}

/// Everything outside the program.
pub(super) struct Town {
    pub(super) wechat: Wechat,
    pub(super) ding: ding::Platform,
    pub(super) telegram: BotApi,
    pub(super) kiosk: Counterpart,
    /// Once the program runs.
    pub(super) server: std::sync::OnceLock<Server>,
    visitors: std::sync::OnceLock<Vec<Visitor>>,
    /// What was accepted, in the order in which it was written.
    written: Mutex<BTreeMap<Citizen, Vec<u64>>>,
    /// A platform hands out a citizen's next message when the one before it has been taken.
    lanes: Mutex<HashMap<Citizen, Arc<tokio::sync::Mutex<()>>>>,
    number: AtomicU64,
    last: Mutex<Option<Instant>>,
    pub(super) repeated: AtomicUsize,
    pub(super) faults: Mutex<Vec<String>>,
}

fn staff(number: usize) -> String {
    format!("u{number}")
}

impl Town {
    pub(super) async fn start() -> Arc<Self> {
        let api = FakeApi::start(true).await;
        Arc::new(Self {
            wechat: Wechat { api, seen: Mutex::default(), waiting: AtomicUsize::default() },
            ding: ding::Platform::start().await,
            telegram: BotApi::start().await,
            kiosk: Counterpart::start().await,
            server: std::sync::OnceLock::new(),
            visitors: std::sync::OnceLock::new(),
            written: Mutex::default(),
            lanes: Mutex::default(),
            number: AtomicU64::new(1),
            last: Mutex::default(),
            repeated: AtomicUsize::default(),
            faults: Mutex::default(),
        })
    }

    /// The configuration of a program with a channel to each.
    pub(super) fn settings(&self, model: &str) -> String {
        let base = self.ding.base();
        [
            MEMORY.to_owned(),
            "[server]\npublic_url = \"https://ask.city.example\"\n".to_owned(),
            model.to_owned(),
            account("gzh", &self.wechat.api.url, "mode = \"plain\"\nverified = true"),
            format!("[channels.ding]\ntype = \"dingtalk\"\nclient_id = \"{}\"\nclient_secret = \"{DING_SECRET}\"\napi_base = \"{base}\"\noapi_base = \"{base}\"\n", ding::ID),
            format!("[channels.tg]\ntype = \"telegram\"\ntoken = \"{TOKEN}\"\nmode = \"polling\"\napi_base = \"{}\"\nper_chat = 100\nper_group = 1000\noverall = 1000\n", self.telegram.base),
            format!("[channels.kiosk]\ntype = \"http\"\nsecret = \"{SECRET}\"\ndeliver_url = \"{}\"\n", self.kiosk.url),
        ]
        .concat()
    }

    /// The program runs, and visitors come.
    pub(super) async fn opens(&self, server: Server) {
        // Every session's own webhook is over, so that the robot writes by itself, with its token.
        self.ding.sessions_over.store(true, Ordering::SeqCst);
        let mut visitors = Vec::new();
        for _ in 0..CHANNELS[4].1 {
            visitors.push(Visitor::new(&server).await);
        }
        assert!(self.visitors.set(visitors).is_ok() && self.server.set(server).is_ok());
    }

    pub(super) fn server(&self) -> &Server {
        self.server.get().unwrap()
    }

    fn fault(&self, fault: String) {
        self.faults.lock().unwrap().push(fault);
    }

    /// How far the clock may move at once: a push of WeChat waits for its answer no longer than five seconds, a fresh
    /// message is followed, and otherwise no call may take less than ten.
    pub(super) fn step(&self) -> Duration {
        let fresh = self.last.lock().unwrap().is_some_and(|last| last.elapsed() < Duration::from_secs(4));
        match self.wechat.waiting.load(Ordering::SeqCst) {
            0 if fresh => Duration::from_secs(2),
            0 => Duration::from_secs(9),
            _ => Duration::from_millis(400),
        }
    }

    /// A citizen asks for the answer of this number. `again`: the platform delivers it twice.
    pub(super) fn write(self: &Arc<Self>, citizen: Citizen, number: u64, again: bool) {
        *self.last.lock().unwrap() = Some(Instant::now());
        self.written.lock().unwrap().entry(citizen).or_default().push(number);
        self.repeated.fetch_add(usize::from(again), Ordering::SeqCst);
        let town = Arc::clone(self);
        if citizen.0 == "gzh" {
            self.wechat.waiting.fetch_add(1, Ordering::SeqCst);
        }
        tokio::spawn(async move {
            let lane = Arc::clone(town.lanes.lock().unwrap().entry(citizen).or_default());
            match citizen.0 {
                // Its many machines do not wait for each other.
                "gzh" => town.push_wechat(citizen.1, number, again).await,
                _ => {
                    let _turn = lane.lock().await;
                    town.hand_in(citizen, number, again).await;
                }
            }
        });
    }

    async fn push_wechat(&self, citizen: usize, number: u64, again: bool) {
        let openid = format!("w{citizen}");
        let platform = Platform::new(&self.server().url(""), "gzh");
        let id = self.number.fetch_add(1, Ordering::SeqCst);
        let body = text_message(&openid, id, &question(number));
        // The line breaks before the answer, so it is pushed again.
        let early = if again { platform.once(&body, Duration::from_millis(700)).await } else { None };
        if early.is_some() {
            self.fault(format!("{citizen}: an answer came before the model gave it"));
        }
        match platform.deliver(&body).await {
            Seen::Words(words, _) => drop(self.wechat.note(&openid, Some(&words))),
            Seen::Nothing(_) => {}
            Seen::Fault => self.fault(format!("gzh {citizen}: 该公众号提供的服务出现故障 {number}")),
        }
        self.wechat.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    async fn hand_in(&self, (channel, citizen): Citizen, number: u64, again: bool) {
        let text = question(number);
        let id = format!("m{}", self.number.fetch_add(1, Ordering::SeqCst));
        for _ in 0..=u8::from(again) {
            match channel {
                "ding" => self.hand_in_ding(citizen, &id, &text).await,
                "tg" => {
                    let update = self.telegram.private(100 + citizen as i64, json!({ "text": text }));
                    self.telegram.queue(update);
                }
                "kiosk" => self.hand_in_kiosk(citizen, &id, &text).await,
                _ => {
                    let (status, answer) = self.visitors.get().unwrap()[citizen].say(&id, &text).await;
                    if status != 202 {
                        self.fault(format!("web {citizen}: {status} {answer}"));
                    }
                }
            }
            if channel == "tg" {
                // What was not confirmed is handed out again by itself.
                break;
            }
        }
    }

    /// On the newest socket, until it is acknowledged.
    async fn hand_in_ding(&self, citizen: usize, id: &str, text: &str) {
        let message = Person::new(&self.ding, &staff(citizen)).text(id, text);
        loop {
            let Some(&line) = self.ding.open_lines().last() else {
                sleep(Duration::from_secs(5)).await;
                continue;
            };
            let frame = self.ding.frame(line, "CALLBACK", "/v1.0/im/bot/messages/get", &message);
            for _ in 0..ACK {
                sleep(Duration::from_secs(1)).await;
                if self.ding.acked(&frame) == Some(200) {
                    return;
                }
            }
        }
    }

    async fn hand_in_kiosk(&self, citizen: usize, id: &str, text: &str) {
        let at = crate::support::time::now().to_string();
        let body = json!({ "id": id, "citizen": format!("c{citizen}"), "text": text, "at": at }).to_string();
        let (timestamp, signature) = signed(SECRET, body.as_bytes(), 0);
        let request = self.server().client.post(self.server().url("/channels/kiosk/messages")).body(body);
        let request =
            request.header("X-Yikouwen-Timestamp", timestamp).header("X-Yikouwen-Signature", signature);
        let status = request.send().await.unwrap().status();
        if status != 202 {
            self.fault(format!("kiosk {citizen}: {status}"));
        }
    }

    /// The numbers of a citizen's questions.
    pub(super) fn written(&self) -> BTreeMap<Citizen, Vec<u64>> {
        self.written.lock().unwrap().clone()
    }

    /// The numbers of the answers that a citizen sees, in order.
    pub(super) async fn seen(&self, (channel, citizen): Citizen) -> Vec<u64> {
        let texts: Vec<String> = match channel {
            "gzh" => return self.wechat.note(&format!("w{citizen}"), None),
            "ding" => {
                let own = ["session", "user"].map(|way| format!("{way}:{}", staff(citizen)));
                let shown = self.ding.shown().into_iter().filter(|shown| own.contains(&shown.to));
                shown.map(|shown| shown.text().to_owned()).collect()
            }
            "tg" => self.telegram.texts(100 + citizen as i64),
            "kiosk" => {
                let taken = self.kiosk.taken().into_iter();
                let own = taken.filter(|reply| reply["citizen"] == format!("c{citizen}"));
                own.map(|reply| reply["text"].as_str().unwrap().to_owned()).collect()
            }
            _ => {
                let thread = self.visitors.get().unwrap()[citizen].thread().await;
                let robot = thread.iter().filter(|message| message["author"] == "robot");
                robot.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
            }
        };
        texts.iter().flat_map(|text| marks_in(text)).collect()
    }
}
