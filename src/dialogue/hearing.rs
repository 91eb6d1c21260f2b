//! What citizens want of the conversation, heard beside the rules of [`super::intent`]: rules hear what was foreseen, and
//! most of what people say was not.
//!
//! A linear model over pieces of the words ([`pieces`]): runs of one to three characters, and concepts, which are lists of
//! words of one meaning. Its weights are fitted to labelled lines by `yikouwen evaluate train-intents` ([`fit`]) and lie in a
//! text file; why something was taken for a wish can therefore be told by naming pieces ([`Hearing::explain`]). Everything
//! that is below its threshold ([`thresholds`]) is a question, which is what words are when in doubt.

pub mod fit;
mod normal;
pub mod pieces;
pub mod thresholds;

use super::intent::Intent;
use pieces::{Concepts, Pieces, Vocabulary};

/// Weights are kept as whole numbers, so many of which are one.
const SCALE: f32 = 50.0;

/// How much speaks against a class what the words sound like otherwise. Chosen by cross-validation: each class is fitted against
/// all lines of the others together, and is heard better where it also has to hold against the strongest of them.
const AGAINST: f32 = 0.6;

/// How much of the score of danger is that of its strongest kind; the rest is that of danger of any kind. Chosen likewise.
const OF_KIND: f32 = 0.5;

/// How far above its threshold danger has to be where a rule says that something else is meant.
const DESPITE_RULE: f32 = 0.75;

/// How far above its threshold what no rule says has to be to be beyond doubt.
const BEYOND_DOUBT: f32 = 0.75;

/// How far below its threshold danger has to be for a rule about danger not to count. Of the 460 lines of danger of all files none
/// that a rule hears is further below than .2, and many of the questions are that a rule takes for danger.
const NOTHING_LIKE_IT: f32 = -0.5;

/// What is told apart. Danger is heard as one, and of which kind it is is asked afterwards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// Danger of any kind.
    Emergency,
    /// A question about a matter, which wants nothing of the conversation itself. It is never heard, and speaks against the
    /// others.
    Question,
    /// One intent; a kind of danger only adds to danger, and tells which it is.
    Intent(Intent),
}

impl Class {
    /// All classes, in the order of the file. Those of danger's kinds come last.
    pub const ALL: [Self; 13] = [
        Self::Emergency,
        Self::Intent(Intent::AskHuman),
        Self::Intent(Intent::Complaint),
        Self::Intent(Intent::Dissatisfied),
        Self::Intent(Intent::Identity),
        Self::Intent(Intent::Login),
        Self::Intent(Intent::Thanks),
        Self::Intent(Intent::Greeting),
        Self::Question,
        Self::Intent(Intent::EmergencyAmbulance),
        Self::Intent(Intent::EmergencyFire),
        Self::Intent(Intent::EmergencyPolice),
        Self::Intent(Intent::EmergencyCrisis),
    ];

    /// The class's name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Question => "question",
            Self::Intent(intent) => intent.name(),
        }
    }

    /// Whether it is a kind of danger.
    pub fn is_kind(self) -> bool {
        matches!(self, Self::Intent(intent) if intent.is_emergency())
    }

    /// Whether it is heard at all: it is a wish, or danger of any kind.
    pub fn is_heard(self) -> bool {
        self != Self::Question && !self.is_kind()
    }

    /// Whether a line that is labelled with an intent, or with none, belongs to it.
    pub fn holds(self, label: Option<Intent>) -> bool {
        match self {
            Self::Emergency => label.is_some_and(Intent::is_emergency),
            Self::Question => label.is_none(),
            Self::Intent(intent) => label == Some(intent),
        }
    }
}

/// One number for each class.
pub type Scores = [f32; Class::ALL.len()];

/// A file of weights that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HearingError {
    /// A line that is not as it should be.
    #[error("line {0} cannot be read")]
    Line(usize),
    /// Numbers for other classes than ours.
    #[error("the file is for other classes")]
    Classes,
    /// Words that cannot be searched for.
    #[error("the concepts cannot be used: {0}")]
    Concepts(String),
}

