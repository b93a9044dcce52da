//! Amazon RDS and Aurora: what its providers share.

mod cluster;
mod cluster_instance;
mod cluster_make;
mod cluster_see;
mod cluster_snapshot;
mod ending;
mod groups;
mod instance;
mod instance_delete;
mod instance_make;
mod parameters;
mod proxy;
mod proxy_targets;
mod read;
mod replica;
mod see;
mod snapshot;
mod status;
#[cfg(test)]
mod testing;
mod wish;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_rds::Client;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::coalesce::{Few, Regional};
use terrace_engine::{Error, Result};
use terrace_model::aws::Tags;
use terrace_model::{Diff, Id, Val};

use crate::Clients;
use crate::errors::{absent, classify};
use crate::finder::{ListTags, TagIndex};
use crate::hourly::Hourly;
use crate::shared::{fresh, known, known_list, known_option, name_of};
use crate::tags;

pub use cluster::Clusters;
pub use cluster_instance::ClusterInstances;
pub use groups::SubnetGroups;
pub use instance::Instances;
pub use parameters::{ClusterParameterGroups, ParameterGroups};
pub use proxy::Proxies;
pub use proxy_targets::ProxyTargets;
pub use replica::Replicas;

/// Up to so many are read by one filtered call; more by listing all, a hundred a page.
const FEW_BY_FILTER: Few = Few::UpTo(20);
/// Where AWS takes no filter.
const FEW_BY_NAME: Few = Few::Pages;

/// Clients and lists that the providers of one Environment share: one list of instances serves all three kinds.
pub struct Rds {
    clients: Clients,
    instances: Regional<String, Arc<sdk::DbInstance>>,
    clusters: Regional<String, Arc<sdk::DbCluster>>,
    subnet_groups: Regional<String, sdk::DbSubnetGroup>,
    parameter_groups: Regional<String, sdk::DbParameterGroup>,
    cluster_parameter_groups: Regional<String, sdk::DbClusterParameterGroup>,
    proxies: Regional<String, sdk::DbProxy>,
    tags: TagIndex<OwnTags>,
    parameters: Hourly<BTreeMap<String, String>>,
    targets: Hourly<Option<proxy_targets::Seen>>,
}

impl Rds {
    /// The state that all providers of RDS share.
    pub fn new(clients: Clients) -> Arc<Self> {
        let recent = clients.recent();
        let types = &["rds:subgrp", "rds:pg", "rds:cluster-pg", "rds:db-proxy"];
        Arc::new(Rds {
            instances: Regional::new(recent, FEW_BY_FILTER),
            clusters: Regional::new(recent, FEW_BY_FILTER),
            subnet_groups: Regional::new(recent, FEW_BY_NAME),
            parameter_groups: Regional::new(recent, FEW_BY_NAME),
            cluster_parameter_groups: Regional::new(recent, FEW_BY_NAME),
            proxies: Regional::new(recent, FEW_BY_NAME),
            tags: TagIndex::new(clients.clone(), types, OwnTags(clients.clone())),
            parameters: Hourly::default(),
            targets: Hourly::default(),
            clients,
        })
    }

    /// For reading.
    fn reader(&self, id: &Id) -> Client {
        self.clients.rds(&id.place.region)
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).rds(&id.place.region)
    }

    /// The tags of what does not bring them along in its description.
    async fn tags_of(&self, id: &Id, arn: &str) -> Result<Tags> {
        Ok(self.tags.get(&id.place.region, arn, id.freshness).await?.unwrap_or_default())
    }

    /// Sets and removes the tags that differ.
    async fn retag(&self, id: &Id, arn: &str, want: &Tags, diff: &Diff) -> Result<()> {
        let set = |tags: Tags| async move { self.tag(id, arn, &tags).await };
        let remove = |keys| async move {
            let request = self.writer(id).remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys));
            request.send().await.map(drop).map_err(classify)
        };
        tags::retag(want, diff, set, remove).await
    }

    async fn tag(&self, id: &Id, arn: &str, set: &Tags) -> Result<()> {
        if set.is_empty() {
            return Ok(());
        }
        let request = self.writer(id).add_tags_to_resource().resource_name(arn).set_tags(Some(write_tags(set)));
        request.send().await.map_err(classify)?;
        Ok(())
    }

    /// The ARN of a resource of this account; `kind` is the ARN's own word, as `db` or `subgrp`.
    fn arn(&self, id: &Id, kind: &str, name: &str) -> String {
        self.clients.arn("rds", &id.place.region, &format!("{kind}:{name}"))
    }
}

fn write_tags(set: &Tags) -> Vec<sdk::Tag> {
    tags::write(set, |key, value| sdk::Tag::builder().key(key).value(value).build())
}

fn read_tags(list: &[sdk::Tag]) -> Tags {
    tags::read(list.iter().map(|tag| (tag.key(), tag.value())))
}

/// ListTagsForResource, for kinds whose description has no tags.
struct OwnTags(Clients);

impl ListTags for OwnTags {
    async fn tags(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        let answer = self.0.rds(region).list_tags_for_resource().resource_name(arn).send().await;
        let gone = ["DBSubnetGroupNotFoundFault", "DBParameterGroupNotFound", "DBProxyNotFoundFault"];
        Ok(absent(answer, &gone)?.map(|answer| read_tags(answer.tag_list())))
    }
}

