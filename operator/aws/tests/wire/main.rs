//! Every kind of RDS, of ElastiCache, of S3, of load balancing and at the edge of CloudFront against an emulator, by one
//! rule: absent, made, as wished, changed field by field and each change found, gone. `bed emulator` (tests/README.md) starts
//! one and names it by `TERRACE_WIRE_ENDPOINT` and `TERRACE_WIRE_EMULATOR`.
//!
//! The kinds of the other services have their lives in `tests/lives`.

#[path = "../lives/bed.rs"]
mod bed;
mod buckets;
mod caches;
mod cases;
mod clusters;
mod edge;
mod elbv2;
mod gaps;
mod queue;
mod stage;

use std::collections::BTreeSet;

use stage::Stage;

/// Kinds that `tests/lives` covers.
const ELSEWHERE: &[&str] = &[
    "acm/Certificate",
    "acm/Validation",
    "applicationautoscaling/ScalableTarget",
    "applicationautoscaling/ScalingPolicy",
    "cloudfront/VpcOrigin",
    "eks/FargateProfile",
    "eks/PodIdentityAssociation",
    "iam/OidcProvider",
    "iam/Role",
    "kms/Key",
    "route53/HealthCheck",
    "route53/HostedZone",
    "route53/RecordSet",
    "route53/ValidationRecords",
    "secretsmanager/SecretVersion",
];

#[tokio::test]
async fn every_kind_of_database_is_made_changed_found_and_deleted() {
    let Some(clients) = bed::clients() else { return };
    let mut stage = Stage::new(clients).await;
    stage.rise(cases::subnet_group).await;
    stage.rise(cases::parameter_group).await;
    stage.rise(cases::secret).await;
    stage.rise(cases::instance).await;
    stage.rise(cases::source).await;
    stage.rise(cases::replica).await;
    stage.rise(clusters::cluster_parameter_group).await;
    stage.rise(clusters::cluster).await;
    stage.rise(clusters::cluster_instance).await;
    stage.rise(clusters::proxy).await;
    stage.rise(clusters::proxy_targets).await;
    let others =
        caches::CASES.iter().chain(buckets::CASES).chain(elbv2::CASES).chain(edge::CASES).map(|(kind, _)| *kind);
    let seen: BTreeSet<&str> = stage.kinds().into_iter().chain(ELSEWHERE.iter().copied()).chain(others).collect();
    let all: BTreeSet<&str> = stage.registry().iter().map(|provider| provider.spec().kind).collect();
    assert_eq!(seen, all, "a kind without a case");
    stage.fall().await;
}

#[tokio::test]
async fn every_kind_of_cache_is_made_changed_found_and_deleted() {
    let Some(clients) = bed::clients() else { return };
    let mut stage = Stage::new(clients).await;
    for case in caches::SECRETS {
        stage.rise(*case).await;
    }
    let mut skipped = BTreeSet::new();
    for (kind, case) in caches::CASES {
        match gaps::lacking(kind) {
            None => stage.rise(*case).await,
            Some(reason) if skipped.insert(kind) => bed::skip(&format!("{kind}: {reason}")),
            Some(_) => {}
        }
    }
    stage.fall().await;
}

#[tokio::test]
async fn every_kind_of_s3_is_made_changed_found_and_deleted() {
    let Some(clients) = bed::clients() else { return };
    let mut stage = Stage::new(clients).await;
    for (_, case) in buckets::CASES {
        stage.rise(*case).await;
    }
    stage.fall().await;
}

#[tokio::test]
async fn every_kind_at_the_cloudfront_edge_is_made_changed_found_and_deleted() {
    let Some(clients) = bed::clients() else { return };
    let mut stage = Stage::new(clients).await;
    for (kind, case) in edge::CASES {
        match gaps::lacking(kind) {
            None => stage.rise(*case).await,
            Some(reason) => bed::skip(&format!("{kind}: {reason}")),
        }
    }
    stage.fall().await;
}

#[test]
fn every_provider_states_its_actions_and_knows_its_fields() {
    let config = aws_types::SdkConfig::builder().build();
    let settings = terrace_aws::Settings {
        account: "123456789012".into(),
        endpoint_url: None,
        assume_role: None,
        limits: terrace_aws::limits::Limits::new(),
        observer: std::sync::Arc::new(terrace_aws::calls::Unobserved),
        recent: std::time::Duration::ZERO,
    };
    let clients = terrace_aws::Clients::new(&config, settings);
    let registry = terrace_aws::registry::registry(&clients, &terrace_aws::secretsmanager::Values::new(&clients));
    for provider in registry.iter() {
        let actions = provider.actions();
        assert!(!actions.is_empty(), "{}", provider.spec().kind);
        assert!(actions.iter().all(|action| action.split_once(':').is_some()), "{actions:?}");
    }
    let kinds: Vec<_> = registry.iter().map(|provider| provider.spec().kind).collect();
    let elsewhere = ["ec2/", "kubernetes/", "sql/"];
    for spec in terrace_model::aws::kinds() {
        let other = elsewhere.iter().any(|prefix| spec.kind.starts_with(prefix));
        assert!(other || kinds.contains(&spec.kind), "{} has no provider", spec.kind);
    }
}
