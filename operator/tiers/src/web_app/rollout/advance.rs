//! How a rollout goes on: from step to step, by what is ready, by the time, and by the alarm.
//!
//! Whatever happens, the requests are with versions that are ready: the next one gets its first share only when all of it
//! is, and the one that has served stays until the last request that came to it is answered. An alarm that fires gives all
//! requests back at once, and the version that raised it does not come again.
//!
//! What is ready counts only where it was looked at in the present step, and the time of a step only from when its weights
//! are seen: a process that dies between two steps, or a load balancer that refuses its weights, holds a rollout up, and
//! never lets it run ahead of the requests.

use std::time::Duration;

use jiff::Timestamp;
use terrace_crds::WebAppSpec;
use terrace_crds::web_app::{Rollout as Settings, RolloutStep, RolloutStrategy};

use super::phase::Phase;
use super::{ROLLOUT, Rollout, STABLE, Stable, State, alarm, health};
use crate::facts::Alarm;
use crate::web_app::balancer::steering;
use crate::web_app::design::strategy;
use crate::web_app::slot::{AUTOSCALER, Slot, TARGET_BINDING, TARGET_SERVICE, TARGETS, WORKLOAD};
use crate::web_app::template::{PodTemplate, pod_template};
use crate::web_app::workload::{is_autoscaled, settling_seconds};
use crate::{Advance, Facts};

/// How often it is looked whether something is ready, or an alarm fires.
const POLL: Duration = Duration::from_secs(15);
/// Seconds that a load balancer takes to follow its new weights.
const FOLLOWS: u32 = 10;

/// Where the rollout stands now, and when to judge again.
pub fn advance(spec: &WebAppSpec, facts: &Facts) -> Advance {
    let others = || facts.progress.iter().filter(|entry| ![ROLLOUT, STABLE].contains(&&*entry.procedure)).cloned();
    let Some(template) = pod_template(spec, &facts.object.name) else {
        return Advance { progress: others().collect(), again: None };
    };
    let judge = Judge::new(spec, facts, &template);
    let state = judge.next(State::of(facts, &judge.hash));
    Advance { progress: state.entries().into_iter().chain(others()).collect(), again: judge.again(&state) }
}

/// All that a step is judged by.
struct Judge<'a> {
    spec: &'a WebAppSpec,
    facts: &'a Facts,
    settings: Settings,
    steps: Vec<RolloutStep>,
    /// Of the pod template that is wished for.
    hash: String,
}

/// What the alarm says.
enum Verdict {
    Quiet,
    /// Nobody knows.
    Unknown,
    Fires(String),
}

impl<'a> Judge<'a> {
    fn new(spec: &'a WebAppSpec, facts: &'a Facts, template: &PodTemplate) -> Self {
        let settings = spec.rollout.clone().unwrap_or_default();
        Judge { spec, facts, steps: settings.steps(), settings, hash: template.hash() }
    }

    fn next(&self, state: State) -> State {
        let state = self.steered(state);
        let Some(rollout) = state.rollout.clone() else {
            return self.begin(state);
        };
        if strategy(self.spec) == RolloutStrategy::Rolling {
            return self.leave(state, &rollout);
        }
        if rollout.hash != self.hash {
            return self.turn(state, &rollout);
        }
        self.go_on(state, &rollout)
    }

    /// The time of a step that gives requests or takes them begins when the load balancer is seen to do so.
    fn steered(&self, state: State) -> State {
        let steers =
            |rollout: &Rollout| matches!(rollout.phase, Phase::Step(..) | Phase::Switched | Phase::Returning(_));
        let rollout = state.rollout.clone().map(|rollout| match steers(&rollout) && !self.is_steered() {
            true => Rollout { since: self.facts.now, ..rollout },
            false => rollout,
        });
        State { rollout, ..state }
    }

    /// Nothing is under way: a new template begins it, unless it is rolled through in place, or nothing stands yet.
    fn begin(&self, state: State) -> State {
        if state.stable.hash == self.hash {
            return state;
        }
        if strategy(self.spec) == RolloutStrategy::Rolling || !state.stands() {
            let stable = Stable { since: self.facts.now, hash: self.hash.clone(), ..state.stable };
            return State { stable, ..state };
        }
        self.enter(state)
    }

    /// The next version, in the other slot, as soon as that is free.
    fn enter(&self, state: State) -> State {
        let occupied = self.facts.made.contains(&state.stable.slot.other().of(WORKLOAD));
        self.at(state, if occupied { Phase::Clearing } else { Phase::Preparing }, self.hash.clone())
    }

