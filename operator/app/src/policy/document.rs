//! The IAM policies that allow what is needed, each small enough for AWS.

use std::collections::BTreeMap;

use serde_json::json;
use terrace_model::aws::iam::{Policy, Statement};

use super::needs::Needs;

/// The most characters of a managed policy, white space apart (IAM User Guide, "IAM and AWS STS quotas").
const LONGEST: usize = 6144;

const PASS_ROLE: &str = "iam:PassRole";
const SERVICE_LINKED: &str = "iam:CreateServiceLinkedRole";
const UNBOUND: &str = "iam:DeleteRolePermissionsBoundary";
/// What gives a role rights; each knows the condition key `iam:PermissionsBoundary` (service authorization reference, IAM).
const GIVES_RIGHTS: [&str; 6] = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
];

/// ARN of the policy that every role must have as its permissions boundary.
pub struct Boundary(pub String);

/// One statement a service, and one for each action that has a condition, packed into as few policies as hold them.
pub fn policies(needs: &Needs, boundary: Option<&Boundary>) -> Vec<Policy> {
    let mut policies: Vec<Vec<Statement>> = Vec::new();
    for statement in statements(needs, boundary) {
        let fits = policies.iter().position(|held| length(held.iter().chain([&statement]).cloned()) <= LONGEST);
        match fits {
            Some(at) => policies[at].push(statement),
            None => policies.push(vec![statement]),
        }
    }
    policies.into_iter().map(Policy::of).collect()
}

/// Whether an action is allowed for some resources only, or under a condition.
pub fn is_special(action: &str) -> bool {
    [PASS_ROLE, SERVICE_LINKED].contains(&action)
}

fn length(statements: impl IntoIterator<Item = Statement>) -> usize {
    serde_json::to_string(&Policy::of(statements)).map_or(usize::MAX, |text| text.len())
}

fn statements(needs: &Needs, boundary: Option<&Boundary>) -> Vec<Statement> {
    let mut services: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut special = Vec::new();
    for action in needs.actions.iter().map(String::as_str) {
        match (action, boundary) {
            (PASS_ROLE, _) => special.push(pass_role(needs)),
            (SERVICE_LINKED, _) => special.push(allow(&[action], "arn:*:iam::*:role/aws-service-role/*")),
            (UNBOUND, Some(_)) => {}
            (action, Some(_)) if GIVES_RIGHTS.contains(&action) => {}
            _ => services.entry(action.split(':').next().unwrap_or_default()).or_default().push(action),
        }
    }
    if let Some(boundary) = boundary {
        let actions: Vec<&str> = GIVES_RIGHTS.into_iter().filter(|action| needs.actions.contains(*action)).collect();
        let statement = allow(&actions, "arn:*:iam::*:role/*");
        special.extend(
            (!actions.is_empty())
                .then(|| statement.when("StringEquals", "iam:PermissionsBoundary", boundary.0.as_str())),
        );
    }
    services.into_values().map(|actions| allow(&actions, "*")).chain(special).collect()
}

fn allow(actions: &[&str], resource: &str) -> Statement {
    Statement::allow(actions, [resource.into()])
}

/// Roles are handed to the services that the providers name, and to no other.
fn pass_role(needs: &Needs) -> Statement {
    let mut statement = allow(&[PASS_ROLE], "arn:*:iam::*:role/*");
    statement.condition.insert("StringEquals".into(), [("iam:PassedToService".to_owned(), json!(needs.passes))].into());
    statement
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kinds::KINDS;

    fn all() -> Needs {
        Needs::of(&KINDS.iter().map(|kind| kind.name).collect())
    }

    fn allowed(policies: &[Policy]) -> BTreeSet<String> {
        policies.iter().flat_map(|policy| &policy.statement).flat_map(|statement| statement.action.clone()).collect()
    }

    #[tokio::test]
    async fn every_action_is_allowed_once_and_no_policy_is_too_long() {
        let needs = all();
        let policies = policies(&needs, None);
        assert_eq!(allowed(&policies), needs.actions);
        let count: usize = policies.iter().flat_map(|policy| &policy.statement).map(|one| one.action.len()).sum();
        assert_eq!(count, needs.actions.len());
        for policy in &policies {
            assert!(length(policy.statement.clone()) <= LONGEST);
        }
        // A role holds ten managed policies (IAM User Guide, quotas).
        assert!(policies.len() <= 4, "{}", policies.len());
    }

    #[tokio::test]
    async fn roles_are_handed_to_the_services_that_need_them_and_to_no_other() {
        let policies = policies(&all(), None);
        let statements: Vec<_> = policies.iter().flat_map(|policy| &policy.statement).collect();
        let passing: Vec<_> = statements.iter().filter(|one| one.action.contains(PASS_ROLE)).collect();
        let [passing] = passing.as_slice() else { panic!("{passing:?}") };
        let services = [
            "eks-fargate-pods.amazonaws.com",
            "monitoring.rds.amazonaws.com",
            "pods.eks.amazonaws.com",
            "rds.amazonaws.com",
        ];
        assert_eq!(passing.condition["StringEquals"]["iam:PassedToService"], json!(services));
    }

    #[tokio::test]
    async fn with_a_boundary_no_role_is_given_rights_without_it_nor_rid_of_it() {
        let boundary = Boundary("arn:aws:iam::111122223333:policy/boundary".into());
        let policies = policies(&all(), Some(&boundary));
        let statements = policies.iter().flat_map(|policy| &policy.statement);
        for statement in statements {
            assert!(!statement.action.contains(UNBOUND));
            if GIVES_RIGHTS.iter().any(|action| statement.action.contains(*action)) {
                let equals = &statement.condition["StringEquals"];
                assert_eq!(equals["iam:PermissionsBoundary"], json!(boundary.0));
            }
        }
        assert!(GIVES_RIGHTS.iter().all(|action| allowed(&policies).contains(*action)));
    }
}
