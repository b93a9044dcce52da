//! Kubernetes Events: what happened to an object, told when it happens and not again.
//!
//! One function makes each kind of Event, with a fixed reason. [`transitions`] and [`changes`] choose among them, purely,
//! from what was and what is; [`Events`] sends them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event as Published;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, ObjectMeta};
use kube::api::{Api, PostParams};
use kube::runtime::events::{Event, EventType};
use kube::{Client, Resource};
use terrace_aws::refusals;
use terrace_engine::reason;
use terrace_model::{Entry, Inventory, OnDelete};

use super::traces;

/// The most bytes of a note (`events.k8s.io/v1`, validation: NoteLengthLimit).
const MOST: usize = 1024;
/// The most bytes of a reason.
const MOST_REASON: usize = 128;
/// Who tells them.
const REPORTER: &str = "terrace";
/// The annotation that names the trace of the pass in which it happened.
pub const TRACE: &str = "terrace.dev/trace-id";
/// The annotation that names the request that AWS refused, as its support asks for.
pub const REQUEST: &str = "terrace.dev/aws-request";

/// What leads from an Event to its traces, ours and AWS's.
fn annotations(event: &Event) -> BTreeMap<String, String> {
    let request = event.note.as_deref().and_then(refusals::request_of);
    let all = [(TRACE, traces::current_id()), (REQUEST, request)];
    all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn event(type_: EventType, reason: &str, action: &str, note: &str) -> Event {
    Event {
        type_,
        reason: bounded(reason, MOST_REASON),
        note: Some(bounded(note, MOST)),
        action: action.into(),
        secondary: None,
    }
}

fn normal(reason: &str, action: &str, note: &str) -> Event {
    event(EventType::Normal, reason, action, note)
}

fn warning(reason: &str, action: &str, note: &str) -> Event {
    event(EventType::Warning, reason, action, note)
}

fn bounded(text: &str, most: usize) -> String {
    const CUT: char = '…';
    if text.len() <= most {
        return text.into();
    }
    let end = (0..=most - CUT.len_utf8()).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    format!("{}{CUT}", &text[..end])
}

/// Resources were made.
pub fn created(what: &str) -> Event {
    normal("Created", "Create", &format!("created {what}"))
}

/// Resources were changed in place to what is now wished.
pub fn updated(what: &str) -> Event {
    normal("Updated", "Update", &format!("updated {what}"))
}

/// New resources took the place of older ones.
pub fn replaced(what: &str) -> Event {
    normal("Replaced", "Replace", &format!("replaced {what}"))
}

/// Resources are gone.
pub fn deleted(what: &str) -> Event {
    normal("Deleted", "Delete", &format!("deleted {what}"))
}

/// Resources were left where they are, and are no longer managed.
pub fn retained(what: &str) -> Event {
    normal("Retained", "Release", &format!("left in place {what}"))
}

/// Another installation of the operator looks after an object that this one would serve.
pub fn served_by_another(other: &str, this: &str) -> Event {
    let note = format!(
        "operator {other} looks after it, and {this} stands back: confine either to namespaces or Environments"
    );
    normal("ServedByAnother", "StandBack", &note)
}

/// Something is not as it was left.
pub fn drift_found(message: &str) -> Event {
    warning("DriftFound", "Compare", message)
}

/// It is again as it was left; `message` says what was not.
pub fn drift_repaired(message: &str) -> Event {
    normal("DriftRepaired", "Repair", &format!("repaired what was {message}"))
}

/// A change waits for somebody's consent.
pub fn approval_required(message: &str) -> Event {
    warning(reason::APPROVAL_REQUIRED, "Plan", message)
}

/// Something that holds data was deleted from outside.
pub fn missing(message: &str) -> Event {
    warning(reason::MISSING, "Compare", message)
}

/// Nothing goes on before somebody does something; `reason` is the condition's.
pub fn stalled(reason: &str, message: &str) -> Event {
    warning(reason, "Reconcile", message)
}

/// It works, with something wrong.
pub fn degraded(message: &str) -> Event {
    warning("Degraded", "Observe", message)
}

/// Everything is as wished.
pub fn ready(message: &str) -> Event {
    normal("Ready", "Reconcile", message)
}

fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_ && condition.status == "True")
}

