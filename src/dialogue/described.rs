//! What an entry says, as one text: what a model is given, and what its answer is held against.

use super::evidence::{Details, Evidence, Material, Matter, Policy, Window};

/// Which part of an entry a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// The title.
    Title,
    /// The answer, what a policy gives, what something costs.
    Answer,
    /// Who may apply.
    Condition,
    /// What to bring.
    Material,
    /// What to do.
    Step,
    /// Where, when, by which rule, and how long it takes.
    Circumstance,
}

/// A line of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Where it belongs.
    pub(super) part: Part,
    /// What stands before it; Chinese, as the entries are.
    label: Option<&'static str>,
    /// Whether it is one of several.
    is_item: bool,
    /// Its words.
    pub(super) text: String,
}

impl Evidence {
    /// Everything the entry says, in lines. The labels are Chinese, as the entries are.
    pub fn described(&self) -> String {
        let mut text = String::new();
        let mut before = None;
        for line in self.lines() {
            match (line.label, line.is_item) {
                (Some(label), true) => {
                    if before != Some(label) {
                        text.push_str(&format!("{label}：\n"));
                    }
                    text.push_str("- ");
                }
                (Some(label), false) => text.push_str(&format!("{label}：")),
                (None, _) => {}
            }
            before = line.label;
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }

    /// The lines of the entry, each with the part it belongs to.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut lines =
            vec![Line { part: Part::Title, label: None, is_item: false, text: trimmed(&self.title) }];
        lines.extend(self.answer.trim().lines().map(|line| Line {
            part: Part::Answer,
            label: None,
            is_item: false,
            text: line.trim_end().to_owned(),
        }));
        stated(&mut lines, Part::Circumstance, "主管部门", self.department.as_deref());
        stated(&mut lines, Part::Circumstance, "依据", self.source.as_deref());
        match &self.details {
            Details::Matter(matter) => describe_matter(&mut lines, matter),
            Details::Policy(policy) => describe_policy(&mut lines, policy),
            Details::Faq | Details::Scenario(..) => {}
        }
        lines
    }
}

fn describe_matter(lines: &mut Vec<Line>, matter: &Matter) {
    listed(lines, Part::Condition, "办理条件", matter.conditions.iter().cloned());
    listed(lines, Part::Material, "要带的材料", matter.materials.iter().map(material));
    listed(lines, Part::Step, "办理步骤", matter.steps.iter().cloned());
    stated(lines, Part::Answer, "费用", matter.fees.as_deref());
    let time = matter.time_limit_days.map(|days| match days {
        0 => "当场办结".to_owned(),
        days => format!("{days} 个工作日"),
    });
    stated(lines, Part::Circumstance, "办理时限", time.as_deref());
    listed(lines, Part::Circumstance, "办理地点", matter.windows.iter().map(window));
    stated(lines, Part::Circumstance, "网上办理", matter.online_url.as_deref());
    stated(lines, Part::Circumstance, "预约", matter.appointment_url.as_deref());
}

fn describe_policy(lines: &mut Vec<Line>, policy: &Policy) {
    stated(lines, Part::Answer, "享受内容", Some(&policy.benefits));
    listed(lines, Part::Condition, "条件", policy.conditions.iter().cloned());
    stated(lines, Part::Circumstance, "开始申请", policy.apply.0.as_deref());
    stated(lines, Part::Circumstance, "截止申请", policy.apply.1.as_deref());
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

fn stated(lines: &mut Vec<Line>, part: Part, label: &'static str, value: Option<&str>) {
    if let Some(text) = value.map(trimmed).filter(|value| !value.is_empty()) {
        lines.push(Line { part, label: Some(label), is_item: false, text });
    }
}

fn listed(lines: &mut Vec<Line>, part: Part, label: &'static str, items: impl Iterator<Item = String>) {
    lines.extend(items.map(|item| Line { part, label: Some(label), is_item: true, text: trimmed(&item) }));
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
