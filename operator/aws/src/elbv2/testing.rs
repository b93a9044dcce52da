//! Fixtures that the tests of this service share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancer_attributes::DescribeLoadBalancerAttributesOutput;
use aws_sdk_elasticloadbalancingv2::operation::describe_tags::DescribeTagsOutput;
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerAttribute, Tag, TagDescription};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use serde_json::json;
use terrace_model::aws::elbv2::LoadBalancer;
use terrace_model::diff::{OwnedKeys, diff};
use terrace_model::{Diff, KindSpec, Resource};

use super::Elb;
use crate::testing::{REGION, clients};

/// The providers' state over a mocked client.
pub fn elb(rules: &[&Rule]) -> Arc<Elb> {
    let client = mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, rules);
    Elb::new(clients().with_client(REGION, client))
}

/// An error as the service answers it.
pub fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("AWS says no").build()
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

/// What differs between two wishes of a kind; the keys of `have` are ours.
pub fn between<R: Resource>(have: &R, want: &R) -> Diff {
    let json = |value: &R| serde_json::to_value(value).expect("a wish is JSON");
    let (have, want) = (json(have), json(want));
    let keys = |field: &str| -> BTreeSet<String> {
        have[field].as_object().into_iter().flat_map(|map| map.keys().cloned()).collect()
    };
    let owned: OwnedKeys = ["tags", "attributes"].map(|field| (field.to_owned(), keys(field))).into();
    diff(&KindSpec::of::<R>(), &want, &have, &owned, &BTreeMap::new())
}

/// A wish.
pub fn load_balancer() -> LoadBalancer {
    let value = json!({
        "type": "application", "scheme": "internal", "ipAddressType": "ipv4", "subnets": ["a", "b"],
        "securityGroups": ["sg-1"], "attributes": {"idle_timeout.timeout_seconds": "60"}, "tags": {"team": "shop"},
    });
    serde_json::from_value(value).expect("a wish is whole")
}
