//! Amazon ElastiCache: what its providers share.

mod cluster;
mod cluster_nodes;
mod ending;
mod group;
mod group_login;
mod group_make;
mod group_see;
mod group_steps;
mod logs;
mod own_tags;
mod parameters;
mod read;
mod serverless;
mod snapshots;
mod status;
mod subnet_groups;
#[cfg(test)]
mod testing;
mod user_groups;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_elasticache::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::coalesce::{Few, Regional};
use terrace_engine::{Error, Result, reason};
use terrace_model::aws::Tags;
use terrace_model::aws::elasticache::CacheGroupOutputs;
use terrace_model::{Diff, Handle, Id, SecretRef, Val};

use crate::errors::{already, classify, code};
use crate::finder::TagIndex;
use crate::hourly::Hourly;
use crate::shared::{fresh, known, known_list, known_option, name_of, only, some};
use crate::{Clients, tags};

pub use cluster::Clusters;
pub use group::Groups;
pub use parameters::ParameterGroups;
pub use serverless::ServerlessCaches;
pub use subnet_groups::SubnetGroups;
pub use user_groups::UserGroups;
pub use users::Users;

/// No call takes many names.
const FEW: Few = Few::Pages;
/// Types as GetResources names them. No description of ElastiCache holds tags.
const TAGGED: &[&str] = &[
    "elasticache:cluster",
    "elasticache:parametergroup",
    "elasticache:replicationgroup",
    "elasticache:serverlesscache",
    "elasticache:subnetgroup",
    "elasticache:user",
    "elasticache:usergroup",
];

/// Characters of a subnet group's or a parameter group's name; AWS takes 255.
const GROUP_NAME: usize = 63;
/// Characters of the id of a replication group, of a user and of a user group, and of the name of a serverless cache (API
/// reference, CreateReplicationGroup; ElastiCache user guide, "Create a serverless cache").
const NAME: usize = 40;
/// Characters of the id of a cluster (API reference, CreateCacheCluster, `CacheClusterId`).
const CLUSTER_NAME: usize = 50;

/// Clients and lists that the providers of one Environment share.
pub struct ElastiCache {
    clients: Clients,
    groups: Regional<String, Arc<sdk::ReplicationGroup>>,
    /// Memcached clusters, and the nodes of replication groups, which say what their group does not.
    clusters: Regional<String, Arc<sdk::CacheCluster>>,
    serverless: Regional<String, Arc<sdk::ServerlessCache>>,
    subnet_groups: Regional<String, sdk::CacheSubnetGroup>,
    parameter_groups: Regional<String, sdk::CacheParameterGroup>,
    users: Regional<String, sdk::User>,
    user_groups: Regional<String, sdk::UserGroup>,
    tags: TagIndex<own_tags::OwnTags>,
    parameters: Hourly<BTreeMap<String, String>>,
    /// Passwords that were sent and are not recorded in the user's tags yet, by its ARN.
    sent: Mutex<BTreeMap<String, SecretRef>>,
}

impl ElastiCache {
    /// The state that all providers of ElastiCache share.
    pub fn new(clients: Clients) -> Arc<Self> {
        let recent = clients.recent();
        Arc::new(ElastiCache {
            groups: Regional::new(recent, FEW),
            clusters: Regional::new(recent, FEW),
            serverless: Regional::new(recent, FEW),
            subnet_groups: Regional::new(recent, FEW),
            parameter_groups: Regional::new(recent, FEW),
            users: Regional::new(recent, FEW),
            user_groups: Regional::new(recent, FEW),
            tags: TagIndex::new(clients.clone(), TAGGED, own_tags::OwnTags(clients.clone())),
            parameters: Hourly::default(),
            sent: Mutex::default(),
            clients,
        })
    }

