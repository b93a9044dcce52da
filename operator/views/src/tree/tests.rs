//! What `terrace tree` shows of a web shop, as it is and broken in several ways.

use insta::assert_snapshot;
use serde_json::{Value, json};
use terrace_crds::GrantAccess;

use super::*;
use crate::World;
use crate::style::Style;
use crate::web_world::{DENIED, environment, event, key, now, object, web_world, with_a_refused_database};

fn plain() -> Style {
    Style::plain(now())
}

fn drawn(world: &World, scope: &Scope, width: usize) -> String {
    let style = Style { width: Some(width), ..plain() };
    tree(world, scope).expect("a tree").text(&style)
}

fn one(title: &str) -> Scope {
    Scope::Object(key(title))
}

#[test]
fn a_world_in_order() {
    assert_snapshot!(drawn(&web_world(), &Scope::All, 140));
}

#[test]
fn a_refused_subnet_group_comes_before_all_that_waits_for_it() {
    assert_snapshot!(drawn(&with_a_refused_database(), &Scope::All, 140));
}

#[test]
fn of_one_object_what_it_uses_stands_under_it() {
    assert_snapshot!(drawn(&with_a_refused_database(), &one("EdgeTier shop/shop"), 140));
}

#[test]
fn in_a_narrow_terminal_lines_are_cut_and_messages_wrapped() {
    let text = drawn(&with_a_refused_database(), &Scope::All, 80);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_snapshot!(text);
}

#[test]
fn without_a_terminal_each_object_and_each_resource_is_one_whole_line() {
    let text = tree(&with_a_refused_database(), &Scope::All).expect("a tree").text(&plain());
    let line = text.lines().find(|line| line.contains("rds/DbSubnetGroup  ")).expect("a line");
    assert!(line.ends_with(&DENIED.split_whitespace().collect::<Vec<_>>().join(" ")), "{line}");
    let begins = |line: &&str| line.starts_with(['✖', '…', '✔']);
    assert_eq!(text.lines().filter(begins).count(), 5);
}

/// Drift, degradation, a pause, an edit, a database that is replaced, and a remark.
fn not_quite_ready() -> World {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    data.becomes("Drifted", "True", "ChangedOutside", "changed outside Terrace: db: backupRetentionPeriod", "40m");
    let mut old = data.resource("db").clone();
    (old.state, old.reason, old.message) =
        ("Deleting".into(), Some("Settling".into()), Some("AWS is deleting it".into()));
    data.resource("db").incarnation = 2;
    data.status.resources.push(old);
    let cache = world.object_mut("CacheTier shop/sessions");
    cache.becomes("Degraded", "True", "Unreadable", "cache: Rate exceeded (Throttling)", "2m");
    let files = world.object_mut("ObjectTier shop/assets");
    files.paused = true;
    let held =
        "the annotation terrace.dev/pause holds every change; held: update for versioning: \"Suspended\" → \"Enabled\"";
    files.stalls("Paused", &format!("bucket (s3/Bucket): {held}"), "2h");
    files.has("bucket", "Ready", "Paused", held);
    world.object_mut("WebApp shop/shop").generation = 2;
    let edge = world.object_mut("EdgeTier shop/shop");
    edge.becomes("Ready", "True", "Ready", "everything is as wished; logs are kept for 7 days only", "4d");
    world
}

#[test]
fn what_is_ready_and_not_quite_as_it_should_be_is_marked() {
    assert_snapshot!(drawn(&not_quite_ready(), &Scope::All, 140));
}

#[test]
fn an_environment_that_fails_comes_before_the_objects_that_wait_for_it() {
    let mut world = web_world();
    let why = "the role cannot be assumed: User: terrace is not authorized to perform: sts:AssumeRole (AccessDenied)";
    world.environments[0].fails(
        "AccessDenied",
        &format!("spec.identity.assumeRole arn:aws:iam::1:role/x: {why}"),
        "25m",
    );
    for title in ["DataTier shop/orders", "WebApp shop/shop"] {
        let message = format!("Environment prod is not ready: spec.identity.assumeRole arn:aws:iam::1:role/x: {why}");
        world.object_mut(title).reconciles("EnvironmentNotReady", &message, "24m");
    }
    assert_snapshot!(drawn(&world, &Scope::Namespace("shop".into()), 120));
}

/// A plan, an object that is new, one that refers to nothing and in a circle, and one that goes.
fn for_people() -> World {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    let asks = "rds/DbInstance needs approval; annotate terrace.dev/approve=8c1f to replace for storageEncrypted: false → true \
                (data lost to the new resource; a final snapshot is kept)";
    data.stalls("ApprovalRequired", &format!("db (rds/DbInstance): {asks}"), "1h");
    data.has("db", "Ready", "ApprovalRequired", asks);
    data.plans("77aa", &[("db", "Replace", Some("lost to the new resource; a final snapshot is kept"), "8c1f")]);
    let cache = world.object_mut("CacheTier shop/sessions");
    cache.deleting = true;
    let used = "in use by WebApp shop/shop (spec.bindings[cache].cacheTierRef): it is deleted after them; delete them, or take \
                the reference out of them";
    cache.reconciles("InUse", used, "8m");
    let mut new = object("WebApp web/portal")
        .uses("spec.bindings[db].dataTierRef", "DataTier web/nowhere", Some("db"), GrantAccess::Read)
        .uses("spec.bindings[me].dataTierRef", "WebApp web/portal", Some("me"), GrantAccess::Read);
    new.created = Some(crate::web_world::ago("7m"));
    world.objects.push(new);
    world
}

