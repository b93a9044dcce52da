//! Rollouts on a simulated clock: at every moment all requests go to pods that are well, whatever dies between two steps, and
//! an alarm takes a version back.

mod world;

use proptest::prelude::*;
use serde_json::{Value, json};
use terrace_tiers::samples;

use self::world::{Course, UNWELL, World};

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
    assert!(at[0] - began >= 60, "no share before it is well");
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
    world.run(40);
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
fn a_version_that_the_load_balancer_finds_unwell_gets_no_request_and_says_why() {
    let mut world = World::new(canary());
    let began = world.now;
    world.unwell = true;
    world.apply("shop:2");
    world.run(200);
    let objection = format!("the load balancer finds a pod unwell: {UNWELL}");
    assert_eq!(world.step(), Some(&*format!("Warming: {objection}")));
    world.run(2_000);
    let why = format!("RolledBack: not ready within 600 s: {objection}");
    assert_eq!((world.shares(began), world.step()), (vec![], Some(&*why)));
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
    assert!(world.pods["a"].ready_at.is_some_and(|at| at < 100), "its pods are those of the beginning");
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

/// The weights in a row since a moment: when they were set, and the share of each slot.
fn weights(world: &World, since: i64) -> Vec<(i64, [i64; 2])> {
    let all = world.history.iter().filter(|(at, _)| *at >= since);
    all.map(|(at, weights)| (at - since, [weights["a"], weights["b"]])).collect()
}

/// `World::take` holds that no pod goes before the requests that came to it are answered.
#[test]
fn a_blue_green_switch_sets_the_weights_once_and_keeps_the_old_version_until_it_is_drained() {
    let mut world = World::new(json!({"strategy": "BlueGreen", "keepOldSeconds": 0}));
    let began = world.now;
    world.apply("shop:2");
    let mut gone = None;
    while gone.is_none() && world.now < began + 1_000 {
        world.run(1);
        gone = (!world.pods.contains_key("a")).then_some(world.now - began);
    }
    let [(switched, [0, 100])] = weights(&world, began)[..] else { panic!("{:?}", weights(&world, began)) };
    let gone = gone.expect("the old version goes");
    assert!((switched + 30..switched + 60).contains(&gone), "switched at {switched}, gone at {gone}");
}

#[test]
fn nothing_goes_on_while_the_load_balancer_refuses_its_weights() {
    for (rollout, steps) in [(canary(), 2), (blue_green(), 0)] {
        let mut world = World::new(rollout);
        let began = world.now;
        world.course.refused = true;
        world.apply("shop:2");
        world.run(1_800);
        assert_eq!((world.shares(began), world.pods.len(), world.serving()), (vec![], 2, "shop:1"));
        world.course.refused = false;
        world.run(200);
        assert_eq!(world.shares(began).len(), 1, "its first step begins only now");
        world.course.refused = true;
        world.alarm = Some("too many".into());
        world.run(1_800);
        assert_eq!((world.shares(began).len(), world.pods.len()), (1, 2), "it cannot go back, and stays");
        world.course.refused = false;
        world.alarm = None;
        world.run(200);
        assert_eq!((world.serving(), world.pods.len()), ("shop:1", 1));
        world.apply("shop:3");
        world.run(3_000);
        assert_eq!((world.serving(), world.shares(began).len()), ("shop:3", 2 + steps + 1));
    }
}

/// A rollout in which one pass dies after some of its steps, and the next process comes after a while. `World` judges
/// every moment of it.
fn crashed(world: &World, number: usize, after: usize, order: u64, away: i64) -> bool {
    let mut world = world.clone();
    world.course.order = order;
    world.apply("shop:2");
    let (mut passes, mut due) = (0, world.now);
    while passes < number && world.step().is_some() || passes == 0 {
        world.now = due;
        due += world.pass().expect("it lives").as_secs().clamp(1, 20) as i64;
        passes += 1;
    }
    world.now = due;
    let course = Course { dies_after: Some(after), ..world.course };
    let alive = std::mem::replace(&mut world.course, course);
    world.pass();
    world.course = alive;
    let restarted = world.now + away;
    world.now = restarted;
    let before = world.step().map(str::to_owned);
    world.pass();
    let same = world.step().map(str::to_owned) == before;
    assert!(same, "{before:?} became {:?} before anybody had looked", world.step());
    world.run(1_000);
    assert_eq!(
        (world.serving(), world.step(), world.pods.len()),
        ("shop:2", None, 1),
        "{number} {after} {order} {away}"
    );
    passes < number
}

#[test]
fn a_rollout_goes_on_from_where_it_was_whenever_the_process_dies() {
    let quick = json!({"strategy": "Canary", "steps": [{"weight": 10, "pauseSeconds": 60}], "keepOldSeconds": 0});
    for (rollout, least) in [(quick, 14), (json!({"strategy": "BlueGreen", "keepOldSeconds": 0}), 9)] {
        let (world, mut number) = (World::new(rollout), 0);
        while !crashed(&world, number, 0, 0, 0) {
            for (after, order, away) in [(1, 5, 2_000), (2, 3, 5), (3, 1, 2_000)] {
                crashed(&world, number, after, order, away);
            }
            number += 1;
        }
        assert!(number >= least, "{number} passes");
    }
}

#[test]
fn a_version_that_was_ready_while_nobody_looked_is_not_given_up() {
    let mut world = World::new(blue_green());
    world.apply("shop:2");
    world.pass();
    world.now += 1;
    world.course.dies_after = Some(0);
    world.pass();
    world.course.dies_after = None;
    world.now += 10_000;
    world.run(2_000);
    assert_eq!((world.serving(), world.step()), ("shop:2", None));
}

#[test]
fn a_further_version_waits_until_the_one_that_has_all_requests_is_the_one_that_serves() {
    let mut world = World::new(blue_green());
    let began = world.now;
    world.apply("shop:2");
    world.run(200);
    assert_eq!(world.step(), Some("Switched"));
    world.apply("shop:3");
    world.run(3_000);
    assert_eq!((world.shares(began), world.serving(), world.pods.len()), (vec![100, 0], "shop:3", 1));
}

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    Apply(u8),
    Alarm(bool),
    Break(u8),
    /// The process dies after so many steps of its pass, and the next one comes so many seconds later.
    Crash(u8, u16),
    /// From now on the load balancer refuses new weights, or takes them.
    Refuse(bool),
    /// In which order passes do their steps.
    Order(u8),
    Pass(u16),
    Strategy(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1..5_u8).prop_map(Event::Apply),
        any::<bool>().prop_map(Event::Alarm),
        (2..5_u8).prop_map(Event::Break),
        (0..4_u8, 1..2_000_u16).prop_map(|(after, away)| Event::Crash(after, away)),
        any::<bool>().prop_map(Event::Refuse),
        (0..24_u8).prop_map(Event::Order),
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
                Event::Crash(after, away) => {
                    world.course.dies_after = Some(after.into());
                    world.pass();
                    world.course.dies_after = None;
                    world.now += i64::from(away);
                }
                Event::Refuse(refused) => world.course.refused = refused,
                Event::Order(order) => world.course.order = order.into(),
                Event::Pass(seconds) => world.run(seconds.into()),
                Event::Strategy(0) => world.rollout = json!({"strategy": "Rolling"}),
                Event::Strategy(1) => world.rollout = canary(),
                Event::Strategy(_) => world.rollout = blue_green(),
            }
            world.apply(&image);
        }
        world.alarm = None;
        world.course.refused = false;
        world.run(10_000);
        let given_up = world.step().is_some_and(|step| step.starts_with("RolledBack"));
        prop_assert!(world.step().is_none() || given_up, "{:?}", world.step());
        prop_assert_eq!(world.pods.len(), 1);
        prop_assert!(given_up || world.serving() == image);
    }
}
