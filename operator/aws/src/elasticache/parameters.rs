//! `elasticache/CacheParameterGroup`: engine settings.
//!
//! The values are listed nowhere whole, so they are read once an hour, and whenever the look must be fresh. AWS decides by
//! the parameter whether a value takes effect at once or at the next reboot (API reference, Parameter, `ChangeType`).

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_elasticache::Client;
use aws_sdk_elasticache::types::{Parameter, ParameterNameValue};
use terrace_engine::{Disposal, Provider, Result, Seen, State};
use terrace_model::aws::elasticache::{CacheGroupOutputs, CacheParameterGroup};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{ElastiCache, GROUP_NAME, group_outputs, made, name_of, refused, write_tags};
use crate::errors::{already, classify};

/// A request changes at most so many (API reference, ModifyCacheParameterGroup).
const AT_ONCE: usize = 20;

/// Settings of nodes.
pub struct ParameterGroups(pub Arc<ElastiCache>);

fn pair(name: &str, value: Option<&String>) -> ParameterNameValue {
    ParameterNameValue::builder().parameter_name(name).set_parameter_value(value.cloned()).build()
}

/// What differs, as parameters to set and parameters to reset.
fn changes(want: &BTreeMap<String, String>, diff: &Diff) -> (Vec<ParameterNameValue>, Vec<ParameterNameValue>) {
    let touched = |name: &String| diff.0.iter().any(|change| change.path.strip_prefix("parameters.") == Some(name));
    let set = want.iter().filter(|(name, _)| touched(name)).map(|(name, value)| pair(name, Some(value)));
    let reset = diff.removed("parameters").into_iter().map(|name| pair(&name, None));
    (set.collect(), reset.collect())
}

async fn set(client: &Client, name: &str, values: &[ParameterNameValue]) -> Result<()> {
    for some in values.chunks(AT_ONCE) {
        let request = client.modify_cache_parameter_group().cache_parameter_group_name(name);
        request.set_parameter_name_values(Some(some.to_vec())).send().await.map_err(refused)?;
    }
    Ok(())
}

async fn reset(client: &Client, name: &str, values: &[ParameterNameValue]) -> Result<()> {
    for some in values.chunks(AT_ONCE) {
        let request = client.reset_cache_parameter_group().cache_parameter_group_name(name);
        let request = request.reset_all_parameters(false).set_parameter_name_values(Some(some.to_vec()));
        request.send().await.map_err(refused)?;
    }
    Ok(())
}

impl ParameterGroups {
    fn key(id: &Id, name: &str) -> String {
        format!("{}/{name}", id.place.region)
    }

    /// Values that somebody set.
    async fn values(&self, id: &Id, name: &str) -> Result<BTreeMap<String, String>> {
        let request = self.0.reader(id).describe_cache_parameters().cache_parameter_group_name(name).source("user");
        let mut pages = request.into_paginator().send();
        let mut values = BTreeMap::new();
        while let Some(page) = pages.next().await {
            for Parameter { parameter_name, parameter_value, .. } in
                page.map_err(classify)?.parameters.unwrap_or_default()
            {
                values.extend(parameter_name.zip(parameter_value));
            }
        }
        Ok(values)
    }
}

