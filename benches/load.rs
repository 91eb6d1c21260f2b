//! Whole-process figures: messages a second through accept → answer → durable with 64 citizens at a time, their p50 and
//! p99, the cold start to the first answer, and the memory used. Run with `make bench`; nothing is asserted, because
//! the figures are the machine's as much as the program's.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_yikouwen");
const CITIZENS: usize = 64;
const MESSAGES: usize = 100;
const QUESTIONS: [&str; 6] = [
    "身份证丢了怎么补办",
    "我的医保卡里有历年余额，能给老父亲用吗",
    "公积金租房怎么提取",
    "想开个小饭馆要办哪些证",
    "今晚吃什么好呢",
    "孩子刚出生要办什么手续",
];

fn serve(data: &Path) -> (Child, String) {
    let mut child = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .env("YIKOUWEN__LIMITS__PER_CITIZEN", "0")
        .env("YIKOUWEN__LIMITS__PER_ADDRESS", "0")
        .env("YIKOUWEN__LOG__LEVEL", "error")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let url = loop {
        let line = lines.next().expect("the address is printed").expect("text");
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    (child, url)
}

/// A line of `/proc/PID/status`, in MB.
fn memory(child: &Child, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

async fn ask(client: &reqwest::Client, url: &str, question: &str, conversation: Option<&str>) -> Value {
    let mut body = json!({ "question": question });
    if let Some(id) = conversation {
        body["conversation"] = id.into();
    }
    let answer = client.post(format!("{url}/api/v1/ask")).json(&body).send().await.expect("an answer");
    answer.json().await.expect("JSON")
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let data = tempfile::tempdir().expect("a directory");
    let client = reqwest::Client::new();
    let (mut first, url) = serve(data.path());
    ask(&client, &url, QUESTIONS[0], None).await;
    first.kill().expect("killed");
    first.wait().expect("ended");

    let begun = Instant::now();
    let (mut child, url) = serve(data.path());
    ask(&client, &url, QUESTIONS[0], None).await;
    println!("cold start to the first answer: {} ms", begun.elapsed().as_millis());
    println!("memory when idle: {} MB", memory(&child, "VmRSS"));

    let begun = Instant::now();
    let citizens = (0..CITIZENS).map(|citizen| {
        let (client, url) = (client.clone(), url.clone());
        tokio::spawn(async move {
            let mut times: Vec<Duration> = Vec::with_capacity(MESSAGES);
            let mut conversation: Option<String> = None;
            for message in 0..MESSAGES {
                // A new conversation now and then, as citizens come and go; never the same question twice in a row.
                if message % 4 == 0 {
                    conversation = None;
                }
                let question = QUESTIONS[(citizen + message) % QUESTIONS.len()];
                let asked = Instant::now();
                let answer = ask(&client, &url, question, conversation.as_deref()).await;
                times.push(asked.elapsed());
                conversation = answer["conversation"].as_str().map(str::to_owned);
            }
            times
        })
    });
    let mut times = Vec::new();
    for citizen in futures::future::join_all(citizens).await {
        times.extend(citizen.expect("a citizen"));
    }
    let took = begun.elapsed();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "{CITIZENS} citizens at a time: {:.0} messages/s, p50 {:.1} ms, p99 {:.1} ms ({} messages)",
        times.len() as f64 / took.as_secs_f64(),
        at(50),
        at(99),
        times.len()
    );
    println!("memory after it: {} MB, at most {} MB", memory(&child, "VmRSS"), memory(&child, "VmHWM"));
    child.kill().expect("killed");
    child.wait().expect("ended");
}
