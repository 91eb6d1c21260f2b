//! What the citizen wants of the conversation itself, by rules whose words live in `config/words/intents.toml`, and where no
//! rule holds by what it sounds like ([`super::hearing`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::{Regex, RegexSet};

use super::aspect::Aspect;
use super::hearing::{self, Explanation, Hearing};
use super::question::comparable;

/// What the citizen wants, as far as the words tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Intent {
    /// Somebody needs the police at once.
    EmergencyPolice,
    /// Something burns, or somebody is trapped.
    EmergencyFire,
    /// Somebody needs an ambulance.
    EmergencyAmbulance,
    /// Somebody speaks of ending their life.
    EmergencyCrisis,
    /// A person is asked for.
    AskHuman,
    /// The answers are of no use.
    Dissatisfied,
    /// A complaint about an office or its staff.
    Complaint,
    /// Asks whether a machine is speaking.
    Identity,
    /// Wants to log in, or to see what was asked before.
    Login,
    /// Thanks, or a farewell.
    Thanks,
    /// A greeting and nothing else.
    Greeting,
}

impl Intent {
    /// All intents, in the order in which they are tried: what harms most if missed comes first.
    pub const ALL: [Self; 11] = [
        Self::EmergencyAmbulance,
        Self::EmergencyFire,
        Self::EmergencyPolice,
        Self::EmergencyCrisis,
        Self::AskHuman,
        Self::Complaint,
        Self::Dissatisfied,
        Self::Identity,
        Self::Login,
        Self::Thanks,
        Self::Greeting,
    ];

    /// The intent's name in the words file.
    pub fn name(self) -> &'static str {
        match self {
            Self::EmergencyPolice => "emergency_police",
            Self::EmergencyFire => "emergency_fire",
            Self::EmergencyAmbulance => "emergency_ambulance",
            Self::EmergencyCrisis => "emergency_crisis",
            Self::AskHuman => "ask_human",
            Self::Dissatisfied => "dissatisfied",
            Self::Complaint => "complaint",
            Self::Identity => "identity",
            Self::Login => "login",
            Self::Thanks => "thanks",
            Self::Greeting => "greeting",
        }
    }

    /// Whether life or limb may be in danger.
    pub fn is_emergency(self) -> bool {
        matches!(
            self,
            Self::EmergencyPolice | Self::EmergencyFire | Self::EmergencyAmbulance | Self::EmergencyCrisis
        )
    }
}

/// What the words want, and how surely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wish {
    /// What it is.
    pub intent: Intent,
    /// Whether it is beyond doubt. What is not gives way to a matter that the words surely name.
    pub is_certain: bool,
}

impl Wish {
    /// A wish that is beyond doubt.
    pub fn certain(intent: Intent) -> Self {
        Self { intent, is_certain: true }
    }

    /// Whether a person has to hear of it at once: it is danger beyond doubt, or despair, of which people only drop hints.
    pub fn is_alarming(self) -> bool {
        self.intent.is_emergency() && (self.is_certain || self.intent == Intent::EmergencyCrisis)
    }
}

/// The words of one intent, as written in the file.
#[derive(Clone, Debug, Default)]
pub struct RuleWords {
    /// Patterns of which one has to occur.
    pub any: Vec<String>,
    /// Patterns of which none may occur.
    pub unless: Vec<String>,
}

/// The words of everything the core recognises without retrieval, as written in the file.
#[derive(Clone, Debug, Default)]
pub struct WordLists {
    /// By intent name.
    pub intents: BTreeMap<String, RuleWords>,
    /// Patterns by aspect name.
    pub aspects: BTreeMap<String, Vec<String>>,
    /// Words that point back ("那", "这个"), at the beginning of a question.
    pub pointing_back: Vec<String>,
    /// Words that refer to something said before, anywhere ("它", "如果是…的话").
    pub leaning: Vec<String>,
    /// Patterns of whole messages that only take note of an answer ("对，就是这个").
    pub agreeing: Vec<String>,
    /// Words without content of their own, anywhere.
    pub empty: Vec<String>,
    /// Words that rate the service, by the score from "1" to "5".
    pub ratings: BTreeMap<String, Vec<String>>,
}

