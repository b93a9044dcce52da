//! What this process's passes over objects came to: who waits for a turn, who has one, when the last one succeeded.
//!
//! kube's runtime keeps the queue of each kind and shows nothing of it: what it is told is noted here as well. Nothing but
//! metrics is made of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use terrace_tiers::{Credential, ObjectKey};

use crate::next::Next;

/// How one object fared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passed {
    /// From when on a pass is due.
    due: Option<Timestamp>,
    /// A pass is under way.
    running: bool,
    /// The last pass that came to its end.
    pub succeeded: Option<Timestamp>,
    /// No pass is due before the object changes.
    pub rests: bool,
    /// What changes from time to time, the earliest where there are several.
    pub credential: Option<Credential>,
}

impl Passed {
    /// It is due, and waits for its turn.
    pub fn is_queued(&self, now: Timestamp) -> bool {
        !self.running && self.due.is_some_and(|due| due <= now)
    }

    /// It has its turn.
    pub fn is_running(&self) -> bool {
        self.running
    }
}

/// How all objects fared that this process works on.
#[derive(Default)]
pub struct Passes(Mutex<BTreeMap<ObjectKey, Passed>>);

impl Passes {
    fn all(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Passed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, key: &ObjectKey, change: impl FnOnce(&mut Passed)) {
        change(self.all().entry(key.clone()).or_default());
    }

    /// Something has woken an object.
    pub fn woken(&self, key: &ObjectKey, now: Timestamp) {
        self.change(key, |passed| passed.due = Some(passed.due.map_or(now, |due| due.min(now))));
    }

    /// A pass begins. What wakes the object from here on is for the next.
    pub fn begun(&self, key: &ObjectKey) {
        self.change(key, |passed| (passed.running, passed.due) = (true, None));
    }

    /// A pass has ended: well, or to be tried again after so long. One over an object that is forgotten leaves nothing.
    pub fn ended(&self, key: &ObjectKey, end: Result<Next, Duration>, now: Timestamp) {
        let mut all = self.all();
        let Some(passed) = all.get_mut(key) else { return };
        passed.running = false;
        passed.rests = end == Ok(Next::OnChange);
        if end.is_ok() {
            passed.succeeded = Some(now);
        }
        if let Ok(Next::After(after)) | Err(after) = end {
            let next = now.checked_add(after).unwrap_or(Timestamp::MAX);
            passed.due = Some(passed.due.map_or(next, |due| due.min(next)));
        }
    }

    /// What a whole pass learned of the credentials of an object.
    pub fn credential(&self, key: &ObjectKey, credential: Option<Credential>) {
        self.change(key, |passed| passed.credential = credential);
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, key: &ObjectKey) {
        self.all().remove(key);
    }

    /// How an object fared; as nothing yet, where this process knows nothing of it.
    pub fn of(&self, key: &ObjectKey) -> Passed {
        self.all().get(key).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn orders() -> ObjectKey {
        ObjectKey::new("DataTier", "shop", "orders")
    }

    /// Whether it is queued and whether it is running, at a second.
    fn stands(passes: &Passes, second: i64) -> (bool, bool) {
        let passed = passes.of(&orders());
        (passed.is_queued(at(second)), passed.is_running())
    }

    #[test]
    fn an_object_is_queued_from_when_it_is_woken_until_its_pass_begins() {
        let passes = Passes::default();
        assert_eq!(stands(&passes, 0), (false, false));
        passes.woken(&orders(), at(1));
        passes.woken(&orders(), at(2));
        assert_eq!((stands(&passes, 0), stands(&passes, 1)), ((false, false), (true, false)));
        passes.begun(&orders());
        assert_eq!(stands(&passes, 9), (false, true));
        passes.ended(&orders(), Ok(Next::After(Duration::from_secs(600))), at(10));
        assert_eq!((stands(&passes, 609), stands(&passes, 610)), ((false, false), (true, false)));
    }

    #[test]
    fn what_is_woken_during_its_pass_is_queued_again_when_that_ends() {
        let passes = Passes::default();
        passes.begun(&orders());
        passes.woken(&orders(), at(5));
        assert_eq!(stands(&passes, 6), (false, true));
        passes.ended(&orders(), Ok(Next::After(Duration::from_secs(600))), at(7));
        assert_eq!(stands(&passes, 7), (true, false));
    }

    #[test]
    fn a_pass_that_fails_is_no_success_and_is_due_again() {
        let passes = Passes::default();
        passes.begun(&orders());
        passes.ended(&orders(), Ok(Next::OnChange), at(1));
        assert_eq!((passes.of(&orders()).succeeded, passes.of(&orders()).rests), (Some(at(1)), true));
        passes.begun(&orders());
        passes.ended(&orders(), Err(Duration::from_secs(2)), at(10));
        assert_eq!((passes.of(&orders()).succeeded, passes.of(&orders()).rests), (Some(at(1)), false));
        assert_eq!(stands(&passes, 12), (true, false));
    }

    #[test]
    fn an_object_that_is_gone_leaves_nothing() {
        let passes = Passes::default();
        passes.begun(&orders());
        passes.credential(&orders(), Some(Credential { made: None, due: at(9) }));
        passes.forget(&orders());
        passes.ended(&orders(), Ok(Next::OnChange), at(1));
        assert!(passes.all().is_empty());
    }
}
