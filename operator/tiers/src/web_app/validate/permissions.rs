//! The statements that a spec writes itself: no rights over rights, and no resources but those of its namespace.

use terrace_crds::WebAppSpec;
use terrace_crds::web_app::Permission;

use crate::{Facts, Invalid};

/// The services by which somebody may get further rights.
const RIGHTS: &[&str] = &["account", "iam", "organizations", "sso", "sts"];

/// Actions that AWS grants on no single resource (Service Authorization Reference, the tables of these services), and that
/// reach nothing of anybody else's.
const ON_NO_RESOURCE: &[&str] = &[
    "cloudwatch:PutMetricData",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeRegions",
    "ecr:GetAuthorizationToken",
    "xray:GetSamplingRules",
    "xray:GetSamplingStatisticSummaries",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

pub(super) fn check(spec: &WebAppSpec, facts: &Facts, invalid: &mut Invalid) {
    for (index, permission) in spec.permissions.iter().enumerate() {
        let field = format!("spec.permissions[{index}]");
        actions(&field, permission, facts, invalid);
        resources(&field, permission, facts, invalid);
    }
}

fn actions(field: &str, permission: &Permission, facts: &Facts, invalid: &mut Invalid) {
    let environment = &facts.environment;
    let field = format!("{field}.actions");
    for action in &permission.actions {
        let service = action.split(':').next().unwrap_or_default();
        if !RIGHTS.contains(&service) {
            continue;
        }
        if action.contains('*') {
            invalid.add(&field, format!("{action} would give rights over rights: name each action"));
        } else if environment.permissions_boundary.is_none() {
            invalid.add(
                &field,
                format!(
                    "{action} gives rights over rights, and Environment {} has no permissions boundary for them: leave it out, or ask its administrator to set permissionsBoundary",
                    environment.name
                ),
            );
        }
    }
}

fn resources(field: &str, permission: &Permission, facts: &Facts, invalid: &mut Invalid) {
    let environment = &facts.environment;
    let everywhere = permission.actions.iter().all(|action| ON_NO_RESOURCE.contains(&action.as_str()));
    for resource in &permission.resources {
        if (resource == "*" && everywhere) || environment.limits.allows(resource) {
            continue;
        }
        let message = if resource == "*" {
            "these actions are granted on resources: name those of this namespace".into()
        } else {
            format!(
                "{resource} is not admitted: ask the administrator of Environment {} to add it to limits.allow for namespace {}",
                environment.name, facts.object.namespace
            )
        };
        invalid.add(&format!("{field}.resources"), message);
    }
}
