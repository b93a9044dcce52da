//! The AWS services of what Terrace makes, as IAM, CloudTrail and EventBridge call them.

/// One service.
#[derive(Debug)]
pub struct Service {
    /// How its kinds begin, before the slash.
    pub kinds: &'static str,
    /// How its IAM actions begin, before the colon.
    pub iam: &'static str,
    /// An event's `source` is `aws.` and this; CloudTrail's `eventSource` is this and `.amazonaws.com`.
    pub source: &'static str,
    /// It has no regions: it tells of itself in one region of the partition.
    pub worldwide: bool,
    pub names: Names,
    /// Calls that change what Terrace makes, and that Terrace makes no use of.
    pub more: &'static [&'static str],
    /// What it tells of its own accord: the `detail-type` of its events.
    pub tells: &'static [&'static str],
}

/// How CloudTrail names the calls of a service (`eventName`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// As IAM names its actions.
    Actions,
    /// As IAM does, sometimes with the version of the API behind it: `UpdateDistribution2014_01_31`.
    Versioned,
    /// Otherwise; they begin so.
    Begin(&'static [&'static str]),
}

const REGIONAL: Service =
    Service { kinds: "", iam: "", source: "", worldwide: false, names: Names::Actions, more: &[], tells: &[] };

/// What is tagged by the Resource Groups Tagging API, whatever it is.
pub const TAGGING: Service =
    Service { iam: "tag", source: "tagging", more: &["TagResources", "UntagResources"], ..REGIONAL };

/// All of them. Names of events are from "Amazon … events" in the EventBridge events reference, and from "Logging … API calls
/// with CloudTrail" in the services' own guides.
pub const SERVICES: &[Service] = &[
    Service {
        kinds: "acm",
        iam: "acm",
        source: "acm",
        more: &["UpdateCertificateOptions"],
        tells: &[
            "ACM Certificate Available",
            "ACM Certificate Expired",
            "ACM Certificate Renewal Action Required",
            "ACM Certificate Revoked",
        ],
        ..REGIONAL
    },
    Service { kinds: "applicationautoscaling", iam: "application-autoscaling", source: "autoscaling", ..REGIONAL },
    Service {
        kinds: "cloudfront",
        iam: "cloudfront",
        source: "cloudfront",
        worldwide: true,
        names: Names::Versioned,
        ..REGIONAL
    },
    Service {
        kinds: "ec2",
        iam: "ec2",
        source: "ec2",
        more: &["UpdateSecurityGroupRuleDescriptionsEgress", "UpdateSecurityGroupRuleDescriptionsIngress"],
        ..REGIONAL
    },
    Service { kinds: "eks", iam: "eks", source: "eks", ..REGIONAL },
    Service {
        kinds: "elasticache",
        iam: "elasticache",
        source: "elasticache",
        tells: &["Cache Created", "Cache Creation Failed", "Cache Deleted", "Cache Update Failed", "Cache Updated"],
        ..REGIONAL
    },
    Service { kinds: "elbv2", iam: "elasticloadbalancing", source: "elasticloadbalancing", ..REGIONAL },
    Service {
        kinds: "iam",
        iam: "iam",
        source: "iam",
        worldwide: true,
        more: &["UpdateOpenIDConnectProviderThumbprint"],
        ..REGIONAL
    },
    Service {
        kinds: "kms",
        iam: "kms",
        source: "kms",
        more: &["CancelKeyDeletion", "DisableKey", "EnableKey", "ScheduleKeyDeletion"],
        ..REGIONAL
    },
    Service {
        kinds: "rds",
        iam: "rds",
        source: "rds",
        more: &["PromoteReadReplica", "StartDBCluster", "StartDBInstance", "StopDBCluster", "StopDBInstance"],
        tells: &["RDS DB Cluster Event", "RDS DB Instance Event", "RDS DB Parameter Group Event", "RDS DB Proxy Event"],
        ..REGIONAL
    },
    Service { kinds: "route53", iam: "route53", source: "route53", worldwide: true, ..REGIONAL },
    Service {
        kinds: "s3",
        iam: "s3",
        source: "s3",
        // What is done to objects bears other names.
        names: Names::Begin(&[
            "CreateBucket",
            "DeleteBucket",
            "PutAccelerateConfiguration",
            "PutBucket",
            "TagResource",
            "UntagResource",
        ]),
        ..REGIONAL
    },
    Service {
        kinds: "secretsmanager",
        iam: "secretsmanager",
        source: "secretsmanager",
        more: &["CancelRotateSecret", "PutSecretValue", "RotateSecret", "UpdateSecretVersionStage"],
        // Rotation.
        tells: &["AWS Service Event via CloudTrail"],
        ..REGIONAL
    },
    Service { kinds: "shield", iam: "shield", source: "shield", worldwide: true, ..REGIONAL },
    Service { kinds: "wafv2", iam: "wafv2", source: "wafv2", ..REGIONAL },
];

/// The service of a kind; none for what is no resource of AWS.
pub fn of_kind(kind: &str) -> Option<&'static Service> {
    let (prefix, _) = kind.split_once('/')?;
    SERVICES.iter().find(|service| service.kinds == prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_aws_has_its_service() {
        for spec in terrace_model::aws::kinds() {
            let elsewhere = spec.kind.starts_with("kubernetes/") || spec.kind.starts_with("sql/");
            assert_eq!(of_kind(spec.kind).is_none(), elsewhere, "{}", spec.kind);
        }
    }

    #[test]
    fn no_service_is_there_twice_and_each_has_a_name_everywhere() {
        let mut seen = std::collections::BTreeSet::new();
        for service in SERVICES {
            assert!(!service.iam.is_empty() && !service.source.is_empty(), "{service:?}");
            assert!(seen.insert(service.kinds), "{service:?}");
        }
    }
}
