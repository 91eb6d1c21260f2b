//! Answers that are faithful, and answers that are wrong in one place.

use std::time::{Duration, Instant};

use super::super::evidence::{Details, Evidence, Material, Matter};
use super::bare::without_bare_answer;
use super::*;

fn grant() -> Evidence {
    let answer = "首次创业、在安和市正常经营 1 年以上的登记失业人员，可领一次性创业补贴 8000 元。\n\
        - 一个人只领一次；以前领过同类的不能再领。\n\
        - 法定代表人必须是本人，中途转给别人的不补。\n\
        - 60 周岁以上的，带身份证到东湖区湖滨路 88 号办，电话 0000-88001701，不收费，5 个工作日内办结。";
    let details = Details::Matter(Box::new(Matter {
        conditions: vec!["注册地在安和市".into(), "经营满 12 个月".into()],
        ..Matter::default()
    }));
    Evidence::new("grant", "一次性创业补贴", answer, details)
}

fn kinds(text: &str) -> Vec<&'static str> {
    let grounding = Grounding::new("创业补贴有多少", &[grant()]);
    grounding.faults(text, &[0]).into_iter().map(|fault| fault.kind.name()).collect()
}

#[test]
fn what_stands_in_the_evidence_has_no_fault() {
    for text in [
        "首次创业、正常经营1年以上的登记失业人员，可领一次性创业补贴8,000元。[1]",
        "一次性创业补贴八千元。[1]\n- 以前领过同类的，不能再领。[1]\n- 中途转给别人的不补。[1]",
        "要注意：[1]\n- 一个人只领一次\n- 法定代表人必须是本人",
        "60岁以上的不收费，五个工作日内办结，电话0000-88001701。[1]",
        "具体情况请向窗口或 12345 核实。",
        "**领多少**\n一次性创业补贴 8000 元。[1]",
    ] {
        assert_eq!(kinds(text), [""; 0], "{text}");
    }
}

#[test]
fn every_change_that_matters_is_a_fault() {
    for (text, kind) in [
        ("可领一次性创业补贴9000元。[1]", "amount"),
        ("正常经营2年以上的登记失业人员可领。[1]", "period"),
        ("正常经营1年以下的登记失业人员可领。[1]", "limit"),
        ("60周岁以下的，带身份证办。[1]", "limit"),
        ("以前领过同类的可以再领。[1]", "contrary"),
        ("法定代表人不必是本人。[1]", "contrary"),
        ("中途转给别人的也补。[1]", "contrary"),
        ("带身份证到东湖区湖滨路88号办，收费。[1]", "contrary"),
        ("5天内办结。[1]", "period"),
        ("电话0000-88001702。[1]", "phone"),
        ("带身份证到东湖区湖滨路89号办。[1]", "address"),
        ("在 https://fake.example/grant 上申请。[1]", "link"),
        ("一次性创业补贴8000元。", "uncited"),
        ("公务员考试报名在人事考试网进行。[1]", "unsupported"),
        ("一次性创业补贴8000元，[1]", "unfinished"),
    ] {
        assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
    }
}

fn kinds_over(answer: &str, text: &str) -> Vec<&'static str> {
    let material =
        Material {
            name: "申请表".into(), keypoints: vec!["经过写得太笼统".into()], ..Material::default()
        };
    let details =
        Details::Matter(Box::new(Matter { materials: vec![material.clone()], ..Matter::default() }));
    let other = Evidence::new("other", "另一件事", "外国人另办签证附加证明书。", Details::Faq);
    let evidence = [Evidence::new("one", "一件事", answer, details), other];
    let grounding = Grounding::new("怎么办", &evidence);
    grounding.faults(text, &[0, 1]).into_iter().map(|fault| fault.kind.name()).collect()
}

