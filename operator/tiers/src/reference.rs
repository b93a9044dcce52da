//! An existing AWS resource that a spec names, and whether the object may name it.

use std::collections::BTreeSet;

use crate::ObjectKey;
use crate::facts::{Environment, Named};

/// An existing AWS resource that a spec names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The path of the field that names it, as `spec.restoreFrom.snapshot`.
    pub field: &'static str,
    /// The name as it is written there: identifier, alias or ARN.
    pub text: String,
    /// What it is.
    pub kind: ReferenceKind,
    /// The object of the cluster whose output it is, where it is one: that has admitted the reference.
    pub of: Option<ObjectKey>,
    /// The logical id of the node that is made from it: once that stands, it need not be read, and may be gone.
    pub until: Option<&'static str>,
}

/// The kinds of existing resources that specs name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    KmsKey,
    DbSnapshot,
    DbClusterSnapshot,
    DbInstance,
    DbCluster,
    CacheSnapshot,
    ServerlessCacheSnapshot,
    Bucket,
    /// A public one, by name, id or ARN.
    HostedZone,
    /// Of AWS Certificate Manager, by ARN, which says its region, or by id.
    Certificate,
    /// In CloudWatch.
    Alarm,
}

impl Reference {
    /// Whether it has served its purpose; `made` has the logical ids of the nodes that exist.
    pub fn is_over(&self, made: &BTreeSet<String>) -> bool {
        self.until.is_some_and(|node| made.contains(node))
    }

    /// What people call it: the object that it is an output of, or what is written.
    pub fn title(&self) -> String {
        self.of.as_ref().map_or_else(|| self.text.clone(), ObjectKey::title)
    }

    /// Whether an object of this namespace may name it: an object of the cluster admits it, it is the namespace's own, or
    /// the Environment allows it by what is written or by what that leads to.
    pub fn is_admitted(&self, environment: &Environment, namespace: &str, named: Option<&Named>) -> bool {
        let ours = named.is_some_and(|named| named.namespace.as_deref() == Some(namespace));
        let allows = |arn: &str| environment.limits.allows(arn) || is_aws_key(arn, environment);
        self.of.is_some() || ours || allows(&self.arn(environment)) || named.is_some_and(|named| allows(&named.arn))
    }

    /// The ARN that the text stands for. RDS and ElastiCache keep identifiers in lower case. A hosted zone's ARN has neither
    /// region nor account; one that is named by its name is allowed by that in the place of its id.
    pub fn arn(&self, environment: &Environment) -> String {
        let text = &self.text;
        let of = |service: &str, kind: &str| environment.arn(service, &format!("{kind}:{}", text.to_lowercase()));
        match self.kind {
            _ if text.starts_with("arn:") => text.clone(),
            ReferenceKind::KmsKey if text.starts_with("alias/") => environment.arn("kms", text),
            ReferenceKind::KmsKey => environment.arn("kms", &format!("key/{text}")),
            ReferenceKind::DbSnapshot => of("rds", "snapshot"),
            ReferenceKind::DbClusterSnapshot => of("rds", "cluster-snapshot"),
            ReferenceKind::DbInstance => of("rds", "db"),
            ReferenceKind::DbCluster => of("rds", "cluster"),
            ReferenceKind::CacheSnapshot => of("elasticache", "snapshot"),
            ReferenceKind::ServerlessCacheSnapshot => of("elasticache", "serverlesscachesnapshot"),
            ReferenceKind::Bucket => environment.bucket_arn(text),
            ReferenceKind::Certificate => environment.arn("acm", &format!("certificate/{text}")),
            ReferenceKind::Alarm => environment.arn("cloudwatch", &format!("alarm:{text}")),
            ReferenceKind::HostedZone => format!("arn:{}:route53:::hostedzone/{text}", environment.partition),
        }
    }
}

