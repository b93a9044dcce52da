//! What `terrace why` answers about a web shop that is broken in several ways.

use insta::assert_snapshot;
use serde_json::{Value, json};
use terrace_crds::GrantAccess;

use super::*;
use crate::style::Style;
use crate::web_world::{DENIED, ago, environment, event, key, now, object, web_world, with_a_refused_database};

fn asked(world: &World, title: &str) -> Why {
    why(world, &key(title), now()).expect("an answer")
}

fn said(world: &World, title: &str) -> String {
    asked(world, title).text(&Style::plain(now()))
}

/// The database of the shop stands so: reason, message of the node `db`, and since when.
fn database(change: impl Fn(&mut crate::Object)) -> World {
    let mut world = web_world();
    change(world.object_mut("DataTier shop/orders"));
    world
}

#[test]
fn a_symptom_is_followed_over_objects_to_what_aws_refuses() {
    let mut world = with_a_refused_database();
    let words = format!("subnets (rds/DbSubnetGroup): {DENIED}");
    let traced = event("AccessDenied", &words, 3, "12m", "45s");
    world.object_mut("DataTier shop/orders").events.push(traced);
    assert_snapshot!(said(&world, "EdgeTier shop/shop"));
}

#[test]
fn the_object_itself_is_told_without_a_detour() {
    assert_snapshot!(said(&with_a_refused_database(), "DataTier shop/orders"));
}

#[test]
fn a_request_id_is_told_where_an_event_has_it() {
    let world = database(|data| {
        let words =
            "db (rds/DbInstance): There is no capacity (Failed; Request ID: 6b1c1f0a-5a1e-4b9e-8f7a-1d2e3f405162)";
        data.stalls("Failed", words, "2h");
        data.has("db", "Failed", "Failed", words);
        data.events = vec![event("Failed", words, 1, "2h", "2h")];
    });
    assert_snapshot!(said(&world, "DataTier shop/orders"));
}

#[test]
fn what_aws_is_at_work_on_says_how_long_that_takes() {
    let world = |since: &str| {
        database(|data| {
            data.reconciles("Settling", "db (rds/DbInstance): AWS says creating", since);
            data.has("db", "Settling", "Settling", "AWS says creating");
        })
    };
    assert_snapshot!("soon", said(&world("6m"), "DataTier shop/orders"));
    assert_snapshot!("late", said(&world("45m"), "DataTier shop/orders"));
}

#[test]
fn what_aws_does_not_say_the_usual_time_of_is_not_guessed() {
    let mut world = web_world();
    let web = world.object_mut("WebApp shop/shop");
    web.reconciles("Settling", "balancer (elbv2/LoadBalancer): AWS says provisioning", "3m");
    assert_eq!(asked(&world, "WebApp shop/shop").usual, Some(Usual { takes: None, source: None, overdue: false }));
    let web = world.object_mut("WebApp shop/shop");
    web.reconciles("Settling", "workload (kubernetes/WorkloadPatch): Kubernetes says rolling out", "3m");
    assert_eq!(asked(&world, "WebApp shop/shop").usual, None);
}

#[test]
fn a_plan_is_told_with_the_command_that_approves_it() {
    let world = database(|data| {
        let asks = "rds/DbInstance needs approval; annotate terrace.dev/approve=8c1f to replace for storageEncrypted: false → true";
        data.stalls("ApprovalRequired", &format!("db (rds/DbInstance): {asks}"), "1h");
        data.has("db", "Ready", "ApprovalRequired", asks);
        data.plans("77aa", &[("db", "Replace", Some("lost to the new resource; a final snapshot is kept"), "8c1f")]);
    });
    assert_snapshot!(said(&world, "DataTier shop/orders"));
}

#[test]
fn where_there_is_a_choice_each_way_has_its_command() {
    let world = database(|data| {
        let asks = "rds/DbInstance was deleted outside Terrace; annotate terrace.dev/approve=aa01 to restore, or …=bb02 to recreate";
        data.stalls("Missing", &format!("db (rds/DbInstance): {asks}"), "20m");
        data.has("db", "Ready", "Missing", asks);
        let restored = "restored from rds:shop-orders-db-2026-07-27-02-10, taken at 2026-07-27T02:10:00Z";
        data.plans(
            "99ff",
            &[("db", "Restore", Some(restored), "aa01"), ("db", "Recreate", Some("made anew, empty"), "bb02")],
        );
    });
    assert_snapshot!(said(&world, "DataTier shop/orders"));
}