/// RDS takes 63 characters for most names (API reference, CreateDBInstance and others).
const NAME: usize = 63;

/// The security groups that are there or about to be.
fn security_groups(memberships: &[sdk::VpcSecurityGroupMembership]) -> BTreeSet<Val<String>> {
    let stays = |group: &&sdk::VpcSecurityGroupMembership| group.status() != Some("removing");
    let ids = memberships.iter().filter(stays).filter_map(|group| group.vpc_security_group_id());
    ids.map(Val::from).collect()
}

/// Exported logs, with what is about to be.
fn exports(now: &[String], pending: Option<&sdk::PendingCloudwatchLogsExports>) -> BTreeSet<String> {
    let mut logs: BTreeSet<String> = now.iter().cloned().collect();
    if let Some(pending) = pending {
        for log in pending.log_types_to_disable() {
            logs.remove(log);
        }
        logs.extend(pending.log_types_to_enable().iter().cloned());
    }
    logs
}

/// From the logs that are exported to those that should be.
fn export_change(have: &BTreeSet<String>, want: &BTreeSet<String>) -> sdk::CloudwatchLogsExportConfiguration {
    let less = |from: &BTreeSet<String>, by: &BTreeSet<String>| {
        let left: Vec<String> = from.difference(by).cloned().collect();
        (!left.is_empty()).then_some(left)
    };
    sdk::CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(less(want, have))
        .set_disable_log_types(less(have, want))
        .build()
}

/// Errors of creating and changing, which RDS words in its own way: what passes by itself is told from what does not.
fn refused<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match classify(error) {
        Error::Invalid { message, .. } if role_is_new(&message) => Error::retry(message),
        Error::Invalid { message, .. } if storage_is_busy(&message) => {
            Error::wait(terrace_engine::reason::NOT_READY, message)
        }
        other => other,
    }
}

/// IAM takes minutes to let a new role be assumed; until then RDS calls the ARN invalid.
fn role_is_new(message: &str) -> bool {
    message.contains("does not include the required permissions") || message.contains("unable to assume")
}

/// After a change, storage is locked until it is optimised, and for six hours (user guide, "Modifying storage").
fn storage_is_busy(message: &str) -> bool {
    message.contains("previous storage change")
        || message.contains("storage modification")
        || message.contains("six hours")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rds::testing::{db, described, rds};
    use aws_sdk_rds::operation::describe_db_instances::DescribeDbInstancesOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use terrace_engine::{Provider, Seen, reason};
    use terrace_model::identity::Freshness;

    #[tokio::test]
    async fn one_list_of_instances_serves_three_kinds_and_every_page_is_read() {
        let page = |marker: Option<&'static str>, next: Option<&'static str>, names: std::ops::Range<u32>| {
            mock!(Client::describe_db_instances)
                .match_requests(move |request| request.marker() == marker && request.filters().is_empty())
                .then_output(move || {
                    let one = |number| described(&Tags::new()).db_instance_identifier(format!("DB-{number}")).build();
                    let list = names.clone().map(one).collect();
                    DescribeDbInstancesOutput::builder()
                        .set_db_instances(Some(list))
                        .set_marker(next.map(str::to_owned))
                        .build()
                })
        };
        let (first, second) = (page(None, Some("more"), 0..100), page(Some("more"), None, 100..150));
        let rds = rds(mock_client!(aws_sdk_rds, RuleMode::MatchAny, [&first, &second]));
        let (instances, replicas, members) = (Instances(rds.clone()), Replicas(rds.clone()), ClusterInstances(rds));
        for number in 0..150 {
            let handle = Some(terrace_model::Handle(format!("arn:aws:rds:eu-west-1:1:db:db-{number}")));
            let id = Id { freshness: Freshness::Recent, handle, ..db() };
            assert!(matches!(instances.observe(&id).await, Ok(Seen::Present { .. })));
            assert!(matches!(replicas.observe(&id).await, Ok(Seen::Present { .. })));
            assert!(matches!(members.observe(&id).await, Ok(Seen::Present { .. })));
        }
        assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_is_wrong() {
        use aws_sdk_rds::operation::modify_db_instance::ModifyDBInstanceError;
        let refusal = |message: &str| {
            let meta = aws_smithy_types::error::ErrorMetadata::builder().code("InvalidParameterValue").message(message);
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).expect("a status");
            let response = HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty());
            refused(SdkError::service_error(ModifyDBInstanceError::generic(meta.build()), response)).reason()
        };
        let role =
            "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING";
        assert_eq!(refusal(role), reason::RETRYING);
        let disk = "You can't currently modify the storage of this DB instance because the previous storage change is \
                    being optimized.";
        assert_eq!(refusal(disk), reason::NOT_READY);
        assert_eq!(refusal("Invalid DB instance class: db.nosuch"), reason::INVALID);
    }

    #[test]
    fn a_name_is_derived_until_a_handle_says_otherwise() {
        let id = db();
        assert!(name_of(&id, NAME).starts_with("shop-orders-db-"));
        let handle = Some(terrace_model::Handle("arn:aws:rds:eu-west-1:1:db:Theirs".into()));
        assert_eq!(name_of(&Id { handle, ..id }, NAME), "theirs");
    }
}
