//! Makes a lost inventory anew: from the tags of what is there and of the copies of what was there, and from the names that
//! the wishes give. An object that takes over what an earlier one of its name left begins with such an inventory.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};
use terrace_model::identity::tag;
use terrace_model::resolve::{references, resolve};
use terrace_model::{
    DeletionPolicy, Entry, Graph, Handle, Id, Inventory, KindSpec, NodeKey, NodeSpec, Owner, OwnerRef, Place, Ref,
    Source,
};

use crate::error::Result;
use crate::memory::Memory;
use crate::provider::{Finder, Found};
use crate::situation::Kinds;
use crate::standing;

/// An object without an inventory, and what is known of it all the same.
pub struct Lost<'a> {
    pub owner: &'a OwnerRef,
    /// Where it may have anything.
    pub places: &'a [Place],
    pub kinds: &'a Kinds,
    /// Its wishes, if they can be had, also while it is deleted: what bears no tags, or does not show them yet, is looked
    /// for under the name that they give it, and what stands on what is read from them.
    pub graph: Option<&'a Graph>,
    /// It takes over what an earlier object of its name left.
    pub same_object: bool,
    pub memory: &'a Memory,
    pub now: Timestamp,
}

/// Everything that the object has, or may have, in its places.
///
/// # Errors
/// Where a look failed: a part of an inventory is worse than none.
pub async fn rebuild(finder: &dyn Finder, lost: &Lost<'_>) -> Result<Inventory> {
    let (tags, mut inventory, mut copies) = (lost.tags(), Inventory::default(), Vec::new());
    for place in lost.places {
        let found = finder.find(&tags, &place.region).await?;
        let (of_data, standing): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|found| found.copy);
        let standing = standing.iter().filter_map(|found| lost.entry(found, place));
        inventory.0.extend(standing.map(|entry| (entry.key(), entry)));
        copies.extend(of_data.into_iter().map(|copy| (copy, place)));
    }
    lost.miss(&mut inventory, &copies);
    for entry in inventory.0.values_mut() {
        entry.remade = lost.remade(entry, &copies);
    }
    lost.intend(&mut inventory);
    lost.order(&mut inventory);
    lost.memory.rebuilt(&lost.owner.uid);
    Ok(inventory)
}

impl Lost<'_> {
    /// What all that is its own bears.
    fn tags(&self) -> BTreeMap<String, String> {
        let OwnerRef { cluster, namespace, kind, name, uid } = self.owner;
        let of_name = [(tag::CLUSTER, cluster), (tag::NAMESPACE, namespace), (tag::KIND, kind), (tag::NAME, name)];
        let of_uid = [(tag::UID, uid)];
        let tags = if self.same_object { &of_name[..] } else { &of_uid[..] };
        tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).clone())).collect()
    }

    fn entry(&self, found: &Found, place: &Place) -> Option<Entry> {
        let Owner::Tagged { owner, node, incarnation } = Owner::from_tags(&found.tags) else { return None };
        let (kind, spec) = self.kinds.get_key_value(found.tags.get(tag::RESOURCE)?.as_str())?;
        let uid = if self.same_object { &owner.uid } else { &self.owner.uid };
        let entry = || Entry {
            handle: Some(found.handle.clone()),
            // It stood, whatever has become of it: data that is gone when it is looked at is missing, and not new.
            created: self.now.round(jiff::Unit::Second).ok(),
            ..self.unknown(&NodeKey::new(&node, incarnation), kind, spec, place)
        };
        (owner == OwnerRef { uid: uid.clone(), ..self.owner.clone() }).then(entry)
    }

    fn unknown(&self, key: &NodeKey, kind: &str, spec: &KindSpec, place: &Place) -> Entry {
        // The safe end until the wishes say otherwise.
        let on_delete = DeletionPolicy::Snapshot.of(spec);
        Entry { on_delete, ..Entry::intent(&Id::new(self.owner, place, kind, key)) }
    }

    /// Data of which only copies are left, as in the middle of a replacement, is missing: it is never made anew, empty, by
    /// itself.
    fn miss(&self, inventory: &mut Inventory, copies: &[(Found, &Place)]) {
        for entry in copies.iter().filter_map(|(copy, place)| self.entry(copy, place)) {
            let of_data = self.kinds.get(entry.kind.as_str()).is_some_and(|spec| spec.holds_data);
            let later = inventory.current(&entry.id).is_some_and(|known| known.incarnation >= entry.incarnation);
            if of_data && !later {
                inventory.0.insert(entry.key(), Entry { handle: None, ..entry });
            }
        }
    }

    /// How often it was made before under its name: earlier lives took the names of their last snapshots.
    fn remade(&self, entry: &Entry, copies: &[(Found, &Place)]) -> u32 {
        let id = Id::new(self.owner, &entry.place, &entry.kind, &entry.key());
        let taken = |remade: u32| {
            let name = Id { remade, ..id.clone() }.final_snapshot();
            copies.iter().any(|(Found { handle: Handle(copy), .. }, _)| copy.ends_with(&name))
        };
        (0..).find(|remade| !taken(*remade)).unwrap_or_default()
    }

    /// What is wished may stand, though nothing was found of it: it is looked for before it is made.
    fn intend(&self, inventory: &mut Inventory) {
        for (id, node) in self.graph.into_iter().flat_map(Graph::nodes) {
            let spec = self.kinds.get(node.kind.as_str()).filter(|spec| !spec.read_only);
            if let (Some(spec), None) = (spec, inventory.current(id)) {
                let key = NodeKey::new(id, 1);
                let entry = self.unknown(&key, &node.kind, spec, &node.place);
                let address = address(node, spec, inventory);
                inventory.0.insert(key, Entry { address, on_delete: node.on_delete, ..entry });
            }
        }
    }

    /// Which incarnation of what it refers to something uses is not known: all of them stay as long as it does.
    fn order(&self, inventory: &mut Inventory) {
        let Some(graph) = self.graph else { return };
        let keys: Vec<NodeKey> = inventory.0.keys().cloned().collect();
        for entry in inventory.0.values_mut() {
            let dependencies = standing::of(graph, self.kinds, &entry.id);
            entry.depends_on = keys.iter().filter(|key| dependencies.contains(&key.id)).cloned().collect();
        }
    }
}

/// Where a node lies in its parent, as far as its wish says so by itself, or by the ARN of something that was found.
fn address(node: &NodeSpec, spec: &KindSpec, inventory: &Inventory) -> Map<String, Value> {
    let fields = spec.address.iter().filter_map(|field| Some(((*field).to_owned(), node.want.get(*field)?.clone())));
    let fields = Value::Object(fields.filter(|(_, value)| !value.is_null()).collect());
    let arn = |reference: &Ref| match &reference.source {
        Source::Node(id) if reference.output == "arn" => {
            let Handle(handle) = inventory.current(id)?.handle.clone()?;
            handle.starts_with("arn:").then(|| handle.into())
        }
        Source::Node(_) | Source::Object(_) => None,
    };
    let fields = resolve(&fields, &arn).value;
    let known = references(&fields).is_empty().then(|| fields.as_object().cloned());
    known.flatten().unwrap_or_default()
}
