//! `elasticache/ServerlessCache`: a cache that AWS sizes.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_elasticache::types as sdk;
use terrace_engine::{Backup, Disposal, Pace, Provider, Result, Seen};
use terrace_model::aws::Tags;
use terrace_model::aws::elasticache::{CacheUsageLimits, ServerlessCache, ServerlessCacheOutputs};
use terrace_model::{Diff, Handle, Id, Owner, Val};

use super::status::state;
use super::{
    ElastiCache, NAME, known, known_list, known_option, lower, made, name_of, network_type, only, refused, some,
    write_tags,
};

/// See the module.
pub struct ServerlessCaches(pub Arc<ElastiCache>);

const VERSION: &[&str] = &["engine", "majorEngineVersion"];
const SETTINGS: &[&str] = &[
    "description",
    "cacheUsageLimits",
    "securityGroupIds",
    "userGroupId",
    "snapshotRetentionLimit",
    "dailySnapshotTime",
];

fn limits(want: &CacheUsageLimits) -> sdk::CacheUsageLimits {
    let storage = sdk::DataStorage::builder().maximum(want.data_storage).unit(sdk::DataStorageUnit::Gb).build();
    let ecpu = sdk::EcpuPerSecond::builder().maximum(want.ecpu_per_second).build();
    sdk::CacheUsageLimits::builder().data_storage(storage).ecpu_per_second(ecpu).build()
}

/// What it is, in the form in which wishes are written. Whoever sets no limit has 0.
fn cache(seen: &sdk::ServerlessCache, tags: Tags) -> ServerlessCache {
    let limits = seen.cache_usage_limits();
    let storage = limits.and_then(|limits| limits.data_storage()).and_then(|storage| storage.maximum());
    let ecpu = limits.and_then(|limits| limits.ecpu_per_second()).and_then(|ecpu| ecpu.maximum());
    ServerlessCache {
        description: seen.description().unwrap_or_default().to_owned(),
        engine: lower(seen.engine()),
        major_engine_version: seen.major_engine_version().unwrap_or_default().to_owned(),
        cache_usage_limits: CacheUsageLimits {
            data_storage: storage.unwrap_or_default(),
            ecpu_per_second: ecpu.unwrap_or_default(),
        },
        kms_key_id: seen.kms_key_id().map(Val::from),
        security_group_ids: seen.security_group_ids().iter().map(|group| group.as_str().into()).collect(),
        subnet_ids: seen.subnet_ids().iter().cloned().collect(),
        user_group_id: lower(seen.user_group_id()).into(),
        snapshot_retention_limit: seen.snapshot_retention_limit().unwrap_or_default(),
        daily_snapshot_time: seen.daily_snapshot_time().map(str::to_owned),
        network_type: Some(network_type(seen.network_type())),
        restore_from: None,
        tags,
    }
}

fn present(seen: &sdk::ServerlessCache, tags: Tags) -> Seen<ServerlessCache> {
    let endpoint = seen.endpoint();
    Seen::Present {
        owner: Owner::from_tags(&tags),
        have: cache(seen, tags),
        out: ServerlessCacheOutputs {
            name: seen.serverless_cache_name().map(str::to_lowercase),
            arn: seen.arn().map(str::to_owned),
            endpoint: endpoint.and_then(|endpoint| endpoint.address()).map(str::to_owned),
            port: endpoint.and_then(|endpoint| endpoint.port()),
            engine_version: seen.full_engine_version().map(str::to_owned),
        },
        handle: Handle(seen.arn().unwrap_or_default().to_owned()),
        state: state(seen.status()),
    }
}

