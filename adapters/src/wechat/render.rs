//! Replies as WeChat takes them: words of at most 2,048 bytes, menus, cards. Pure; nothing here sends anything.

use super::markdown::{LONGEST_LINK, bare, link, plain, saying};
use super::words::WechatWords;
use crate::message::{Attachment, Author, Citation, LinkKind};
use crate::{Locale, Outbound, split};

/// The longest text of one message in bytes, passive or sent; observed by others, the platform documents it for neither.
pub const TEXT_BYTES: usize = 2_048;
/// What is left free in every part that is sent, so that "read on" always fits below it.
pub const TAIL_BYTES: usize = 480;
/// The most that is shown of a card's title and description, in characters.
const CARD: (usize, usize) = (60, 100);
/// The most choices that a menu in a message shows; more are numbered lines.
const MENU: usize = 10;

/// Says things in a citizen's language.
#[derive(Clone, Copy)]
pub struct Speech<'w> {
    /// The sentences.
    pub words: &'w WechatWords,
    /// The language.
    pub locale: Locale,
    /// Whether the robot's words say that a machine wrote them.
    pub ai_label: bool,
}

/// What follows a part of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tail {
    /// Nothing.
    Nothing,
    /// There is more, and this is how to get it.
    More,
    /// The answer is not there yet, and this is how to get it.
    Wait,
    /// A person will answer, and this is how to see it.
    Relayed,
}

/// One message of those that are sent for a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// Words.
    Text(String),
    /// Words with choices to tap.
    Menu {
        /// The words before.
        head: String,
        /// Ids and labels.
        items: Vec<(String, String)>,
        /// The words after.
        tail: String,
    },
    /// A card that leads to a page.
    Card {
        /// Its title.
        title: String,
        /// A line below.
        description: String,
        /// Where it leads.
        url: String,
    },
    /// A helper's file.
    File(Attachment),
}

