//! The database users of bindings: who has which, and how their passwords change over time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use terrace_crds::environment::DatabaseAccess;
use terrace_crds::{DataTier, UserAccess};
use terrace_model::{Graph, Ref, Source, Val};
use terrace_tiers::samples::{self, user};
use terrace_tiers::{Facts, Tier};

use crate::support::{tier, walks};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn used(tier: &DataTier) -> Facts {
    Facts { users: vec![user("shop", "shop"), user("web", "portal")], ..samples::facts(tier) }
}

fn of_kind<'g>(graph: &'g Graph, kind: &'g str) -> BTreeMap<&'g str, &'g Value> {
    let nodes = graph.nodes().iter().filter(move |(_, node)| node.kind == kind);
    nodes.map(|(id, node)| (id.as_str(), &node.want)).collect()
}

fn usernames(graph: &Graph) -> BTreeSet<&str> {
    of_kind(graph, "sql/User").values().filter_map(|want| want["username"].as_str()).collect()
}

/// The node that an output is of.
fn node(output: &Val<Value>) -> &str {
    match output {
        Val::Ref(Ref { source: Source::Node(node), .. }) => node,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_binding_has_two_users_of_its_own_with_the_rights_it_asks_for() {
    let tier = tier(json!({"databaseName": "orders"}));
    let mut facts = used(&tier);
    facts.users[1].who.access = UserAccess::ReadOnly;
    let graph = tier.expand(&facts).unwrap();
    let users = of_kind(&graph, "sql/User");
    let access = |want: &&&Value| want["access"] == "ReadOnly";
    assert_eq!((users.len(), users.values().filter(access).count(), usernames(&graph).len()), (4, 2, 4));
    for (id, want) in &users {
        assert!(want["username"].as_str().unwrap().len() <= 32, "{want}");
        assert_eq!((&want["database"], &want["engine"]), (&json!("orders"), &json!("postgres")));
        let secret = want["authentication"]["password"]["arn"]["$terrace"]["node"].as_str().unwrap();
        assert!(secret.starts_with(id.rsplit_once('-').unwrap().0), "{id} has {secret}");
        assert_eq!(graph.node(secret).unwrap().want["template"]["username"], want["username"]);
    }
}

#[test]
fn a_binding_keeps_its_users_whoever_else_comes_and_whatever_access_it_asks_for() {
    let tier = tier(json!({"databaseName": "orders"}));
    let mut facts = used(&tier);
    let both = tier.expand(&facts).unwrap();
    facts.users.remove(0);
    facts.users[0].who.access = UserAccess::ReadOnly;
    let one = tier.expand(&facts).unwrap();
    assert!(usernames(&one).is_subset(&usernames(&both)) && usernames(&one).len() == 2);
    let ids = of_kind(&one, "sql/User");
    assert!(ids.keys().all(|id| both.node(id).is_some()));
}

#[test]
fn users_of_another_data_tier_have_other_names_though_its_data_is_a_copy() {
    let tier = tier(json!({"databaseName": "orders"}));
    let mut facts = used(&tier);
    let graph = tier.expand(&facts).unwrap();
    facts.object.name = "orders-copy".into();
    let copy = tier.expand(&facts).unwrap();
    assert!(usernames(&graph).is_disjoint(&usernames(&copy)));
}

#[test]
fn a_data_tier_that_restores_from_this_one_needs_no_login() {
    let tier = tier(json!({"databaseName": "orders"}));
    let mut facts = used(&tier);
    facts.users.iter_mut().for_each(|user| user.who.kind = "DataTier".into());
    assert_eq!(usernames(&tier.expand(&facts).unwrap()).len(), 0);
    assert!(tier.remarks(&facts).is_empty());
}

#[test]
fn where_no_users_can_be_made_bindings_hand_out_the_master_user_and_status_says_so() {
    for (change, access, managed) in [
        (json!({}), DatabaseAccess::Managed, true),
        (json!({}), DatabaseAccess::None, false),
        (json!({"engine": "mysql", "engineVersion": "8.4"}), DatabaseAccess::Managed, false),
        (json!({"engine": "mysql", "engineVersion": "8.4", "databaseName": "orders"}), DatabaseAccess::Managed, true),
    ] {
        let tier = tier(change.clone());
        let mut facts = used(&tier);
        facts.environment.database_access = access;
        let graph = tier.expand(&facts).unwrap();
        assert_eq!(of_kind(&graph, "sql/User").len(), if managed { 4 } else { 0 }, "{change}");
        assert_eq!(of_kind(&graph, "secretsmanager/Secret").len(), if managed { 4 } else { 0 }, "{change}");
        assert_eq!(tier.user_outputs(&facts).len(), if managed { 2 } else { 0 }, "{change}");
        assert_eq!(tier.advance(&facts).progress.is_empty(), !managed, "{change}");
        let remarks = tier.remarks(&facts);
        assert_eq!(remarks.is_empty(), managed, "{change}");
        assert!(remarks.iter().all(|remark| remark.contains("as the master user")), "{remarks:?}");
        facts.users.clear();
        assert!(tier.remarks(&facts).is_empty(), "nobody binds to it");
    }
}

#[test]
fn users_that_log_in_by_iam_have_neither_password_nor_rotation() {
    let tier = tier(json!({"credentials": {"iamAuthentication": "Required"}}));
    let facts = used(&tier);
    let graph = tier.expand(&facts).unwrap();
    let users = of_kind(&graph, "sql/User");
    assert_eq!((users.len(), of_kind(&graph, "secretsmanager/Secret").len()), (2, 0));
    assert!(users.values().all(|want| want["authentication"] == "iam" && want["database"] == "postgres"));
    assert_eq!(graph.node("db").unwrap().want["enableIamDatabaseAuthentication"], true);
    for outputs in tier.user_outputs(&facts).values() {
        assert!(users.contains_key(node(&outputs["username"])));
        assert_eq!(
            (&outputs["secretArn"], &outputs["secretVersion"]),
            (&Val::Known(json!("")), &Val::Known(json!("")))
        );
    }
    assert!(tier.advance(&facts).progress.is_empty());
}

#[test]
fn users_of_a_cluster_wait_for_its_first_instance_and_a_proxy_knows_their_secrets() {
    let (_, graph) = samples::samples().into_iter().find(|(name, _)| *name == "proxy-shared").unwrap();
    let users: BTreeSet<String> = of_kind(&graph, "sql/User").into_keys().map(str::to_owned).collect();
    let secrets: BTreeSet<String> = of_kind(&graph, "secretsmanager/Secret").into_keys().map(str::to_owned).collect();
    for user in &users {
        let needs = graph.dependencies(user);
        assert!(needs.contains("db") && needs.contains("instance-1") && !needs.contains("proxy"), "{needs:?}");
    }
    let known = graph.dependencies("proxy");
    assert!(secrets.is_subset(&known) && secrets.len() == 5, "{known:?}");
    assert!(secrets.is_subset(&graph.dependencies("proxy-role")));
}

/// An object over time: what it has, as the engine would leave it, and a clock.
struct Life {
    tier: DataTier,
    facts: Facts,
}

impl Life {
    fn new(days: u16) -> Life {
        let tier = tier(json!({"databaseName": "orders", "credentials": {"rotateEveryDays": days}}));
        let mut facts = used(&tier);
        facts.now = Timestamp::from_second(1_800_000_000).unwrap();
        Life { tier, facts }
    }

    /// One pass: where procedures stand is judged and written, and the graph is that of the step. What came of it is for
    /// the test to say.
    fn judge(&mut self) -> (Graph, Option<Duration>) {
        let advance = self.tier.advance(&self.facts);
        self.facts.progress = advance.progress;
        let graph = self.tier.expand(&self.facts).unwrap();
        walks(&graph);
        (graph, advance.again)
    }

    /// A pass after which everything stands as wished.
    fn settle(&mut self) -> Graph {
        let (graph, _) = self.judge();
        self.facts.made = graph.nodes().keys().cloned().collect();
        self.facts.ready = self.facts.made.clone();
        graph
    }

    fn later(&mut self, by: SignedDuration) {
        self.facts.now = self.facts.now.checked_add(by).unwrap();
    }

    fn step(&self) -> &str {
        &self.facts.progress[0].step
    }

    /// The users that bindings have, and the secret that each is wished to have in this graph.
    fn handed_out(&self, graph: &Graph) -> BTreeMap<String, String> {
        let secret = |outputs: BTreeMap<&str, Val<Value>>| {
            let user = node(&outputs["username"]).to_owned();
            assert!(["secretArn", "secretVersion"].iter().all(|output| node(&outputs[output]) == user));
            let secret = &graph.node(&user).unwrap().want["authentication"]["password"]["arn"]["$terrace"]["node"];
            (user, secret.as_str().unwrap().to_owned())
        };
        self.tier.user_outputs(&self.facts).into_values().map(secret).collect()
    }
}

/// The users of a graph, each with the secret that it is to have.
fn passwords(graph: &Graph) -> BTreeMap<String, String> {
    let secret =
        |want: &Value| want["authentication"]["password"]["arn"]["$terrace"]["node"].as_str().unwrap().to_owned();
    of_kind(graph, "sql/User").into_iter().map(|(id, want)| (id.to_owned(), secret(want))).collect()
}

#[test]
fn a_password_that_is_handed_out_stays_as_it_is_until_another_has_been_handed_out_for_as_long() {
    let mut life = Life::new(30);
    let mut graph = life.settle();
    let mut held: Vec<BTreeMap<String, String>> = Vec::new();
    for rotation in 1..=6 {
        let out = life.handed_out(&graph);
        assert_eq!((life.step(), out.len()), (format!("Current {rotation}").as_str(), 2));
        // What is handed out now, and what was until the last change, is what the server has.
        for (user, secret) in held.iter().rev().take(1).flatten().chain(&out) {
            assert_eq!(passwords(&graph).get(user), Some(secret), "rotation {rotation}");
        }
        assert!(held.iter().flatten().all(|(user, _)| passwords(&graph).contains_key(user)), "no user goes");
        let (_, again) = life.judge();
        assert_eq!(again, Some((DAY * 30).try_into().unwrap()));
        life.later(DAY * 30 - SignedDuration::from_secs(1));
        assert_eq!(passwords(&life.settle()), passwords(&graph), "not before its day");
        life.later(SignedDuration::from_secs(1));
        // The next is made for the other user; what is handed out does not change by that.
        let next = life.settle();
        assert_eq!(life.step(), format!("Preparing {}", rotation + 1));
        assert_eq!(life.handed_out(&next), out);
        held.push(out);
        graph = life.settle();
    }
    let all: BTreeSet<&String> = held.iter().flat_map(BTreeMap::values).collect();
    assert_eq!(all.len(), 12, "each is a new one");
}

#[test]
fn bindings_go_over_only_when_nothing_has_the_former_secret_any_more() {
    let mut life = Life::new(1);
    let before = life.settle();
    life.later(DAY);
    let (graph, again) = life.judge();
    assert!(life.step() == "Preparing 2" && again.is_some_and(|again| again < Duration::from_secs(60)));
    let out = life.handed_out(&graph);
    let leaves: Vec<String> = before.nodes().keys().filter(|id| graph.node(id).is_none()).cloned().collect();
    assert!(leaves.len() == 2 && leaves.iter().all(|id| id.ends_with("-secret-0")), "{leaves:?}");
    // A process that dies right after it wrote the step finds everything ready, as it was before.
    assert_eq!((life.judge().0, life.step()), (graph.clone(), "Preparing 2"));
    let whole: BTreeSet<String> = graph.nodes().keys().cloned().collect();
    for missing in leaves {
        // One user still has its former secret, which the engine keeps for that.
        life.facts.made = whole.iter().cloned().chain([missing.clone()]).collect();
        let (still, _) = life.judge();
        assert_eq!((life.step(), life.handed_out(&still)), ("Preparing 2", out.clone()), "{missing}");
    }
    life.facts.made = whole;
    let (after, _) = life.judge();
    assert_eq!(
        (life.step(), after),
        ("Current 2", graph.clone()),
        "the graph is the same: only what is handed out changes"
    );
    assert_ne!(life.handed_out(&graph), out);
}

#[test]
fn a_binding_that_comes_in_the_midst_of_a_change_logs_in_like_the_others() {
    let mut life = Life::new(1);
    life.settle();
    life.later(DAY);
    life.judge();
    life.facts.users.push(user("late", "late"));
    let graph = life.settle();
    assert_eq!((life.step(), life.handed_out(&graph).len()), ("Preparing 2", 3));
    assert!(life.handed_out(&graph).values().all(|secret| secret.ends_with("-secret-1")));
    let graph = life.settle();
    assert_eq!(life.step(), "Current 2");
    assert!(life.handed_out(&graph).values().all(|secret| secret.ends_with("-secret-2")));
}

#[test]
fn a_lost_record_takes_no_password_from_anybody() {
    for passes in 0..3 {
        let mut life = Life::new(1);
        life.settle();
        for _ in 0..3 {
            life.later(DAY);
            life.settle();
            life.settle();
        }
        life.later(DAY);
        for _ in 0..passes {
            life.settle();
        }
        let graph = life.tier.expand(&life.facts).unwrap();
        let out = life.handed_out(&graph);
        life.facts.progress.clear();
        let (after, _) = life.judge();
        for (user, secret) in out {
            assert_eq!(passwords(&after).get(&user), Some(&secret), "after {passes} passes: {}", life.step());
        }
    }
}

#[test]
fn the_procedures_of_others_are_left_as_they_are() {
    let mut life = Life::new(1);
    life.settle();
    let other = terrace_crds::Progress { procedure: "other".into(), ..life.facts.progress[0].clone() };
    life.facts.progress.insert(0, other.clone());
    life.later(DAY);
    life.judge();
    assert_eq!((&life.facts.progress[0], life.facts.progress[1].step.as_str()), (&other, "Preparing 2"));
    life.facts.users.clear();
    assert_eq!(life.tier.advance(&life.facts).progress, life.facts.progress);
}
