//! What a well-formed entry must still satisfy, as far as it can be seen from the entry alone.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use super::{ConditionValue, Details, Entry, Matter, Operator, Policy, Scenario};

/// One thing wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which field, as a path: `windows[0].lng`.
    pub field: String,
    /// What is wrong with it, for the editor.
    pub reason: String,
}

/// How long one question may be; a longer one is an answer in the wrong column.
const MAX_QUESTION_CHARS: usize = 300;

impl Entry {
    /// Everything wrong with this entry by itself. References to other entries and to regions are checked on import.
    pub fn validate(&self) -> Vec<Fault> {
        let mut check = Check::default();
        check.text("title", &self.title);
        check.question("title", &self.title);
        for (at, similar) in self.similar.iter().enumerate() {
            check.text(&format!("similar[{at}]"), similar);
            check.question(&format!("similar[{at}]"), similar);
        }
        for (at, keyword) in self.keywords.iter().enumerate() {
            check.text(&format!("keywords[{at}]"), keyword);
        }
        check.order("expires_on", "effective_from", self.effective_from, self.expires_on);
        if self.superseded_by.as_ref() == Some(&self.id) {
            check.fault("superseded_by", "an entry cannot supersede itself");
        }
        if let Some(source) = &self.source {
            check.text("source.title", &source.title);
            check.url("source.url", source.url.as_deref());
        }
        for (at, attachment) in self.attachments.iter().enumerate() {
            check.text(&format!("attachments[{at}].name"), &attachment.name);
            check.url(&format!("attachments[{at}].url"), Some(&attachment.url));
        }
        match &self.details {
            Details::Faq => {}
            Details::Matter(matter) => check.matter(matter),
            Details::Policy(policy) => check.policy(policy),
            Details::Scenario(scenario) => check.scenario(scenario),
        }
        check.faults
    }
}

#[derive(Default)]
struct Check {
    faults: Vec<Fault>,
}

impl Check {
    fn fault(&mut self, field: &str, reason: impl Into<String>) {
        self.faults.push(Fault { field: field.to_owned(), reason: reason.into() });
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.fault(field, "must not be empty");
        }
    }

    fn question(&mut self, field: &str, text: &str) {
        if text.chars().count() > MAX_QUESTION_CHARS {
            self.fault(field, format!("has more than {MAX_QUESTION_CHARS} characters"));
        }
    }

    /// Links reach the citizen's browser: only `http` and `https`, with a host, and nothing that ends the link early.
    fn url(&mut self, field: &str, url: Option<&str>) {
        let Some(url) = url else { return };
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        match rest {
            None => self.fault(field, "must begin with http:// or https://"),
            Some(rest) if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) => {
                self.fault(field, "names no host");
            }
            Some(_) if url.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"`\\".contains(c)) => {
                self.fault(field, "contains a space, a quote or a control character");
            }
            Some(_) => {}
        }
    }

    fn order(&mut self, field: &str, earlier: &str, from: Option<Date>, until: Option<Date>) {
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            self.fault(field, format!("lies before {earlier}"));
        }
    }

    fn matter(&mut self, matter: &Matter) {
        for (at, material) in matter.materials.iter().enumerate() {
            self.text(&format!("materials[{at}].name"), &material.name);
        }
        for (at, window) in matter.windows.iter().enumerate() {
            self.text(&format!("windows[{at}].name"), &window.name);
            self.degrees(&format!("windows[{at}].lng"), window.lng, 180.0);
            self.degrees(&format!("windows[{at}].lat"), window.lat, 90.0);
            if window.lng.is_some() != window.lat.is_some() {
                self.fault(&format!("windows[{at}]"), "has only one of lng and lat");
            }
        }
        self.url("online_url", matter.online_url.as_deref());
        self.url("appointment_url", matter.appointment_url.as_deref());
        self.url("video_url", matter.video_url.as_deref());
    }

    fn degrees(&mut self, field: &str, degrees: Option<f64>, limit: f64) {
        if degrees.is_some_and(|degrees| !degrees.is_finite() || degrees.abs() > limit) {
            self.fault(field, format!("lies outside -{limit} … {limit}"));
        }
    }

    fn policy(&mut self, policy: &Policy) {
        self.order("apply_until", "apply_from", policy.apply_from, policy.apply_until);
        for (at, condition) in policy.conditions.iter().enumerate() {
            self.text(&format!("conditions[{at}].field"), &condition.field);
            let field = format!("conditions[{at}].value");
            match (condition.op, &condition.value) {
                (Operator::In, ConditionValue::List(values)) if values.is_empty() => {
                    self.fault(&field, "an empty list is never met");
                }
                (Operator::In, ConditionValue::List(_)) => {}
                (Operator::In, _) => self.fault(&field, "`in` compares with a list"),
                (_, ConditionValue::List(_)) => self.fault(&field, "only `in` compares with a list"),
                (Operator::Ge | Operator::Gt | Operator::Le | Operator::Lt, ConditionValue::Flag(_)) => {
                    self.fault(&field, "true and false have no order");
                }
                _ => {}
            }
        }
    }

    fn scenario(&mut self, scenario: &Scenario) {
        if scenario.nodes.is_empty() {
            self.fault("nodes", "a scenario has at least one question");
        }
        if scenario.outcomes.is_empty() {
            self.fault("outcomes", "a scenario has at least one outcome");
        }
        let mut known = HashSet::new();
        for (at, node) in scenario.nodes.iter().enumerate() {
            self.text(&format!("nodes[{at}].id"), &node.id);
            self.text(&format!("nodes[{at}].ask"), &node.ask);
            if !known.insert(node.id.as_str()) {
                self.fault(&format!("nodes[{at}].id"), format!("`{}` is there twice", node.id));
            }
            if node.options.is_empty() {
                self.fault(&format!("nodes[{at}].options"), "a question needs options");
            }
        }
        for (at, node) in scenario.nodes.iter().enumerate() {
            for (option_at, option) in node.options.iter().enumerate() {
                self.text(&format!("nodes[{at}].options[{option_at}].label"), &option.label);
                if let Some(next) = &option.next
                    && !known.contains(next.as_str())
                {
                    let field = format!("nodes[{at}].options[{option_at}].next");
                    self.fault(&field, format!("there is no node `{next}`"));
                }
            }
        }
        if let Some(name) = circle(scenario) {
            self.fault("nodes", format!("the questions run in a circle through `{name}`"));
        }
    }
}

/// A node that can be reached from itself. A citizen led in a circle never gets an outcome.
fn circle(scenario: &Scenario) -> Option<&str> {
    let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
    for node in &scenario.nodes {
        let targets = node.options.iter().filter_map(|option| option.next.as_deref());
        next.entry(&node.id).or_default().extend(targets);
    }
    scenario.nodes.iter().map(|node| node.id.as_str()).find(|start| {
        let mut seen = HashSet::new();
        let mut open = vec![*start];
        while let Some(id) = open.pop() {
            for target in next.get(id).into_iter().flatten() {
                if target == start {
                    return true;
                }
                if seen.insert(*target) {
                    open.push(target);
                }
            }
        }
        false
    })
}
