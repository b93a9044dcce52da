//! Manifests as users write them, read into the types.

use crate::support::Judge;
use serde_json::{Value, json};
use terrace_crds::{
    CacheTier, DataTier, DeletionPolicy, EdgeTier, Environment, KINDS, ObjectTier, TierGrant, TierObject, WebApp,
    cache_tier, data_tier, edge_tier, environment, object_tier, web_app, windows,
};

const ENVIRONMENT: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: Environment
metadata: { name: prod }
spec:
  account: "111122223333"
  region: eu-west-1
  identity:
    type: AssumeRole
    assumeRole: { arn: "arn:aws:iam::111122223333:role/terrace", externalId: 7f0c }
  cluster: { name: prod }
  network:
    vpcId: vpc-0a1b2c3d4e5f60718
    privateSubnets: { ids: [subnet-0a1b2c3d4e5f60718, subnet-0a1b2c3d4e5f60719] }
    publicSubnets:  { tags: { kubernetes.io/role/elb: "1" } }
  regions: []
  namespaces: { matchLabels: { terrace.dev/environment: prod } }
  databaseAccess: Managed
  limits:
    kinds: [DataTier, CacheTier, WebApp, EdgeTier]
    exposure: Public
    hostnames: ["*.shop.example.com", "shop.example.com"]
    allow: [ { namespaces: { matchLabels: { team: shop } }, arns: ["arn:aws:s3:::legacy-assets"] } ]
    monthlyCostUSD: 2500
  permissionsBoundary: arn:aws:iam::111122223333:policy/boundary
  tags: { cost-centre: "4711" }
"#;

const DATA_TIER: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: DataTier
metadata: { name: orders, namespace: shop }
spec:
  engine: postgres
  engineVersion: "17"
  instanceClass: db.r8g.large
  storage: { size: 400Gi, maxSize: 1Ti, type: gp3, iops: 12000 }
  availability: MultiAZ
  replicas: { count: 2, instanceClass: db.r8g.large }
  databaseName: orders
  credentials: { management: Terrace, rotateEveryDays: 30, iamAuthentication: Allowed }
  backup: { retentionDays: 7, window: "02:00-03:00" }
  maintenance: { window: "sun:03:00-sun:04:00", apply: InWindow, minorVersions: Automatic }
  encryption: { kmsKeyId: alias/orders }
  parameters: { log_min_duration_statement: "500" }
  monitoring: { databaseInsights: Standard, enhancedIntervalSeconds: 60, exportLogs: [postgresql] }
  proxy: { mode: None }
  restoreFrom: { pointInTime: { source: orders-old, time: "2026-07-01T10:00:00Z" } }
"#;

const AURORA: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: DataTier
metadata: { name: orders, namespace: shop }
spec:
  engine: aurora-postgresql
  engineVersion: "17"
  serverless: { minCapacity: 0.5, maxCapacity: 16 }
  replicas: { autoscaling: { min: 1, max: 5, cpuPercent: 60 } }
"#;

const CACHE_TIER: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: CacheTier
metadata: { name: sessions, namespace: shop }
spec:
  engine: redis
  engineVersion: "7.1"
  nodeType: cache.r7g.large
  shards: 3
  replicasPerShard: 2
  availability: MultiAZ
  encryption: { inTransit: Required, atRest: Enabled, kmsKeyId: alias/cache }
  authentication: Token
  snapshots: { retentionDays: 14, window: "01:00-02:00" }
  parameters: { maxmemory-policy: allkeys-lru }
  maintenance: { window: "sat:03:00-sat:04:00", apply: Immediately, minorVersions: Manual }
  restoreFrom: { snapshot: before-the-move }
  logs: [{ type: slow-log, format: JSON, logGroup: /shop/sessions }]
"#;

const SERVERLESS: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: CacheTier
metadata: { name: sessions, namespace: shop }
spec:
  engine: valkey
  engineVersion: "8"
  serverless: { maxStorage: 10Gi, maxECPUPerSecond: 5000 }
"#;

