//! Faithful answers made wrong in one place, by rule and always in the same way.

use rand::RngExt;
use rand::rngs::StdRng;
use regex::Regex;

use super::{covered, pairs};

/// What is done to an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Corruption {
    Number,
    Period,
    PeriodUnit,
    Amount,
    Percent,
    Date,
    Phone,
    Age,
    Time,
    Limit,
    CitationDropped,
    CitationChanged,
    ConditionDropped,
    ExceptionDropped,
    ConditionChanged,
    ExceptionChanged,
    MoneyUnit,
    OtherValue,
    OtherPhone,
    OneOrAll,
    Subject,
    RangeCut,
    Invented,
    Order,
}

/// A limit and its opposite.
const LIMITS: &[(&str, &str)] = &[
    ("不超过", "超过"),
    ("不低于", "低于"),
    ("以上", "以下"),
    ("以下", "以上"),
    ("未满", "已满"),
    ("不满", "满"),
    ("没满", "满了"),
    ("最高", "最低"),
    ("最多", "最少"),
    ("至少", "至多"),
    ("以内", "以外"),
];

/// A condition and its opposite.
const CONDITIONS: &[(&str, &str)] = &[
    ("必须", "不必"),
    ("只能", "也可以不"),
    ("才能", "不必也能"),
    ("不能", "能"),
    ("不用", "要"),
    ("不需要", "需要"),
    ("仅限", "不限"),
    ("只限", "不限"),
    ("不收费", "收费"),
    ("免费", "收费"),
    ("可以", "不可以"),
    ("要交", "不用交"),
    ("需要", "不需要"),
];

/// An exception and its opposite.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("除外", "也包括"),
    ("不补", "也补"),
    ("不算", "也算"),
    ("不享受", "也享受"),
    ("不适用", "也适用"),
    ("不包括", "包括"),
    ("不含", "含"),
    ("不退", "可以退"),
    ("不予", "可予"),
    ("不得", "可以"),
    ("不能重复", "可以重复"),
    ("不重复", "可重复"),
    ("不受理", "也受理"),
    ("不再", "还可以"),
    ("不罚款", "罚款"),
    ("不能", "也能"),
];

/// Amounts of money in other units.
const MONEY: &[(&str, &str)] = &[("万元", "元"), (" 元", " 万元")];

/// One of several, and all of them.
const ONE_OR_ALL: &[(&str, &str)] = &[
    ("任选一种", "全部都要"),
    ("任一种", "每一种"),
    ("任意一种", "每一种"),
    ("任一", "全部"),
    ("之一", "全部"),
    ("或者", "并且"),
    ("二选一", "两样都要"),
    ("其中一项", "每一项"),
    ("一样就行", "都要齐"),
    ("都要", "任一要"),
    ("同时", "任一"),
    ("或", "和"),
];

/// Whom or what something is for, and who or what is not meant.
const SUBJECTS: &[(&str, &str)] = &[
    ("本市户籍", "外地户籍"),
    ("安和户籍", "外地户籍"),
    ("外省", "本省"),
    ("一般纳税人", "小规模纳税人"),
    ("小规模纳税人", "一般纳税人"),
    ("个体户", "公司"),
    ("单位", "个人"),
    ("在职职工", "退休人员"),
    ("退休人员", "在职职工"),
    ("居民医保", "职工医保"),
    ("职工医保", "居民医保"),
    ("卖方", "买方"),
    ("买方", "卖方"),
    ("父母", "子女"),
    ("首次", "再次"),
    ("第二套", "第一套"),
    ("首套", "二套"),
    ("户籍地", "居住地"),
    ("迁入地", "迁出地"),
    ("法定代表人", "经办人"),
    ("未成年", "成年"),
    ("丢失", "到期"),
    ("境外", "境内"),
];

/// Documents that an office may want somewhere else.
const DOCUMENTS: &[&str] =
    &["无犯罪记录证明", "收入证明", "居委会证明", "单位介绍信", "体检报告", "户口簿", "房产证"];

