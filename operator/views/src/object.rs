//! The objects of a cluster as views take them: what every kind of tier has in common.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use terrace_crds::{PAUSE, TierStatus};
use terrace_tiers::{ObjectKey, Tier, Use};

/// All that the views look at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    pub environments: Vec<Environment>,
    /// In the order in which they are to be shown.
    pub objects: Vec<Object>,
}

/// One object of a tier's kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub key: ObjectKey,
    pub created: Option<Timestamp>,
    pub generation: i64,
    pub deleting: bool,
    /// The annotation terrace.dev/pause holds every change.
    pub paused: bool,
    pub status: TierStatus,
    /// What its spec refers to.
    pub uses: Vec<Use>,
    /// What was told of it, the oldest first.
    pub events: Vec<Event>,
}

/// One Environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    pub name: String,
    pub uid: String,
    pub account: String,
    pub region: String,
    pub cluster: String,
    /// None until it was found in AWS.
    pub vpc: Option<String>,
    pub generation: i64,
    /// The generation that its conditions speak of.
    pub observed_generation: i64,
    pub deleting: bool,
    pub conditions: Vec<Condition>,
}

/// One event of Kubernetes about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `Normal` or `Warning`.
    pub type_: String,
    pub reason: String,
    pub message: String,
    /// How often it was seen.
    pub count: u32,
    /// The request that AWS refused, as `RDS/CreateDBInstance 3c1b…`.
    pub request: Option<String>,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

impl World {
    /// The object of a key.
    pub fn object(&self, key: &ObjectKey) -> Option<&Object> {
        self.objects.iter().find(|object| object.key == *key)
    }

    /// The Environment that an object is pinned to.
    pub fn environment(&self, object: &Object) -> Option<&Environment> {
        let pin = object.status.environment.as_ref()?;
        self.environments.iter().find(|environment| environment.uid == pin.uid)
    }
}

impl Object {
    /// What views take of a tier. Its events are for the caller to add.
    pub fn of<T: Tier>(tier: &T) -> Self {
        let meta = tier.meta();
        let annotated = |key: &str| meta.annotations.as_ref().and_then(|all| all.get(key)).map(String::as_str);
        let (namespace, name) =
            (meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default());
        Object {
            key: ObjectKey::new(T::KIND, namespace, name),
            created: meta.creation_timestamp.as_ref().map(|time| time.0),
            generation: meta.generation.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            paused: annotated(PAUSE) == Some("true"),
            status: tier.tier_status().cloned().unwrap_or_default(),
            uses: tier.uses(),
            events: Vec::new(),
        }
    }

    /// A condition of its status, if it has been written.
    pub fn condition(&self, type_: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.type_ == type_)
    }

    /// Whether a condition stands.
    pub fn is(&self, type_: &str) -> bool {
        self.condition(type_).is_some_and(|condition| condition.status == "True")
    }

    /// Whether its status speaks of the spec as it is now.
    pub fn is_current(&self) -> bool {
        self.status.observed_generation == self.generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use terrace_crds::WebApp;

    #[test]
    fn an_object_tells_what_it_refers_to_and_how_it_stands() {
        let app: WebApp = serde_json::from_value(json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "WebApp",
            "metadata": { "name": "shop", "namespace": "shop", "generation": 2, "annotations": { PAUSE: "true" },
                          "creationTimestamp": "2026-07-01T10:00:00Z" },
            "spec": { "image": "shop:1", "port": 8080, "bindings": [{ "name": "db", "dataTierRef": { "name": "orders" } }] },
            "status": { "observedGeneration": 2, "conditions": [{ "type": "Ready", "status": "True", "reason": "Ready",
                        "message": "", "lastTransitionTime": "2026-07-01T10:00:00Z" }] },
        }))
        .expect("a WebApp");
        let object = Object::of(&app);
        assert_eq!(object.key.title(), "WebApp shop/shop");
        assert_eq!(object.uses[0].target.title(), "DataTier shop/orders");
        assert!(
            object.is("Ready") && !object.is("Stalled") && object.is_current() && object.paused && !object.deleting
        );
    }
}
