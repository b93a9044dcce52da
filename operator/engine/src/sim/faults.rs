//! What goes wrong on the way to AWS and to Kubernetes: at which I/O point, chosen by index or by seed.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// One thing that goes wrong at one I/O point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The process dies; the call was not sent.
    CrashBefore,
    /// The call takes effect; the process dies before it has the reply.
    CrashAfter,
    /// The call takes effect; the connection breaks before the reply is here.
    LoseReply,
    /// `ThrottlingException`: no effect.
    Throttle,
    /// A 5xx without effect.
    FailBefore,
    /// A 5xx although the call took effect.
    FailAfter,
}

impl Fault {
    /// Every fault, for a matrix.
    pub const ALL: [Fault; 6] =
        [Fault::CrashBefore, Fault::CrashAfter, Fault::LoseReply, Fault::Throttle, Fault::FailBefore, Fault::FailAfter];

    /// True where the call has no effect.
    pub fn is_before(self) -> bool {
        matches!(self, Fault::CrashBefore | Fault::Throttle | Fault::FailBefore)
    }

    /// True where the process dies.
    pub fn is_crash(self) -> bool {
        matches!(self, Fault::CrashBefore | Fault::CrashAfter)
    }

    /// What the caller reads.
    pub fn message(self) -> &'static str {
        match self {
            Fault::CrashBefore | Fault::CrashAfter => CRASHED,
            Fault::LoseReply => "connection reset by peer",
            Fault::Throttle => "ThrottlingException: Rate exceeded",
            Fault::FailBefore | Fault::FailAfter => "InternalFailure: 500",
        }
    }
}

/// What every call of a dead process reads.
pub const CRASHED: &str = "crashed";

/// How likely each fault is at a point, 0 to 1; together at most 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Half of them before the effect, half after it.
    pub crash: f64,
    pub lose: f64,
    pub throttle: f64,
    /// Half of them before the effect, half after it.
    pub fail: f64,
}

impl Rates {
    /// Everything goes wrong now and then: one call in five.
    pub const ROUGH: Rates = Rates { crash: 0.03, lose: 0.05, throttle: 0.07, fail: 0.05 };

    fn pick(self, dice: f64) -> Option<Fault> {
        let half = |rate: f64| rate / 2.0;
        let shares = [
            (half(self.crash), Fault::CrashBefore),
            (half(self.crash), Fault::CrashAfter),
            (self.lose, Fault::LoseReply),
            (self.throttle, Fault::Throttle),
            (half(self.fail), Fault::FailBefore),
            (half(self.fail), Fault::FailAfter),
        ];
        let mut sum = 0.0;
        shares.into_iter().find_map(|(share, fault)| {
            sum += share;
            (dice < sum).then_some(fault)
        })
    }
}

/// A plan of faults. The same plan does the same, whatever else is random.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    at: BTreeMap<u64, Fault>,
    random: Option<(u64, Rates)>,
    until: Option<u64>,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Faults::default()
    }

    /// One fault at one I/O point, counted from 0 over the whole life of the simulation.
    pub fn at(point: u64, fault: Fault) -> Self {
        Faults::none().and(point, fault)
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, point: u64, fault: Fault) -> Self {
        self.at.insert(point, fault);
        self
    }

    /// Faults by chance, the same for the same seed.
    pub fn random(seed: u64, rates: Rates) -> Self {
        Faults { random: Some((seed, rates)), ..Faults::default() }
    }

    /// No faults from this point on, so that a run can come to rest.
    #[must_use]
    pub fn until(self, point: u64) -> Self {
        Faults { until: Some(point), ..self }
    }

    /// The fault of a point, if it has one.
    pub fn of(&self, point: u64) -> Option<Fault> {
        if self.until.is_some_and(|until| point >= until) {
            return None;
        }
        self.at.get(&point).copied().or_else(|| {
            let (seed, rates) = self.random?;
            let mut dice = StdRng::seed_from_u64(seed ^ point.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            rates.pick(dice.random::<f64>())
        })
    }
}

/// What a failed test prints, so that the run can be repeated.
impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.at.is_empty() && self.random.is_none() {
            f.write_str("no faults")?;
        }
        for (point, fault) in &self.at {
            write!(f, "{fault:?} at {point} ")?;
        }
        if let Some((seed, rates)) = self.random {
            write!(f, "seed {seed}, {rates:?} ")?;
        }
        self.until.map_or(Ok(()), |until| write!(f, "until {until}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_at_its_point_and_nowhere_else() {
        let faults = Faults::at(3, Fault::LoseReply).and(5, Fault::Throttle);
        let found: Vec<_> = (0..8).filter_map(|point| Some((point, faults.of(point)?))).collect();
        assert_eq!(found, [(3, Fault::LoseReply), (5, Fault::Throttle)]);
        assert_eq!(faults.until(5).of(5), None);
    }

    #[test]
    fn the_same_seed_does_the_same_and_another_does_not() {
        let run = |seed| (0..200).map(|point| Faults::random(seed, Rates::ROUGH).of(point)).collect::<Vec<_>>();
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }

    #[test]
    fn every_fault_comes_up_as_often_as_its_rate_says() {
        let faults = Faults::random(1, Rates::ROUGH);
        let mut counts = BTreeMap::<Fault, usize>::new();
        for fault in (0..20_000).filter_map(|point| faults.of(point)) {
            *counts.entry(fault).or_default() += 1;
        }
        assert_eq!(counts.len(), Fault::ALL.len());
        assert!((1_200..1_600).contains(&counts[&Fault::Throttle]), "{counts:?}");
        assert!((200..400).contains(&counts[&Fault::CrashAfter]), "{counts:?}");
    }

    #[test]
    fn a_plan_names_its_seed() {
        assert!(Faults::random(42, Rates::ROUGH).until(9).to_string().contains("seed 42"));
        assert_eq!(Faults::none().to_string(), "no faults");
        assert_eq!(Faults::at(2, Fault::CrashAfter).to_string().trim(), "CrashAfter at 2");
    }
}
