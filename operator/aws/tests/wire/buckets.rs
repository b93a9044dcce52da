//! Buckets and their policies.

use serde_json::{Value, json};
use terrace_model::Resource;
use terrace_model::aws::iam::{Policy, Statement};
use terrace_model::aws::s3::{
    Bucket, BucketPolicy, CorsRule, Encryption, IntelligentTiering, LifecycleRule, ObjectLock, PublicAccessBlock,
};

use crate::cases::{tag_edits, tags};
use crate::stage::{Case, Make, Stage, edit, one_way};

/// By kind, each before whatever uses it.
pub const CASES: &[(&str, Make)] =
    &[(Bucket::KIND, logs), (Bucket::KIND, bucket), (Bucket::KIND, locked), (BucketPolicy::KIND, policy)];

/// A name that no other run has.
fn name(stage: &Stage, what: &str) -> String {
    format!("wire-{}-{what}", stage.clients.account())
}

fn wish(stage: &Stage, what: &str) -> Bucket {
    Bucket {
        name: name(stage, what),
        public_access_block: PublicAccessBlock::ALL,
        object_ownership: Bucket::OWNER_ENFORCED.into(),
        encryption: Encryption { sse_algorithm: "AES256".into(), ..Encryption::default() },
        versioning: "Enabled".into(),
        acceleration: "Suspended".into(),
        tags: tags(),
        ..Bucket::default()
    }
}

/// As a tier wishes it that says nothing.
fn logs(stage: &Stage) -> Case {
    Case::new("logs", &wish(stage, "logs"), Vec::new())
}

fn rule() -> LifecycleRule {
    LifecycleRule { status: "Enabled".into(), ..LifecycleRule::default() }
}

/// With everything.
fn bucket(stage: &Stage) -> Case {
    let tiering = IntelligentTiering {
        status: "Enabled".into(),
        prefix: "images/".into(),
        tierings: [("ARCHIVE_ACCESS".into(), 90), ("DEEP_ARCHIVE_ACCESS".into(), 180)].into(),
        ..IntelligentTiering::default()
    };
    let aged = LifecycleRule {
        prefix: "logs/".into(),
        tags: [("class".into(), "log".into())].into(),
        transitions: [("STANDARD_IA".into(), 30), ("GLACIER".into(), 90)].into(),
        expiration: Some(365),
        ..rule()
    };
    let old = LifecycleRule {
        noncurrent_version_transitions: [("GLACIER".into(), 30)].into(),
        noncurrent_version_expiration: Some(90),
        ..rule()
    };
    let uploads = LifecycleRule { abort_incomplete_multipart_upload: Some(7), ..rule() };
    let cors = CorsRule {
        allowed_headers: ["*".into()].into(),
        allowed_methods: ["GET".into(), "PUT".into()].into(),
        allowed_origins: ["https://www.example.com".into()].into(),
        expose_headers: ["ETag".into()].into(),
        max_age: Some(600),
    };
    let want = Bucket {
        lifecycle_rules: [("aged".into(), aged), ("old".into(), old), ("terrace-uploads".into(), uploads)].into(),
        intelligent_tiering: [("cold".into(), tiering)].into(),
        acceleration: "Enabled".into(),
        cors_rules: vec![cors],
        ..wish(stage, "assets")
    };
    let mut edits = tag_edits();
    edits.extend(protection(stage));
    edits.extend(rest(stage));
    Case::new("bucket", &want, edits)
}

fn protection(stage: &Stage) -> Vec<crate::stage::Edit> {
    let open = json!({
        "blockPublicAcls": false, "ignorePublicAcls": false, "blockPublicPolicy": false, "restrictPublicBuckets": false,
    });
    let key = format!("arn:aws:kms:eu-west-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab", stage.clients.account());
    let by_key = json!({"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key, "bucketKeyEnabled": true});
    vec![
        edit("publicAccessBlock", open),
        edit("objectOwnership", "BucketOwnerPreferred"),
        edit("encryption", by_key),
        edit("encryption", json!({"sseAlgorithm": "aws:kms", "bucketKeyEnabled": false})),
        edit("versioning", "Suspended"),
    ]
}

fn rest(stage: &Stage) -> Vec<crate::stage::Edit> {
    let expires = json!({"status": "Disabled", "prefix": "", "tags": {}, "transitions": {}, "noncurrentVersionTransitions": {}, "expiration": 5});
    let sized = LifecycleRule {
        object_size_greater_than: Some(1024),
        object_size_less_than: Some(1_048_576),
        noncurrent_version_expiration: Some(90),
        newer_noncurrent_versions: Some(3),
        ..rule()
    };
    let colder = json!({"status": "Disabled", "prefix": "", "tags": {}, "tierings": {"DEEP_ARCHIVE_ACCESS": 365}});
    let open: Value = json!({
        "allowedHeaders": [], "allowedMethods": ["GET"], "allowedOrigins": ["*"], "exposeHeaders": [], "maxAge": 1,
    });
    vec![
        edit("lifecycleRules", json!({"theirs": expires})),
        edit("lifecycleRules", json!({})),
        edit("lifecycleRules", json!({ "sized": sized })),
        edit("intelligentTiering", json!({"colder": colder})),
        edit("intelligentTiering", json!({})),
        edit("acceleration", "Suspended"),
        edit("corsRules", json!([open])),
        edit("corsRules", json!([])),
        edit("logging", json!({"targetBucket": name(stage, "logs"), "targetPrefix": "assets/"})),
    ]
}

/// With locks, which nobody takes away.
fn locked(stage: &Stage) -> Case {
    let want = Bucket { object_lock: Some(ObjectLock { mode: "GOVERNANCE".into(), days: 1 }), ..wish(stage, "locked") };
    Case::new("locked", &want, vec![one_way("objectLock", json!({"mode": "COMPLIANCE", "days": 3}))])
}

fn policy(stage: &Stage) -> Case {
    let arn = stage.out("bucket", "arn");
    let statement = |action: &str, who: &str| {
        let mut statement = Statement::allow(&[action], [arn.as_str().into(), format!("{arn}/*").into()]);
        statement.principal = Some([("Service".to_owned(), who.into())].into());
        let source = json!(format!("arn:aws:cloudfront::{}:distribution/E1", stage.clients.account()));
        statement.condition = [("StringEquals".to_owned(), [("AWS:SourceArn".to_owned(), source)].into())].into();
        statement
    };
    let other = Policy::of([statement("s3:PutObject", "logging.s3.amazonaws.com")]);
    let want = BucketPolicy {
        bucket: stage.out("bucket", "name").as_str().into(),
        policy: Policy::of([statement("s3:GetObject", "cloudfront.amazonaws.com")]),
    };
    Case::new("policy", &want, vec![edit("policy", serde_json::to_value(other).expect("it is JSON"))])
}
