//! Every case of the plan: a row for each line of docs/plan.md.

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::testing::{World, arn_of};
use terrace_model::DeletionPolicy;

const PLAIN: &str = "test/Plain";
const DATABASE: &str = "test/Database";

fn world() -> World {
    World::new()
}

fn made(entry: &mut Entry) {
    entry.handle = Some(terrace_model::Handle(format!("arn:{}", entry.key())));
    entry.created = Timestamp::from_second(1).ok();
}

fn verb(step: &Step) -> (&'static str, &'static str) {
    let action = match &step.action {
        Action::Look => "look",
        Action::Keep => "keep",
        Action::Create(Why::New) => "create",
        Action::Create(Why::Replacement) => "create the successor",
        Action::Create(Why::Missing) => "make anew",
        Action::Update { drift: false, .. } => "update",
        Action::Update { drift: true, .. } => "repair",
        Action::Replace { carried: true, .. } => "replace with its data",
        Action::Replace { carried: false, .. } => "replace",
        Action::Delete(Disposal::Delete) => "delete",
        Action::Delete(Disposal::Empty) => "empty and delete",
        Action::Delete(Disposal::Snapshot(_)) => "delete after a snapshot",
        Action::Release(_) => "release",
        Action::Forget => "forget",
        Action::Stop(error) => error.reason(),
    };
    let gate = match &step.gate {
        Gate::Open => "now",
        Gate::Waits { on, .. } if on.is_empty() => "when AWS is ready",
        Gate::Waits { .. } => "after others",
        Gate::Held { .. } => "when approved",
    };
    (action, gate)
}

fn check(world: &World, key: &str, action: &str, gate: &str) {
    let step = world.step(key);
    assert_eq!(verb(&step), (action, gate), "{step:#?}");
}

#[test]
fn what_was_not_looked_at_is_looked_at() {
    check(&world().want("a", PLAIN, json!({})), "a", "look", "now");
    check(&world().entry("a", PLAIN, |_| {}), "a", "look", "now");
}

#[test]
fn what_is_absent_is_made_once_all_that_it_refers_to_is_known() {
    check(&world().want("a", PLAIN, json!({})).miss("a"), "a", "create", "now");
    let two = world().want("a", PLAIN, json!({})).want("b", PLAIN, json!({ "to": arn_of("a") })).miss("a").miss("b");
    check(&two, "b", "create", "after others");
    check(&two.see("a", State::Settling("creating".into()), json!({})), "b", "create", "now");
}

#[test]
fn absence_in_doubt_is_not_believed() {
    let mut world = world().want("a", PLAIN, json!({})).entry("a", PLAIN, |_| {}).miss("a");
    world.doubtful.insert(NodeKey::new("a", 1));
    check(&world, "a", "create", "when AWS is ready");
    world.graph = None;
    check(&world, "a", "forget", "when AWS is ready");
}

#[test]
fn what_stood_and_is_gone_is_made_anew() {
    check(&world().want("a", PLAIN, json!({})).entry("a", PLAIN, made).miss("a"), "a", "make anew", "now");
}

#[test]
fn what_is_as_wished_is_kept_and_what_is_not_is_changed_when_aws_takes_changes() {
    let world = |have, state| world().want("a", PLAIN, json!({ "size": 2 })).see("a", state, json!({ "size": have }));
    check(&world(2, State::Ready), "a", "keep", "now");
    check(&world(1, State::Ready), "a", "update", "now");
    check(&world(1, State::Settling("modifying".into())), "a", "update", "when AWS is ready");
    check(&world(1, State::Failed("storage-full".into())), "a", "update", "now");
    check(&world(2, State::Failed("storage-full".into())), "a", "Failed", "now");
}

#[test]
fn what_stands_waits_for_no_output_that_only_its_making_needs() {
    let world = |field: &str| {
        let wish = json!({ "size": 2, field: arn_of("b") });
        let world = world().want("b", PLAIN, json!({})).want("a", DATABASE, wish).entry("a", DATABASE, made);
        world.miss("b").see("a", State::Ready, json!({ "size": 1, field: null }))
    };
    check(&world("seed"), "a", "update", "now");
    check(&world("group"), "a", "update", "after others");
}