/// Words that only look like one of those: questions, and other words.
const LOOK_ALIKES: &[&str] = &[
    "能不能",
    "要不要",
    "可不可以",
    "用不用",
    "算不算",
    "退不退",
    "可以下",
    "可以上",
    "满没满",
    "是不是",
    "有没有",
    "时限",
    "人才",
    "刚才",
];

/// The text with those hidden, every character in its place.
fn without_look_alikes(text: &str) -> String {
    LOOK_ALIKES
        .iter()
        .fold(text.to_owned(), |text, word| text.replace(word, &"＿".repeat(word.chars().count())))
}

const A_CONDITION: &str = "须|必须|只有|只能|才能|才|仅限|只限|限|要.*(?:满|是|有)|如果|的话|以上|以下|不超过|未满|条件|前提|本人(?:到场|到|亲自|名下|账户|的账户|在场|签)|(?:是|为|限|要)本人|连续";
const AN_EXCEPTION: &str = "但|不过|除外|除了|不能|不得|不补|不算|不享受|不适用|不包括|不含|不退|不予|不再|不重复|逾期|过期|否则|另外|例外";
const A_VALUE: &str = r"\d+(?:\.\d+)? ?(?:万元|元|%|个工作日|个月|周岁|岁|年|天|日内|平方米|人|次)";
const A_PHONE: &str = r"0000-\d{8}";
const A_PERIOD: &str = r"\d ?(?:个工作日|天|日内|个月|小时)";

impl Corruption {
    /// All of them.
    pub(super) const ALL: [Self; 24] = [
        Self::Number,
        Self::Period,
        Self::PeriodUnit,
        Self::Amount,
        Self::Percent,
        Self::Date,
        Self::Phone,
        Self::Age,
        Self::Time,
        Self::Limit,
        Self::CitationDropped,
        Self::CitationChanged,
        Self::ConditionDropped,
        Self::ExceptionDropped,
        Self::ConditionChanged,
        Self::ExceptionChanged,
        Self::MoneyUnit,
        Self::OtherValue,
        Self::OtherPhone,
        Self::OneOrAll,
        Self::Subject,
        Self::RangeCut,
        Self::Invented,
        Self::Order,
    ];

