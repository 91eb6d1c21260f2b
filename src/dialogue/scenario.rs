//! Walking a scenario (一件事): one question at a time, until the facts decide what is to be done.

use std::collections::BTreeMap;

use super::context::Walk;
use super::evidence::{Details, Evidence, Node, ScenarioOutcome};

/// Where a step of the walk leads.
#[derive(Clone, PartialEq, Debug)]
pub enum Step<'a> {
    /// The next question.
    Ask(&'a Node, Walk),
    /// The questions are answered.
    Done(&'a ScenarioOutcome),
    /// The walk does not fit the scenario any more, because the entry was changed meanwhile.
    Lost,
}

/// Begins a walk.
pub fn begin(scenario: &Evidence) -> Step<'_> {
    let Details::Scenario(nodes, outcomes) = &scenario.details else { return Step::Lost };
    match nodes.first() {
        Some(node) => {
            let walk = Walk { entry: scenario.id.clone(), node: node.id.clone(), facts: BTreeMap::new() };
            Step::Ask(node, walk)
        }
        None => decide(outcomes, &BTreeMap::new()),
    }
}

/// Takes the option with this number (from 1) of the node that is open.
pub fn choose<'a>(scenario: &'a Evidence, walk: &Walk, option: usize) -> Step<'a> {
    let Details::Scenario(nodes, outcomes) = &scenario.details else { return Step::Lost };
    let Some(node) = nodes.iter().find(|node| node.id == walk.node) else { return Step::Lost };
    let Some(option) = option.checked_sub(1).and_then(|index| node.options.get(index)) else {
        return Step::Lost;
    };
    let mut facts = walk.facts.clone();
    facts.extend(option.facts.clone());
    match &option.next {
        Some(next) => match nodes.iter().find(|node| &node.id == next) {
            Some(node) => Step::Ask(node, Walk { entry: walk.entry.clone(), node: node.id.clone(), facts }),
            None => Step::Lost,
        },
        None => decide(outcomes, &facts),
    }
}

/// The first outcome all of whose conditions hold.
fn decide<'a>(outcomes: &'a [ScenarioOutcome], facts: &BTreeMap<String, String>) -> Step<'a> {
    outcomes
        .iter()
        .find(|outcome| outcome.when.iter().all(|(fact, value)| facts.get(fact) == Some(value)))
        .map_or(Step::Lost, Step::Done)
}

#[cfg(test)]
mod tests {
    use super::super::evidence::NodeOption;
    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    fn option(label: &str, next: Option<&str>, pairs: &[(&str, &str)]) -> NodeOption {
        NodeOption { label: label.to_owned(), next: next.map(str::to_owned), facts: facts(pairs) }
    }

    fn outcome(when: &[(&str, &str)], step: &str) -> ScenarioOutcome {
        ScenarioOutcome {
            when: facts(when),
            matters: vec![],
            materials: vec![],
            steps: vec![step.to_owned()],
        }
    }

    fn scenario() -> Evidence {
        let details = Details::Scenario(
            vec![
                Node {
                    id: "born".into(),
                    ask: "在哪出生？".into(),
                    options: vec![
                        option("本市", Some("hukou"), &[("born", "here")]),
                        option("外地", None, &[("born", "away")]),
                    ],
                },
                Node {
                    id: "hukou".into(),
                    ask: "户口？".into(),
                    options: vec![option("本市", None, &[("hukou", "here")])],
                },
            ],
            vec![outcome(&[("born", "here"), ("hukou", "here")], "全部联办"), outcome(&[], "分开办")],
        );
        Evidence::new("s", "新生儿", "", details)
    }

    #[test]
    fn the_facts_gathered_on_the_way_decide() {
        let scenario = scenario();
        let Step::Ask(node, walk) = begin(&scenario) else { panic!("a first question") };
        assert_eq!(node.id, "born");
        let Step::Ask(node, walk) = choose(&scenario, &walk, 1) else { panic!("a second question") };
        assert_eq!(node.id, "hukou");
        let Step::Done(outcome) = choose(&scenario, &walk, 1) else { panic!("an outcome") };
        assert_eq!(outcome.steps, ["全部联办"]);
    }

    #[test]
    fn a_short_way_ends_in_the_rest() {
        let scenario = scenario();
        let Step::Ask(_, walk) = begin(&scenario) else { panic!("a first question") };
        let Step::Done(outcome) = choose(&scenario, &walk, 2) else { panic!("an outcome") };
        assert_eq!(outcome.steps, ["分开办"]);
    }

    #[test]
    fn a_walk_through_a_changed_scenario_is_lost_not_wrong() {
        let scenario = scenario();
        let walk = Walk { entry: "s".into(), node: "gone".into(), facts: BTreeMap::new() };
        assert_eq!(choose(&scenario, &walk, 1), Step::Lost);
        let Step::Ask(_, walk) = begin(&scenario) else { panic!("a first question") };
        for option in [0, 3, usize::MAX] {
            assert_eq!(choose(&scenario, &walk, option), Step::Lost);
        }
    }
}
