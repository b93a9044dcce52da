//! Amazon EC2, apart from the other services because its SDK is the largest: security groups, their rules, and the
//! network that an Environment names.

pub mod group;
pub mod network;
pub mod rule;

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use aws_sdk_ec2::{Client, config};
use terrace_aws::errors::classify;
use terrace_aws::{Clients, tags};
use terrace_engine::{Registry, Result};
use terrace_model::aws::Tags;
use terrace_model::{Diff, Id};

/// The most that EC2 describes at once (API reference, DescribeSecurityGroups, `MaxResults`).
const PAGE: i32 = 1000;
/// The most values that a filter takes (EC2 user guide, "Filtering").
const FILTER_VALUES: usize = 200;

/// All kinds that this crate provides, for one Environment.
pub fn registry(clients: &Clients) -> Registry {
    Registry::default().with(group::SecurityGroups::new(clients)).with(rule::SecurityGroupRules::new(clients))
}

/// The IAM actions of a registry and of all reads beside it, this crate's among them.
pub fn actions(registry: &Registry) -> BTreeSet<String> {
    let network = network::ACTIONS.iter().map(|action| (*action).to_owned());
    terrace_aws::actions::all(registry).into_iter().chain(network).collect()
}

fn client(clients: &Clients, region: &str) -> Client {
    clients.service(region, |config, calls| Client::from_conf(config::Builder::from(config).interceptor(calls).build()))
}

/// For changing something on behalf of the owner's namespace.
fn writer(clients: &Clients, id: &Id) -> Client {
    client(&clients.for_namespace(&id.owner.namespace), &id.place.region)
}

fn filter(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

fn from_sdk(tags: &[Tag]) -> Tags {
    tags::read(tags.iter().map(|tag| (tag.key(), tag.value())))
}

/// Tags that are set as the resource is made.
fn specification(resource: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(resource).set_tags(Some(to_sdk(tags))).build()
}

/// Sets and removes the tags that differ.
async fn retag(client: &Client, resource: &str, want: &Tags, diff: &Diff) -> Result<()> {
    let set = |tags: Tags| async move {
        let request = client.create_tags().resources(resource).set_tags(Some(to_sdk(&tags)));
        request.send().await.map(drop).map_err(classify)
    };
    let remove = |keys: Vec<String>| async move {
        let tags = keys.into_iter().map(|key| Tag::builder().key(key).build()).collect();
        let request = client.delete_tags().resources(resource).set_tags(Some(tags));
        request.send().await.map(drop).map_err(classify)
    };
    tags::retag(want, diff, set, remove).await
}

fn to_sdk<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<Tag> {
    tags::write(tags, |key, value| Tag::builder().key(key).value(value).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_needs_these_iam_actions_and_no_others() {
        let clients = Clients::unconnected();
        let all = actions(
            &terrace_aws::registry::registry(&clients, &terrace_aws::secretsmanager::Values::new(&clients))
                .and(registry(&clients)),
        );
        let list = all.into_iter().collect::<Vec<_>>().join("\n");
        insta::with_settings!({ snapshot_path => "../../aws", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("actions", list);
        });
    }
}