#[test]
fn what_waits_for_people_says_for_whom() {
    assert_snapshot!(drawn(&for_people(), &Scope::All, 140));
}

#[test]
fn a_circle_of_references_is_drawn_once() {
    let mut world = for_people();
    let back = world.objects[0].clone().uses("spec.x", "WebApp shop/shop", None, GrantAccess::Read);
    world.objects[0] = back;
    let text = drawn(&world, &one("WebApp shop/shop"), 140);
    assert_eq!(text.matches("WebApp shop/shop  ").count(), 1, "{text}");
    assert!(text.contains("→ WebApp shop/shop (ReadOnly)  ✔ Ready"), "{text}");
    assert_snapshot!(drawn(&world, &one("WebApp web/portal"), 140));
}

#[test]
fn of_an_environment_its_objects_are_shown_and_of_several_each_object_names_its_own() {
    let mut world = web_world();
    world.environments.push(environment("test"));
    let mut other = object("ObjectTier test/assets").made(&[("bucket", "s3/Bucket", "", &[])]);
    other.status.environment = Some(terrace_crds::EnvironmentPin { name: "test".into(), uid: "uid-test".into() });
    other.reconciles("Settling", "bucket (s3/Bucket): under way", "10s");
    world.objects.push(other);
    let test = Scope::Object(terrace_tiers::ObjectKey::new("Environment", "", "test"));
    assert_snapshot!(drawn(&world, &test, 100));
    let all = drawn(&world, &Scope::All, 100);
    let ready = "✔ ObjectTier shop/assets   Ready        5d     Environment prod";
    assert!(
        all.starts_with("… ObjectTier test/assets   Reconciling  5d     Settling for 10s, Environment test"),
        "{all}"
    );
    assert!(all.lines().any(|line| line == ready), "{all}");
}

/// Each waits for the one before.
fn a_long_chain(length: usize) -> World {
    let link = |number: usize| {
        let mut link = object(&format!("DataTier shop/d{number}"));
        if number > 0 {
            let before = format!("DataTier shop/d{}", number - 1);
            link = link.uses("spec.restoreFrom", &before, None, GrantAccess::Read);
            link.reconciles(
                "Waiting",
                &format!("spec.restoreFrom: waiting for {before}, which has no endpoint yet"),
                "1m",
            );
        }
        link
    };
    World { objects: (0..length).map(link).collect(), ..World::default() }
}

#[test]
fn a_chain_of_any_length_is_followed_and_not_drawn_without_end() {
    let world = a_long_chain(500);
    let text = drawn(&world, &one("DataTier shop/d499"), 200);
    assert!(text.contains("→ DataTier shop/d486 (ReadOnly)  … Reconciling, Waiting"), "{text}");
    let why = crate::why::why(&world, &key("DataTier shop/d499"), now()).expect("an answer");
    assert_eq!((why.chain.len(), why.because), (500, crate::why::Because::Unobserved));
    assert!(drawn(&world, &Scope::All, 200).starts_with("? DataTier shop/d0 "));
}

#[test]
fn in_ascii_and_in_colour_it_says_the_same() {
    let tree = tree(&not_quite_ready(), &Scope::All).expect("a tree");
    let style = Style { width: Some(100), ..plain() };
    let colored = tree.text(&Style { color: true, ..style });
    let mut bare = String::new();
    for part in colored.split('\u{1b}') {
        bare.push_str(part.split_once('m').filter(|_| part.starts_with('[')).map_or(part, |(_, text)| text));
    }
    assert_eq!(bare, tree.text(&style));
    assert!(colored.contains("\u{1b}[33m!\u{1b}[0m") && colored.contains("\u{1b}[1mDataTier shop/orders\u{1b}[0m"));
    let ascii = tree.text(&Style { ascii: true, ..style });
    assert!(ascii.contains("\n! DataTier shop/orders") && ascii.contains("\n|-- + rds/DbSubnetGroup"), "{ascii}");
}

