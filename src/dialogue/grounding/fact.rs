//! What can be checked letter by letter: numbers with their units, dates, times, telephone numbers, addresses, links, and
//! the numbers of documents and articles.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::limit::{Direction, direction};
use super::moment;
use super::pattern::patterns;

/// What kind of fact it is; each is counted by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FactKind {
    /// The address of a page.
    Link,
    /// The number of a document: 国发〔2023〕12号.
    Document,
    /// An article of a law: 第12条.
    Article,
    /// A day, a month or a year of the calendar.
    Date,
    /// A time of day.
    Time,
    /// A telephone number.
    Phone,
    /// A share.
    Percent,
    /// An amount of money.
    Amount,
    /// How long something takes, lasts or may take.
    Period,
    /// An age.
    Age,
    /// A street with its number.
    Address,
    /// Any other number.
    Number,
}

impl FactKind {
    /// The kind's name in metrics and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Document => "document",
            Self::Article => "article",
            Self::Date => "date",
            Self::Time => "time",
            Self::Phone => "phone",
            Self::Percent => "percent",
            Self::Amount => "amount",
            Self::Period => "period",
            Self::Age => "age",
            Self::Address => "address",
            Self::Number => "number",
        }
    }
}

/// Something that can be checked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Fact {
    /// What kind.
    pub(super) kind: FactKind,
    /// The same for everything that means the same.
    pub(super) key: String,
    /// Which way it points, where it limits something.
    pub(super) direction: Option<Direction>,
    /// Whether the limit is so weak that it may be left out: 5个工作日内 is said as 5个工作日.
    pub(super) soft: bool,
    /// How it stands in the text.
    pub(super) text: String,
}

patterns! {
    LINK = r"https?://[a-z0-9.:/_?&=%#~+@-]+|(?-u:\b)[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:com|cn|net|org|example|gov|edu)(?:/[a-z0-9./_?&=%#~+-]*)?|[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}";
    DOCUMENT = r"([\p{Han}]{0,6})[〔\[(](\d{4})[〕\])]第?(\d+)号";
    ARTICLE = r"第(\d+)(条|款|项|章)|article (\d+)";
    PHONE = r"(?-u:\b)0\d{2,3}-?\d{7,8}(?:-\d{1,4})?(?-u:\b)|(?-u:\b)1[3-9]\d{9}(?-u:\b)|(?-u:\b)400-?\d{3,4}-?\d{3,4}(?-u:\b)";
    PERCENT = r"(\d+(?:\.\d+)?) ?(?:%|percent|per cent)";
    AMOUNT = r"(?:[¥$]|(?-u:\b)(?:rmb|cny|yuan) ?)(\d+(?:\.\d+)?) ?(万|亿|million)?|(\d+(?:\.\d+)?) ?(亿|千万|百万|十万|万|千|百)?多?余?(?:元|块钱|块|人民币|yuan|rmb|cny)";
    PERIOD = r"(\d+(?:\.\d+)?) ?(?:个|full |consecutive |more |calendar )?-?(工作日|自然日|日历日|天|日|星期|周|礼拜|月|季度|年|小时|钟头|分钟|秒|(?:working|business)[ -]days?|days?|weeks?|months?|years?|hours?|minutes?)";
    AGE = r"(\d+)(?:周岁|岁)|(?-u:\b)(\d+) (?:full )?years? (?:old|of age)|(?-u:\b)(?:aged?|age of|turn|turned|turning|under|over|younger than|older than) (\d+)(?-u:\b)( ?(?:months?|weeks?|days?|hours?|minutes?|working|business|calendar))?";
    ADDRESS = r"(\p{Han}{2}(?:路|街|巷|道|弄|里|大街|大道))(\d+)号";
    SMALL = r"(?:[这那上下]面?|以[上下])(?:[2-9]|10)(?:个|项|样|种|笔|张|条)|(?:^|[^\d.])([1-9]|10) ?(?:样|种|类|处|点(?:$|[^0-9:半])|步|件事|件(?:$|\P{Han})|个(?:条件|办法|方面|步骤|情况|地方|办理点|阶段|部分)|项:|(?:more )?(?:ways|things|steps|documents|kinds|options|conditions|cases|types|offices|places|items))";
    NUMBER = r"\d+(?:\.\d+)?(万|亿)?";
}

/// A text without its links.
pub(super) fn without_links(text: &str) -> String {
    LINK.as_ref().map_or_else(|| text.to_owned(), |link| link.replace_all(text, "").into_owned())
}

