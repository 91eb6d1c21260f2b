//! What is a place in a question, and what only looks like one.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

const DEMO: &str = include_str!("../../../demo/regions.json");

fn demo() -> Places {
    let regions = Regions::from_json(DEMO.as_bytes()).unwrap();
    Places::new(&regions.at_home(RegionCode::new(990_100).unwrap()))
}

fn here(code: u32, rest: &str) -> Mention {
    Mention::Here { region: RegionCode::new(code).unwrap(), rest: rest.to_owned() }
}

fn elsewhere(name: &str) -> Mention {
    Mention::Elsewhere { name: name.to_owned() }
}

#[test]
fn a_part_of_the_city_is_read_and_taken_out() {
    let table = [
        ("东湖区的老年卡", 990_102, "老年卡"),
        ("西城区能办吗", 990_103, "能办吗"),
        ("在西城区怎么办老年证", 990_103, "怎么办老年证"),
        ("老年卡在东湖办要带什么", 990_102, "老年卡办要带什么"),
        ("安和市临江县的公积金大厅几点开门", 990_121, "公积金大厅几点开门"),
        ("那高新区呢", 990_104, "那呢"),
        // Two parts of the city: what holds in all of it, and the words stay, because both matter.
        ("户口从西城区迁到东湖区要办什么", 990_100, "户口从西城区迁到东湖区要办什么"),
        // The whole city narrows nothing.
        ("安和市的老年卡", 990_100, "安和市的老年卡"),
        ("本市户口有什么补贴", 990_100, "本市户口有什么补贴"),
        ("我们市有免费公交吗", 990_100, "我们市有免费公交吗"),
        ("北京的健康证在安和能用吗", 990_100, "北京的健康证在安和能用吗"),
    ];
    let places = demo();
    for (text, code, rest) in table {
        assert_eq!(places.mention(text, None), here(code, rest), "{text}");
    }
}

#[test]
fn words_like_ours_mean_the_askers_own_place() {
    let places = demo();
    let east_lake = RegionCode::new(990_102);
    for (text, asker, expected) in [
        ("本区的老年食堂在哪", east_lake, here(990_102, "本区的老年食堂在哪")),
        ("我们区的老年食堂在哪", None, Mention::Nowhere),
        ("本市的老年食堂在哪", east_lake, here(990_102, "本市的老年食堂在哪")),
        ("全省通办吗", None, Mention::Nowhere),
        ("全国都能用吗", None, Mention::Nowhere),
        ("西城区的老年食堂", east_lake, here(990_103, "老年食堂")),
    ] {
        assert_eq!(places.mention(text, asker), expected, "{text}");
    }
}

#[test]
fn another_place_is_noticed_when_the_question_is_about_it() {
    let table = [
        ("北京的公积金怎么提取", "北京"),
        ("请问一下，上海落户要多少积分", "上海"),
        ("深圳的居住证去哪里办", "深圳"),
        ("广东省深圳市居住证怎么续签", "广东省深圳市"),
        ("那成都呢", "成都"),
        ("重庆", "重庆"),
        ("公积金在杭州怎么提", "杭州"),
        ("你好，在苏州怎么注册公司", "苏州"),
        ("凉山州的低保标准是多少", "凉山州"),
        ("内蒙古自治区高龄津贴多少钱", "内蒙古自治区"),
        ("开封市残疾证怎么办", "开封市"),
        ("上海人才公寓怎么申请", "上海"),
        ("北京市民卡怎么办", "北京"),
        ("成都市场监督管理局电话", "成都"),
    ];
    let places = demo();
    for (text, name) in table {
        assert_eq!(places.mention(text, None), elsewhere(name), "{text}");
    }
}

#[test]
fn another_place_that_only_occurs_does_not_turn_the_question_away() {
    let places = demo();
    for text in [
        "我是四川户口，身份证到期了能换吗",
        "四川户口能办居住证吗",
        "公积金怎么从北京转过来",
        "北京的公积金怎么转到这边",
        "以前在苏州交的公积金能取吗",
        "苏州交的公积金能取吗",
        "户口要迁到南京，怎么办",
        "带我妈去上海看病，要先备案吗",
        "上海看病能报销吗",
        "我在上海住院了怎么报",
        "孩子在武汉上大学，医保怎么交",
        "在广东和浙江都交过社保，在哪退休",
        "河南人能在这买房吗",
        "湖北的驾照到期了怎么换",
        "想去香港玩，通行证怎么办",
        "香港通行证怎么办",
        "澳门签注几天能好",
        // Streets, banks, parks, dishes, ordinary words.
        "北京路派出所几点下班",
        "北京东路修路修到什么时候",
        "上海银行能发社保卡吗",
        "中山公园要门票吗",
        "中山公园里能跳广场舞吗",
        "吉林大街堵车找谁",
        "南京大学毕业证怎么认证",
        "重庆火锅店要什么证",
        "今天水费怎么交",
        "完成都要带什么材料",
        "房东营业执照没有怎么办",
        "扩大连锁店要办什么证",
        "开封过的药能退吗",
        "日照时间不够能告开发商吗",
        "来宾登记要身份证吗",
        "担保定金能退吗",
        "阿里巴巴开店要执照吗",
        "大理石加工厂环保怎么办",
        "",
        "老年卡怎么办",
    ] {
        assert_eq!(places.mention(text, None), Mention::Nowhere, "{text}");
    }
}

/// A table that a real city would write: without aliases, beginning with the city.
#[test]
fn a_real_city_is_at_home_under_all_its_names() {
    let rows = r#"[{"code":"510100","name":"成都市"},{"code":"510104","name":"锦江区"}]"#;
    let regions = Regions::from_json(rows.as_bytes()).unwrap();
    let places = Places::new(&regions.at_home(RegionCode::new(510_100).unwrap()));
    assert_eq!(places.mention("成都的公积金怎么提取", None), here(510_100, "成都的公积金怎么提取"));
    assert_eq!(places.mention("四川的公积金怎么提取", None), Mention::Nowhere, "home lies in it");
    assert_eq!(places.mention("四川省绵阳市的公积金怎么提取", None), elsewhere("四川省绵阳市"));
    assert_eq!(places.mention("绵阳的公积金怎么提取", None), elsewhere("绵阳"));
    assert_eq!(places.mention("锦江区的公积金怎么提取", None), here(510_104, "公积金怎么提取"));
    assert_eq!(places.home_name(), Some("成都市"));
}

#[test]
fn without_a_home_nothing_is_elsewhere() {
    let places = Places::new(&Regions::from_json(DEMO.as_bytes()).unwrap());
    assert_eq!(places.mention("北京的公积金怎么提取", None), Mention::Nowhere);
    assert_eq!(places.mention("东湖区的公积金", None), here(990_102, "公积金"));
}

/// Built once: every case reads with the same.
static DEMO_PLACES: LazyLock<Places> = LazyLock::new(demo);

proptest! {
    /// Total on any text, and what is taken out is a part of it at home.
    #[test]
    fn any_text_is_read(text in "\\PC*|[东湖西城区市安和北京的在呢 省四川]{0,12}") {
        match DEMO_PLACES.mention(&text, None) {
            Mention::Nowhere => {}
            Mention::Here { region, rest } => {
                prop_assert!(RegionCode::new(990_100).unwrap().contains(region));
                prop_assert!(rest.len() <= text.len());
            }
            Mention::Elsewhere { name } => prop_assert!(!name.is_empty() && text.contains(&name)),
        }
    }
}