/// The fitted model.
pub struct Hearing {
    pieces: Pieces,
    vocabulary: Vocabulary,
    /// How much each piece counts, by its row: the rarer, the more.
    rarity: Vec<u8>,
    /// Where the weights of a row begin in `weights`; one more than there are rows.
    begins: Vec<u32>,
    /// Class and weight.
    weights: Vec<(u8, i8)>,
    bias: Scores,
    thresholds: Scores,
}

/// Why something was taken for what it was.
#[derive(Clone, PartialEq, Debug)]
pub struct Explanation {
    /// Each class with its score, less its threshold; zero and more is heard.
    pub margins: Vec<(&'static str, f32)>,
    /// The pieces that weighed most for the class with the highest margin, and what they added, for it
    /// or against what spoke against it.
    pub pieces: Vec<(String, f32)>,
}

impl Hearing {
    /// Reads the weights.
    ///
    /// # Errors
    /// Names the line that cannot be read, or what is wrong with the concepts.
    pub fn read(concepts: Concepts, text: &str) -> Result<Self, HearingError> {
        let mut vocabulary = Vocabulary::new(&concepts);
        let (mut rarity, mut begins, mut weights) = (Vec::new(), vec![0], Vec::new());
        let (mut bias, mut thresholds) = (None, None);
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
            let fault = || HearingError::Line(number + 1);
            let mut fields = line.split('\t');
            let name = fields.next().ok_or_else(fault)?;
            match name {
                "=classes" => {
                    if !fields.eq(Class::ALL.iter().map(|class| class.name())) {
                        return Err(HearingError::Classes);
                    }
                }
                "=bias" => bias = Some(numbers(fields).ok_or_else(fault)?),
                "=thresholds" => thresholds = Some(numbers(fields).ok_or_else(fault)?),
                name => {
                    let row = u32::try_from(rarity.len()).map_err(|_| fault())?;
                    // A piece of a concept that is no more is left out: the words may be the operator's own.
                    vocabulary.learn(name, row);
                    rarity.push(fields.next().and_then(|field| field.parse().ok()).ok_or_else(fault)?);
                    for field in fields {
                        let (class, weight) = field.split_once(':').ok_or_else(fault)?;
                        let class: u8 = class.parse().map_err(|_| fault())?;
                        if usize::from(class) >= Class::ALL.len() {
                            return Err(fault());
                        }
                        weights.push((class, weight.parse().map_err(|_| fault())?));
                    }
                    begins.push(u32::try_from(weights.len()).map_err(|_| fault())?);
                }
            }
        }
        Ok(Self {
            pieces: Pieces::new(concepts)?,
            vocabulary,
            rarity,
            begins,
            weights,
            bias: bias.ok_or(HearingError::Classes)?,
            thresholds: thresholds.ok_or(HearingError::Classes)?,
        })
    }

    /// The rows of the pieces that the words have, each once.
    fn rows(&self, text: &str) -> Vec<u32> {
        let mut rows = Vec::with_capacity(256);
        self.pieces.of(text, &mut |piece| rows.extend(self.vocabulary.row(piece)));
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// What one row adds to each class before the length of the words is taken into account.
    fn of_row(&self, row: u32) -> impl Iterator<Item = (usize, f32)> + '_ {
        let at = row as usize;
        let range = match (self.begins.get(at), self.begins.get(at + 1)) {
            (Some(&from), Some(&to)) => from as usize..to as usize,
            _ => 0..0,
        };
        let rarity = f32::from(self.rarity.get(at).copied().unwrap_or_default()) / SCALE;
        let weights = self.weights.get(range).unwrap_or_default();
        weights.iter().map(move |&(class, weight)| (usize::from(class), f32::from(weight) / SCALE * rarity))
    }