#[test]
fn what_a_pod_says_moves_no_cursor() {
    let mut world = web_world();
    let words = "workload (kubernetes/WorkloadPatch): Kubernetes says rolling out: app: \u{1b}[2Jgone";
    let web = world.object_mut("WebApp shop/shop");
    web.reconciles("Settling", words, "1m");
    web.has("workload", "Settling", "Settling", words);
    for text in [
        drawn(&world, &Scope::All, 120),
        crate::why::why(&world, &key("WebApp shop/shop"), now()).expect("why").text(&plain()),
    ] {
        assert!(text.contains("\u{fffd}[2Jgone") && !text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn nothing_at_all_is_said_in_a_sentence() {
    assert_eq!(drawn(&World::default(), &Scope::All, 80), "There are no objects.\n");
    assert_eq!(drawn(&web_world(), &Scope::Namespace("other".into()), 80), "There are no objects.\n");
    let absent = tree(&web_world(), &one("DataTier shop/order")).expect_err("none");
    assert_eq!(absent.to_string(), "there is no DataTier shop/order; there is DataTier shop/orders");
}

fn json(world: &World, scope: &Scope) -> Value {
    serde_json::to_value(tree(world, scope).expect("a tree")).expect("JSON")
}

#[test]
fn as_json_the_blocker_comes_first_with_all_that_is_known_of_it() {
    let tree = json(&with_a_refused_database(), &Scope::All);
    let first = &tree["objects"][0];
    assert_eq!(
        (&first["kind"], &first["namespace"], &first["name"]),
        (&json!("DataTier"), &json!("shop"), &json!("orders"))
    );
    assert_eq!(
        (&first["state"], &first["reason"], &first["since"]),
        (&json!("Stalled"), &json!("AccessDenied"), &json!("2026-07-27T02:48:00Z"))
    );
    let web = json!({"kind": "WebApp", "namespace": "shop", "name": "shop"});
    assert_eq!(first["holdsUp"][0], web);
    let used = json!({"kind": "WebApp", "namespace": "shop", "name": "shop", "access": "ReadWrite", "binding": "db"});
    assert_eq!(first["usedBy"], json!([used]));
    let resource = json!({
        "id": "subnets", "kind": "rds/DbSubnetGroup", "state": "Intended", "reason": "AccessDenied", "message": DENIED,
        "name": "shop-orders-subnets-5d1e90ab34", "region": "eu-west-1", "elsewhere": false,
    });
    assert_eq!(first["resources"][0], resource);
    assert_eq!(first["resources"][1]["dependsOn"], json!(["access", "parameters", "subnets"]));
    assert_eq!(tree["summary"]["stalled"], 1);
    assert_eq!((&tree["summary"]["resources"], &tree["summary"]["resourcesReady"]), (&json!(18), &json!(12)));
    assert_eq!(tree["environments"][0]["state"], "Ready");
}

#[test]
fn as_json_references_say_whether_they_are_admitted_and_lead_anywhere() {
    let tree = json(&for_people(), &one("WebApp web/portal"));
    assert_eq!(tree["root"], json!({"kind": "WebApp", "namespace": "web", "name": "portal"}));
    let lost = json!({
        "kind": "DataTier", "namespace": "web", "name": "nowhere", "field": "spec.bindings[db].dataTierRef",
        "access": "ReadOnly", "binding": "db", "drifted": false, "degraded": false, "admitted": false,
        "fulfilled": false,
    });
    let uses = tree["objects"][0]["uses"].as_array().expect("a list");
    assert!(uses.contains(&lost), "{uses:?}");
    assert_eq!(json(&web_world(), &Scope::All)["objects"][2]["uses"][0]["admitted"], true);
}

#[test]
fn an_event_changes_nothing_in_the_tree() {
    let mut world = web_world();
    let before = tree(&world, &Scope::All);
    world.object_mut("WebApp shop/shop").events = vec![event("DriftFound", "x", 3, "2m", "1m")];
    assert_eq!(tree(&world, &Scope::All), before);
}

#[test]
fn as_json_drift_and_replacement_stand_beside_the_resource() {
    let tree = json(&not_quite_ready(), &Scope::Object(key("DataTier shop/orders")));
    let data = &tree["objects"][0];
    assert_eq!(data["drifted"], "changed outside Terrace: db: backupRetentionPeriod");
    let old = &data["resources"][0];
    assert_eq!(
        (&old["id"], &old["drifted"], &old["replacedBy"]),
        (&json!("db"), &json!("backupRetentionPeriod"), &json!("db~2"))
    );
    assert_eq!((&tree["summary"]["drifted"], &tree["summary"]["ready"]), (&json!(1), &json!(1)));
}

#[test]
fn what_a_database_was_restored_from_may_be_gone() {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    *data = data.clone().uses("spec.restoreFrom.pointInTime.source", "DataTier shop/former", None, GrantAccess::Read);
    data.uses[0].until = Some("db");
    assert_eq!(json(&world, &one("DataTier shop/orders"))["objects"][0]["uses"][0]["fulfilled"], true);
    let text = drawn(&world, &one("DataTier shop/orders"), 120);
    assert!(text.contains("→ DataTier shop/former (ReadOnly)  ✔ is gone, and no longer needed"), "{text}");
}

#[test]
fn what_was_taken_over_is_shown_by_the_name_that_it_has_in_aws() {
    let mut world = web_world();
    let entry = world.object_mut("DataTier shop/orders").resource("db");
    entry.handle = Some("arn:aws:rds:eu-west-1:111122223333:db:legacy".into());
    let text = drawn(&world, &Scope::All, 200);
    let line = text.lines().find(|line| line.contains("rds/DbInstance")).expect("its line");
    assert!(line.ends_with(" legacy") && !line.contains("shop-orders-db"), "{line}");
}