    /// Its name in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "number changed",
            Self::Period => "period changed",
            Self::PeriodUnit => "unit of a period changed",
            Self::Amount => "amount changed",
            Self::Percent => "percentage changed",
            Self::Date => "date changed",
            Self::Phone => "phone changed",
            Self::Age => "age changed",
            Self::Time => "time changed",
            Self::Limit => "limit turned round",
            Self::CitationDropped => "citation dropped",
            Self::CitationChanged => "citation changed",
            Self::ConditionDropped => "condition dropped",
            Self::ExceptionDropped => "exception dropped",
            Self::ConditionChanged => "condition turned round",
            Self::ExceptionChanged => "exception turned round",
            Self::MoneyUnit => "unit of money changed",
            Self::OtherValue => "value of another case",
            Self::OtherPhone => "phone of another office",
            Self::OneOrAll => "one and all changed",
            Self::Subject => "subject changed",
            Self::RangeCut => "range cut",
            Self::Invented => "document invented",
            Self::Order => "steps in another order",
        }
    }

    /// Whether it is one of those that the promise speaks of: a number, date, phone, citation, condition or exception. The others are
    /// what a model would do besides.
    pub(super) fn is_promised(self) -> bool {
        self <= Self::ExceptionChanged
    }

    /// Whether something is taken away, which may be given back.
    pub(super) fn drops(self) -> bool {
        matches!(self, Self::ConditionDropped | Self::ExceptionDropped)
    }

    /// The answer with one thing wrong, if there is something of the kind in it.
    pub(super) fn of(self, answer: &str, evidence: &[String], random: &mut StdRng) -> Option<String> {
        let sources = evidence.len();
        let wrong = match self {
            Self::Number => {
                digit(answer, r"\d+ ?(?:张|份|人|名|次|项|类|户|套|级|公里|米|平方米|寸|分)", random)
            }
            Self::Period => digit(answer, r"\d+ ?(?:个工作日|天|日内|个月|年|小时|分钟|周)", random),
            Self::PeriodUnit => unit(answer, random),
            Self::Amount => digit(answer, r"\d+(?:\.\d+)? ?(?:万元|元|亿元|块)", random),
            Self::Percent => digit(answer, r"\d+(?:\.\d+)?%", random),
            Self::Date => digit(answer, r"20\d\d ?[年-] ?\d+(?: ?[月-] ?\d+)?|\d+ ?月 ?\d+ ?日", random),
            Self::Phone => digit(answer, r"0000-\d{8}|0\d{2,3}-\d{7,8}", random),
            Self::Age => digit(answer, r"\d+ ?(?:周岁|岁)", random),
            Self::Time => digit(answer, r"\d{1,2}[:：]\d{2}", random),
            Self::Limit => other(answer, LIMITS, random),
            Self::ConditionChanged => other(answer, CONDITIONS, random),
            Self::ExceptionChanged => other(answer, EXCEPTIONS, random),
            Self::ConditionDropped => dropped(answer, A_CONDITION, random),
            Self::ExceptionDropped => dropped(answer, AN_EXCEPTION, random),
            // The items of a list have the marks of the line that introduces it.
            Self::CitationDropped if answer.contains("：[") => None,
            Self::CitationDropped => on_a_line(
                answer,
                // Whoever only sends the reader to a hotline needs no source.
                |line| {
                    (line.contains("[1]") || line.contains("[2]"))
                        && !(line.contains("12345") && line.matches('，').count() < 2)
                },
                random,
                |line| line.replace("[1]", "").replace("[2]", ""),
            ),
            Self::CitationChanged if sources < 2 => None,
            Self::CitationChanged => on_a_line(
                answer,
                |line| {
                    line.contains("[1]") != line.contains("[2]") && !line.contains("请向窗口或 12345 核实")
                },
                random,
                |line| {
                    let (from, to) = if line.contains("[1]") { ("[1]", "[2]") } else { ("[2]", "[1]") };
                    line.replace(from, to)
                },
            ),
            Self::MoneyUnit => other(answer, MONEY, random),
            Self::OtherValue => other_value(answer, A_VALUE, evidence, random),
            Self::OtherPhone => other_value(answer, A_PHONE, evidence, random),
            // Whoever sends the reader to a window or a hotline says as much with either word.
            Self::OneOrAll => {
                other(answer, ONE_OR_ALL, random).filter(|wrong| !refers_otherwise(answer, wrong))
            }
            Self::Subject => other(answer, SUBJECTS, random),
            Self::RangeCut => range_cut(answer, random),
            Self::Invented => invented(answer, evidence, random),
            Self::Order => steps_swapped(answer, evidence, random),
        }?;
        (wrong != answer).then_some(wrong)
    }
}

/// One of some, by chance.
fn one<T>(mut some: Vec<T>, random: &mut StdRng) -> Option<T> {
    (!some.is_empty()).then(|| some.swap_remove(random.random_range(0..some.len())))
}

/// The text with other words in a place.
fn with(text: &str, start: usize, end: usize, words: &str) -> String {
    let part = |from, to| text.get(from..to).unwrap_or_default();
    [part(0, start), words, part(end, text.len())].concat()
}

fn found(text: &str, pattern: &str, random: &mut StdRng) -> Option<(usize, String)> {
    let pattern = Regex::new(pattern).ok()?;
    one(pattern.find_iter(text).map(|found| (found.start(), found.as_str().to_owned())).collect(), random)
}

/// Another digit in one of the numbers that a pattern finds.
fn digit(answer: &str, pattern: &str, random: &mut StdRng) -> Option<String> {
    let (start, words) = found(answer, pattern, random)?;
    let digits: Vec<(usize, u32)> =
        words.char_indices().filter_map(|(at, c)| Some((at, c.to_digit(10)?))).collect();
    // The area code of the demo city is not a number that anybody would mistake.
    let digits = if words.starts_with("0000-") { digits.into_iter().skip(4).collect() } else { digits };
    let (at, old) = one(digits, random)?;
    // No leading zero, so that the number stays one.
    let new = (old + random.random_range(1..9)) % 10;
    let new = if new == 0 { if old == 1 { 2 } else { 1 } } else { new };
    Some(with(answer, start + at, start + at + 1, &new.to_string()))
}

