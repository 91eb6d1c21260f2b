//! What every channel of a platform has to show, told once: see [`Platform`]. The stories are in `cases`; each platform
//! brings the server that stands in for it.

mod cases;
mod dingtalk;
mod http;
mod telegram;
mod web;
mod wechat;

use crate::support::Server;

/// A recording, as phones make them.
pub(crate) const SOUND: &[u8] = b"#!AMR\n\x3c\x08\x49\x1e\x9a\x80\0\0\0\0\0\0\0\0";

/// A form to be filled in.
pub(crate) const FORM: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

/// Its name.
pub(crate) const FORM_NAME: &str = "申请表.pdf";

/// What became of something that was sent to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sent {
    /// It was acknowledged, or is still to be got by us.
    Taken,
    /// It was refused, with this status.
    Refused(u16),
}

/// A platform that stands in for the real one, with one channel called `tested`.
pub(crate) trait Platform: Sized {
    /// A message, as the platform would deliver it again.
    type Message: Clone;

    /// Whether forged messages can be sent at all: where we ask the platform, nobody else is listened to.
    const IS_CALLED: bool = true;

    /// Whether whoever opens a link of ours there is known to be who was sent it.
    const SAYS_WHO_OPENS: bool = false;

    /// Whether the platform says who opens a link, if it is asked.
    const KNOWS_WHO_OPENS: bool = false;

    /// Whether a recording comes with the words that the platform heard in it.
    const HEARS: bool = false;

    /// Whether a recording comes itself; else its words take its place.
    const KEEPS_RECORDINGS: bool = true;

    /// How many messages of a helper reach a citizen who writes nothing meanwhile.
    const REPLIES: usize = 8;

    /// How many sentences of a helper do.
    const SENTENCES: usize = 900;

    /// Whether messages that wait come as one text, which is long enough to be read part by part.
    const TOGETHER: bool = false;

    /// Starts the platform.
    async fn start() -> Self;

    /// The name of the channel.
    fn channel(&self) -> &'static str {
        "tested"
    }

    /// The section `[channels.tested]` and whatever else has to be configured.
    fn section(&self) -> String;

    /// Waits until the channel is connected with the platform.
    async fn connect(&self, server: &Server);

    /// A citizen writes something; nothing is sent yet.
    fn write(&self, citizen: u32, text: &str) -> Self::Message;

    /// A citizen sends the picture [`PNG`](crate::files::PNG).
    fn photo(&self, citizen: u32) -> Self::Message;

    /// A citizen says this; the recording is [`SOUND`].
    fn voice(&self, citizen: u32, words: &str) -> Self::Message;

    /// A citizen sends [`FORM`].
    fn form(&self, citizen: u32) -> Self::Message;

    /// Delivers a message to us, for the first time or again.
    async fn send(&self, server: &Server, message: &Self::Message) -> Sent;

    /// Delivers a message with a wrong signature.
    async fn forge(&self, server: &Server, message: &Self::Message) -> Sent;

    /// What a citizen sees of what we sent, in order, each message by itself.
    fn arrived(&self, citizen: u32) -> Vec<String>;

    /// The same with the addresses behind its links, where the platform shows words in their place.
    fn with_links(&self, citizen: u32) -> Vec<String> {
        self.arrived(citizen)
    }

    /// A citizen does whatever brings what could not be sent to them.
    async fn look(&self, _server: &Server, _citizen: u32) {}

    /// Opens a link without digits, as the platform lets this citizen do; the status of it.
    async fn open_as(&self, _server: &Server, citizen: u32, _share: &str, _key: &str) -> u16 {
        panic!("the platform does not say whether {citizen} opens a link")
    }

    /// The pictures that a citizen sees, or can open.
    async fn pictures(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>>;

    /// The files besides pictures that a citizen has got, or can open.
    async fn files(&self, server: &Server, citizen: u32) -> Vec<Vec<u8>>;

    /// A text without what the channel puts around the words of a message of its own accord.
    fn words_of(&self, text: &str) -> String {
        text.to_owned()
    }

    /// The most that one message may hold, and how much a text is in the platform's unit.
    fn limit(&self, text: &str) -> (usize, usize);

    /// Lets so many of our next messages fail, in the way that says "later".
    fn fail(&self, times: usize);

    /// How many messages we tried to send, those that failed included.
    fn attempts(&self) -> usize;
}

/// Makes the stories tests of one platform.
macro_rules! channel_conformance {
    ($platform:ty) => {
        crate::channel_conformance::channel_conformance!(
            $platform:
            a_forged_message_is_refused,
            a_redelivered_message_is_answered_once,
            nothing_is_longer_than_the_platform_takes,
            a_failed_delivery_is_repeated_and_harmless,
            a_restart_between_acceptance_and_delivery_loses_nothing,
            replies_come_in_their_order,
            citizens_do_not_see_each_other,
            a_helper_and_a_citizen_exchange_words_links_and_pictures,
            a_recording_and_a_file_reach_the_helper_and_a_file_comes_back,
            a_link_to_a_shared_form_opens_once_and_for_whom_it_was_sent_to,
            a_citizen_joins_the_channel_to_a_login,
        );
    };
    ($platform:ty: $($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                crate::channel_conformance::cases::$case::<$platform>().await;
            }
        )*
    };
}

pub(crate) use channel_conformance;