const HOUSE: &str = "买了不满 2 年的住房，按 3% 全额交；满 2 年的免。\n\
    - 年限看本市。不够的，可以按月继续缴。\n\
    - 单户家里的东西、保修期内的，不能用。\n\
    - 找小广告刻章违法，要负法律责任。\n\
    - 中国籍的父亲已定居外国的，不算中国籍。\n\
    - 已经到期，不能领了。现在能领的是国家补贴。\n\
    - 上门评估不收费。登记备案的人员，要有单位意见。";

/// The prompt asks for such a line where the evidence answers only a part.
#[test]
fn a_line_that_sends_the_reader_on_may_say_the_question_again_and_nothing_else() {
    let grounding = Grounding::new("我 75 年 3 月出生，在外地回不来，要干到几岁", &[grant()]);
    for (text, expected) in [
        ("您 75 年 3 月出生，具体是几岁几个月，要向窗口或 12345 核实。", ""),
        ("这里没有写明仓库怎么算，您这份具体交多少，请向窗口或 12345 核实。", ""),
        ("您在外地回不来，怎么办理，请向窗口或 12345 核实。", ""),
        ("不满 60 周岁的怎么办，请向窗口或 12345 核实。", ""),
        ("不满 70 周岁的怎么办，请向窗口或 12345 核实。", "uncited"),
        ("您 80 年 3 月出生，具体是几岁几个月，要向窗口或 12345 核实。", "uncited"),
        ("您是低保户，可以先领钱，请向窗口或 12345 核实。", "uncited"),
    ] {
        let found = grounding.faults(text, &[]);
        assert_eq!(found.first().map_or("", |fault| fault.kind.name()), expected, "{text}");
    }
}

#[test]
fn what_the_evidence_leaves_unsaid_may_be_named() {
    for text in [
        "买了满 2 年的住房，免。[1]",
        "年限不够的，可以按月继续缴。[1]",
        "单户家里的东西不能用维修资金。[1]",
        "小广告的章不要刻。[1]",
        "申请表：经过不要写得太笼统。[1]",
        "请向窗口或 12345 核实。",
        "登记备案的人员，要有单位意见。[1]",
    ] {
        assert_eq!(kinds_over(HOUSE, text), [""; 0], "{text}");
    }
}

#[test]
fn the_other_case_is_not_this_one() {
    for (text, kind) in [
        ("买了满 2 年的住房，按 3% 全额交。[1]", "limit"),
        ("中国籍的父亲已定居外国的，也算中国籍。[1]", "contrary"),
        ("已经到期，也能领了。[1]", "contrary"),
        ("上门评估收费。[1]", "contrary"),
        ("不用交的材料：", "contrary"),
        ("你才蠢，你才是废物，滚开。[1]", "unsupported"),
        ("Bring an apostille (附加证明书). [1]", "unsupported"),
        ("机构自己弄错的，核实后也要主动改。", "uncited"),
    ] {
        assert!(kinds_over(HOUSE, text).contains(&kind), "{text}: {:?}", kinds_over(HOUSE, text));
    }
}

const RATES: &str = "在职职工：三级医院报 85%，二级 88%；居民：三级医院报 65%，一年最高 2000 元。\n\
    - 60–64 岁半价，65 岁以上免费。\n\
    - 至少两个子女没满 18 周岁，最高额度才能上浮 30%。\n\
    - 城里户口一般不能随意迁回农村；个人账户余额可以继承。\n\
    - 劳动合同或社保记录，任一种就行；本市户籍的免交租房合同。\n\
    - 带身份证、户口簿，到东湖窗口，电话 0000-88001701；到西城窗口，电话 0000-88001702。\n\
    - 仅销售预包装食品改为备案，不再办许可证。";