/// Another unit of a period.
fn unit(answer: &str, random: &mut StdRng) -> Option<String> {
    let (start, words) = found(answer, A_PERIOD, random)?;
    let number: String = words.chars().take_while(|c| c.is_ascii_digit() || *c == ' ').collect();
    let other = match words.strip_prefix(&number)? {
        "个工作日" => "天",
        "天" => "个工作日",
        "日内" => "个工作日内",
        "个月" => "年",
        _ => "天",
    };
    Some(with(answer, start, start + words.len(), &format!("{number}{other}")))
}

/// Whether only a line that sends the reader to a hotline is otherwise.
fn refers_otherwise(answer: &str, wrong: &str) -> bool {
    answer.lines().zip(wrong.lines()).any(|(before, after)| before != after && before.contains("12345"))
}

/// Another value of the same kind, which the evidence has for something else.
fn other_value(answer: &str, pattern: &str, evidence: &[String], random: &mut StdRng) -> Option<String> {
    let (start, words) = found(answer, pattern, random)?;
    let unit =
        |words: &str| words.trim_start_matches(|c: char| c.is_ascii_digit() || ". -".contains(c)).to_owned();
    let plain = |words: &str| words.replace(' ', "");
    let pattern = Regex::new(pattern).ok()?;
    let mut others: Vec<String> = evidence
        .iter()
        .flat_map(|text| pattern.find_iter(text).map(|found| found.as_str().to_owned()).collect::<Vec<_>>())
        .filter(|other| unit(other) == unit(&words) && plain(other) != plain(&words))
        .collect();
    others.sort();
    others.dedup();
    // A year of the calendar is no period.
    let is_year = |words: &str| words.starts_with("20") && words.ends_with('年');
    if is_year(&words) {
        return None;
    }
    others.retain(|other| !is_year(other));
    let other = one(others, random)?;
    Some(with(answer, start, start + words.len(), &other))
}

/// Only the end of a range.
fn range_cut(answer: &str, random: &mut StdRng) -> Option<String> {
    let (start, words) = found(answer, r"\d+%?(?:–|-|至|到)\d+(?:%| ?(?:岁|年|个月|万元|天))", random)?;
    let end = words.rsplit(['–', '-', '至', '到']).next()?;
    Some(with(answer, start, start + words.len(), end))
}

/// A document among others that the evidence does not ask for.
fn invented(answer: &str, evidence: &[String], random: &mut StdRng) -> Option<String> {
    let unknown = |document: &&&str| !evidence.iter().any(|text| text.contains(**document));
    let document = one(DOCUMENTS.iter().filter(unknown).collect(), random)?;
    let (start, words) =
        found(answer, r"(?:身份证|营业执照|结婚证|申请表|户口簿)(?:原件|复印件|、|，)", random)?;
    let at = words.trim_end_matches(['、', '，']).len();
    Some(with(answer, start + at, start + at, &format!("、{document}")))
}

/// Two steps of a numbered list that follow each other, as they do in the evidence, each in the other's place.
fn steps_swapped(answer: &str, evidence: &[String], random: &mut StdRng) -> Option<String> {
    let step = Regex::new(r"^(\d+[.、] ?)(.+)$").ok()?;
    let known: Vec<&str> = evidence
        .iter()
        .flat_map(|text| text.lines().skip_while(|line| *line != "办理步骤：").skip(1))
        .take_while(|line| line.starts_with("- "))
        .collect();
    // Documents and conditions may be numbered, too; their order says nothing.
    let place = |line: &str| {
        let words = pairs(&step.captures(line)?[2]);
        known.iter().position(|known| covered(&words, &pairs(known)) >= 0.5)
    };
    let mut lines: Vec<String> = answer.lines().map(str::to_owned).collect();
    let follows = |at: &usize| {
        let (before, after) = (place(&lines[at - 1]), place(&lines[*at]));
        before.is_some() && before < after
    };
    let at = one((1..lines.len()).filter(follows).collect(), random)?;
    let parts = |line: &str| step.captures(line).map(|found| (found[1].to_owned(), found[2].to_owned()));
    let ((number, first), (next, second)) = (parts(&lines[at - 1])?, parts(&lines[at])?);
    lines[at - 1] = format!("{number}{second}");
    lines[at] = format!("{next}{first}");
    Some(lines.join("\n"))
}

