//! What is quoted of which entry, for which question.

use std::collections::BTreeMap;

use futures::StreamExt;

use super::*;
use crate::dialogue::evidence::{Material, Window};

/// The phrases of the repository, so that the texts below are what a citizen reads.
fn phrases() -> Phrases {
    let words: BTreeMap<String, BTreeMap<String, String>> =
        toml::from_str(include_str!("../../../config/words/replies.toml")).unwrap();
    Phrases::new(
        words.into_iter().map(|(key, pair)| (key, (pair["zh"].clone(), pair["en"].clone()))).collect(),
    )
    .unwrap()
}

fn evidence(answer: &str, details: Details) -> Evidence {
    Evidence::new("e", "居民身份证丢失补领", answer, details)
}

const ANSWER: &str =
    "身份证丢了，本人带户口簿到任一户籍窗口补领，工本费 40 元，20 个工作日内制好；交通不便地区可延长 10 日。";

fn matter() -> Matter {
    Matter {
        materials: vec![
            Material {
                name: "居民户口簿".into(),
                form: Some("原件".into()),
                copies: Some(1),
                note: Some("电子证照可代替".into()),
                keypoints: vec!["要带首页".into(), "信息要一致".into()],
            },
            Material {
                name: "指纹".into(),
                form: Some("免提交".into()),
                copies: Some(0),
                ..Material::default()
            },
        ],
        conditions: vec!["本市户籍".into(), "外省户籍也可以".into()],
        steps: vec!["取号".into(), "拍照".into()],
        fees: Some("每证 40 元。".into()),
        time_limit_days: Some(20),
        windows: vec![
            Window {
                name: "东湖分局户籍窗口".into(),
                address: Some("东湖区学府路 88 号".into()),
                hours: Some("工作日 9:00–17:00".into()),
                phone: Some("0000-88001201".into()),
                position: None,
            },
            Window { name: "西城分局户籍窗口".into(), ..Window::default() },
        ],
        online_url: Some("https://zwfw.anhe.example/id".into()),
        appointment_url: Some("https://zwfw.anhe.example/yy".into()),
    }
}

async fn write(entry: Evidence, aspect: Aspect, locale: Locale) -> String {
    let evidence = [entry];
    let brief = Brief { aspect, ..Brief::new("怎么补", &evidence, locale) };
    let mut stream = Extractive::new(phrases()).write(brief).await.unwrap();
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        match piece.unwrap() {
            Piece::Text(words) => text.push_str(&words),
            Piece::Cite(index) => text.push_str(&format!("[{}]", index + 1)),
            Piece::Origin(..) | Piece::Usage(..) => {}
        }
    }
    text
}

async fn part_of(matter: Matter, aspect: Aspect) -> String {
    write(evidence(ANSWER, Details::Matter(Box::new(matter))), aspect, Locale::Zh).await
}

