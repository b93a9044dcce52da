//! Rollouts on a simulated clock: at every moment all requests go to pods that are ready, and an alarm takes a version back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use terrace_crds::{Progress, WebApp};
use terrace_model::Graph;
use terrace_tiers::facts::{Alarm, Facts};
use terrace_tiers::{Tier, samples};

use crate::support::web;

/// Seconds that a new version of pods takes to be ready.
const COMES_UP: i64 = 40;

/// Seconds after which an object that stands still is looked at again.
const RESYNC: i64 = 600;

/// Pods of one Deployment.
#[derive(Clone, Debug)]
struct Pods {
    image: String,
    /// When its newest version is ready; never where it is broken.
    ready_at: Option<i64>,
    /// Some of it are ready, of whatever version.
    serve: bool,
}

/// A cluster and a load balancer, and an object whose status is a pass behind.
struct World {
    app: WebApp,
    rollout: Value,
    now: i64,
    progress: Vec<Progress>,
    ids: BTreeSet<String>,
    made: BTreeSet<String>,
    ready: BTreeSet<String>,
    alarm: Option<String>,
    broken: BTreeSet<String>,
    pods: BTreeMap<&'static str, Pods>,
    weights: BTreeMap<&'static str, i64>,
    /// Every share that the second slot has had, in a row.
    history: Vec<(i64, BTreeMap<&'static str, i64>)>,
}

const SLOTS: [(&str, &str, &str); 2] = [("a", "workload", "targets"), ("b", "workload-b", "targets-b")];

fn app(rollout: &Value, image: &str) -> WebApp {
    web(json!({"image": image, "rollout": rollout, "bindings": [{"name": "db", "dataTierRef": {"name": "orders"}}]}))
}

impl World {
    /// Version 1 serves.
    fn new(rollout: Value) -> Self {
        let mut world = World {
            app: app(&rollout, "shop:1"),
            rollout,
            now: 0,
            progress: Vec::new(),
            ids: BTreeSet::new(),
            made: BTreeSet::new(),
            ready: BTreeSet::new(),
            alarm: None,
            broken: BTreeSet::new(),
            pods: BTreeMap::new(),
            weights: BTreeMap::new(),
            history: Vec::new(),
        };
        world.run(300);
        assert_eq!(world.serving(), "shop:1");
        world
    }

    fn apply(&mut self, image: &str) {
        self.app = app(&self.rollout, image);
    }

    fn facts(&self) -> Facts {
        let mut facts = samples::facts(&self.app);
        facts.now = Timestamp::from_second(self.now).unwrap();
        facts.progress.clone_from(&self.progress);
        facts.made.clone_from(&self.made);
        facts.ready.clone_from(&self.ready);
        let state = || self.alarm.clone().map_or(Alarm::Ok, Alarm::Alarm);
        facts.alarms = self.app.alarms().into_iter().map(|name| (name, state())).collect();
        facts
    }

    /// One pass; `lost`: the process dies once it has written how far it is.
    fn pass(&mut self, lost: bool) -> Option<Duration> {
        let mut facts = self.facts();
        let advance = self.app.advance(&facts);
        self.progress.clone_from(&advance.progress);
        if !lost {
            facts.progress = advance.progress;
            let graph = self.app.expand(&facts).unwrap();
            assert_eq!(graph.check(), Ok(()));
            self.take(&graph);
        }
        self.judge();
        advance.again
    }

    /// The cluster and the load balancer become what the graph says, and status says what they are.
    fn take(&mut self, graph: &Graph) {
        self.ids = graph.nodes().keys().cloned().collect();
        for (slot, workload, _) in SLOTS {
            match graph.node(workload) {
                None => drop(self.pods.remove(slot)),
                Some(node) => self.deploy(slot, &node.want["fields"]),
            }
        }
        let action = &graph.node("listener").unwrap().want["defaultAction"]["forward"]["targetGroups"];
        let weight = |targets: &str| {
            let shares = action.as_array().unwrap().iter();
            let of = shares.filter(|share| share["targetGroupArn"]["$terrace"]["node"] == targets);
            of.map(|share| share["weight"].as_i64().unwrap()).sum()
        };
        self.weights = SLOTS.map(|(slot, _, targets)| (slot, weight(targets))).into();
        self.made = self.ids.clone();
        let up = |id: &str| {
            let slot = SLOTS.iter().find(|(_, workload, _)| *workload == id);
            slot.is_none_or(|(slot, ..)| self.pods[slot].ready_at.is_some_and(|at| at <= self.now))
        };
        self.ready = self.ids.iter().filter(|id| up(id)).cloned().collect();
    }

