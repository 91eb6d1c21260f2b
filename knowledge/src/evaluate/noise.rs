//! Questions as they are typed in haste: one thing wrong with each, made on purpose, so that the loss can be measured.
//!
//! The same question, noise and seed give the same text on every machine. Nothing is shared with the analysis that is
//! to cope with the errors, but the segmenter that says where a word is.

use std::collections::HashMap;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

use crate::analyzer::{Analyzer, is_han};

/// Common characters by their sound.
const HOMOPHONES: &str = include_str!("homophones.txt");

/// Of the characters that sound alike, this many of the most frequent are taken for one another: an input method puts
/// them first, so that is what slips in.
const LIKELY: usize = 8;

/// What people put around a question.
const BEFORE: [&str; 6] = [
    "您好，请教一下，",
    "不好意思打扰了，",
    "我想咨询个事儿，就是",
    "诶，你帮我看看，",
    "麻烦您，",
    "有人在吗？",
];
const AFTER: [&str; 4] = ["，谢谢您了", "，急，在线等", "，有知道的吗", "，辛苦啦"];

/// What is wrong with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// One character is another common one of the same sound, in a word that says something if there is one.
    Homophone,
    /// One character is missing.
    Dropped,
    /// Two neighbouring characters stand in the wrong order.
    Swapped,
    /// Everything is in traditional characters.
    Traditional,
    /// Politeness before and after it.
    Filler,
}

impl Noise {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Noise; 5] =
        [Noise::Homophone, Noise::Dropped, Noise::Swapped, Noise::Traditional, Noise::Filler];

    /// The word for it, as in the JSON form.
    pub fn name(self) -> &'static str {
        match self {
            Noise::Homophone => "homophone",
            Noise::Dropped => "dropped",
            Noise::Swapped => "swapped",
            Noise::Traditional => "traditional",
            Noise::Filler => "filler",
        }
    }
}

/// Makes errors.
pub struct Spoiler<'a> {
    analyzer: &'a Analyzer,
    /// For each common character, the others of its sound.
    homophones: HashMap<char, Vec<char>>,
    /// Absent only if its compiled-in dictionaries were unreadable.
    to_traditional: Option<OpenCC>,
}

impl<'a> Spoiler<'a> {
    /// Reads the lists.
    pub fn new(analyzer: &'a Analyzer) -> Spoiler<'a> {
        let mut homophones = HashMap::new();
        for line in HOMOPHONES.lines().filter(|line| !line.starts_with('#')) {
            let alike: Vec<char> = line.chars().filter(|c| is_han(*c)).collect();
            for &c in &alike {
                let others = alike.iter().copied().filter(|&other| other != c).take(LIKELY).collect();
                homophones.insert(c, others);
            }
        }
        let to_traditional = OpenCC::from_config(BuiltinConfig::S2t).ok();
        Spoiler { analyzer, homophones, to_traditional }
    }

    /// The text with that one thing wrong. `None` if the text does not allow it: too short, or without a character
    /// that could be changed. `seed` is what else the choice depends on, such as the question's id.
    pub fn spoil(&self, text: &str, noise: Noise, seed: &str) -> Option<String> {
        let mut dice = Dice::new(&[noise.name(), seed, text]);
        let characters: Vec<char> = text.chars().collect();
        let spoilt = match noise {
            Noise::Homophone => self.misheard(&characters, &mut dice)?,
            Noise::Dropped => {
                // A question of two characters is another question without one of them.
                let places = places(&characters, |at| characters.len() > 2 && is_han(characters[at]));
                let at = *dice.pick(&places)?;
                characters.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, c)| *c).collect()
            }
            Noise::Swapped => {
                let places = places(&characters, |at| {
                    characters.get(at + 1).is_some_and(|next| {
                        is_han(characters[at]) && is_han(*next) && *next != characters[at]
                    })
                });
                let at = *dice.pick(&places)?;
                let mut swapped = characters.clone();
                swapped.swap(at, at + 1);
                swapped.into_iter().collect()
            }
            Noise::Traditional => self.to_traditional.as_ref()?.convert(text),
            Noise::Filler if characters.is_empty() => return None,
            Noise::Filler => format!("{}{text}{}", dice.pick(&BEFORE)?, dice.pick(&AFTER)?),
        };
        (spoilt != text).then_some(spoilt)
    }

    fn misheard(&self, characters: &[char], dice: &mut Dice) -> Option<String> {
        let text: String = characters.iter().collect();
        let mut telling = vec![false; characters.len()];
        for (word, content) in self.analyzer.segments(&text) {
            if !content || word.chars().nth(1).is_none() {
                continue;
            }
            let word: Vec<char> = word.chars().collect();
            for at in 0..(characters.len() + 1).saturating_sub(word.len()) {
                if characters[at..].starts_with(&word) {
                    telling[at..at + word.len()].fill(true);
                }
            }
        }
        let has_other = |at: usize| self.homophones.get(&characters[at]).is_some_and(|o| !o.is_empty());
        let mut places = places(characters, |at| telling[at] && has_other(at));
        if places.is_empty() {
            places = self::places(characters, has_other);
        }
        let at = *dice.pick(&places)?;
        let mut misheard = characters.to_vec();
        misheard[at] = *dice.pick(self.homophones.get(&characters[at])?)?;
        Some(misheard.into_iter().collect())
    }
}

