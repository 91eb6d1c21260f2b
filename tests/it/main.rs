//! The only Rust integration binary: one executable links faster than many.

#![expect(clippy::unwrap_used, reason = "the harness fails a test by panicking, as its assertions do")]

mod support;

mod answers;
mod assist;
mod attacks;
mod bad_input;
mod beyond_words;
mod channel_conformance;
mod channel_state;
mod command_line;
mod day;
mod desk;
mod dingtalk;
mod embedding;
mod embedding_model;
mod evaluate_fitting;
mod evaluate_report;
mod files;
mod follow_ups;
mod gateway;
mod guardrails;
mod house_rules;
mod http_channel;
mod import_export;
mod knowledge_crash;
mod knowledge_index;
mod knowledge_live;
mod language;
mod login;
mod model;
mod model_litellm;
mod model_llama;
mod model_operation;
mod model_slow;
mod model_wire;
mod places;
mod private;
mod questions;
mod recorded_model;
mod search_trial;
mod store_conformance;
mod store_crash;
mod story;
mod telegram;
mod web_channel;
mod wechat;
mod wechat_alarms;
mod wechat_api;
mod wechat_crash;
mod wechat_gateways;
mod wechat_gestures;
mod wechat_nodes;
mod wechat_oracle;
mod wechat_timing;
