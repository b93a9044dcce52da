//! What `terrace why` says under its answer, in its own words: a label and its lines, each.

use jiff::Timestamp;
use serde::Serialize;

use super::card::{key, said};
use crate::Environment;
use crate::style::Style;
use crate::why::{Link, Why};

/// A label, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    pub label: String,
    pub lines: Vec<Said>,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    pub text: String,
    /// The key of the card that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// It is a command, and this is what it comes to, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// What [`Why::text`] puts before a label, and the columns that a label takes.
const INDENT: &str = "  ";
const LABEL: usize = 10;
/// The labels of commands, and of the plan that they are about.
const RUN: [&str; 2] = ["run", "choose"];
const PLAN: [&str; 3] = ["plan", "run", "choose"];

/// What is known of the cause. The plan is left out where it is the object's own and is shown by itself.
pub fn of(why: &Why, now: Timestamp, own_plan: bool) -> Vec<Fact> {
    let text = why.text(&Style::plain(now));
    let mut facts: Vec<Fact> = Vec::new();
    // The answer comes first, then an empty line.
    for line in text.lines().skip_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix(INDENT)) {
        let (label, words) = split(line);
        let line = Said { text: words.to_owned(), ..Said::default() };
        match facts.last_mut() {
            Some(last) if label.is_empty() => last.lines.push(line),
            _ => facts.push(Fact { label: label.to_owned(), lines: vec![line] }),
        }
    }
    let own = own_plan && !why.plan.is_empty() && why.chain.iter().all(|link| link.object == why.object);
    facts.retain(|fact| !own || !PLAN.contains(&fact.label.as_str()));
    facts.iter_mut().for_each(|fact| complete(fact, why));
    facts
}

/// The label, which is as wide as all of them, and the rest.
fn split(line: &str) -> (&str, &str) {
    let at = line.char_indices().nth(LABEL).map_or(line.len(), |(at, _)| at);
    let (label, words) = line.split_at(at);
    (label.trim(), words)
}

/// Adds to lines what they lead to, or what they come to.
fn complete(fact: &mut Fact, why: &Why) {
    match fact.label.as_str() {
        "chain" => {
            for (line, link) in fact.lines.iter_mut().zip(&why.chain) {
                lead(line, link);
            }
        }
        label if RUN.contains(&label) => {
            for (line, command) in fact.lines.iter_mut().zip(&why.commands) {
                let several = why.commands.len() > 1;
                (line.text, line.run) =
                    (said(&command.run), Some(if several { said(&command.effect) } else { String::new() }));
            }
        }
        _ => {}
    }
}

/// The chain is drawn as one: its arrows are the page's.
fn lead(line: &mut Said, link: &Link) {
    line.text = line.text.trim_start_matches("→ ").to_owned();
    line.key = Some(key(&link.object)).filter(|_| link.resource.is_none());
}

/// Where an Environment is.
pub fn of_environment(environment: &Environment) -> Vec<Fact> {
    let Environment { account, region, cluster, vpc, .. } = environment;
    let known =
        [("account", Some(account)), ("region", Some(region)), ("cluster", Some(cluster)), ("vpc", vpc.as_ref())];
    let fact = |(label, text): (&str, Option<&String>)| {
        let text = said(text.filter(|text| !text.is_empty())?);
        Some(Fact { label: label.into(), lines: vec![Said { text, ..Said::default() }] })
    };
    known.into_iter().filter_map(fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{key as named, now, web_world, with_a_refused_database};
    use crate::why::why;

    fn facts(world: &crate::World, title: &str, own_plan: bool) -> Vec<Fact> {
        of(&why(world, &named(title), now()).expect("an object"), now(), own_plan)
    }

    fn labels(facts: &[Fact]) -> Vec<&str> {
        facts.iter().map(|fact| fact.label.as_str()).collect()
    }

    #[test]
    fn a_chain_leads_to_each_of_its_objects() {
        let facts = facts(&with_a_refused_database(), "EdgeTier shop/shop", false);
        assert_eq!(labels(&facts), ["since", "events", "chain", "do", "read"]);
        let chain: Vec<_> = facts[2].lines.iter().map(|line| (line.text.as_str(), line.key.as_deref())).collect();
        assert_eq!(chain[0], ("EdgeTier shop/shop: Reconciling, Waiting for 11m", Some("EdgeTier/shop/shop")));
        assert_eq!(chain[2].1, Some("DataTier/shop/orders"));
        assert!(chain[3].0.starts_with("subnets (rds/DbSubnetGroup), Intended, AccessDenied") && chain[3].1.is_none());
    }

    #[test]
    fn a_plan_that_is_shown_by_itself_is_not_told_twice_and_that_of_another_is_told_with_its_command() {
        let mut world = web_world();
        let data = world.object_mut("DataTier shop/orders");
        data.stalls("ApprovalRequired", "db (rds/DbInstance): needs approval", "1m");
        data.plans("77aa", &[("db", "Replace", Some("lost"), "8c1f")]);
        let waits = "spec.bindings[db].dataTierRef: waiting for DataTier shop/orders, which has no endpoint yet";
        world.object_mut("WebApp shop/shop").reconciles("Waiting", waits, "1m");
        assert!(!labels(&facts(&world, "DataTier shop/orders", true)).contains(&"run"));
        let app = facts(&world, "WebApp shop/shop", false);
        let run = app.iter().find(|fact| fact.label == "run").expect("a command");
        assert_eq!(run.lines[0].text, "terrace approve DataTier/orders -n shop --plan 77aa");
        assert_eq!(run.lines[0].run.as_deref(), Some(""));
    }

    #[test]
    fn of_several_commands_each_says_what_it_comes_to() {
        let mut world = web_world();
        world.object_mut("DataTier shop/orders").status.conditions.clear();
        world.object_mut("DataTier shop/orders").status.environment = None;
        world.object_mut("DataTier shop/orders").status.resources.clear();
        let facts = facts(&world, "DataTier shop/orders", false);
        let run = facts.iter().find(|fact| fact.label == "run").expect("commands");
        assert_eq!(run.lines[1].text, "kubectl -n terrace-system get lease terrace");
        assert_eq!(run.lines[1].run.as_deref(), Some("whether one leads"));
    }
}
