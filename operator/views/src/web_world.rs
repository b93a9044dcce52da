//! The cluster that tests look at: a web shop behind an edge, with a database, a cache and a bucket, all of it Ready; and
//! the words to break it with.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde_json::json;
use terrace_crds::{EnvironmentPin, GrantAccess, PlanEntry, PlanSummary, ResourceEntry, TierStatus};
use terrace_tiers::{ObjectKey, Use};

use crate::{Environment, Event, Object, World};

/// What AWS says to a role that lacks a right.
pub const DENIED: &str = "User: arn:aws:sts::111122223333:assumed-role/terrace/terrace-prod is not authorized to perform: \
     rds:CreateDBSubnetGroup on resource: arn:aws:rds:eu-west-1:111122223333:subgrp:shop-orders-subnets-5d1e90ab34 because \
     no identity-based policy allows the rds:CreateDBSubnetGroup action (AccessDenied)";

/// When everything is looked at.
pub fn now() -> Timestamp {
    "2026-07-27T03:00:00Z".parse().expect("a time")
}

/// So long before that: `45s`, `12m`, `3h`, `5d`.
pub fn ago(text: &str) -> Timestamp {
    let (number, unit) = text.split_at(text.len() - 1);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => 86_400,
    };
    now() - SignedDuration::from_secs(number.parse::<i64>().expect("a number") * seconds)
}

/// `EdgeTier shop/shop` over `WebApp shop/shop`, which has `DataTier shop/orders` and `CacheTier shop/sessions`; and
/// `ObjectTier shop/assets`, which the edge serves from. All of Environment `prod`, and all Ready.
pub fn web_world() -> World {
    let data = object("DataTier shop/orders").made(&[
        ("access", "ec2/SecurityGroup", "sg-0a1b2c3d4e5f60718", &[]),
        ("parameters", "rds/DbParameterGroup", "", &[]),
        ("subnets", "rds/DbSubnetGroup", "", &[]),
        ("db", "rds/DbInstance", "", &["access", "parameters", "subnets"]),
        ("binding", "kubernetes/BindingSecret", "Secret/shop/orders-binding/1", &["db"]),
    ]);
    let cache = object("CacheTier shop/sessions").made(&[
        ("access", "ec2/SecurityGroup", "sg-0f1e2d3c4b5a69788", &[]),
        ("subnets", "elasticache/CacheSubnetGroup", "", &[]),
        ("cache", "elasticache/ReplicationGroup", "", &["access", "subnets"]),
    ]);
    let files = object("ObjectTier shop/assets")
        .made(&[("bucket", "s3/Bucket", "", &[]), ("policy", "s3/BucketPolicy", "", &["bucket"])]);
    let web = object("WebApp shop/shop")
        .made(&[
            ("role", "iam/Role", "", &[]),
            ("targets", "elbv2/TargetGroup", "", &[]),
            ("balancer", "elbv2/LoadBalancer", "", &[]),
            ("binding-db", "kubernetes/BindingSecret", "Secret/shop/shop-db/1", &[]),
            ("workload", "kubernetes/WorkloadPatch", "Deployment/shop/shop/1", &["binding-db", "role", "targets"]),
        ])
        .uses("spec.bindings[db].dataTierRef", "DataTier shop/orders", Some("db"), GrantAccess::ReadWrite)
        .uses("spec.bindings[cache].cacheTierRef", "CacheTier shop/sessions", Some("cache"), GrantAccess::ReadWrite);
    let edge = object("EdgeTier shop/shop")
        .made(&[
            ("certificate", "acm/Certificate", "arn:aws:acm:us-east-1:111122223333:certificate/6f1c", &[]),
            ("distribution", "cloudfront/Distribution", "E2QWRUHAPOMQZL", &["certificate"]),
            ("alias-shop", "route53/RecordSet", "Z0123456789/shop.example.com/A", &["distribution"]),
        ])
        .uses("spec.origins[web].webAppRef", "WebApp shop/shop", None, GrantAccess::Read)
        .uses("spec.origins[assets].objectTierRef", "ObjectTier shop/assets", None, GrantAccess::Read);
    let mut world = World { environments: vec![environment("prod")], objects: vec![cache, data, edge, files, web] };
    world.object_mut("EdgeTier shop/shop").resource("certificate").place.region = "us-east-1".into();
    world
        .objects
        .iter_mut()
        .for_each(|object| object.becomes("Ready", "True", "Ready", "everything is as wished", "4d"));
    world.admit_all();
    world
}