/// A words file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// A name that is none of ours.
    #[error("unknown name `{0}` in the words file")]
    UnknownName(String),
    /// A name without words.
    #[error("the words file has no words for `{0}`")]
    Missing(&'static str),
    /// A pattern that is not a regular expression.
    #[error("bad pattern for `{name}`")]
    BadPattern {
        /// Whose pattern it is.
        name: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
}

struct Rule {
    any: RegexSet,
    unless: RegexSet,
}

/// The compiled words.
pub struct Words {
    rules: Vec<(Intent, Rule)>,
    /// What hears where no rule holds, if anything does.
    hearing: Option<Arc<Hearing>>,
    aspects: Vec<(Aspect, Vec<Regex>)>,
    pointing_back: Regex,
    /// None where the file has no such words.
    leaning: Option<Regex>,
    agreeing: RegexSet,
    empty: Regex,
    /// The comparable forms of words that rate.
    ratings: Vec<(u8, Vec<String>)>,
}

impl Words {
    /// Compiles the lists.
    ///
    /// # Errors
    /// Names what is missing, unknown or malformed.
    pub fn new(mut lists: WordLists) -> Result<Self, WordsError> {
        let mut rules = Vec::new();
        for intent in Intent::ALL {
            let words = lists.intents.remove(intent.name()).ok_or(WordsError::Missing(intent.name()))?;
            let any = set(intent.name(), &words.any)?;
            let unless = set(intent.name(), &words.unless)?;
            rules.push((intent, Rule { any, unless }));
        }
        let mut aspects = Vec::new();
        for aspect in Aspect::NAMED {
            let patterns = lists.aspects.remove(aspect.name()).ok_or(WordsError::Missing(aspect.name()))?;
            let patterns = patterns
                .iter()
                .map(|pattern| regex(aspect.name(), pattern))
                .collect::<Result<Vec<_>, _>>()?;
            aspects.push((aspect, patterns));
        }
        if let Some(name) = lists.intents.into_keys().chain(lists.aspects.into_keys()).next() {
            return Err(WordsError::UnknownName(name));
        }
        let pointing_back = regex("pointing_back", &format!("^(?:{})", lists.pointing_back.join("|")))?;
        let leaning = lists.leaning.join("|");
        let leaning = if leaning.is_empty() { None } else { Some(regex("leaning", &leaning)?) };
        let agreeing = set("agreeing", &lists.agreeing)?;
        let empty = regex("empty", &lists.empty.join("|"))?;
        let mut ratings = Vec::new();
        for (name, words) in lists.ratings {
            let score = name.parse().ok().filter(|score| (1..=5).contains(score));
            let score = score.ok_or_else(|| WordsError::UnknownName(name.clone()))?;
            ratings.push((score, words.iter().map(|words| comparable(words)).collect()));
        }
        Ok(Self { rules, hearing: None, aspects, pointing_back, leaning, agreeing, empty, ratings })
    }

    /// The same words with what hears where no rule holds.
    #[must_use]
    pub fn with_hearing(mut self, hearing: Arc<Hearing>) -> Self {
        self.hearing = Some(hearing);
        self
    }

    /// What the words want: by a rule if one holds, else by what they sound like.
    pub fn intent(&self, text: &str) -> Option<Intent> {
        self.wish(text).map(|wish| wish.intent)
    }

    /// The same, with how sure that is.
    pub fn wish(&self, text: &str) -> Option<Wish> {
        let ruled = self.by_rule(text);
        match &self.hearing {
            // Nothing was said: a picture alone, or blanks.
            Some(_) if text.trim().is_empty() => None,
            Some(hearing) => {
                let margins = hearing.margins(text);
                let intent = hearing::settle(ruled, &margins, |intent| self.knows(intent))?;
                Some(Wish { intent, is_certain: hearing::is_certain(intent, ruled, &margins) })
            }
            None => ruled.map(Wish::certain),
        }
    }

    /// What the words want, if one of the rules holds.
    pub fn by_rule(&self, text: &str) -> Option<Intent> {
        let text = text.trim().to_lowercase();
        self.rules
            .iter()
            .find(|(_, rule)| rule.any.is_match(&text) && !rule.unless.is_match(&text))
            .map(|&(intent, _)| intent)
    }

    /// Why the words sound as they do.
    pub fn explain(&self, text: &str) -> Option<Explanation> {
        self.hearing.as_ref().map(|hearing| hearing.explain(text))
    }

    fn knows(&self, intent: Intent) -> bool {
        self.rules.iter().any(|&(known, _)| known == intent)
    }

    /// The same words without those of an intent that is of no use here: what was meant by it is then a question.
    #[must_use]
    pub fn without(mut self, intent: Intent) -> Self {
        self.rules.retain(|(known, _)| *known != intent);
        self
    }

    /// The rating that the words give, if they are one and nothing else: a digit from 1 to 5, or words of the file.
    pub fn rating(&self, text: &str) -> Option<u8> {
        let words = comparable(text);
        match words.as_str() {
            "1" | "１" => Some(1),
            "2" | "２" => Some(2),
            "3" | "３" => Some(3),
            "4" | "４" => Some(4),
            "5" | "５" => Some(5),
            words => self
                .ratings
                .iter()
                .find(|(_, known)| known.iter().any(|known| known == words))
                .map(|&(score, _)| score),
        }
    }

    /// Which part of an entry the words ask for.
    pub fn aspect(&self, text: &str) -> Aspect {
        self.aspects
            .iter()
            .find(|(_, patterns)| patterns.iter().any(|pattern| pattern.is_match(text)))
            .map_or(Aspect::Overview, |&(aspect, _)| aspect)
    }

    /// Whether the words begin by pointing back to what was said.
    pub fn points_back(&self, text: &str) -> bool {
        self.pointing_back.is_match(text.trim())
    }

    /// Whether the words refer to something that was said before.
    pub fn leans(&self, text: &str) -> bool {
        self.points_back(text)
            || self.leaning.as_ref().is_some_and(|leaning| leaning.is_match(&text.trim().to_lowercase()))
    }

    /// Whether the words only take note of what was said, and ask for nothing.
    pub fn agrees(&self, text: &str) -> bool {
        self.agreeing.is_match(&text.trim().to_lowercase())
    }

    /// What is left of the words when everything is taken away that names a part of an entry, points back, or is
    /// empty. Nothing left means that the words make sense only with a topic.
    pub fn content_of(&self, text: &str) -> String {
        let mut rest = self.pointing_back.replace(text.trim(), "").into_owned();
        for (_, patterns) in &self.aspects {
            for pattern in patterns {
                rest = pattern.replace_all(&rest, "").into_owned();
            }
        }
        rest = self.empty.replace_all(&rest, "").into_owned();
        rest.chars().filter(|character| character.is_alphanumeric()).collect()
    }

    /// Which characters of the words belong to what has no content of its own.
    pub fn without_content(&self, text: &str) -> Vec<bool> {
        let patterns = self.aspects.iter().flat_map(|(_, patterns)| patterns);
        let found = patterns.chain([&self.pointing_back, &self.empty]);
        let ranges: Vec<_> =
            found.flat_map(|pattern| pattern.find_iter(text)).map(|found| found.range()).collect();
        text.char_indices().map(|(at, _)| ranges.iter().any(|range| range.contains(&at))).collect()
    }
}

fn regex(name: &str, pattern: &str) -> Result<Regex, WordsError> {
    Regex::new(pattern)
        .map_err(|source| WordsError::BadPattern { name: name.to_owned(), source: Box::new(source) })
}

fn set(name: &str, patterns: &[String]) -> Result<RegexSet, WordsError> {
    RegexSet::new(patterns)
        .map_err(|source| WordsError::BadPattern { name: name.to_owned(), source: Box::new(source) })
}