    /// Without a template, what stands stays.
    fn deploy(&mut self, slot: &'static str, fields: &Value) {
        let Some(containers) = fields.get("spec.template.spec.containers") else {
            assert!(self.pods.contains_key(slot), "there is nothing to keep in slot {slot}");
            return;
        };
        let image = containers[0]["image"].as_str().unwrap().to_owned();
        let serve = self.pods.get(slot).is_some_and(|pods| pods.serve);
        if self.pods.get(slot).is_none_or(|pods| pods.image != image) {
            let ready_at = (!self.broken.contains(&image)).then_some(self.now + COMES_UP);
            self.pods.insert(slot, Pods { image, ready_at, serve });
        }
    }

    /// Every request is answered by pods that are ready.
    fn judge(&mut self) {
        for pods in self.pods.values_mut() {
            pods.serve |= pods.ready_at.is_some_and(|at| at <= self.now);
        }
        if self.history.last().is_none_or(|(_, weights)| *weights != self.weights) {
            self.history.push((self.now, self.weights.clone()));
        }
        if self.now < 100 {
            return;
        }
        assert!(self.weights.values().sum::<i64>() > 0, "at {}: nobody gets requests", self.now);
        for (slot, weight) in &self.weights {
            let serve = self.pods.get(slot).is_some_and(|pods| pods.serve);
            assert!(
                *weight == 0 || serve,
                "at {}: slot {slot} gets {weight} and is not ready: {:?}",
                self.now,
                self.step()
            );
        }
    }

    /// Passes for so many seconds: each when it is due, when pods have come up, or at the resync.
    fn run(&mut self, seconds: i64) {
        let end = self.now + seconds;
        while self.now < end {
            let again = self.pass(false).map_or(RESYNC, |again| again.as_secs() as i64);
            let comes_up = self.pods.values().filter_map(|pods| pods.ready_at).filter(|at| *at > self.now).min();
            let due = comes_up.unwrap_or(end).min(self.now + again.max(1));
            self.now = due.min(end);
        }
    }

    fn step(&self) -> Option<&str> {
        self.progress.iter().find(|entry| entry.procedure == "rollout").map(|entry| entry.step.as_str())
    }

    /// The image that most requests come to.
    fn serving(&self) -> &str {
        let (slot, _) = self.weights.iter().max_by_key(|(_, weight)| **weight).unwrap();
        &self.pods[slot].image
    }

