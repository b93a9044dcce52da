//! What one process remembers between passes, and may forget: doubts about what it cannot see, failures in a row, how long
//! things take, and what stood as wished a moment ago.
//!
//! *Architecture Invariant:* forgetting all of it is safe; it makes the engine wait longer, never act twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use terrace_model::{Handle, Inventory, NodeKey, Owner};

use crate::provider::{Sight, State};
use crate::situation::Kinds;

type NodeId = (String, NodeKey);

#[derive(Default)]
struct Notes {
    /// What this process intends, and has sent no create for.
    unsent: BTreeSet<NodeId>,
    /// Since when it has been in doubt whether a node exists.
    doubt: BTreeMap<NodeId, Timestamp>,
    /// Objects whose inventory was rebuilt: what this process intends for them may have been made before.
    rebuilt: BTreeSet<String>,
    failures: BTreeMap<NodeId, u32>,
    /// Since when, and in which state of AWS it was then.
    settling: BTreeMap<NodeId, (Timestamp, String)>,
    /// How long each kind took of late to settle from a state.
    took: BTreeMap<(String, String), Duration>,
    /// By object.
    seen: BTreeMap<String, Seen>,
    /// When somebody last said that a node has changed.
    changed: BTreeMap<(String, NodeKey), Timestamp>,
}

/// What was seen of an object's nodes, and when.
type Seen = BTreeMap<NodeKey, (Timestamp, Kept)>;

/// A sight as it is kept: as text, which takes a fifth of the room.
struct Kept {
    have: Box<str>,
    out: Box<str>,
    handle: Handle,
    owner: Owner,
    state: State,
    unread: &'static [&'static str],
}

impl Kept {
    fn of(sight: &Sight) -> Self {
        let Sight { have, out, handle, owner, state, unread } = sight.clone();
        Kept { have: have.to_string().into(), out: out.to_string().into(), handle, owner, state, unread }
    }

    fn sight(&self) -> Option<Sight> {
        let value = |text: &str| serde_json::from_str(text).ok();
        let Kept { have, out, handle, owner, state, unread } = self;
        let (handle, owner, state) = (handle.clone(), owner.clone(), state.clone());
        Some(Sight { have: value(have)?, out: value(out)?, handle, owner, state, unread })
    }
}

/// What settles faster tells nothing of how long its kind takes.
const QUICK: Duration = Duration::from_secs(10);

/// The memory of a process.
#[derive(Default)]
pub struct Memory(Mutex<Notes>);

impl Memory {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is intended, and will be on record before it is made: nothing can exist yet, unless an earlier record was
    /// lost.
    pub fn intended(&self, uid: &str, key: &NodeKey) {
        let mut notes = self.notes();
        if !notes.rebuilt.contains(uid) {
            notes.unsent.insert((uid.into(), key.clone()));
        }
    }

    /// The object's inventory was lost, and rebuilt from what shows: what does not show yet may be there all the same.
    pub fn rebuilt(&self, uid: &str) {
        self.notes().rebuilt.insert(uid.into());
    }

    /// A create is about to be sent: from now on, absence is in doubt.
    pub fn sending(&self, uid: &str, key: &NodeKey, now: Timestamp) {
        let mut notes = self.notes();
        notes.unsent.remove(&(uid.into(), key.clone()));
        notes.doubt.insert((uid.into(), key.clone()), now);
    }