    /// For reading.
    fn reader(&self, id: &Id) -> Client {
        self.clients.elasticache(&id.place.region)
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).elasticache(&id.place.region)
    }

    async fn tags_of(&self, id: &Id, arn: &str) -> Result<Tags> {
        Ok(self.tags.get(&id.place.region, arn, id.freshness).await?.unwrap_or_default())
    }

    /// Sets and removes the tags that differ.
    async fn retag(&self, id: &Id, arn: &str, want: &Tags, diff: &Diff) -> Result<()> {
        let set = |tags: Tags| async move { self.tag(id, arn, &tags).await };
        let remove = |keys| async move {
            let request = self.writer(id).remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys));
            match request.send().await {
                Err(error) if code(&error).is_some_and(own_tags::is_shut) => Err(shut(arn)),
                answer => already(answer, &["TagNotFound"]),
            }
        };
        tags::retag(want, diff, set, remove).await
    }

    async fn tag(&self, id: &Id, arn: &str, set: &Tags) -> Result<()> {
        let request = self.writer(id).add_tags_to_resource().resource_name(arn).set_tags(Some(write_tags(set)));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error).is_some_and(own_tags::is_shut) => Err(shut(arn)),
            Err(error) => Err(classify(error)),
        }
    }

    /// The ARN of a resource of this account; `kind` is the ARN's own word, as `replicationgroup`.
    fn arn(&self, id: &Id, kind: &str, name: &str) -> String {
        self.clients.arn("elasticache", &id.place.region, &format!("{kind}:{name}"))
    }
}

/// What changes can neither be tagged nor be asked for its tags (API reference, ListTagsForResource).
fn shut(arn: &str) -> Error {
    Error::wait(reason::NOT_READY, format!("AWS takes and shows no tags of {} now", last(arn)))
}

fn write_tags(set: &Tags) -> Vec<sdk::Tag> {
    tags::write(set, |key, value| sdk::Tag::builder().key(key).value(value).build())
}

