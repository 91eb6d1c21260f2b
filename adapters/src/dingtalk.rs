//! The DingTalk channel: an internal application's robot, in single chats and in groups that @ it.
//!
//! Open next: [`stream`] (messages arrive by socket) or [`routes`] (by webhook), [`intake`] (what is made of them),
//! [`client`] (replies leave), [`card`] (an answer that grows while it is written), [`api`] (the platform's methods, its
//! limits and its refusals), [`staff`] (where a member of the company works).

mod absence;
pub mod address;
pub mod api;
pub mod card;
pub mod client;
pub mod compose;
pub mod config;
pub mod fault;
pub mod files;
pub mod intake;
pub mod janitor;
pub mod link;
pub mod memory;
pub mod press;
pub mod render;
pub mod routes;
pub mod send;
pub mod sign;
pub mod staff;
pub mod stream;
mod visitor;
pub mod wire;

pub use client::DingtalkChannel;
pub use config::{CardSettings, DingtalkSettings, Mode, Pace, Words};

/// Every alarm of this channel; `config/words/alarms.toml` says of each what it means and what to do.
pub mod alarms {
    /// No connection to the platform for longer than [`super::Pace::down_alarm`].
    pub const STREAM_DOWN: &str = "dingtalk_stream_down";
    /// Client id and secret are refused.
    pub const SECRET_REFUSED: &str = "dingtalk_secret_refused";
    /// Messages cannot be sent for lack of a permission.
    pub const SEND_REFUSED: &str = "dingtalk_send_refused";
    /// Cards cannot be shown: a permission is missing, or the template is not published.
    pub const CARD_REFUSED: &str = "dingtalk_card_refused";
    /// Files cannot be sent or fetched for lack of a permission.
    pub const FILE_REFUSED: &str = "dingtalk_file_refused";
    /// The robot code is wrong, or the robot may not write to people by itself.
    pub const ROBOT_REFUSED: &str = "dingtalk_robot_refused";
    /// Members of the company arrive without their id, as they do before the robot is published.
    pub const NO_STAFF_ID: &str = "dingtalk_no_staff_id";
    /// The robot's quota is used up.
    pub const QUOTA: &str = "dingtalk_quota_used_up";
    /// Calls fail again and again: no connection, or errors of the platform.
    pub const UNREACHABLE: &str = "dingtalk_unreachable";
    /// The platform asks to be left alone.
    pub const THROTTLED: &str = "dingtalk_throttled";
    /// Calls arrive whose signature does not fit the secret, and none has fitted yet.
    pub const SIGNATURE_REFUSED: &str = "dingtalk_signature_refused";
    /// Replies are refused for a reason this program does not know.
    pub const MESSAGE_REFUSED: &str = "dingtalk_message_refused";
    /// Where members of the company work cannot be looked up for lack of a permission.
    pub const STAFF_REFUSED: &str = "dingtalk_staff_refused";
    /// Who opens a page cannot be looked up for lack of a permission.
    pub const VISITOR_REFUSED: &str = "dingtalk_visitor_refused";
    /// Who answers in the platform's place has a certificate that is not believed.
    pub const CERTIFICATE_REFUSED: &str = "dingtalk_certificate_refused";
    /// All of them.
    pub const ALL: [&str; 15] = [
        STREAM_DOWN,
        SECRET_REFUSED,
        SEND_REFUSED,
        CARD_REFUSED,
        FILE_REFUSED,
        ROBOT_REFUSED,
        NO_STAFF_ID,
        QUOTA,
        UNREACHABLE,
        THROTTLED,
        SIGNATURE_REFUSED,
        MESSAGE_REFUSED,
        STAFF_REFUSED,
        VISITOR_REFUSED,
        CERTIFICATE_REFUSED,
    ];
}
