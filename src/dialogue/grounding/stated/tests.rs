//! The same facts in other words, and other facts in nearly the same.

use super::super::figure::figures;
use super::super::normal::normal;
use super::*;

fn wrong(answer: &str, evidence: &str) -> Vec<(FactKind, Wrong)> {
    let stated = Stated::new(&normal(evidence), &figures(&normal(evidence)));
    facts(&normal(answer)).iter().filter_map(|fact| Some((fact.kind, stated.judge(fact)?))).collect()
}

#[test]
fn what_means_the_same_is_the_same() {
    for (answer, evidence) in [
        ("三十天内", "30 日内"),
        ("1万元", "10,000 元"),
        ("一万元", "10000元"),
        ("１０％", "百分之十"),
        ("2026年7月1日", "2026-07-01"),
        ("7月1日起", "自 2026 年 7 月 1 日起"),
        ("半年", "6 个月"),
        ("3年", "36个月"),
        ("两张照片", "照片 2 张"),
        ("上午9点到12点，下午1点半到5点", "9:00–12:00，13:30–17:00"),
        ("RMB 10,000 within 3 working days", "1 万元，3 个工作日"),
        ("three working days", "3个工作日"),
        ("July 1, 2026", "2026年7月1日"),
        ("5个工作日办好", "5 个工作日内办结"),
        ("未满18岁", "不满 18 周岁"),
        ("湖滨路61号", "安和市东湖区湖滨路 61 号"),
        ("国发〔2023〕12号", "《…》（国发〔2023〕12 号）"),
        ("[官网](https://a.example/x)", "网上办理：https://a.example/x"),
        ("电话 0000-88001801", "电话 0000-88001801"),
        ("打12345问", "没有"),
        ("周一至周五", "工作日"),
        ("最多不超过300元", "不超过 300 元"),
        ("up to RMB 300", "最高 300 元"),
    ] {
        assert_eq!(
            wrong(answer, evidence),
            [],
            "{answer} of {evidence}: {:?} {:?}",
            facts(&normal(answer)),
            facts(&normal(evidence))
        );
    }
}

#[test]
fn what_is_not_stated_is_found() {
    use FactKind as K;
    for (answer, evidence, kind, what) in [
        ("40天内", "30 日内", K::Period, Wrong::Unstated),
        ("30个工作日内", "30 日内", K::Period, Wrong::Unstated),
        ("2万元", "10,000 元", K::Amount, Wrong::Unstated),
        ("15%", "百分之十", K::Percent, Wrong::Unstated),
        ("2026年8月1日", "2026-07-01", K::Date, Wrong::Unstated),
        ("0000-88001802", "0000-88001801", K::Phone, Wrong::Unstated),
        ("湖滨路62号", "湖滨路 61 号", K::Address, Wrong::Unstated),
        ("第13条", "第十二条", K::Article, Wrong::Unstated),
        ("国发〔2023〕13号", "国发〔2023〕12 号", K::Document, Wrong::Unstated),
        ("https://b.example/x", "https://a.example/x", K::Link, Wrong::Unstated),
        ("满18周岁", "未满18周岁", K::Age, Wrong::Limit),
        ("300元", "不超过300元", K::Amount, Wrong::Limit),
        ("300元以上", "300元以下", K::Amount, Wrong::Limit),
        ("下午6点", "9:00–17:00", K::Time, Wrong::Unstated),
        ("3个窗口", "2个窗口", K::Number, Wrong::Unstated),
    ] {
        assert_eq!(
            wrong(answer, evidence),
            [(kind, what)],
            "{answer} of {evidence}: {:?}",
            facts(&normal(answer))
        );
    }
}
