//! What a citizen has been shown: the state machine of answers that came too late for the platform's five seconds.
//!
//! The conversation's thread is durable in the gateway and numbers its messages without gaps. So all that has to be
//! remembered here is how far the citizen has read ([`Reader::shown`]), what is left of a part that was cut
//! ([`Reader::rest`]), and what was answered to which push, because the platform sends a push again when it did not hear
//! the answer. Both are one note, changed by compare-and-set: taking what is unseen and remembering to whom it was given
//! happen together or not at all, so a passive answer and one that is sent exclude each other.
//!
//! Pure: the note is read and written by [`super::mailbox`].

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::render::{Part, Speech, TEXT_BYTES, Tail, cut, join};
use super::window::Window;
use crate::message::{Attachment, Author};
use crate::{Locale, Outbound, Thread};

/// How long an answer that was given is kept for the same push: longer than the platform goes on sending it again.
const REPEATS: SignedDuration = SignedDuration::from_mins(2);
/// How many such answers are kept.
const KEPT: usize = 8;
/// After this long an answer whose bytes never went out counts as not given. The platform waits for five seconds.
const UNSENT: SignedDuration = SignedDuration::from_secs(6);
/// How long a question counts as waiting for its answer.
const WAITING: SignedDuration = SignedDuration::from_mins(10);
/// The longest text that is kept to be read on, in bytes.
const REST_BYTES: usize = 64 * 1024;

/// The note of one citizen.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[serde(default)]
pub struct Reader {
    /// The conversation that [`Reader::shown`] counts in.
    pub conversation: Option<String>,
    /// The highest number of a message that has been handed over, or that needs no handing over.
    pub shown: u64,
    /// What is left of a part that was cut.
    pub rest: String,
    /// What was answered to which push.
    pub given: Vec<Given>,
    /// Pushes that were not answered in their first five seconds.
    pub asked: Vec<Asked>,
    /// Whether the last thing the citizen saw was "please wait".
    pub hinted: bool,
    /// Whether the last thing the citizen saw asks for a rating.
    pub ask_rating: bool,
    /// Whether the citizen writes English.
    pub english: bool,
    /// What may be sent by itself.
    pub window: Window,
    /// Who is sending at present.
    pub sending: Option<Sending>,
    /// By which name the citizen stands in links.
    pub alias: Option<String>,
}

/// An answer that was given passively.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub struct Given {
    /// The push it answers.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The words, without what stands below them.
    pub text: String,
    /// What stands below them.
    pub below: String,
    /// Of which kind that is.
    pub tail: Tail,
    /// Whether its bytes went out. They do not when the platform has cut the connection, or the process ended.
    pub written: bool,
}

/// A push that was not answered in its first five seconds.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub struct Asked {
    /// The push.
    pub id: String,
    /// When it came first.
    pub at: Timestamp,
    /// How many deliveries of it have gone unanswered.
    pub deliveries: u32,
    /// Whether it only asked for what waits; the gateway does not know it then.
    #[serde(default)]
    pub poke: bool,
}

/// A process that sends what was not shown. Until `until` nobody else takes it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub struct Sending {
    /// Which process.
    pub node: String,
    /// For how long it is believed to be alive.
    pub until: Timestamp,
    /// Up to which message.
    pub to: u64,
    /// How many parts have been sent.
    pub done: usize,
}

/// What is asked of [`Reader::give`].
pub struct Giving<'g> {
    /// The push that is answered.
    pub id: &'g str,
    /// When it came first.
    pub asked_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Words of our own to be said after what is unseen.
    pub own: Option<String>,
    /// Whether the push's own turn is over, so that it and those before it wait no longer.
    pub done: bool,
    /// What stands below when there is nothing more to read on.
    pub tail: Tail,
    /// A page with everything.
    pub url: Option<String>,
    /// Whether messages with files are left to [`super::deliver`], which can send them.
    pub leave_files: bool,
    /// A link to a file.
    pub file: &'g (dyn Fn(&Attachment) -> Option<String> + Sync),
}

/// Between the words and what stands below them.
const GAP: &str = "\n\n";

