//! Tags of hosted zones and health checks, which are set after they are made, up to ten in a call.

use aws_sdk_route53::Client;
use aws_sdk_route53::types::{Tag, TagResourceType};
use terrace_engine::Result;
use terrace_model::Diff;
use terrace_model::aws::Tags;

use super::read::{NO_CHECK, NO_ZONE, last};
use crate::errors::{absent, classify};
use crate::finder::ListTags;
use crate::{Clients, tags};

/// API reference, ChangeTagsForResource, `AddTags` and `RemoveTagKeys`.
const MOST: usize = 10;

/// Reads the tags of one kind of thing.
pub struct ServiceTags {
    pub clients: Clients,
    pub kind: TagResourceType,
}

impl ListTags for ServiceTags {
    async fn tags(&self, _region: &str, arn: &str) -> Result<Option<Tags>> {
        let request = self.clients.route53().list_tags_for_resource();
        let answer = request.resource_type(self.kind.clone()).resource_id(last(arn)).send().await;
        let answer = absent(answer, &[NO_ZONE[0], NO_CHECK[0]])?;
        let set = answer.and_then(|answer| answer.resource_tag_set);
        Ok(set.map(|set| tags::read(set.tags().iter().map(|tag| (tag.key(), tag.value())))))
    }
}

/// Sets tags.
pub async fn set(client: &Client, kind: &TagResourceType, id: &str, tags: &Tags) -> Result<()> {
    let tags = tags::write(tags, |key, value| Tag::builder().key(key).value(value).build());
    for part in tags.chunks(MOST) {
        let request = client.change_tags_for_resource().resource_type(kind.clone()).resource_id(id);
        request.set_add_tags(Some(part.to_vec())).send().await.map_err(classify)?;
    }
    Ok(())
}

/// Brings tags to the wish.
pub async fn retag(client: &Client, kind: &TagResourceType, id: &str, want: &Tags, diff: &Diff) -> Result<()> {
    let add = |tags: Tags| async move { set(client, kind, id, &tags).await };
    let remove = |keys: Vec<String>| async move {
        for part in keys.chunks(MOST) {
            let request = client.change_tags_for_resource().resource_type(kind.clone()).resource_id(id);
            request.set_remove_tag_keys(Some(part.to_vec())).send().await.map_err(classify)?;
        }
        Ok(())
    };
    tags::retag(want, diff, add, remove).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_route53::operation::change_tags_for_resource::ChangeTagsForResourceOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    #[tokio::test]
    async fn no_call_sets_more_tags_than_it_takes() {
        let tagged = mock!(Client::change_tags_for_resource)
            .match_requests(|request| (1..=MOST).contains(&request.add_tags().len()))
            .then_output(|| ChangeTagsForResourceOutput::builder().build());
        let client = mock_client!(aws_sdk_route53, RuleMode::MatchAny, [&tagged]);
        let tags: Tags = (0..25).map(|number| (number.to_string(), "x".to_owned())).collect();
        set(&client, &TagResourceType::Hostedzone, "Z1", &tags).await.expect("they are set");
        assert_eq!(tagged.num_calls(), 3);
    }
}
