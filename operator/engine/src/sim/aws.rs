//! The simulated AWS as a whole: one clock, one world, one wire, shared by all its providers and ledgers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use terrace_model::{Handle, KindSpec};

use super::behaviour::{Behaviour, behaviour};
use super::clock::SimClock;
use super::faults::Faults;
use super::live::Live;
use super::provider::SimProvider;
use super::violation::Violation;
use super::wire::{Call, Calls, Gate, Op, Wire};
use super::world::World;
use crate::error::Result;
use crate::provider::Registry;

#[derive(Debug, Default)]
struct Shared {
    world: World,
    wire: Wire,
}

/// An AWS in memory, with the Kubernetes that keeps the inventories.
#[derive(Debug)]
pub struct SimAws {
    clock: SimClock,
    shared: Mutex<Shared>,
}

impl SimAws {
    /// An empty account that knows every kind of the model.
    pub fn new() -> Arc<Self> {
        let sim = SimAws { clock: SimClock::default(), shared: Mutex::default() };
        for spec in terrace_model::aws::kinds() {
            sim.add_kind(spec);
        }
        Arc::new(sim)
    }

    /// Another account in which all is as it is here; from now on neither has to do with the other.
    pub fn branch(&self) -> Arc<Self> {
        let clock = SimClock::default();
        clock.advance_to(self.clock.now());
        let here = self.lock();
        let shared = Shared { world: here.world.clone(), wire: here.wire.branch() };
        Arc::new(SimAws { clock, shared: Mutex::new(shared) })
    }

    /// Adds a kind, or sets one back to its usual behaviour.
    pub fn add_kind(&self, spec: KindSpec) {
        self.lock().world.kinds.insert(spec.kind.into(), (spec, behaviour(&spec)));
    }

    /// Changes how a kind behaves, for what is made from now on. The kind must be known.
    pub fn tune(&self, kind: &str, change: impl FnOnce(&mut Behaviour)) {
        if let Some((_, behaviour)) = self.lock().world.kinds.get_mut(kind) {
            change(behaviour);
        }
    }

    /// Lets looks and tags of a kind lag, and its specification say so. Before [`SimAws::registry`] is called.
    pub fn lag(&self, kind: &str, by: Duration) {
        if let Some((spec, behaviour)) = self.lock().world.kinds.get_mut(kind) {
            spec.visible_after = by;
            behaviour.visible_after = by;
            behaviour.tags_after = by;
        }
    }

    /// One provider a kind.
    pub fn registry(self: &Arc<Self>) -> Registry {
        let kinds: Vec<_> = self.lock().world.kinds.values().copied().collect();
        kinds.into_iter().fold(Registry::default(), |registry, (spec, behaviour)| {
            registry.with_erased(Arc::new(SimProvider::new(self.clone(), spec, behaviour.create)))
        })
    }