const OBJECT_TIER: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: ObjectTier
metadata: { name: assets, namespace: shop }
spec:
  bucketName: example-shop-assets
  versioning: Enabled
  encryption: { type: SSE-KMS, kmsKeyId: alias/objects, bucketKey: Enabled }
  lifecycle:
    - name: old-logs
      filter: { prefix: logs/, tags: { class: log } }
      transitions: [{ afterDays: 30, storageClass: STANDARD_IA }, { afterDays: 90, storageClass: GLACIER }]
      expireAfterDays: 365
      noncurrent: { expireAfterDays: 30, keepNewest: 3 }
  abortIncompleteUploadsAfterDays: 3
  intelligentTiering: { prefix: images/, archiveAfterDays: 90, deepArchiveAfterDays: 180 }
  transferAcceleration: Enabled
  cors: [{ allowedOrigins: ["https://www.example.com"], allowedMethods: [GET, HEAD], maxAgeSeconds: 600 }]
  objectLock: { mode: Governance, retentionDays: 30 }
  accessLogs: { bucket: shop-logs, prefix: assets/ }
  deletionPolicy: Delete
  onDelete: { contents: Delete }
"#;

const WEB_APP: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: WebApp
metadata: { name: shop, namespace: shop }
spec:
  image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1.4.2
  port: 8080
  runOn: Fargate
  replicas: { min: 3, max: 30, cpuPercent: 60 }
  resources: { requests: { cpu: 500m, memory: 512Mi } }
  health: { path: /healthz }
  expose: { scheme: Internal, protocol: HTTP, path: / }
  rollout: { strategy: Rolling }
  bindings:
    - { name: db,    dataTierRef:  { name: orders }, access: ReadWrite }
    - { name: cache, cacheTierRef: { name: sessions } }
  permissions: []
"#;

const WEB_APP_OF_A_TEMPLATE: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: WebApp
metadata: { name: shop, namespace: shop }
spec:
  template:
    metadata: { labels: { team: shop } }
    spec:
      containers: [ { name: app, image: "shop:1", securityContext: { runAsUser: 1000 }, whatever: { is: [ new ] } } ]
  rollout: { strategy: Canary, steps: [ { weight: 10, pauseSeconds: 60 } ], alarm: { name: shop-errors } }
"#;

const WEB_APP_OF_A_WORKLOAD: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: WebApp
metadata: { name: shop, namespace: shop }
spec:
  workloadRef: { apiVersion: apps/v1, kind: Deployment, name: shop, container: app }
  bindings: [ { name: assets, objectTierRef: { name: assets }, access: ReadOnly } ]
"#;