    /// The shares of the second slot since a moment.
    fn shares(&self, since: i64) -> Vec<i64> {
        let all = self.history.iter().filter(|(at, _)| *at >= since);
        all.map(|(_, weights)| weights["b"] * 100 / weights.values().sum::<i64>()).collect()
    }
}

fn canary() -> Value {
    json!({
        "strategy": "Canary",
        "steps": [{"weight": 10, "pauseSeconds": 300}, {"weight": 50, "pauseSeconds": 300}],
        "alarm": {"name": "errors"},
        "keepOldSeconds": 600,
    })
}

fn blue_green() -> Value {
    json!({"strategy": "BlueGreen", "alarm": {"name": "errors"}, "keepOldSeconds": 600})
}

#[test]
fn a_canary_gets_its_shares_step_by_step_and_then_serves() {
    let mut world = World::new(canary());
    let began = world.now;
    world.apply("shop:2");
    world.run(200);
    assert_eq!(world.step(), Some("Step 1: 10%"));
    assert_eq!(world.pods["a"].image, "shop:1");
    world.run(2_000);
    assert_eq!(world.shares(began), [10, 50, 100]);
    assert_eq!((world.serving(), world.step(), world.pods.len()), ("shop:2", None, 1));
    let at: Vec<i64> = world.history.iter().filter(|(at, _)| *at >= began).map(|(at, _)| *at).collect();
    assert!(at[0] - began >= COMES_UP, "no share before it is ready");
    assert!((300..330).contains(&(at[1] - at[0])) && (300..330).contains(&(at[2] - at[1])), "{at:?}");
}

#[test]
fn the_next_version_comes_in_the_slot_that_is_free() {
    let mut world = World::new(canary());
    for (version, slot) in [("shop:2", "b"), ("shop:3", "a"), ("shop:4", "b")] {
        world.apply(version);
        world.run(3_000);
        assert_eq!((world.serving(), world.pods.keys().copied().collect::<Vec<_>>()), (version, vec![slot]));
    }
}

#[test]
fn a_canary_that_raises_its_alarm_goes_back_by_itself_and_does_not_come_again() {
    let mut world = World::new(canary());
    let began = world.now;
    world.apply("shop:2");
    world.run(200);
    world.alarm = Some("5 of 5 datapoints were above 1".into());
    world.run(60);
    assert_eq!(world.shares(began), [10, 0]);
    world.alarm = None;
    world.run(86_400);
    assert_eq!(world.shares(began), [10, 0]);
    assert_eq!(world.step(), Some("RolledBack: alarm errors: 5 of 5 datapoints were above 1"));
    assert_eq!((world.serving(), world.pods.len()), ("shop:1", 1));
    world.apply("shop:3");
    world.run(3_000);
    assert_eq!((world.serving(), world.step()), ("shop:3", None));
}

#[test]
fn blue_and_green_change_places_only_when_all_of_the_new_one_is_ready() {
    let mut world = World::new(blue_green());
    let began = world.now;
    world.apply("shop:2");
    world.run(COMES_UP);
    assert_eq!(world.shares(began), [0; 0]);
    world.run(200);
    assert_eq!((world.shares(began), world.step(), world.pods.len()), (vec![100], Some("Switched"), 2));
    world.run(700);
    assert_eq!((world.serving(), world.step(), world.pods.len()), ("shop:2", None, 1));
}

#[test]
fn all_requests_go_back_to_the_old_version_while_it_is_kept() {
    let mut world = World::new(blue_green());
    let began = world.now;
    world.apply("shop:2");
    world.run(300);
    world.alarm = Some("too many errors".into());
    world.run(100);
    assert_eq!((world.shares(began), world.serving()), (vec![100, 0], "shop:1"));
    assert_eq!(world.step(), Some("RolledBack: alarm errors: too many errors"));
}

#[test]
fn a_version_that_does_not_become_ready_gets_no_request() {
    let mut world = World::new(canary());
    let began = world.now;
    world.broken.insert("shop:2".into());
    world.apply("shop:2");
    world.run(2_000);
    assert_eq!((world.shares(began), world.step()), (vec![], Some("RolledBack: not ready within 600 s")));
    assert_eq!((world.serving(), world.pods.len()), ("shop:1", 1));
}

#[test]
fn a_new_version_waits_while_the_alarm_fires_already() {
    let mut world = World::new(canary());
    let began = world.now;
    world.alarm = Some("errors of version 1".into());
    world.apply("shop:2");
    world.run(3_000);
    assert_eq!((world.shares(began), world.step()), (vec![], Some("Warming: alarm errors: errors of version 1")));
    world.alarm = None;
    world.run(2_000);
    assert_eq!((world.serving(), world.step()), ("shop:2", None));
}

#[test]
fn a_change_on_the_way_begins_anew_with_the_newest_version() {
    let mut world = World::new(canary());
    let began = world.now;
    world.apply("shop:2");
    world.run(500);
    world.apply("shop:3");
    world.run(3_000);
    assert_eq!(world.shares(began), [10, 50, 0, 10, 50, 100]);
    assert_eq!((world.serving(), world.pods.len()), ("shop:3", 1));
}

#[test]
fn a_spec_that_goes_back_takes_the_requests_back_and_nothing_is_rolled() {
    let mut world = World::new(canary());
    let began = world.now;
    world.apply("shop:2");
    world.run(200);
    world.apply("shop:1");
    world.run(1_000);
    assert_eq!((world.shares(began), world.step()), (vec![10, 0], None));
    assert_eq!((world.serving(), world.pods.keys().copied().collect::<Vec<_>>()), ("shop:1", vec!["a"]));
    assert_eq!(world.pods["a"].ready_at, Some(COMES_UP), "its pods are those of the beginning");
}

#[test]
fn a_strategy_that_becomes_rolling_ends_the_canary_first() {
    let mut world = World::new(canary());
    world.apply("shop:2");
    world.run(200);
    world.rollout = json!({"strategy": "Rolling"});
    world.apply("shop:2");
    world.run(500);
    assert_eq!((world.step(), world.serving(), world.pods.len()), (None, "shop:2", 1));
    world.rollout = canary();
    world.apply("shop:3");
    world.run(200);
    assert_eq!(world.step(), Some("Step 1: 10%"));
}

#[test]
fn a_new_object_is_made_whole_and_not_by_steps() {
    let world = World::new(canary());
    assert_eq!((world.step(), world.shares(0)), (None, vec![0]));
}

#[test]
fn a_rolling_update_stays_in_its_slot() {
    let mut world = World::new(json!({"strategy": "Rolling"}));
    world.apply("shop:2");
    world.run(300);
    assert_eq!((world.serving(), world.pods.keys().copied().collect::<Vec<_>>()), ("shop:2", vec!["a"]));
    assert!(!world.ids.contains("targets-b"));
}

#[test]
fn a_version_that_serves_in_the_second_slot_is_known_by_its_pods_when_status_is_lost() {
    let mut world = World::new(canary());
    world.apply("shop:2");
    world.run(3_000);
    let began = world.now;
    world.progress.clear();
    world.run(300);
    assert_eq!((world.shares(began), world.pods.keys().copied().collect::<Vec<_>>()), (vec![], vec!["b"]));
}

#[test]
fn what_others_have_in_progress_is_left_alone() {
    let mut world = World::new(canary());
    world.progress.push(samples::progress("rotation", "done", "x"));
    world.apply("shop:2");
    world.run(30);
    assert!(world.progress.iter().any(|entry| entry.procedure == "rotation"));
    assert_eq!(world.step(), Some("Preparing"));
}

#[test]
fn standing_still_changes_no_progress() {
    let mut world = World::new(canary());
    let before = world.progress.clone();
    world.run(86_400);
    assert_eq!(world.progress, before);
}

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    Apply(u8),
    Alarm(bool),
    Break(u8),
    /// The process dies in the middle of so many passes.
    Crash(u8),
    Pass(u16),
    Strategy(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1..5_u8).prop_map(Event::Apply),
        any::<bool>().prop_map(Event::Alarm),
        (2..5_u8).prop_map(Event::Break),
        (1..4_u8).prop_map(Event::Crash),
        (1..900_u16).prop_map(Event::Pass),
        (0..3_u8).prop_map(Event::Strategy),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// `World::judge` looks at every moment.
    #[test]
    fn whatever_happens_every_request_is_answered_and_it_comes_to_rest(events in prop::collection::vec(event(), 1..16)) {
        let mut world = World::new(canary());
        let mut image = "shop:1".to_owned();
        for event in events {
            match event {
                Event::Apply(version) => image = format!("shop:{version}"),
                Event::Alarm(fires) => world.alarm = fires.then(|| "fires".into()),
                Event::Break(version) => drop(world.broken.insert(format!("shop:{version}"))),
                Event::Crash(passes) => (0..passes).for_each(|_| {
                    world.pass(true);
                    world.now += 5;
                }),
                Event::Pass(seconds) => world.run(seconds.into()),
                Event::Strategy(0) => world.rollout = json!({"strategy": "Rolling"}),
                Event::Strategy(1) => world.rollout = canary(),
                Event::Strategy(_) => world.rollout = blue_green(),
            }
            world.apply(&image);
        }
        world.alarm = None;
        world.run(10_000);
        let given_up = world.step().is_some_and(|step| step.starts_with("RolledBack"));
        prop_assert!(world.step().is_none() || given_up, "{:?}", world.step());
        prop_assert_eq!(world.pods.len(), 1);
        prop_assert!(given_up || world.serving() == image);
    }
}
