//! Plans of a database on the in-memory AWS, as people read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::executor::block_on;
use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::json;
use terrace_engine::ownership::Adopt;
use terrace_engine::sim::SimAws;
use terrace_engine::{Engine, Memory, Outcome, Policy, Request};
use terrace_model::identity::Freshness;
use terrace_model::{DeletionPolicy, Graph, OwnerRef};
use terrace_tiers::samples::samples;

use super::*;
use crate::style::Style;

/// A database in an account of its own.
struct Database {
    sim: Arc<SimAws>,
    engine: Engine,
    owner: OwnerRef,
    graph: Option<Graph>,
}

impl Database {
    fn new() -> Self {
        let sim = SimAws::new();
        let text = |text: &str| text.to_owned();
        let owner = OwnerRef {
            cluster: text("prod"),
            namespace: text("shop"),
            kind: text("DataTier"),
            name: text("orders"),
            uid: text("uid-orders"),
        };
        let (_, graph) = samples().into_iter().find(|(name, _)| *name == "smallest").expect("a sample");
        Database { engine: Engine::new(sim.registry(), std::time::Duration::ZERO), sim, owner, graph: Some(graph) }
    }

    /// Another wish for a field of the instance.
    fn wish(&mut self, field: &str, value: serde_json::Value) {
        let mut wire = serde_json::to_value(self.graph.as_ref()).expect("plain data");
        wire["nodes"]["db"]["want"][field] = value;
        self.graph = Some(serde_json::from_value(wire).expect("a graph"));
    }

    fn request<'a>(
        &'a self,
        adopt: &'a Adopt,
        policy: &'a Policy,
        none: &'a BTreeMap<String, serde_json::Value>,
    ) -> Request<'a> {
        Request {
            owner: &self.owner,
            graph: self.graph.as_ref(),
            deletion: DeletionPolicy::Snapshot,
            inventory: self.sim.ledger("orders").load().unwrap_or_default(),
            foreign: none,
            adopt,
            policy,
            freshness: Freshness::Now,
            now: self.sim.clock().now(),
        }
    }

    fn foreseen(&self) -> Outcome {
        let (adopt, policy, none) = (Adopt::default(), Policy::default(), BTreeMap::new());
        block_on(self.engine.foresee(self.request(&adopt, &policy, &none), &Memory::default()))
    }

    /// Brings it up.
    fn made(self) -> Self {
        let (adopt, policy, none, memory) = (Adopt::default(), Policy::default(), BTreeMap::new(), Memory::default());
        let ledger = self.sim.ledger("orders");
        loop {
            let outcome = block_on(self.engine.pass(self.request(&adopt, &policy, &none), &memory, &ledger));
            block_on(terrace_engine::Ledger::save(&ledger, &outcome.inventory)).expect("it is written");
            let Some(after) = outcome.requeue else { return self };
            self.sim.clock().advance_to(self.sim.clock().now() + after);
        }
    }

    fn plan(&self, object: ObjectChange) -> Plan {
        let basis = Basis::Aws { identity: "arn:aws:iam::111122223333:user/ann".into() };
        Plan { basis, objects: vec![planned(object, steps(&self.foreseen()))] }
    }

    /// The plan with its costs.
    fn priced(&self, object: ObjectChange) -> Plan {
        let mut plan = self.plan(object);
        price(&mut plan.objects[0].steps, &self.foreseen(), &Prices::shipped());
        plan
    }

    /// The same in another region.
    fn moved(mut self, region: &str) -> Self {
        let mut wire = serde_json::to_value(self.graph.as_ref()).expect("plain data");
        for node in wire["nodes"].as_object_mut().expect("nodes").values_mut() {
            node["place"]["region"] = json!(region);
        }
        self.graph = Some(serde_json::from_value(wire).expect("a graph"));
        self
    }
}

pub(super) fn planned(object: ObjectChange, steps: Vec<Step>) -> ObjectPlan {
    ObjectPlan {
        kind: "DataTier".into(),
        namespace: "shop".into(),
        name: "orders".into(),
        environment: Some("prod".into()),
        object,
        steps,
        problem: None,
        approval: None,
    }
}

pub(super) fn plain(plan: &Plan) -> String {
    text(plan, &Style::plain(Timestamp::UNIX_EPOCH))
}

#[test]
fn a_new_database_is_made_in_the_order_of_what_stands_on_what() {
    let plan = Database::new().plan(ObjectChange::Create);
    assert_snapshot!(plain(&plan));
    assert!(plan.has_changes() && !plan.is_refused());
}

#[test]
fn what_stands_as_wished_is_counted_and_not_listed() {
    let plan = Database::new().made().plan(ObjectChange::Keep);
    assert!(!plan.has_changes());
    assert_snapshot!(plain(&plan));
    assert_snapshot!(markdown(&plan));
}

#[test]
fn a_change_in_place_shows_the_field() {
    let mut database = Database::new().made();
    database.wish("dbInstanceClass", json!("db.r8g.xlarge"));
    assert_snapshot!(plain(&database.plan(ObjectChange::Update)));
}