/// The last part of an ARN, or the name itself.
fn last(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// What is known of a group as soon as it is made.
fn group_outputs(name: String, handle: &Handle) -> CacheGroupOutputs {
    CacheGroupOutputs { name: Some(name), arn: Some(handle.0.clone()) }
}

/// The handle of what a create answered.
fn made(arn: Option<String>) -> Result<Handle> {
    arn.map(Handle).ok_or_else(|| Error::retry("AWS did not say what it made"))
}

fn lower(text: Option<&str>) -> String {
    text.map(str::to_lowercase).unwrap_or_default()
}

/// The security groups that are there or about to be.
fn security_groups(memberships: &[sdk::SecurityGroupMembership]) -> BTreeSet<Val<String>> {
    let stays = |group: &&sdk::SecurityGroupMembership| group.status() != Some("removing");
    memberships.iter().filter(stays).filter_map(|group| group.security_group_id()).map(Val::from).collect()
}

/// IPv4 is what AWS gives to whoever does not ask (API reference, CreateServerlessCache, `NetworkType`).
fn network_type(seen: Option<&sdk::NetworkType>) -> String {
    seen.unwrap_or(&sdk::NetworkType::Ipv4).as_str().to_owned()
}

/// Codes that ElastiCache alone has (API reference, the errors of each action), by what is to be done about them.
fn refused<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    const INVALID: &[&str] = &["DuplicateUserName", "DefaultUserRequired", "InvalidSubnet", "SubnetNotAllowedFault"];
    let said = code(&error).unwrap_or_default().to_owned();
    let other = classify(error);
    let text = other.to_string();
    match said.as_str() {
        // The role of the service is made by AWS itself at the first use in an account.
        "APICallRateForCustomerExceeded" | "InsufficientCacheClusterCapacity" | "ServiceLinkedRoleNotFoundFault" => {
            Error::retry(text)
        }
        said if INVALID.contains(&said) => Error::invalid(text),
        said if said.contains("Quota") && said.contains("Exceeded") => Error::blocked(reason::QUOTA, text),
        "DefaultUserAssociatedToUserGroup" => Error::wait(reason::IN_USE, text),
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{cache, meta, node};
    use aws_sdk_elasticache::operation::create_replication_group::CreateReplicationGroupError;
    use aws_sdk_elasticache::operation::describe_cache_clusters::DescribeCacheClustersOutput;
    use aws_sdk_elasticache::operation::describe_replication_groups::DescribeReplicationGroupsOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use terrace_engine::{Provider, Seen};
    use terrace_model::aws::elasticache::ReplicationGroup;
    use terrace_model::identity::Freshness;

    #[test]
    fn codes_of_elasticache_alone_have_their_categories() {
        for (code, expected) in [
            ("InsufficientCacheClusterCapacity", reason::RETRYING),
            ("APICallRateForCustomerExceeded", reason::RETRYING),
            ("ServiceLinkedRoleNotFoundFault", reason::RETRYING),
            ("NodeQuotaForCustomerExceeded", reason::QUOTA),
            ("ServerlessCacheQuotaForCustomerExceededFault", reason::QUOTA),
            ("TagQuotaPerResourceExceeded", reason::QUOTA),
            ("DefaultUserRequired", reason::INVALID),
            ("InvalidSubnet", reason::INVALID),
            ("DefaultUserAssociatedToUserGroup", reason::IN_USE),
            ("CacheSubnetGroupInUse", reason::IN_USE),
            ("InvalidReplicationGroupState", reason::NOT_READY),
            ("ReplicationGroupAlreadyExists", reason::ALREADY_EXISTS),
            ("SomethingNew", reason::FAILED),
        ] {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).expect("a status");
            let response = HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty());
            let error = SdkError::service_error(CreateReplicationGroupError::generic(meta(code)), response);
            assert_eq!(refused(error).reason(), expected, "{code}");
        }
    }

    #[test]
    fn a_name_is_derived_until_a_handle_says_otherwise() {
        let id = crate::testing::id::<ReplicationGroup>("cache");
        assert!(name_of(&id, NAME).starts_with("shop-orders-cache-") && name_of(&id, NAME).len() <= NAME);
        let handle = Some("arn:aws:elasticache:eu-west-1:1:replicationgroup:Theirs".into());
        assert_eq!(name_of(&Id { handle, ..id }, NAME), "theirs");
    }

    #[tokio::test]
    async fn a_hundred_and_fifty_groups_are_read_from_two_lists_page_by_page() {
        let groups = |marker: Option<&'static str>, next: Option<&'static str>, names: std::ops::Range<u32>| {
            mock!(Client::describe_replication_groups)
                .match_requests(move |request| request.marker() == marker && request.replication_group_id().is_none())
                .then_output(move || {
                    let one = |number| {
                        let id = format!("Cache-{number}");
                        let arn = format!("arn:aws:elasticache:eu-west-1:1:replicationgroup:cache-{number}");
                        sdk::ReplicationGroup::builder()
                            .replication_group_id(&id)
                            .arn(arn)
                            .member_clusters(format!("{id}-001"))
                            .build()
                    };
                    let list = names.clone().map(one).collect();
                    let answer = DescribeReplicationGroupsOutput::builder().set_replication_groups(Some(list));
                    answer.set_marker(next.map(str::to_owned)).build()
                })
        };
        let nodes = mock!(Client::describe_cache_clusters)
            .match_requests(|request| request.cache_cluster_id().is_none())
            .then_output(|| {
                let one = |number| node().cache_cluster_id(format!("cache-{number}-001")).build();
                DescribeCacheClustersOutput::builder().set_cache_clusters(Some((0..150).map(one).collect())).build()
            });
        let (first, second) = (groups(None, Some("more"), 0..100), groups(Some("more"), None, 100..150));
        let client = mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, [&first, &second, &nodes]);
        let listed = testing::tagging(|| {
            (0..150).map(|number| format!("arn:aws:elasticache:eu-west-1:1:replicationgroup:cache-{number}")).collect()
        });
        let groups = Groups(cache(client, Some(listed)));
        for number in 0..150 {
            let handle = Some(Handle(format!("arn:aws:elasticache:eu-west-1:1:replicationgroup:cache-{number}")));
            let id = crate::testing::id::<ReplicationGroup>("cache");
            let id = Id { freshness: Freshness::Recent, handle, ..id };
            assert!(matches!(groups.observe(&id).await, Ok(Seen::Partly { .. })));
        }
        assert_eq!((first.num_calls(), second.num_calls(), nodes.num_calls()), (1, 1, 1));
    }
}
