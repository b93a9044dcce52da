//! What is left in the end: what stands twice, and what nobody owns any more. From the simulation's own knowledge.

use std::collections::{BTreeMap, BTreeSet};

use terrace_model::{Handle, Inventory, NodeKey};

use super::aws::SimAws;
use super::live::{Live, Maker};

/// The books of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Everything that Terrace made and that is still there.
    pub live: BTreeSet<Handle>,
    /// Resources that stand for one node side by side, by UID and node.
    pub duplicates: BTreeMap<(String, String), Vec<Handle>>,
    /// What was made for an object that is no more, and is still tagged as its own.
    pub orphans: BTreeSet<Handle>,
    /// What Terrace made and that bears its tags no longer, as after `Retain`.
    pub released: BTreeSet<Handle>,
}

impl Audit {
    /// No duplicate and no orphan.
    pub fn is_clean(&self) -> bool {
        self.duplicates.is_empty() && self.orphans.is_empty()
    }
}

impl SimAws {
    /// Closes the books, given the UIDs of the objects that exist.
    pub fn audit(&self, alive: &[&str]) -> Audit {
        self.world(|world, _| {
            let mut audit = Audit::default();
            let mut nodes = BTreeMap::<(String, String), Vec<Handle>>::new();
            for (live, maker) in world.live.values().filter_map(|live| Some((live, live.maker.as_ref()?))) {
                audit.live.insert(live.handle.clone());
                if live.is_taggable() && live.tagged_uid().is_none() {
                    audit.released.insert(live.handle.clone());
                    continue;
                }
                if !alive.iter().any(|uid| world.belongs(live, uid)) {
                    audit.orphans.insert(live.handle.clone());
                }
                nodes.entry((maker.uid.clone(), maker.node.clone())).or_default().push(live.handle.clone());
            }
            audit.duplicates = nodes.into_iter().filter(|(_, handles)| handles.len() > 1).collect();
            audit
        })
    }

    /// What was made for an object and is missing from its inventory: nobody would ever delete it.
    pub fn unrecorded(&self, uid: &str, inventory: &Inventory) -> Vec<Live> {
        let recorded = |maker: &Maker| inventory.0.contains_key(&NodeKey::new(&maker.node, maker.incarnation));
        let is_lost = |live: &Live| {
            let released = live.is_taggable() && live.tagged_uid().is_none();
            !released && live.maker.as_ref().is_some_and(|maker| maker.uid == uid && !recorded(maker))
        };
        self.console().live().into_iter().filter(is_lost).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::behaviour::Naming;
    use crate::sim::testkit::{Bench, id};
    use crate::testing::entry;
    use serde_json::json;
    use terrace_model::Owner;

    #[test]
    fn what_stands_twice_for_one_node_is_a_duplicate() {
        let bench = Bench::default();
        bench.sim.tune("test/Thing", |behaviour| behaviour.naming = Naming::Assigned);
        let a = id("test/Thing", "a");
        bench.make(&a, json!({})).unwrap();
        assert!(bench.sim.audit(&["uid-1"]).is_clean());
        bench.make(&a, json!({})).unwrap();
        let audit = bench.sim.audit(&["uid-1"]);
        assert_eq!(audit.duplicates[&("uid-1".to_owned(), "a".to_owned())].len(), 2);
        assert!(!audit.is_clean() && audit.orphans.is_empty() && audit.live.len() == 2);
    }

    #[test]
    fn what_is_left_of_a_dead_object_is_an_orphan_unless_it_was_released() {
        let bench = Bench::default();
        let handle = bench.settle(&id("test/Thing", "a"), json!({}));
        assert_eq!(bench.sim.audit(&[]).orphans, BTreeSet::from([handle.clone()]));
        bench.sim.console().strip_tags(&handle);
        let audit = bench.sim.audit(&[]);
        assert!(audit.is_clean());
        assert_eq!(audit.released, BTreeSet::from([handle]));
    }

    #[test]
    fn what_is_somebody_elses_is_not_in_the_books() {
        let bench = Bench::default();
        bench.sim.console().create_foreign(&id("test/Thing", "a"), &json!({"size": 1, "parent": null, "tags": {}}));
        assert_eq!(bench.sim.audit(&[]), Audit::default());
    }

    #[test]
    fn what_cannot_be_tagged_is_its_makers_or_its_parents() {
        let bench = Bench::default();
        let whole = id("test/Thing", "whole");
        let handle = bench.settle(&whole, json!({}));
        let (part, want) = bench.part(&whole);
        bench.create(&part, &want).unwrap();
        assert_eq!(bench.sight(&part).owner, Owner::Inherent);
        assert_eq!(bench.sim.audit(&[]).orphans.len(), 2);
        assert!(bench.sim.audit(&["uid-1"]).is_clean());
        bench.sim.console().change(&handle, "tags.terrace.dev/uid", json!("uid-2"));
        assert!(bench.sim.audit(&["uid-2"]).is_clean());
    }

    #[test]
    fn what_an_inventory_does_not_know_is_named() {
        let bench = Bench::default();
        bench.settle(&id("test/Thing", "a"), json!({}));
        bench.settle(&id("test/Thing", "b"), json!({}));
        let inventory: Inventory = [entry("a")].into_iter().collect();
        let lost = bench.sim.unrecorded("uid-1", &inventory);
        assert_eq!(lost.iter().map(|live| live.maker.as_ref().unwrap().node.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}