/// The opposite of one of the words.
fn other(answer: &str, pairs: &[(&str, &str)], random: &mut StdRng) -> Option<String> {
    let hidden = without_look_alikes(answer);
    let mut places: Vec<(usize, &str, &str)> = pairs
        .iter()
        .flat_map(|(word, other)| hidden.match_indices(word).map(move |(at, _)| (at, *word, *other)))
        .collect();
    places.sort_by_key(|(at, word, _)| (*at, usize::MAX - word.len()));
    places.dedup_by_key(|(at, ..)| *at);
    // 不需要 is turned round as a whole, not to 不不需要.
    places.retain(|(at, _, other)| {
        !(other.starts_with('不') && hidden.get(..*at).is_some_and(|before| before.ends_with('不')))
    });
    let (at, word, other) = one(places, random)?;
    // 也不能 becomes 也能, not 也也能.
    let is_doubled = other.starts_with('也') && answer.get(..at).is_some_and(|before| before.ends_with('也'));
    let other = if is_doubled { other.trim_start_matches('也') } else { other };
    Some(with(answer, at, at + word.len(), other))
}

/// The answer with one of its lines otherwise.
fn on_a_line(
    answer: &str,
    fits: impl Fn(&str) -> bool,
    random: &mut StdRng,
    change: impl Fn(&str) -> String,
) -> Option<String> {
    let lines: Vec<&str> = answer.lines().collect();
    let chosen = one((0..lines.len()).filter(|&number| fits(lines[number])).collect(), random)?;
    let changed =
        |(number, line): (usize, &&str)| if number == chosen { change(line) } else { (*line).to_owned() };
    Some(lines.iter().enumerate().map(changed).collect::<Vec<_>>().join("\n"))
}

/// The answer without one of the clauses, sentences or items that a pattern finds.
fn dropped(answer: &str, pattern: &str, random: &mut StdRng) -> Option<String> {
    let wanted = Regex::new(pattern).ok()?;
    let marks = Regex::new(r"(?:\[\d+\])+[。]?\s*$").ok()?;
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    let mut begin = 0;
    for line in answer.split_inclusive('\n') {
        let end = marks.find(line).map_or(line.trim_end().len(), |marks| marks.start());
        let body = line.get(..end).unwrap_or_default();
        // What introduces a list states nothing that the list does not.
        let introduces = body.trim_end().ends_with('：');
        let body = without_look_alikes(body);
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        let mut start = 0;
        for (at, c) in body.char_indices().filter(|(_, c)| "，；。".contains(*c)) {
            pieces.push((start, at + c.len_utf8()));
            start = at + c.len_utf8();
        }
        pieces.push((start, body.len()));
        let is_item = line.trim_start().starts_with(['-', '*', '•']);
        let alone = pieces.len() == 1;
        for (from, to) in
            pieces.into_iter().filter(|&(from, to)| wanted.is_match(body.get(from..to).unwrap_or_default()))
        {
            // 但要满足条件 says nothing that the condition behind it does not.
            let announces = body.get(from..to).is_some_and(|piece| piece.contains("满足条件"));
            if introduces || announces {
                continue;
            } else if !alone {
                cuts.push((begin + from, begin + to));
            } else if is_item {
                cuts.push((begin, begin + line.len()));
            }
        }
        begin += line.len();
    }
    let (from, to) = one(cuts, random)?;
    let cut = with(answer, from, to, "");
    // What is left is a sentence again.
    let head = cut.get(..from).unwrap_or_default().trim_end();
    let tail = cut.get(from..).unwrap_or_default();
    let ends = tail.trim_start().starts_with(['[', '。']) || tail.is_empty() || tail.starts_with('\n');
    let whole = if head.ends_with('，') && ends {
        format!("{}{tail}", head.trim_end_matches('，'))
    } else {
        cut.clone()
    };
    let says_something = |line: &str| line.chars().any(char::is_alphabetic);
    whole.lines().all(|line| line.trim().is_empty() || says_something(line)).then_some(whole)
}
