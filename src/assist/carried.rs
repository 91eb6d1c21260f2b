//! What goes over the bus between a room and its viewers, which may be on different nodes. The bus forgets: what goes
//! down is numbered, so that a viewer notices that something lacks and asks for the whole page again.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::wire::{BulkKind, FromHelper, Role, ToHelper};

/// From the room to its viewers.
#[derive(Clone, PartialEq, Debug)]
pub struct Down {
    /// Rises by one with every message of a room.
    pub number: u64,
    /// The room, which is another one after a restart.
    pub room: u64,
    /// The recorder.
    pub epoch: u32,
    /// For whom it is.
    pub to: To,
    /// What it says.
    pub says: Says,
    /// What it carries in bulk.
    pub bulk: Vec<(BulkKind, Bytes)>,
}

/// For whom a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum To {
    /// Everybody who was welcomed.
    All,
    /// The owner of the conversation alone.
    Owner,
    /// Everybody but the owner.
    Watchers,
    /// One viewer.
    One(u64),
}

/// What a message says besides what it carries.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// A frame.
    Frame(ToHelper),
    /// Only that there is a room: whoever looks and was not welcomed joins.
    Room,
    /// Nothing: it only carries.
    Bulk,
}

#[derive(Serialize, Deserialize)]
struct Head {
    n: u64,
    r: u64,
    e: u32,
    to: To,
    says: Says,
    bulk: Vec<(BulkKind, u32)>,
}

impl Down {
    /// Prints it: the length of a JSON head, the head, and the bulk.
    pub fn print(&self) -> Bytes {
        let length = |body: &Bytes| u32::try_from(body.len()).unwrap_or(u32::MAX);
        let head = Head {
            n: self.number,
            r: self.room,
            e: self.epoch,
            to: self.to,
            says: self.says.clone(),
            bulk: self.bulk.iter().map(|(kind, body)| (*kind, length(body))).collect(),
        };
        // Nothing in these types can fail to be printed.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let carried: usize = self.bulk.iter().map(|(_, body)| body.len()).sum();
        let mut message = BytesMut::with_capacity(4 + head.len() + carried);
        message.put_u32(u32::try_from(head.len()).unwrap_or(u32::MAX));
        message.extend_from_slice(&head);
        for (_, body) in &self.bulk {
            message.extend_from_slice(body);
        }
        message.freeze()
    }

    /// Reads one. `None`: the bus says that it dropped some, or another version speaks.
    pub fn parse(mut message: Bytes) -> Option<Self> {
        let length = usize::try_from(message.try_get_u32().ok()?).ok()?;
        if message.len() < length {
            return None;
        }
        let head: Head = serde_json::from_slice(&message.split_to(length)).ok()?;
        let mut bulk = Vec::with_capacity(head.bulk.len().min(512));
        for (kind, length) in head.bulk {
            let length = usize::try_from(length).ok()?;
            if message.len() < length {
                return None;
            }
            bulk.push((kind, message.split_to(length)));
        }
        Some(Self { number: head.n, room: head.r, epoch: head.e, to: head.to, says: head.says, bulk })
    }
}

/// From a viewer, or from whoever ends a share elsewhere, to the room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Up {
    /// Somebody looks. Said again until the room welcomes them.
    Join {
        /// Names the viewer's socket.
        viewer: u64,
        /// The helper.
        name: String,
        /// As what.
        role: Role,
    },
    /// A frame of theirs.
    Frame {
        /// Whose.
        viewer: u64,
        /// The recorder whose nodes it speaks of.
        epoch: u32,
        /// What it says.
        body: FromHelper,
    },
    /// Somebody left.
    Leave {
        /// Who.
        viewer: u64,
    },
    /// The share was ended in the store.
    Ended {
        /// Why.
        reason: String,
    },
    /// Another node has the citizen now; rooms but this one close.
    Moved {
        /// The new room.
        room: u64,
    },
}

impl Up {
    /// Prints it.
    pub fn print(&self) -> Bytes {
        // Nothing in these types can fail to be printed.
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// Reads one.
    pub fn parse(message: &Bytes) -> Option<Self> {
        serde_json::from_slice(message).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::Event;

    #[test]
    fn messages_survive_and_the_sign_of_loss_is_none() {
        let down = Down {
            number: 7,
            room: 1,
            epoch: 2,
            to: To::One(9),
            says: Says::Frame(ToHelper::Digest { nodes: 3, hash: 4, at_seq: 0 }),
            bulk: vec![(BulkKind::Snap, Bytes::from_static(b"abc")), (BulkKind::Inc, Bytes::new())],
        };
        assert_eq!(Down::parse(down.print()).unwrap(), down);
        assert_eq!(Down::parse(down.print().slice(..20)), None);
        let lost = serde_json::to_vec(&Event::Changed { conversation: String::new() }).unwrap();
        assert_eq!(Down::parse(lost.into()), None);
        let up = Up::Frame { viewer: 1, epoch: 2, body: FromHelper::HlClear { id: Some("a".into()) } };
        assert_eq!(Up::parse(&up.print()).unwrap(), up);
    }
}