    fn length(&self, rows: &[u32]) -> f32 {
        let square = |row: &u32| {
            let rarity = f32::from(self.rarity.get(*row as usize).copied().unwrap_or_default()) / SCALE;
            rarity * rarity
        };
        rows.iter().map(square).sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
    }

    /// How much the words with these rows sound like each class.
    fn scores(&self, rows: &[u32]) -> Scores {
        let length = self.length(rows);
        let mut scores = [0.0; Class::ALL.len()];
        for &row in rows {
            for (class, weight) in self.of_row(row) {
                scores[class] += weight;
            }
        }
        for (score, bias) in scores.iter_mut().zip(self.bias) {
            *score = *score / length + bias;
        }
        scores
    }

    /// How far the words are above the threshold of each class. Dots and dashes alone are no words and sound like nothing.
    pub fn margins(&self, text: &str) -> Scores {
        let rows = self.rows(text);
        if rows.is_empty() { [f32::MIN; Class::ALL.len()] } else { self.above(&self.scores(&rows)) }
    }

    fn above(&self, scores: &Scores) -> Scores {
        let mut margins = contrasted(scores);
        margins.iter_mut().zip(self.thresholds).for_each(|(margin, threshold)| *margin -= threshold);
        margins
    }

    /// Tells why.
    pub fn explain(&self, text: &str) -> Explanation {
        let rows = self.rows(text);
        let scores = self.scores(&rows);
        let margins = self.above(&scores);
        let nearest = best(&margins, Class::is_heard).map_or(0, |(at, _)| at);
        let rival = rival(&scores, nearest).map(|(at, _)| at);
        let is_danger = Class::ALL.get(nearest) == Some(&Class::Emergency);
        let kind = best(&scores, Class::is_kind).map(|(at, _)| at).filter(|_| is_danger);
        let length = self.length(&rows);
        let mut pieces: Vec<(String, f32)> = Vec::new();
        self.pieces.of(text, &mut |piece| {
            let Some(row) = self.vocabulary.row(piece) else { return };
            let share = |(class, weight): (usize, f32)| match Some(class) {
                class if class == rival => -AGAINST * weight,
                class if class == kind => OF_KIND * weight,
                class if class == Some(nearest) && is_danger => (1.0 - OF_KIND) * weight,
                class if class == Some(nearest) => weight,
                _ => 0.0,
            };
            let added: f32 = self.of_row(row).map(share).sum();
            let name = self.pieces.name(piece);
            if added != 0.0 && !pieces.iter().any(|(known, _)| *known == name) {
                pieces.push((name, added / length));
            }
        });
        pieces.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()));
        pieces.truncate(8);
        let margins = Class::ALL.iter().zip(margins).map(|(class, margin)| (class.name(), margin));
        Explanation { margins: margins.collect(), pieces }
    }
}

/// Which intent the margins speak for, if one is known: danger before everything else, then what is furthest above its
/// threshold.
pub fn decide(margins: &Scores, is_known: impl Fn(Intent) -> bool) -> Option<Intent> {
    if let Some(kind) = danger(margins, 0.0) {
        return Some(kind);
    }
    let known = |class: Class| matches!(class, Class::Intent(intent) if class.is_heard() && is_known(intent));
    match best(margins, known) {
        Some((at, margin)) if margin >= 0.0 => match Class::ALL.get(at) {
            Some(&Class::Intent(intent)) => Some(intent),
            _ => None,
        },
        _ => None,
    }
}

/// What the words want, given the rule that holds, if one does: a rule decides, unless the words sound clearly like danger and
/// the rule is about anything else, or nothing like danger and the rule is about that; where none holds, it is what they sound
/// like.
pub fn settle(ruled: Option<Intent>, margins: &Scores, is_known: impl Fn(Intent) -> bool) -> Option<Intent> {
    match ruled {
        Some(ruled) if ruled.is_emergency() && danger(margins, NOTHING_LIKE_IT).is_some() => Some(ruled),
        Some(ruled) if ruled.is_emergency() => decide(margins, is_known),
        Some(ruled) => danger(margins, DESPITE_RULE).or(Some(ruled)),
        None => decide(margins, is_known),
    }
}

