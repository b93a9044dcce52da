//! The inventories of all objects, as the watches hold them: looked through when an event comes, and kept nowhere else.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use kube::ResourceExt;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use terrace_crds::ResourceEntry;
use terrace_model::NodeKey;
use terrace_tiers::ObjectKey;

use super::concerns::concerned;
use super::event::Notice;
use crate::tier::Managed;

/// What of an object an event is about.
#[derive(Debug, PartialEq, Eq)]
pub struct Meant {
    pub object: ObjectKey,
    pub uid: String,
    pub nodes: BTreeSet<NodeKey>,
}

/// One object as it is looked at: its key, its UID, the UID of its Environment, its resources.
type Looked<'a> = (&'a dyn Fn() -> ObjectKey, &'a str, &'a str, &'a [ResourceEntry]);

/// Shows all objects of a kind.
type Kind = Box<dyn Fn(&mut dyn FnMut(Looked<'_>)) + Send + Sync>;

/// All of them.
#[derive(Default)]
pub struct Inventories(Mutex<Vec<Kind>>);

impl Inventories {
    /// Adds the objects of a kind.
    pub fn add<T: Managed>(&self, store: Store<DeserializeGuard<T>>) {
        let show = move |look: &mut dyn FnMut(Looked<'_>)| {
            for guarded in store.state() {
                let Ok(object) = &guarded.0 else { continue };
                let Some(status) = object.tier_status() else { continue };
                let key = || ObjectKey::new(T::KIND, &object.namespace().unwrap_or_default(), &object.name_any());
                let uid = object.uid().unwrap_or_default();
                let environment = status.environment.as_ref().map(|pin| pin.uid.as_str()).unwrap_or_default();
                look((&key, &uid, environment, &status.resources));
            }
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(show));
    }

    /// Of the objects of these Environments, those that a notice is about.
    pub fn meant(&self, notice: &Notice, environments: &BTreeSet<String>) -> Vec<Meant> {
        let mut meant = Vec::new();
        for show in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            show(&mut |(object, uid, environment, resources)| {
                if !environments.contains(environment) {
                    return;
                }
                let nodes: BTreeSet<_> = concerned(resources, notice).into_iter().collect();
                if !nodes.is_empty() {
                    meant.push(Meant { object: object(), uid: uid.to_owned(), nodes });
                }
            });
        }
        meant
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::read;
    use super::super::samples::{inventory, sample};
    use super::*;
    use kube::runtime::{reflector, watcher};
    use serde_json::json;
    use terrace_crds::DataTier;

    fn tier(name: &str, environment: &str) -> DeserializeGuard<DataTier> {
        let resources = inventory();
        let object = json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier",
            "metadata": { "name": name, "namespace": "shop", "uid": format!("uid-{name}") },
            "spec": { "engine": "postgres", "engineVersion": "17", "instanceClass": "db.r8g.large", "storage": { "size": "100Gi" } },
            "status": {
                "observedGeneration": 1, "environment": { "name": environment, "uid": environment }, "resources": resources,
            },
        });
        serde_json::from_value(object).expect("a tier")
    }

    #[test]
    fn an_event_is_about_objects_of_its_account_as_they_are_now() {
        let (store, mut writer) = reflector::store();
        let inventories = Inventories::default();
        inventories.add(store);
        let notice = read(&sample("rds_modify")).expect("an event");
        let meant = |environments: &[&str]| {
            let environments = environments.iter().map(ToString::to_string).collect();
            inventories.meant(&notice, &environments).into_iter().map(|meant| meant.object.name).collect::<Vec<_>>()
        };
        assert!(meant(&["prod", "test"]).is_empty());
        writer.apply_watcher_event(&watcher::Event::Apply(tier("orders", "prod")));
        writer.apply_watcher_event(&watcher::Event::Apply(tier("others", "test")));
        assert_eq!((meant(&["prod"]), meant(&["test"])), (vec!["orders".to_owned()], vec!["others".to_owned()]));
        assert!(meant(&[]).is_empty());
        writer.apply_watcher_event(&watcher::Event::Delete(tier("orders", "prod")));
        assert!(meant(&["prod"]).is_empty());
    }

    #[test]
    fn it_says_which_resources_of_which_object() {
        let (store, mut writer) = reflector::store();
        let inventories = Inventories::default();
        inventories.add(store);
        writer.apply_watcher_event(&watcher::Event::Apply(tier("orders", "prod")));
        let notice = read(&sample("ec2_revoke")).expect("an event");
        let nodes = ["access", "access-cluster"].map(|id| NodeKey::new(id, 1)).into();
        let object = ObjectKey::new("DataTier", "shop", "orders");
        let expected = Meant { object, uid: "uid-orders".into(), nodes };
        assert_eq!(inventories.meant(&notice, &["prod".to_owned()].into()), [expected]);
    }
}
