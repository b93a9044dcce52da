//! Example objects with the graphs they expand to, for the tests of every crate that walks graphs.

mod example;

use std::collections::BTreeMap;

use jiff::Timestamp;
use terrace_crds::environment::{DatabaseAccess, Exposure};
use terrace_crds::{CacheTier, DataTier, EdgeTier, ObjectTier, Progress, Time, WebApp};
use terrace_model::{Graph, Val};

use crate::facts::{Alarm, Certificate, Environment, Facts, Features, Limits, Named, Object, Subnet, User, Zone};
use crate::{ObjectKey, Objects, Reference, ReferenceKind, Tier, Use};
pub use example::{Expanded, Member, Outputs, web_apps_that_share_targets, web_example};

macro_rules! manifests {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../tests/manifests/", $name, ".yaml")))),*]
    };
}

/// The manifests of DataTiers under `tests/manifests`, by name.
pub const MANIFESTS: &[(&str, &str)] = manifests![
    "aurora-autoscaling",
    "aurora-mysql",
    "aurora-postgresql",
    "aurora-proxy",
    "aurora-serverless",
    "every-option",
    "iam-shared",
    "mariadb",
    "multi-az-cluster",
    "mysql",
    "point-in-time",
    "point-in-time-of-tier",
    "proxy",
    "proxy-shared",
    "replicas",
    "restore-snapshot",
    "retain",
    "shared",
    "single-az",
    "smallest",
];

/// The manifests of CacheTiers under `tests/manifests`, by name.
pub const CACHE_MANIFESTS: &[(&str, &str)] = manifests![
    "cache-cluster-mode",
    "cache-data-tiering",
    "cache-every-option",
    "cache-memcached",
    "cache-memcached-serverless",
    "cache-one-shard-cluster",
    "cache-open",
    "cache-redis-6",
    "cache-restore",
    "cache-retain",
    "cache-serverless",
    "cache-serverless-restore",
    "cache-shared",
    "cache-single-az",
    "cache-smallest",
    "cache-token",
];

/// The manifests of EdgeTiers under `tests/manifests`, by name.
pub const EDGE_MANIFESTS: &[(&str, &str)] = manifests![
    "edge-count",
    "edge-create-zone",
    "edge-dns-elsewhere",
    "edge-every-option",
    "edge-failover",
    "edge-geolocation",
    "edge-latency",
    "edge-origins",
    "edge-own-name",
    "edge-retain",
    "edge-shield",
    "edge-single-page",
    "edge-smallest",
    "edge-weighted",
];

/// The manifests of ObjectTiers under `tests/manifests`, by name.
pub const OBJECT_MANIFESTS: &[(&str, &str)] = manifests![
    "object-every-option",
    "object-kms",
    "object-named",
    "object-retain",
    "object-shared",
    "object-smallest",
];

/// The manifests of WebApps under `tests/manifests`, by name.
pub const WEB_MANIFESTS: &[(&str, &str)] = manifests![
    "web-auto-mode",
    "web-blue-green",
    "web-bound",
    "web-canary",
    "web-every-option",
    "web-fargate",
    "web-irsa",
    "web-network",
    "web-smallest",
    "web-template",
    "web-tls",
    "web-within",
    "web-workload",
];

/// The steps of a rollout, each a graph of the manifest `web-canary`: name, and step in `status.progress`.
pub const ROLLOUT_STEPS: &[(&str, &str)] = &[
    ("web-canary-1-clearing", "Clearing"),
    ("web-canary-2-preparing", "Preparing"),
    ("web-canary-3-warming", "Warming"),
    ("web-canary-4-step", "Step 1: 10%"),
    ("web-canary-5-switched", "Switched"),
    ("web-canary-6-returning", "Returning: alarm shop-errors: 5 of 5 datapoints"),
    ("web-canary-7-rolled-back", "RolledBack: alarm shop-errors: 5 of 5 datapoints"),
];

/// Every manifest with the graph that it expands to, and the graphs of a rollout's steps.
///
/// # Panics
/// When a manifest is invalid, which the tests of this crate rule out.
pub fn samples() -> Vec<(&'static str, Graph)> {
    let databases = MANIFESTS.iter().map(|(name, yaml)| (*name, expand(name, &data_tier(yaml))));
    let caches = CACHE_MANIFESTS.iter().map(|(name, yaml)| (*name, expand(name, &cache_tier(yaml))));
    let apps = WEB_MANIFESTS.iter().map(|(name, yaml)| (*name, expand(name, &web_app(yaml))));
    let steps = ROLLOUT_STEPS.iter().map(|(name, step)| (*name, rollout_step(step)));
    let buckets = OBJECT_MANIFESTS.iter().map(|(name, yaml)| (*name, expand(name, &object_tier(yaml))));
    let edges = EDGE_MANIFESTS.iter().map(|(name, yaml)| (*name, expand(name, &edge_tier(yaml))));
    databases.chain(caches).chain(buckets).chain(edges).chain(apps).chain(steps).collect()
}