impl ReferenceKind {
    /// What people call it.
    pub fn noun(self) -> &'static str {
        match self {
            ReferenceKind::KmsKey => "KMS key",
            ReferenceKind::DbSnapshot => "DB snapshot",
            ReferenceKind::DbClusterSnapshot => "DB cluster snapshot",
            ReferenceKind::DbInstance => "DB instance",
            ReferenceKind::DbCluster => "DB cluster",
            ReferenceKind::CacheSnapshot => "cache snapshot",
            ReferenceKind::ServerlessCacheSnapshot => "serverless cache snapshot",
            ReferenceKind::Bucket => "bucket",
            ReferenceKind::Certificate => "certificate",
            ReferenceKind::Alarm => "CloudWatch alarm",
            ReferenceKind::HostedZone => "hosted zone",
        }
    }
}

/// Whether it is one of the keys that AWS itself keeps in the account, which everybody there may use.
fn is_aws_key(arn: &str, environment: &Environment) -> bool {
    arn.starts_with(&environment.arn("kms", "alias/aws/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn reference(text: &str, kind: ReferenceKind) -> Reference {
        Reference { field: "spec.encryption.kmsKeyId", text: text.into(), kind, of: None, until: None }
    }

    fn key(text: &str) -> Reference {
        reference(text, ReferenceKind::KmsKey)
    }

    #[test]
    fn what_may_be_named_is_the_namespaces_own_or_allowed_by_either_name() {
        let admits = |allow: &[&str], reference: &Reference, named: Option<&Named>| {
            let mut environment = samples::environment();
            environment.limits.allow = allow.iter().map(|pattern| (*pattern).to_owned()).collect();
            reference.is_admitted(&environment, "shop", named)
        };
        let of = |namespace: Option<&str>| Named {
            arn: "arn:a".into(),
            namespace: namespace.map(str::to_owned),
            ..Named::default()
        };
        let alias = samples::environment().arn("kms", "alias/shared");
        assert!(!admits(&[], &key("alias/shared"), None));
        assert!(!admits(&[], &key("alias/shared"), Some(&of(None))));
        assert!(!admits(&[], &key("alias/shared"), Some(&of(Some("other")))));
        assert!(admits(&[], &key("alias/shared"), Some(&of(Some("shop")))));
        assert!(admits(&["arn:a"], &key("alias/shared"), Some(&of(None))));
        assert!(admits(&[&alias], &key("alias/shared"), Some(&of(Some("other")))));
        assert!(admits(&[], &key("alias/aws/rds"), None));
        let output = Reference { of: Some(ObjectKey::new("DataTier", "other", "orders")), ..key("alias/shared") };
        assert!(admits(&[], &output, Some(&of(Some("other")))));
        assert_eq!((output.title(), key("alias/a").title()), ("DataTier other/orders".into(), "alias/a".into()));
        let bucket = reference("legacy-assets", ReferenceKind::Bucket);
        assert!(admits(&["arn:aws:s3:::legacy-*"], &bucket, None) && !admits(&["arn:aws:s3:::other"], &bucket, None));
        let snapshots = samples::environment().arn("rds", "snapshot:before-*");
        assert!(admits(&[&snapshots], &reference("Before-Sale", ReferenceKind::DbSnapshot), None));
        let zone = reference("example.com", ReferenceKind::HostedZone);
        for allowed in ["arn:aws:route53:::hostedzone/example.com", "arn:aws:route53:::hostedzone/Z1"] {
            let found = Named { arn: "arn:aws:route53:::hostedzone/Z1".into(), ..Named::default() };
            assert!(admits(&[allowed], &zone, Some(&found)) && !admits(&[], &zone, Some(&found)), "{allowed}");
        }
    }

    #[test]
    fn a_reference_is_over_once_what_is_made_from_it_stands() {
        let source = Reference { until: Some("db"), ..reference("orders", ReferenceKind::DbInstance) };
        let made = ["db".to_owned()].into();
        assert!(source.is_over(&made) && !source.is_over(&BTreeSet::new()) && !key("alias/a").is_over(&made));
    }
}
