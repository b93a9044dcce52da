//! `elasticache/CacheSubnetGroup`: the subnets that a cache may stand in.

use std::sync::Arc;

use terrace_engine::{Disposal, Provider, Result, Seen, State};
use terrace_model::aws::elasticache::{CacheGroupOutputs, CacheSubnetGroup};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{ElastiCache, GROUP_NAME, group_outputs, made, name_of, refused, write_tags};
use crate::errors::already;

/// See the module.
pub struct SubnetGroups(pub Arc<ElastiCache>);

impl Provider<CacheSubnetGroup> for SubnetGroups {
    const ACTIONS: &'static [&'static str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateCacheSubnetGroup",
        "elasticache:DeleteCacheSubnetGroup",
        "elasticache:DescribeCacheSubnetGroups",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyCacheSubnetGroup",
        "elasticache:RemoveTagsFromResource",
        "iam:CreateServiceLinkedRole",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<CacheSubnetGroup>> {
        let name = name_of(id, GROUP_NAME);
        let Some(seen) = self.0.subnet_group(id, &name).await? else { return Ok(Seen::Absent) };
        let arn = seen.arn().unwrap_or_default().to_owned();
        let tags = self.0.tags_of(id, &arn).await?;
        let subnets = seen.subnets().iter().filter_map(|subnet| subnet.subnet_identifier());
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            have: CacheSubnetGroup {
                description: seen.cache_subnet_group_description().unwrap_or_default().to_owned(),
                subnet_ids: subnets.map(str::to_owned).collect(),
                tags,
            },
            out: group_outputs(name, &Handle(arn.clone())),
            handle: Handle(arn),
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &CacheSubnetGroup) -> Result<Handle> {
        let request = self.0.writer(id).create_cache_subnet_group().cache_subnet_group_name(name_of(id, GROUP_NAME));
        let request = request
            .cache_subnet_group_description(&want.description)
            .set_subnet_ids(Some(want.subnet_ids.iter().cloned().collect()))
            .set_tags(Some(write_tags(&want.tags)));
        made(request.send().await.map_err(refused)?.cache_subnet_group.and_then(|group| group.arn))
    }

    fn made(&self, id: &Id, handle: &Handle) -> Option<CacheGroupOutputs> {
        Some(group_outputs(name_of(id, GROUP_NAME), handle))
    }

    async fn update(&self, id: &Id, _have: &CacheSubnetGroup, want: &CacheSubnetGroup, diff: &Diff) -> Result<()> {
        let name = name_of(id, GROUP_NAME);
        self.0.retag(id, &self.0.arn(id, "subnetgroup", &name), &want.tags, diff).await?;
        if !diff.touches_any(&["description", "subnetIds"]) {
            return Ok(());
        }
        let request = self.0.writer(id).modify_cache_subnet_group().cache_subnet_group_name(name);
        let request = request
            .cache_subnet_group_description(&want.description)
            .set_subnet_ids(Some(want.subnet_ids.iter().cloned().collect()));
        request.send().await.map_err(refused)?;
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &CacheSubnetGroup, _disposal: Disposal) -> Result<()> {
        let request = self.0.writer(id).delete_cache_subnet_group().cache_subnet_group_name(name_of(id, GROUP_NAME));
        already(request.send().await, &["CacheSubnetGroupNotFoundFault"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache, meta};
    use crate::testing::id;
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::create_cache_subnet_group::CreateCacheSubnetGroupOutput;
    use aws_sdk_elasticache::operation::delete_cache_subnet_group::DeleteCacheSubnetGroupError;
    use aws_sdk_elasticache::operation::modify_cache_subnet_group::ModifyCacheSubnetGroupOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use terrace_engine::{Error, reason};

    fn group(subnets: &[&str]) -> CacheSubnetGroup {
        CacheSubnetGroup {
            description: "sessions".into(),
            subnet_ids: subnets.iter().map(|subnet| (*subnet).to_owned()).collect(),
            tags: [("team".to_owned(), "shop".to_owned())].into(),
        }
    }

    fn groups(rule: &Rule) -> SubnetGroups {
        SubnetGroups(cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [rule]), None))
    }

    #[tokio::test]
    async fn it_is_made_with_its_tags_and_stands_complete() {
        let made = mock!(Client::create_cache_subnet_group)
            .match_requests(|request| request.tags().len() == 1 && request.subnet_ids().len() == 2)
            .then_output(|| {
                let group = aws_sdk_elasticache::types::CacheSubnetGroup::builder().arn("arn:group").build();
                CreateCacheSubnetGroupOutput::builder().cache_subnet_group(group).build()
            });
        let (groups, id) = (groups(&made), id::<CacheSubnetGroup>("subnets"));
        let handle = groups.create(&id, &group(&["a", "b"])).await.expect("it is made");
        let out = groups.made(&id, &handle).expect("it is known");
        assert_eq!((out.arn.as_deref(), out.name), (Some("arn:group"), Some(id.name(GROUP_NAME))));
    }

    #[tokio::test]
    async fn its_subnets_are_always_said_whole() {
        let changed = mock!(Client::modify_cache_subnet_group)
            .match_requests(|request| request.subnet_ids().len() == 3)
            .then_output(|| ModifyCacheSubnetGroupOutput::builder().build());
        let (have, want) = (group(&["a", "b"]), group(&["a", "b", "c"]));
        let id = id::<CacheSubnetGroup>("subnets");
        assert_eq!(groups(&changed).update(&id, &have, &want, &between(&have, &want)).await, Ok(()));
        assert_eq!(changed.num_calls(), 1);
    }

    #[tokio::test]
    async fn one_that_is_gone_is_deleted_and_one_in_use_is_waited_for() {
        let delete = async |code: &'static str| {
            let rule = mock!(Client::delete_cache_subnet_group)
                .then_error(move || DeleteCacheSubnetGroupError::generic(meta(code)));
            groups(&rule).delete(&id::<CacheSubnetGroup>("subnets"), &group(&[]), Disposal::Delete).await
        };
        assert_eq!(delete("CacheSubnetGroupNotFoundFault").await, Ok(()));
        assert!(matches!(delete("CacheSubnetGroupInUse").await, Err(Error::Wait { reason: reason::IN_USE, .. })));
    }
}
