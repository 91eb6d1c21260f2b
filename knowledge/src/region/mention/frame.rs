//! Whether a place elsewhere is what a question is about, or only occurs in it.

/// What people say before they come to the point.
const OPENINGS: [&str; 30] = [
    "请问一下",
    "请问",
    "麻烦问一下",
    "麻烦问下",
    "麻烦",
    "打扰一下",
    "你好",
    "您好",
    "我想问一下",
    "我想问下",
    "我想问",
    "想问一下",
    "想问下",
    "想问",
    "问一下",
    "问下",
    "我想知道",
    "想知道",
    "我想咨询一下",
    "我要咨询",
    "咨询一下",
    "咨询下",
    "我想了解一下",
    "想了解",
    "那个",
    "那么",
    "那",
    "就是",
    "如果是",
    "关于",
];

/// What may tie the place to what follows.
const TIES: [&str; 6] = ["那边的", "这边的", "那边", "地区的", "地区", "的"];

/// Right after the place, these make it somebody's or something's origin.
const ORIGINS: [&str; 9] = ["户口", "户籍", "籍", "来", "过来", "方向", "牌", "生", "交"];

/// 人 after a place makes it somebody's origin, but not in these.
const NOT_PERSONS: [&str; 5] = ["人才", "人社", "人力", "人民", "人防"];

/// Anywhere after the place, these say that the matter is one of here and there, or of a paper that is good here, too.
const BETWEEN: [&str; 52] = [
    "转",
    "迁",
    "带来",
    "带过",
    "回来",
    "过来",
    "回去",
    "接过",
    "异地",
    "外地",
    "跨",
    "两地",
    "这里",
    "这边",
    "这儿",
    "在这",
    "你们",
    "本地",
    "能用",
    "通用",
    "认可",
    "认不认",
    "承认",
    "互认",
    "有效",
    "户口",
    "户籍",
    "老家",
    "看病",
    "住院",
    "就医",
    "就诊",
    "报销",
    "备案",
    "违章",
    "罚单",
    "旅游",
    "出差",
    "打工",
    "上班",
    "毕业",
    "身份证",
    "护照",
    "驾照",
    "驾驶证",
    "行驶证",
    "健康证",
    "结婚证",
    "发票",
    "学历",
    "的车",
    "转移",
];

/// Anywhere after the place: done there, not here.
const DONE_THERE: [&str; 11] =
    ["交的", "缴的", "办的", "领的", "买的", "考的", "开的", "发的", "签的", "上的", "租的"];

/// After "在" and the place, these ask how it is done there.
const HOW: [&str; 10] = ["怎么", "怎样", "咋", "如何", "哪里", "哪儿", "去哪", "到哪", "哪个", "什么地方"];

/// Before "在" and the place, these say that somebody is there, and nothing about the matter.
const PERSONS: [&str; 16] =
    ["我", "他", "她", "爸", "妈", "娃", "孩", "儿", "女", "老", "人", "公司", "户口", "现", "正", "存"];

/// Whether the question is about the place that stands at these bytes, as far as the words around it say.
pub(super) fn is_about(text: &str, start: usize, end: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else { return false };
    let before = opened(before);
    let after = after.trim_start();
    let tied = TIES.iter().find_map(|tie| after.strip_prefix(tie)).unwrap_or(after);
    let person = after.starts_with('人') && !NOT_PERSONS.iter().any(|word| after.starts_with(word));
    if person
        || ORIGINS.iter().any(|origin| after.starts_with(origin))
        || BETWEEN.iter().chain(&DONE_THERE).any(|word| tied.contains(word))
    {
        return false;
    }
    match before.strip_suffix('在') {
        None => before.is_empty(),
        Some(subject) => {
            HOW.iter().any(|how| tied.starts_with(how))
                && !PERSONS.iter().any(|person| subject.contains(person))
                && !BETWEEN.iter().any(|word| subject.contains(word))
        }
    }
}

/// The words without openings, blanks and marks at their beginning.
fn opened(mut text: &str) -> &str {
    loop {
        let trimmed = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        let next = OPENINGS.iter().find_map(|opening| trimmed.strip_prefix(opening)).unwrap_or(trimmed);
        if next.len() == text.len() {
            return next;
        }
        text = next;
    }
}