impl Speech<'_> {
    fn say(&self, pick: impl Fn(&WechatWords) -> &crate::Wording) -> String {
        pick(self.words).say(self.locale).to_owned()
    }

    /// The words below a part; `url` leads to a page with everything.
    pub fn tail(&self, tail: Tail, url: Option<&str>) -> String {
        let words = self.words;
        let page = url.map(|url| link(url, &self.say(|words| &words.link_label)));
        let (with, without, label, word) = match tail {
            Tail::Nothing => return String::new(),
            Tail::More => (&words.more_link, &words.more, &words.more_label, &words.more_word),
            Tail::Wait => (&words.wait_link, &words.wait, &words.fetch_label, &words.fetch_word),
            Tail::Relayed => (&words.relayed, &words.relayed, &words.fetch_label, &words.fetch_word),
        };
        let word = word.say(self.locale);
        let tap = saying(word, label.say(self.locale));
        let places = [("more", tap.as_str()), ("fetch", tap.as_str()), ("word", word)];
        match page {
            Some(page) => with.fill(self.locale, &[&places[..], &[("link", page.as_str())]].concat()),
            None => without.fill(self.locale, &places),
        }
    }

    /// A whole reply as words: what a passive answer is made of. `file` gives a link to a helper's file, if there is one.
    /// The label of machine-made words is part of it, because the platform puts one below sent messages alone.
    pub fn text(&self, reply: &Outbound, file: &dyn Fn(&Attachment) -> Option<String>) -> String {
        let mut blocks = vec![self.body(reply)];
        blocks.push(self.choices(reply));
        blocks.push(self.sources(&reply.citations));
        blocks.push(self.places(reply));
        let files = reply.attachments.iter().map(|attachment| self.file(attachment, file));
        blocks.push(files.collect::<Vec<_>>().join("\n"));
        blocks.push(self.below(reply));
        blocks.push(self.label(reply.author));
        join(&blocks)
    }

    /// That a machine wrote it, if the author is one.
    pub fn label(&self, author: Author) -> String {
        if self.ai_label && author == Author::Robot { self.say(|words| &words.ai) } else { String::new() }
    }

    fn file(&self, attachment: &Attachment, file: &dyn Fn(&Attachment) -> Option<String>) -> String {
        let name = self.words.file.fill(self.locale, &[("name", &bare(&attachment.name))]);
        file(attachment).map_or(name.clone(), |url| link(&url, &name))
    }

    /// Who speaks, what is said, and numbers to call.
    fn body(&self, reply: &Outbound) -> String {
        let mut body = plain(&reply.text);
        if reply.author == Author::Helper
            && let Some(name) = &reply.name
        {
            body = format!("{}\n{body}", self.words.helper.fill(self.locale, &[("name", &bare(name))]));
        }
        let calls = reply.call.iter().map(|call| {
            let places = [("label", bare(&call.label)), ("number", bare(&call.number))];
            let places = places.each_ref().map(|(name, value)| (*name, value.as_str()));
            self.words.call.fill(self.locale, &places)
        });
        join(&[body, calls.collect::<Vec<_>>().join("\n")])
    }

    fn choices(&self, reply: &Outbound) -> String {
        if reply.choices.is_empty() {
            return String::new();
        }
        let mut lines: Vec<String> = reply
            .choices
            .iter()
            .map(|choice| format!("{}. {}", bare(&choice.key), saying(&choice.label, &choice.label)))
            .collect();
        lines.push(self.say(|words| &words.choose));
        lines.join("\n")
    }

    fn sources(&self, citations: &[Citation]) -> String {
        if citations.is_empty() {
            return String::new();
        }
        let mut lines = vec![self.say(|words| &words.sources)];
        lines.extend(citations.iter().map(|citation| {
            let title = match &citation.url {
                Some(url) if url.starts_with("http") => link(url, &citation.title),
                _ => bare(&citation.title),
            };
            let office = citation.department.as_deref().map(|name| format!("（{}）", bare(name)));
            format!("[{}] {title}{}", citation.number, office.unwrap_or_default())
        }));
        lines.join("\n")
    }

    /// Maps and appointments of the matter that a reply is about. They are words, below the sources: a card has one address
    /// alone, the matter's own, and a message can hold one card.
    fn places(&self, reply: &Outbound) -> String {
        let lines: Vec<String> =
            places(reply, self).into_iter().map(|(url, label)| link(url, &label)).collect();
        lines.join("\n")
    }

    /// What can be done after a reply.
    fn below(&self, reply: &Outbound) -> String {
        let mut lines = Vec::new();
        if reply.ask_rating {
            lines.push(self.say(|words| &words.rate));
        }
        if reply.offer_human {
            let word = self.words.human_word.say(self.locale);
            let tap = saying(word, self.words.human_label.say(self.locale));
            lines.push(self.words.human.fill(self.locale, &[("word", word), ("human", &tap)]));
        }
        lines.join("\n")
    }

    /// A reply as messages that are sent one by one. The same reply always gives the same parts.
    pub fn parts(&self, reply: &Outbound) -> Vec<Part> {
        let room = TEXT_BYTES - TAIL_BYTES;
        let menu = (1..=MENU).contains(&reply.choices.len());
        let mut blocks = vec![self.body(reply), self.sources(&reply.citations), self.places(reply)];
        if menu {
            blocks.push(self.below(reply));
        } else {
            blocks.extend([self.choices(reply), self.below(reply)]);
        }
        let mut parts: Vec<Part> = pages(&join(&blocks), room).into_iter().map(Part::Text).collect();
        if menu {
            let head = match parts.pop() {
                Some(Part::Text(text)) => text,
                _ => String::new(),
            };
            let items =
                reply.choices.iter().map(|choice| (choice.key.clone(), choice.label.clone())).collect();
            parts.push(Part::Menu { head, items, tail: self.say(|words| &words.choose) });
        }
        if let Some((matter, url)) = matter(reply).and_then(|matter| Some((matter, matter.url.as_ref()?))) {
            parts.push(Part::Card {
                title: matter.title.chars().take(CARD.0).collect(),
                description: self.say(|words| &words.card).chars().take(CARD.1).collect(),
                url: url.clone(),
            });
        }
        parts.extend(reply.attachments.iter().cloned().map(Part::File));
        parts
    }

    /// A part as words, for whoever gets the rest of a reply passively.
    pub fn as_text(&self, part: &Part, file: &dyn Fn(&Attachment) -> Option<String>) -> String {
        match part {
            Part::Text(text) => text.clone(),
            Part::Menu { head, items, tail } => {
                let lines = items.iter().map(|(key, label)| format!("{key}. {}", saying(label, label)));
                join(&[head.clone(), lines.collect::<Vec<_>>().join("\n"), tail.clone()])
            }
            Part::Card { title, url, .. } => link(url, title),
            Part::File(attachment) => self.file(attachment, file),
        }
    }
}