impl Provider<ServerlessCache> for ServerlessCaches {
    /// Beside ElastiCache's own: its service-linked role; the endpoint in the network (user guide, "AWS managed policies
    /// for Amazon ElastiCache"); the key.
    const ACTIONS: &'static [&'static str] = &[
        "ec2:CreateTags",
        "ec2:CreateVpcEndpoint",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "elasticache:AddTagsToResource",
        "elasticache:CreateServerlessCache",
        "elasticache:CreateServerlessCacheSnapshot",
        "elasticache:DeleteServerlessCache",
        "elasticache:DescribeServerlessCacheSnapshots",
        "elasticache:DescribeServerlessCaches",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyServerlessCache",
        "elasticache:RemoveTagsFromResource",
        "iam:CreateServiceLinkedRole",
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "tag:GetResources",
    ];
    /// Its endpoints take a few minutes.
    const PACE: Pace = Pace { usual: Duration::from_secs(180) };

    async fn observe(&self, id: &Id) -> Result<Seen<ServerlessCache>> {
        let Some(seen) = self.0.serverless_cache(id, &name_of(id, NAME)).await? else { return Ok(Seen::Absent) };
        let tags = self.0.tags_of(id, seen.arn().unwrap_or_default()).await?;
        Ok(present(&seen, tags))
    }

    async fn create(&self, id: &Id, want: &ServerlessCache) -> Result<Handle> {
        let snapshot = match &want.restore_from {
            Some(from) => Some(vec![self.0.restorable(id, &from.snapshot).await?]),
            None => None,
        };
        let request = self.0.writer(id).create_serverless_cache().serverless_cache_name(name_of(id, NAME));
        let request = request
            .description(&want.description)
            .engine(&want.engine)
            .major_engine_version(&want.major_engine_version)
            .cache_usage_limits(limits(&want.cache_usage_limits))
            .set_kms_key_id(known_option(want.kms_key_id.as_ref())?)
            .set_security_group_ids(some(known_list(&want.security_group_ids)?))
            .set_snapshot_arns_to_restore(snapshot)
            .set_user_group_id(Some(known(&want.user_group_id)?).filter(|group| !group.is_empty()))
            .set_subnet_ids(some(want.subnet_ids.iter().cloned().collect()))
            .snapshot_retention_limit(want.snapshot_retention_limit)
            .set_daily_snapshot_time(want.daily_snapshot_time.clone())
            .set_network_type(want.network_type.as_deref().map(Into::into))
            .set_tags(Some(write_tags(&want.tags)));
        made(request.send().await.map_err(refused)?.serverless_cache.and_then(|cache| cache.arn))
    }

    /// The version goes by itself, then all else.
    async fn update(&self, id: &Id, _have: &ServerlessCache, want: &ServerlessCache, diff: &Diff) -> Result<()> {
        let name = name_of(id, NAME);
        self.0.retag(id, &self.0.arn(id, "serverlesscache", &name), &want.tags, diff).await?;
        let request = self.0.writer(id).modify_serverless_cache().serverless_cache_name(name);
        let request = if diff.touches_any(VERSION) {
            request.engine(&want.engine).major_engine_version(&want.major_engine_version)
        } else if diff.touches_any(SETTINGS) {
            let group = Some(known(&want.user_group_id)?).filter(|group| !group.is_empty());
            let none = group.is_none().then_some(true);
            only!(request, diff, {
                "description" => set_description(Some(want.description.clone())),
                "cacheUsageLimits" => set_cache_usage_limits(Some(limits(&want.cache_usage_limits))),
                "securityGroupIds" => set_security_group_ids(Some(known_list(&want.security_group_ids)?)),
                "userGroupId" => set_user_group_id(group),
                "userGroupId" => set_remove_user_group(none),
                "snapshotRetentionLimit" => set_snapshot_retention_limit(Some(want.snapshot_retention_limit)),
                "dailySnapshotTime" => set_daily_snapshot_time(want.daily_snapshot_time.clone()),
            })
        } else {
            return Ok(());
        };
        request.send().await.map_err(refused)?;
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &ServerlessCache, disposal: Disposal) -> Result<()> {
        self.0.delete_serverless(id, &name_of(id, NAME), &disposal).await
    }

    async fn backups(&self, id: &Id) -> Result<Vec<Backup>> {
        self.0.snapshots_of_serverless(id, &name_of(id, NAME)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache as shared};
    use crate::testing::id;
    use aws_sdk_elasticache::Client;
    use aws_sdk_elasticache::operation::create_serverless_cache::CreateServerlessCacheOutput;
    use aws_sdk_elasticache::operation::modify_serverless_cache::{
        ModifyServerlessCacheInput, ModifyServerlessCacheOutput,
    };
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use serde_json::json;
    use terrace_engine::State;
    use terrace_model::aws::elasticache::CacheRestore;

    fn wish() -> ServerlessCache {
        serde_json::from_value(json!({
            "description": "sessions", "engine": "valkey", "majorEngineVersion": "8",
            "cacheUsageLimits": {"dataStorage": 10, "ecpuPerSecond": 5000}, "kmsKeyId": null,
            "securityGroupIds": ["sg-1"], "subnetIds": ["a", "b"], "userGroupId": "users",
            "snapshotRetentionLimit": 7, "dailySnapshotTime": "03:00", "networkType": "ipv4", "restoreFrom": null,
            "tags": {"team": "shop"},
        }))
        .expect("a wish is whole")
    }

    fn described() -> sdk::ServerlessCache {
        sdk::ServerlessCache::builder()
            .serverless_cache_name("Sessions")
            .arn("arn:aws:elasticache:eu-west-1:123456789012:serverlesscache:sessions")
            .status("available")
            .description("sessions")
            .engine("valkey")
            .major_engine_version("8")
            .full_engine_version("8.1")
            .cache_usage_limits(limits(&wish().cache_usage_limits))
            .security_group_ids("sg-1")
            .subnet_ids("b")
            .subnet_ids("a")
            .user_group_id("Users")
            .snapshot_retention_limit(7)
            .daily_snapshot_time("03:00")
            .endpoint(sdk::Endpoint::builder().address("sessions.cache").port(6379).build())
            .build()
    }

    fn caches(rule: &Rule) -> ServerlessCaches {
        ServerlessCaches(shared(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [rule]), None))
    }

    async fn update(rule: &Rule, want: &ServerlessCache) -> Result<()> {
        caches(rule).update(&id::<ServerlessCache>("cache"), &wish(), want, &between(&wish(), want)).await
    }

    fn modified(is: fn(&ModifyServerlessCacheInput) -> bool) -> Rule {
        mock!(Client::modify_serverless_cache)
            .match_requests(is)
            .then_output(|| ModifyServerlessCacheOutput::builder().build())
    }

    #[test]
    fn a_cache_as_wished_differs_in_nothing_and_says_where_it_is() {
        let tags = [("team".to_owned(), "shop".to_owned())].into();
        let Seen::Present { have, out, state, .. } = present(&described(), tags) else { panic!("it is there") };
        assert_eq!((between(&have, &wish()), state), (Diff::default(), State::Ready));
        assert_eq!((out.endpoint.as_deref(), out.port), (Some("sessions.cache"), Some(6379)));
        assert_eq!((out.name.as_deref(), out.engine_version.as_deref()), (Some("sessions"), Some("8.1")));
        let bare = cache(&sdk::ServerlessCache::builder().build(), Tags::new());
        assert_eq!((bare.user_group_id, bare.cache_usage_limits.data_storage), ("".into(), 0));
    }

    #[tokio::test]
    async fn it_is_made_whole_in_one_call_from_a_snapshot_if_need_be() {
        let made = mock!(Client::create_serverless_cache)
            .match_requests(|request| {
                let limits = request.cache_usage_limits().expect("they are sent");
                request.tags().len() == 1
                    && limits.data_storage().and_then(|storage| storage.maximum()) == Some(10)
                    && request.snapshot_arns_to_restore() == ["arn:aws:elasticache:eu-west-1:1:snapshot:last"]
                    && request.user_group_id().is_none()
            })
            .then_output(|| CreateServerlessCacheOutput::builder().serverless_cache(described()).build());
        let from = CacheRestore { snapshot: "arn:aws:elasticache:eu-west-1:1:snapshot:last".into() };
        let want = ServerlessCache { restore_from: Some(from), user_group_id: "".into(), ..wish() };
        let handle = caches(&made).create(&id::<ServerlessCache>("cache"), &want).await.expect("it is made");
        assert!(handle.0.ends_with(":serverlesscache:sessions"));
    }

    #[tokio::test]
    async fn the_version_goes_by_itself_and_of_the_rest_only_what_differs() {
        let version = modified(|request| {
            request.major_engine_version() == Some("9") && request.snapshot_retention_limit().is_none()
        });
        let want = ServerlessCache { major_engine_version: "9".into(), snapshot_retention_limit: 1, ..wish() };
        assert_eq!((update(&version, &want).await, version.num_calls()), (Ok(()), 1));
        let settings = modified(|request| {
            request.snapshot_retention_limit() == Some(1)
                && request.major_engine_version().is_none()
                && request.security_group_ids().is_empty()
                && (request.remove_user_group(), request.user_group_id()) == (None, None)
        });
        let want = ServerlessCache { snapshot_retention_limit: 1, ..wish() };
        assert_eq!((update(&settings, &want).await, settings.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn a_user_group_is_exchanged_or_taken_away() {
        let other = modified(|request| (request.user_group_id(), request.remove_user_group()) == (Some("other"), None));
        let want = ServerlessCache { user_group_id: "other".into(), ..wish() };
        assert_eq!((update(&other, &want).await, other.num_calls()), (Ok(()), 1));
        let gone = modified(|request| (request.user_group_id(), request.remove_user_group()) == (None, Some(true)));
        let want = ServerlessCache { user_group_id: "".into(), ..wish() };
        assert_eq!((update(&gone, &want).await, gone.num_calls()), (Ok(()), 1));
    }
}
