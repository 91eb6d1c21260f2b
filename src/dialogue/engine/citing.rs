//! What a citation quotes: the sentences of the entry that the answer relies on.

use super::super::answer::Citation;
use super::super::aspect::Aspect;
use super::super::evidence::{Details, Evidence, Matter};

/// A quote no longer than this stays readable on a phone; the whole entry opens behind it.
const QUOTE: usize = 240;

/// The citations of a text, in the order of their marks.
pub(super) fn citations(evidence: &[Evidence], cited: &[usize], aspect: Aspect) -> Vec<Citation> {
    cited
        .iter()
        .enumerate()
        .filter_map(|(place, &index)| evidence.get(index).map(|entry| (place + 1, entry)))
        .map(|(number, entry)| Citation {
            number,
            id: entry.id.clone(),
            title: entry.title.clone(),
            kind: entry.kind.name().to_owned(),
            url: entry.url.clone(),
            quote: shorten(&quote(entry, aspect)),
            source: entry.source.clone(),
            department: entry.department.clone(),
        })
        .collect()
}

fn quote(entry: &Evidence, aspect: Aspect) -> String {
    let part = match &entry.details {
        Details::Matter(matter) => part_of(matter, aspect),
        _ => None,
    };
    part.unwrap_or_else(|| entry.answer.clone())
}

fn part_of(matter: &Matter, aspect: Aspect) -> Option<String> {
    let lines = match aspect {
        Aspect::Materials => matter.materials.iter().map(|material| material.name.clone()).collect(),
        Aspect::Steps => matter.steps.clone(),
        Aspect::Conditions => matter.conditions.clone(),
        Aspect::Fees => matter.fees.iter().cloned().collect(),
        Aspect::Place => matter.windows.iter().map(|window| window.name.clone()).collect::<Vec<_>>(),
        Aspect::Overview | Aspect::Time | Aspect::Online => Vec::new(),
    };
    (!lines.is_empty()).then(|| lines.join("；"))
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= QUOTE {
        return text.to_owned();
    }
    let cut: String = text.chars().take(QUOTE).collect();
    format!("{cut}…")
}
