//! The tags of one resource, by ElastiCache's own call or, where that is refused, by the Tagging API.
//!
//! ElastiCache shows no tags of what is being created, changed or deleted: "If the cluster is not in the available state,
//! ListTagsForResource returns an error" (API reference). Of a user that changes it even says that it is not there.

use terrace_engine::Result;
use terrace_model::aws::Tags;
use terrace_model::identity::tag;

use super::shut;
use crate::Clients;
use crate::errors::{classify, code};
use crate::finder::ListTags;
use crate::tags;

/// ListTagsForResource, with GetResources at its back.
pub(super) struct OwnTags(pub Clients);

/// A refusal to show or take tags that may pass by itself.
pub(super) fn is_shut(code: &str) -> bool {
    code.contains("NotFound") && code != "TagNotFound" || code.starts_with("Invalid") && code.contains("State")
}

impl OwnTags {
    /// What is not seen here yet is waited for: nothing of ours is to be taken for somebody else's.
    async fn by_tagging(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        let answer = self.0.tagging(region).get_resources().resource_arn_list(arn).send().await.map_err(classify)?;
        let found = answer.resource_tag_mapping_list().iter().find(|found| found.resource_arn() == Some(arn));
        let tags = found.map(|found| tags::read(found.tags().iter().map(|tag| (Some(tag.key()), Some(tag.value())))));
        tags.filter(|tags| tags.contains_key(tag::UID)).map(Some).ok_or_else(|| shut(arn))
    }
}

impl ListTags for OwnTags {
    async fn tags(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        match self.0.elasticache(region).list_tags_for_resource().resource_name(arn).send().await {
            Ok(answer) => Ok(Some(tags::read(answer.tag_list().iter().map(|tag| (tag.key(), tag.value()))))),
            Err(error) if code(&error).is_some_and(is_shut) => self.by_tagging(region, arn).await,
            Err(error) => Err(classify(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{meta, tagging};
    use crate::testing::{REGION, clients};
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::list_tags_for_resource::{ListTagsForResourceError, ListTagsForResourceOutput};
    use aws_sdk_elasticache::types::Tag;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_engine::{Error, reason};

    const ARN: &str = "arn:aws:elasticache:eu-west-1:123456789012:user:app";

    async fn read(rule: &Rule, tagged: fn() -> Vec<String>) -> Result<Option<Tags>> {
        let client = mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [rule]);
        let clients = clients().with_client(REGION, client).with_client(REGION, tagging(tagged));
        OwnTags(clients).tags(REGION, ARN).await
    }

    fn refuses(code: &'static str) -> Rule {
        mock!(Client::list_tags_for_resource).then_error(move || ListTagsForResourceError::generic(meta(code)))
    }

    #[tokio::test]
    async fn tags_are_those_that_elasticache_says_without_awss_own() {
        let says = mock!(Client::list_tags_for_resource).then_output(|| {
            let tag = |key: &str| Tag::builder().key(key).value("x").build();
            ListTagsForResourceOutput::builder().tag_list(tag("team")).tag_list(tag("aws:x")).build()
        });
        let tags = read(&says, Vec::new).await.expect("they are read").expect("it is there");
        assert_eq!(tags, [("team".to_owned(), "x".to_owned())].into());
    }

    #[tokio::test]
    async fn what_changes_shows_its_tags_by_the_tagging_api_or_is_waited_for() {
        for code in ["InvalidReplicationGroupState", "InvalidServerlessCacheStateFault", "UserNotFound"] {
            let tags = read(&refuses(code), || vec![ARN.to_owned()]).await.expect("they are read");
            assert!(tags.is_some_and(|tags| tags.contains_key(tag::UID)), "{code}");
            let error = read(&refuses(code), Vec::new).await.expect_err("nobody shows them yet");
            assert!(matches!(error, Error::Wait { reason: reason::NOT_READY, .. }), "{code}: {error:?}");
        }
    }

    #[tokio::test]
    async fn other_errors_are_told() {
        let error = read(&refuses("AccessDenied"), Vec::new).await.expect_err("it is refused");
        assert_eq!(error.reason(), reason::ACCESS_DENIED);
    }
}
