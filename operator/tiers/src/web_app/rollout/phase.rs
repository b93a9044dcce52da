//! How far the next version has come, as `status.progress` says it.

/// The most characters of a step (`Progress.step`).
const LONGEST: usize = 128;

/// How far the next version has come.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    /// What stands in its slot goes first.
    Clearing,
    /// Its pods come up.
    Preparing,
    /// They are ready, and the load balancer finds them well. What holds it up, if something does.
    Warming(String),
    /// It has a share of the requests: the number of the step, from 1, and percent.
    Step(usize, u8),
    /// It has all of them, and the old version is kept.
    Switched,
    /// It has none any more and goes: why, if it is given up.
    Returning(String),
    /// It is gone, and does not come again: why.
    RolledBack(String),
}

impl Phase {
    /// As status has it.
    pub fn text(&self) -> String {
        let with = |name: &str, words: &str| {
            if words.is_empty() { name.to_owned() } else { crate::naming::shorten(format!("{name}: {words}"), LONGEST) }
        };
        match self {
            Phase::Clearing => "Clearing".into(),
            Phase::Preparing => "Preparing".into(),
            Phase::Warming(words) => with("Warming", words),
            Phase::Step(number, weight) => format!("Step {number}: {weight}%"),
            Phase::Switched => "Switched".into(),
            Phase::Returning(words) => with("Returning", words),
            Phase::RolledBack(words) => with("RolledBack", words),
        }
    }

    /// Reads what status has. What it cannot be is begun anew, without requests.
    pub fn parse(text: &str) -> Self {
        let (name, words) = text.split_once(": ").unwrap_or((text, ""));
        match name {
            "Preparing" => Phase::Preparing,
            "Warming" => Phase::Warming(words.into()),
            "Switched" => Phase::Switched,
            "Returning" => Phase::Returning(words.into()),
            "RolledBack" => Phase::RolledBack(words.into()),
            _ => Phase::step(name, words).unwrap_or(Phase::Clearing),
        }
    }

    fn step(name: &str, words: &str) -> Option<Self> {
        let number = name.strip_prefix("Step ")?.parse().ok().filter(|number| *number > 0)?;
        let weight = words.strip_suffix('%')?.parse().ok().filter(|weight| *weight <= 100)?;
        Some(Phase::Step(number, weight))
    }

    /// The share of requests that it has, in percent.
    pub fn weight(&self) -> u8 {
        match self {
            Phase::Step(_, weight) => *weight,
            Phase::Switched => 100,
            Phase::Clearing | Phase::Preparing | Phase::Warming(_) | Phase::Returning(_) | Phase::RolledBack(_) => 0,
        }
    }

    /// Whether it has pods.
    pub fn has_pods(&self) -> bool {
        !matches!(self, Phase::Clearing | Phase::RolledBack(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_is_read_as_it_was_written() {
        for phase in [
            Phase::Clearing,
            Phase::Preparing,
            Phase::Warming(String::new()),
            Phase::Warming("alarm errors fires".into()),
            Phase::Step(1, 10),
            Phase::Step(12, 99),
            Phase::Switched,
            Phase::Returning(String::new()),
            Phase::Returning("alarm errors: 5 of 5: too many".into()),
            Phase::RolledBack("not ready".into()),
        ] {
            assert_eq!(Phase::parse(&phase.text()), phase);
        }
    }

    #[test]
    fn what_cannot_be_read_has_no_requests() {
        for text in ["", "Step x: 10%", "Step 0: 10%", "Step 1: 101%", "Step 1", "Whatever: 100%"] {
            assert_eq!(Phase::parse(text).weight(), 0, "{text}");
        }
    }

    #[test]
    fn the_words_of_an_alarm_are_cut_to_what_status_holds() {
        assert_eq!(Phase::RolledBack("x".repeat(500)).text().chars().count(), LONGEST);
    }
}