/// An Environment that is Ready.
pub fn environment(name: &str) -> Environment {
    Environment {
        name: name.into(),
        uid: format!("uid-{name}"),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        cluster: name.into(),
        vpc: Some("vpc-0a1b2c3d4e5f60718".into()),
        generation: 1,
        observed_generation: 1,
        deleting: false,
        conditions: vec![condition("Ready", "True", "Ready", "account, cluster and network are as they say", "30d")],
    }
}

/// An object, 5 days old, that no controller has looked at.
pub fn object(title: &str) -> Object {
    Object {
        key: key(title),
        created: Some(ago("5d")),
        generation: 1,
        deleting: false,
        paused: false,
        status: TierStatus::default(),
        uses: Vec::new(),
        events: Vec::new(),
    }
}

/// The key of `DataTier shop/orders`.
pub fn key(title: &str) -> ObjectKey {
    let (kind, rest) = title.split_once(' ').expect("a kind");
    let (namespace, name) = rest.split_once('/').expect("a namespace");
    ObjectKey::new(kind, namespace, name)
}

fn condition(type_: &str, status: &str, reason: &str, message: &str, since: &str) -> Condition {
    Condition {
        type_: type_.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        observed_generation: Some(1),
        last_transition_time: Time(ago(since)),
    }
}

/// An event that was seen so often, first and last so long ago.
pub fn event(reason: &str, message: &str, count: u32, first: &str, last: &str) -> Event {
    let type_ = if reason == "Ready" { "Normal" } else { "Warning" }.to_owned();
    let (first, last) = (Some(ago(first)), Some(ago(last)));
    Event { type_, reason: reason.into(), message: message.into(), count, request: None, first, last }
}

impl World {
    /// The object of a title, to be broken.
    pub fn object_mut(&mut self, title: &str) -> &mut Object {
        let key = key(title);
        self.objects.iter_mut().find(|object| object.key == key).expect("an object")
    }

    /// Every target lists whoever refers to it.
    pub fn admit_all(&mut self) {
        let entry = |object: &Object| {
            let who = object.key.clone();
            object.uses.iter().map(|used| (used.target.clone(), used.entry(&who))).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.objects.iter().flat_map(entry).collect();
        for object in &mut self.objects {
            let users = all.iter().filter(|(target, _)| *target == object.key).map(|(_, user)| user.clone());
            object.status.users = users.collect();
        }
    }
}

impl Environment {
    /// Not Ready, for this reason.
    pub fn fails(&mut self, reason: &str, message: &str, since: &str) {
        self.conditions = vec![
            condition("Ready", "False", reason, message, since),
            condition("Stalled", "True", reason, message, since),
        ];
    }
}

impl Object {
    /// With these resources: id, kind, handle (an ARN unless given), and the ids of what each stands on. All Ready.
    pub fn made(mut self, resources: &[(&str, &str, &str, &[&str])]) -> Self {
        let pin = EnvironmentPin { name: "prod".into(), uid: "uid-prod".into() };
        (self.status.environment, self.status.observed_generation) = (Some(pin), 1);
        self.status.operator = Some("terrace-system/terrace".into());
        for (id, kind, handle, on) in resources {
            let name = format!("{}-{}-{id}-5d1e90ab34", self.key.namespace, self.key.name);
            let arn = format!("arn:aws:{}:eu-west-1:111122223333:x:{name}", kind.split('/').next().unwrap_or_default());
            let handle = if handle.is_empty() { arn } else { (*handle).to_owned() };
            let entry = json!({"id": id, "kind": kind, "place": {"environment": "prod", "region": "eu-west-1"},
                               "name": name, "handle": handle, "dependsOn": on, "onDelete": "Delete", "state": "Ready",
                               "created": ago("5d").to_string()});
            self.status.resources.push(serde_json::from_value(entry).expect("an entry"));
        }
        self
    }

