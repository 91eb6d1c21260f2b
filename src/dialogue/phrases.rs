//! The sentences the robot says of itself. Their words live in `config/words/replies.toml`; here are their names.

use std::collections::BTreeMap;

use super::context::Locale;

macro_rules! phrases {
    ($($(#[doc = $doc:literal])* $name:ident = $key:literal),+ $(,)?) => {
        /// A sentence the robot can say.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Phrase { $($(#[doc = $doc])* $name),+ }

        impl Phrase {
            /// All sentences.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The sentence's name in the words file.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }
        }
    };
}

phrases! {
    /// The answer to a greeting.
    Greeting = "greeting",
    /// The answer to thanks.
    Thanks = "thanks",
    /// The answer to words that only take note of an answer.
    Noted = "noted",
    /// The answer to a thumb up.
    GladItHelped = "glad_it_helped",
    /// The answer to "are you a machine".
    Identity = "identity",
    /// Above the choices when several entries are close.
    Clarify = "clarify",
    /// Asks what a follow-up without a topic refers to.
    WhichMatter = "which_matter",
    /// The last of the choices.
    NoneOfThese = "none_of_these",
    /// Nothing was found.
    NoAnswer = "no_answer",
    /// The question is about another place: `{place}`, and what is answered for: `{home}`.
    Elsewhere = "elsewhere",
    /// What was asked about is no longer in force, and nothing took its place.
    Ended = "ended",
    /// `{marks}`, the sources that hold in `{region}` only.
    HoldsIn = "holds_in",
    /// `{old}`, which `{new}` took the place of.
    ReplacedBy = "replaced_by",
    /// `{title}` with the `{region}` it holds in, as a choice.
    TitleIn = "title_in",
    /// The citizen is put into the queue; `{position}` is the place.
    Queued = "queued",
    /// The same, with an apology, when the citizen is dissatisfied.
    QueuedSorry = "queued_sorry",
    /// The same, when the robot gives up by itself.
    QueuedUnanswered = "queued_unanswered",
    /// The same, for a complaint.
    QueuedComplaint = "queued_complaint",
    /// Above the emergency numbers, with the answer, where the words only might speak of danger.
    PerhapsDanger = "perhaps_danger",
    /// Above the emergency numbers, where the words only might speak of danger and nothing was found for them.
    DoubtfulEmergency = "doubtful_emergency",
    /// Above the emergency numbers.
    Emergency = "emergency",
    /// Said when the citizen writes again after the end.
    QueuedAgain = "queued_again",
    /// Nobody came in time.
    LeftMessage = "left_message",
    /// A helper has taken the conversation; `{helper}` is the name.
    Joined = "joined",
    /// A helper has put the conversation back.
    BackInQueue = "back_in_queue",
    /// The helper is done; asks for a rating.
    AskRating = "ask_rating",
    /// The answer to a good rating.
    Rated = "rated",
    /// The answer to a bad rating.
    RatedBad = "rated_bad",
    /// The words went to a person; said where nothing else would be.
    PassedOn = "passed_on",
    /// Questions to begin with, one a line.
    Starters = "starters",
    /// That a machine writes the answers.
    AiLabel = "ai_label",
    /// What stands in the thread when the citizen pressed the button for a person.
    AskedByButton = "asked_by_button",
    /// The answer to a picture or a film.
    CannotLook = "cannot_look",
    /// The answer to a recording whose words the platform did not tell.
    CannotListen = "cannot_listen",
    /// The answer to any other file.
    CannotOpen = "cannot_open",
    /// Above an answer to words that came with a file.
    WordsOnly = "words_only",
    /// What lists show for a picture without words.
    ShownPicture = "shown_picture",
    /// What lists show for a recording.
    ShownRecording = "shown_recording",
    /// What lists show for a film.
    ShownFilm = "shown_film",
    /// What lists show for any other file.
    ShownFile = "shown_file",
    /// What stands in the thread for a place.
    ShownPlace = "shown_place",
    /// A file for a person was larger than `{limit}` megabytes.
    FileTooLarge = "file_too_large",
    /// A file for a person is of a kind that is not taken.
    FileForbidden = "file_forbidden",
    /// A file for a person could not be got from its platform.
    FileLost = "file_lost",
    /// Above the nearest windows of `{title}`.
    NearestFor = "nearest_for",
    /// Above the nearest windows of any matter.
    NearestAny = "nearest_any",
    /// No window has a place.
    NoWindows = "no_windows",
    /// `{metres}` away.
    NearMetres = "near_metres",
    /// `{kilometres}` away.
    NearKilometres = "near_kilometres",
    /// The label of a link to a map.
    MapLink = "map_link",
    /// Where to log in: `{label}` is the provider, `{url}` the page.
    LoginLink = "login_link",
    /// The same for somebody who is logged in as `{name}` already: where earlier questions are.
    LoginKnown = "login_known",
    /// Logging in is not for a group.
    LoginPrivately = "login_privately",
    /// The channel is joined; `{name}` is the citizen.
    LoginLinked = "login_linked",
    /// What the name of a citizen without one is.
    LoginUnnamed = "login_unnamed",
    /// The code is not the one.
    LoginWrongCode = "login_wrong_code",
    /// The citizen stopped an answer.
    Stopped = "stopped",
    /// Above an answer that exists only in Chinese.
    ChineseOnly = "chinese_only",
    /// Above the list of documents.
    HeadMaterials = "head_materials",
    /// Above the steps.
    HeadSteps = "head_steps",
    /// Above the conditions.
    HeadConditions = "head_conditions",
    /// Before the fees.
    HeadFees = "head_fees",
    /// Before the time limit.
    HeadTime = "head_time",
    /// Above the places.
    HeadWindows = "head_windows",
    /// Before the link to do it online.
    HeadOnline = "head_online",
    /// Before the link for an appointment.
    HeadAppointment = "head_appointment",
    /// Above what a policy gives.
    HeadBenefits = "head_benefits",
    /// Before the days to apply.
    HeadApply = "head_apply",
    /// Done while one waits.
    OnTheSpot = "on_the_spot",
    /// `{days}` working days.
    WorkingDays = "working_days",
    /// The entry says nothing about the part that was asked for.
    PartMissing = "part_missing",
    /// Opens one part of a matter: `{title}` and the part's heading, `{part}`.
    PartOf = "part_of",
    /// `{copies}`, how many of a document.
    Copies = "copies",
    /// Before what is commonly wrong with a document.
    Keypoints = "keypoints",
    /// `{phone}`, the number of a place.
    Phone = "phone",
    /// `{day}`, the first to apply.
    ApplyFrom = "apply_from",
    /// `{day}`, the last to apply.
    ApplyUntil = "apply_until",
    /// Above what a scenario comes to.
    ScenarioDone = "scenario_done",
    /// Above the sentences that an answer left out.
    AlsoNote = "also_note",
    /// The answer to what is not spoken of here.
    ScreenForbidden = "screen_forbidden",
    /// The answer to who asks for the data of somebody else.
    ScreenPrivacy = "screen_privacy",
    /// What one can ask here, said to who gives orders.
    ScreenInjection = "screen_injection",
    /// Said to who insults.
    ScreenAbuse = "screen_abuse",
    /// Below an answer to who asks for a ruling.
    ScreenOwnCase = "screen_own_case",
    /// Above the matters of a scenario.
    HeadMatters = "head_matters",
    /// The label of 110.
    CallPolice = "call_police",
    /// The label of 119.
    CallFire = "call_fire",
    /// The label of 120.
    CallAmbulance = "call_ambulance",
    /// The label of the psychological hotline.
    CallSupport = "call_support",
}

/// All sentences in all languages.
#[derive(Clone, Debug)]
pub struct Phrases(BTreeMap<Phrase, (String, String)>);

/// A words file that lacks a sentence.
#[derive(Debug, thiserror::Error)]
#[error("the words file has no phrase `{0}` in both languages")]
pub struct MissingPhrase(&'static str);

impl Phrases {
    /// Takes the sentences by name, Chinese and English.
    ///
    /// # Errors
    /// Names the first sentence that is missing.
    pub fn new(mut words: BTreeMap<String, (String, String)>) -> Result<Self, MissingPhrase> {
        let mut phrases = BTreeMap::new();
        for &phrase in Phrase::ALL {
            let pair = words.remove(phrase.key()).ok_or(MissingPhrase(phrase.key()))?;
            if pair.0.trim().is_empty() || pair.1.trim().is_empty() {
                return Err(MissingPhrase(phrase.key()));
            }
            phrases.insert(phrase, pair);
        }
        Ok(Self(phrases))
    }

    /// A sentence in a language.
    pub fn get(&self, phrase: Phrase, locale: Locale) -> &str {
        self.0.get(&phrase).map_or("", |(zh, en)| match locale {
            Locale::Zh => zh.as_str(),
            Locale::En => en.as_str(),
        })
    }
}