fn places(characters: &[char], fits: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..characters.len()).filter(|&at| fits(at)).collect()
}

/// Chance that is the same every time: FNV-1a over what it is drawn for, stepped by SplitMix64.
struct Dice(u64);

impl Dice {
    fn new(parts: &[&str]) -> Dice {
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
        Dice(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let at = mixed.checked_rem(from.len() as u64)?;
        from.get(at as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTIONS: [&str; 5] = [
        "社保卡丢了怎么补办",
        "怎么办",
        "灵活就业人员怎么交医保？",
        "结婚登记要带什么材料",
        "公积金能提取几次ABC12",
    ];

    fn check(noise: Noise, differs: impl Fn(&[char], &[char]) -> bool) {
        let analyzer = Analyzer::shared();
        let (spoiler, again) = (Spoiler::new(&analyzer), Spoiler::new(&analyzer));
        for text in QUESTIONS {
            for seed in ["q1", "q2", "q3"] {
                let spoilt = spoiler.spoil(text, noise, seed).unwrap();
                assert_eq!(again.spoil(text, noise, seed).as_ref(), Some(&spoilt), "the same every time");
                let (clean, spoilt): (Vec<char>, Vec<char>) =
                    (text.chars().collect(), spoilt.chars().collect());
                assert!(differs(&clean, &spoilt), "{noise:?}: {text} became {spoilt:?}");
            }
        }
    }

    fn differences(a: &[char], b: &[char]) -> Vec<usize> {
        (0..a.len()).filter(|&at| a[at] != b[at]).collect()
    }

    #[test]
    fn one_character_becomes_another_of_its_sound() {
        let sound = |c: char| HOMOPHONES.lines().find(|l| !l.starts_with('#') && l.contains(c)).unwrap();
        check(Noise::Homophone, |clean, spoilt| {
            clean.len() == spoilt.len()
                && matches!(differences(clean, spoilt)[..], [at] if sound(clean[at]) == sound(spoilt[at]))
        });
    }

    #[test]
    fn the_error_is_in_a_word_that_says_something() {
        let analyzer = Analyzer::shared();
        let spoiler = Spoiler::new(&analyzer);
        for seed in 0..40 {
            let spoilt = spoiler.spoil("怎么办理社保卡", Noise::Homophone, &seed.to_string()).unwrap();
            assert!(spoilt.starts_with("怎么"), "{spoilt}");
        }
    }

    #[test]
    fn one_character_is_dropped() {
        check(Noise::Dropped, |clean, spoilt| {
            clean.len() == spoilt.len() + 1
                && (0..clean.len()).any(|at| clean[..at] == spoilt[..at] && clean[at + 1..] == spoilt[at..])
        });
    }

    #[test]
    fn one_pair_of_neighbours_is_swapped() {
        check(Noise::Swapped, |clean, spoilt| {
            matches!(differences(clean, spoilt)[..], [a, b]
                if b == a + 1 && (clean[a], clean[b]) == (spoilt[b], spoilt[a]))
        });
    }

    #[test]
    fn what_cannot_be_spoilt_is_left_out() {
        let analyzer = Analyzer::shared();
        let spoiler = Spoiler::new(&analyzer);
        let check = |text: &str, noise: Noise, expected: Option<&str>| {
            assert_eq!(spoiler.spoil(text, noise, "").as_deref(), expected, "{text} {noise:?}");
        };
        check("医保报销", Noise::Traditional, Some("醫保報銷"));
        check("头发和发票", Noise::Traditional, Some("頭髮和發票"));
        for noise in Noise::ALL {
            check("", noise, None);
        }
        check("ok", Noise::Homophone, None);
        check("人人", Noise::Swapped, None);
        check("税", Noise::Dropped, None);
        check("人口", Noise::Traditional, None);
    }
}
