//! What one process remembers between passes, and may forget: doubts about what it cannot see, failures in a row.
//!
//! *Architecture Invariant:* forgetting all of it is safe; it makes the engine wait longer, never act twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use terrace_model::{Inventory, NodeKey};

use crate::situation::Kinds;

type NodeId = (String, NodeKey);

#[derive(Default)]
struct Notes {
    /// Intents that this process wrote, and for which it has sent no create.
    unsent: BTreeSet<NodeId>,
    /// Since when it has been in doubt whether a node exists.
    doubt: BTreeMap<NodeId, Timestamp>,
    failures: BTreeMap<NodeId, u32>,
    settling: BTreeMap<NodeId, Timestamp>,
}

/// The memory of a process.
#[derive(Default)]
pub struct Memory(Mutex<Notes>);

impl Memory {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An intent was written just now: nothing can exist yet.
    pub fn intended(&self, uid: &str, key: &NodeKey) {
        self.notes().unsent.insert((uid.into(), key.clone()));
    }

    /// A create is about to be sent: from now on, absence is in doubt.
    pub fn sending(&self, uid: &str, key: &NodeKey, now: Timestamp) {
        let mut notes = self.notes();
        notes.unsent.remove(&(uid.into(), key.clone()));
        notes.doubt.insert((uid.into(), key.clone()), now);
    }

    /// Nodes whose absence is not to be believed yet: a create may have been sent, by this process or an earlier one, and
    /// the kind's look-up may lag behind it.
    pub fn doubtful(&self, uid: &str, inventory: &Inventory, kinds: &Kinds, now: Timestamp) -> BTreeSet<NodeKey> {
        let mut notes = self.notes();
        let in_doubt = |(key, entry): (&NodeKey, &terrace_model::Entry)| {
            let lag = kinds.get(entry.kind.as_str()).map(|spec| spec.visible_after).unwrap_or_default();
            if lag.is_zero() || entry.created.is_some() {
                return None;
            }
            let node = (uid.to_owned(), key.clone());
            if notes.unsent.contains(&node) {
                return None;
            }
            let since = *notes.doubt.entry(node).or_insert(now);
            let passed = now.duration_since(since);
            (passed.unsigned_abs() < lag).then(|| key.clone())
        };
        inventory.0.iter().filter_map(in_doubt).collect()
    }

    /// Counts a failure; returns how many came before it in a row.
    pub fn failed(&self, uid: &str, key: &NodeKey) -> u32 {
        let mut notes = self.notes();
        let count = notes.failures.entry((uid.into(), key.clone())).or_default();
        *count += 1;
        *count - 1
    }

    /// A pass went by in which nothing failed at this node.
    pub fn succeeded(&self, uid: &str, key: &NodeKey) {
        self.notes().failures.remove(&(uid.into(), key.clone()));
    }

    /// How long a node has been settling, as this process saw it.
    pub fn settling(&self, uid: &str, key: &NodeKey, now: Timestamp) -> std::time::Duration {
        let mut notes = self.notes();
        let since = *notes.settling.entry((uid.into(), key.clone())).or_insert(now);
        now.duration_since(since).unsigned_abs()
    }

    /// A node has settled.
    pub fn settled(&self, uid: &str, key: &NodeKey) {
        self.notes().settling.remove(&(uid.into(), key.clone()));
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        let mut notes = self.notes();
        notes.unsent.retain(|(owner, _)| owner != uid);
        notes.doubt.retain(|(owner, _), _| owner != uid);
        notes.failures.retain(|(owner, _), _| owner != uid);
        notes.settling.retain(|(owner, _), _| owner != uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{entry, kind, owner};
    use std::time::Duration;
    use terrace_model::KindSpec;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("in range")
    }

    fn doubtful(memory: &Memory, seconds: i64) -> usize {
        let slow = KindSpec { visible_after: Duration::from_secs(10), ..kind() };
        let inventory = [entry("a")].into_iter().collect();
        memory.doubtful(&owner().uid, &inventory, &[(slow.kind, slow)].into(), at(seconds)).len()
    }

    #[test]
    fn an_intent_of_an_earlier_process_is_in_doubt_until_its_look_up_cannot_lag_any_more() {
        let memory = Memory::default();
        assert_eq!([doubtful(&memory, 0), doubtful(&memory, 9), doubtful(&memory, 10)], [1, 1, 0]);
    }

    #[test]
    fn an_intent_of_ours_is_in_doubt_from_the_moment_its_create_is_sent() {
        let (memory, key) = (Memory::default(), NodeKey::new("a", 1));
        memory.intended(&owner().uid, &key);
        assert_eq!(doubtful(&memory, 0), 0);
        memory.sending(&owner().uid, &key, at(5));
        assert_eq!([doubtful(&memory, 6), doubtful(&memory, 15)], [1, 0]);
    }

    #[test]
    fn failures_count_in_a_row() {
        let (memory, key) = (Memory::default(), NodeKey::new("a", 1));
        assert_eq!([memory.failed("u", &key), memory.failed("u", &key)], [0, 1]);
        memory.succeeded("u", &key);
        assert_eq!(memory.failed("u", &key), 0);
    }
}