#[tokio::test]
async fn an_overview_fits_a_telephone() {
    let text = part_of(matter(), Aspect::Overview).await;
    let expected = format!(
        "{ANSWER}[1]\n\n\
         **要带的材料**：\n\n- 居民户口簿（原件，1 份）：电子证照可代替\n- 指纹（免提交）[1]\n\n\
         **费用**：每证 40 元；**多久办好**：20 个工作日内[1]\n\n\
         **去哪里办**：东湖分局户籍窗口，东湖区学府路 88 号，工作日 9:00–17:00，电话 0000-88001201[1]\n\n\
         **网上办理**：https://zwfw.anhe.example/id [1]"
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_short_answer_is_followed_by_the_steps() {
    let text =
        write(evidence("可以补领。", Details::Matter(Box::new(matter()))), Aspect::Overview, Locale::Zh)
            .await;
    assert!(
        text.starts_with("可以补领。[1]\n\n**怎么办**：\n\n1. 取号\n2. 拍照[1]\n\n**要带的材料**"),
        "{text}"
    );
}

#[tokio::test]
async fn a_part_comes_under_the_name_of_the_matter_and_with_the_exceptions_where_it_has_some() {
    let cases = [
        (
            Aspect::Materials,
            "“居民身份证丢失补领”要带的材料：\n\n- 居民户口簿（原件，1 份）：电子证照可代替\n  \
             - 易错点：要带首页；信息要一致\n- 指纹（免提交）[1]",
        ),
        (Aspect::Steps, "“居民身份证丢失补领”怎么办：\n\n1. 取号\n2. 拍照[1]"),
        (Aspect::Fees, "“居民身份证丢失补领”费用：每证 40 元。[1]"),
        (Aspect::Time, "“居民身份证丢失补领”多久办好：20 个工作日内[1]"),
        (
            Aspect::Place,
            "“居民身份证丢失补领”去哪里办：\n\n- 东湖分局户籍窗口，东湖区学府路 88 号，工作日 9:00–17:00，\
             电话 0000-88001201\n- 西城分局户籍窗口[1]\n\n**预约**：https://zwfw.anhe.example/yy [1]",
        ),
        (Aspect::Conditions, "“居民身份证丢失补领”谁可以办：\n\n- 本市户籍\n- 外省户籍也可以[1]"),
        (
            Aspect::Online,
            "“居民身份证丢失补领”网上办理：https://zwfw.anhe.example/id [1]\n\n\
             **预约**：https://zwfw.anhe.example/yy [1]",
        ),
    ];
    for (aspect, part) in cases {
        // Fees, times, conditions and ways have exceptions ("可延长 10 日"), and these stand in the answer.
        let alone = matches!(aspect, Aspect::Materials | Aspect::Steps | Aspect::Place);
        let expected = if alone { part.to_owned() } else { format!("{part}\n\n{ANSWER}[1]") };
        assert_eq!(part_of(matter(), aspect).await, expected, "{aspect:?}");
    }
}

#[tokio::test]
async fn nothing_to_wait_for_is_said_in_words() {
    let matter = Matter { time_limit_days: Some(0), ..Matter::default() };
    let text = part_of(matter, Aspect::Time).await;
    assert_eq!(text, format!("“居民身份证丢失补领”多久办好：当场办结[1]\n\n{ANSWER}[1]"));
}

#[tokio::test]
async fn a_part_that_is_missing_is_admitted_and_the_answer_given() {
    for aspect in Aspect::NAMED {
        let text = part_of(Matter { fees: Some("  ".into()), ..Matter::default() }, aspect).await;
        let missing = phrases().get(Phrase::PartMissing, Locale::Zh).to_owned();
        assert_eq!(text, format!("{missing}\n\n{ANSWER}[1]"), "{aspect:?}");
    }
}

#[tokio::test]
async fn a_faq_is_quoted_whole_whatever_part_is_asked_for() {
    for aspect in Aspect::NAMED.into_iter().chain([Aspect::Overview]) {
        let text = write(evidence(ANSWER, Details::Faq), aspect, Locale::Zh).await;
        assert_eq!(text, format!("{ANSWER}[1]"));
    }
}

#[tokio::test]
async fn a_policy_lists_what_one_gets_and_who_and_when() {
    let policy = Policy {
        benefits: "每孩每年 3600 元".into(),
        conditions: vec!["子女年龄 小于 3".into()],
        apply: (Some("2025-01-01".into()), Some("2027-12-31".into())),
    };
    let entry = evidence("不满 3 周岁都有。", Details::Policy(Box::new(policy)));
    let text = write(entry, Aspect::Conditions, Locale::Zh).await;
    assert_eq!(
        text,
        "不满 3 周岁都有。[1]\n\n**能享受什么**：每孩每年 3600 元[1]\n\n**谁可以办**：\n\n- 子女年龄 小于 3[1]\n\n\
         **申请时间**：2025-01-01 起，2027-12-31 止[1]"
    );
}

#[tokio::test]
async fn english_readers_learn_that_the_text_is_chinese() {
    let text = write(evidence(ANSWER, Details::Matter(Box::new(matter()))), Aspect::Fees, Locale::En).await;
    let expected = "The official text is in Chinese:\n\n居民身份证丢失补领 – Fee: 每证 40 元。[1]";
    assert_eq!(text, format!("{expected}\n\n{ANSWER}[1]"));
}

#[tokio::test]
async fn a_mark_never_joins_a_link_or_a_table() {
    let table = "| 档次 | 金额 |\n|---|---|\n| 一 | 200 |";
    assert_eq!(
        write(evidence(table, Details::Faq), Aspect::Overview, Locale::Zh).await,
        format!("{table}\n\n[1]")
    );
    let link = "见 https://zwfw.anhe.example/x";
    assert_eq!(
        write(evidence(link, Details::Faq), Aspect::Overview, Locale::Zh).await,
        format!("{link} [1]")
    );
}

#[tokio::test]
async fn an_entry_without_an_answer_is_named() {
    let text = write(evidence(" ", Details::Scenario(vec![], vec![])), Aspect::Overview, Locale::Zh).await;
    assert_eq!(text, "居民身份证丢失补领[1]");
}

#[tokio::test]
async fn nothing_is_written_from_nothing() {
    let brief = Brief::new("", &[], Locale::Zh);
    assert!(matches!(Extractive::new(phrases()).write(brief).await, Err(SynthesisError::Unusable(_))));
}
