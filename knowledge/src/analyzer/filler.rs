//! Taking greetings and hesitations out of a question.
//!
//! Only questions pass through here: an entry is written without them. Two lists, because the same characters can be
//! a filler or the beginning of a word: 那个 in 那个人所得税 is one character of "that" and a tax.

use jieba_rs::Jieba;

/// Cut off at both ends, longest first, as often as they stand there. Nothing here begins or ends a matter's name.
const AT_THE_ENDS: &[&str] = &[
    "麻烦请问一下",
    "我想请问一下",
    "我想咨询一下",
    "我想了解一下",
    "能不能告诉我",
    "可不可以告诉我",
    "麻烦问一下",
    "麻烦问下",
    "我想问一下",
    "我想问下",
    "想请问一下",
    "想咨询一下",
    "想了解一下",
    "想问一下",
    "想问下",
    "请问一下",
    "请问下",
    "问一下",
    "问一句",
    "我要咨询",
    "我想咨询",
    "我想请问",
    "我想知道",
    "我想了解",
    "我要问",
    "我想问",
    "想请问",
    "想咨询",
    "想知道",
    "咨询一下",
    "咨询下",
    "打扰一下",
    "打扰了",
    "不好意思",
    "工作人员",
    "客服你好",
    "领导好",
    "领导您好",
    "老师好",
    "同志你好",
    "你好呀",
    "您好呀",
    "你好啊",
    "您好啊",
    "你好",
    "您好",
    "请问",
    "麻烦您",
    "麻烦你",
    "麻烦了",
    "拜托了",
    "谢谢您",
    "谢谢你",
    "谢谢了",
    "谢谢啦",
    "谢谢",
    "多谢",
    "急急急",
    "在线等",
    "在吗",
    "在不在",
    "有人吗",
    "帮我看看",
    "帮我看下",
    "帮我查一下",
    "告诉我一下",
    "告诉我",
    "hello",
    "hi",
    "喂",
];

/// Taken out wherever the dictionary sees them as words of their own.
const ANYWHERE: &[&str] = &[
    "那个",
    "这个",
    "嗯",
    "嗯嗯",
    "呃",
    "额",
    "哎",
    "唉",
    "哦",
    "噢",
    "啊",
    "呀",
    "嘛",
    "呗",
    "哈",
    "哎呀",
    "的话",
    "就是说",
    "怎么说呢",
];

/// A question without its fillers, or the question itself if nothing else would be left.
pub(super) fn strip(normalised: &str, jieba: &Jieba) -> String {
    let inner = trim_ends(normalised);
    let kept: String = jieba
        .cut(inner, false)
        .into_iter()
        .map(|token| token.word)
        .filter(|word| !ANYWHERE.contains(word))
        .collect();
    let stripped = trim_ends(&kept);
    if stripped.chars().any(char::is_alphanumeric) { stripped.to_owned() } else { normalised.to_owned() }
}

fn trim_ends(text: &str) -> &str {
    let mut rest = trim_marks(text);
    loop {
        let before = rest;
        for filler in AT_THE_ENDS {
            rest = rest.strip_prefix(filler).unwrap_or(rest);
            rest = rest.strip_suffix(filler).unwrap_or(rest);
            rest = trim_marks(rest);
        }
        if rest == before {
            return rest;
        }
    }
}

fn trim_marks(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphanumeric())
}