/// One that reads and writes, one that reads, and for a bucket what CloudFront reads on behalf of.
fn users(name: &str) -> Vec<User> {
    let mut reader = user("web", "portal");
    reader.who.access = terrace_crds::UserAccess::ReadOnly;
    let edge = name.starts_with("object").then(|| edge("shop", "shop"));
    [user("shop", "shop"), reader].into_iter().chain(edge).collect()
}

/// The graph of one step of a rollout.
fn rollout_step(step: &str) -> Graph {
    let (_, yaml) = WEB_MANIFESTS.iter().find(|(name, _)| *name == "web-canary").expect("it is listed");
    let app = web_app(yaml);
    let mut facts = facts(&app);
    facts.made = ["workload".to_owned()].into();
    facts.progress = vec![progress("rollout", step, "new"), progress("stable", "a", "old")];
    app.expand(&facts).unwrap_or_else(|invalid| panic!("{step}: {invalid}"))
}

/// An entry of `status.progress`.
pub fn progress(procedure: &str, step: &str, hash: &str) -> Progress {
    Progress {
        procedure: procedure.into(),
        step: step.into(),
        since: Time(Timestamp::UNIX_EPOCH),
        input_hash: hash.into(),
    }
}

fn expand(name: &str, tier: &impl Tier) -> Graph {
    let mut facts = facts(tier);
    let features = &mut facts.environment.features;
    match name {
        "web-auto-mode" => features.target_group_binding = Some("eks.amazonaws.com/v1".into()),
        "web-irsa" => features.pod_identity = false,
        _ if name.ends_with("shared") => facts.users = users(name),
        _ => {}
    }
    tier.expand(&facts).unwrap_or_else(|invalid| panic!("{name}: {invalid}"))
}

/// Reads a manifest.
///
/// # Panics
/// When it is no DataTier.
pub fn data_tier(yaml: &str) -> DataTier {
    serde_saphyr::from_str(yaml).expect("a DataTier")
}

/// Reads a manifest.
///
/// # Panics
/// When it is no CacheTier.
pub fn cache_tier(yaml: &str) -> CacheTier {
    serde_saphyr::from_str(yaml).expect("a CacheTier")
}

/// Reads a manifest.
///
/// # Panics
/// When it is no EdgeTier.
pub fn edge_tier(yaml: &str) -> EdgeTier {
    serde_saphyr::from_str(yaml).expect("an EdgeTier")
}

/// Reads a manifest.
///
/// # Panics
/// When it is no ObjectTier.
pub fn object_tier(yaml: &str) -> ObjectTier {
    serde_saphyr::from_str(yaml).expect("an ObjectTier")
}

/// Reads a manifest.
///
/// # Panics
/// When it is no WebApp.
pub fn web_app(yaml: &str) -> WebApp {
    serde_saphyr::from_str(yaml).expect("a WebApp")
}

/// Facts of a public Environment in three zones, in which everything that the object names exists and is its namespace's,
/// every object that it refers to has admitted it, and no alarm fires. Logs, queues and buckets named after the
/// namespace may be used, and names under example.com claimed.
pub fn facts<T: Tier>(tier: &T) -> Facts {
    let mut environment = environment();
    environment.limits.allow = [
        "arn:aws:logs:*:log-group:/shop/*",
        "arn:aws:firehose:*:deliverystream/shop-*",
        "arn:aws:sqs:*:111122223333:shop-*",
        "arn:aws:logs:*:log-group:aws-waf-logs-shop*",
        "arn:aws:s3:::shop-*",
    ]
    .map(str::to_owned)
    .into();
    environment.limits.exposure = Exposure::Public;
    environment.limits.hostnames = ["example.com", "*.example.com", "*.shop.example.com"].map(str::to_owned).into();
    let meta = tier.meta();
    let objects = objects(tier, &environment);
    Facts {
        object: Object {
            namespace: meta.namespace.clone().unwrap_or_else(|| "shop".into()),
            name: meta.name.clone().unwrap_or_else(|| "orders".into()),
            uid: "0d9b1e6c-5b0f-4f0e-9a3e-0c8f3f6f2a11".into(),
        },
        now: Timestamp::UNIX_EPOCH,
        users: Vec::new(),
        progress: Vec::new(),
        named: tier
            .references(&objects)
            .into_iter()
            .map(|reference| (reference.text.clone(), named(&reference, &environment)))
            .collect(),
        objects,
        made: Default::default(),
        ready: Default::default(),
        looked: true,
        alarms: tier.alarms().into_iter().map(|name| (name, Alarm::Ok)).collect(),
        targets: Default::default(),
        parameters: None,
        environment,
    }
}

