//! What a role may not do, by IAM's own simulation: for `terrace doctor`, which asks as the person who runs it.

use std::collections::BTreeSet;

use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use terrace_engine::Result;

use crate::Clients;
use crate::errors::classify;

/// Actions of one request: what the answer holds of more comes in pages (API reference, SimulatePrincipalPolicy, `MaxItems`).
const AT_ONCE: usize = 100;

/// Those of the actions that the policies of a role do not allow on every resource. What they allow under conditions counts
/// as allowed: nobody knows yet what the condition will be held against.
///
/// # Errors
/// As classified; the caller needs iam:SimulatePrincipalPolicy.
pub async fn denied(clients: &Clients, role: &str, actions: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let actions: Vec<String> = actions.iter().cloned().collect();
    let mut denied = BTreeSet::new();
    for some in actions.chunks(AT_ONCE) {
        let request = clients.iam().simulate_principal_policy().policy_source_arn(role);
        let request = request.set_action_names(Some(some.to_vec()));
        let results = request.into_paginator().items().send().collect::<std::result::Result<Vec<_>, _>>();
        for result in results.await.map_err(classify)? {
            let conditional = !result.missing_context_values().is_empty();
            if *result.eval_decision() != PolicyEvaluationDecisionType::Allowed && !conditional {
                denied.insert(result.eval_action_name().to_owned());
            }
        }
    }
    Ok(denied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::clients;
    use aws_sdk_iam::Client;
    use aws_sdk_iam::operation::simulate_principal_policy::SimulatePrincipalPolicyOutput;
    use aws_sdk_iam::types::EvaluationResult;
    use aws_smithy_mocks::{mock, mock_client};

    fn result(action: &str, decision: PolicyEvaluationDecisionType) -> EvaluationResult {
        EvaluationResult::builder().eval_action_name(action).eval_decision(decision).build().expect("it is whole")
    }

    #[tokio::test]
    async fn what_no_statement_allows_is_denied() {
        let rule = mock!(Client::simulate_principal_policy)
            .match_requests(|request| request.policy_source_arn() == Some("arn:aws:iam::111122223333:role/terrace"))
            .then_output(|| {
                SimulatePrincipalPolicyOutput::builder()
                    .evaluation_results(result("rds:CreateDBInstance", PolicyEvaluationDecisionType::ImplicitDeny))
                    .evaluation_results(result("rds:DescribeDBInstances", PolicyEvaluationDecisionType::Allowed))
                    .is_truncated(false)
                    .build()
            });
        let clients = clients().with_client("us-east-1", mock_client!(aws_sdk_iam, [&rule]));
        let actions = ["rds:CreateDBInstance", "rds:DescribeDBInstances"].map(String::from).into();
        let denied = denied(&clients, "arn:aws:iam::111122223333:role/terrace", &actions).await.unwrap();
        assert_eq!(denied, ["rds:CreateDBInstance".to_owned()].into());
    }
}