#[test]
fn where_only_some_of_a_plan_is_a_choice_each_entry_has_its_command() {
    let world = database(|data| {
        data.stalls("Missing", "db (rds/DbInstance): rds/DbInstance was deleted outside Terrace", "20m");
        let entries = [
            ("db", "Restore", None, "aa01"),
            ("db", "Recreate", None, "bb02"),
            ("standby", "Delete", Some("lost"), "cc03"),
        ];
        data.plans("99ff", &entries);
    });
    let why = asked(&world, "DataTier shop/orders");
    assert!(why.answer.ends_with(": restore db, or recreate db; delete standby (data lost)"), "{}", why.answer);
    let hashes: Vec<_> = why.commands.iter().filter_map(|command| command.run.rsplit(' ').next()).collect();
    assert_eq!(hashes, ["aa01", "bb02", "cc03"]);
}

#[test]
fn what_is_ready_says_which_of_what_it_uses_is_not() {
    let mut world = web_world();
    world.object_mut("CacheTier shop/sessions").stalls(
        "QuotaExceeded",
        "cache (elasticache/ReplicationGroup): full",
        "9m",
    );
    let why = asked(&world, "WebApp shop/shop");
    let uses = "CacheTier shop/sessions, which it uses, is Stalled (QuotaExceeded)";
    assert_eq!(why.remarks.iter().map(|one| (one.about, one.message.as_str())).collect::<Vec<_>>(), [("Uses", uses)]);
}

#[test]
fn an_environment_that_is_denied_says_whose_policy_is_to_be_mended() {
    let mut world = web_world();
    world.environments[0].fails("AccessDenied", "the role cannot be assumed: not you (AccessDenied)", "25m");
    let environment = terrace_tiers::ObjectKey::new("Environment", "", "prod");
    let why = super::why(&world, &environment, now()).expect("an answer");
    assert!(why.todo.starts_with("mend the role, its trust policy"), "{}", why.todo);
    assert_eq!(why.runbook.as_deref(), Some("docs/runbooks/TerraceEnvironmentNotReady.md"));
}

#[test]
fn an_environment_that_is_not_ready_is_the_cause_for_its_objects() {
    let mut world = web_world();
    let why = "spec.account is 111122223333, but AWS says that terrace-prod is in account 444455556666: correct spec.account or \
               spec.identity; nothing is touched";
    world.environments[0].fails("AccountMismatch", why, "25m");
    let message = format!("Environment prod is not ready: {why}");
    world.object_mut("DataTier shop/orders").reconciles("EnvironmentNotReady", &message, "24m");
    assert_snapshot!(said(&world, "DataTier shop/orders"));
    let environment = terrace_tiers::ObjectKey::new("Environment", "", "prod");
    let asked = super::why(&world, &environment, now()).expect("an answer");
    assert_snapshot!("environment", asked.text(&Style::plain(now())));
}

#[test]
fn what_nobody_has_looked_at_says_how_to_see_why() {
    let mut world = web_world();
    let mut new = object("CacheTier shop/new");
    new.created = Some(ago("7m"));
    world.objects.push(new);
    assert_snapshot!(said(&world, "CacheTier shop/new"));
    world.object_mut("WebApp shop/shop").generation = 3;
    assert_snapshot!("edited", said(&world, "WebApp shop/shop"));
}

#[test]
fn what_is_ready_says_so_and_what_is_to_be_known_besides() {
    let mut world = web_world();
    assert_snapshot!("plain", said(&world, "ObjectTier shop/assets"));
    let data = world.object_mut("DataTier shop/orders");
    data.becomes("Ready", "True", "Ready", "everything is as wished; bindings hand out the master user", "4d");
    data.becomes("Drifted", "True", "ChangedOutside", "changed outside Terrace: db: backupRetentionPeriod", "40m");
    data.events = vec![event("DriftFound", "changed outside Terrace: db: backupRetentionPeriod", 4, "3h", "40m")];
    assert_snapshot!("drifted", said(&world, "DataTier shop/orders"));
    let cache = world.object_mut("CacheTier shop/sessions");
    cache.becomes("Degraded", "True", "Unreadable", "cache: Rate exceeded (Throttling)", "2m");
    cache.paused = true;
    assert_snapshot!("degraded", said(&world, "CacheTier shop/sessions"));
}

#[test]
fn what_is_paused_says_what_is_held_and_how_to_let_go() {
    let mut world = web_world();
    let held =
        "the annotation terrace.dev/pause holds every change; held: update for versioning: \"Suspended\" → \"Enabled\"";
    let files = world.object_mut("ObjectTier shop/assets");
    files.paused = true;
    files.stalls("Paused", &format!("bucket (s3/Bucket): {held}"), "2h");
    files.has("bucket", "Ready", "Paused", held);
    assert_snapshot!(said(&world, "ObjectTier shop/assets"));
}

