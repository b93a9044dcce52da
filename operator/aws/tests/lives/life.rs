//! The life of one resource: made, found as wished, changed field by field, changed behind Terrace's back and found,
//! released, deleted.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use terrace_aws::Clients;
use terrace_engine::{Disposal, Erased, Look, Registry, Sight, State};
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::identity::{Freshness, tag};
use terrace_model::{Certainty, Change, Diff, Effect, Id, Owner, Rule};

use crate::gaps;

/// One resource, its wish, and values for its fields other than those of the wish.
pub struct Life {
    pub clients: Clients,
    pub registry: fn(&Clients) -> Registry,
    pub id: Id,
    pub want: Value,
    pub edits: Vec<(&'static str, Value)>,
}

impl Life {
    /// Lives it to the end.
    pub async fn live(mut self) {
        assert!(matches!(self.look(Freshness::Now).await, Look::Absent), "it is there before it is made");
        let handle = self.provider().create(&self.id, &self.want).await.expect("it is made");
        let found = self.sight().await;
        assert_eq!(found.handle, handle, "found without its handle");
        self.id.handle = Some(handle);
        self.is_as(&self.want).await;
        for (field, value) in self.edits.clone() {
            self.edit(field, value).await;
        }
        if self.has_tags() {
            self.release().await;
        }
        self.delete().await;
    }

    fn has_tags(&self) -> bool {
        self.want.get("tags").is_some()
    }

    /// A provider that has seen nothing yet.
    fn provider(&self) -> std::sync::Arc<dyn Erased> {
        (self.registry)(&self.clients).get(&self.id.kind).expect("the kind is registered").clone()
    }

    async fn look(&self, freshness: Freshness) -> Look {
        let id = Id { freshness, ..self.id.clone() };
        self.provider().observe(&id).await.expect("it can be looked at")
    }

    /// What is there, which a filtered look and a whole list must tell alike.
    async fn sight(&self) -> Sight {
        match (self.look(Freshness::Now).await, self.look(Freshness::Recent).await) {
            (Look::Present(now), Look::Present(mut listed)) => {
                for field in gaps::unlisted(&self.id.kind).into_iter().chain(listed.unread.iter().copied()) {
                    listed.have[field] = now.have[field].clone();
                }
                assert_eq!((&now.have, &now.out, &now.handle), (&listed.have, &listed.out, &listed.handle));
                *now
            }
            other => panic!("it is not there: {other:?}"),
        }
    }

    fn differs(&self, want: &Value, have: &Value) -> Diff {
        let provider = self.provider();
        let spec = provider.spec();
        let want = (spec.normalise)(want).expect("it is a wish");
        let keyed = spec.fields.iter().filter(|(_, rule)| *rule == Rule::Keyed).map(|(field, _)| *field);
        let keys = |field: &str| have.get(field)?.as_object().map(|map| map.keys().cloned().collect());
        let owned: OwnedKeys = keyed.filter_map(|field| Some((field.to_owned(), keys(field)?))).collect();
        diff(spec, &want, have, &owned, &BTreeMap::new())
    }

    async fn is_as(&self, want: &Value) {
        let sight = self.sight().await;
        assert_eq!(self.differs(want, &sight.have), Diff::default());
        let ours = Owner::Tagged { owner: self.id.owner.clone(), node: self.id.node.clone(), incarnation: 1 };
        let owner = if self.has_tags() { ours } else { Owner::Inherent };
        assert_eq!((sight.owner, sight.state), (owner, State::Ready));
    }

    async fn update(&self, want: &Value) {
        let have = self.sight().await.have;
        let diff = self.differs(want, &have);
        self.provider().update(&self.id, &have, want, &diff).await.expect("it is changed");
        self.is_as(want).await;
    }

    /// Somebody else changes a field: it is found, and put right again.
    async fn edit(&self, field: &str, value: Value) {
        let mut theirs = self.want.clone();
        theirs[field] = value;
        self.update(&theirs).await;
        let found = self.differs(&self.want, &self.sight().await.have);
        assert!(found.touches(field), "a change of {field} is not found: {found:?}");
        self.update(&self.want).await;
    }

    /// Our tags are taken off, and put on again.
    async fn release(&self) {
        let have = self.sight().await.have;
        let tags = have["tags"].as_object().expect("the kind has tags");
        let (ours, theirs): (Vec<_>, Vec<_>) = tags.iter().partition(|(key, _)| key.starts_with(tag::PREFIX));
        let change = |(key, value): (&String, &Value)| Change {
            path: format!("tags.{key}"),
            from: value.clone(),
            to: Value::Null,
            effect: Effect::InPlace,
            certainty: Certainty::Changed,
        };
        let mut want = have.clone();
        want["tags"] = theirs.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let diff = Diff(ours.into_iter().map(change).collect());
        self.provider().update(&self.id, &have, &want, &diff).await.expect("it is released");
        let sight = self.sight().await;
        assert_eq!((sight.owner, &sight.have["tags"]), (Owner::Untagged, &want["tags"]));
        self.update(&self.want).await;
    }

    async fn delete(&self) {
        let have = self.sight().await.have;
        for _ in 0..gaps::deletions(&self.id.kind) {
            self.provider().delete(&self.id, &have, Disposal::Delete).await.expect("it is deleted, or gone already");
        }
        assert!(matches!(self.look(Freshness::Now).await, Look::Absent), "it is still there");
        assert!(matches!(self.look(Freshness::Recent).await, Look::Absent), "it is still listed");
    }
}

/// The tags of a wish, changed: one key gone, one new, one with another value.
pub fn other_tags(want: &Value) -> Value {
    let mut tags = want["tags"].clone();
    let map = tags.as_object_mut().expect("tags are a map");
    map.remove("gone");
    map.insert("new".into(), json!("1"));
    map.insert("team".into(), json!("other"));
    tags
}
