//! How much of an account's quotas is in use, of those that AWS tells with their use: for `terrace doctor`.
//!
//! From the API references: RDS, DescribeAccountAttributes; IAM, GetAccountSummary; Route 53, GetAccountLimit; Elastic Load
//! Balancing, DescribeAccountLimits and DescribeLoadBalancers, which are counted.

use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;
use aws_sdk_iam::types::SummaryKeyType;
use aws_sdk_route53::types::AccountLimitType;
use terrace_engine::Result;

use crate::Clients;
use crate::errors::classify;

/// One quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// AWS's own name, as `DBInstances`.
    pub name: String,
    pub used: i64,
    pub most: i64,
}

/// The quotas of a service.
pub struct Quotas {
    pub service: &'static str,
    /// As `aws service-quotas` calls the service.
    pub code: &'static str,
    pub all: Result<Vec<Quota>>,
}

impl Quota {
    fn new(name: &str, used: i64, most: i64) -> Self {
        Quota { name: name.into(), used, most }
    }

    /// True where four fifths are in use.
    pub fn is_near(&self) -> bool {
        self.most > 0 && self.used * 5 >= self.most * 4
    }
}

/// The quotas that what is made in a region counts against. What a service does not tell is an error of its own, as
/// classified: the caller needs rds:DescribeAccountAttributes, iam:GetAccountSummary, route53:GetAccountLimit,
/// elasticloadbalancing:DescribeAccountLimits and elasticloadbalancing:DescribeLoadBalancers.
pub async fn all(clients: &Clients, region: &str) -> Vec<Quotas> {
    let (rds, iam, route53, elb) =
        tokio::join!(rds(clients, region), iam(clients), route53(clients), load_balancers(clients, region));
    let of = |service, code, all| Quotas { service, code, all };
    vec![
        of("RDS", "rds", rds),
        of("IAM", "iam", iam),
        of("Route 53", "route53", route53),
        of("Elastic Load Balancing", "elasticloadbalancing", elb),
    ]
}

async fn rds(clients: &Clients, region: &str) -> Result<Vec<Quota>> {
    let answer = clients.rds(region).describe_account_attributes().send().await.map_err(classify)?;
    let quota = |quota: &aws_sdk_rds::types::AccountQuota| {
        let name = quota.account_quota_name().unwrap_or_default();
        Quota::new(name, quota.used().unwrap_or_default(), quota.max().unwrap_or_default())
    };
    Ok(answer.account_quotas().iter().map(quota).collect())
}

/// Of what IAM counts, that which Terrace makes.
async fn iam(clients: &Clients) -> Result<Vec<Quota>> {
    let answer = clients.iam().get_account_summary().send().await.map_err(classify)?;
    let number = |key: &str| {
        let summary = answer.summary_map()?;
        summary.get(&SummaryKeyType::from(key)).copied().map(i64::from)
    };
    let quota = |name: &str| Some(Quota::new(name, number(name)?, number(&format!("{name}Quota"))?));
    Ok(["Roles"].into_iter().filter_map(quota).collect())
}

async fn route53(clients: &Clients) -> Result<Vec<Quota>> {
    let mut quotas = Vec::new();
    for (name, kind) in [
        ("hosted zones", AccountLimitType::MaxHostedZonesByOwner),
        ("health checks", AccountLimitType::MaxHealthChecksByOwner),
    ] {
        let answer = clients.route53().get_account_limit().r#type(kind).send().await.map_err(classify)?;
        let most = answer.limit().map(|limit| limit.value()).unwrap_or_default();
        quotas.push(Quota::new(name, answer.count(), most));
    }
    Ok(quotas)
}