const EDGE_TIER: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: EdgeTier
metadata: { name: shop, namespace: shop }
spec:
  hostnames: [shop.example.com, www.shop.example.com]
  zone: { policy: Use, name: example.com }
  origins:
    - { name: web,    webAppRef: { name: shop } }
    - { name: assets, objectTierRef: { name: assets } }
    - { name: legacy, host: old.example.net, protocol: HTTPSOnly }
  routes:
    - { path: /assets/*, origin: assets, cache: { defaultTTLSeconds: 86400 }, compression: Automatic }
    - { path: /api/*,    origin: web, methods: All, cache: { keys: { headers: [Authorization], queryStrings: All } } }
    - { path: "/*",      origin: web, cache: Disabled }
  functions: [ { event: ViewerRequest, code: "function handler(event) { return event.request; }" } ]
  firewall:
    managedRules: [Common, KnownBadInputs, SQLInjection, IPReputation]
    rateLimit: { requests: 2000, periodSeconds: 300 }
    rules: [ { name: office, action: Allow, match: { ip: [203.0.113.0/24] } }, { name: no-debug, action: Block, match: { queryString: { contains: debug=1 } } }, { name: no-bots, action: Block, match: { header: { name: x-bot, exact: "1" } } } ]
    mode: Enforce
  shield: Standard
  routing: { policy: Simple }
  healthChecks: [ { path: /healthz, intervalSeconds: 30, failureThreshold: 3 } ]
  tls: { minimumVersion: TLSv1.2_2021 }
  logs: { bucket: shop-logs }
  priceClass: All
"#;

const GRANT: &str = r#"
apiVersion: terrace.dev/v1alpha1
kind: TierGrant
metadata: { name: web, namespace: shop }
spec:
  from: [{ kind: WebApp, namespace: web }]
  to: [{ kind: DataTier, name: orders }]
  access: [Read, ReadWrite]
"#;

#[test]
fn the_documented_manifests_are_admitted() {
    for (kind, yaml) in [
        ("Environment", ENVIRONMENT),
        ("DataTier", DATA_TIER),
        ("DataTier", AURORA),
        ("CacheTier", CACHE_TIER),
        ("CacheTier", SERVERLESS),
        ("EdgeTier", EDGE_TIER),
        ("ObjectTier", OBJECT_TIER),
        ("TierGrant", GRANT),
        ("WebApp", WEB_APP),
        ("WebApp", WEB_APP_OF_A_TEMPLATE),
        ("WebApp", WEB_APP_OF_A_WORKLOAD),
    ] {
        let kind = KINDS.iter().find(|known| known.kind == kind).unwrap();
        let refusals = Judge::of(kind).refusals(&value(yaml), None);
        assert!(refusals.is_empty(), "{}: {refusals:?}", kind.kind);
    }
}

#[test]
fn every_line_of_the_documented_manifests_is_kept() {
    fn round_trip<T: serde::de::DeserializeOwned + serde::Serialize>(yaml: &str) {
        let object: T = serde_saphyr::from_str(yaml).unwrap();
        let written = serde_json::to_value(object).unwrap();
        contains(&written["spec"], &value(yaml)["spec"], "spec");
    }
    round_trip::<Environment>(ENVIRONMENT);
    round_trip::<DataTier>(DATA_TIER);
    round_trip::<DataTier>(AURORA);
    round_trip::<CacheTier>(CACHE_TIER);
    round_trip::<CacheTier>(SERVERLESS);
    round_trip::<EdgeTier>(EDGE_TIER);
    round_trip::<ObjectTier>(OBJECT_TIER);
    round_trip::<TierGrant>(GRANT);
    round_trip::<WebApp>(WEB_APP);
    round_trip::<WebApp>(WEB_APP_OF_A_TEMPLATE);
    round_trip::<WebApp>(WEB_APP_OF_A_WORKLOAD);
}

#[test]
fn the_shortest_database_is_fit_for_production() {
    let tier: DataTier = serde_json::from_value(json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier", "metadata": {"name": "orders"},
        "spec": {"engine": "postgres", "engineVersion": "17", "instanceClass": "db.r8g.large", "storage": {"size": "100Gi"}},
    }))
    .unwrap();
    let spec = &tier.spec;
    assert_eq!(spec.availability, data_tier::Availability::MultiAZ);
    assert_eq!(spec.storage.as_ref().unwrap().type_, data_tier::StorageType::Gp3);
    assert_eq!(spec.storage.as_ref().unwrap().size.gib(), 100);
    assert_eq!(spec.backup.retention_days, 7);
    assert_eq!(spec.deletion_protection, data_tier::DeletionProtection::Enabled);
    assert_eq!(spec.credentials.management, data_tier::CredentialManagement::Rds);
    assert_eq!(spec.maintenance.major_versions, data_tier::MajorVersions::Refused);
    assert_eq!(spec.monitoring.enhanced_interval_seconds, 60);
    assert_eq!(spec.port(), 5432);
    assert_eq!(tier.deletion_policy(), DeletionPolicy::Snapshot);
    assert_eq!(tier.tier_status(), None);
    assert!(!windows::overlap(
        &windows::daily(&spec.backup.window).unwrap(),
        &windows::weekly(&spec.maintenance.window).unwrap(),
    ));
}

fn cache(spec: Value) -> CacheTier {
    let object = json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "CacheTier", "metadata": {"name": "sessions"}, "spec": spec,
    });
    serde_json::from_value(object).unwrap()
}

#[test]
fn the_shortest_cache_is_fit_for_production() {
    let tier = cache(json!({"engineVersion": "8.2", "nodeType": "cache.r7g.large"}));
    let spec = &tier.spec;
    assert_eq!((spec.engine, spec.availability), (cache_tier::Engine::Valkey, cache_tier::Availability::MultiAZ));
    assert_eq!((spec.shards(), spec.replicas_per_shard(), spec.cluster_mode()), (1, 1, false));
    assert_eq!(spec.authentication(), cache_tier::Authentication::Users);
    assert_eq!(spec.encryption.in_transit, cache_tier::InTransit::Required);
    assert_eq!(spec.encryption.at_rest, cache_tier::AtRest::Enabled);
    assert_eq!(spec.port(), 6379);
    assert_eq!((CacheTier::KIND, tier.deletion_policy()), ("CacheTier", DeletionPolicy::Snapshot));
}

#[test]
fn what_a_cache_does_not_say_follows_from_what_it_says() {
    let of = |spec: Value| {
        let spec = cache(spec).spec;
        (spec.shards(), spec.replicas_per_shard(), spec.cluster_mode(), spec.authentication(), spec.port())
    };
    let memcached = json!({"engine": "memcached", "engineVersion": "1.6.22", "nodeType": "cache.m7g.large"});
    assert_eq!(of(memcached.clone()), (2, 0, false, cache_tier::Authentication::None, 11211));
    let mut single = memcached;
    single["availability"] = json!("SingleAZ");
    assert_eq!(of(single), (1, 0, false, cache_tier::Authentication::None, 11211));
    let shards =
        json!({"engineVersion": "8.2", "nodeType": "cache.r7g.large", "shards": 3, "availability": "SingleAZ"});
    assert_eq!(of(shards), (3, 0, true, cache_tier::Authentication::Users, 6379));
}

fn web_app(spec: Value) -> WebApp {
    let object =
        json!({"apiVersion": "terrace.dev/v1alpha1", "kind": "WebApp", "metadata": {"name": "shop"}, "spec": spec});
    serde_json::from_value(object).unwrap()
}

#[test]
fn the_shortest_web_app_is_fit_for_production() {
    let app = web_app(json!({"image": "shop:1"}));
    let spec = &app.spec;
    assert_eq!((spec.port, spec.run_on, spec.spot), (8080, web_app::RunOn::Nodes, web_app::Spot::Never));
    let expose = spec.exposed().unwrap();
    assert_eq!((expose.scheme, expose.protocol), (web_app::Scheme::Internal, web_app::ExposeProtocol::Http));
    assert_eq!((spec.listener_port(&expose), spec.draining_seconds()), (80, 30));
    let replicas = web_app::Replicas::default();
    assert_eq!((replicas.min, replicas.max, replicas.cpu_percent), (2, 10, 60));
    assert_eq!((WebApp::KIND, app.deletion_policy()), ("WebApp", DeletionPolicy::Delete));
}

#[test]
fn where_a_web_app_listens_follows_from_what_it_speaks() {
    let port = |expose: Value| {
        let spec = web_app(json!({"image": "shop:1", "port": 5000, "expose": expose})).spec;
        spec.exposed().map(|expose| spec.listener_port(&expose))
    };
    let ports = ["HTTP", "HTTPS", "TCP", "TLS", "None"].map(|protocol| port(json!({ "protocol": protocol })));
    assert_eq!(ports, [Some(80), Some(443), Some(5000), Some(443), None]);
    assert_eq!(port(json!({"port": 8443})), Some(8443));
    let bound = web_app(json!({"workloadRef": {"name": "shop", "container": "app"}}));
    assert_eq!(bound.spec.exposed(), None);
}

#[test]
fn a_canary_that_names_no_steps_goes_by_the_usual_ones() {
    let weights = |rollout: Value| {
        let rollout: web_app::Rollout = serde_json::from_value(rollout).unwrap();
        rollout.steps().iter().map(|step| (step.weight, step.pause_seconds)).collect::<Vec<_>>()
    };
    assert_eq!(weights(json!({"strategy": "Canary"})), [(10, 300), (50, 300)]);
    assert_eq!(weights(json!({"strategy": "Canary", "steps": [{"weight": 5}]})), [(5, 300)]);
    assert_eq!(weights(json!({"strategy": "BlueGreen"})), []);
    assert_eq!(web_app::Rollout::default().keep_old_seconds(), 300);
}

#[test]
fn the_shortest_bucket_is_fit_for_production() {
    let tier: ObjectTier = serde_json::from_value(json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "ObjectTier", "metadata": {"name": "assets"}, "spec": {},
    }))
    .unwrap();
    let spec = &tier.spec;
    assert_eq!(spec.versioning, object_tier::Versioning::Enabled);
    assert_eq!(spec.encryption.type_, object_tier::EncryptionType::SseS3);
    assert_eq!(spec.encryption.bucket_key, object_tier::BucketKey::Enabled);
    assert_eq!(spec.abort_incomplete_uploads_after_days, 7);
    assert_eq!(spec.transfer_acceleration, object_tier::TransferAcceleration::Suspended);
    assert!(spec.lifecycle.is_empty() && spec.cors.is_empty() && spec.object_lock.is_none());
    assert_eq!((tier.deletion_policy(), tier.empties()), (DeletionPolicy::Retain, false));
}

#[test]
fn a_bucket_is_emptied_only_where_that_is_asked_for() {
    let mut yaml = value(OBJECT_TIER);
    let empties = |yaml: &Value| serde_json::from_value::<ObjectTier>(yaml.clone()).unwrap().empties();
    assert!(empties(&yaml));
    yaml["spec"]["onDelete"]["contents"] = json!("Keep");
    assert!(!empties(&yaml));
    assert!(!cache(json!({"engineVersion": "8.2", "nodeType": "cache.r7g.large"})).empties());
}

#[test]
fn the_shortest_edge_is_fit_for_production() {
    let tier: EdgeTier = serde_json::from_value(json!({
        "apiVersion": "terrace.dev/v1alpha1", "kind": "EdgeTier", "metadata": {"name": "shop"},
        "spec": {
            "hostnames": ["shop.example.com"], "zone": {"name": "example.com"},
            "origins": [{"name": "web", "webAppRef": {"name": "shop"}}], "routes": [{"path": "/*", "origin": "web"}],
        },
    }))
    .unwrap();
    let (spec, route) = (&tier.spec, &tier.spec.routes[0]);
    assert_eq!(spec.tls.minimum_version.as_str(), "TLSv1.2_2021");
    assert_eq!((spec.http_version.as_str(), spec.ipv6), ("http2and3", edge_tier::Ipv6::Enabled));
    assert_eq!(spec.zone.as_ref().unwrap().policy, edge_tier::ZonePolicy::Use);
    assert_eq!(spec.origins[0].access(), edge_tier::OriginAccess::Private);
    assert_eq!(spec.response_headers.security, edge_tier::SecurityHeaders::Standard);
    assert_eq!((spec.price_class.as_str(), spec.shield), ("PriceClass_All", edge_tier::Shield::Standard));
    assert_eq!((route.methods, route.viewer_protocol.as_str()), (edge_tier::Methods::Read, "redirect-to-https"));
    assert_eq!((&route.cache, &route.origin_request), (&None, &None));
    assert_eq!((EdgeTier::KIND, tier.deletion_policy()), ("EdgeTier", DeletionPolicy::Delete));
    assert_eq!(tier.tier_status(), None);
}

#[test]
fn a_tier_is_reached_by_what_all_tiers_share() {
    let mut yaml = value(DATA_TIER);
    yaml["spec"]["environmentRef"] = json!({"name": "prod"});
    yaml["spec"]["tags"] = json!({"team": "shop"});
    yaml["status"] = json!({"observedGeneration": 3, "outputs": {"endpoint": "orders.example.com"}});
    let mut tier: DataTier = serde_json::from_value(yaml).unwrap();
    assert_eq!(DataTier::KIND, "DataTier");
    assert_eq!(tier.common().environment_ref.as_ref().unwrap().name, "prod");
    assert_eq!(tier.common().tags["team"], "shop");
    assert_eq!(tier.tier_status().unwrap().outputs["endpoint"], "orders.example.com");
    tier.tier_status_mut().as_mut().unwrap().observed_generation = 4;
    assert_eq!(tier.status.unwrap().observed_generation, 4);
}

#[test]
fn an_environment_that_says_little_admits_nobody_and_uses_the_operators_identity() {
    let spec: environment::EnvironmentSpec = serde_json::from_value(json!({
        "account": "111122223333", "region": "eu-west-1", "cluster": {"name": "prod"}, "networkRef": {"name": "prod"},
    }))
    .unwrap();
    assert_eq!(spec.identity.type_, environment::IdentityType::Operator);
    assert_eq!(spec.database_access, environment::DatabaseAccess::Managed);
    assert_eq!(spec.namespaces, None);
    assert!(spec.limits.hostnames.is_empty() && spec.limits.allow.is_empty());
}

fn value(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}

/// Fails unless `whole` has all that `part` has.
fn contains(whole: &Value, part: &Value, path: &str) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (name, value) in part {
                let found = whole.get(name).unwrap_or_else(|| panic!("{path}.{name} is lost"));
                contains(found, value, &format!("{path}.{name}"));
            }
        }
        (Value::Array(whole), Value::Array(part)) => {
            assert_eq!(whole.len(), part.len(), "{path}");
            for (whole, part) in whole.iter().zip(part) {
                contains(whole, part, path);
            }
        }
        (Value::Number(whole), Value::Number(part)) => assert_eq!(whole.as_f64(), part.as_f64(), "{path}"),
        (whole, part) => assert_eq!(whole, part, "{path}"),
    }
}
