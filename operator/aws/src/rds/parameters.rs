//! `rds/DbParameterGroup` and `rds/DbClusterParameterGroup`: engine settings, of instances and of clusters.
//!
//! The values are listed nowhere whole, so they are read once an hour, and whenever the look must be fresh.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{ApplyMethod, Filter, Parameter};
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::rds::{DbClusterParameterGroup, DbParameterGroup, NamedOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{NAME, Rds, name_of, write_tags};
use crate::errors::{already, classify};

/// A request changes at most so many (API reference, ModifyDBParameterGroup).
const AT_ONCE: usize = 20;

/// Parameters by name; without a value, to be reset.
type Values = Vec<(String, Option<String>)>;

/// By parameter: may it change without a reboot?
type Dynamic = BTreeSet<String>;

fn with_methods(names: &Values, dynamic: &Dynamic) -> Vec<Parameter> {
    let method = |name: &str| if dynamic.contains(name) { ApplyMethod::Immediate } else { ApplyMethod::PendingReboot };
    let parameter = |(name, value): &(String, Option<String>)| {
        Parameter::builder().parameter_name(name).set_parameter_value(value.clone()).apply_method(method(name)).build()
    };
    names.iter().map(parameter).collect()
}

/// What differs, as parameters to set and names to reset.
fn changes(want: &BTreeMap<String, String>, diff: &Diff) -> (Values, Values) {
    let touched = |name: &String| diff.0.iter().any(|change| change.path.strip_prefix("parameters.") == Some(name));
    let set = want.iter().filter(|(name, _)| touched(name)).map(|(name, value)| (name.clone(), Some(value.clone())));
    let reset = diff.removed("parameters").into_iter().map(|name| (name, None));
    (set.collect(), reset.collect())
}

/// The same provider twice, for two families of calls that differ in their names only.
macro_rules! parameter_groups {
    (
        $(#[$doc:meta])* $provider:ident, $resource:ident, $look:ident, $arn_kind:literal, $prefix:literal,
        $setter:ident, $arn:ident, $family:ident,
        $create:ident -> $made:ident, $modify:ident, $reset:ident, $delete:ident, $describe:ident,
        [$($action:literal),*]
    ) => {
        $(#[$doc])*
        pub struct $provider(pub Arc<Rds>);

        impl $provider {
            fn key(id: &Id, name: &str) -> String {
                format!("{}/{}/{name}", $prefix, id.place.region)
            }

            /// Values that somebody set.
            async fn values(&self, id: &Id, name: &str) -> Result<BTreeMap<String, String>> {
                let request = self.0.reader(id).$describe().$setter(name).source("user");
                let mut items = request.into_paginator().items().send();
                let mut values = BTreeMap::new();
                while let Some(item) = items.next().await {
                    let Parameter { parameter_name, parameter_value, .. } = item.map_err(classify)?;
                    values.extend(parameter_name.zip(parameter_value));
                }
                Ok(values)
            }

            /// Of these, the ones that take effect without a reboot.
            async fn dynamic(&self, id: &Id, name: &str, names: Vec<String>) -> Result<Dynamic> {
                let filter = Filter::builder().name("parameter-name").set_values(Some(names)).build();
                let request = self.0.reader(id).$describe().$setter(name).filters(filter);
                let mut items = request.into_paginator().items().send();
                let mut dynamic = Dynamic::new();
                while let Some(item) = items.next().await {
                    let item = item.map_err(classify)?;
                    if item.apply_type() == Some("dynamic") {
                        dynamic.extend(item.parameter_name);
                    }
                }
                Ok(dynamic)
            }

            async fn set(&self, client: &Client, name: &str, parameters: Vec<Parameter>) -> Result<()> {
                for some in parameters.chunks(AT_ONCE) {
                    let request = client.$modify().$setter(name).set_parameters(Some(some.to_vec()));
                    request.send().await.map_err(classify)?;
                }
                Ok(())
            }

            async fn reset(&self, client: &Client, name: &str, parameters: Vec<Parameter>) -> Result<()> {
                for some in parameters.chunks(AT_ONCE) {
                    let request = client.$reset().$setter(name).reset_all_parameters(false);
                    request.set_parameters(Some(some.to_vec())).send().await.map_err(classify)?;
                }
                Ok(())
            }
        }

        impl Provider<$resource> for $provider {
            const ACTIONS: &'static [&'static str] = &[
                $($action,)*
                "rds:AddTagsToResource",
                "rds:ListTagsForResource",
                "rds:RemoveTagsFromResource",
                "tag:GetResources",
            ];

            async fn observe(&self, id: &Id) -> Result<Seen<$resource>> {
                let name = name_of(id, NAME);
                let Some(seen) = self.0.$look(id, &name).await? else { return Ok(Seen::Absent) };
                let arn = seen.$arn().unwrap_or_default().to_owned();
                let tags = self.0.tags_of(id, &arn).await?;
                let key = Self::key(id, &name);
                let parameters = self.0.parameters.get_in_turn(&key, id.freshness, || self.values(id, &name)).await?;
                Ok(Seen::Partly {
                    owner: Owner::from_tags(&tags),
                    unread: if parameters.is_some() { &[] } else { &["parameters"] },
                    have: $resource {
                        family: seen.$family().unwrap_or_default().to_owned(),
                        description: seen.description().unwrap_or_default().to_owned(),
                        parameters: parameters.unwrap_or_default(),
                        tags,
                    },
                    out: NamedOutputs::of(name, &Handle(arn.clone())),
                    handle: Handle(arn),
                    state: State::Ready,
                })
            }

            fn made(&self, id: &Id, handle: &Handle) -> Option<NamedOutputs> {
                Some(NamedOutputs::of(name_of(id, NAME), handle))
            }

            /// Sets the values in the same breath, so that no database comes up without them. No database uses the group
            /// yet: each takes effect when the first one starts.
            async fn create(&self, id: &Id, want: &$resource) -> Result<Handle> {
                let (client, name) = (self.0.writer(id), name_of(id, NAME));
                let request = client.$create().$setter(&name).db_parameter_group_family(&want.family);
                let request = request.description(&want.description).set_tags(Some(write_tags(&want.tags)));
                let arn = request.send().await.map_err(classify)?.$made.and_then(|group| group.$arn);
                let all: Vec<_> = want.parameters.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
                self.0.parameters.forget(&Self::key(id, &name));
                self.set(&client, &name, with_methods(&all, &Dynamic::new())).await?;
                arn.map(Handle).ok_or_else(|| Error::retry("AWS did not say what it made"))
            }

            async fn update(&self, id: &Id, _have: &$resource, want: &$resource, diff: &Diff) -> Result<()> {
                let (client, name) = (self.0.writer(id), name_of(id, NAME));
                self.0.retag(id, &self.0.arn(id, $arn_kind, &name), &want.tags, diff).await?;
                let (set, reset) = changes(&want.parameters, diff);
                if set.is_empty() && reset.is_empty() {
                    return Ok(());
                }
                let names = set.iter().chain(&reset).map(|(name, _)| name.clone()).collect();
                let dynamic = self.dynamic(id, &name, names).await?;
                self.0.parameters.forget(&Self::key(id, &name));
                self.set(&client, &name, with_methods(&set, &dynamic)).await?;
                self.reset(&client, &name, with_methods(&reset, &dynamic)).await
            }

            async fn delete(&self, id: &Id, _have: &$resource, _disposal: Disposal) -> Result<()> {
                let name = name_of(id, NAME);
                self.0.parameters.forget(&Self::key(id, &name));
                let request = self.0.writer(id).$delete().$setter(name);
                already(request.send().await, &["DBParameterGroupNotFound"])
            }
        }
    };
}

parameter_groups!(
    /// Settings of instances.
    ParameterGroups, DbParameterGroup, parameter_group, "pg", "instance",
    db_parameter_group_name, db_parameter_group_arn, db_parameter_group_family,
    create_db_parameter_group -> db_parameter_group, modify_db_parameter_group, reset_db_parameter_group,
    delete_db_parameter_group, describe_db_parameters,
    [
        "rds:CreateDBParameterGroup",
        "rds:DeleteDBParameterGroup",
        "rds:DescribeDBParameterGroups",
        "rds:DescribeDBParameters",
        "rds:ModifyDBParameterGroup",
        "rds:ResetDBParameterGroup"
    ]
);

parameter_groups!(
    /// Settings of clusters.
    ClusterParameterGroups, DbClusterParameterGroup, cluster_parameter_group, "cluster-pg", "cluster",
    db_cluster_parameter_group_name, db_cluster_parameter_group_arn, db_parameter_group_family,
    create_db_cluster_parameter_group -> db_cluster_parameter_group, modify_db_cluster_parameter_group,
    reset_db_cluster_parameter_group, delete_db_cluster_parameter_group, describe_db_cluster_parameters,
    [
        "rds:CreateDBClusterParameterGroup",
        "rds:DeleteDBClusterParameterGroup",
        "rds:DescribeDBClusterParameterGroups",
        "rds:DescribeDBClusterParameters",
        "rds:ModifyDBClusterParameterGroup",
        "rds:ResetDBClusterParameterGroup"
    ]
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rds::testing::{between, rds};
    use crate::testing::id;
    use aws_sdk_rds::operation::create_db_parameter_group::CreateDbParameterGroupOutput;
    use aws_sdk_rds::operation::describe_db_parameters::DescribeDbParametersOutput;
    use aws_sdk_rds::operation::modify_db_parameter_group::ModifyDbParameterGroupOutput;
    use aws_sdk_rds::operation::reset_db_parameter_group::ResetDbParameterGroupOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    fn group(values: &[(&str, &str)]) -> DbParameterGroup {
        DbParameterGroup {
            family: "postgres17".into(),
            description: "orders".into(),
            parameters: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            tags: terrace_model::aws::Tags::new(),
        }
    }

    fn groups(rules: &[&Rule]) -> ParameterGroups {
        ParameterGroups(rds(mock_client!(aws_sdk_rds, RuleMode::MatchAny, rules)))
    }

    #[tokio::test]
    async fn what_needs_no_reboot_takes_effect_at_once_and_what_is_taken_away_is_reset() {
        let types = mock!(Client::describe_db_parameters)
            .match_requests(|request| request.filters().len() == 1)
            .then_output(|| {
                let parameter =
                    |name: &str, kind: &str| Parameter::builder().parameter_name(name).apply_type(kind).build();
                DescribeDbParametersOutput::builder()
                    .parameters(parameter("work_mem", "dynamic"))
                    .parameters(parameter("shared_buffers", "static"))
                    .parameters(parameter("log_connections", "dynamic"))
                    .build()
            });
        let method = |parameters: &[Parameter], name: &str| {
            let found = parameters.iter().find(|parameter| parameter.parameter_name() == Some(name));
            found.and_then(|parameter| parameter.apply_method().cloned())
        };
        let set = mock!(Client::modify_db_parameter_group)
            .match_requests(move |request| {
                let all = request.parameters();
                all.len() == 2
                    && method(all, "work_mem") == Some(ApplyMethod::Immediate)
                    && method(all, "shared_buffers") == Some(ApplyMethod::PendingReboot)
            })
            .then_output(|| ModifyDbParameterGroupOutput::builder().build());
        let reset = mock!(Client::reset_db_parameter_group)
            .match_requests(move |request| {
                request.reset_all_parameters() == Some(false)
                    && method(request.parameters(), "log_connections") == Some(ApplyMethod::Immediate)
            })
            .then_output(|| ResetDbParameterGroupOutput::builder().build());
        let have = group(&[("work_mem", "1"), ("log_connections", "1"), ("kept", "1")]);
        let want = group(&[("work_mem", "2"), ("shared_buffers", "3"), ("kept", "1")]);
        let groups = groups(&[&types, &set, &reset]);
        let done = groups.update(&id::<DbParameterGroup>("p"), &have, &want, &between(&have, &want)).await;
        assert_eq!((done, set.num_calls(), reset.num_calls()), (Ok(()), 1, 1));
    }

    #[tokio::test]
    async fn a_new_group_has_its_values_before_a_database_can_use_it_twenty_at_a_time() {
        let made = mock!(Client::create_db_parameter_group).then_output(|| {
            let group = aws_sdk_rds::types::DbParameterGroup::builder().db_parameter_group_arn("arn:pg").build();
            CreateDbParameterGroupOutput::builder().db_parameter_group(group).build()
        });
        let set = mock!(Client::modify_db_parameter_group)
            .match_requests(|request| request.parameters().len() <= AT_ONCE)
            .then_output(|| ModifyDbParameterGroupOutput::builder().build());
        let names: Vec<String> = (0..45).map(|number| format!("p{number}")).collect();
        let values: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        let handle = groups(&[&made, &set]).create(&id::<DbParameterGroup>("p"), &group(&values)).await;
        assert_eq!((handle, set.num_calls()), (Ok(Handle("arn:pg".into())), 3));
    }
}