impl Speech<'_> {
    /// Parts that were to be sent, as words for whoever gets them passively: with the label that the platform would have put
    /// below them, once where an author's words end.
    pub fn left(
        &self,
        parts: &[(Part, Author)],
        file: &dyn Fn(&Attachment) -> Option<String>,
    ) -> Vec<String> {
        let mut texts = Vec::new();
        for (place, (part, author)) in parts.iter().enumerate() {
            texts.push(self.as_text(part, file));
            if parts.get(place + 1).is_none_or(|(_, next)| next != author) {
                texts.push(self.label(*author));
            }
        }
        texts
    }
}

/// The matter that a reply is about: the one that its card leads to.
fn matter(reply: &Outbound) -> Option<&Citation> {
    reply.citations.iter().find(|citation| citation.kind == "matter")
}

/// The addresses of maps and appointments of the matter that a reply is about, with what is shown for them. What the words
/// themselves lead to is left out.
pub fn places<'r>(reply: &'r Outbound, speech: &Speech<'_>) -> Vec<(&'r str, String)> {
    let links = matter(reply).into_iter().flat_map(|matter| &matter.links);
    let leads = |url: &str| url.starts_with("http") && url.len() <= LONGEST_LINK && !reply.text.contains(url);
    links
        .filter(|link| leads(&link.url))
        .map(|link| {
            let words = match link.kind {
                LinkKind::Map => &speech.words.map,
                LinkKind::Appointment => &speech.words.appointment,
            };
            (link.url.as_str(), words.fill(speech.locale, &[("place", &bare(&link.label))]))
        })
        .collect()
}

/// Blocks with an empty line between them; empty blocks are left out.
pub fn join(blocks: &[String]) -> String {
    let blocks: Vec<&str> =
        blocks.iter().map(|block| block.trim()).filter(|block| !block.is_empty()).collect();
    blocks.join("\n\n")
}

/// A text with every link folded into one character of its own, so that no cut goes through a link.
struct Folded {
    text: String,
    links: Vec<String>,
}

/// The characters that stand for links; [`bare`] keeps them out of everybody's words.
const FOLDS: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{f8ff}';

impl Folded {
    fn new(text: &str) -> Self {
        let mut folded = Self { text: String::new(), links: Vec::new() };
        let mut rest = text;
        while let Some((before, link, after)) = next_link(rest) {
            let Some(letter) = FOLDS.clone().nth(folded.links.len()) else { break };
            folded.text.push_str(before);
            folded.text.push(letter);
            folded.links.push(link.to_owned());
            rest = after;
        }
        folded.text.push_str(rest);
        folded
    }

    fn link(&self, letter: char) -> Option<&String> {
        let index = u32::from(letter).checked_sub(u32::from(*FOLDS.start()))?;
        self.links.get(usize::try_from(index).ok()?)
    }

    fn bytes(&self, part: &str) -> usize {
        part.chars().map(|letter| self.link(letter).map_or(letter.len_utf8(), String::len)).sum()
    }

    fn unfold(&self, part: &str) -> String {
        part.chars().fold(String::new(), |mut out, letter| {
            match self.link(letter) {
                Some(link) => out.push_str(link),
                None => out.push(letter),
            }
            out
        })
    }
}

/// The first link of a text, with what stands before and after it.
fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    const END: &str = "</a>";
    let begin = text.find("<a ")?;
    let (before, from) = text.split_at_checked(begin)?;
    let end = from.find(END)? + END.len();
    let (link, after) = from.split_at_checked(end)?;
    Some((before, link, after))
}

/// A text in pages of at most so many bytes, cut where sentences end.
pub fn pages(text: &str, limit: usize) -> Vec<String> {
    let folded = Folded::new(text);
    let parts = split::at_sentences(&folded.text, limit, |part| folded.bytes(part));
    parts.iter().map(|part| folded.unfold(part)).collect()
}

/// The first page of a text, and what is left of it.
pub fn cut(text: &str, limit: usize) -> (String, String) {
    let folded = Folded::new(text.trim());
    let parts = split::at_sentences(&folded.text, limit, |part| folded.bytes(part));
    let Some(first) = parts.first() else { return (String::new(), String::new()) };
    let rest = folded.text.strip_prefix(first.as_str()).unwrap_or_default();
    (folded.unfold(first), folded.unfold(rest.trim()))
}

#[cfg(test)]
mod tests;
