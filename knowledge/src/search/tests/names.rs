//! What names of places and documents say of an entry.

use super::*;

/// Articles with a heading and a text: a knowledge base of passages.
fn articles<'a>(of: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Index {
    index(of.into_iter().map(|(id, title, text)| {
        let mut article = entry(id, title);
        article.answer = text.to_owned();
        article
    }))
}

fn seen(index: &Index, question: &str, id: &str, feature: Feature) -> f32 {
    seen_in(city(), index, question, id, feature)
}

fn seen_in(scope: Scope, index: &Index, question: &str, id: &str, feature: Feature) -> f32 {
    let query = Query { text: question.to_owned(), scope };
    let hits = index.search(&query, 50).unwrap();
    hits.iter().find(|hit| hit.id.as_str() == id).unwrap().features.get(feature)
}

#[test]
fn what_holds_in_another_city_comes_behind() {
    let text = "对不裁员或者少裁员的企业，返还其上年度实际缴纳失业保险费的百分之五十，按月申请，逾期不再受理，具体由经办机构负责解释。";
    let index = articles([
        (
            "huaihua",
            "怀化市企业稳岗有何政策",
            "对企业减免房租，并返还部分失业保险费；参保企业应当按月申报，由经办机构审核，逾期不再受理，请留意。",
        ),
        ("suining", "遂宁市不裁员或少裁员的参保企业有何返还政策", text),
        ("hunan", "湖南省不裁员的企业有何返还政策", text),
        ("anywhere", "不裁员的企业有何返还政策", text),
    ]);
    let question = "怀化市对不裁员或少裁员的企业有什么返还政策";
    assert_eq!(seen(&index, question, "huaihua", Feature::place), 0.75, "three of four do not name it");
    assert_eq!(seen(&index, question, "hunan", Feature::place), 0.375, "it lies in that province");
    assert_eq!(seen(&index, question, "anywhere", Feature::place), 0.0);
    for (id, apart) in [("huaihua", 0.0), ("hunan", 0.0), ("anywhere", 0.0), ("suining", 1.0)] {
        assert_eq!(seen(&index, question, id, Feature::place_apart), apart, "{id}");
    }
    assert_eq!(ids(&index, question, city())[0], "huaihua");
    let without = "不裁员或少裁员的企业有什么返还政策";
    assert_eq!(ids(&index, without, city())[0], "suining", "its words are the nearest");
    for id in ["huaihua", "suining", "hunan", "anywhere"] {
        assert_eq!(seen(&index, without, id, Feature::place_apart), 0.0, "{id}");
    }
}

#[test]
fn where_an_entry_lies_need_not_be_said() {
    let table = r#"[{"code": 430000, "name": "湖南省"}, {"code": 431200, "name": "怀化市"}, {"code": 431202, "name": "鹤城区"}]"#;
    let regions = Regions::from_json(table.as_bytes()).unwrap().at_home(RegionCode::new(431_200).unwrap());
    let index = Index::in_memory(Analyzer::shared()).unwrap();
    let place = |id: &str, region: Option<&str>, title: &str| {
        let mut one = entry(id, title);
        one.region = region.map(str::to_owned);
        Placed::new(one, &regions).unwrap()
    };
    let entries = [
        place("nowhere", None, "社保从上海转入怎么办"),
        place("district", Some("鹤城区"), "社保从上海转入"),
        place("province", Some("湖南省"), "社保从外省转入"),
    ];
    index.rebuild(entries, 1).unwrap();
    for (question, id, place, apart) in [
        ("怀化社保怎么转入", "nowhere", 1.0 / 3.0, 0.0),
        ("怀化社保怎么转入", "district", 1.0 / 3.0, 0.0),
        ("怀化社保怎么转入", "province", 1.0 / 6.0, 0.0),
        ("长沙社保怎么转入", "district", 0.0, 1.0),
        ("上海社保怎么转入", "district", 1.0 / 3.0, 0.0),
    ] {
        let scope = Scope { region: RegionCode::new(431_202), audience: None, on: TODAY };
        let of = |feature| seen_in(scope, &index, question, id, feature);
        assert!((of(Feature::place) - place).abs() < 1e-6, "{question} {id}: {}", of(Feature::place));
        assert_eq!(of(Feature::place_apart), apart, "{question} {id}");
    }
}

#[test]
fn an_article_is_worth_what_others_refer_to() {
    let rule =
        "承租人经出租人同意，可以将租赁物转租给第三人；未经同意转租的，出租人可以解除合同，并请求赔偿损失。";
    let index = articles([
        ("code", "民法典第七百一十六条", rule),
        ("decree", "商品房屋租赁管理办法第十一条", rule),
        (
            "first",
            "第一条",
            "房屋租赁纠纷，依照《中华人民共和国民法典》处理，当事人可以协商，协商不成的，可以向人民法院起诉。",
        ),
        (
            "second",
            "第二条",
            "承租人依据民法典第七百条请求减少租金的，人民法院应当予以支持，但是法律另有规定的除外，下同。",
        ),
        (
            "own",
            "商品房屋租赁管理办法第二条",
            "商品房屋租赁管理办法第十一条不适用于保障性住房，保障性住房的租赁由本市人民政府另行规定。",
        ),
    ]);
    let question = "租的房子能转租给第三人吗";
    let two = 2.0_f32.ln_1p() / 1_000.0_f32.ln_1p();
    assert!((seen(&index, question, "code", Feature::authority) - two).abs() < 1e-6);
    assert_eq!(seen(&index, question, "decree", Feature::authority), 0.0, "by itself alone");
    assert_eq!(ids(&index, question, city())[0], "code");
}