#[test]
fn a_change_that_nobody_wished_is_drift() {
    let world = world().want("a", PLAIN, json!({ "size": 2 })).see("a", State::Ready, json!({ "size": 1 }));
    let hash = world.step("a").wish.map(|wish| wish.hash.clone());
    let same = |entry: &mut Entry| entry.applied = hash;
    check(&world.entry("a", PLAIN, same), "a", "repair", "now");
}

#[test]
fn a_field_that_cannot_change_forces_a_replacement_and_one_that_must_not_stops() {
    let world = |want| {
        let world = world().want("db", DATABASE, want).entry("db", DATABASE, made);
        world.see("db", State::Ready, json!({ "engine": "a", "key": "k", "storage": 20 }))
    };
    check(&world(json!({ "engine": "b" })), "db", "replace", "now");
    check(&world(json!({ "key": "l" })), "db", "replace with its data", "now");
    check(&world(json!({ "key": "l", "engine": "b" })), "db", "replace", "now");
    check(&world(json!({ "storage": 10 })), "db", "ChangeRefused", "now");
    check(&world(json!({ "storage": 30 })), "db", "update", "now");
}

#[test]
fn a_name_that_aws_is_still_deleting_is_waited_for_whosever_it_was() {
    let deleting = world().want("a", PLAIN, json!({})).see_foreign("a", State::Deleting);
    check(&deleting, "a", "create", "when AWS is ready");
}

#[test]
fn what_is_not_ours_is_never_touched() {
    check(&world().want("a", PLAIN, json!({})).see_foreign("a", State::Ready), "a", "NotOwned", "now");
    check(&world().entry("a", PLAIN, |_| {}).see_foreign("a", State::Ready), "a", "forget", "now");
}

#[test]
fn an_object_that_has_nothing_yet_is_not_begun_while_a_part_of_it_cannot_be() {
    let both = || world().want("a", PLAIN, json!({})).want("b", PLAIN, json!({})).miss("b");
    let taken = both().see_foreign("a", State::Ready);
    check(&taken, "a", "NotOwned", "now");
    check(&taken, "b", "create", "after others");
    // What passes by itself holds nothing back, nor does anything in an object that has something.
    let mut unread = both();
    unread.sights.insert(NodeKey::new("a", 1), Err(Error::retry("throttled")));
    check(&unread, "b", "create", "now");
    check(&taken.want("c", PLAIN, json!({})).entry("c", PLAIN, made), "b", "create", "now");
}

#[test]
fn what_somebody_named_for_adoption_is_brought_to_the_wish() {
    let mut world = world().want("a", PLAIN, json!({})).see_foreign("a", State::Ready);
    world.adopt.handles.insert("a".into(), "arn:x".into());
    check(&world, "a", "update", "now");
}

#[test]
fn what_is_adopted_and_must_be_replaced_is_taken_over_first() {
    let mut world = world().want("db", DATABASE, json!({ "engine": "b" })).see_foreign("db", State::Ready);
    world.adopt.handles.insert("db".into(), "arn:x".into());
    let step = world.step("db");
    assert_eq!(verb(&step), ("update", "now"));
    let Action::Update { diff, .. } = step.action else { panic!("an update") };
    assert!(diff.0.iter().all(|change| change.path.starts_with("tags.")), "{diff:?}");
}

#[test]
fn what_was_named_for_adoption_and_is_not_there_is_not_made() {
    let mut world = world().want("a", PLAIN, json!({})).miss("a");
    world.adopt.handles.insert("a".into(), "arn:x".into());
    check(&world, "a", "NotFound", "now");
    let world = world.entry("a", PLAIN, |_| {});
    check(&world, "a", "NotFound", "now");
    check(&world.entry("a", PLAIN, made), "a", "make anew", "now");
}