/// What a reference leads to: the zone example.com, a certificate of all names that may be claimed.
fn named(reference: &Reference, environment: &Environment) -> Named {
    let zone = Zone { id: "Z0123456789ABCDEFGHIJ".into(), name: "example.com".into(), name_servers: String::new() };
    let certificate =
        Certificate { domains: environment.limits.hostnames.iter().cloned().collect(), status: "ISSUED".into() };
    Named {
        arn: reference.arn(environment),
        namespace: Some("shop".into()),
        zone: (reference.kind == ReferenceKind::HostedZone).then_some(zone),
        certificate: (reference.kind == ReferenceKind::Certificate).then_some(certificate),
        ..Named::default()
    }
}

/// Every output that the object needs of others.
fn objects(tier: &impl Tier, environment: &Environment) -> Objects {
    let output = |target: &ObjectKey, output: &str| {
        let name = format!("{}-{}", target.namespace, target.name);
        (output.to_owned(), environment.arn("rds", &format!("db:{name}")))
    };
    let outputs = |used: Use| (used.source(), used.needs.iter().map(|needed| output(&used.target, needed)).collect());
    tier.uses().into_iter().map(outputs).collect()
}

/// An Environment with a private and a public subnet in each of three zones.
pub fn environment() -> Environment {
    let subnets = |first: u32| {
        let subnet = |(number, zone): (u32, char)| Subnet {
            id: format!("subnet-0a1b2c3d4e5f607{:02x}", first + number),
            zone: format!("eu-west-1{zone}"),
        };
        (0..).zip(['a', 'b', 'c']).map(subnet).collect()
    };
    Environment {
        name: "prod".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        partition: "aws".into(),
        cluster: "prod".into(),
        cluster_security_group: "sg-0c1a5e2b3d4f60718".into(),
        vpc_id: "vpc-0a1b2c3d4e5f60718".into(),
        vpc_cidr: "10.0.0.0/16".into(),
        private_subnets: subnets(0x10),
        public_subnets: subnets(0x20),
        permissions_boundary: Some("arn:aws:iam::111122223333:policy/boundary".into()),
        tags: BTreeMap::from([("cost-centre".to_owned(), "4711".to_owned())]),
        limits: Limits::default(),
        database_access: DatabaseAccess::Managed,
        features: Features {
            oidc_issuer: Some("https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F60718".into()),
            oidc_provider: Some(
                "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F60718".into(),
            ),
            pod_identity: true,
            target_group_binding: Some("elbv2.k8s.aws/v1beta1".into()),
        },
    }
}

/// An object of kind EdgeTier that uses the tier: a distribution, which has no security group.
pub fn edge(namespace: &str, name: &str) -> User {
    User {
        who: terrace_crds::User {
            kind: "EdgeTier".into(),
            namespace: namespace.into(),
            name: name.into(),
            binding: None,
            access: terrace_crds::UserAccess::ReadOnly,
            outputs: BTreeMap::new(),
        },
        security_group: None,
        principal: Some(Val::of_object(format!("EdgeTier/{namespace}/{name}"), "distributionArn")),
    }
}

/// An object of kind WebApp that uses the tier, with a security group that is an output of its own.
pub fn user(namespace: &str, name: &str) -> User {
    User {
        who: terrace_crds::User {
            kind: "WebApp".into(),
            namespace: namespace.into(),
            name: name.into(),
            binding: Some("db".into()),
            access: terrace_crds::UserAccess::ReadWrite,
            outputs: BTreeMap::new(),
        },
        security_group: Some(Val::of_object(format!("WebApp/{namespace}/{name}"), "securityGroupId")),
        principal: Some(Val::of_object(format!("WebApp/{namespace}/{name}"), "roleArn")),
    }
}
