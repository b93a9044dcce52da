//! How a load balancer finds the targets of a target group: what a rollout is judged by.

use aws_sdk_elasticloadbalancingv2::types::{TargetHealth, TargetHealthStateEnum};
use terrace_engine::Result;

use crate::Clients;
use crate::errors::absent;

const GONE: &[&str] = &["TargetGroupNotFound"];

/// The targets of one target group (`TargetHealthDescriptions` in the Elastic Load Balancing API).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// How many get requests.
    pub healthy: u32,
    /// Of the first that is to get requests and does not: why, in AWS's own words.
    pub unwell: Option<String>,
}

/// Reads them, `None` where the target group is gone; one that is on its way out is none of them. The answer holds all there are (Elastic Load Balancing API
/// reference, DescribeTargetHealth: it does not page).
///
/// # Errors
/// As classified.
pub(super) async fn read(clients: &Clients, region: &str, arn: &str) -> Result<Option<Targets>> {
    let request = clients.elbv2(region).describe_target_health().target_group_arn(arn);
    let Some(answer) = absent(request.send().await, GONE)? else { return Ok(None) };
    let described = answer.target_health_descriptions.unwrap_or_default();
    let mut targets = Targets::default();
    for health in described.into_iter().filter_map(|target| target.target_health) {
        match health.state {
            Some(TargetHealthStateEnum::Healthy) => targets.healthy += 1,
            Some(TargetHealthStateEnum::Draining | TargetHealthStateEnum::UnhealthyDraining) => {}
            _ => targets.unwell = targets.unwell.or_else(|| Some(words(health))),
        }
    }
    Ok(Some(targets))
}

/// The description is there while the target is not well; the reason stands for it where it is not.
fn words(health: TargetHealth) -> String {
    let code = || health.reason.map(|reason| reason.as_str().to_owned());
    let state = || health.state.map(|state| state.as_str().to_owned());
    health.description.or_else(code).or_else(state).unwrap_or_else(|| "no state".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients, meta};
    use aws_sdk_elasticloadbalancingv2::Client;
    use aws_sdk_elasticloadbalancingv2::operation::describe_target_health::{
        DescribeTargetHealthError, DescribeTargetHealthOutput,
    };
    use aws_sdk_elasticloadbalancingv2::types::TargetHealthDescription;
    use aws_smithy_mocks::{mock, mock_client};

    const ARN: &str = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/1";

    async fn found(targets: &'static [(TargetHealthStateEnum, Option<&'static str>)]) -> Targets {
        let rule = mock!(Client::describe_target_health)
            .match_requests(|request| request.target_group_arn() == Some(ARN))
            .then_output(move || {
                let all = targets.iter().map(|(state, words)| {
                    let health = TargetHealth::builder().state(state.clone());
                    let health = health.set_description(words.map(str::to_owned)).build();
                    TargetHealthDescription::builder().target_health(health).build()
                });
                DescribeTargetHealthOutput::builder().set_target_health_descriptions(Some(all.collect())).build()
            });
        let clients = clients().with_client(REGION, mock_client!(aws_sdk_elasticloadbalancingv2, [&rule]));
        read(&clients, REGION, ARN).await.expect("it is read").expect("it is there")
    }

    #[tokio::test]
    async fn a_target_group_that_is_gone_has_none() {
        let rule = mock!(Client::describe_target_health)
            .then_error(|| DescribeTargetHealthError::generic(meta("TargetGroupNotFound")));
        let clients = clients().with_client(REGION, mock_client!(aws_sdk_elasticloadbalancingv2, [&rule]));
        assert_eq!(read(&clients, REGION, ARN).await, Ok(None));
    }

    #[tokio::test]
    async fn those_that_get_requests_are_counted_and_those_on_their_way_out_are_not() {
        use TargetHealthStateEnum::{Draining, Healthy};
        let targets =
            found(&[(Healthy, None), (Draining, Some("deregistration is in progress")), (Healthy, None)]).await;
        assert_eq!(targets, Targets { healthy: 2, unwell: None });
        assert_eq!(found(&[]).await, Targets::default());
    }

    #[tokio::test]
    async fn of_the_first_that_gets_none_it_says_why_in_the_words_of_aws() {
        use TargetHealthStateEnum::{Healthy, Initial, Unhealthy};
        const CODES: &str = "Health checks failed with these codes: [502]";
        let targets = found(&[(Healthy, None), (Unhealthy, Some(CODES)), (Initial, None)]).await;
        assert_eq!(targets, Targets { healthy: 1, unwell: Some(CODES.into()) });
        assert_eq!(found(&[(Initial, None)]).await.unwell.as_deref(), Some("initial"));
    }
}