async fn load_balancers(clients: &Clients, region: &str) -> Result<Vec<Quota>> {
    let client = clients.elbv2(region);
    let limits = client.describe_account_limits().send().await.map_err(classify)?;
    let all = client.describe_load_balancers().into_paginator().items().send();
    let all = all.collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
    let quota = |(name, kind): (&str, LoadBalancerTypeEnum)| {
        let limit = limits.limits().iter().find(|limit| limit.name() == Some(name))?;
        let used = all.iter().filter(|balancer| balancer.r#type() == Some(&kind)).count();
        Some(Quota::new(name, i64::try_from(used).ok()?, limit.max()?.parse().ok()?))
    };
    let kinds = [
        ("application-load-balancers", LoadBalancerTypeEnum::Application),
        ("network-load-balancers", LoadBalancerTypeEnum::Network),
    ];
    Ok(kinds.into_iter().filter_map(quota).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients};
    use aws_sdk_elasticloadbalancingv2::operation::describe_account_limits::DescribeAccountLimitsOutput;
    use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::DescribeLoadBalancersOutput;
    use aws_sdk_elasticloadbalancingv2::types::{Limit, LoadBalancer};
    use aws_sdk_iam::operation::get_account_summary::GetAccountSummaryOutput;
    use aws_sdk_rds::operation::describe_account_attributes::DescribeAccountAttributesOutput;
    use aws_sdk_rds::types::AccountQuota;
    use aws_sdk_route53::operation::get_account_limit::GetAccountLimitOutput;
    use aws_sdk_route53::types::AccountLimit;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    #[tokio::test]
    async fn a_quota_that_is_used_by_four_fifths_is_near() {
        let rule = mock!(aws_sdk_rds::Client::describe_account_attributes).then_output(|| {
            let quota = |name, used, max| AccountQuota::builder().account_quota_name(name).used(used).max(max).build();
            DescribeAccountAttributesOutput::builder()
                .account_quotas(quota("DBInstances", 32, 40))
                .account_quotas(quota("DBSubnetGroups", 31, 40))
                .build()
        });
        let clients = clients().with_client(REGION, mock_client!(aws_sdk_rds, [&rule]));
        let quotas = rds(&clients, REGION).await.unwrap();
        assert_eq!(quotas.iter().map(Quota::is_near).collect::<Vec<_>>(), [true, false]);
        assert_eq!(quotas[0], Quota::new("DBInstances", 32, 40));
    }

    #[tokio::test]
    async fn iam_counts_roles_with_their_quota() {
        let rule = mock!(aws_sdk_iam::Client::get_account_summary).then_output(|| {
            let counted = [("Roles", 998), ("RolesQuota", 1000), ("Users", 3)];
            let map = counted.into_iter().map(|(key, number)| (SummaryKeyType::from(key), number)).collect();
            GetAccountSummaryOutput::builder().set_summary_map(Some(map)).build()
        });
        let clients = clients().with_client("us-east-1", mock_client!(aws_sdk_iam, [&rule]));
        assert_eq!(iam(&clients).await.unwrap(), [Quota::new("Roles", 998, 1000)]);
    }

    #[tokio::test]
    async fn route_53_tells_each_limit_with_its_count() {
        let rule = mock!(aws_sdk_route53::Client::get_account_limit).then_output(|| {
            let limit = AccountLimit::builder().r#type(AccountLimitType::MaxHostedZonesByOwner).value(500);
            GetAccountLimitOutput::builder().limit(limit.build().expect("it is whole")).count(499).build()
        });
        let client = mock_client!(aws_sdk_route53, RuleMode::MatchAny, [&rule]);
        let quotas = route53(&clients().with_client("us-east-1", client)).await.unwrap();
        assert_eq!(quotas, [Quota::new("hosted zones", 499, 500), Quota::new("health checks", 499, 500)]);
    }

    #[tokio::test]
    async fn load_balancers_are_counted_by_their_type() {
        let limits = mock!(aws_sdk_elasticloadbalancingv2::Client::describe_account_limits).then_output(|| {
            let limit = |name: &str, max: &str| Limit::builder().name(name).max(max).build();
            DescribeAccountLimitsOutput::builder()
                .limits(limit("application-load-balancers", "50"))
                .limits(limit("target-groups", "3000"))
                .build()
        });
        let all = mock!(aws_sdk_elasticloadbalancingv2::Client::describe_load_balancers).then_output(|| {
            let of = |kind| LoadBalancer::builder().r#type(kind).build();
            DescribeLoadBalancersOutput::builder()
                .load_balancers(of(LoadBalancerTypeEnum::Application))
                .load_balancers(of(LoadBalancerTypeEnum::Network))
                .build()
        });
        let client = mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, [&limits, &all]);
        let quotas = load_balancers(&clients().with_client(REGION, client), REGION).await.unwrap();
        assert_eq!(quotas, [Quota::new("application-load-balancers", 1, 50)]);
    }
}
