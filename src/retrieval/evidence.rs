//! Entries in the core's own terms.

use std::collections::BTreeMap;

use knowledge::entry::{self, ConditionValue, Entry, EntryId, Operator};

use crate::dialogue::evidence::{
    Cited, Details, Evidence, Located, Material, Matter, Node, NodeOption, Policy, Position, ScenarioOutcome,
    Window,
};

/// The matters a scenario leads to.
pub(super) fn matters(entry: &Entry) -> Vec<EntryId> {
    match &entry.details {
        entry::Details::Scenario(scenario) => {
            scenario.outcomes.iter().flat_map(|outcome| outcome.matters.iter().cloned()).collect()
        }
        _ => Vec::new(),
    }
}

/// An entry as evidence by itself; a scenario names its matters by their ids.
pub(crate) fn evidence_of(entry: Entry) -> Evidence {
    of(entry, &BTreeMap::new())
}

/// The entry as evidence; `titles` names the matters of a scenario.
pub(super) fn of(entry: Entry, titles: &BTreeMap<String, String>) -> Evidence {
    let online = match &entry.details {
        entry::Details::Matter(matter) => matter.online_url.clone(),
        _ => None,
    };
    let url = entry.source.as_ref().and_then(|source| source.url.clone()).or(online);
    let source = entry.source.as_ref().map(source);
    let details = details(entry.details, titles);
    Evidence {
        department: entry.department,
        source,
        url,
        ..Evidence::new(entry.id.as_ref(), entry.title, entry.answer, details)
    }
}

fn details(details: entry::Details, titles: &BTreeMap<String, String>) -> Details {
    match details {
        entry::Details::Faq => Details::Faq,
        entry::Details::Matter(matter) => Details::Matter(Box::new(self::matter(*matter))),
        entry::Details::Policy(policy) => Details::Policy(Box::new(self::policy(*policy))),
        entry::Details::Scenario(scenario) => {
            let scenario = *scenario;
            let nodes = scenario.nodes.into_iter().map(node).collect();
            let outcomes =
                scenario.outcomes.into_iter().map(|outcome| self::outcome(outcome, titles)).collect();
            Details::Scenario(nodes, outcomes)
        }
    }
}

fn matter(matter: entry::Matter) -> Matter {
    Matter {
        materials: matter
            .materials
            .into_iter()
            .map(|material| Material {
                name: material.name,
                form: material.form,
                copies: material.copies,
                note: material.note,
                keypoints: material.keypoints,
            })
            .collect(),
        conditions: matter.conditions,
        steps: matter.steps,
        fees: matter.fees,
        time_limit_days: matter.time_limit_days,
        windows: matter.windows.into_iter().map(window).collect(),
        online_url: matter.online_url,
        appointment_url: matter.appointment_url,
    }
}

fn window(window: entry::Window) -> Window {
    let position = window.lng.zip(window.lat).map(|(lng, lat)| Position { lng, lat });
    Window { name: window.name, address: window.address, hours: window.hours, phone: window.phone, position }
}

/// The windows of an entry whose places are known.
pub(super) fn located(entry: &Entry) -> Vec<Located> {
    let entry::Details::Matter(matter) = &entry.details else { return Vec::new() };
    let cited = Cited {
        id: entry.id.as_ref().to_owned(),
        title: entry.title.clone(),
        url: entry.source.as_ref().and_then(|source| source.url.clone()).or(matter.online_url.clone()),
        source: entry.source.as_ref().map(source),
        department: entry.department.clone(),
        appointment_url: matter.appointment_url.clone(),
    };
    let windows = matter.windows.iter().cloned().map(window);
    windows
        .filter_map(|window| Some(Located { position: window.position?, window, cited: cited.clone() }))
        .collect()
}

/// The rule behind an entry, with its number.
fn source(source: &entry::Source) -> String {
    match &source.number {
        Some(number) => format!("{}（{number}）", source.title),
        None => source.title.clone(),
    }
}