    /// Nodes whose absence is not to be believed yet: they were made just now, or a create may have been sent, by this
    /// process or an earlier one, and the kind's look-up may lag behind it.
    pub fn doubtful(&self, uid: &str, inventory: &Inventory, kinds: &Kinds, now: Timestamp) -> BTreeSet<NodeKey> {
        let mut notes = self.notes();
        let in_doubt = |(key, entry): (&NodeKey, &terrace_model::Entry)| {
            let lag = kinds.get(entry.kind.as_str()).map(|spec| spec.visible_after).unwrap_or_default();
            let young = |created: Timestamp| now.duration_since(created).unsigned_abs() < lag;
            if let Some(created) = entry.created {
                return young(created).then(|| key.clone());
            }
            if lag.is_zero() {
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

    /// How long a node has been settling, as this process saw it, and from which state on.
    pub fn settling(&self, uid: &str, key: &NodeKey, state: &str, now: Timestamp) -> (Duration, String) {
        let mut notes = self.notes();
        let (since, from) = notes.settling.entry((uid.into(), key.clone())).or_insert_with(|| (now, state.to_owned()));
        (now.duration_since(*since).unsigned_abs(), from.clone())
    }

    /// A node has settled: how long it took is about what its kind may take the next time, from that state.
    pub fn settled(&self, uid: &str, key: &NodeKey, kind: &str, now: Timestamp) {
        let mut notes = self.notes();
        let Some((since, from)) = notes.settling.remove(&(uid.into(), key.clone())) else { return };
        let took = now.duration_since(since).unsigned_abs();
        if took > QUICK {
            let usual = notes.took.entry((kind.into(), from)).or_insert(took);
            *usual = (*usual + took) / 2;
        }
    }

    /// How long a kind took of late to settle from a state.
    pub fn took(&self, kind: &str, from: &str) -> Option<Duration> {
        self.notes().took.get(&(kind.into(), from.into())).copied()
    }

    /// Remembers what was seen of an object, in the place of what was remembered before.
    pub fn remember<'a>(&self, uid: &str, seen: impl IntoIterator<Item = (&'a NodeKey, Timestamp, &'a Sight)>) {
        let seen: Seen = seen.into_iter().map(|(key, at, sight)| (key.clone(), (at, Kept::of(sight)))).collect();
        match seen.is_empty() {
            true => self.notes().seen.remove(uid),
            false => self.notes().seen.insert(uid.into(), seen),
        };
    }

    /// Nothing that was seen of an object is believed any more.
    pub fn unsee(&self, uid: &str) {
        self.notes().seen.remove(uid);
    }

    /// What was seen of a node since `since`, and when.
    pub fn recall(&self, uid: &str, key: &NodeKey, since: Timestamp) -> Option<(Timestamp, Sight)> {
        let notes = self.notes();
        let (at, kept) = notes.seen.get(uid)?.get(key).filter(|(at, _)| *at > since)?;
        Some((*at, kept.sight()?))
    }

    /// Somebody says that a node has changed: what was seen of it before is not believed any more.
    pub fn changed(&self, uid: &str, key: &NodeKey, now: Timestamp) {
        self.notes().changed.insert((uid.into(), key.clone()), now);
    }

    /// From when on what was seen of a node is believed: from `since`, or from when somebody said after that that it has
    /// changed.
    pub fn believed_since(&self, uid: &str, key: &NodeKey, since: Timestamp) -> Timestamp {
        let notes = self.notes();
        notes.changed.get(&(uid.into(), key.clone())).map_or(since, |changed| since.max(*changed))
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        let mut notes = self.notes();
        notes.unsent.retain(|(owner, _)| owner != uid);
        notes.rebuilt.remove(uid);
        notes.changed.retain(|(owner, _), _| owner != uid);
        notes.doubt.retain(|(owner, _), _| owner != uid);
        notes.failures.retain(|(owner, _), _| owner != uid);
        notes.settling.retain(|(owner, _), _| owner != uid);
        notes.seen.remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{entry, id, kind, owner};
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
    fn what_somebody_says_has_changed_is_not_recalled_until_it_was_seen_after_that() {
        let memory = Memory::default();
        let (uid, key) = (owner().uid, NodeKey::new("a", 1));
        let sight = Sight::made(&id("a"), &serde_json::json!({}), &"arn:a".into(), serde_json::json!({}));
        let recalled = || memory.recall(&uid, &key, memory.believed_since(&uid, &key, at(0))).is_some();
        memory.remember(&uid, [(&key, at(5), &sight)]);
        assert!(recalled());
        memory.changed(&uid, &key, at(6));
        memory.remember(&uid, [(&key, at(5), &sight)]);
        assert!(!recalled(), "a pass that began before the change saw it as it was");
        memory.remember(&uid, [(&key, at(7), &sight)]);
        assert!(recalled());
        assert_eq!(memory.believed_since(&uid, &key, at(8)), at(8), "it was said before that");
    }

    #[test]
    fn an_intent_of_an_earlier_process_is_in_doubt_until_its_look_up_cannot_lag_any_more() {
        let memory = Memory::default();
        assert_eq!([doubtful(&memory, 0), doubtful(&memory, 9), doubtful(&memory, 10)], [1, 1, 0]);
    }

    #[test]
    fn what_was_made_just_now_may_not_show_yet() {
        let slow = KindSpec { visible_after: Duration::from_secs(10), ..kind() };
        let made = terrace_model::Entry { created: Some(at(5)), ..entry("a") };
        let (kinds, inventory) = ([(slow.kind, slow)].into(), [made].into_iter().collect());
        let doubtful = |seconds| Memory::default().doubtful("u", &inventory, &kinds, at(seconds)).len();
        assert_eq!([doubtful(14), doubtful(15)], [1, 0]);
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
    fn what_is_intended_after_a_loss_may_have_been_made_before() {
        let (memory, key) = (Memory::default(), NodeKey::new("a", 1));
        memory.rebuilt(&owner().uid);
        memory.intended(&owner().uid, &key);
        assert_eq!([doubtful(&memory, 0), doubtful(&memory, 10)], [1, 0]);
    }

    #[test]
    fn failures_count_in_a_row() {
        let (memory, key) = (Memory::default(), NodeKey::new("a", 1));
        assert_eq!([memory.failed("u", &key), memory.failed("u", &key)], [0, 1]);
        memory.succeeded("u", &key);
        assert_eq!(memory.failed("u", &key), 0);
    }

    #[test]
    fn what_was_seen_is_recalled_until_it_is_old() {
        let (memory, key) = (Memory::default(), NodeKey::new("a", 1));
        let sight = Sight::made(&id("a"), &serde_json::Value::Null, &"arn:a".into(), serde_json::Value::Null);
        memory.remember("u", [(&key, at(10), &sight)]);
        let recalled = memory.recall("u", &key, at(9)).map(|(when, sight)| (when, sight.handle));
        assert_eq!(recalled, Some((at(10), "arn:a".into())));
        assert!(memory.recall("u", &key, at(10)).is_none() && memory.recall("v", &key, at(0)).is_none());
        memory.remember("u", []);
        assert!(memory.recall("u", &key, at(0)).is_none());
        memory.remember("u", [(&key, at(10), &sight)]);
        memory.unsee("u");
        assert!(memory.recall("u", &key, at(0)).is_none());
    }

    #[test]
    fn what_took_its_time_says_how_long_its_kind_takes() {
        let (memory, key) = (Memory::default(), NodeKey::new("a", 1));
        for (began, ended) in [(0, 80), (100, 105), (200, 240)] {
            memory.settling("u", &key, "creating", at(began));
            assert_eq!(
                memory.settling("u", &key, "backing-up", at(began + 1)),
                (Duration::from_secs(1), "creating".into())
            );
            memory.settled("u", &key, "rds/DbInstance", at(ended));
        }
        assert_eq!(memory.took("rds/DbInstance", "creating"), Some(Duration::from_secs(60)));
        assert_eq!(memory.took("rds/DbInstance", "modifying"), None);
        assert_eq!(memory.took("iam/Role", "creating"), None);
    }
}
