//! What an entry says, as one text: what a model is given, and what its answer is held against.

use std::fmt::{Result as Written, Write};

use super::evidence::{Details, Evidence, Material, Matter, Policy, Window};

impl Evidence {
    /// Everything the entry says, in lines. The labels are Chinese, as the entries are.
    pub fn described(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        match describe(&mut text, self) {
            Ok(()) | Err(_) => text,
        }
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