fn policy(policy: entry::Policy) -> Policy {
    Policy {
        benefits: policy.benefits.unwrap_or_default(),
        conditions: policy.conditions.iter().map(words).collect(),
        apply: (
            policy.apply_from.map(|date| date.to_string()),
            policy.apply_until.map(|date| date.to_string()),
        ),
    }
}

/// A policy's condition in words.
fn words(condition: &entry::Condition) -> String {
    let (field, unit) = measured_in(&condition.field, &condition.value);
    let value = value(&condition.value);
    let relation = match condition.op {
        Operator::Eq => "为",
        Operator::Ne => "不为",
        Operator::Ge => "不低于",
        Operator::Gt => "高于",
        Operator::Le => "不超过",
        Operator::Lt => "低于",
        Operator::In => "为其中之一：",
    };
    format!("{field}{relation}{value}{unit}")
}

/// What a field's number counts. An amount names its unit at the end of the field, 年营业收入万元, which nobody says so; the
/// unit of a duration or an age is not named at all.
fn measured_in<'a>(field: &'a str, value: &ConditionValue) -> (&'a str, &'static str) {
    const NAMED: [(&str, &str); 4] = [("万元", "万元"), ("元", "元"), ("平方米", "平方米"), ("百分比", "%")];
    const UNNAMED: [(&str, &str); 8] = [
        ("天数", "天"),
        ("月数", "个月"),
        ("年限", "年"),
        ("年数", "年"),
        ("年龄", "周岁"),
        ("人数", "人"),
        ("套数", "套"),
        ("子女数", "个"),
    ];
    if !matches!(value, ConditionValue::Number(_)) {
        return (field, "");
    }
    let named = NAMED.iter().find_map(|(end, unit)| Some((field.strip_suffix(end)?, *unit)));
    let unnamed = || UNNAMED.iter().find(|(end, _)| field.ends_with(end)).map(|(_, unit)| (field, *unit));
    named.or_else(unnamed).unwrap_or((field, ""))
}

fn value(value: &ConditionValue) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(serde_json::Value::Bool(true)) => "是".to_owned(),
        Ok(serde_json::Value::Bool(false)) => "否".to_owned(),
        Ok(serde_json::Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join("、"),
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn node(node: entry::Node) -> Node {
    let options = node
        .options
        .into_iter()
        .map(|option| NodeOption { label: option.label, next: option.next, facts: option.facts })
        .collect();
    Node { id: node.id, ask: node.ask, options }
}

fn outcome(outcome: entry::Outcome, titles: &BTreeMap<String, String>) -> ScenarioOutcome {
    let matters = outcome
        .matters
        .iter()
        // A matter that is not in force any more is left out rather than sent to.
        .filter_map(|id| titles.get(id.as_ref()).map(|title| (id.as_ref().to_owned(), title.clone())))
        .collect();
    ScenarioOutcome { when: outcome.when, matters, materials: outcome.materials, steps: outcome.steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_told_as_one_speaks() {
        for (condition, told) in [
            (r#"{"field":"年营业收入万元","op":"ge","value":500}"#, "年营业收入不低于500万元"),
            (r#"{"field":"成立天数","op":"le","value":90}"#, "成立天数不超过90天"),
            (r#"{"field":"子女年龄","op":"lt","value":3}"#, "子女年龄低于3周岁"),
            (r#"{"field":"残疾人安排比例百分比","op":"lt","value":1.5}"#, "残疾人安排比例低于1.5%"),
            (r#"{"field":"注册地","op":"eq","value":"安和市"}"#, "注册地为安和市"),
            (r#"{"field":"户籍","op":"in","value":["甲","乙"]}"#, "户籍为其中之一：甲、乙"),
            (r#"{"field":"是否首次创业","op":"eq","value":true}"#, "是否首次创业为是"),
        ] {
            assert_eq!(words(&serde_json::from_str(condition).unwrap()), told, "{condition}");
        }
    }
}
