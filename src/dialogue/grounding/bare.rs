//! Yes and no that nothing can be checked in.

/// Clauses that say yes or no and nothing else.
const BARE: &[&str] = &[
    "能",
    "可以",
    "可",
    "行",
    "要",
    "需要",
    "用",
    "有",
    "是",
    "对",
    "会",
    "算",
    "必须",
    "应当",
    "一定",
    "不能",
    "不可以",
    "不可",
    "不行",
    "不要",
    "不需要",
    "不用",
    "不必",
    "无需",
    "没有",
    "不是",
    "不对",
    "不会",
    "不算",
    "不一定",
];

/// A text whose lines do not begin with a bare yes or no.
pub fn without_bare_answers(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| without_bare_answer(line).unwrap_or_else(|| line.to_owned()))
        .collect()
}

/// A line without the yes or no it begins with: what follows says it in words that can be checked. `None`: it does not begin
/// with one, or nothing follows.
pub(super) fn without_bare_answer(line: &str) -> Option<String> {
    let words = line.trim_start_matches(|c: char| c.is_whitespace() || "-*•0123456789.、".contains(c));
    let lead = line.strip_suffix(words)?;
    let (first, rest) = words.split_once(['，', ',', '。', '；', '：', '！', '!'])?;
    let plain: String =
        first.chars().filter(|c| c.is_alphanumeric() && !"的了啊呀哦吧都也您好".contains(*c)).collect();
    // 能领, 不用交: one character more says no more.
    let is_bare =
        BARE.iter().any(|bare| plain.strip_prefix(bare).is_some_and(|rest| rest.chars().count() <= 1));
    if !is_bare {
        return None;
    }
    // Its own mark goes with it.
    let mut rest = rest.trim_start();
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        rest = after.trim_start_matches(['。', '，', ' ']);
    }
    (rest.chars().filter(|c| c.is_alphanumeric()).count() > 4).then(|| format!("{lead}{rest}"))
}
