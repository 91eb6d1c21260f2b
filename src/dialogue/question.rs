//! A question as retrieval sees it.

/// What is looked for, and for whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The words.
    pub text: String,
    /// The place asked about: a 行政区划 code or name.
    pub region: Option<String>,
    /// For whom, if the channel knows it; never guessed from the words.
    pub audience: Option<Audience>,
}

/// For whom something holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// 群众
    Citizen,
    /// 企业
    Enterprise,
}

/// The place that the words of a question name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// None that matters.
    Unnamed,
    /// The city or a part of it.
    Here {
        /// Its code.
        region: String,
        /// The words without the place, if it narrows the question.
        rest: String,
    },
    /// The question is about another place, of which the knowledge says nothing.
    Elsewhere {
        /// What the words call it.
        name: String,
        /// What the city is called that is answered for.
        home: String,
    },
}

/// The comparable form of a question: what is left when blanks, marks and courtesies are taken away. Two questions
/// with the same form are the same question asked again.
pub fn comparable(text: &str) -> String {
    const COURTESIES: [&str; 8] = ["请问一下", "请问", "麻烦问下", "麻烦", "我想问", "那个", "你好", "您好"];
    let mut plain: String = text.to_lowercase();
    for courtesy in COURTESIES {
        plain = plain.replace(courtesy, "");
    }
    plain.chars().filter(|character| character.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_courtesies_do_not_make_another_question() {
        assert_eq!(comparable("请问，护照多少钱？"), comparable("护照多少钱"));
        assert_ne!(comparable("护照多少钱"), comparable("护照在哪办"));
    }
}