#[test]
fn what_left_the_graph_goes_after_whatever_depends_on_it() {
    let both = world().entry("a", PLAIN, made).see("a", State::Ready, json!({}));
    check(&both, "a", "delete", "now");
    let used = |entry: &mut Entry| entry.depends_on = [NodeKey::new("a", 1)].into();
    let both = both.entry("b", PLAIN, used);
    check(&both, "a", "delete", "after others");
    check(&both.see("a", State::Deleting, json!({})), "a", "delete", "when AWS is ready");
}

#[test]
fn of_what_left_the_graph_only_data_is_kept_by_the_policy() {
    let retained = |entry: &mut Entry| {
        made(entry);
        entry.on_delete = OnDelete::Retain;
    };
    check(&world().entry("a", PLAIN, retained).see("a", State::Ready, json!({})), "a", "delete", "now");
    check(&world().entry("db", DATABASE, retained).see("db", State::Ready, json!({})), "db", "release", "now");
}

#[test]
fn an_object_that_is_deleted_disposes_by_its_policy() {
    let world = |deletion| {
        let mut world = world().entry("db", DATABASE, made).see("db", State::Ready, json!({}));
        world.graph = None;
        world.deletion = deletion;
        world
    };
    check(&world(DeletionPolicy::Snapshot), "db", "delete after a snapshot", "now");
    check(&world(DeletionPolicy::Delete), "db", "delete", "now");
    check(&world(DeletionPolicy::Empty), "db", "empty and delete", "now");
    check(&world(DeletionPolicy::Retain), "db", "release", "now");
    check(&world(DeletionPolicy::Delete).miss("db"), "db", "forget", "now");
}

#[test]
fn of_two_incarnations_the_order_is_the_kinds() {
    let second = |entry: &mut Entry| entry.incarnation = 2;
    let used = |entry: &mut Entry| entry.depends_on = [NodeKey::new("a", 1)].into();
    let world = |kind: &str| {
        let world = world().want("a", kind, json!({})).want("b", PLAIN, json!({ "to": arn_of("a") }));
        let world = world.entry("a", kind, made).entry("a", kind, second).entry("b", PLAIN, used);
        world.see("a", State::Ready, json!({})).miss("a~2")
    };
    // Whether what uses it must go first, nobody can say before it was seen.
    check(&world(PLAIN), "a", "delete", "after others");
    let world = |kind: &str| world(kind).see("b", State::Ready, json!({ "to": "arn:a" }));
    let delete_first = world(PLAIN);
    check(&delete_first, "a", "delete", "now");
    check(&delete_first, "a~2", "create the successor", "when AWS is ready");
    let create_first = world("test/First");
    check(&create_first, "a~2", "create the successor", "now");
    check(&create_first, "a", "delete", "after others");
    check(&create_first, "b", "update", "after others");
    let moved = create_first.see("a~2", State::Ready, json!({}));
    check(&moved, "b", "update", "now");
}

#[test]
fn what_was_never_placed_in_its_parent_holds_nothing_up() {
    let placed = KindSpec { kind: "test/Placed", address: &["in"], ..crate::testing::kind() };
    let mut world = world().want("a", PLAIN, json!({})).entry("a", PLAIN, made);
    world.kinds.insert(placed.kind, placed);
    let second = |entry: &mut Entry| entry.incarnation = 2;
    let world = world.entry("a", PLAIN, second).see("a", State::Ready, json!({})).miss("a~2");
    // Meant for the place that the successor will have, while the old one was still there.
    let meant = |entry: &mut Entry| entry.depends_on = [NodeKey::new("a", 1)].into();
    let world = world.want("b", "test/Placed", json!({ "in": arn_of("a") })).entry("b", "test/Placed", meant);
    check(&world, "a", "delete", "now");
    let known = |entry: &mut Entry| {
        meant(entry);
        entry.address = [("in".to_owned(), json!("arn:a"))].into_iter().collect();
    };
    check(&world.entry("b", "test/Placed", known), "a", "delete", "after others");
}

#[test]
fn a_wish_of_a_kind_that_this_build_does_not_know_stops() {
    let mut world = world().want("a", PLAIN, json!({}));
    world.kinds.clear();
    check(&world, "a", "UnknownKind", "now");
}
