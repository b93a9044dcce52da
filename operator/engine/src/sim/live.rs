//! One resource that exists in the simulated AWS, and where it stands in its life at a moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use terrace_model::identity::tag;
use terrace_model::{Handle, Id, KindSpec, Owner};

use super::behaviour::Behaviour;
use crate::provider::State;

/// Region, kind and physical name: what can be there only once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub region: String,
    pub kind: String,
    /// Derived name, address or assigned id.
    pub name: String,
}

/// The node that a resource was made for: the simulation's own knowledge, which no tag can hide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Maker {
    pub uid: String,
    pub node: String,
    pub incarnation: u32,
}

impl Maker {
    /// The node behind an id.
    pub fn of(id: &Id) -> Self {
        Maker { uid: id.owner.uid.clone(), node: id.node.clone(), incarnation: id.incarnation }
    }
}

/// A resource.
#[derive(Clone, Debug)]
pub struct Live {
    pub key: Key,
    pub spec: KindSpec,
    pub behaviour: Behaviour,
    pub have: Value,
    pub handle: Handle,
    pub arn: String,
    /// Unique over all that was ever made.
    pub serial: u64,
    /// Absent for what somebody else made.
    pub maker: Option<Maker>,
    /// Owner tags of what has no field for them.
    pub labels: BTreeMap<String, String>,
    pub created: Timestamp,
    /// What it is doing, and until when.
    pub busy: Option<(&'static str, Timestamp)>,
    /// When it will be gone.
    pub deleting: Option<Timestamp>,
    pub failed: Option<String>,
    /// Which data it holds: equal where one was restored from a copy of the other.
    pub data: Option<u64>,
    /// How often its secret has changed.
    pub rotations: u32,
    /// What it holds, in pages: as many as one call deletes. While there is anything, it cannot be deleted.
    pub contents: u32,
    /// All texts by which something else can refer to it; see [`Live::learn`].
    pub identities: BTreeSet<String>,
    /// What happened to it, and when.
    pub timeline: Vec<(Timestamp, String)>,
}

impl Live {
    /// Where it stands.
    pub fn state(&self, now: Timestamp) -> State {
        match (&self.deleting, &self.failed, &self.busy) {
            (Some(_), ..) => State::Deleting,
            (None, Some(text), _) => State::Failed(text.clone()),
            (None, None, Some((word, until))) if *until > now => State::Settling((*word).to_owned()),
            _ => State::Ready,
        }
    }

    /// True once it has left `creating`, also while it is changed later.
    pub fn has_come_up(&self, now: Timestamp) -> bool {
        self.created + self.behaviour.create <= now
    }

    /// True once looks find it.
    pub fn is_visible(&self, now: Timestamp) -> bool {
        self.created + self.behaviour.visible_after <= now
    }

    /// True once its tags show.
    pub fn shows_tags(&self, now: Timestamp) -> bool {
        self.created + self.behaviour.tags_after <= now
    }

    /// True where it can bear owner tags.
    pub fn is_taggable(&self) -> bool {
        self.behaviour.labelled || bears_tags(&self.have)
    }

    /// Its tags, whether they show yet or not.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let tags = self.have.get("tags").and_then(Value::as_object).into_iter().flatten();
        let tags = tags.filter_map(|(key, value)| Some((key.clone(), text(value)?)));
        tags.chain(self.labels.clone()).collect()
    }

    /// The UID in its tags.
    pub fn tagged_uid(&self) -> Option<String> {
        self.tags().remove(tag::UID)
    }

    /// Whose it says that it is.
    pub fn owner(&self, now: Timestamp) -> Owner {
        match (self.is_taggable(), self.shows_tags(now)) {
            (false, _) => Owner::Inherent,
            (true, false) => Owner::Untagged,
            (true, true) => Owner::from_tags(&self.tags()),
        }
    }

    /// The name of what it lies in.
    pub fn parent(&self) -> Option<&str> {
        self.have.get(self.behaviour.within?)?.as_str()
    }

    /// True where one of these texts refers to it.
    pub fn is_among(&self, texts: &BTreeSet<&str>) -> bool {
        self.identities.iter().any(|identity| texts.contains(identity.as_str()))
    }

    /// Moments at which something about it changes.
    pub fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let behaviour = self.behaviour;
        let lags = [behaviour.visible_after, behaviour.tags_after, behaviour.usable_after, behaviour.create];
        let lags = lags.map(|lag| self.created + lag);
        lags.into_iter().chain(self.deleting).chain(self.busy.as_ref().map(|(_, until)| *until))
    }

    /// Notes what happened.
    pub fn note(&mut self, now: Timestamp, what: impl Into<String>) {
        self.timeline.push((now, what.into()));
    }
}

/// True where a resource of this kind has its owner's tags among its fields.
pub fn bears_tags(have: &Value) -> bool {
    have.get("tags").is_some_and(Value::is_object)
}

/// All texts by which a wish may refer to something: whole, and the parts of one such as of an ARN. Tags and descriptions
/// refer to nothing.
pub fn texts(want: &Value) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    gather(want, &mut found);
    found
}

fn gather<'a>(want: &'a Value, found: &mut BTreeSet<&'a str>) {
    match want {
        Value::String(text) => {
            found.insert(text);
            found.extend(text.split([':', '/']));
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "tags" | "description"));
            fields.for_each(|(_, field)| gather(field, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_is_a_whole_text_or_a_whole_part_of_one() {
        let refers = |want: &Value| texts(want).contains("shop-db-1");
        for want in [json!({"a": ["shop-db-1"]}), json!({"a": "cluster:shop-db-1"}), json!({"a": {"b": "x/shop-db-1"}})]
        {
            assert!(refers(&want), "{want}");
        }
        for want in [json!({"a": "shop-db-12"}), json!({"tags": {"a": "shop-db-1"}}), json!({"a": 1, "b": null})] {
            assert!(!refers(&want), "{want}");
        }
    }
}
