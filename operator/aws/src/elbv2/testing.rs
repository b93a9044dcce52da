//! Fixtures that the tests of this service share.

use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancer_attributes::DescribeLoadBalancerAttributesOutput;
use aws_sdk_elasticloadbalancingv2::operation::describe_tags::DescribeTagsOutput;
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerAttribute, Tag, TagDescription};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use serde_json::json;
use terrace_model::aws::elbv2::LoadBalancer;

use super::Elb;
use crate::testing::{REGION, clients};
pub use crate::testing::{between, meta};

/// The providers' state over a mocked client.
pub fn elb(rules: &[&Rule]) -> Arc<Elb> {
    let client = mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, rules);
    Elb::new(clients().with_client(REGION, client))
}

/// DescribeTags that shows these of whatever is asked about. A mock does not see its request when it answers: so it names
/// every ARN of these tests.
pub fn tagged(tags: &'static [(&'static str, &'static str)]) -> Rule {
    const ARNS: &[&str] = &[
        "loadbalancer/app/shop/50dc6c495c0c9188",
        "targetgroup/web/943f017f100becff",
        "listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2",
        "listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee",
    ];
    mock!(Client::describe_tags).then_output(|| {
        let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build();
        let described = |arn: &&str| {
            let arn = format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:{arn}");
            TagDescription::builder().resource_arn(arn).set_tags(Some(tags.iter().map(tag).collect())).build()
        };
        DescribeTagsOutput::builder().set_tag_descriptions(Some(ARNS.iter().map(described).collect())).build()
    })
}

/// Attributes of a load balancer.
pub fn shown_attributes(attributes: &'static [(&'static str, &'static str)]) -> Rule {
    mock!(Client::describe_load_balancer_attributes).then_output(|| {
        let one = |(key, value): &(&str, &str)| LoadBalancerAttribute::builder().key(*key).value(*value).build();
        let all = attributes.iter().map(one).collect();
        DescribeLoadBalancerAttributesOutput::builder().set_attributes(Some(all)).build()
    })
}

/// A wish.
pub fn load_balancer() -> LoadBalancer {
    let value = json!({
        "type": "application", "scheme": "internal", "ipAddressType": "ipv4", "subnets": ["a", "b"],
        "securityGroups": ["sg-1"], "attributes": {"idle_timeout.timeout_seconds": "60"}, "tags": {"team": "shop"},
    });
    serde_json::from_value(value).expect("a wish is whole")
}