#[test]
fn what_is_to_be_deleted_says_who_keeps_it() {
    let world = database(|data| {
        data.deleting = true;
        let used = "in use by WebApp shop/shop (spec.bindings[db].dataTierRef): it is deleted after them; delete them, or take \
                    the reference out of them";
        data.reconciles("InUse", used, "8m");
    });
    assert_snapshot!(said(&world, "DataTier shop/orders"));
    let world = database(|data| {
        data.deleting = true;
        data.reconciles("Deleting", "db (rds/DbInstance): AWS is deleting it", "8m");
        data.has("db", "Deleting", "Settling", "AWS is deleting it");
    });
    assert_snapshot!("by_aws", said(&world, "DataTier shop/orders"));
}

#[test]
fn a_reference_that_leads_nowhere_is_itself_the_cause() {
    let mut world = web_world();
    world.objects.retain(|object| object.key != key("CacheTier shop/sessions"));
    let message = "spec.bindings[cache].cacheTierRef names CacheTier shop/sessions, and there is none: apply it, or correct the name";
    world.object_mut("WebApp shop/shop").reconciles("ReferenceNotFound", message, "3m");
    assert_snapshot!(said(&world, "WebApp shop/shop"));
}

#[test]
fn objects_that_wait_for_each_other_are_told_as_a_circle() {
    let mut world = web_world();
    let waits = |on: &str| format!("spec.x: waiting for {on} to admit this object");
    world.object_mut("WebApp shop/shop").reconciles("Waiting", &waits("DataTier shop/orders"), "5m");
    let data = world.object_mut("DataTier shop/orders");
    *data = data.clone().uses("spec.x", "WebApp shop/shop", None, GrantAccess::Read);
    data.reconciles("Waiting", &waits("WebApp shop/shop"), "5m");
    assert_snapshot!(said(&world, "WebApp shop/shop"));
}

#[test]
fn of_several_that_it_waits_for_the_worst_is_followed_and_the_others_are_named() {
    let mut world = with_a_refused_database();
    let waits = "spec.bindings[cache].cacheTierRef: waiting for CacheTier shop/sessions, which has no endpoint yet; \
                 spec.bindings[db].dataTierRef: waiting for DataTier shop/orders, which has no endpoint yet";
    world.object_mut("WebApp shop/shop").reconciles("Waiting", waits, "11m");
    let cache = world.object_mut("CacheTier shop/sessions");
    cache.reconciles("Settling", "cache (elasticache/ReplicationGroup): AWS says creating", "4m");
    let why = asked(&world, "WebApp shop/shop");
    assert_eq!(why.chain[1].object.title(), "DataTier shop/orders");
    assert_eq!(why.also.iter().map(ObjectName::title).collect::<Vec<_>>(), ["CacheTier shop/sessions"]);
}

#[test]
fn what_is_tried_again_and_what_rolls_out_passes_by_itself() {
    let world = database(|data| {
        data.reconciles("Retrying", "db (rds/DbInstance): Rate exceeded (Throttling)", "90s");
        data.has("db", "Ready", "Retrying", "Rate exceeded (Throttling)");
    });
    let why = asked(&world, "DataTier shop/orders");
    assert_eq!((why.because, why.runbook.as_deref()), (Because::Retrying, Some("docs/runbooks/TerraceThrottled.md")));
    let mut world = web_world();
    world.object_mut("WebApp shop/shop").reconciles("RollingOut", "a new version is on its way: Step 10%", "3m");
    assert_snapshot!(said(&world, "WebApp shop/shop"));
}

#[test]
fn what_is_stalled_says_besides_that_it_was_edited_and_that_a_plan_waits() {
    let world = database(|data| {
        data.generation = 4;
        data.stalls("SomethingNew", "the reason is not known here", "3m");
        data.plans("77aa", &[("db", "Replace", None, "8c1f")]);
    });
    assert_snapshot!(said(&world, "DataTier shop/orders"));
}

#[test]
fn what_kubernetes_refuses_is_not_laid_to_aws_and_a_second_cause_is_told_too() {
    let mut world = web_world();
    let web = world.object_mut("WebApp shop/shop");
    let words = "Deployment shop/shop: deployments.apps \"shop\" is forbidden: User \"terrace\" cannot patch resource";
    web.stalls("AccessDenied", &format!("workload (kubernetes/WorkloadPatch): {words}"), "3m");
    web.has("workload", "Ready", "AccessDenied", words);
    web.has(
        "balancer",
        "Intended",
        "QuotaExceeded",
        "The maximum number of load balancers has been reached (TooManyLoadBalancers)",
    );
    assert_snapshot!(said(&world, "WebApp shop/shop"));
}