#[test]
fn a_figure_and_a_word_stand_for_the_case_they_stand_for_in_the_evidence() {
    for text in [
        "在职职工三级医院报 85%，二级报 88%。[1]",
        "居民在三级医院报 65%，最高 2000 元。[1]",
        "60–64 岁半价，65 岁以上免费。[1]",
        "个人账户余额可以继承，户口一般不能随意迁回农村。[1]",
        "本市户籍的免交租房合同。[1]",
        "劳动合同或社保记录，任一种就行。[1]",
        "带户口簿、身份证，到西城窗口，电话 0000-88001702。[1]",
    ] {
        assert_eq!(kinds_over(RATES, text), [""; 0], "{text}");
    }
    for (text, kind) in [
        ("在职职工：三级医院报 88%，二级 88%。[1]", "percent"),
        ("居民：三级医院报 85%，一年最高 2000 元。[1]", "percent"),
        ("64 岁半价，65 岁以上免费。[1]", "age"),
        ("至少两个子女满了 18 周岁，最高额度才能上浮 30%。[1]", "limit"),
        ("您的户口一般也能随意迁回村里。[1]", "contrary"),
        ("职工医保里的余额不可以继承。[1]", "contrary"),
        ("外地户籍的免交租房合同。[1]", "contrary"),
        ("劳动合同和社保记录，任一种就行。[1]", "contrary"),
        ("带身份证、无犯罪记录证明、户口簿，到东湖窗口。[1]", "unsupported"),
        ("到西城窗口，电话 0000-88001701。[1]", "phone"),
    ] {
        assert!(kinds_over(RATES, text).contains(&kind), "{text}: {:?}", kinds_over(RATES, text));
    }
}

const SHOP: &str = "能，前提是店面用了 1 年以上。\n\
    - 租的房要房东同意；违章建筑、危房不能用来登记。\n\
    - 店面用不满 1 年的，不能登记。\n\
    - 路边停车 30 分钟内免费，超过的每小时 3 元；有两个孩子的家庭，每人每月最多 2000 元。\n\
    - 企业迁入本市不算新设；新设企业，首套印章免费。\n\
    - 现在不能再按本条申请；不能做生食海产品、裱花蛋糕。\n\
    - 网上办，不收费。居民身份证，原件，1 份。\n\
    - 东湖区婚姻登记处，安和市东湖区湖滨路 120 号，工作日 9:00–12:00，13:30–17:00，电话 0000-88003301\n\
    - 西城区婚姻登记处，安和市西城区文昌路 58 号，工作日 9:00–12:00，13:30–17:00，电话 0000-88003302";

fn kinds_of_a_shop(asked: &str, text: &str) -> Vec<&'static str> {
    let evidence = [Evidence::new("one", "原来的店面能登记吗", SHOP, Details::Faq)];
    let grounding = Grounding::new(asked, &evidence);
    grounding.faults(text, &[0]).into_iter().map(|fault| fault.kind.name()).collect()
}

#[test]
fn what_the_citizen_told_of_the_case_may_be_said_again() {
    let evidence = [Evidence::new(
        "one",
        "老人户口不在安和，能领高龄津贴吗？",
        "不能，由户籍地发。户口迁到安和后，可以在安和申请，不收手续费。",
        Details::Faq,
    )];
    for (asked, text, expected) in [
        ("我妈户口不在安和，还有津贴吗", "您母亲户口不在安和，不能领高龄津贴。[1]", None),
        ("还有津贴吗", "您母亲户口不在安和，不能领高龄津贴。[1]", None),
        ("能不在安和申请吗", "户口迁来后，不在安和申请。[1]", Some("contrary")),
    ] {
        let found = Grounding::new(asked, &evidence).faults(text, &[0]);
        assert_eq!(found.first().map(|fault| fault.kind.name()), expected, "{text}: {found:?}");
    }
}