/// A piece of a text between two places that a pattern found.
pub(super) fn part(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

/// A number without zeros that mean nothing.
pub(super) fn plain(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(super) fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}

fn times(multiplier: Option<&str>) -> f64 {
    match multiplier {
        Some("百") => 1e2,
        Some("千") => 1e3,
        Some("万") => 1e4,
        Some("十万") => 1e5,
        Some("百万" | "million") => 1e6,
        Some("千万") => 1e7,
        Some("亿") => 1e8,
        _ => 1.0,
    }
}

/// Reads facts off a text and blanks what it has read, so that nothing is read twice.
pub(super) struct Reader {
    pub(super) rest: String,
    pub(super) facts: Vec<Fact>,
}

impl Reader {
    /// Reads everything that a pattern finds and `read` understands.
    pub(super) fn take(
        &mut self,
        pattern: &Option<Regex>,
        read: impl Fn(&Captures<'_>) -> Option<(FactKind, String)>,
    ) {
        let Some(pattern) = pattern else { return };
        let mut rest = String::with_capacity(self.rest.len());
        let mut end = 0;
        for found in pattern.captures_iter(&self.rest) {
            let Some(whole) = found.get(0) else { continue };
            let Some((kind, key)) = read(&found) else { continue };
            let (before, after) =
                (part(&self.rest, 0, whole.start()), part(&self.rest, whole.end(), self.rest.len()));
            let (mut direction, soft) = direction(before, after);
            // The words that limit an English age are part of what was found.
            if kind == FactKind::Age && whole.as_str().is_ascii() {
                direction = None;
            }
            self.facts.push(Fact { kind, key, direction, soft, text: whole.as_str().trim().to_owned() });
            rest.push_str(part(&self.rest, end, whole.start()));
            // A mark stays, so that the words around it do not run together.
            rest.push('\u{1}');
            end = whole.end();
        }
        rest.push_str(part(&self.rest, end, self.rest.len()));
        self.rest = rest;
    }
}

/// What can be checked in a text that is in normal form.
pub(super) fn facts(normal: &str) -> Vec<Fact> {
    let mut reader = Reader { rest: normal.to_owned(), facts: Vec::new() };
    reader.take(&LINK, |found| {
        let link = found[0].trim_end_matches(['.', ',', '/', '-', ':']);
        let link = link.trim_start_matches("https://").trim_start_matches("http://");
        Some((FactKind::Link, link.to_owned()))
    });
    reader.take(&DOCUMENT, |found| {
        let last: String = found[1].chars().last().map(String::from).unwrap_or_default();
        Some((FactKind::Document, format!("{last}({}){}号", &found[2], &found[3])))
    });
    reader.take(&ARTICLE, |found| {
        let (number, unit) = match found.get(3) {
            Some(number) => (number.as_str(), "条"),
            None => (&found[1], &found[2]),
        };
        Some((FactKind::Article, format!("第{number}{unit}")))
    });
    moment::dates(&mut reader);
    moment::clock(&mut reader);
    reader.take(&PHONE, |found| Some((FactKind::Phone, found[0].replace('-', ""))));
    reader.take(&PERCENT, |found| Some((FactKind::Percent, plain(number(&found[1])))));
    reader.take(&AMOUNT, |found| {
        let (value, multiplier) = match found.get(1) {
            Some(value) => (value.as_str(), found.get(2)),
            None => (&found[3], found.get(4)),
        };
        let yuan = number(value) * times(multiplier.map(|multiplier| multiplier.as_str()));
        Some((FactKind::Amount, plain(yuan)))
    });
    reader.take(&AGE, |found| {
        // Over 3 months is no age.
        if found.get(4).is_some() {
            return None;
        }
        let years = found.get(1).or_else(|| found.get(2)).or_else(|| found.get(3))?;
        Some((FactKind::Age, plain(number(years.as_str()))))
    });
    reader.take(&PERIOD, |found| {
        let value = number(&found[1]);
        let (unit, factor) = match &found[2] {
            "工作日" => ("workday", 1.0),
            unit if unit.starts_with("working") || unit.starts_with("business") => ("workday", 1.0),
            "天" | "日" | "自然日" | "日历日" | "day" | "days" => ("day", 1.0),
            "周" | "星期" | "礼拜" | "week" | "weeks" => ("day", 7.0),
            "月" | "month" | "months" => ("month", 1.0),
            "季度" => ("month", 3.0),
            "年" | "year" | "years" => ("month", 12.0),
            "小时" | "钟头" | "hour" | "hours" => ("minute", 60.0),
            "分钟" | "minute" | "minutes" => ("minute", 1.0),
            _ => ("second", 1.0),
        };
        Some((FactKind::Period, format!("{unit}:{}", plain(value * factor))))
    });
    reader.take(&ADDRESS, |found| Some((FactKind::Address, format!("{}{}号", &found[1], &found[2]))));
    // How many ways or documents there are is the writer's own count of what follows.
    reader.take(&SMALL, |_| Some((FactKind::Number, String::new())));
    reader.facts.retain(|fact| !fact.key.is_empty());
    reader.take(&NUMBER, |found| {
        let digits = found[0].trim_end_matches(['万', '亿']);
        let value = number(digits) * times(found.get(1).map(|multiplier| multiplier.as_str()));
        Some((FactKind::Number, plain(value)))
    });
    reader.facts
}
