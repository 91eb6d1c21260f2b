//! The documents that a text refers to by name, and the one that an entry is or is part of.
//!
//! What others refer to is what holds beside them: the code before the decree on one of its words, the measures before the
//! notice that mentions them. Names come in canonical text, as the analyzer gives it, and lose their marks: 《民法典》 and
//! 中华人民共和国民法典第七百条 name the same.

use std::collections::BTreeSet;

/// What documents of state are called by their last word. 法 takes in 办法, too.
const KINDS: [&str; 21] = [
    "法", "法典", "条例", "规定", "细则", "规则", "解释", "决定", "意见", "通知", "公告", "通告", "章程",
    "准则", "标准", "规范", "公约", "批复", "目录", "方案", "规划",
];

/// What may follow that: that it is tried out, or the first of several of the same name.
const TRIALS: [&str; 7] = ["试行", "暂行", "一", "二", "三", "四", "五"];

/// What a law of the nation may be written with or without.
const NATION: &str = "中华人民共和国";

/// The longest name that is looked at, in letters, and the shortest.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=60;

/// The name of the document that an entry of this title is or is part of, as 民法典 for 民法典第七百条; `None` if the title
/// names none.
pub(crate) fn named(title: &str) -> Option<String> {
    named_so(&letters(before_articles(title).next().unwrap_or(title)))
}

/// The names of the documents that a text refers to: what stands in 《》, and what an article is said to be of (民法典第七百条).
/// Where a name without marks begins is not known, so every end of what stands before the article is taken; of those only the
/// real one is ever looked up.
pub(crate) fn cited(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open = Vec::new();
    for (at, mark) in text.match_indices(['《', '》']) {
        if mark == "《" {
            open.push(at + mark.len());
        } else if let Some(quoted) = open.pop().and_then(|start| text.get(start..at)) {
            names.extend(named_so(&letters(quoted)));
        }
    }
    for before in before_articles(text) {
        let Some(run) = before.rsplit(|c: char| !c.is_alphanumeric()).next().filter(|run| is_kind(run))
        else {
            continue;
        };
        let count = run.chars().count();
        let ends = run.char_indices().enumerate().filter(|(number, _)| LENGTHS.contains(&(count - number)));
        names.extend(ends.filter_map(|(_, (at, _))| run.get(at..)).map(str::to_owned));
    }
    names
}

/// What stands before each article that a text names, as 第七百条 or 第7条.
fn before_articles(text: &str) -> impl Iterator<Item = &str> {
    let is_digit = |c: char| c.is_ascii_digit() || "〇零一二两三四五六七八九十百千".contains(c);
    text.match_indices('第').filter_map(move |(start, mark)| {
        let (before, article) = text.split_at_checked(start)?;
        let number = article.strip_prefix(mark)?;
        let rest = number.trim_start_matches(is_digit);
        (rest.len() < number.len() && rest.starts_with('条')).then_some(before)
    })
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn named_so(letters: &str) -> Option<String> {
    let name = letters.replace(NATION, "");
    (LENGTHS.contains(&name.chars().count()) && is_kind(&name)).then_some(name)
}

fn is_kind(name: &str) -> bool {
    let name = TRIALS.iter().find_map(|trial| name.strip_suffix(trial)).unwrap_or(name);
    KINDS.iter().any(|kind| name.ends_with(kind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_named(title: &str, expected: Option<&str>) {
        assert_eq!(named(title).as_deref(), expected, "{title}");
    }

    #[test]
    fn a_title_names_the_document_it_is_part_of() {
        check_named("民法典第七百一十五条", Some("民法典"));
        check_named("中华人民共和国民法典第七百一十五条", Some("民法典"));
        check_named("《杭州市居住证管理办法》", Some("杭州市居住证管理办法"));
        check_named("社会保险法第10条 参保范围", Some("社会保险法"));
        check_named("公租房管理办法(试行)第三条", Some("公租房管理办法试行"));
        check_named("关于适用《民法典》有关担保的解释(一)第二条", Some("关于适用民法典有关担保的解释一"));
        check_named("居住证怎么办", None);
        check_named("第三条", None);
    }

    fn check_cited(text: &str, expected: &[&str]) {
        let cited = cited(text);
        for name in expected {
            assert!(cited.contains(*name), "{text}: {cited:?}");
        }
    }

    #[test]
    fn a_text_refers_to_what_it_names() {
        check_cited("依照《中华人民共和国刑法》和《居住证暂行条例》办理", &["刑法", "居住证暂行条例"]);
        check_cited("患者依据民法典第一千二百一十八条规定主张", &["民法典"]);
        check_cited("见《关于适用《民法典》的规定》", &["民法典", "关于适用民法典的规定"]);
        assert!(cited("按照《指南》，第三条和第5条").is_empty());
        assert!(cited("》《第条").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,40}|[《》第一二条法典规定a7]{0,30}") {
            for name in cited(&text) {
                prop_assert!(LENGTHS.contains(&name.chars().count()));
                prop_assert!(is_kind(&name));
            }
            named(&text);
        }
    }
}