#[test]
fn where_nobody_looks_at_anything_the_operator_is_what_is_missing() {
    let world = World { environments: Vec::new(), objects: vec![object("DataTier shop/new")] };
    assert_eq!(asked(&world, "DataTier shop/new").runbook.as_deref(), Some("docs/runbooks/TerraceAbsent.md"));
}

#[test]
fn nobody_is_told_about_what_is_not_there() {
    let absent = why(&web_world(), &key("DataTier shop/order"), now()).expect_err("none");
    assert_eq!(absent.to_string(), "there is no DataTier shop/order; there is DataTier shop/orders");
    let environment = terrace_tiers::ObjectKey::new("Environment", "", "test");
    assert_eq!(
        why(&web_world(), &environment, now()).expect_err("none").to_string(),
        "there is no Environment test; there is Environment prod"
    );
}

#[test]
fn an_empty_status_of_anything_is_no_reason_to_fail() {
    let mut world = web_world();
    world.environments.push(environment("empty"));
    world.environments[1].conditions.clear();
    for object in &mut world.objects {
        object.status = terrace_crds::TierStatus::default();
        object.created = None;
    }
    for object in &world.objects {
        let why = why(&world, &object.key, now()).expect("an answer");
        assert_eq!((why.because, why.since), (Because::Unobserved, None));
        assert!(why.runbook.is_some() && !why.text(&Style::plain(now())).is_empty());
    }
}

#[test]
fn who_else_looks_after_an_object_is_told() {
    let world = database(|data| {
        let other = "operator a/terrace looks after it, and b/terrace stands back: confine either to namespaces or Environments";
        data.events = vec![event("ServedByAnother", other, 1, "1h", "1h")];
    });
    let why = asked(&world, "DataTier shop/orders");
    assert_eq!((why.remarks[0].about, why.because), ("Operator", Because::Ready));
}

#[test]
fn what_this_version_cannot_read_says_so_though_its_generation_was_never_observed() {
    let mut broken = object("DataTier shop/orders");
    let words = "this version of Terrace cannot read the object: missing field `engine`; mend it, nothing is changed until then";
    broken.stalls("Malformed", words, "1h");
    let world = World { environments: Vec::new(), objects: vec![broken] };
    let why = asked(&world, "DataTier shop/orders");
    assert_eq!((why.because, why.todo.as_str()), (Because::Person, "mend it, nothing is changed until then"));
    assert_eq!(why.remarks, []);
}

fn json(world: &World, title: &str) -> Value {
    serde_json::to_value(asked(world, title)).expect("JSON")
}

#[test]
fn as_json_it_has_the_cause_and_the_chain() {
    let why = json(&with_a_refused_database(), "EdgeTier shop/shop");
    assert_eq!((&why["kind"], &why["name"], &why["because"]), (&json!("EdgeTier"), &json!("shop"), &json!("Person")));
    assert!(why["answer"].as_str().expect("a sentence").ends_with(DENIED));
    let titles: Vec<&Value> = why["chain"].as_array().expect("a list").iter().map(|link| &link["kind"]).collect();
    assert_eq!(titles, ["EdgeTier", "WebApp", "DataTier", "DataTier"]);
    let data = json!({
        "kind": "DataTier", "namespace": "shop", "name": "orders", "state": "Stalled", "reason": "AccessDenied",
        "since": "2026-07-27T02:48:00Z", "by": { "field": "spec.bindings[db].dataTierRef", "access": "ReadWrite" },
    });
    assert_eq!(why["chain"][2], data);
    let resource = json!({"id": "subnets", "kind": "rds/DbSubnetGroup", "name": "shop-orders-subnets-5d1e90ab34"});
    assert_eq!(why["chain"][3]["resource"], resource);
    let told =
        json!({"reason": "AccessDenied", "count": 3, "first": "2026-07-27T02:48:00Z", "last": "2026-07-27T02:59:15Z"});
    assert_eq!((&why["events"], &why["since"]), (&told, &json!("2026-07-27T02:48:00Z")));
    assert_eq!(why["runbook"], "docs/runbooks/TerraceAccessDenied.md");
}

#[test]
fn colour_marks_and_never_tells() {
    let why = asked(&with_a_refused_database(), "DataTier shop/orders");
    let style = Style { color: true, width: Some(40), ..Style::plain(now()) };
    let text = why.text(&style);
    assert!(text.starts_with("\u{1b}[31m✖\u{1b}[0m \u{1b}[1mDataTier shop/orders is Stalled"), "{text}");
    assert!(text.contains(DENIED), "no width cuts what AWS says");
    let ascii =
        asked(&with_a_refused_database(), "EdgeTier shop/shop").text(&Style { ascii: true, ..Style::plain(now()) });
    assert!(ascii.starts_with("~ EdgeTier shop/shop waits for") && ascii.contains("-> DataTier"), "{ascii}");
}