impl Provider<CacheParameterGroup> for ParameterGroups {
    const ACTIONS: &'static [&'static str] = &[
        "elasticache:AddTagsToResource",
        "elasticache:CreateCacheParameterGroup",
        "elasticache:DeleteCacheParameterGroup",
        "elasticache:DescribeCacheParameterGroups",
        "elasticache:DescribeCacheParameters",
        "elasticache:ListTagsForResource",
        "elasticache:ModifyCacheParameterGroup",
        "elasticache:RemoveTagsFromResource",
        "elasticache:ResetCacheParameterGroup",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<CacheParameterGroup>> {
        let name = name_of(id, GROUP_NAME);
        let Some(seen) = self.0.parameter_group(id, &name).await? else { return Ok(Seen::Absent) };
        let arn = seen.arn().unwrap_or_default().to_owned();
        let tags = self.0.tags_of(id, &arn).await?;
        let key = Self::key(id, &name);
        let parameters = self.0.parameters.get_in_turn(&key, id.freshness, || self.values(id, &name)).await?;
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if parameters.is_some() { &[] } else { &["parameters"] },
            have: CacheParameterGroup {
                family: seen.cache_parameter_group_family().unwrap_or_default().to_owned(),
                description: seen.description().unwrap_or_default().to_owned(),
                parameters: parameters.unwrap_or_default(),
                tags,
            },
            out: group_outputs(name, &Handle(arn.clone())),
            handle: Handle(arn),
            state: State::Ready,
        })
    }

    fn made(&self, id: &Id, handle: &Handle) -> Option<CacheGroupOutputs> {
        Some(group_outputs(name_of(id, GROUP_NAME), handle))
    }

    /// Sets the values in the same breath, so that no cache comes up without them: some cannot be changed once a cache
    /// uses the group (user guide, "Engine specific parameters", `cluster-enabled`).
    async fn create(&self, id: &Id, want: &CacheParameterGroup) -> Result<Handle> {
        let (client, name) = (self.0.writer(id), name_of(id, GROUP_NAME));
        let request = client.create_cache_parameter_group().cache_parameter_group_name(&name);
        let request = request
            .cache_parameter_group_family(&want.family)
            .description(&want.description)
            .set_tags(Some(write_tags(&want.tags)));
        let arn = request.send().await.map_err(refused)?.cache_parameter_group.and_then(|group| group.arn);
        self.0.parameters.forget(&Self::key(id, &name));
        let all: Vec<_> = want.parameters.iter().map(|(name, value)| pair(name, Some(value))).collect();
        set(&client, &name, &all).await?;
        made(arn)
    }

    async fn update(
        &self,
        id: &Id,
        _have: &CacheParameterGroup,
        want: &CacheParameterGroup,
        diff: &Diff,
    ) -> Result<()> {
        let (client, name) = (self.0.writer(id), name_of(id, GROUP_NAME));
        self.0.retag(id, &self.0.arn(id, "parametergroup", &name), &want.tags, diff).await?;
        let (changed, gone) = changes(&want.parameters, diff);
        self.0.parameters.forget(&Self::key(id, &name));
        set(&client, &name, &changed).await?;
        reset(&client, &name, &gone).await
    }

    async fn delete(&self, id: &Id, _have: &CacheParameterGroup, _disposal: Disposal) -> Result<()> {
        let name = name_of(id, GROUP_NAME);
        self.0.parameters.forget(&Self::key(id, &name));
        let request = self.0.writer(id).delete_cache_parameter_group().cache_parameter_group_name(name);
        already(request.send().await, &["CacheParameterGroupNotFound"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elasticache::testing::{between, cache};
    use crate::testing::id;
    use aws_sdk_elasticache::operation::create_cache_parameter_group::CreateCacheParameterGroupOutput;
    use aws_sdk_elasticache::operation::describe_cache_parameters::DescribeCacheParametersOutput;
    use aws_sdk_elasticache::operation::modify_cache_parameter_group::ModifyCacheParameterGroupOutput;
    use aws_sdk_elasticache::operation::reset_cache_parameter_group::ResetCacheParameterGroupOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    fn group(values: &[(&str, &str)]) -> CacheParameterGroup {
        CacheParameterGroup {
            family: "valkey8".into(),
            description: "sessions".into(),
            parameters: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            tags: terrace_model::aws::Tags::new(),
        }
    }

    fn groups(rules: &[&Rule]) -> ParameterGroups {
        ParameterGroups(cache(mock_client!(aws_sdk_elasticache, RuleMode::MatchAny, rules), None))
    }

    fn setting(values: &'static [(&'static str, &'static str)]) -> Rule {
        mock!(Client::modify_cache_parameter_group)
            .match_requests(move |request| {
                let sent = request.parameter_name_values().iter();
                sent.map(|pair| (pair.parameter_name(), pair.parameter_value()))
                    .eq(values.iter().map(|(name, value)| (Some(*name), Some(*value))))
            })
            .then_output(|| ModifyCacheParameterGroupOutput::builder().build())
    }

    #[tokio::test]
    async fn only_what_differs_is_set_and_what_is_taken_away_is_reset() {
        let set = setting(&[("maxmemory-policy", "noeviction")]);
        let reset = mock!(Client::reset_cache_parameter_group)
            .match_requests(|request| {
                let names = request.parameter_name_values();
                request.reset_all_parameters() == Some(false)
                    && names.len() == 1
                    && names[0].parameter_name() == Some("timeout")
            })
            .then_output(|| ResetCacheParameterGroupOutput::builder().build());
        let have = group(&[("maxmemory-policy", "volatile-lru"), ("timeout", "5"), ("kept", "1")]);
        let want = group(&[("maxmemory-policy", "noeviction"), ("kept", "1")]);
        let id = id::<CacheParameterGroup>("parameters");
        let done = groups(&[&set, &reset]).update(&id, &have, &want, &between(&have, &want)).await;
        assert_eq!((done, set.num_calls(), reset.num_calls()), (Ok(()), 1, 1));
    }

    #[tokio::test]
    async fn a_new_group_has_its_values_before_a_cache_can_use_it_twenty_at_a_time() {
        let made = mock!(Client::create_cache_parameter_group).then_output(|| {
            let group = aws_sdk_elasticache::types::CacheParameterGroup::builder().arn("arn:pg").build();
            CreateCacheParameterGroupOutput::builder().cache_parameter_group(group).build()
        });
        let set = mock!(Client::modify_cache_parameter_group)
            .match_requests(|request| request.parameter_name_values().len() <= AT_ONCE)
            .then_output(|| ModifyCacheParameterGroupOutput::builder().build());
        let names: Vec<String> = (0..45).map(|number| format!("p{number}")).collect();
        let values: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        let handle = groups(&[&made, &set]).create(&id::<CacheParameterGroup>("parameters"), &group(&values)).await;
        assert_eq!((handle, set.num_calls()), (Ok(Handle("arn:pg".into())), 3));
    }

    #[tokio::test]
    async fn values_are_read_on_every_page() {
        let page = |marker: Option<&'static str>, next: Option<&'static str>, name: &'static str| {
            mock!(Client::describe_cache_parameters)
                .match_requests(move |request| request.marker() == marker && request.source() == Some("user"))
                .then_output(move || {
                    let parameter = Parameter::builder().parameter_name(name).parameter_value("1").build();
                    let answer = DescribeCacheParametersOutput::builder().parameters(parameter);
                    answer.set_marker(next.map(str::to_owned)).build()
                })
        };
        let (first, second) = (page(None, Some("more"), "a"), page(Some("more"), None, "b"));
        let id = id::<CacheParameterGroup>("parameters");
        let values = groups(&[&first, &second]).values(&id, "group").await.expect("they are read");
        assert_eq!(values.into_keys().collect::<Vec<_>>(), ["a", "b"]);
    }
}
