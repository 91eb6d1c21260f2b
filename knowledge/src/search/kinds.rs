//! What a question wants to know: how, where, how much … Two questions with the same words and another kind want another
//! answer.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// The kinds of a question, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds(u16);

/// What shows each kind, in canonical names.
const SIGNS: &[&[&str]] = &[
    // How it is done.
    &[
        "咋办理",
        "咋弄",
        "咋申请",
        "咋办",
        "流程",
        "步骤",
        "手续",
        "咋开",
        "咋查",
        "咋补",
        "咋交",
        "咋领",
        "咋用",
    ],
    // What to bring.
    &["材料", "资料", "带啥", "证件", "准备啥", "要啥", "需要啥", "提供啥", "提交啥"],
    // How much.
    &["多少钱", "费用", "收费", "多少", "标准", "金额", "价格", "免费", "几块", "比例", "额度"],
    // How long.
    &["多久", "几天", "多长时间", "期限", "时限", "有效期", "几年", "几个月", "多少天", "多长"],
    // Where.
    &["哪里", "哪儿", "在哪", "地点", "地址", "去哪", "到哪", "哪个窗口", "哪个部门", "啥地方"],
    // When.
    &["啥时候", "何时", "几点", "时间", "几号", "哪天"],
    // Whether.
    &["能不能", "可不可以", "是否", "能否", "可以", "是不是", "能", "行不行", "会不会", "有没有", "吗"],
    // Why.
    &["为啥", "为何", "原因", "咋回事", "咋不", "咋没"],
    // Who.
    &["谁", "哪些人", "啥人", "条件", "资格", "对象", "要求"],
    // What it is.
    &["啥是", "是啥", "啥意思", "定义", "含义", "指的", "啥叫"],
    // Looking something up.
    &["查询", "查", "看", "进度"],
    // Changing or ending it.
    &["修改", "变更", "更改", "改", "换", "取消", "注销", "撤销", "退"],
];

/// Finds the signs in a text.
struct Finder {
    signs: Option<AhoCorasick>,
    /// The kind of each sign, by its number.
    kinds: Vec<u16>,
}

impl Finder {
    fn shared() -> &'static Finder {
        static SHARED: OnceLock<Finder> = OnceLock::new();
        SHARED.get_or_init(|| {
            let signs = || {
                SIGNS.iter().enumerate().flat_map(|(kind, signs)| signs.iter().map(move |sign| (kind, sign)))
            };
            Finder {
                signs: AhoCorasick::new(signs().map(|(_, sign)| sign)).ok(),
                kinds: signs().map(|(kind, _)| 1 << kind).collect(),
            }
        })
    }
}

impl Kinds {
    /// The kinds of a question in canonical names.
    pub(crate) fn of(canonical: &str) -> Kinds {
        let finder = Finder::shared();
        let found = finder.signs.iter().flat_map(|signs| signs.find_overlapping_iter(canonical));
        Kinds(found.fold(0, |kinds, sign| kinds | finder.kinds[sign.pattern().as_usize()]))
    }

    /// How much two questions agree, from 0 to 1; half if one of them shows nothing.
    pub(crate) fn agreement(self, other: Kinds) -> f32 {
        if self.0 == 0 || other.0 == 0 {
            return 0.5;
        }
        (self.0 & other.0).count_ones() as f32 / (self.0 | other.0).count_ones() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_agree_when_they_want_to_know_the_same() {
        let table = [
            ("居住证要多少钱", "居住证收费吗", 0.5),
            ("居住证要多少钱", "居住证在哪里办", 0.0),
            ("居住证", "居住证在哪里办", 0.5),
            ("护照几天能拿到", "护照要多久", 0.5),
        ];
        for (one, other, least) in table {
            let agreement = Kinds::of(one).agreement(Kinds::of(other));
            assert!((agreement - least).abs() < 0.01, "{one} {other} {agreement}");
        }
    }
}
