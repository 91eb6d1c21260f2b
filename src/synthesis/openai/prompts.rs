//! What the model is told, and how evidence and question are handed to it: as data between tags.

use std::fmt::{Result as Written, Write};

use crate::dialogue::evidence::{Details, Material, Matter, Policy, Window};
use crate::dialogue::{Brief, Evidence, Locale};
use crate::privacy;

/// The instructions, by the language of the answer.
#[derive(Clone, Debug)]
pub struct Prompts {
    zh: String,
    en: String,
}

impl Default for Prompts {
    fn default() -> Self {
        Self::new(
            include_str!("../../../config/prompts/answer.zh.md"),
            include_str!("../../../config/prompts/answer.en.md"),
        )
    }
}

impl Prompts {
    /// Instructions of one's own, Chinese and English.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The instructions for a language.
    pub(super) fn system(&self, locale: Locale) -> &str {
        match locale {
            Locale::Zh => &self.zh,
            Locale::En => &self.en,
        }
    }
}

/// The evidence and the question. What identifies the citizen does not leave the house.
pub(super) fn data(brief: &Brief<'_>) -> String {
    let mut text = String::from("<evidence>\n");
    for (place, evidence) in brief.evidence.iter().enumerate() {
        text.push_str(&format!("[{}] {}\n", place + 1, harmless(&described(evidence))));
    }
    text.push_str("</evidence>\n\n<question>\n");
    text.push_str(&harmless(&privacy::mask(brief.question)));
    text.push_str("\n</question>\n");
    text
}

/// The text without anything that could close or open one of our tags.
fn harmless(text: &str) -> String {
    let mut safe = text.replace("</", "＜/");
    for tag in ["<evidence", "<question"] {
        safe = safe.replace(tag, &tag.replace('<', "＜"));
    }
    safe
}

/// Everything an entry says. The labels are Chinese, as the entries are.
fn described(evidence: &Evidence) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    match describe(&mut text, evidence) {
        Ok(()) | Err(_) => text,
    }
}

fn describe(text: &mut String, evidence: &Evidence) -> Written {
    writeln!(text, "{}\n{}", evidence.title.trim(), evidence.answer.trim())?;
    stated(text, "主管部门", evidence.department.as_deref())?;
    stated(text, "依据", evidence.source.as_deref())?;
    match &evidence.details {
        Details::Matter(matter) => describe_matter(text, matter),
        Details::Policy(policy) => describe_policy(text, policy),
        Details::Faq | Details::Scenario(..) => Ok(()),
    }
}

fn describe_matter(text: &mut String, matter: &Matter) -> Written {
    listed(text, "办理条件", matter.conditions.iter().cloned())?;
    listed(text, "要带的材料", matter.materials.iter().map(material))?;
    listed(text, "办理步骤", matter.steps.iter().cloned())?;
    stated(text, "费用", matter.fees.as_deref())?;
    let time = matter.time_limit_days.map(|days| match days {
        0 => "当场办结".to_owned(),
        days => format!("{days} 个工作日"),
    });
    stated(text, "办理时限", time.as_deref())?;
    listed(text, "办理地点", matter.windows.iter().map(window))?;
    stated(text, "网上办理", matter.online_url.as_deref())?;
    stated(text, "预约", matter.appointment_url.as_deref())
}

fn describe_policy(text: &mut String, policy: &Policy) -> Written {
    stated(text, "享受内容", Some(&policy.benefits))?;
    listed(text, "条件", policy.conditions.iter().cloned())?;
    stated(text, "开始申请", policy.apply.0.as_deref())?;
    stated(text, "截止申请", policy.apply.1.as_deref())
}

fn stated(text: &mut String, label: &str, value: Option<&str>) -> Written {
    match value.map(str::trim).filter(|value| !value.is_empty()) {
        Some(value) => writeln!(text, "{label}：{value}"),
        None => Ok(()),
    }
}

fn listed(text: &mut String, label: &str, items: impl Iterator<Item = String>) -> Written {
    for (place, item) in items.enumerate() {
        if place == 0 {
            writeln!(text, "{label}：")?;
        }
        writeln!(text, "- {}", item.trim())?;
    }
    Ok(())
}

fn material(material: &Material) -> String {
    let copies = material.copies.filter(|&copies| copies > 0).map(|copies| format!("{copies} 份"));
    let keypoints =
        (!material.keypoints.is_empty()).then(|| format!("注意：{}", material.keypoints.join("；")));
    [Some(material.name.clone()), material.form.clone(), copies, material.note.clone(), keypoints]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("，")
}

fn window(window: &Window) -> String {
    let phone = window.phone.as_ref().map(|phone| format!("电话 {phone}"));
    [Some(window.name.clone()), window.address.clone(), window.hours.clone(), phone]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("，")
}
