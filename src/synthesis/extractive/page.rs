//! The layout of a quoted answer: paragraphs, lists, and where the mark of the source stands.

use crate::dialogue::evidence::{Material, Matter, Policy, Window};
use crate::dialogue::{Locale, Phrase, Phrases, Piece};

/// An answer as it is put together.
pub(super) struct Page<'a> {
    phrases: &'a Phrases,
    locale: Locale,
    pieces: Vec<Piece>,
}

impl<'a> Page<'a> {
    pub(super) fn new(phrases: &'a Phrases, locale: Locale) -> Self {
        Self { phrases, locale, pieces: Vec::new() }
    }

    pub(super) fn say(&self, phrase: Phrase) -> &'a str {
        self.phrases.get(phrase, self.locale)
    }

    /// A paragraph that needs no source, because the robot says it of itself.
    pub(super) fn line(&mut self, text: String) {
        let text = if self.pieces.is_empty() { text } else { format!("\n\n{text}") };
        self.pieces.push(Piece::Text(text));
    }

    /// A paragraph out of the evidence, with the mark behind it.
    pub(super) fn cited(&mut self, mut text: String) {
        text.push_str(before_mark(&text));
        self.line(text);
        self.pieces.push(Piece::Cite(0));
    }

    /// A heading with lines below it; nothing where there are no lines.
    pub(super) fn list(&mut self, heading: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.cited(format!("{heading}\n\n{}", lines.join("\n")));
        }
    }

    /// Short facts with their headings on one line; those that are missing are left out.
    pub(super) fn facts(&mut self, facts: &[(Phrase, Option<String>)]) {
        let known: Vec<(Phrase, &str)> =
            facts.iter().filter_map(|(heading, fact)| Some((*heading, fact.as_deref()?))).collect();
        let mut line = String::new();
        for (place, (heading, fact)) in known.iter().enumerate() {
            if place > 0 {
                // The full stop of the fact before gives way to the semicolon.
                line.truncate(line.trim_end_matches('。').len());
                line.push_str(self.sign("；", "; "));
            }
            line.push_str(&self.heading(*heading));
            line.push_str(fact);
        }
        if !line.is_empty() {
            self.cited(line);
        }
    }

    /// A heading with its colon.
    pub(super) fn heading(&self, phrase: Phrase) -> String {
        format!("**{}**{}", self.say(phrase), self.sign("：", ": "))
    }

    /// The opening of one part of a matter, with its colon.
    pub(super) fn part_of(&self, title: &str, heading: Phrase) -> String {
        let opening =
            self.say(Phrase::PartOf).replace("{title}", title.trim()).replace("{part}", self.say(heading));
        format!("{opening}{}", self.sign("：", ": "))
    }

    /// One document as an item of a list.
    pub(super) fn material(&self, material: &Material, with_keypoints: bool) -> String {
        let mut item = format!("- {}", material.name.trim());
        let form = material.form.as_deref().map(str::trim).filter(|form| !form.is_empty()).map(str::to_owned);
        let copies = material
            .copies
            .filter(|&copies| copies > 0)
            .map(|copies| self.say(Phrase::Copies).replace("{copies}", &copies.to_string()));
        let how: Vec<String> = form.into_iter().chain(copies).collect();
        if !how.is_empty() {
            item.push_str(&format!("（{}）", how.join(self.sign("，", ", "))));
        }
        if let Some(note) = material.note.as_deref().map(str::trim).filter(|note| !note.is_empty()) {
            item.push_str(&format!("{}{note}", self.sign("：", ": ")));
        }
        let keypoints: Vec<&str> =
            material.keypoints.iter().map(|point| point.trim()).filter(|point| !point.is_empty()).collect();
        if with_keypoints && !keypoints.is_empty() {
            let label = self.say(Phrase::Keypoints);
            let (colon, between) = (self.sign("：", ": "), self.sign("；", "; "));
            item.push_str(&format!("\n  - {label}{colon}{}", keypoints.join(between)));
        }
        item
    }

    /// A place with its address, hours and number.
    pub(super) fn window(&self, window: &Window) -> String {
        let phone = window.phone.as_deref().map(str::trim).filter(|phone| !phone.is_empty());
        let phone = phone.map(|phone| self.say(Phrase::Phone).replace("{phone}", phone));
        [Some(window.name.as_str()), window.address.as_deref(), window.hours.as_deref(), phone.as_deref()]
            .into_iter()
            .flatten()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(self.sign("，", ", "))
    }

    /// How long a matter takes.
    pub(super) fn time(&self, matter: &Matter) -> Option<String> {
        matter.time_limit_days.map(|days| match days {
            0 => self.say(Phrase::OnTheSpot).to_owned(),
            days => self.say(Phrase::WorkingDays).replace("{days}", &days.to_string()),
        })
    }

    /// When a policy can be applied for.
    pub(super) fn period(&self, policy: &Policy) -> Option<String> {
        let day = |phrase: Phrase, day: &Option<String>| {
            day.as_deref()
                .map(str::trim)
                .filter(|day| !day.is_empty())
                .map(|day| self.say(phrase).replace("{day}", day))
        };
        let (from, until) = &policy.apply;
        let days: Vec<String> =
            day(Phrase::ApplyFrom, from).into_iter().chain(day(Phrase::ApplyUntil, until)).collect();
        (!days.is_empty()).then(|| days.join(self.sign("，", ", ")))
    }

    pub(super) fn finish(self) -> Vec<Piece> {
        self.pieces
    }

    fn sign(&self, zh: &'static str, en: &'static str) -> &'static str {
        match self.locale {
            Locale::Zh => zh,
            Locale::En => en,
        }
    }
}

/// What has to stand between a passage and its mark, so that the mark becomes neither a part of a link nor of a table
/// or a block of code.
fn before_mark(text: &str) -> &'static str {
    let last = text.lines().next_back().unwrap_or_default().trim();
    let word = last.rsplit(char::is_whitespace).next().unwrap_or_default();
    let open_link = word.rsplit_once("://").is_some_and(|(_, rest)| rest.is_ascii());
    if last.starts_with('|') || last.starts_with("```") || last.starts_with("~~~") {
        "\n\n"
    } else if open_link {
        " "
    } else {
        ""
    }
}