/// What the conditions say now and did not say before. `before` is empty for an object that is new.
pub fn transitions(before: &[Condition], after: &[Condition]) -> Vec<Event> {
    let pair = |type_| (find(before, type_), find(after, type_));
    let mut events = Vec::new();
    match pair("Drifted") {
        (None, Some(now)) => events.push(drift_found(&now.message)),
        (Some(was), Some(now)) if was.message != now.message => events.push(drift_found(&now.message)),
        (Some(was), None) => events.push(drift_repaired(&was.message)),
        _ => {}
    }
    if let (None, Some(now)) = pair("Degraded") {
        events.push(degraded(&now.message));
    }
    if let (was, Some(now)) = pair("Stalled")
        && was.is_none_or(|was| (&was.reason, &was.message) != (&now.reason, &now.message))
    {
        events.push(match now.reason.as_str() {
            reason::APPROVAL_REQUIRED => approval_required(&now.message),
            reason::MISSING => missing(&now.message),
            other => stalled(other, &now.message),
        });
    }
    if let (None, Some(now)) = pair("Ready") {
        events.push(ready(&now.message));
    }
    events
}

/// What became of the resources between two states of the inventory, one Event for each kind of change.
pub fn changes(before: &Inventory, after: &Inventory) -> Vec<Event> {
    let stood = |entry: &Entry| before.0.get(&entry.key()).filter(|was| was.created.is_some());
    let new = |replacing: bool| {
        let all = after.0.values().filter(|entry| entry.created.is_some() && stood(entry).is_none());
        named(all.filter(|entry| (entry.incarnation > 1) == replacing))
    };
    let applied_anew = |entry: &&Entry| {
        let was = stood(entry).and_then(|was| was.applied.as_ref());
        was.is_some() && entry.applied.is_some() && was != entry.applied.as_ref()
    };
    let gone = |retained: bool| {
        let all = before.0.iter().filter(|(key, entry)| entry.handle.is_some() && !after.0.contains_key(*key));
        let left = |entry: &Entry| entry.on_delete == OnDelete::Retain && !before.is_superseded(&entry.key());
        named(all.map(|(_, entry)| entry).filter(|entry| left(entry) == retained))
    };
    let told = [
        new(false).map(|what| created(&what)),
        named(after.0.values().filter(applied_anew)).map(|what| updated(&what)),
        new(true).map(|what| replaced(&what)),
        gone(false).map(|what| deleted(&what)),
        gone(true).map(|what| retained(&what)),
    ];
    told.into_iter().flatten().collect()
}