    /// The clock.
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// What goes wrong from now on. Points are counted over the whole life of the simulation.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().wire.faults = faults;
    }

    /// How many I/O points were reached: the bound of a crash matrix, and the number of the next point.
    pub fn points(&self) -> u64 {
        self.lock().wire.points
    }

    /// True from a crash until the restart.
    pub fn is_crashed(&self) -> bool {
        self.lock().wire.is_dead()
    }

    /// A new process begins; whatever the old one still has under way comes to nothing.
    pub fn restart(&self) {
        self.lock().wire.restart();
    }

    /// What the answer to a create says beside the handle; see [`crate::Provider::made`].
    pub fn made(&self, handle: &Handle) -> Option<Value> {
        self.lock().world.made(self.clock.now(), handle)
    }

    /// How many calls went out so far.
    pub fn calls(&self) -> Calls {
        self.lock().wire.calls.clone()
    }

    /// All calls, in order.
    pub fn log(&self) -> Vec<Call> {
        self.lock().wire.log.clone()
    }

    /// What no correct engine does, and this one did.
    pub fn violations(&self) -> Vec<Violation> {
        self.lock().world.violations.clone()
    }

    /// The next moment at which something changes by itself: where to move the clock when nothing is left to do.
    pub fn next_moment(&self) -> Option<Timestamp> {
        self.world(|world, now| {
            let live = world.live.values().flat_map(Live::moments);
            let rest = world.held.values().copied().chain(world.snapshots.values().map(|snapshot| snapshot.available));
            live.chain(rest).filter(|moment| *moment > now).min()
        })
    }

    /// What a failed test prints: the faults with their seed, all calls, all violations, and what there is.
    pub fn trace(&self) -> String {
        let Shared { wire, world } = &*self.lock();
        let calls = wire.log.iter().map(|call| format!("{call}\n"));
        let violations = world.violations.iter().map(|violation| format!("! {violation}\n"));
        let live = world.live.values().map(|live| format!("= {} {}\n", live.key.kind, live.handle.0));
        let lines: String = calls.chain(violations).chain(live).collect();
        format!("{}\n{lines}", wire.faults)
    }

    /// An I/O point of a call that the test makes itself, such as a write to Kubernetes: an error means no effect.
    ///
    /// # Errors
    /// The fault of this point, or that of a dead process.
    pub fn boundary(&self, kind: &str, op: Op, subject: &str) -> Result<Gate> {
        self.lock().wire.enter(self.clock.now(), kind, op, subject)
    }

    /// Hands back the result of such a call, and returns what the caller reads of it.
    ///
    /// # Errors
    /// The result's own, or a fault that hides it.
    pub fn leave<T>(&self, gate: Gate, result: Result<T>) -> Result<T> {
        self.lock().wire.leave(&gate, result)
    }

    /// A call over the wire. Others that are under way at the same time come between its parts.
    pub(super) async fn call<T>(
        &self,
        (kind, op, subject): (&str, Op, String),
        effect: impl FnOnce(&mut World, Timestamp) -> Result<T>,
    ) -> Result<T> {
        let process = self.lock().wire.process();
        tokio::task::yield_now().await;
        let (gate, result) = {
            let now = self.clock.now();
            let Shared { world, wire } = &mut *self.lock();
            wire.check(process)?;
            let gate = wire.enter(now, kind, op, &subject)?;
            world.pass(now);
            (gate, effect(world, now))
        };
        tokio::task::yield_now().await;
        self.leave(gate, result)
    }

    /// Looks at the world, or changes it, behind everybody's back.
    pub(super) fn world<T>(&self, work: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.clock.now();
        let world = &mut self.lock().world;
        world.pass(now);
        work(world, now)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::faults::{Fault, Rates};
    use crate::sim::testkit::{Bench, id};
    use serde_json::json;

    #[test]
    fn a_fault_before_the_effect_leaves_nothing_and_one_after_it_leaves_the_thing() {
        for fault in Fault::ALL {
            let bench = Bench::default();
            bench.sim.set_faults(Faults::at(0, fault));
            let a = id("test/Thing", "a");
            assert!(bench.make(&a, json!({})).is_err());
            assert_eq!(bench.sim.console().all("test/Thing").is_empty(), fault.is_before(), "{fault:?}");
            assert_eq!(bench.sim.is_crashed(), fault.is_crash());
            assert_eq!(bench.make(&a, json!({})).is_ok(), fault.is_before() && !fault.is_crash(), "{fault:?}");
        }
    }

    #[test]
    fn after_a_crash_nothing_happens_until_the_restart() {
        let bench = Bench::default();
        bench.sim.set_faults(Faults::at(0, Fault::CrashBefore));
        let a = id("test/Thing", "a");
        assert!(bench.make(&a, json!({})).is_err());
        assert!(bench.make(&a, json!({})).is_err() && bench.sim.boundary("kubernetes/Event", Op::Save, "e").is_err());
        assert_eq!(bench.sim.points(), 1);
        bench.sim.restart();
        bench.make(&a, json!({})).unwrap();
    }

    #[tokio::test]
    async fn a_crash_takes_all_replies_that_are_under_way_with_it() {
        let bench = Bench::default();
        bench.sim.set_faults(Faults::at(0, Fault::CrashAfter));
        let (first, second) = tokio::join!(
            biased;
            bench.sim.call(("x/Y", Op::Create, "a".into()), |_, _| Ok(())),
            bench.sim.call(("x/Y", Op::Create, "b".into()), |_, _| Ok(())),
        );
        assert!(first.is_err() && second.is_err());
        let outcomes: Vec<_> = bench.sim.log().into_iter().map(|call| call.outcome).collect();
        assert_eq!(outcomes, ["ok", "ok"]);
    }

    #[tokio::test]
    async fn what_an_old_process_has_under_way_comes_to_nothing() {
        let bench = Bench::default();
        let call = bench.sim.call(("x/Y", Op::Create, "a".into()), |_, _| Ok(()));
        let (reply, ()) = tokio::join!(biased; call, async { bench.sim.restart() });
        assert!(reply.is_err());
        assert_eq!(bench.sim.points(), 0);
    }

    #[tokio::test]
    async fn the_same_seed_gives_the_same_run_also_of_calls_side_by_side() {
        let run = async |seed| {
            let bench = Bench::default();
            bench.sim.set_faults(Faults::random(seed, Rates { crash: 0.0, ..Rates::ROUGH }));
            let nodes: Vec<_> = (0..40).map(|number| format!("n{number}")).collect();
            let calls = nodes.iter().map(|node| bench.sim.call(("x/Y", Op::Create, node.clone()), |_, _| Ok(())));
            let replies = futures::future::join_all(calls).await;
            (replies, bench.sim.log())
        };
        let first = run(5).await;
        assert_eq!(first, run(5).await);
        assert!(first.0.iter().any(Result::is_err) && first.0.iter().any(Result::is_ok));
        assert_ne!(first.0, run(6).await.0);
    }

    #[test]
    fn a_call_of_the_test_s_own_is_an_io_point_too() {
        let bench = Bench::default();
        bench.sim.set_faults(Faults::at(1, Fault::LoseReply));
        let write = || {
            let gate = bench.sim.boundary("kubernetes/Event", Op::Save, "e")?;
            bench.sim.leave(gate, Ok(()))
        };
        assert!(write().is_ok());
        assert!(write().is_err());
        assert_eq!((bench.sim.points(), bench.sim.calls().kubernetes_writes()), (2, 2));
    }

    #[test]
    fn the_next_moment_is_when_something_settles() {
        let bench = Bench::default();
        assert_eq!(bench.sim.next_moment(), None);
        bench.make(&id("test/Thing", "a"), json!({})).unwrap();
        let up = bench.sim.clock().now() + Duration::from_secs(2);
        assert_eq!(bench.sim.next_moment(), Some(up));
        bench.sim.clock().advance_to(up);
        assert_eq!(bench.sim.next_moment(), None);
    }

    #[test]
    fn a_trace_names_faults_calls_violations_and_what_there_is() {
        let bench = Bench::default();
        bench.sim.set_faults(Faults::random(99, Rates::default()));
        bench.make(&id("test/Thing", "a"), json!({})).unwrap();
        let _ = bench.delete(&id("kms/Key", "key"));
        let trace = bench.sim.trace();
        for part in ["seed 99", "Create test/Thing", "ReadOnly", "= test/Thing arn:aws:test"] {
            assert!(trace.contains(part), "{part}: {trace}");
        }
    }
}