    /// The strategy is Rolling now: the version in the other slot goes, or, where it has all requests, stays.
    fn leave(&self, state: State, rollout: &Rollout) -> State {
        match &rollout.phase {
            Phase::Switched if self.has_moved(rollout) => self.begin(self.promote(state, rollout)),
            Phase::Switched => state,
            Phase::Step(..) => self.at(state, Phase::Returning(String::new()), rollout.hash.clone()),
            Phase::Returning(_) if !self.has_moved(rollout) => state,
            _ => self.begin(State { rollout: None, ..state }),
        }
    }

    /// The spec asks for another version than the one on its way.
    fn turn(&self, state: State, rollout: &Rollout) -> State {
        let back = self.hash == state.stable.hash || matches!(self.alarm(), Verdict::Fires(_));
        match &rollout.phase {
            Phase::Switched if !back && self.has_moved(rollout) => self.begin(self.promote(state, rollout)),
            Phase::Switched if !back => state,
            Phase::Switched | Phase::Step(..) => self.at(state, Phase::Returning(String::new()), rollout.hash.clone()),
            Phase::Returning(_) if !self.has_moved(rollout) => state,
            _ if self.hash == state.stable.hash => State { rollout: None, ..state },
            _ => self.enter(state),
        }
    }

    fn go_on(&self, state: State, rollout: &Rollout) -> State {
        let next = state.stable.slot.other();
        let to = |phase: Phase| self.at(state.clone(), phase, rollout.hash.clone());
        match (&rollout.phase, self.alarm()) {
            (Phase::Clearing, _) => self.enter_when_clear(state.clone(), rollout),
            (Phase::Preparing, _) if self.is_ready(next) => to(Phase::Warming(String::new())),
            (Phase::Preparing, _) if self.is_late(rollout, 0) => to(Phase::RolledBack(self.too_late(None))),
            (Phase::Warming(_), Verdict::Fires(words)) => self.say(state.clone(), Phase::Warming(words)),
            (Phase::Warming(_), Verdict::Unknown) => self.say(state.clone(), Phase::Warming(self.unknown())),
            (Phase::Warming(_), Verdict::Quiet) => self.warm(&state, rollout),
            (Phase::Step(..) | Phase::Switched, Verdict::Fires(words)) => to(Phase::Returning(words)),
            (Phase::Step(..) | Phase::Switched, Verdict::Unknown) => state.clone(),
            (Phase::Step(number, _), Verdict::Quiet) => {
                let pause = self.steps.get(number - 1).map_or(0, |step| step.pause_seconds);
                match self.well(next) {
                    Ok(()) if self.has_passed(rollout.since, pause) => to(self.step(number + 1)),
                    Err(objection) if self.is_late(rollout, pause) => to(Phase::Returning(self.too_late(objection))),
                    _ => state.clone(),
                }
            }
            (Phase::Switched, Verdict::Quiet) => {
                let kept = self.has_passed(rollout.since, self.keep_old_seconds());
                if kept && self.well(next).is_ok() { self.promote(state.clone(), rollout) } else { state.clone() }
            }
            (Phase::Returning(words), _) if self.has_moved(rollout) => {
                // Without a reason against it, it comes again.
                if words.is_empty() { self.enter(state.clone()) } else { to(Phase::RolledBack(words.clone())) }
            }
            (Phase::Preparing | Phase::Returning(_) | Phase::RolledBack(_), _) => state.clone(),
        }
    }

    /// Its pods are ready: it gets its first share when the load balancer finds all of them well, and has for a while.
    fn warm(&self, state: &State, rollout: &Rollout) -> State {
        let next = state.stable.slot.other();
        let to = |phase: Phase| self.at(state.clone(), phase, rollout.hash.clone());
        match self.well(next) {
            Ok(()) if self.has_passed(rollout.since, settling_seconds(self.spec)) => to(self.step(1)),
            Err(objection) if self.is_late(rollout, 0) => to(Phase::RolledBack(self.too_late(objection))),
            well => self.say(state.clone(), Phase::Warming(well.err().flatten().unwrap_or_default())),
        }
    }

    /// Whether a slot can take requests, or go on doing so; if not, what the load balancer has against it. Where Kubernetes
    /// has not made its pods ready, that is not it.
    fn well(&self, slot: Slot) -> Result<(), Option<String>> {
        match self.is_ready(slot) {
            false => Err(None),
            true => health::objection(self.spec, self.facts, slot).map_or(Ok(()), |words| Err(Some(words))),
        }
    }

    /// Whether a phase has lasted longer than it may, with so many seconds that it lasts anyway.
    fn is_late(&self, rollout: &Rollout, lasts: u32) -> bool {
        self.facts.looked && self.has_passed(rollout.since, lasts.saturating_add(self.settings.timeout_seconds))
    }

