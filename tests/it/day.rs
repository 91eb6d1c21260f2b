//! A day in about a minute: citizens write on every channel, every few minutes, while what can go wrong with a platform
//! goes wrong. Nothing is lost, nothing is said twice, and while something lasts that somebody has to mend, an alarm says
//! what it is.
//!
//! `cargo test --profile ci --workspace --test it a_day -- --nocapture` prints the day as `docs/channels/a-day.md` has it.

mod pace;
mod town;
mod troubles;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use yikouwen::App;
use yikouwen::config::words;
use yikouwen::store::{Range, Store, StoreExt};

use crate::support::time::TokioClock;
use crate::support::wechat::{model, slow_model_that_counts};
use crate::support::{Server, config, knowledge};
use pace::Pace;
use town::{CHANNELS, Citizen, TOPICS, Town};
use troubles::{Trouble, troubles};

const SEED: u64 = 20_261_126;
const HOUR: Duration = Duration::from_secs(3_600);
/// Between two messages of a channel.
const BETWEEN: Duration = Duration::from_secs(300);
/// Nobody writes any more, so that everything can be answered before the day ends.
const LAST_WORDS: Duration = Duration::from_secs(23 * 3_600 + 30 * 60);
/// How long after a trouble everything must be as before: the longest pause of the outbox is five minutes, and an alarm
/// ends with the next call that succeeds.
const RECOVERY: Duration = Duration::from_secs(20 * 60);

/// What happens next.
enum Event {
    Write(Citizen, u64, bool),
    Begin(usize),
    End(usize),
    Recovered(usize),
    Hour,
}

/// Who writes what when.
fn writing(events: &mut Vec<(Duration, Event)>) {
    let mut random = StdRng::seed_from_u64(SEED);
    for (channel, citizens) in CHANNELS {
        let between = if channel == "web" { BETWEEN * 2 } else { BETWEEN };
        let mut at = Duration::from_secs(random.random_range(0..300));
        let (mut turn, mut number) = (0, 0);
        while at < LAST_WORDS {
            let citizen = (channel, turn % citizens);
            // Everybody's next words may follow at once, and must be answered after the first.
            for second in 0..1 + u64::from(random.random_bool(0.1)) {
                number += 1;
                // How many milliseconds the model takes: on WeChat, either less or more than the platform waits.
                let code = match channel {
                    "gzh" if random.random_bool(0.5) => 5_000 + number,
                    "gzh" => 1_000 + number,
                    _ => 100 + number,
                };
                let again = random.random_bool(0.1);
                events.push((at + Duration::from_secs(second), Event::Write(citizen, code, again)));
            }
            turn += 1;
            at += between + Duration::from_secs(random.random_range(0..30)) - Duration::from_secs(15);
        }
    }
}

/// What is written down about an hour.
#[derive(Default)]
struct Row {
    happened: Vec<String>,
    alarms: BTreeSet<String>,
    taken: usize,
    answered: usize,
}

/// The day as it is told.
struct Diary {
    town: Arc<Town>,
    store: Arc<dyn Store>,
    troubles: Vec<Trouble>,
    rows: Vec<Row>,
    faults: Vec<String>,
}

impl Diary {
    fn row(&mut self, at: Duration) -> &mut Row {
        let hour = usize::try_from(at.as_secs() / 3_600).unwrap();
        while self.rows.len() <= hour {
            self.rows.push(Row::default());
        }
        &mut self.rows[hour]
    }

    /// Notes every alarm that is up. There is none without a trouble.
    fn look(&mut self, at: Duration) {
        for (channel, _) in CHANNELS {
            let is_troubled = self.troubles.iter().any(|trouble| {
                trouble.channel == channel
                    && (trouble.at..trouble.at + trouble.lasts + RECOVERY).contains(&at)
            });
            for code in self.town.server().alarms(channel) {
                self.row(at).alarms.insert(code.to_owned());
                if !is_troubled {
                    self.faults.push(format!("{at:?}: {code} for nothing"));
                }
            }
        }
    }

    async fn answered(&self) -> usize {
        let mut count = 0;
        for (channel, citizens) in CHANNELS {
            for citizen in 0..citizens {
                count += self.town.seen((channel, citizen)).await.len();
            }
        }
        count
    }

    fn begin(&mut self, index: usize, at: Duration) {
        let trouble = &self.troubles[index];
        (trouble.begin)(&self.town);
        let minutes = trouble.lasts.as_secs() / 60;
        let lasts = if minutes == 0 { String::new() } else { format!(", for {minutes} min") };
        let told = format!(
            "{:02}:{:02} `{}`: {}{lasts}",
            at.as_secs() / 3_600,
            at.as_secs() / 60 % 60,
            trouble.channel,
            trouble.what
        );
        self.row(at).happened.push(told);
    }

    /// Before it is mended, the alarm says what it is, also to whoever asks over HTTP.
    async fn end(&mut self, index: usize) {
        let trouble = &self.troubles[index];
        if let Some((code, detail)) = trouble.alarm {
            let server = self.town.server();
            let raised = server.channel(trouble.channel).alarms();
            if !raised.iter().any(|alarm| alarm.code == code && alarm.detail.contains(detail)) {
                self.faults.push(format!("{}: no alarm {code} with {detail}: {raised:?}", trouble.what));
            }
            let ready: Value =
                server.client.get(server.url("/ready")).send().await.unwrap().json().await.unwrap();
            let told = ready["channels"][trouble.channel]["alarms"].to_string();
            if !told.contains(code) || !server.metrics().await.contains(code) {
                self.faults.push(format!("{}: it is not told to all that {code}: {told}", trouble.what));
            }
            assert!(words::alarm(code).is_some(), "{code} has words");
        }
        (self.troubles[index].end)(&self.town);
    }

