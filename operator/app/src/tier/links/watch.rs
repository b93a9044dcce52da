//! The neighbourhood as the watches show it, kept for reconciles to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use kube::core::DeserializeGuard;
use kube::runtime::watcher::{self, Event};
use kube::{Resource, ResourceExt};
use terrace_crds::TierGrant;
use terrace_tiers::ObjectKey;

use super::neighbourhood::{Concerned, Neighbour, Neighbourhood};
use crate::listed::Listed;
use crate::tier::Managed;

const GRANT: &str = "TierGrant";

/// All objects and grants that are watched.
pub struct Neighbours {
    state: Mutex<State>,
    listed: BTreeMap<&'static str, Listed>,
}

#[derive(Default)]
struct State {
    all: Neighbourhood,
    /// What a list that is under way has shown so far, by kind.
    relisting: BTreeMap<&'static str, BTreeSet<ObjectKey>>,
}

impl Neighbours {
    /// Nobody yet, of these kinds.
    pub fn of_kinds(kinds: impl Iterator<Item = &'static str>) -> Self {
        let listed = kinds.chain([GRANT]).map(|kind| (kind, Listed::default())).collect();
        Neighbours { state: Mutex::default(), listed }
    }

    /// Waits until every kind, and the grants, have been listed: a decision on less would be one on half the truth.
    pub async fn listed(&self) {
        for listed in self.listed.values() {
            listed.wait().await;
        }
    }

    /// Answers a question about them.
    pub fn look<A>(&self, question: impl FnOnce(&Neighbourhood) -> A) -> A {
        question(&self.state.lock().unwrap_or_else(PoisonError::into_inner).all)
    }

    /// Notes what the watch of a kind says. Answers whom it concerns.
    pub fn note<T: Managed>(&self, event: &watcher::Result<Event<DeserializeGuard<T>>>) -> Concerned {
        self.follow(T::KIND, event, |all, key, object| {
            let now = object.map(|object| neighbour(object, all.get(key)));
            all.set(key, now)
        })
    }

    /// Notes what the watch of grants says. Answers whom it concerns.
    ///
    /// A grant that cannot be read, or that is being deleted, admits nobody.
    pub fn note_grant(&self, event: &watcher::Result<Event<DeserializeGuard<TierGrant>>>) -> Concerned {
        self.follow(GRANT, event, |all, key, grant| {
            let lasting = grant.filter(|grant| grant.meta().deletion_timestamp.is_none());
            if let Some(Err(error)) = lasting.map(|grant| &grant.0) {
                tracing::error!(namespace = key.namespace, object = key.name, %error, "the TierGrant cannot be read, and admits nobody");
            }
            let spec = lasting.and_then(|grant| grant.0.as_ref().ok()).map(|grant| grant.spec.clone());
            all.set_grant(&key.namespace, &key.name, spec)
        })
    }

    fn follow<K: Resource>(
        &self,
        kind: &'static str,
        event: &watcher::Result<Event<K>>,
        mut set: impl FnMut(&mut Neighbourhood, &ObjectKey, Option<&K>) -> Concerned,
    ) -> Concerned {
        let key = |object: &K| ObjectKey::new(kind, &object.namespace().unwrap_or_default(), &object.name_any());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { all, relisting } = &mut *state;
        let mut concerned = Concerned::default();
        match event {
            Err(_) => {}
            Ok(Event::Apply(object)) => concerned = set(all, &key(object), Some(object)),
            Ok(Event::Delete(object)) => concerned = set(all, &key(object), None),
            Ok(Event::Init) => drop(relisting.insert(kind, BTreeSet::new())),
            Ok(Event::InitApply(object)) => {
                relisting.entry(kind).or_default().insert(key(object));
                concerned = set(all, &key(object), Some(object));
            }
            Ok(Event::InitDone) => {
                let seen = relisting.remove(kind).unwrap_or_default();
                for gone in known(all, kind).iter().filter(|key| !seen.contains(*key)) {
                    let more = set(all, gone, None);
                    concerned.objects.extend(more.objects);
                    concerned.environments.extend(more.environments);
                }
            }
        }
        if let Some(listed) = self.listed.get(kind) {
            listed.note(event);
        }
        concerned
    }
}

fn known(all: &Neighbourhood, kind: &str) -> Vec<ObjectKey> {
    match kind {
        GRANT => all.grants().names().map(|(namespace, name)| ObjectKey::new(GRANT, namespace, name)).collect(),
        tier => all.of_kind(tier).cloned().collect(),
    }
}

