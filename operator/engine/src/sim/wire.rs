//! The way to AWS and to Kubernetes: numbers every I/O point, lets faults happen there, counts and logs the calls.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::faults::{CRASHED, Fault, Faults};
use crate::error::{Error, Result};

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    Observe,
    Backups,
    Find,
    Create,
    Update,
    Delete,
    /// A write of an inventory, or of anything else in Kubernetes that is no node.
    Save,
}

impl Op {
    /// True for what may change something.
    pub fn is_write(self) -> bool {
        matches!(self, Op::Create | Op::Update | Op::Delete | Op::Save)
    }
}

/// One call, as logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Number of its I/O point.
    pub point: u64,
    pub at: Timestamp,
    /// The kind of resource, or what is written in Kubernetes.
    pub kind: String,
    pub op: Op,
    /// Which one: `DataTier/shop/orders db`.
    pub subject: String,
    pub fault: Option<Fault>,
    /// What AWS said, whether or not the caller read it.
    pub outcome: String,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Call { point, at, kind, op, subject, fault, outcome } = self;
        write!(f, "{point:>4} {at} {op:?} {kind} {subject}: {outcome}")?;
        fault.map_or(Ok(()), |fault| write!(f, " [{fault:?}]"))
    }
}

/// How many calls went out, by kind and operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls(pub BTreeMap<(String, Op), u64>);

impl Calls {
    /// Calls of one kind and operation.
    pub fn of(&self, kind: &str, op: Op) -> u64 {
        self.0.get(&(kind.to_owned(), op)).copied().unwrap_or_default()
    }

    /// All calls that read.
    pub fn reads(&self) -> u64 {
        self.sum(|_, op| !op.is_write())
    }

    /// All calls that change something in AWS.
    pub fn aws_writes(&self) -> u64 {
        self.sum(|kind, op| op.is_write() && !is_kubernetes(kind))
    }

    /// All writes to Kubernetes: inventories, and nodes that are Kubernetes objects.
    pub fn kubernetes_writes(&self) -> u64 {
        self.sum(|kind, op| op.is_write() && is_kubernetes(kind))
    }

    /// What has come since an earlier count.
    #[must_use]
    pub fn since(&self, earlier: &Calls) -> Calls {
        let rest = self.0.iter().map(|((kind, op), count)| ((kind.clone(), *op), count - earlier.of(kind, *op)));
        Calls(rest.filter(|(_, count)| *count > 0).collect())
    }

    fn sum(&self, which: impl Fn(&str, Op) -> bool) -> u64 {
        self.0.iter().filter(|((kind, op), _)| which(kind, *op)).map(|(_, count)| count).sum()
    }
}

fn is_kubernetes(kind: &str) -> bool {
    kind.starts_with("kubernetes/")
}

/// A call that got through to the other side; hand it back with the result.
#[derive(Debug)]
#[must_use = "the call has been made: hand its result to `leave`"]
pub struct Gate {
    process: u64,
    fault: Option<Fault>,
    entry: usize,
}

/// The wire and the process at its near end.
#[derive(Debug, Default)]
pub(super) struct Wire {
    pub faults: Faults,
    pub points: u64,
    pub calls: Calls,
    pub log: Vec<Call>,
    process: u64,
    dead: bool,
}

impl Wire {
    /// The wire of another account, to which the same came to pass; without a log, and without faults.
    pub fn branch(&self) -> Self {
        Wire { points: self.points, calls: self.calls.clone(), process: self.process, ..Wire::default() }
    }

    /// The process that is alive now, as a number; [`Wire::check`] tells whether it still is.
    pub fn process(&self) -> u64 {
        self.process
    }

    /// True from a crash until the restart.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// A new process takes the place of the one that died, or that is given up.
    pub fn restart(&mut self) {
        self.process += 1;
        self.dead = false;
    }

    /// Refuses what a dead process does.
    pub fn check(&self, process: u64) -> Result<()> {
        if self.dead || process != self.process { Err(Error::retry(CRASHED)) } else { Ok(()) }
    }

    /// An I/O point is reached: an error means that the call has no effect.
    pub fn enter(&mut self, at: Timestamp, kind: &str, op: Op, subject: &str) -> Result<Gate> {
        self.check(self.process)?;
        let point = self.points;
        self.points += 1;
        let fault = self.faults.of(point);
        let before = fault.filter(|fault| fault.is_before());
        let outcome = before.map_or("sent", |_| "not sent").into();
        let (kind, subject) = (kind.to_owned(), subject.to_owned());
        self.log.push(Call { point, at, kind: kind.clone(), op, subject, fault, outcome });
        *self.calls.0.entry((kind, op)).or_default() += 1;
        match before {
            Some(fault) => Err(self.strike(fault)),
            None => Ok(Gate { process: self.process, fault, entry: self.log.len() - 1 }),
        }
    }

    /// The call has taken effect: returns what the caller reads.
    pub fn leave<T>(&mut self, gate: &Gate, result: Result<T>) -> Result<T> {
        if let Some(call) = self.log.get_mut(gate.entry) {
            call.outcome = result.as_ref().map_or_else(|error| format!("{}: {error}", error.reason()), |_| "ok".into());
        }
        self.check(gate.process)?;
        match gate.fault {
            Some(fault) => Err(self.strike(fault)),
            None => result,
        }
    }

    fn strike(&mut self, fault: Fault) -> Error {
        self.dead |= fault.is_crash();
        Error::retry(fault.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(wire: &mut Wire) -> (bool, Result<()>) {
        match wire.enter(Timestamp::UNIX_EPOCH, "rds/DbInstance", Op::Create, "db") {
            Ok(gate) => (true, wire.leave(&gate, Ok(()))),
            Err(error) => (false, Err(error)),
        }
    }

    #[test]
    fn each_fault_has_its_effect_and_its_reply() {
        for fault in Fault::ALL {
            let mut wire = Wire { faults: Faults::at(1, fault), ..Wire::default() };
            assert_eq!(call(&mut wire), (true, Ok(())));
            assert_eq!(call(&mut wire), (!fault.is_before(), Err(Error::retry(fault.message()))));
            assert_eq!(call(&mut wire).1.is_err(), fault.is_crash(), "{fault:?}");
        }
    }

    #[test]
    fn a_dead_process_does_nothing_until_the_restart() {
        let mut wire = Wire { faults: Faults::at(0, Fault::CrashAfter), ..Wire::default() };
        let process = wire.process();
        assert!(call(&mut wire).1.is_err());
        assert_eq!(call(&mut wire), (false, Err(Error::retry(CRASHED))));
        assert_eq!(wire.points, 1);
        wire.restart();
        assert_eq!(call(&mut wire), (true, Ok(())));
        assert!(wire.check(process).is_err());
    }

    #[test]
    fn calls_are_counted_by_kind_and_operation() {
        let mut wire = Wire::default();
        let first = wire.calls.clone();
        for (kind, op) in [("ec2/X", Op::Observe), ("ec2/X", Op::Create), ("kubernetes/Status", Op::Save)] {
            let gate = wire.enter(Timestamp::UNIX_EPOCH, kind, op, "x").unwrap();
            wire.leave(&gate, Ok(())).unwrap();
        }
        let calls = wire.calls.since(&first);
        assert_eq!((calls.reads(), calls.aws_writes(), calls.kubernetes_writes()), (1, 1, 1));
        assert_eq!(calls.of("ec2/X", Op::Create), 1);
        assert_eq!(wire.calls.since(&calls), Calls::default());
        assert!(wire.log[1].to_string().contains("Create ec2/X x: ok"));
    }
}