#[test]
fn what_is_denied_of_one_case_is_not_denied_of_another() {
    for (asked, text) in [
        ("租的房行吗", "租的房可以用来登记，要房东同意。[1]"),
        ("停一小时多少钱", "超过 30 分钟的，每小时 3 元。[1]"),
        ("我们是搬来的企业", "企业迁入本市不算新设，不能享受首套印章免费。[1]"),
        ("我今年六十三", "您 63 岁，网上办，不收费。[1]"),
        ("68年3月生的", "您 1968 年 3 月出生，网上办，不收费。[1]"),
        ("房东不肯签字", "房东不肯签字的，租的房要房东同意。[1]"),
        ("哪天办好", "从哪一天起算，要向窗口或 12345 核实。"),
        ("去哪办", "到下面两个窗口都能办：[1]"),
    ] {
        assert_eq!(kinds_of_a_shop(asked, text), [""; 0], "{text}");
    }
    for (text, kind) in [
        ("违章建筑、危房可以用来登记。[1]", "contrary"),
        ("游艇机库可以用来登记。[1]", "contrary"),
        ("店面用不满 1 年的，能登记。[1]", "contrary"),
        ("现在也能再申请。[1]", "contrary"),
        ("我们店能做裱花蛋糕。[1]", "contrary"),
        ("生食海产品也能做。[1]", "contrary"),
    ] {
        assert!(kinds_of_a_shop("能登记吗", text).contains(&kind), "{text}");
    }
}

#[test]
fn what_stands_beside_a_link_a_phone_or_an_hour_is_looked_at_too() {
    for (text, kind) in [
        ("网上办，收费：https://zwfw.anhe.example/matter/ent-food-renew-of-licences。[1]", "contrary"),
        ("有两个孩子的家庭，每人每月最多 2000 万元。[1]", "amount"),
        ("西城区婚姻登记处，安和市西城区文昌路 58 号，工作日 9:00–12:00，电话 0000-88003301。[1]", "phone"),
        ("东湖区婚姻登记处，工作日 9:00–12:00，13:30–12:00。[1]", "time"),
        ("居民身份证、收入证明，原件，1 份。[1]", "unsupported"),
        ("不能做的：裱花蛋糕、生食海产品、裱花蛋糕。[1]", "contrary"),
    ] {
        assert!(kinds_of_a_shop("能登记吗", text).contains(&kind), "{text}: {:?}", kinds_of_a_shop("", text));
    }
}

#[test]
fn the_city_goes_by_its_name_too() {
    let answer = "临江户籍的免交租房合同；其他人要交。到临江市公安局户籍窗口办。";
    let mut evidence = Evidence::new("one", "要合同吗", answer, Details::Faq);
    evidence.department = Some("临江市公安局".into());
    let kinds = |evidence: &Evidence, text: &str| -> Vec<&str> {
        let grounding = Grounding::new("要合同吗", std::slice::from_ref(evidence));
        grounding.faults(text, &[0]).into_iter().map(|fault| fault.kind.name()).collect()
    };
    assert_eq!(kinds(&evidence, "临江户籍的免交租房合同，到临江市公安局户籍窗口办。[1]"), [""; 0]);
    assert_eq!(kinds(&evidence, "本市户籍的免交租房合同。[1]"), [""; 0]);
    assert_eq!(kinds(&evidence, "外地户籍的免交租房合同。[1]"), ["contrary"]);
}

#[test]
fn steps_are_told_in_their_order() {
    let steps = vec!["网上提交申请材料".into(), "部门现场勘查".into(), "领取许可证件".into()];
    let details = Details::Matter(Box::new(Matter { steps, ..Matter::default() }));
    let grounding = Grounding::new("怎么办", &[Evidence::new("one", "一件事", "网上就能办。", details)]);
    let kinds = |text: &str| -> Vec<&str> {
        grounding.faults(text, &[0]).into_iter().map(|fault| fault.kind.name()).collect()
    };
    let told = "1. 网上提交申请材料。[1]\n2. 部门现场勘查。[1]\n3. 领取许可证件。[1]";
    assert_eq!(kinds(told), [""; 0]);
    assert_eq!(kinds("1. 部门现场勘查。[1]\n2. 网上提交申请材料。[1]"), ["contrary"]);
}

