//! Distributions that stand in the way: one that an earlier try made, and those that hold a host name.

use std::collections::BTreeSet;

use terrace_engine::coalesce::Fetch;
use terrace_engine::{Error, Result, reason};
use terrace_model::{Handle, Id, Owner};

use super::CloudFront;
use super::distributions::{Found, GONE, Reader};
use crate::errors::absent;
use crate::finder::ListTags;

impl CloudFront {
    /// What an earlier try made by the same reference, whose reply was lost and whose tags the Tagging API does not show
    /// yet: it bears our tags and that reference.
    pub(super) async fn made_before(&self, id: &Id) -> Result<Handle> {
        let ours = Owner::Tagged { owner: id.owner.clone(), node: id.node.clone(), incarnation: id.incarnation };
        for found in Reader(self.reader()).all().await?.into_values() {
            let tags = super::OwnTags(self.clients.clone()).tags(super::GLOBAL, &found.arn).await?;
            if tags.is_some_and(|tags| Owner::from_tags(&tags) == ours) && self.is_by(&found, &id.token()).await? {
                return Ok(Handle(found.arn.clone()));
            }
        }
        Err(Error::wait(reason::ALREADY_EXISTS, "the distribution was made before, and its tags are not visible yet"))
    }

    async fn is_by(&self, found: &Found, reference: &str) -> Result<bool> {
        let answer = absent(self.reader().get_distribution_config().id(&found.id).send().await, GONE)?;
        let config = answer.and_then(|answer| answer.distribution_config);
        Ok(config.is_some_and(|config| config.caller_reference() == reference))
    }

    /// Says which of these host names another distribution holds, and what to do. AWS says neither.
    pub(super) async fn held(&self, own: Option<&str>, names: &BTreeSet<String>) -> Error {
        let all = match Reader(self.reader()).all().await {
            Ok(all) => all,
            Err(error) => return error,
        };
        let others = all.into_values().filter(|found| Some(found.id.as_str()) != own);
        let held = others.filter_map(|found| {
            let aliases = super::parts::read_aliases(found.config.aliases());
            let shared: Vec<&str> = names.iter().filter(|name| aliases.contains(*name)).map(String::as_str).collect();
            (!shared.is_empty()).then(|| format!("{} is a host name of distribution {}", shared.join(", "), found.id))
        });
        let held: Vec<String> = held.collect();
        let text = if held.is_empty() {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!(
                "a host name among {} belongs to a distribution of another account, or to one of its wildcards: have it \
                 taken off there, or take it out of this object's host names",
                names.join(", ")
            )
        } else {
            format!("{}: take it off there, or out of this object's host names", held.join("; "))
        };
        Error::blocked(reason::NOT_OWNED, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::{cloudfront, distribution_id, listed, reference, tagged, whole};
    use aws_sdk_cloudfront::Client;
    use aws_smithy_mocks::{RuleMode, mock_client};

    #[tokio::test]
    async fn a_distribution_whose_reply_was_lost_is_known_by_its_tags_and_its_reference() {
        let id = distribution_id();
        let (list, tags) = (listed(), tagged(&id.owner_tags()));
        for (made_by, found) in [(id.token(), true), ("other".to_owned(), false)] {
            let config = reference(made_by);
            let rules = [&list, &tags, &config];
            let shared = cloudfront(mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, rules), None);
            let answer = shared.made_before(&id).await;
            match found {
                true => assert_eq!(answer, Ok(Handle(whole().arn().to_owned()))),
                false => assert_eq!(answer.expect_err("it is another's").reason(), reason::ALREADY_EXISTS),
            }
        }
    }

    #[tokio::test]
    async fn who_holds_a_host_name_is_named_where_it_can_be_known() {
        let list = listed();
        let client: Client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&list]);
        let shared = cloudfront(client, None);
        let names = ["shop.example.com".to_owned()].into();
        let known = shared.held(None, &names).await.to_string();
        assert!(known.contains("shop.example.com is a host name of distribution E1:"), "{known}");
        let own = shared.held(Some("E1"), &names).await;
        assert!(own.to_string().contains("shop.example.com belongs to a distribution of another account"), "{own}");
        assert!(own.is_stalled());
    }
}