    /// That refers to another.
    pub fn uses(mut self, field: &str, target: &str, binding: Option<&str>, access: GrantAccess) -> Self {
        self.uses.push(Use {
            field: field.into(),
            target: key(target),
            access,
            binding: binding.map(Into::into),
            needs: &[],
            until: None,
            security_group: None,
            principal: None,
        });
        self
    }

    /// With a condition.
    pub fn becomes(&mut self, type_: &str, status: &str, reason: &str, message: &str, since: &str) {
        self.status.conditions.retain(|condition| condition.type_ != type_);
        self.status.conditions.push(condition(type_, status, reason, message, since));
    }

    /// Stalled, for this reason.
    pub fn stalls(&mut self, reason: &str, message: &str, since: &str) {
        self.becomes("Ready", "False", reason, message, since);
        self.becomes("Stalled", "True", reason, message, since);
        self.becomes("Reconciling", "False", "Stalled", "", since);
    }

    /// On its way, for this reason.
    pub fn reconciles(&mut self, reason: &str, message: &str, since: &str) {
        self.becomes("Ready", "False", reason, message, since);
        self.becomes("Reconciling", "True", "Reconciling", message, since);
        self.becomes("Stalled", "False", "Progressing", "", since);
    }

    /// One of its resources.
    pub fn resource(&mut self, id: &str) -> &mut ResourceEntry {
        self.status.resources.iter_mut().find(|entry| entry.id == id).expect("a resource")
    }

    /// One of its resources stands so, and why.
    pub fn has(&mut self, id: &str, state: &str, reason: &str, message: &str) {
        let entry = self.resource(id);
        (entry.state, entry.reason, entry.message) = (state.into(), Some(reason.into()), Some(message.into()));
        if state == "Intended" {
            (entry.created, entry.handle) = (None, None);
        }
    }

    /// A plan that waits for approval: id, action, data and hash of each entry.
    pub fn plans(&mut self, hash: &str, entries: &[(&str, &str, Option<&str>, &str)]) {
        let entry = |(id, action, data, hash): &(&str, &str, Option<&str>, &str)| PlanEntry {
            id: (*id).into(),
            kind: "rds/DbInstance".into(),
            action: (*action).into(),
            handle: None,
            changes: if *action == "Replace" { vec!["storageEncrypted: false → true".into()] } else { Vec::new() },
            data: data.map(Into::into),
            hash: (*hash).into(),
        };
        let summary = entries.iter().map(|(id, action, data, _)| {
            format!("{} {id}{}", action.to_lowercase(), data.map(|data| format!(", data {data}")).unwrap_or_default())
        });
        let summary = summary.collect::<Vec<_>>().join("; ");
        self.status.plan =
            Some(PlanSummary { hash: hash.into(), summary, entries: entries.iter().map(entry).collect() });
    }
}

/// The database's subnet group is refused by AWS, and what needs it waits: the app for the database, the edge for the app.
pub fn with_a_refused_database() -> World {
    let mut world = web_world();
    let data = world.object_mut("DataTier shop/orders");
    data.stalls("AccessDenied", &format!("subnets (rds/DbSubnetGroup): {DENIED}"), "12m");
    data.has("subnets", "Intended", "AccessDenied", DENIED);
    data.has("db", "Intended", "Waiting", "waiting for subnets");
    data.has("binding", "Intended", "Waiting", "waiting for db");
    data.events = vec![
        event("AccessDenied", DENIED, 1, "3d", "3d"),
        event("AccessDenied", &format!("subnets (rds/DbSubnetGroup): {DENIED}"), 3, "12m", "45s"),
    ];
    let web = world.object_mut("WebApp shop/shop");
    let waits = "spec.bindings[db].dataTierRef: waiting for DataTier shop/orders, which has no endpoint yet";
    web.reconciles("Waiting", waits, "11m");
    web.has("binding-db", "Intended", "Waiting", "waiting for DataTier/shop/orders#db");
    web.has("workload", "Intended", "Waiting", "waiting for binding-db");
    let edge = world.object_mut("EdgeTier shop/shop");
    let waits = "spec.origins[web].webAppRef: waiting for WebApp shop/shop, which has no host yet";
    edge.reconciles("Waiting", waits, "11m");
    edge.has("distribution", "Intended", "Waiting", "waiting for WebApp/shop/shop");
    world
}