#[test]
fn a_denial_is_not_told_by_the_same_words_without_it() {
    let evidence = [Evidence::new("one", "要证吗", RATES, Details::Faq)];
    let grounding = Grounding::new("要证吗", &evidence);
    let omitted = grounding.omitted("仅销售预包装食品改为备案，要办许可证是旧说法。[1]", &[0]);
    assert!(omitted.iter().any(|omission| omission.text.contains("不再办许可证")), "{omitted:?}");
}

#[test]
fn what_is_left_out_is_told_in_the_evidences_own_words() {
    let grounding = Grounding::new("创业补贴有多少", &[grant()]);
    let omitted = |text: &str| -> Vec<String> {
        grounding.omitted(text, &[0]).into_iter().map(|omission| omission.text).collect()
    };
    let once = "一个人只领一次；以前领过同类的不能再领";
    let oneself = "法定代表人必须是本人，中途转给别人的不补";
    // What was used is told whole, and exceptions are told in any case.
    assert_eq!(omitted("一个人只领一次。[1]"), [once, oneself]);
    assert_eq!(omitted(&format!("{once}。[1]\n- {oneself}。[1]")), [""; 0]);
    // A list of conditions that is told is told whole.
    assert_eq!(omitted(&format!("{once}。[1]\n- {oneself}。[1]\n- 注册地在安和市[1]")), ["经营满 12 个月"]);
    assert_eq!(omitted("You can get RMB 8,000.[1]"), [""; 0]);
}

#[test]
fn a_bare_yes_gives_way_to_what_follows() {
    for (line, rest) in [
        ("能，不用回老家，在派出所就能换。[1]", Some("不用回老家，在派出所就能换。[1]")),
        ("- 不用了。[1] 现在不再要户口簿。[1]", Some("- 现在不再要户口簿。[1]")),
        ("可以。[1]", None),
        ("可以在手机上办，当场生效。[1]", None),
        ("不收费，当场办结。[1]", None),
    ] {
        assert_eq!(without_bare_answer(line).as_deref(), rest, "{line}");
    }
}

#[test]
fn kinds_have_names_of_their_own() {
    let names: BTreeSet<&str> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), FaultKind::ALL.len());
}

/// A draft of sixty lines that hold, each of which is looked at as it comes.
#[test]
fn a_text_that_grows_is_judged_as_if_it_were_whole() {
    let grounding = Grounding::new("创业补贴有多少", &[grant()]);
    let lines = [
        "**领多少**\n",
        "首次创业、正常经营1年以上的登记失业人员，可领一次性创业补贴8000元。[1]\n",
        "要注意：[1]\n",
        "- 一个人只领一次\n",
        "- 中途转给别人的不补\n",
        "60周岁以上的，带身份证到东湖区湖滨路88号办，电话0000-88001701，不收费。[1]\n",
    ];
    let (mut text, mut held) = (String::new(), 0);
    let (mut whole, mut growing) = (Duration::ZERO, Duration::ZERO);
    for line in lines.iter().cycle().take(60) {
        text.push_str(line);
        let begun = Instant::now();
        assert_eq!(grounding.faults(&text, &[0]), [], "{text}");
        whole += begun.elapsed();
        let begun = Instant::now();
        assert_eq!(grounding.new_faults(&text, &[0], &mut held), [], "{text}");
        growing += begun.elapsed();
    }
    assert_eq!(held, 59);
    println!("60 lines, each looked at as it comes: {whole:?} with all before it, {growing:?} alone");
    // What does not hold is found wherever it stands, and so is a heading that nothing follows from.
    for wrong in [
        "可领一次性创业补贴9000元。[1]\n",
        "- 以前领过同类的可以再领\n",
        "**领多少**\n公务员考试报名在人事考试网进行。\n",
    ] {
        let (mut held, longer) = (held, format!("{text}{wrong}"));
        assert_eq!(
            grounding.new_faults(&longer, &[0], &mut held),
            grounding.faults(&longer, &[0]),
            "{wrong}"
        );
        assert!(!grounding.faults(&longer, &[0]).is_empty(), "{wrong}");
        assert_eq!(held, 59);
    }
}