impl Given {
    /// The words as they go out: the same for every delivery of the push.
    pub fn words(&self) -> String {
        join(&[self.text.clone(), self.below.clone()])
    }
}

fn age(now: Timestamp, at: Timestamp) -> SignedDuration {
    now.duration_since(at)
}

impl Reader {
    /// The language of the citizen.
    pub fn locale(&self) -> Locale {
        if self.english { Locale::En } else { Locale::Zh }
    }

    /// The highest number that this conversation's messages have been shown up to.
    pub fn shown_of(&self, conversation: Option<&str>) -> u64 {
        if conversation.is_some() && self.conversation.as_deref() == conversation { self.shown } else { 0 }
    }

    /// The messages that have not been shown, in order; the citizen's own are not among them.
    pub fn unseen<'t>(&self, thread: &'t Thread) -> impl Iterator<Item = &'t Outbound> + use<'t> {
        let shown = self.shown_of(thread.conversation.as_deref());
        thread.messages.iter().filter(move |message| message.seq > shown && message.author != Author::Citizen)
    }

    /// What was answered to a push, if it can be answered the same way again. "Please wait" is no answer.
    pub fn answered(&self, id: &str) -> Option<&Given> {
        self.given.iter().find(|given| given.id == id && given.tail != Tail::Wait)
    }

    /// The last question that waits for an answer.
    pub fn waiting(&self, now: Timestamp) -> Option<&Asked> {
        self.asked.iter().rfind(|asked| !asked.poke && age(now, asked.at) < WAITING)
    }

    /// Whether somebody who is alive sends at present.
    pub fn is_sending(&self, now: Timestamp) -> bool {
        self.sending.as_ref().is_some_and(|sending| now < sending.until)
    }

    /// A delivery went unanswered; returns how many have.
    pub fn unanswered(&mut self, id: &str, at: Timestamp, poke: bool) -> u32 {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.id == id) {
            asked.deliveries += 1;
            return asked.deliveries;
        }
        self.asked.push(Asked { id: id.to_owned(), at, deliveries: 1, poke });
        1
    }

    /// Takes everything that is unseen for a push, and remembers that it was given to it. `None`: there is nothing to say.
    pub fn give(&mut self, thread: &Thread, giving: &Giving<'_>, speech: Speech<'_>) -> Option<Given> {
        let now = giving.now;
        self.take_back(giving.id, now);
        if giving.done {
            let later = |asked: &Asked| asked.at > giving.asked_at && asked.id != giving.id;
            self.asked.retain(|asked| later(asked) && age(now, asked.at) < WAITING);
        }
        if self.is_sending(now) {
            let own = giving.own.clone().unwrap_or_default();
            return self.finish(own, giving, speech);
        }
        let (urgent, ordinary) = self.take(thread, giving, speech);
        let rest = std::mem::take(&mut self.rest);
        // Numbers to call come before everything, also before what is left of an earlier answer.
        let text = join(&[&urgent[..], &[rest], &ordinary[..], giving.own.as_slice()].concat());
        self.finish(text, giving, speech)
    }

    /// Moves the cursor over what is unseen, and prints it: what is urgent, and the rest.
    fn take(
        &mut self,
        thread: &Thread,
        giving: &Giving<'_>,
        speech: Speech<'_>,
    ) -> (Vec<String>, Vec<String>) {
        let unseen: Vec<&Outbound> = self.unseen(thread).collect();
        let (mut urgent, mut ordinary) = (Vec::new(), self.begun(&unseen, giving, speech));
        let begun = self.sending.take().map_or(0, |sending| if sending.done > 0 { sending.to } else { 0 });
        let mut shown = thread.messages.last().map(|last| last.seq);
        for message in unseen.iter().filter(|message| message.seq > begun) {
            if giving.leave_files && !message.attachments.is_empty() {
                shown = Some(message.seq.saturating_sub(1));
                break;
            }
            self.ask_rating = message.ask_rating;
            let text = speech.text(message, giving.file);
            if message.call.is_empty() { &mut ordinary } else { &mut urgent }.push(text);
        }
        if let Some(shown) = shown {
            self.shown = shown.max(self.shown_of(thread.conversation.as_deref()));
            self.conversation.clone_from(&thread.conversation);
        }
        (urgent, ordinary)
    }

    /// The parts that a process which ended had not sent yet.
    fn begun(&self, unseen: &[&Outbound], giving: &Giving<'_>, speech: Speech<'_>) -> Vec<String> {
        let Some(sending) = self.sending.as_ref().filter(|sending| sending.done > 0) else {
            return Vec::new();
        };
        let upto = unseen.iter().filter(|message| message.seq <= sending.to);
        let of = |message: &&Outbound| {
            let author = message.author;
            speech.parts(message).into_iter().map(move |part| (part, author))
        };
        let left: Vec<(Part, Author)> = upto.flat_map(of).skip(sending.done).collect();
        speech.left(&left, giving.file)
    }

    /// Cuts a text to size, keeps what is left, and remembers what was given.
    fn finish(&mut self, text: String, giving: &Giving<'_>, speech: Speech<'_>) -> Option<Given> {
        if text.is_empty() && giving.tail == Tail::Nothing {
            return None;
        }
        let below = |tail| speech.tail(tail, giving.url.as_deref());
        let fits = |tail| TEXT_BYTES.saturating_sub(below(tail).len() + GAP.len());
        let (text, rest) = match text.len() <= fits(giving.tail) {
            true => (text, String::new()),
            false => cut(&text, fits(Tail::More)),
        };
        // A part that was cut says how to read on; what still waits for its answer comes with that.
        let tail = if rest.is_empty() { giving.tail } else { Tail::More };
        self.rest = join(&[rest, std::mem::take(&mut self.rest)]);
        trim(&mut self.rest);
        self.hinted = tail == Tail::Wait;
        let (id, below) = (giving.id.to_owned(), below(tail));
        let given = Given { id, at: giving.now, text, below, tail, written: false };
        self.given.retain(|kept| age(giving.now, kept.at) < REPEATS || !kept.written);
        if self.given.len() >= KEPT {
            self.given.remove(0);
        }
        self.given.push(given.clone());
        Some(given)
    }

    /// Puts back what was given to this push before, and what was given to others and never went out.
    pub fn take_back(&mut self, id: &str, now: Timestamp) {
        let (back, kept) = std::mem::take(&mut self.given)
            .into_iter()
            .partition(|given| given.id == id || (!given.written && age(now, given.at) >= UNSENT));
        self.given = kept;
        let back: Vec<Given> = back;
        if back.is_empty() {
            return;
        }
        let mut blocks: Vec<String> = back.into_iter().map(|given| given.text).collect();
        blocks.push(std::mem::take(&mut self.rest));
        self.rest = join(&blocks);
    }

    /// The bytes of an answer went out. False: nothing changes by that.
    pub fn written(&mut self, id: &str) -> bool {
        match self.given.iter_mut().find(|given| given.id == id && !given.written) {
            Some(given) => {
                given.written = true;
                true
            }
            None => false,
        }
    }

    /// Keeps what is unseen of a conversation that is over, because the next message may begin another one, and then
    /// its thread can be read no more. False: there was nothing to keep.
    pub fn carry(
        &mut self,
        thread: &Thread,
        speech: Speech<'_>,
        file: &dyn Fn(&Attachment) -> Option<String>,
    ) -> bool {
        let texts: Vec<String> = self.unseen(thread).map(|message| speech.text(message, file)).collect();
        if texts.is_empty() {
            return false;
        }
        self.rest = join(&[&[std::mem::take(&mut self.rest)], &texts[..]].concat());
        trim(&mut self.rest);
        self.shown = thread.messages.last().map_or(self.shown, |last| last.seq);
        self.conversation.clone_from(&thread.conversation);
        true
    }

    /// The citizen has left: nothing is kept of them but how far they had read.
    pub fn forget(&mut self) {
        *self = Self { conversation: self.conversation.take(), shown: self.shown, ..Self::default() };
    }
}

/// Keeps what is to be read on within bounds; the whole is in the thread, where helpers read it.
fn trim(rest: &mut String) {
    if rest.len() > REST_BYTES {
        *rest = cut(rest, REST_BYTES).0;
    }
}

#[cfg(test)]
mod tests;