/// `db (rds/DbInstance shop-orders-db-1a2b), subnets (…)`; `None` of none.
fn named<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<String> {
    let all: Vec<_> = entries.map(|entry| format!("{} ({} {})", entry.id, entry.kind, entry.name)).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// What sending an Event takes, wherever the object is that it tells of.
pub const ACTIONS: &[&str] = &["kubernetes:events.k8s.io/events:create"];

/// Sends Events. What cannot be sent is logged: no pass fails for it.
#[derive(Clone)]
pub struct Events {
    client: Client,
    /// Which of several processes: in a pod, the pod's name.
    instance: String,
}

impl Events {
    /// Events as reported by this process.
    pub fn new(client: Client, instance: &str) -> Self {
        Events { client, instance: instance.into() }
    }

    /// Tells of [`transitions`].
    pub async fn transitions<K>(&self, object: &K, before: &[Condition], after: &[Condition])
    where
        K: Resource<DynamicType = ()>,
    {
        self.publish(&object.object_ref(&()), &transitions(before, after)).await;
    }

    /// Tells of [`changes`].
    pub async fn changes<K>(&self, object: &K, before: &Inventory, after: &Inventory)
    where
        K: Resource<DynamicType = ()>,
    {
        self.publish(&object.object_ref(&()), &changes(before, after)).await;
    }

    /// Tells of [`served_by_another`].
    pub async fn stood_back<K>(&self, object: &K, other: &str, this: &str)
    where
        K: Resource<DynamicType = ()>,
    {
        self.publish(&object.object_ref(&()), &[served_by_another(other, this)]).await;
    }

    /// Not by kube's recorder: it takes an Event of the same reason for a repetition, and drops what the later one says;
    /// nor does it know annotations.
    async fn publish(&self, object: &ObjectReference, events: &[Event]) {
        for event in events {
            let event = self.published(event, object, Timestamp::now());
            let api = Api::<Published>::namespaced(
                self.client.clone(),
                event.metadata.namespace.as_deref().unwrap_or_default(),
            );
            if let Err(error) = api.create(&PostParams::default(), &event).await {
                tracing::warn!(reason = event.reason, %error, "an Event could not be sent");
            }
        }
    }

    /// As the API server takes it. What concerns an object of no namespace stands in `default`.
    fn published(&self, event: &Event, object: &ObjectReference, now: Timestamp) -> Published {
        let type_ = match event.type_ {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        };
        Published {
            metadata: ObjectMeta {
                namespace: Some(object.namespace.clone().unwrap_or_else(|| "default".into())),
                name: Some(format!("{}.{:x}", object.name.as_deref().unwrap_or(REPORTER), now.as_nanosecond())),
                annotations: Some(annotations(event)).filter(|all| !all.is_empty()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            regarding: Some(object.clone()),
            reporting_controller: Some(REPORTER.into()),
            reporting_instance: Some(self.instance.clone()),
            type_: Some(type_.into()),
            reason: Some(event.reason.clone()),
            action: Some(event.action.clone()),
            note: event.note.clone(),
            ..Published::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::IntoFuture;
    use std::sync::{Arc, Mutex};

    use axum::http::StatusCode;
    use k8s_openapi::api::core::v1::ConfigMap;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::{Value, json};

    fn condition(type_: &str, status: bool, reason: &str, message: &str) -> Condition {
        Condition {
            type_: type_.into(),
            status: if status { "True" } else { "False" }.into(),
            reason: reason.into(),
            message: message.into(),
            observed_generation: None,
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
        }
    }

    /// Type, reason and note of each.
    fn told(events: Vec<Event>) -> Vec<(bool, String, String)> {
        let told = |event: Event| (event.type_ == EventType::Warning, event.reason, event.note.unwrap_or_default());
        events.into_iter().map(told).collect()
    }

    fn tell(warning: bool, reason: &str, note: &str) -> (bool, String, String) {
        (warning, reason.into(), note.into())
    }

    #[test]
    fn what_stays_as_it_was_is_not_told_again() {
        let conditions = [
            condition("Ready", true, "Ready", "fine"),
            condition("Drifted", true, "ChangedOutside", "db"),
            condition("Degraded", true, "Unreadable", "db"),
            condition("Stalled", true, "AccessDenied", "db"),
        ];
        assert_eq!(told(transitions(&conditions, &conditions)), []);
        assert_eq!(transitions(&[], &conditions).len(), 4);
    }

    #[test]
    fn an_object_that_comes_up_is_told_once_it_is_ready() {
        let waiting =
            [condition("Ready", false, "Settling", "creating"), condition("Reconciling", true, "Reconciling", "")];
        let ready = [condition("Ready", true, "Ready", "everything is as wished")];
        assert_eq!(told(transitions(&[], &waiting)), []);
        assert_eq!(told(transitions(&waiting, &ready)), [tell(false, "Ready", "everything is as wished")]);
        assert_eq!(told(transitions(&ready, &waiting)), []);
    }

    #[test]
    fn what_stalls_an_object_is_told_with_its_reason_and_when_it_changes() {
        let stalled = |reason, message| [condition("Stalled", true, reason, message)];
        for reason in [reason::APPROVAL_REQUIRED, reason::MISSING, reason::QUOTA] {
            assert_eq!(told(transitions(&[], &stalled(reason, "m"))), [tell(true, reason, "m")]);
        }
        let (first, second) = (stalled(reason::QUOTA, "40 databases"), stalled(reason::QUOTA, "20 rules"));
        assert_eq!(told(transitions(&first, &second)), [tell(true, reason::QUOTA, "20 rules")]);
        assert_eq!(told(transitions(&first, &[condition("Stalled", false, "Done", "")])), []);
    }

    #[test]
    fn drift_is_told_when_found_and_when_repaired() {
        let drifted = [condition("Drifted", true, "ChangedOutside", "changed outside Terrace: db: instanceClass")];
        let mended = [condition("Drifted", false, "AsWished", "nothing was changed")];
        let found = tell(true, "DriftFound", "changed outside Terrace: db: instanceClass");
        assert_eq!(told(transitions(&mended, &drifted)), [found]);
        let repaired = tell(false, "DriftRepaired", "repaired what was changed outside Terrace: db: instanceClass");
        assert_eq!(told(transitions(&drifted, &mended)), [repaired]);
    }

    #[test]
    fn a_note_is_cut_at_a_character_and_never_too_long() {
        let note = created(&"ä".repeat(2_000)).note.expect("a note");
        assert!(note.len() <= MOST && note.len() > MOST - 4 && note.ends_with('…'), "{}", note.len());
        assert_eq!(stalled(&"R".repeat(200), "").reason.len(), MOST_REASON);
    }

    fn inventory(entries: Value) -> Inventory {
        let mut entries = entries.as_array().cloned().expect("a list");
        for entry in &mut entries {
            let id = entry["id"].clone();
            let more = json!({"kind": "t/Thing", "place": {"environment": "prod", "region": "eu-west-1"}, "name": id,
                              "state": "Ready"});
            let fields = entry.as_object_mut().expect("an entry");
            for (key, value) in more.as_object().cloned().unwrap_or_default() {
                fields.insert(key, value);
            }
            fields.entry("onDelete").or_insert("Delete".into());
        }
        serde_json::from_value(entries.into()).expect("an inventory")
    }

    const MADE: &str = "2026-01-01T00:00:00Z";

    #[test]
    fn each_change_of_the_inventory_is_told_once_for_all_it_concerns() {
        let before = inventory(json!([
            {"id": "db", "handle": "h", "created": MADE, "applied": "1"},
            {"id": "group", "handle": "h", "created": MADE, "applied": "1"},
            {"id": "kept", "handle": "h", "created": MADE, "onDelete": "Retain"},
            {"id": "never", "created": null},
            {"id": "old", "handle": "h", "created": MADE},
            {"id": "reader"}, {"id": "rule"},
        ]));
        let after = inventory(json!([
            {"id": "db", "handle": "h", "created": MADE, "applied": "2"},
            {"id": "group", "handle": "h", "created": MADE, "applied": "1"},
            {"id": "group", "incarnation": 2, "handle": "h", "created": MADE},
            {"id": "reader", "handle": "h", "created": MADE, "applied": "1"},
            {"id": "rule", "handle": "h", "created": MADE},
        ]));
        let expected = [
            tell(false, "Created", "created reader (t/Thing reader), rule (t/Thing rule)"),
            tell(false, "Updated", "updated db (t/Thing db)"),
            tell(false, "Replaced", "replaced group (t/Thing group)"),
            tell(false, "Deleted", "deleted old (t/Thing old)"),
            tell(false, "Retained", "left in place kept (t/Thing kept)"),
        ];
        assert_eq!(told(changes(&before, &after)), expected);
        assert_eq!(told(changes(&after, &after)), []);
    }

    #[test]
    fn an_older_incarnation_that_goes_is_deleted_whatever_its_policy() {
        let both = inventory(json!([
            {"id": "db", "handle": "h", "created": MADE, "onDelete": "Retain"},
            {"id": "db", "incarnation": 2, "handle": "i", "created": MADE, "onDelete": "Retain"},
        ]));
        let new =
            inventory(json!([{"id": "db", "incarnation": 2, "handle": "i", "created": MADE, "onDelete": "Retain"}]));
        assert_eq!(told(changes(&both, &new)), [tell(false, "Deleted", "deleted db (t/Thing db)")]);
        assert_eq!(
            told(changes(&new, &Inventory::default())),
            [tell(false, "Retained", "left in place db (t/Thing db)")]
        );
    }

    /// An API server that takes Events and answers 500 to the first.
    async fn api() -> (Client, Arc<Mutex<Vec<Value>>>) {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let log = taken.clone();
        let take = move |body: String| {
            let mut log = log.lock().expect("nobody panicked");
            log.push(serde_json::from_str(&body).expect("JSON"));
            let code = if log.len() == 1 { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::CREATED };
            std::future::ready((code, body))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let path = "/apis/events.k8s.io/v1/namespaces/shop/events";
        let router = axum::Router::new().route(path, axum::routing::post(take));
        tokio::spawn(axum::serve(listener, router).into_future());
        let config = kube::Config::new(url.parse().expect("a URL"));
        (Client::try_from(config).expect("a client"), taken)
    }

    #[tokio::test]
    async fn every_event_is_sent_with_its_own_note_though_one_fails() {
        let (client, taken) = api().await;
        let object: ConfigMap =
            serde_json::from_value(json!({"metadata": {"name": "orders", "namespace": "shop", "uid": "1"}}))
                .expect("an object");
        let stalled = |message| [condition("Stalled", true, reason::QUOTA, message)];
        let events = Events::new(client, "terrace-0");
        for message in ["one", "two", "three"] {
            events.transitions(&object, &[], &stalled(message)).await;
        }
        let taken = taken.lock().expect("nobody panicked");
        let said: Vec<_> = taken.iter().map(|event| (event["reason"].clone(), event["note"].clone())).collect();
        assert_eq!(said, ["one", "two", "three"].map(|note| (json!(reason::QUOTA), json!(note))));
        let first = |field: &str| taken[0][field].as_str().unwrap_or_default();
        assert_eq!((first("reportingController"), first("reportingInstance")), ("terrace", "terrace-0"));
        assert_eq!((&taken[0]["regarding"]["uid"], first("type")), (&json!("1"), "Warning"));
        assert_eq!(taken[0]["metadata"]["annotations"], Value::Null, "there is no trace");
    }
}
