//! A cluster and a load balancer on a simulated clock, and an object whose status is a pass behind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use terrace_crds::{Progress, WebApp};
use terrace_model::Graph;
use terrace_tiers::facts::{Alarm, Facts, Targets};
use terrace_tiers::{Tier, samples};

use crate::support::web;

/// Seconds after which new pods are ready.
const STARTS: i64 = 30;
/// Seconds after which a pod that is ready is registered at its target group.
const REGISTERS: i64 = 5;
/// Seconds after which an object that stands still is looked at again.
const RESYNC: i64 = 600;
/// Seconds after which a pass in which something failed is followed by the next.
const RETRY: i64 = 15;
/// When the first version serves; before, there is nobody to be served.
const BEGUN: i64 = 120;

/// What AWS says of pods that answer its health check wrongly.
pub const UNWELL: &str = "Health checks failed with these codes: [502]";

/// Pods of one Deployment, registered at the target group of their slot.
#[derive(Clone, Debug)]
pub struct Pods {
    pub image: String,
    /// When its newest version is ready, and has been for `minReadySeconds`; never where it is broken.
    pub ready_at: Option<i64>,
    /// When the load balancer finds its newest version well.
    healthy_at: Option<i64>,
    /// The load balancer finds some of it well, of whatever version.
    serve: bool,
}