    fn too_late(&self, objection: Option<String>) -> String {
        let objection = objection.map(|words| format!(": {words}")).unwrap_or_default();
        format!("not ready within {} s{objection}", self.settings.timeout_seconds)
    }

    fn enter_when_clear(&self, state: State, rollout: &Rollout) -> State {
        let occupied = self.facts.made.contains(&state.stable.slot.other().of(WORKLOAD));
        if occupied { state } else { self.at(state, Phase::Preparing, rollout.hash.clone()) }
    }

    /// The step of that number, from 1; after the last one it has all requests.
    fn step(&self, number: usize) -> Phase {
        self.steps.get(number - 1).map_or(Phase::Switched, |step| Phase::Step(number, step.weight))
    }

    /// A phase that begins now.
    fn at(&self, state: State, phase: Phase, hash: String) -> State {
        State { rollout: Some(Rollout { phase, since: self.facts.now, hash }), ..state }
    }

    /// The same phase, with other words.
    fn say(&self, state: State, phase: Phase) -> State {
        let rollout = state.rollout.clone().map(|rollout| Rollout { phase, ..rollout });
        State { rollout, ..state }
    }

    /// The next version is the one that serves.
    fn promote(&self, state: State, rollout: &Rollout) -> State {
        let slot = state.stable.slot.other();
        State { stable: Stable { slot, since: self.facts.now, hash: rollout.hash.clone() }, rollout: None, ..state }
    }

    /// Whether all of a slot is as wished, and so are the weights.
    fn is_ready(&self, slot: Slot) -> bool {
        let scaled = is_autoscaled(self.spec).then_some(AUTOSCALER);
        let parts = [WORKLOAD, TARGETS, TARGET_SERVICE, TARGET_BINDING].into_iter().chain(scaled);
        parts.map(|part| slot.of(part)).all(|id| self.facts.ready.contains(&id)) && self.is_steered()
    }

    /// Whether the load balancer was seen to have the weights of the present step.
    fn is_steered(&self) -> bool {
        let steers = |expose| self.facts.ready.contains(steering(&expose));
        self.facts.looked && self.spec.exposed().is_none_or(steers)
    }

    /// Whether requests have followed the weights of the present step, and those that came before have been answered.
    fn has_moved(&self, rollout: &Rollout) -> bool {
        self.is_steered() && self.has_passed(rollout.since, self.drained_seconds())
    }

    /// Seconds after which a version that gets no requests any more has answered those it had (`ModifyTargetGroupAttributes`,
    /// deregistration_delay.timeout_seconds).
    fn drained_seconds(&self) -> u32 {
        FOLLOWS + u32::from(self.spec.draining_seconds())
    }

    /// Seconds for which the old version stays when the new one has all requests.
    fn keep_old_seconds(&self) -> u32 {
        self.settings.keep_old_seconds().max(self.drained_seconds())
    }

    fn has_passed(&self, since: Timestamp, seconds: u32) -> bool {
        self.facts.now.duration_since(since).as_secs() >= i64::from(seconds)
    }

    /// Why nothing goes on without knowing what the alarm says.
    fn unknown(&self) -> String {
        alarm(self.spec).map(|alarm| format!("there is no alarm {}", alarm.name)).unwrap_or_default()
    }

    fn alarm(&self) -> Verdict {
        let Some(alarm) = alarm(self.spec) else { return Verdict::Quiet };
        match self.facts.alarms.get(&alarm.name) {
            Some(Alarm::Alarm(words)) => Verdict::Fires(format!("alarm {}: {words}", alarm.name)),
            Some(Alarm::Ok | Alarm::InsufficientData) => Verdict::Quiet,
            None => Verdict::Unknown,
        }
    }

    /// When to judge again: when the time of this phase is over, and often while it hangs on something else too.
    fn again(&self, state: &State) -> Option<Duration> {
        let rollout = state.rollout.as_ref()?;
        let lasts = match &rollout.phase {
            Phase::RolledBack(_) => return None,
            Phase::Clearing | Phase::Preparing => None,
            Phase::Warming(_) => Some(settling_seconds(self.spec)),
            Phase::Step(number, _) => Some(self.steps.get(number - 1).map_or(0, |step| step.pause_seconds)),
            Phase::Switched => Some(self.keep_old_seconds()),
            Phase::Returning(_) => Some(self.drained_seconds()),
        };
        let passed = u64::try_from(self.facts.now.duration_since(rollout.since).as_secs()).unwrap_or(0);
        let left = lasts.map(|lasts| Duration::from_secs(u64::from(lasts).saturating_sub(passed)));
        let watched = alarm(self.spec).is_some();
        match left.filter(|left| !left.is_zero()) {
            Some(left) if watched => Some(left.min(POLL)),
            Some(left) => Some(left),
            None => Some(POLL),
        }
    }
}