#[test]
fn a_replacement_says_which_field_forces_it_what_follows_and_what_consent_it_waits_for() {
    let mut database = Database::new().made();
    database.wish("kmsKeyId", json!("arn:aws:kms:eu-west-1:111122223333:key/other"));
    let plan = database.plan(ObjectChange::Update);
    assert_snapshot!(plain(&plan));
    assert_snapshot!(markdown(&plan));
    assert_eq!(plan.summary().approve, 1);
}

#[test]
fn what_somebody_changed_or_deleted_is_told_as_drift() {
    let database = Database::new().made();
    let handle = |kind: &str| database.sim.console().only(kind).handle;
    database.sim.console().change(&handle("rds/DbInstance"), "dbInstanceClass", json!("db.t4g.micro"));
    database.sim.console().delete(&handle("ec2/SecurityGroupRule"));
    assert_snapshot!(plain(&database.plan(ObjectChange::Keep)));
}

#[test]
fn a_deletion_takes_down_last_what_was_made_first_and_keeps_a_snapshot() {
    let mut database = Database::new().made();
    database.graph = None;
    assert_snapshot!(plain(&database.plan(ObjectChange::Delete)));
}

#[test]
fn an_object_that_is_refused_says_why_and_counts_as_refused() {
    let mut object = planned(ObjectChange::Create, Vec::new());
    let message = "spec.storage.size: 10Gi is less than RDS takes: ask for 20Gi or more".into();
    object.problem = Some(Problem { reason: "InvalidSpec".into(), message, stalled: true });
    let plan = Plan { basis: Basis::Manifests, objects: vec![object] };
    assert!(plan.is_refused());
    assert_snapshot!(plain(&plan));
}

#[test]
fn nothing_of_a_user_is_markup() {
    let mut object = planned(ObjectChange::Create, Vec::new());
    object.name = "a|b`<script>".into();
    let shown = markdown(&Plan { basis: Basis::Record { why: "no credentials".into() }, objects: vec![object] });
    assert!(shown.contains(r"a\|b\`&lt;script>"), "{shown}");
}

#[test]
fn scripts_read_the_plan_as_json() {
    let mut database = Database::new().made();
    database.wish("dbInstanceClass", json!("db.r8g.xlarge"));
    let plan = serde_json::to_value(database.plan(ObjectChange::Update)).expect("plain data");
    let step = plan["objects"][0]["steps"].as_array().expect("steps").iter().find(|step| step["action"] == "Update");
    let step = step.expect("a change");
    assert_eq!((&step["id"], &step["kind"]), (&json!("db"), &json!("rds/DbInstance")));
    assert_eq!(step["changes"][0]["path"], "dbInstanceClass");
    assert_eq!(plan["basis"]["type"], "aws");
}

#[test]
fn what_a_new_database_costs_is_told_by_line_and_in_all() {
    let plan = Database::new().moved("us-east-1").priced(ObjectChange::Create);
    assert_snapshot!(plain(&plan));
    assert_snapshot!(markdown(&plan));
}

#[test]
fn where_a_price_is_not_known_it_says_so() {
    assert_snapshot!(plain(&Database::new().priced(ObjectChange::Create)));
}

#[test]
fn a_change_costs_from_what_stands_to_what_is_wished() {
    let mut database = Database::new().moved("us-east-1").made();
    database.wish("dbInstanceClass", json!("db.r8g.xlarge"));
    database.wish("allocatedStorage", json!(200));
    let mut plan = database.priced(ObjectChange::Update);
    plan.objects.push(planned(ObjectChange::Keep, plan.objects[0].steps.clone()));
    plan.objects[1].steps.retain(|step| step.verb == Verb::Keep);
    assert_snapshot!(plain(&plan));
    let step = plan.objects[0].steps.iter().find(|step| step.id == "db").expect("a database");
    let step = serde_json::to_value(step).expect("plain data");
    assert_eq!((&step["cost"]["before"], &step["cost"]["after"]), (&json!(372.34), &json!(744.28)));
    assert!(step["cost"]["asOf"][0].is_string() && step["usual"]["source"].is_string(), "{step}");
}

#[test]
fn what_is_deleted_costs_nothing_any_more_and_what_is_as_wished_what_it_did() {
    let mut database = Database::new().moved("us-east-1").made();
    let kept = database.priced(ObjectChange::Keep).cost().expect("a cost");
    assert!(kept.before > 0.0 && kept.before.to_bits() == kept.after.to_bits(), "{kept:?}");
    database.graph = None;
    let gone = database.priced(ObjectChange::Delete).cost().expect("a cost");
    assert_eq!((gone.before.to_bits(), gone.after), (kept.before.to_bits(), 0.0));
}

#[test]
fn what_nobody_looked_at_costs_an_unknown_sum_before() {
    let database = Database::new().moved("us-east-1").made();
    let (adopt, policy, none) = (Adopt::default(), Policy::default(), BTreeMap::new());
    let outcome = database.engine.foretell(database.request(&adopt, &policy, &none), &Memory::default());
    let mut steps = steps(&outcome);
    price(&mut steps, &outcome, &Prices::shipped());
    let cost = steps.iter().find(|step| step.id == "db").and_then(|step| step.cost.as_ref()).expect("a cost");
    assert!(cost.before.is_none() && cost.after.is_some(), "{cost:?}");
    assert!(cost.unknown.contains("what stands was not looked at"));
}
