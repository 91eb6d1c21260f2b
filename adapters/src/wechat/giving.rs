//! Takes what is unseen for a push, in one change of the citizen's note.

use super::attend::{Trouble, Visit};
use super::client::WechatChannel;
use super::deed::with_people;
use super::link::{Target, alias};
use super::mailbox::busy;
use super::reader::{Given, Giving, Reader};
use super::render::Tail;
use crate::Thread;

/// How often a change of the note is tried.
const TRIES: usize = 64;

impl WechatChannel {
    /// Takes everything unseen for this push: one change of the note, so that nobody else says it.
    pub(super) async fn give(
        &self,
        visit: &Visit<'_>,
        own: Option<String>,
        done: bool,
        tail: Tail,
    ) -> Result<Option<Given>, Trouble> {
        let openid = &visit.push.openid;
        let fresh = alias();
        let file = |attachment: &_| self.file_link(attachment);
        for _ in 0..TRIES {
            let opened = self.mailbox.open(openid).await?;
            if let Some(given) = opened.reader.answered(&visit.push.id) {
                return Ok(Some(given.clone()));
            }
            let thread = self.thread(visit, &opened.reader).await?;
            let mut next = opened.reader.clone();
            visit.note_language(&mut next);
            let url = self.page(&mut next, &thread, &fresh);
            let giving = |own, tail| Giving {
                id: &visit.push.id,
                asked_at: visit.asked_at,
                now: self.now(),
                own,
                done,
                tail,
                url: url.clone(),
                leave_files: visit.sends,
                file: &file,
            };
            let speech = self.speech(&next);
            let given = if visit.sends || tail != Tail::Nothing || !with_people(&thread.state.stage) {
                next.give(&thread, &giving(own.clone(), tail), speech)
            } else {
                // Nothing can be sent later, so whoever talks with a person is told how to look.
                let nothing = next.clone().give(&thread, &giving(own.clone(), tail), speech).is_none();
                let words = (visit.nothing_new)(&self.words).say(next.locale());
                let own = if nothing { Some(words.to_owned()) } else { own.clone() };
                next.give(&thread, &giving(own, Tail::Relayed), speech)
            };
            if visit.sends {
                next.window.open(visit.trigger, self.now());
            }
            let links =
                given.as_ref().is_some_and(|given| url.as_ref().is_some_and(|url| given.below.contains(url)));
            if !links {
                next.alias.clone_from(&opened.reader.alias);
            } else if next.alias != opened.reader.alias {
                self.mailbox.name(&fresh, openid).await?;
            }
            if self.mailbox.write(openid, &opened, &next).await? {
                return Ok(given);
            }
        }
        Err(busy().into())
    }

    /// The address of a page with everything that is unseen now.
    fn page(&self, reader: &mut Reader, thread: &Thread, fresh: &str) -> Option<String> {
        let conversation = thread.conversation.clone()?;
        if !self.links.are_possible() {
            return None;
        }
        let after = reader.shown_of(Some(&conversation));
        let alias = reader.alias.get_or_insert_with(|| fresh.to_owned()).clone();
        self.links.link(&Target::Answer { alias, conversation, after }, self.now())
    }
}
