//! Virtual time: it stands still until a test moves it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// A clock that several share. It begins on 1 January 2025, UTC.
#[derive(Clone, Debug)]
pub struct SimClock(Arc<Mutex<Timestamp>>);

const BEGIN: i64 = 1_735_689_600;

impl Default for SimClock {
    fn default() -> Self {
        SimClock(Arc::new(Mutex::new(Timestamp::constant(BEGIN, 0))))
    }
}

impl SimClock {
    /// The time now.
    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves time on.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Moves time on to a moment; one that has passed already changes nothing.
    pub fn advance_to(&self, moment: Timestamp) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (*now).max(moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_only_when_told_and_never_back() {
        let clock = SimClock::default();
        let (shared, begin) = (clock.clone(), clock.now());
        assert_eq!(begin.to_string(), "2025-01-01T00:00:00Z");
        clock.advance(Duration::from_secs(90));
        assert_eq!(shared.now(), begin + Duration::from_secs(90));
        clock.advance_to(begin);
        assert_eq!(shared.now(), begin + Duration::from_secs(90));
    }
}
