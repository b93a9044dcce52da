//! The tags of one resource, by DescribeTags.

use terrace_engine::Result;
use terrace_model::aws::Tags;

use crate::errors::absent;
use crate::finder::ListTags;
use crate::{Clients, tags};

/// DescribeTags.
pub(super) struct OwnTags(pub Clients);

const GONE: &[&str] = &["ListenerNotFound", "LoadBalancerNotFound", "RuleNotFound", "TargetGroupNotFound"];

impl ListTags for OwnTags {
    async fn tags(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        let answer = absent(self.0.elbv2(region).describe_tags().resource_arns(arn).send().await, GONE)?;
        let described = answer.and_then(|answer| answer.tag_descriptions).unwrap_or_default();
        let found = described.into_iter().find(|described| described.resource_arn() == Some(arn));
        Ok(found.map(|found| tags::read(found.tags().iter().map(|tag| (tag.key(), tag.value())))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elbv2::testing::meta;
    use crate::testing::{REGION, clients};
    use aws_sdk_elasticloadbalancingv2::Client;
    use aws_sdk_elasticloadbalancingv2::operation::describe_tags::{DescribeTagsError, DescribeTagsOutput};
    use aws_sdk_elasticloadbalancingv2::types::{Tag, TagDescription};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    #[tokio::test]
    async fn tags_are_read_without_awss_own_and_what_is_gone_has_none() {
        let there = mock!(Client::describe_tags)
            .match_requests(|request| request.resource_arns() == ["arn:a"])
            .then_output(|| {
                let tag = |key: &str| Tag::builder().key(key).value("x").build();
                let found =
                    TagDescription::builder().resource_arn("arn:a").tags(tag("team")).tags(tag("aws:x")).build();
                DescribeTagsOutput::builder().tag_descriptions(found).build()
            });
        let gone = mock!(Client::describe_tags)
            .match_requests(|request| request.resource_arns() == ["arn:gone"])
            .then_error(|| DescribeTagsError::generic(meta("ListenerNotFound")));
        let client = mock_client!(aws_sdk_elasticloadbalancingv2, RuleMode::MatchAny, [&there, &gone]);
        let own = OwnTags(clients().with_client(REGION, client));
        assert_eq!(own.tags(REGION, "arn:a").await, Ok(Some([("team".to_owned(), "x".to_owned())].into())));
        assert_eq!(own.tags(REGION, "arn:gone").await, Ok(None));
    }
}