/// Whether what [`settle`] found is beyond doubt: a rule says it, and of danger the words sound like it too; or they sound very
/// much like it. What is not may be an ordinary question that only sounds like it.
pub fn is_certain(wanted: Intent, ruled: Option<Intent>, margins: &Scores) -> bool {
    let class = if wanted.is_emergency() { Class::Emergency } else { Class::Intent(wanted) };
    let margin = best(margins, |other| other == class).map_or(f32::MIN, |(_, margin)| margin);
    match ruled {
        Some(ruled) if ruled == wanted => !wanted.is_emergency() || margin >= 0.0,
        _ => margin >= BEYOND_DOUBT,
    }
}

/// The kind of danger, if danger is at least so far above its threshold.
pub fn danger(margins: &Scores, at_least: f32) -> Option<Intent> {
    let (at, _) = best(margins, |class| class == Class::Emergency)?;
    if margins[at] < at_least {
        return None;
    }
    match best(margins, Class::is_kind).and_then(|(at, _)| Class::ALL.get(at)) {
        Some(&Class::Intent(intent)) => Some(intent),
        _ => None,
    }
}

/// The scores of what can be heard, each less what speaks against it. The strongest kind of danger speaks for danger.
pub fn contrasted(scores: &Scores) -> Scores {
    let mut contrasted = *scores;
    if let (Some((danger, any)), Some((_, kind))) =
        (best(scores, |class| class == Class::Emergency), best(scores, Class::is_kind))
    {
        contrasted[danger] = (1.0 - OF_KIND) * any + OF_KIND * kind;
    }
    for (at, score) in contrasted.iter_mut().enumerate() {
        if Class::ALL.get(at).is_some_and(|class| class.is_heard()) {
            *score -= AGAINST * rival(scores, at).map_or(0.0, |(_, score)| score);
        }
    }
    contrasted
}

/// What the words sound like most beside one class.
fn rival(scores: &Scores, beside: usize) -> Option<(usize, f32)> {
    best(scores, |class| !class.is_kind() && Class::ALL.get(beside) != Some(&class))
}

/// The highest score among some classes, and where it is.
fn best(scores: &Scores, among: impl Fn(Class) -> bool) -> Option<(usize, f32)> {
    let scores = Class::ALL.iter().zip(scores).enumerate();
    scores
        .filter(|(_, (class, _))| among(**class))
        .map(|(at, (_, &score))| (at, score))
        .max_by(|left, right| left.1.total_cmp(&right.1))
}

fn numbers<'a>(fields: impl Iterator<Item = &'a str>) -> Option<Scores> {
    let numbers: Vec<f32> = fields.map(|field| field.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// One piece with its fitted numbers.
pub struct Row {
    /// The piece, as the file calls it.
    pub piece: String,
    /// How much it counts.
    pub rarity: u8,
    /// Its weights that are not zero, by class.
    pub weights: Vec<(u8, i8)>,
}

/// The whole file, for [`Hearing::read`] to read again.
pub fn print(comment: &str, rows: &[Row], bias: &Scores, thresholds: &Scores) -> String {
    let mut text = String::new();
    for line in comment.lines() {
        text.push_str(if line.is_empty() { "#" } else { "# " });
        text.push_str(line);
        text.push('\n');
    }
    text.push_str("=classes");
    for class in Class::ALL {
        text.push('\t');
        text.push_str(class.name());
    }
    for (name, numbers) in [("=bias", bias), ("=thresholds", thresholds)] {
        text.push('\n');
        text.push_str(name);
        for number in numbers {
            text.push_str(&format!("\t{number:.3}"));
        }
    }
    text.push('\n');
    for row in rows {
        text.push_str(&format!("{}\t{}", row.piece, row.rarity));
        for (class, weight) in &row.weights {
            text.push_str(&format!("\t{class}:{weight}"));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
