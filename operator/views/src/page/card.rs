//! What is shown of one object, or of one Environment.

use jiff::Timestamp;
use serde::Serialize;
use terrace_tiers::ObjectKey;

use super::{Cost, Fact, Links, Resource, Told, Waiting};
use super::{cost, facts, resource, told, uses, waiting};
use crate::ObjectName;
use crate::graph::{Standing, State};
use crate::standing::{Thing, Waits};
use crate::style::{age, bare};
use crate::tree::{EnvironmentLine, ObjectLine};
use crate::why::{self, Why};

/// What is shown of one object, or of one Environment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Card {
    /// `DataTier/shop/orders`, as its tiles bear it; `Environment/prod`.
    pub key: String,
    pub kind: String,
    /// `shop/orders`, or the name of an Environment.
    pub name: String,
    /// None of an Environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The word on its tile, and its sign.
    pub state: State,
    pub sign: char,
    /// The word and the reason, as on its tile: `Stalled: AccessDenied`.
    pub stands: String,
    /// How long it has stood so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
    /// How many objects wait for it.
    pub holds_up: usize,
    /// The root cause in one sentence, as `terrace why` has it.
    pub answer: String,
    /// What else `terrace why` says.
    pub facts: Vec<Fact>,
    /// The plan that waits for approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    pub resources: Vec<Resource>,
    pub links: Links,
    /// The newest first.
    pub events: Vec<Told>,
    /// None of what has none of its own, an Environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// The key of an object, as its tiles bear it.
pub fn key(name: &ObjectName) -> String {
    let all = [&name.kind, &name.namespace, &name.name];
    said(&all.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("/"))
}

/// Text of others, without what would turn its direction or cannot be seen.
pub fn said(text: &str) -> String {
    bare(text).into_owned()
}

/// The card of an object.
pub fn of_object(waits: &Waits, line: &ObjectLine, plans: &cost::Plans, now: Timestamp) -> Option<Card> {
    let ObjectName { kind, namespace, name } = &line.object;
    let at = waits.place(&ObjectKey::new(kind, namespace, name))?;
    let (object, why) = (waits.thing(at).object()?, why::for_text(waits, at, now));
    let waiting = object.status.plan.as_ref().map(|plan| waiting::of(plan, &line.object));
    Some(Card {
        facts: facts::of(&why, now, waiting.is_some()),
        waiting,
        resources: line.resources.iter().map(|one| resource::of(one, now)).collect(),
        links: uses::of(line),
        events: told::of(&object.events, now),
        cost: Some(cost::of(plans, &line.object)),
        ..card(&line.object, &Standing::of(object), line.since.map(|since| age(since, now)), line.holds_up.len(), &why)
    })
}

/// The card of an Environment.
pub fn of_environment(waits: &Waits, line: &EnvironmentLine, now: Timestamp) -> Option<Card> {
    let at = waits.place_of_environment(&line.name)?;
    let Thing::Environment(environment) = waits.thing(at) else { return None };
    let why = why::for_text(waits, at, now);
    let name = ObjectName::environment(&line.name);
    let standing = Standing::of_environment(environment);
    Some(Card {
        facts: [facts::of(&why, now, false), facts::of_environment(environment)].concat(),
        ..card(&name, &standing, line.since.map(|since| age(since, now)), line.holds_up.len(), &why)
    })
}

/// What every card has.
fn card(name: &ObjectName, standing: &Standing, age: Option<String>, holds_up: usize, why: &Why) -> Card {
    let place = Some(name.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    Card {
        key: key(name),
        kind: said(&name.kind),
        name: said(&place.map_or(name.name.clone(), |namespace| format!("{namespace}/{}", name.name))),
        namespace: place.map(said),
        state: standing.state,
        sign: standing.state.sign(),
        stands: said(&standing.text()),
        age,
        holds_up,
        answer: said(&why.answer),
        facts: Vec::new(),
        waiting: None,
        resources: Vec::new(),
        links: Links::default(),
        events: Vec::new(),
        cost: None,
    }
}
