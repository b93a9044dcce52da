//! Worlds to draw, for tests: the web example, and one of forty objects in several namespaces and Environments.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use terrace_crds::{DeletionPolicy, EnvironmentPin, GrantAccess, ResourceEntry, ResourcePlace, TierStatus, Time};
use terrace_model::Val;
use terrace_tiers::samples::{Member, web_example};
use terrace_tiers::{ObjectKey, Use};

use crate::{Environment, Object, World};

/// The conditions of a status, of which these hold.
pub fn conditions(holds: &[&str]) -> Vec<Condition> {
    let condition = |type_: &str| Condition {
        type_: type_.into(),
        status: if holds.contains(&type_) { "True" } else { "False" }.into(),
        reason: format!("{type_}Reason"),
        message: format!("what {type_} says"),
        observed_generation: Some(1),
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
    };
    ["Ready", "Reconciling", "Stalled", "Drifted", "Degraded"].map(condition).into()
}

/// An object of the Environment `prod` in which these conditions hold.
pub fn object(kind: &str, namespace: &str, name: &str, holds: &[&str]) -> Object {
    Object {
        key: ObjectKey::new(kind, namespace, name),
        created: None,
        generation: 1,
        deleting: false,
        paused: false,
        status: TierStatus {
            observed_generation: 1,
            conditions: conditions(holds),
            environment: Some(EnvironmentPin { name: "prod".into(), uid: "uid-prod".into() }),
            ..TierStatus::default()
        },
        uses: Vec::new(),
        events: Vec::new(),
    }
}

/// A reference to an object, to read its data.
pub fn used(field: &str, target: ObjectKey) -> Use {
    Use {
        field: field.into(),
        target,
        access: GrantAccess::Read,
        binding: None,
        needs: &[],
        until: None,
        security_group: None,
        principal: None,
    }
}

/// An inventory in which everything is Ready, from ids and kinds.
pub fn resources(all: &[(&str, &str)]) -> Vec<ResourceEntry> {
    let resource = |(id, kind): &(&str, &str)| ResourceEntry {
        id: (*id).into(),
        kind: (*kind).into(),
        place: ResourcePlace { environment: "prod".into(), region: "eu-west-1".into() },
        name: None,
        handle: None,
        incarnation: 1,
        remade: 0,
        depends_on: Vec::new(),
        on_delete: DeletionPolicy::Delete,
        state: "Ready".into(),
        reason: None,
        message: None,
        keys: BTreeMap::new(),
        address: None,
        created: None,
        restore_from: None,
        approved: None,
        applied: None,
    };
    all.iter().map(resource).collect()
}

/// An Environment that is Ready.
pub fn environment(name: &str, account: &str, region: &str) -> Environment {
    Environment {
        name: name.into(),
        uid: format!("uid-{name}"),
        account: account.into(),
        region: region.into(),
        cluster: name.into(),
        vpc: Some("vpc-0a1b2c3d4e5f60718".into()),
        generation: 1,
        observed_generation: 1,
        deleting: false,
        conditions: conditions(&["Ready"]),
    }
}

/// What only AWS can say of the example's tiers, by kind and output.
const SEEN: &[(&str, &str, &str)] = &[
    ("CacheTier", "port", "6379"),
    ("CacheTier", "engineVersion", "8.0"),
    ("DataTier", "port", "5432"),
    ("DataTier", "engineVersion", "17.5"),
];

/// The five tiers of `examples/web`, all of them Ready.
pub fn web() -> World {
    let members = web_example();
    World {
        environments: vec![environment("prod", "111122223333", "eu-west-1")],
        objects: members.iter().map(|member| of_member(member, &members)).collect(),
    }
}

fn of_member(member: &Member, all: &[Member]) -> Object {
    let ObjectKey { kind, namespace, name } = &member.key;
    let mut made = object(kind, namespace, name, &["Ready"]);
    let expanded = member.expand(all);
    let nodes: Vec<_> = expanded.graph.nodes().iter().map(|(id, node)| (id.as_str(), node.kind.as_str())).collect();
    made.status.resources = resources(&nodes);
    made.status.users = expanded.users.into_iter().map(|(user, _)| user).collect();
    for (output, value) in &member.outputs {
        let Val::Known(value) = value else { continue };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        made.status.outputs.insert((*output).into(), text);
    }
    let seen = SEEN.iter().filter(|(of, ..)| of == kind);
    made.status.outputs.extend(seen.map(|(_, output, text)| ((*output).to_owned(), (*text).to_owned())));
    made.uses = member.uses.clone();
    made
}

/// The example again, each tier in another state.
pub fn web_in_trouble() -> World {
    let mut world = web();
    let states = [&["Ready", "Drifted"][..], &["Reconciling"], &["Ready", "Degraded"], &["Ready"], &["Stalled"]];
    for (object, holds) in world.objects.iter_mut().zip(states) {
        object.status.conditions = conditions(holds);
    }
    let set = |object: &mut Object, type_: &str, reason: &str| {
        let condition = object.status.conditions.iter_mut().find(|condition| condition.type_ == type_);
        condition.expect("the condition").reason = reason.into();
    };
    set(&mut world.objects[0], "Drifted", "ChangedOutside");
    set(&mut world.objects[1], "Ready", "Settling");
    set(&mut world.objects[2], "Degraded", "Unreadable");
    set(&mut world.objects[4], "Stalled", "ApprovalRequired");
    world.objects[4].status.users.clear();
    world
}

