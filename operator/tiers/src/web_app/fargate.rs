//! Fargate: the profile by which the pods run there, and the role by which it fetches their images and sends their logs.
//!
//! EKS user guide, "Define which Pods use AWS Fargate when launched", "Amazon EKS Pod execution IAM role", "Start AWS
//! Fargate logging for your cluster".

use std::collections::BTreeMap;

use terrace_model::aws::eks::{FargateProfile, FargateSelector};
use terrace_model::aws::iam::{Policy, Role, Statement};
use terrace_model::{Node, Val};

use super::design::{Design, app_label};
use super::slot::FARGATE_PROFILE;
use crate::draft::Draft;
use crate::facts::Environment;

/// What the log router of Fargate does at CloudWatch Logs.
const WRITE_LOGS: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "logs:PutRetentionPolicy",
];

/// Adds the profile, where the pods run on Fargate.
pub(super) fn profile(draft: &mut Draft, design: &Design) {
    if !design.makes_fargate_pods() {
        return;
    }
    let environment = &design.facts.environment;
    let role = execution_role(draft, design);
    let selector =
        FargateSelector { namespace: design.facts.object.namespace.clone(), labels: app_label(design.app()) };
    let profile = FargateProfile {
        cluster_name: environment.cluster.clone(),
        pod_execution_role_arn: role.out(Role::ARN),
        subnets: environment.private_subnet_ids(),
        selectors: [selector].into(),
        tags: draft.tags(),
    };
    draft.add(FARGATE_PROFILE, profile);
}

fn execution_role(draft: &mut Draft, design: &Design) -> Node<Role> {
    let environment = &design.facts.environment;
    let mut trust = Policy::trusts_service("eks-fargate-pods.amazonaws.com");
    let profiles = environment.arn("eks", &format!("fargateprofile/{}/*", environment.cluster));
    trust.statement =
        trust.statement.into_iter().map(|one| one.when("ArnLike", "aws:SourceArn", profiles.clone())).collect();
    let role = Role {
        assume_role_policy: trust,
        description: format!("Fargate pods of {}", design.title()),
        managed_policy_arns: [environment.aws_policy("AmazonEKSFargatePodExecutionRolePolicy")].into(),
        inline_policies: BTreeMap::from([("logs".to_owned(), Policy::of([writes_logs(environment)]))]),
        permissions_boundary: environment.permissions_boundary.clone().unwrap_or_default(),
        max_session_duration: None,
        tags: draft.tags(),
    };
    draft.add("fargate-role", role)
}

/// The log groups under the cluster's own name, to which the cluster's ConfigMap `aws-observability/aws-logging` sends.
fn writes_logs(environment: &Environment) -> Statement {
    let group = environment.arn("logs", &format!("log-group:/aws/eks/{}/fargate", environment.cluster));
    Statement::allow(WRITE_LOGS, ["", "/*", ":*"].map(|end| Val::from(format!("{group}{end}"))))
}
