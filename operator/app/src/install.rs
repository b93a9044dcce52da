//! Which of several operators in a cluster looks after an object: this one, or another.
//!
//! An installation may be confined to some namespaces or Environments. Where two would serve the same object, it is the
//! one's that put its name on record first, for as long as that one lives: its name is that of the Lease it leads by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Client;
use kube::api::Api;

/// What is done in other operators' namespaces.
pub const ACTIONS: &[&str] = &["kubernetes:coordination.k8s.io/leases:get"];
/// How soon it is asked again whether another operator lives.
pub const AGAIN: Duration = Duration::from_secs(30);
/// An operator whose lease ran out so long ago is gone. Clocks differ, and an upgrade takes its time.
const GONE_AFTER: Duration = Duration::from_secs(60);

/// This installation.
pub struct Install {
    /// The Lease it leads by, as `NAMESPACE/NAME`.
    pub name: String,
    scope: Scope,
    client: Client,
    seen: Mutex<Seen>,
}

/// What an installation serves; everything where a set is empty.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub namespaces: BTreeSet<String>,
    pub environments: BTreeSet<String>,
}

#[derive(Default)]
struct Seen {
    /// Whether other operators lived when they were last asked after.
    alive: BTreeMap<String, (Timestamp, bool)>,
    /// Objects of which it was said that another operator has them.
    told: BTreeSet<String>,
}

impl Scope {
    /// Whether objects of a namespace are served.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.contains(namespace)
    }

    /// Whether an Environment, and the objects that it serves, are.
    pub fn has_environment(&self, name: &str) -> bool {
        self.environments.is_empty() || self.environments.contains(name)
    }
}

impl Install {
    /// The installation that leads by this Lease.
    pub fn new(name: String, scope: Scope, client: Client) -> Self {
        Install { name, scope, client, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an object is this installation's to tell of: one that it serves, and no other operator has.
    pub fn has(&self, namespace: Option<&str>, operator: Option<&str>) -> bool {
        namespace.is_none_or(|namespace| self.scope.has_namespace(namespace))
            && operator.is_none_or(|name| name == self.name)
    }

    /// What it serves.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The other operator that has an object on whose status `operator` stands, while it lives.
    pub async fn other<'a>(&self, operator: Option<&'a str>) -> Option<&'a str> {
        let other = operator.filter(|name| *name != self.name)?;
        let now = Timestamp::now();
        let asked = self.seen().alive.get(other).copied();
        let alive = match asked.filter(|(at, _)| now < *at + AGAIN) {
            Some((_, alive)) => alive,
            None => {
                let alive = self.lives(other, now).await;
                self.seen().alive.insert(other.into(), (now, alive));
                alive
            }
        };
        alive.then_some(other)
    }

    /// Whether its lease holds. What cannot be read may.
    async fn lives(&self, other: &str, now: Timestamp) -> bool {
        let Some((namespace, name)) = other.split_once('/') else { return false };
        match Api::<Lease>::namespaced(self.client.clone(), namespace).get_opt(name).await {
            Ok(lease) => lease.is_some_and(|lease| holds(&lease, now)),
            Err(error) => {
                tracing::warn!(operator = other, %error, "whether another operator lives cannot be read");
                true
            }
        }
    }

    /// True the first time that it is asked of an object.
    pub fn first_told(&self, uid: &str) -> bool {
        self.seen().told.insert(uid.into())
    }
}

#[cfg(test)]
impl Install {
    /// The only one, which serves everything and asks nobody. Within a runtime.
    pub fn alone() -> std::sync::Arc<Install> {
        use axum::http::{Request, Response};
        use kube::client::Body;
        let (service, _) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
        std::sync::Arc::new(Install::new("a/terrace".into(), Scope::default(), Client::new(service, "default")))
    }
}

fn holds(lease: &Lease, now: Timestamp) -> bool {
    let spec = lease.spec.as_ref();
    let renewed = spec.and_then(|spec| spec.renew_time.as_ref());
    let lasts = spec.and_then(|spec| spec.lease_duration_seconds).and_then(|seconds| u64::try_from(seconds).ok());
    renewed.is_some_and(|renewed| now < renewed.0 + Duration::from_secs(lasts.unwrap_or_default()) + GONE_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{Request, Response};
    use kube::client::Body;
    use serde_json::{Value, json};

    /// A client that gets this answer to whatever it asks, and the number of times it asked.
    fn answering(status: u16, answer: Value) -> (Client, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
        let (service, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            while let Some((_, send)) = handle.next_request().await {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let body = Body::from(serde_json::to_vec(&answer).expect("JSON"));
                send.send_response(Response::builder().status(status).body(body).expect("a response"));
            }
        });
        (Client::new(service, "default"), asked)
    }

    fn lease(renewed: Timestamp) -> Value {
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "terrace" },
            "spec": { "renewTime": format!("{renewed:.6}"), "leaseDurationSeconds": 15 },
        })
    }

    fn install(client: Client) -> Install {
        Install::new("a/terrace".into(), Scope::default(), client)
    }

    #[tokio::test]
    async fn another_has_an_object_while_its_lease_holds() {
        let (client, asked) = answering(200, lease(Timestamp::now()));
        let install = install(client);
        assert_eq!(install.other(None).await, None);
        assert_eq!(install.other(Some("a/terrace")).await, None);
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 0);
        assert_eq!(install.other(Some("b/terrace")).await, Some("b/terrace"));
        assert_eq!(install.other(Some("b/terrace")).await, Some("b/terrace"));
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1, "what was read a moment ago is not read again");
    }

    #[tokio::test]
    async fn what_a_dead_operator_had_is_taken_over_and_what_cannot_be_read_is_not() {
        let long_ago = Timestamp::now() - Duration::from_secs(90);
        let status = |code: u16, reason: &str| {
            (
                code,
                json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": "m" }),
            )
        };
        for ((code, answer), other) in [
            ((200, lease(long_ago)), None),
            (status(404, "NotFound"), None),
            (status(403, "Forbidden"), Some("b/terrace")),
        ] {
            assert_eq!(install(answering(code, answer).0).other(Some("b/terrace")).await, other, "{code}");
        }
    }

    #[tokio::test]
    async fn what_another_serves_is_not_told_of() {
        let scope = Scope { namespaces: ["shop".to_owned()].into(), ..Scope::default() };
        let install = Install { scope, ..install(answering(404, Value::Null).0) };
        assert!(
            install.has(Some("shop"), None) && install.has(Some("shop"), Some("a/terrace")) && install.has(None, None)
        );
        assert!(!install.has(Some("tools"), None) && !install.has(Some("shop"), Some("b/terrace")));
    }

    #[test]
    fn an_installation_serves_everything_unless_it_is_confined() {
        let confined = Scope { namespaces: ["shop".to_owned()].into(), environments: ["prod".to_owned()].into() };
        assert!(Scope::default().has_namespace("shop") && Scope::default().has_environment("prod"));
        assert_eq!(["shop", "tools"].map(|name| confined.has_namespace(name)), [true, false]);
        assert_eq!(["prod", "test"].map(|name| confined.has_environment(name)), [true, false]);
    }
}
