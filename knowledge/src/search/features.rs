//! What the second stage sees of a question and an entry.

use serde::ser::{Serialize, SerializeMap, Serializer};

macro_rules! features {
    ($($name:ident: $doc:literal,)+) => {
        /// One thing that is seen of a question and an entry. All go from 0 to 1, or a little beyond.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(non_camel_case_types, reason = "the names are those of the file of weights")]
        #[repr(usize)]
        pub enum Feature {
            $(#[doc = $doc] $name,)+
        }

        impl Feature {
            /// All of them, in the order of [`Features`].
            pub const ALL: [Feature; [$(Feature::$name),+].len()] = [$(Feature::$name),+];

            /// Its name in the file of weights.
            pub const fn name(self) -> &'static str {
                match self { $(Feature::$name => stringify!($name),)+ }
            }
        }
    };
}

features! {
    unit_letters: "How much of the question, by the rarity of its letters, stands in the entry's best question.",
    unit_pairs: "The same by pairs of neighbouring letters.",
    unit_words: "The same by content words.",
    unit_letters_back: "How much of the entry's best question, by the rarity of its letters, stands in the question.",
    unit_pairs_back: "The same by pairs of neighbouring letters.",
    unit_both: "How much the two have in common by letters, both ways: the harmonic mean.",
    unit_pairs_both: "The same by pairs.",
    unit_run: "The longest run of letters that both have, over the length of the shorter.",
    unit_order: "The longest common subsequence of the two, over the length of the longer.",
    unit_exact: "1 if the two are the same but for case, spaces and marks.",
    unit_length: "The length of the shorter over that of the longer.",
    unit_kinds: "Whether the two want to know the same: how, where, how much …",
    unit_missing: "The rarest content word of the question that the entry's best question lacks, over the rarest of the question.",
    unit_missing_back: "The rarest letter of the entry's best question that the question lacks, over the rarest of that question.",
    unit_sound: "How much of the question stands there only by its sound.",
    unit_not: "1 if one of the two says no or not, and the other does not.",
    units_lack: "How much of the question, by content words, no question of the entry says in any words, the more of them there are.",
    units_all: "How much likelier the question is among the entry's questions than at large, the more of them there are.",
    units_each: "The same, a letter on average.",
    units_more: "How much most of the entry's questions say that the question does not, the more of them there are.",
    title_letters_back: "How much of the entry's title stands in the question.",
    body_all: "BM25 of letters and pairs in all that the entry says, over what the question would score itself.",
    body_rare: "The same with rarity squared, so that one rare word counts more than three frequent ones.",
    body_content: "The same as the first of what says what the question is about, without the words that ask.",
    body_letters: "The same as the first of letters alone.",
    body_pairs: "The same of pairs.",
    body_words: "The same of words.",
    body_letters_in: "How much of the question, by the rarity of its letters, stands anywhere in the entry.",
    body_pairs_in: "The same by pairs.",
    body_words_in: "The same by content words.",
    body_run: "The longest run of the question's letters in the entry, over the question's length.",
    body_window: "How much of the question stands close together in the entry.",
    body_start: "How much of the question stands in the first hundred letters of the answer.",
    body_missing: "The rarest content word of the question that the entry lacks, over the rarest of the question.",
    body_sound: "How much of the question stands in the entry only by its sound.",
    body_wording: "How much of the question, by rarity, the entry says only in other words.",
    body_length: "How long the entry is, against the average; half at the average.",
    things_unit: "How many of the things that the question names no question of the entry mentions, over all that it names.",
    things_body: "The same for all that the entry says.",
    thing_body: "1 if the entry does not mention one of them at all.",
    matter: "1 if the entry is a matter, which is asked for oftener than one question about it.",
    place: "Whether the entry names a place that the question names, the more the fewer entries do; half if one lies in the other.",
    place_apart: "1 if the entry names places, and only others than the question.",
    authority: "How often other entries refer to the document that the entry is part of.",
    first_stage: "What the first stage thinks of the entry.",
    dense: "How far the entry stands out by embedding from what is merely near, less what is usual; 0 without embeddings.",
}

/// How many there are.
pub const COUNT: usize = Feature::ALL.len();

/// What was seen of one question and one entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features([f32; COUNT]);

impl Default for Features {
    fn default() -> Features {
        Features([0.0; COUNT])
    }
}

impl Features {
    /// One of them.
    pub const fn get(&self, feature: Feature) -> f32 {
        self.0[feature as usize]
    }

    /// Sets one of them.
    pub(crate) const fn set(&mut self, feature: Feature, value: f32) {
        self.0[feature as usize] = value;
    }

    /// All of them, in the order of [`Feature::ALL`].
    pub const fn values(&self) -> &[f32; COUNT] {
        &self.0
    }
}

impl Serialize for Features {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(COUNT))?;
        for feature in Feature::ALL {
            map.serialize_entry(feature.name(), &self.get(feature))?;
        }
        map.end()
    }
}
