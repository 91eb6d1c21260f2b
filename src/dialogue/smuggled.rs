//! Orders to a model that stand in an entry. Knowledge is copied from pages and files, and what it says is said to citizens in
//! the city's name; a line that speaks to a machine is no knowledge.

use regex::RegexSet;

use super::evidence::{Details, Evidence};
use super::screen::folded;

/// What such lines look like.
pub struct Orders {
    version: u32,
    any: RegexSet,
}

impl Orders {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// When one of them is no regular expression.
    pub fn new(version: u32, any: &[String]) -> Result<Self, regex::Error> {
        Ok(Self { version, any: RegexSet::new(any)? })
    }

    /// The version of the patterns.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether a line speaks to a machine.
    pub fn is_one(&self, line: &str) -> bool {
        self.any.is_match(&folded(line))
    }

    fn without(&self, text: &mut String) -> bool {
        let found = text.lines().any(|line| self.is_one(line));
        if found {
            *text = text.lines().filter(|line| !self.is_one(line)).collect::<Vec<_>>().join("\n");
        }
        found
    }

    fn without_items(&self, items: &mut Vec<String>) -> bool {
        let before = items.len();
        items.retain(|item| !self.is_one(item));
        items.len() < before
    }

    /// Takes such lines out of an entry, and remembers in it that there were some.
    pub fn clean(&self, evidence: &mut Evidence) {
        let mut found = self.without(&mut evidence.answer);
        match &mut evidence.details {
            Details::Matter(matter) => {
                found |= self.without_items(&mut matter.conditions);
                found |= self.without_items(&mut matter.steps);
                found |= matter.fees.as_mut().is_some_and(|fees| self.without(fees));
                for material in &mut matter.materials {
                    found |= self.without(&mut material.name);
                    found |= material.note.as_mut().is_some_and(|note| self.without(note));
                    found |= self.without_items(&mut material.keypoints);
                }
            }
            Details::Policy(policy) => {
                found |= self.without(&mut policy.benefits);
                found |= self.without_items(&mut policy.conditions);
            }
            Details::Faq | Details::Scenario(..) => {}
        }
        evidence.is_suspect |= found;
    }
}
