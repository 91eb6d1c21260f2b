//! Robots of DingTalk, from their settings.

use std::sync::Arc;

use adapters::dingtalk::{CardSettings, DingtalkChannel, DingtalkSettings, Mode, Pace};
use adapters::{Audience, Channel, Kit, Locale};

use crate::config::{ConfigError, DingtalkAudience, DingtalkConfig, DingtalkLocale, DingtalkMode, words};

/// Builds the channel.
pub(super) fn channel(config: &DingtalkConfig, kit: Kit) -> Result<Arc<dyn Channel>, ConfigError> {
    let settings = DingtalkSettings {
        client_id: config.client_id.clone(),
        client_secret: config.client_secret.clone(),
        robot_code: config.robot_code.clone().unwrap_or_else(|| config.client_id.clone()),
        mode: match config.mode {
            DingtalkMode::Stream => Mode::Stream,
            DingtalkMode::Webhook => Mode::Webhook,
        },
        card: config
            .card_template_id
            .clone()
            .map(|template| CardSettings { template, content_key: config.card_content_key.clone() }),
        api_base: config.api_base.clone(),
        oapi_base: config.oapi_base.clone(),
        login_base: config.login_base.clone(),
        oauth: config.oauth,
        audience: match config.audience {
            DingtalkAudience::Enterprise => Some(Audience::Enterprise),
            DingtalkAudience::Citizen => Some(Audience::Citizen),
            DingtalkAudience::Any => None,
        },
        staff_profile: config.staff_profile,
        locale: match config.locale {
            DingtalkLocale::Zh => Locale::Zh,
            DingtalkLocale::En => Locale::En,
        },
        ai_label: config.ai_label,
        pace: Pace { idle: config.idle.into(), ..Pace::default() },
        words: words::dingtalk()?,
        personal: super::kit::personal(),
    };
    Ok(DingtalkChannel::new(kit, settings))
}
