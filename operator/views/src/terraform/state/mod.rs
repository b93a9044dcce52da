//! Reads a state of Terraform's (version 4, as `terraform state pull` prints it) into what Terrace knows of it.
//!
//! The format: Terraform's own source, `internal/states/statefile/version4.go`. Attributes: documentation of the AWS
//! provider. Secrets, which a state holds in clear, are never read.

mod attributes;
mod elasticache;
mod groups;
mod raw;
mod rds;
mod s3;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use self::attributes::Attributes;
use self::raw::Instance;
use super::kinds;
use crate::adopt::{Found, Origin};
use crate::arn::Arn;

/// What a state holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// What Terrace has a kind for, in the order of the state.
    pub found: Vec<Found>,
    /// What it has none for: where each stands, by Terraform's type.
    pub others: BTreeMap<String, Vec<String>>,
}

impl State {
    /// What Terrace has no kind for, in a line each: `aws_lambda_function: 2 (aws_lambda_function.a, …)`.
    pub fn summary(&self) -> Vec<String> {
        let line = |(kind, all): (&String, &Vec<String>)| {
            let named: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
            let more = if all.len() > NAMED { ", …" } else { "" };
            format!("{kind}: {} ({}{more})", all.len(), named.join(", "))
        };
        self.others.iter().map(line).collect()
    }
}

/// So many are named in a summary.
const NAMED: usize = 3;

/// Reads the text of a state.
///
/// # Errors
/// A sentence: it is no state, one of another version, or holds nothing that Terrace has a kind for.
pub fn read(text: &str) -> Result<State, String> {
    let instances = raw::instances(text)?;
    let buckets: BTreeSet<String> = instances.iter().filter_map(bucket).collect();
    let mut state = State::default();
    for instance in &instances {
        let part = s3::part_of(instance).filter(|bucket| buckets.contains(bucket));
        match found(instance, &instances) {
            Some(found) => state.found.push(found),
            // It is told with its bucket.
            None if part.is_some() => {}
            None => state.others.entry(instance.resource.clone()).or_default().push(instance.address.clone()),
        }
    }
    if state.found.is_empty() {
        return Err(match instances.len() {
            0 => "the state holds no resource: is it the one of the right workspace?".into(),
            count => format!(
                "the state holds {count} resources and none that Terrace has a kind for: {}",
                state.others.keys().cloned().collect::<Vec<_>>().join(", ")
            ),
        });
    }
    Ok(state)
}

fn bucket(instance: &Instance) -> Option<String> {
    (instance.resource == "aws_s3_bucket").then(|| instance.attributes.text("bucket").map(str::to_owned)).flatten()
}

fn found(instance: &Instance, all: &[Instance]) -> Option<Found> {
    let attributes = &instance.attributes;
    let replica = instance.resource == "aws_db_instance" && attributes.text("replicate_source_db").is_some();
    let kind = if replica { "rds/DbReplica" } else { kinds::kind_of(&instance.resource)? };
    let handle = handle(kind, attributes)?;
    let (known, beyond) = translated(kind, instance, all);
    Some(Found {
        kind: kind.into(),
        region: region(attributes, &handle),
        handle,
        origin: Origin::Terraform(instance.address.clone()),
        attributes: known,
        beyond,
    })
}

/// As the kind's provider has it.
fn handle(kind: &str, attributes: &Attributes) -> Option<String> {
    let get = |name: &str| attributes.text(name).map(str::to_owned);
    match kind {
        "ec2/SecurityGroup" => get("id"),
        "ec2/SecurityGroupRule" => get("security_group_rule_id").or_else(|| get("id")),
        "eks/PodIdentityAssociation" => get("association_arn"),
        "route53/RecordSet" => {
            // Without the dot at its end, in lower case, as Terrace writes names.
            let name = attributes.text("fqdn").or(attributes.text("name"))?.trim_end_matches('.').to_lowercase();
            Some(format!("{}/{name}/{}", get("zone_id")?, get("type")?))
        }
        "s3/BucketPolicy" => Some(format!("{}/policy", get("bucket")?)),
        "wafv2/LoggingConfiguration" => get("resource_arn"),
        _ => get("arn").or_else(|| get("id").filter(|id| Arn::parse(id).is_some())),
    }
}

/// From version 6 of the provider on, each resource tells its region; before, the ARN of most does.
fn region(attributes: &Attributes, handle: &str) -> Option<String> {
    let arn = attributes.text("arn").unwrap_or(handle);
    let told = attributes.text("region").or_else(|| Arn::parse(arn).map(|arn| arn.region));
    told.filter(|region| !region.is_empty()).map(str::to_owned)
}

/// What is known of it by the fields of its kind, and what those have no word for.
fn translated(kind: &str, instance: &Instance, all: &[Instance]) -> (Map<String, Value>, Vec<String>) {
    let attributes = &instance.attributes;
    match kind {
        "rds/DbInstance" => (rds::instance(attributes), rds::beyond(attributes)),
        "rds/DbReplica" => (rds::replica(attributes), rds::beyond(attributes)),
        "rds/DbParameterGroup" | "elasticache/CacheParameterGroup" => (groups::parameters(attributes), Vec::new()),
        "rds/DbSubnetGroup" | "elasticache/CacheSubnetGroup" => (groups::subnets(attributes), Vec::new()),
        "ec2/SecurityGroup" => (groups::security(attributes), Vec::new()),
        "elasticache/ReplicationGroup" => (elasticache::group(attributes), elasticache::beyond(attributes)),
        "s3/Bucket" => s3::bucket(attributes, all),
        _ => (Map::new(), Vec::new()),
    }
}

#[cfg(test)]
mod tests;