/// One thing that a pass does; it does them in any order, and may die between any two.
#[derive(Clone, Debug)]
enum Step {
    Deploy(&'static str, Value, Value),
    Remove(&'static str),
    Steer(BTreeMap<&'static str, i64>),
}

/// How a pass goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course {
    /// The order of its steps.
    pub order: u64,
    /// The process dies when it has done so many of them.
    pub dies_after: Option<usize>,
    /// The load balancer takes no new weights.
    pub refused: bool,
}

/// See above.
#[derive(Clone)]
pub struct World {
    app: WebApp,
    pub rollout: Value,
    pub now: i64,
    pub progress: Vec<Progress>,
    pub ids: BTreeSet<String>,
    made: BTreeSet<String>,
    ready: BTreeSet<String>,
    /// The progress that this process's last whole pass was of.
    looked: Option<Vec<Progress>>,
    /// How every pass goes.
    pub course: Course,
    pub alarm: Option<String>,
    pub broken: BTreeSet<String>,
    /// The load balancer finds no new pod well.
    pub unwell: bool,
    pub pods: BTreeMap<&'static str, Pods>,
    weights: BTreeMap<&'static str, i64>,
    /// When each slot last had a share.
    shared: BTreeMap<&'static str, i64>,
    /// Seconds that the longest request takes, as the target groups allow.
    drains: i64,
    /// The images that were asked for pod by pod.
    rolled: BTreeSet<String>,
    /// The weights as they were set, in a row.
    pub history: Vec<(i64, BTreeMap<&'static str, i64>)>,
}

const SLOTS: [(&str, &str, &str); 2] = [("a", "workload", "targets"), ("b", "workload-b", "targets-b")];

fn app(rollout: &Value, image: &str) -> WebApp {
    web(json!({"image": image, "rollout": rollout, "bindings": [{"name": "db", "dataTierRef": {"name": "orders"}}]}))
}

impl World {
    /// Version 1 serves.
    pub fn new(rollout: Value) -> Self {
        let mut world = World {
            app: app(&rollout, "shop:1"),
            rollout,
            now: 0,
            progress: Vec::new(),
            ids: BTreeSet::new(),
            made: BTreeSet::new(),
            ready: BTreeSet::new(),
            looked: None,
            course: Course::default(),
            alarm: None,
            broken: BTreeSet::new(),
            unwell: false,
            pods: BTreeMap::new(),
            weights: BTreeMap::new(),
            shared: BTreeMap::new(),
            drains: 0,
            rolled: ["shop:1".to_owned()].into(),
            history: Vec::new(),
        };
        world.run(300);
        assert_eq!(world.serving(), "shop:1");
        world
    }

    pub fn apply(&mut self, image: &str) {
        self.app = app(&self.rollout, image);
        if self.rollout["strategy"] == "Rolling" {
            self.rolled.insert(image.into());
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = samples::facts(&self.app);
        facts.now = Timestamp::from_second(self.now).unwrap();
        facts.progress.clone_from(&self.progress);
        facts.made.clone_from(&self.made);
        facts.looked = self.looked.as_ref() == Some(&self.progress);
        facts.ready = if facts.looked { self.ready.clone() } else { BTreeSet::new() };
        let state = || self.alarm.clone().map_or(Alarm::Ok, Alarm::Alarm);
        facts.alarms = self.app.alarms().into_iter().map(|name| (name, state())).collect();
        facts.targets = self.app.target_groups(&self.progress).into_iter().map(|id| self.targets(id)).collect();
        facts
    }

    /// What the load balancer finds of the newest version in the slot of this target group.
    fn targets(&self, id: String) -> (String, Targets) {
        let slot = SLOTS.iter().find(|(.., targets)| *targets == id).map(|(slot, ..)| slot);
        let pods = slot.and_then(|slot| self.pods.get(slot));
        let well = pods.and_then(|pods| pods.healthy_at).is_some_and(|at| at <= self.now);
        let registered = pods.and_then(|pods| pods.ready_at).is_some_and(|at| at <= self.now);
        let unwell = (registered && !well).then(|| UNWELL.to_owned());
        (id, Targets { healthy: u32::from(well), unwell })
    }

    /// One pass. Answers when the next one is due; nothing, where the process is dead.
    pub fn pass(&mut self) -> Option<Duration> {
        self.settle();
        let mut facts = self.facts();
        let advance = self.app.advance(&facts);
        self.progress.clone_from(&advance.progress);
        facts.progress = advance.progress;
        let graph = self.app.expand(&facts).unwrap();
        assert_eq!(graph.check(), Ok(()));
        let mut steps = self.steps(&graph);
        shuffle(&mut steps, self.course.order);
        for (number, step) in steps.into_iter().enumerate() {
            if self.course.dies_after.is_some_and(|most| number >= most) {
                break;
            }
            self.take(step);
            self.judge();
        }
        if self.course.dies_after.is_some() {
            self.looked = None;
            return None;
        }
        self.look(&graph);
        self.judge();
        let failed = (!self.ready.contains("listener")).then_some(Duration::from_secs(RETRY as u64));
        Some([advance.again, failed].into_iter().flatten().fold(Duration::from_secs(RESYNC as u64), Duration::min))
    }

    /// What is not as the graph says.
    fn steps(&self, graph: &Graph) -> Vec<Step> {
        let mut steps = Vec::new();
        for (slot, workload, targets) in SLOTS {
            match graph.node(workload) {
                None if self.pods.contains_key(slot) => steps.push(Step::Remove(slot)),
                None => {}
                Some(node) => {
                    let targets = graph.node(targets).unwrap().want.clone();
                    steps.push(Step::Deploy(slot, node.want["fields"].clone(), targets));
                }
            }
        }
        let weights = weights(graph);
        if weights != self.weights && !self.course.refused {
            steps.push(Step::Steer(weights));
        }
        steps
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Deploy(slot, fields, targets) => self.deploy(slot, &fields, &targets),
            Step::Remove(slot) => {
                let idle = self.now - self.shared.get(slot).copied().unwrap_or(i64::MIN / 2);
                assert!(
                    self.weights[slot] == 0 && idle >= self.drains,
                    "at {}: slot {slot} goes {idle} s after its last request",
                    self.now
                );
                self.pods.remove(slot);
            }
            Step::Steer(weights) => {
                let served: Vec<_> = self.weights.iter().filter(|(_, weight)| **weight > 0).collect();
                self.shared.extend(served.into_iter().map(|(slot, _)| (*slot, self.now)));
                self.weights = weights;
                self.history.push((self.now, self.weights.clone()));
            }
        }
    }

    /// Without a template, what stands stays.
    fn deploy(&mut self, slot: &'static str, fields: &Value, targets: &Value) {
        let attributes = &targets["attributes"]["deregistration_delay.timeout_seconds"];
        self.drains = attributes.as_str().and_then(|seconds| seconds.parse().ok()).unwrap();
        let Some(containers) = fields.get("spec.template.spec.containers") else {
            assert!(self.pods.contains_key(slot), "there is nothing to keep in slot {slot}");
            return;
        };
        let image = containers[0]["image"].as_str().unwrap().to_owned();
        let before = self.pods.get(slot);
        if before.is_some_and(|pods| pods.image == image) {
            return;
        }
        let shared = self.weights.get(slot).is_some_and(|weight| *weight > 0);
        assert!(!shared || self.rolled.contains(&image), "at {}: {image} comes into slot {slot} by itself", self.now);
        let seconds = |value: &Value| value.as_i64().unwrap();
        let check = &targets["healthCheck"];
        let healthy = REGISTERS + seconds(&check["intervalSeconds"]) * seconds(&check["healthyThresholdCount"]);
        let starts = (!self.broken.contains(&image)).then_some(self.now + STARTS);
        let serve = before.is_some_and(|pods| pods.serve);
        let ready_at = starts.map(|at| at + seconds(&fields["spec.minReadySeconds"]));
        let healthy_at = starts.filter(|_| !self.unwell).map(|at| at + healthy);
        self.pods.insert(slot, Pods { image, ready_at, healthy_at, serve });
    }

    /// The end of a pass: status says what is there, and what is as wished.
    fn look(&mut self, graph: &Graph) {
        self.ids = graph.nodes().keys().cloned().collect();
        self.made = self.ids.clone();
        let steered = weights(graph) == self.weights;
        let up = |id: &str| {
            let slot = SLOTS.iter().find(|(_, workload, _)| *workload == id);
            slot.is_none_or(|(slot, ..)| self.pods[slot].ready_at.is_some_and(|at| at <= self.now))
        };
        self.ready = self.ids.iter().filter(|id| up(id) && (*id != "listener" || steered)).cloned().collect();
        self.looked = Some(self.progress.clone());
    }

    fn settle(&mut self) {
        for pods in self.pods.values_mut() {
            pods.serve |= pods.healthy_at.is_some_and(|at| at <= self.now);
        }
    }

    /// Every request is answered by pods that the load balancer finds well.
    fn judge(&mut self) {
        self.settle();
        if self.now < BEGUN {
            return;
        }
        assert!(self.weights.values().sum::<i64>() > 0, "at {}: nobody gets requests", self.now);
        for (slot, weight) in self.weights.iter().filter(|(_, weight)| **weight > 0) {
            let serve = self.pods.get(slot).is_some_and(|pods| pods.serve);
            assert!(serve, "at {}: slot {slot} gets {weight} and is not well: {:?}", self.now, self.step());
        }
    }

    /// Passes for so many seconds: each when it is due, when pods have come up, or at the resync.
    pub fn run(&mut self, seconds: i64) {
        let end = self.now + seconds;
        while self.now < end {
            let again = self.pass().map_or(RETRY, |again| again.as_secs() as i64);
            let comes_up = self.pods.values().filter_map(|pods| pods.ready_at).filter(|at| *at > self.now).min();
            let due = comes_up.unwrap_or(end).min(self.now + again.max(1));
            self.now = due.min(end);
        }
    }

    pub fn step(&self) -> Option<&str> {
        self.progress.iter().find(|entry| entry.procedure == "rollout").map(|entry| entry.step.as_str())
    }

    /// The image that most requests come to.
    pub fn serving(&self) -> &str {
        let (slot, _) = self.weights.iter().max_by_key(|(_, weight)| **weight).unwrap();
        &self.pods[slot].image
    }

    /// The shares of the second slot since a moment.
    pub fn shares(&self, since: i64) -> Vec<i64> {
        let all = self.history.iter().filter(|(at, _)| *at >= since);
        all.map(|(_, weights)| weights["b"] * 100 / weights.values().sum::<i64>()).collect()
    }
}

/// The weights that a graph wishes for.
fn weights(graph: &Graph) -> BTreeMap<&'static str, i64> {
    let action = &graph.node("listener").unwrap().want["defaultAction"]["forward"]["targetGroups"];
    let weight = |targets: &str| {
        let shares = action.as_array().unwrap().iter();
        let of = shares.filter(|share| share["targetGroupArn"]["$terrace"]["node"] == targets);
        of.map(|share| share["weight"].as_i64().unwrap()).sum()
    };
    SLOTS.map(|(slot, _, targets)| (slot, weight(targets))).into()
}

/// One of the orders of a few things, by its number.
fn shuffle<T>(things: &mut [T], mut number: u64) {
    for index in (1..things.len()).rev() {
        let choices = index as u64 + 1;
        things.swap(index, (number % choices) as usize);
        number /= choices;
    }
}