/// Forty objects: what three Environments and four namespaces hold, one object without an Environment, one reference to
/// what is not there, one restore, and every state.
pub fn forty() -> World {
    let environments = vec![
        environment("prod", "111122223333", "eu-west-1"),
        environment("prod-us", "111122223333", "us-east-1"),
        environment("staging", "444455556666", "eu-west-1"),
    ];
    let mut world = World { environments, objects: Vec::new() };
    for namespace in ["shop", "payments", "search"] {
        team(&mut world, "prod", namespace);
    }
    team(&mut world, "prod-us", "shop-us");
    for name in ["events", "ledger", "invoices-of-the-last-seven-years", "archive"] {
        world.objects.push(pinned("prod", "DataTier", "payments", name));
    }
    let stage = [
        ("WebApp", "web"),
        ("WebApp", "admin"),
        ("WebApp", "worker"),
        ("DataTier", "orders"),
        ("DataTier", "catalogue"),
        ("CacheTier", "sessions"),
        ("ObjectTier", "assets"),
        ("ObjectTier", "exports"),
    ];
    world.objects.extend(stage.map(|(kind, name)| pinned("staging", kind, "staging", name)));
    trouble(&mut world);
    wire(&mut world);
    admit(&mut world);
    world
}

/// Seven objects of one team: an edge before two apps, which share a database, a cache and a bucket.
fn team(world: &mut World, environment: &str, namespace: &str) {
    let kinds = ["EdgeTier", "WebApp", "WebApp", "DataTier", "DataTier", "CacheTier", "ObjectTier"];
    let names = ["front", "web", "api", "orders", "catalogue", "sessions", "assets"];
    world.objects.extend(kinds.iter().zip(names).map(|(kind, name)| pinned(environment, kind, namespace, name)));
}

fn pinned(environment: &str, kind: &str, namespace: &str, name: &str) -> Object {
    let mut made = object(kind, namespace, name, &["Ready"]);
    made.status.environment = Some(EnvironmentPin { name: environment.into(), uid: format!("uid-{environment}") });
    let of = |all: &[(&str, &str)]| all.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let (nodes, outputs): (&[_], BTreeMap<_, _>) = match kind {
        "EdgeTier" => (&[("records", "route53/RecordSet"), ("cdn", "cloudfront/Distribution")], of(&[])),
        "WebApp" => (
            &[("lb", "elbv2/LoadBalancer"), ("to", "elbv2/TargetGroup"), ("workload", "kubernetes/Deployment")],
            of(&[("listenerPort", "80"), ("listenerProtocol", "HTTP"), ("loadBalancerScheme", "Internal")]),
        ),
        "DataTier" => (&[("db", "rds/DbInstance")], of(&[("bindingType", "postgresql"), ("port", "5432")])),
        "CacheTier" => (
            &[("cache", "elasticache/ReplicationGroup")],
            of(&[("bindingType", "valkey"), ("port", "6379"), ("tls", "true")]),
        ),
        _ => (&[("bucket", "s3/Bucket")], of(&[])),
    };
    made.status.resources = resources(nodes);
    made.status.outputs = outputs;
    made
}

fn trouble(world: &mut World) {
    let all = &mut world.objects;
    let states = [(1, "Reconciling"), (4, "Stalled"), (9, "Degraded"), (12, "Drifted"), (16, "Stalled")];
    for (index, holds) in states {
        let works = matches!(holds, "Degraded" | "Drifted").then_some("Ready");
        all[index].status.conditions = conditions(&[holds].into_iter().chain(works).collect::<Vec<_>>());
    }
    all[18].paused = true;
    all[25].deleting = true;
    all[26].status = TierStatus::default();
    // A worker has no load balancer; a stage is open to the world.
    all[34].status.resources.remove(0);
    all[32].status.outputs.insert("loadBalancerScheme".into(), "InternetFacing".into());
}

fn wire(world: &mut World) {
    let index: BTreeMap<(String, String), Vec<ObjectKey>> =
        world.objects.iter().fold(BTreeMap::new(), |mut all, one| {
            let namespace = one.key.namespace.clone();
            all.entry((namespace, one.key.kind.clone())).or_default().push(one.key.clone());
            all
        });
    let none = Vec::new();
    for object in &mut world.objects {
        let all = |kind: &str| index.get(&(object.key.namespace.clone(), kind.to_owned())).unwrap_or(&none).iter();
        let read = |key: &ObjectKey| used("spec.origins[assets].objectTierRef", key.clone());
        object.uses = match (object.key.kind.as_str(), object.key.name.as_str()) {
            ("EdgeTier", _) => {
                let private = |key: &ObjectKey| Use { needs: &["loadBalancerArn"], ..read(key) };
                all("WebApp").map(private).chain(all("ObjectTier").map(read)).collect()
            }
            ("WebApp", "web") => {
                all("CacheTier").chain(all("ObjectTier")).chain(all("DataTier").take(1)).map(read).collect()
            }
            ("WebApp", _) => all("DataTier").take(4).map(read).collect(),
            ("DataTier", "archive") => {
                vec![Use { until: Some("none"), ..read(&ObjectKey::new("DataTier", "payments", "ledger")) }]
            }
            _ => Vec::new(),
        };
        for used in object.uses.iter_mut().filter(|used| used.target.name == "orders" && object.key.name == "api") {
            used.access = GrantAccess::ReadWrite;
        }
    }
    world.objects[34].uses.push(used("spec.bindings[queue]", ObjectKey::new("DataTier", "payments", "queue")));
}

/// Every target lists whoever refers to it, but for the first WebApp's.
fn admit(world: &mut World) {
    let uses: Vec<_> = world
        .objects
        .iter()
        .skip(2)
        .flat_map(|one| one.uses.iter().map(|used| (used.clone(), one.key.clone())))
        .collect();
    for object in &mut world.objects {
        let of = uses.iter().filter(|(used, _)| used.target == object.key);
        object.status.users = of.map(|(used, who)| used.entry(who)).collect();
    }
}