/// An object as others see it. Of one that cannot be read, what was known of it before stays: it has not let go of
/// anything.
fn neighbour<T: Managed>(object: &DeserializeGuard<T>, known: Option<&Neighbour>) -> Neighbour {
    let uid = object.uid().unwrap_or_default();
    let deleting = object.meta().deletion_timestamp.is_some();
    let Ok(object) = &object.0 else {
        let known = known.filter(|known| known.uid == uid).cloned().unwrap_or_default();
        return Neighbour { uid, deleting, ..known };
    };
    let status = object.tier_status().cloned().unwrap_or_default();
    Neighbour {
        uid,
        deleting,
        blank: status.observed_generation < 0,
        environment: status.environment,
        outputs: status.outputs,
        users: status.users,
        uses: object.uses(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use terrace_crds::DataTier;

    /// An object with fields changed by their pointers, as the watch hands it on.
    fn guarded<K>(mut object: Value, change: Value) -> DeserializeGuard<K>
    where
        DeserializeGuard<K>: serde::de::DeserializeOwned,
    {
        for (pointer, value) in change.as_object().into_iter().flatten() {
            *object.pointer_mut(pointer).expect("a field") = value.clone();
        }
        serde_json::from_value(object).expect("a guard holds anything with metadata")
    }

    fn tier(name: &str, change: Value) -> DeserializeGuard<DataTier> {
        let object = json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier",
            "metadata": { "name": name, "namespace": "shop", "uid": format!("uid-{name}") },
            "spec": {
                "engine": "postgres", "engineVersion": "17", "instanceClass": "db.r8g.large", "storage": { "size": "100Gi" },
                "restoreFrom": { "pointInTime": { "dataTierRef": { "name": "orders" } } },
            },
        });
        guarded(object, change)
    }

    fn neighbours() -> Neighbours {
        Neighbours::of_kinds(["DataTier"].into_iter())
    }

    fn grant(name: &str, change: Value) -> DeserializeGuard<TierGrant> {
        let object = json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "TierGrant",
            "metadata": { "name": name, "namespace": "shop", "deletionTimestamp": null },
            "spec": { "from": [{ "kind": "DataTier", "namespace": "analytics" }], "to": [{ "kind": "DataTier" }] },
        });
        guarded(object, change)
    }

    fn names(neighbours: &Neighbours) -> Vec<String> {
        neighbours.look(|all| all.of_kind("DataTier").map(|key| key.name.clone()).collect())
    }

    #[test]
    fn what_a_new_list_does_not_show_any_more_is_gone() {
        let neighbours = neighbours();
        for event in [
            Event::Init,
            Event::InitApply(tier("a", json!({}))),
            Event::InitApply(tier("b", json!({}))),
            Event::InitDone,
        ] {
            neighbours.note(&Ok(event));
        }
        assert_eq!(names(&neighbours), ["a", "b"]);
        neighbours.note::<DataTier>(&Ok(Event::Init));
        neighbours.note(&Ok(Event::InitApply(tier("b", json!({})))));
        assert_eq!(names(&neighbours), ["a", "b"], "the list is not whole yet");
        let concerned = neighbours.note::<DataTier>(&Ok(Event::InitDone));
        assert_eq!(names(&neighbours), ["b"]);
        assert_eq!(concerned.objects, [ObjectKey::new("DataTier", "shop", "orders")].into(), "what it referred to");
        neighbours.note(&Ok(Event::Delete(tier("b", json!({})))));
        assert!(names(&neighbours).is_empty());
    }

    #[test]
    fn an_object_that_cannot_be_read_has_not_let_go_of_anything() {
        let neighbours = neighbours();
        let key = ObjectKey::new("DataTier", "shop", "a");
        let uses = || neighbours.look(|all| all.get(&key).expect("it is there").uses.len());
        neighbours.note(&Ok(Event::Apply(tier("a", json!({})))));
        let malformed = tier("a", json!({ "/spec/engine": "oracle" }));
        assert!(malformed.0.is_err());
        neighbours.note(&Ok(Event::Apply(malformed.clone())));
        assert_eq!(uses(), 1);
        let mut another = malformed;
        another.meta_mut().uid = Some("another".into());
        neighbours.note(&Ok(Event::Apply(another)));
        assert_eq!(uses(), 0);
    }

    #[test]
    fn a_grant_that_is_gone_going_or_not_readable_admits_nobody() {
        let neighbours = neighbours();
        let granted = || neighbours.look(|all| all.grants().names().count());
        let unreadable = grant("a", json!({ "/spec/from": "everybody" }));
        assert!(unreadable.0.is_err());
        let going = grant("a", json!({ "/metadata/deletionTimestamp": "2026-07-01T10:00:00Z" }));
        for event in [Event::Delete(grant("a", json!({}))), Event::Apply(unreadable), Event::Apply(going)] {
            neighbours.note_grant(&Ok(Event::Apply(grant("a", json!({})))));
            assert_eq!(granted(), 1);
            neighbours.note_grant(&Ok(event));
            assert_eq!(granted(), 0);
        }
        neighbours.note_grant(&Ok(Event::Apply(grant("a", json!({})))));
        for event in [Event::Init, Event::InitApply(grant("b", json!({}))), Event::InitDone] {
            neighbours.note_grant(&Ok(event));
        }
        assert_eq!(
            neighbours.look(|all| all.grants().names().map(|(_, name)| name.to_owned()).collect::<Vec<_>>()),
            ["b"]
        );
    }

    #[tokio::test]
    async fn nothing_is_decided_before_every_kind_and_the_grants_are_listed() {
        use futures::FutureExt;
        let neighbours = neighbours();
        neighbours.note::<DataTier>(&Ok(Event::Init));
        neighbours.note::<DataTier>(&Ok(Event::InitDone));
        assert!(neighbours.listed().now_or_never().is_none());
        neighbours.note_grant(&Ok(Event::InitDone));
        assert!(neighbours.listed().now_or_never().is_some());
    }
}
