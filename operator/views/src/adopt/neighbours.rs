//! What an ARN is of, and what else a resource stands on: for resources that are found in AWS itself.

use super::Found;
use crate::arn::{Arn, last};

/// A kind of ours that an ARN may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub kind: &'static str,
    /// The field that only this kind has a value in; without one it is of this kind.
    pub telling: Option<&'static str>,
}

const fn sure(kind: &'static str) -> Candidate {
    Candidate { kind, telling: None }
}

const fn telling(kind: &'static str, field: &'static str) -> Candidate {
    Candidate { kind, telling: Some(field) }
}

/// By service and resource type, as ARNs have them (Service Authorization Reference); the first that fits holds.
const KINDS: &[(&str, &str, &[Candidate])] = &[
    (
        "rds",
        "db",
        &[
            telling("rds/DbClusterInstance", "dbClusterIdentifier"),
            telling("rds/DbReplica", "sourceDbInstanceIdentifier"),
            sure("rds/DbInstance"),
        ],
    ),
    ("rds", "cluster", &[sure("rds/DbCluster")]),
    ("rds", "subgrp", &[sure("rds/DbSubnetGroup")]),
    ("rds", "pg", &[sure("rds/DbParameterGroup")]),
    ("elasticache", "replicationgroup", &[sure("elasticache/ReplicationGroup")]),
    ("elasticache", "cluster", &[sure("elasticache/CacheCluster")]),
    ("elasticache", "serverlesscache", &[sure("elasticache/ServerlessCache")]),
    ("elasticache", "subnetgroup", &[sure("elasticache/CacheSubnetGroup")]),
    ("elasticache", "parametergroup", &[sure("elasticache/CacheParameterGroup")]),
];

/// The kinds that a handle may be of: none where it is of a service or type that no manifest takes over.
pub fn candidates(handle: &str) -> &'static [Candidate] {
    const BUCKET: &[Candidate] = &[sure("s3/Bucket")];
    const GROUP: &[Candidate] = &[sure("ec2/SecurityGroup")];
    if handle.starts_with("sg-") {
        return GROUP;
    }
    let Some(arn) = Arn::parse(handle) else { return &[] };
    if arn.service == "s3" && !arn.resource.contains('/') {
        return BUCKET;
    }
    let type_ = arn.resource.split([':', '/']).next().unwrap_or_default();
    let known = KINDS.iter().find(|(service, resource, _)| (*service, *resource) == (arn.service, type_));
    known.map_or(&[], |(_, _, candidates)| candidates)
}

/// The region that a handle names, where it names one.
pub fn region(handle: &str) -> Option<&str> {
    Arn::parse(handle).map(|arn| arn.region).filter(|region| !region.is_empty())
}

/// The handles of what a resource stands on, so far as adopting it means adopting them, or tells what they are.
pub fn beneath(found: &Found) -> Vec<String> {
    let Some(arn) = Arn::parse(&found.handle) else { return Vec::new() };
    let mut beneath = Vec::new();
    // What is called default is AWS's own.
    let beside = |field: &str, resource: &str| {
        let name = last(found.text(field)?);
        (!name.starts_with("default")).then(|| arn.beside(&format!("{resource}:{name}")))
    };
    match found.kind.as_str() {
        "rds/DbInstance" | "rds/DbReplica" => {
            beneath.extend(beside("dbSubnetGroupName", "subgrp"));
            beneath.extend(beside("dbParameterGroupName", "pg"));
            beneath.extend(found.texts("vpcSecurityGroupIds").into_iter().map(str::to_owned));
        }
        "elasticache/ReplicationGroup" => {
            beneath.extend(beside("cacheSubnetGroupName", "subnetgroup"));
            beneath.extend(beside("cacheParameterGroupName", "parametergroup"));
            beneath.extend(found.texts("securityGroupIds").into_iter().map(str::to_owned));
        }
        _ => {}
    }
    beneath
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adopt::Origin;
    use serde_json::json;

    #[test]
    fn an_arn_leads_to_its_kinds() {
        let kinds = |handle: &str| candidates(handle).iter().map(|one| one.kind).collect::<Vec<_>>();
        let db = "arn:aws:rds:eu-west-1:111122223333:db:orders";
        assert_eq!(kinds(db), ["rds/DbClusterInstance", "rds/DbReplica", "rds/DbInstance"]);
        assert_eq!(kinds("arn:aws:s3:::assets"), ["s3/Bucket"]);
        assert_eq!(kinds("sg-1"), ["ec2/SecurityGroup"]);
        for other in ["arn:aws:s3:::assets/key", "arn:aws:sqs:eu-west-1:111122223333:jobs", "orders"] {
            assert!(kinds(other).is_empty(), "{other}");
        }
        assert_eq!((region(db), region("arn:aws:s3:::assets")), (Some("eu-west-1"), None));
    }

    #[test]
    fn a_database_stands_on_its_groups_but_those_of_aws() {
        let attributes = json!({ "dbSubnetGroupName": "main", "dbParameterGroupName": "default.postgres17",
                                 "vpcSecurityGroupIds": ["sg-1"] });
        let found = Found {
            kind: "rds/DbInstance".into(),
            handle: "arn:aws:rds:eu-west-1:111122223333:db:orders".into(),
            region: None,
            origin: Origin::Nobody,
            attributes: attributes.as_object().expect("an object").clone(),
            beyond: Vec::new(),
        };
        assert_eq!(beneath(&found), ["arn:aws:rds:eu-west-1:111122223333:subgrp:main", "sg-1"]);
    }
}