    fn recovered(&mut self, index: usize) {
        let trouble = &self.troubles[index];
        let raised = self.town.server().channel(trouble.channel).alarms();
        if !raised.is_empty() {
            self.faults.push(format!("{}: it is over, and there is still {raised:?}", trouble.what));
        }
    }

    fn print(&self) {
        println!(
            "| 时 Hour | 出了什么事 What happened | 收到 In | 答复 Out | 告警 Alarms |\n|---|---|---|---|---|"
        );
        for (hour, row) in self.rows.iter().enumerate() {
            let alarms: Vec<String> = row.alarms.iter().map(|code| format!("`{code}`")).collect();
            println!(
                "| {hour} | {} | {} | {} | {} |",
                row.happened.join("<br>"),
                row.taken,
                row.answered,
                alarms.join("<br>")
            );
        }
    }

    /// Every question has its answer once, in order, and nothing waits.
    async fn check(&mut self) {
        for (citizen, written) in self.town.written() {
            let seen = self.town.seen(citizen).await;
            if seen != written {
                let missing: Vec<_> = written.iter().filter(|number| !seen.contains(number)).collect();
                let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
                for number in &seen {
                    *counts.entry(*number).or_default() += 1;
                }
                let twice: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
                let place = seen.iter().zip(&written).position(|(seen, written)| seen != written);
                self.faults.push(format!(
                    "{citizen:?}: missing {missing:?}, twice {twice:?}, first difference at {place:?}"
                ));
            }
        }
        for record in self.store.scan_all(&Range::all()).await.unwrap() {
            if ["inbox", "outbox"].contains(&record.key.space()) {
                self.faults.push(format!("left: {:?}", record.key));
            }
        }
        self.faults.append(&mut self.town.faults.lock().unwrap());
    }
}

#[tokio::test]
async fn a_day_of_troubles_loses_nothing_and_every_alarm_names_its_cause() {
    crate::support::time::now();
    let begun = std::time::Instant::now();
    let town = Town::start().await;
    let thinking = Arc::<AtomicUsize>::default();
    let url = slow_model_that_counts(Arc::clone(&thinking)).await;
    let data = tempfile::tempdir().unwrap();
    let settings = config(data.path(), &town.settings(&model(&url)));
    let app = App::open_at(settings, Arc::new(TokioClock), |_| Vec::new()).await.unwrap();
    knowledge::take_in(&app.knowledge, TOPICS).await;
    let (gateway, store) = (Arc::clone(&app.gateway), Arc::clone(&app.store));
    town.opens(Server::run(app, &[]).await).await;
    town.ding.connected().await;

    let mut events = Vec::new();
    writing(&mut events);
    let troubles = troubles(SEED);
    for (index, trouble) in troubles.iter().enumerate() {
        events.push((trouble.at, Event::Begin(index)));
        events.push((trouble.at + trouble.lasts, Event::End(index)));
        events.push((trouble.at + trouble.lasts + RECOVERY, Event::Recovered(index)));
    }
    events.extend((1..=24).map(|hour| (HOUR * hour, Event::Hour)));
    events.sort_by_key(|(at, _)| *at);

    let mut pace = Pace::new(gateway, thinking);
    let mut diary = Diary { town: Arc::clone(&town), store, troubles, rows: Vec::new(), faults: Vec::new() };
    let mut answered = 0;
    for (at, event) in events {
        pace.pass(at, || town.step()).await;
        match event {
            Event::Write(citizen, number, again) => {
                town.write(citizen, number, again);
                diary.row(at).taken += 1;
            }
            Event::Begin(index) => diary.begin(index, at),
            Event::End(index) => diary.end(index).await,
            Event::Recovered(index) => diary.recovered(index),
            Event::Hour => {
                let now = diary.answered().await;
                diary.row(at - Duration::from_secs(1)).answered = now - answered;
                answered = now;
            }
        }
        diary.look(at.min(HOUR * 24 - Duration::from_secs(1)));
    }
    pace.settle().await;
    diary.check().await;
    diary.print();
    let written: usize = town.written().values().map(Vec::len).sum();
    let (fetched, forced) = town.wechat.api.with(|told| told.fetched);
    let tokens = town.ding.calls("/v1.0/oauth2/accessToken").len();
    let opened = town.ding.calls("/v1.0/gateway/connections/open").len();
    println!(
        "{written} messages, {} of them delivered twice; {answered} answers. WeChat tokens fetched {fetched} times ({forced} by force), DingTalk tokens {tokens} times; {opened} tries to open a socket. {} steps in {:.0?}, {} of them restless.",
        town.repeated.load(Ordering::SeqCst),
        pace.steps,
        begun.elapsed(),
        pace.restless.load(Ordering::Relaxed)
    );
    assert!(diary.faults.is_empty(), "{:#?}", diary.faults);
    assert_eq!(answered, written);
    // Every 6900 s, and once more for each that was replaced by somebody else.
    assert!(fetched <= 13 + 4 && forced <= 1, "{fetched} {forced}");
    // Every 7080 s, and once more for each that was revoked.
    assert!(tokens <= 13 + 2, "{tokens}");
}
