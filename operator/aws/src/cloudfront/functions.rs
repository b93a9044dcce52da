//! `cloudfront/Function`.
//!
//! A function is there twice: as it is tried out (`DEVELOPMENT`), which is what is changed, and as it is live, which is
//! what is compared. Publishing makes the one the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::primitives::Blob;
use aws_sdk_cloudfront::types as sdk;
use futures::future::{try_join, try_join_all};
use terrace_engine::coalesce::Fetch;
use terrace_engine::{Disposal, Provider, Result, Seen, State};
use terrace_model::aws::cloudfront::{Function, FunctionOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{CloudFront, GLOBAL, etag, id_of, refused, whole, write_tags};
use crate::errors::{absent, classify, code};

const GONE: &[&str] = &["NoSuchFunctionExists"];
const UNLISTED: &[&str] = &["code"];

/// See the module.
pub struct Functions(pub Arc<CloudFront>);

/// A function, and its live configuration where it is live.
#[derive(Clone, Debug)]
pub(super) struct Found {
    live: Option<sdk::FunctionConfig>,
}

struct Reader(Client);

impl Reader {
    async fn one(&self, name: &str, stage: sdk::FunctionStage) -> Result<Option<sdk::FunctionSummary>> {
        let answer = absent(self.0.describe_function().name(name).stage(stage).send().await, GONE)?;
        Ok(answer.and_then(|answer| answer.function_summary))
    }

    async fn list(&self, stage: sdk::FunctionStage) -> Result<BTreeMap<String, Option<sdk::FunctionConfig>>> {
        let (mut all, mut marker) = (BTreeMap::new(), None);
        loop {
            let request = self.0.list_functions().stage(stage.clone()).set_marker(marker);
            let Some(page) = request.send().await.map_err(classify)?.function_list else { return Ok(all) };
            all.extend(page.items.unwrap_or_default().into_iter().map(|item| (item.name, item.function_config)));
            marker = page.next_marker.filter(|next| !next.is_empty());
            if marker.is_none() {
                return Ok(all);
            }
        }
    }
}

impl Fetch<String, Found> for Reader {
    async fn some(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Found>> {
        let one = |name: &String| {
            let name = name.clone();
            async move {
                if self.one(&name, sdk::FunctionStage::Development).await?.is_none() {
                    return Ok(None);
                }
                let live = self.one(&name, sdk::FunctionStage::Live).await?.and_then(|live| live.function_config);
                Ok(Some((name, Found { live })))
            }
        };
        Ok(try_join_all(names.iter().map(one)).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, Found>> {
        let (tried, mut live) =
            try_join(self.list(sdk::FunctionStage::Development), self.list(sdk::FunctionStage::Live)).await?;
        let found = tried.into_keys().map(|name| {
            let live = live.remove(&name).flatten();
            (name, Found { live })
        });
        Ok(found.collect())
    }
}

fn name_of(id: &Id) -> String {
    id_of(id).map_or_else(|| id.default_name(), str::to_owned)
}

/// The wished configuration, over what there is.
fn config(former: Option<sdk::FunctionConfig>, want: &Function) -> Result<sdk::FunctionConfig> {
    let stores = former.and_then(|former| former.key_value_store_associations);
    let built = sdk::FunctionConfig::builder().comment(&want.comment).runtime(want.runtime.as_str().into());
    built.set_key_value_store_associations(stores).build().map_err(whole)
}

impl Functions {
    /// What is live.
    async fn code(&self, id: &Id, name: &str) -> Result<Option<String>> {
        let read = || async {
            let request = self.0.reader().get_function().name(name).stage(sdk::FunctionStage::Live);
            let code = request.send().await.map_err(classify)?.function_code.unwrap_or_else(|| Blob::new([]));
            Ok(String::from_utf8_lossy(code.as_ref()).into_owned())
        };
        self.0.code.get_in_turn(name, id.freshness, read).await
    }

    async fn publish(&self, id: &Id, name: &str, version: Option<String>) -> Result<()> {
        let request = self.0.writer(id).publish_function().name(name).if_match(etag(version)?);
        let answer = request.send().await;
        self.0.code.forget(name);
        answer.map(drop).map_err(refused)
    }
}

impl Provider<Function> for Functions {
    const ACTIONS: &'static [&'static str] = &[
        "cloudfront:CreateFunction",
        "cloudfront:DeleteFunction",
        "cloudfront:DescribeFunction",
        "cloudfront:GetFunction",
        "cloudfront:ListFunctions",
        "cloudfront:ListTagsForResource",
        "cloudfront:PublishFunction",
        "cloudfront:TagResource",
        "cloudfront:UntagResource",
        "cloudfront:UpdateFunction",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<Function>> {
        let name = name_of(id);
        let found = self.0.functions.of(GLOBAL).get(name.clone(), id.freshness, &Reader(self.0.reader())).await?;
        let Some(found) = found else { return Ok(Seen::Absent) };
        let handle = self.0.handle("function", &name);
        let tags = self.0.tags_of(id, &handle.0).await?;
        // What is not live yet is as good as empty: it differs from every wish.
        let code = if found.live.is_some() { self.code(id, &name).await? } else { Some(String::new()) };
        let live = found.live.as_ref();
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if code.is_some() { &[] } else { UNLISTED },
            have: Function {
                comment: live.map(|live| live.comment()).unwrap_or_default().to_owned(),
                runtime: live.map(|live| live.runtime().as_str()).unwrap_or_default().to_owned(),
                code: code.unwrap_or_default(),
                tags,
            },
            out: FunctionOutputs { arn: live.map(|_| handle.0.clone()) },
            handle,
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &Function) -> Result<Handle> {
        let name = id.default_name();
        let request = self.0.writer(id).create_function().name(&name).function_config(config(None, want)?);
        let request = request.function_code(Blob::new(want.code.as_bytes())).tags(write_tags(&want.tags)?);
        let made = request.send().await.map_err(refused)?;
        self.publish(id, &name, made.e_tag).await?;
        Ok(self.0.handle("function", &name))
    }

    async fn update(&self, id: &Id, _have: &Function, want: &Function, diff: &Diff) -> Result<()> {
        let name = name_of(id);
        self.0.retag(id, &self.0.handle("function", &name).0, &want.tags, diff).await?;
        if !diff.touches_any(&["code", "comment", "runtime"]) {
            return Ok(());
        }
        let client = self.0.writer(id);
        let request = client.describe_function().name(&name).stage(sdk::FunctionStage::Development);
        let answer = request.send().await.map_err(classify)?;
        let former = answer.function_summary.and_then(|summary| summary.function_config);
        let request = client.update_function().name(&name).if_match(etag(answer.e_tag)?);
        let request = request.function_config(config(former, want)?).function_code(Blob::new(want.code.as_bytes()));
        let mut version = request.send().await.map_err(refused)?.e_tag;
        if version.is_none() {
            // The reference spells the header of this one answer `ETtag`: it may not always be so.
            let request = client.describe_function().name(&name).stage(sdk::FunctionStage::Development);
            version = request.send().await.map_err(classify)?.e_tag;
        }
        self.publish(id, &name, version).await
    }

    async fn delete(&self, id: &Id, _have: &Function, _disposal: Disposal) -> Result<()> {
        let (name, client) = (name_of(id), self.0.writer(id));
        let request = client.describe_function().name(&name).stage(sdk::FunctionStage::Development);
        let Some(answer) = absent(request.send().await, GONE)? else { return Ok(()) };
        self.0.code.forget(&name);
        match client.delete_function().name(&name).if_match(etag(answer.e_tag)?).send().await {
            Err(error) if code(&error).is_some_and(|code| GONE.contains(&code)) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::testing::{between, cloudfront, json, meta};
    use crate::testing::id;
    use aws_sdk_cloudfront::operation::create_function::CreateFunctionOutput;
    use aws_sdk_cloudfront::operation::delete_function::DeleteFunctionError;
    use aws_sdk_cloudfront::operation::describe_function::{DescribeFunctionError, DescribeFunctionOutput};
    use aws_sdk_cloudfront::operation::get_function::GetFunctionOutput;
    use aws_sdk_cloudfront::operation::publish_function::PublishFunctionOutput;
    use aws_sdk_cloudfront::operation::update_function::UpdateFunctionOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;
    use terrace_engine::Error;

    const LIVE: sdk::FunctionStage = sdk::FunctionStage::Live;

    fn wish() -> Function {
        Function {
            comment: "paths".into(),
            runtime: "cloudfront-js-2.0".into(),
            code: "function handler(event) {}".into(),
            tags: id::<Function>("rewrite").owner_tags(),
        }
    }

    fn store() -> sdk::KeyValueStoreAssociations {
        let store = sdk::KeyValueStoreAssociation::builder().key_value_store_arn("arn:store").build();
        let store = store.expect("it is whole");
        sdk::KeyValueStoreAssociations::builder().quantity(1).items(store).build().expect("it is whole")
    }

    /// As it is tried out and as it is live, each with a version of its own.
    fn described(stages: &'static [sdk::FunctionStage]) -> Rule {
        mock!(Client::describe_function)
            .match_requests(|request| request.stage().is_some_and(|stage| stages.contains(stage)))
            .then_compute_output(|request| {
                let stage = request.stage().expect("it is asked for").clone();
                let mut config = config(None, &wish()).expect("it is written");
                config.key_value_store_associations = Some(store());
                let metadata = sdk::FunctionMetadata::builder().function_arn("arn:f").stage(stage.clone());
                let metadata = metadata.last_modified_time(DateTime::from_secs(1)).build().expect("it is whole");
                let summary = sdk::FunctionSummary::builder().name("f").function_config(config);
                let summary = summary.function_metadata(metadata).build().expect("it is whole");
                DescribeFunctionOutput::builder().function_summary(summary).e_tag(format!("V-{stage}")).build()
            })
    }

    fn unpublished() -> Rule {
        mock!(Client::describe_function)
            .match_requests(|request| request.stage() == Some(&LIVE))
            .then_error(|| DescribeFunctionError::generic(meta(GONE[0])))
    }

    fn got() -> Rule {
        mock!(Client::get_function)
            .match_requests(|request| request.stage() == Some(&LIVE))
            .then_output(|| GetFunctionOutput::builder().function_code(Blob::new(wish().code)).build())
    }

    fn published(version: &'static str) -> Rule {
        mock!(Client::publish_function)
            .match_requests(move |request| request.if_match() == Some(version))
            .then_output(|| PublishFunctionOutput::builder().build())
    }

    async fn seen(rules: &[&Rule]) -> (Function, FunctionOutputs) {
        let id = id::<Function>("rewrite");
        let arn = format!("arn:aws:cloudfront::123456789012:function/{}", id.default_name());
        let tags = crate::cloudfront::testing::tagged(&id.owner_tags());
        let rules: Vec<&Rule> = rules.iter().copied().chain([&tags]).collect();
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, &rules);
        match Functions(cloudfront(client, None)).observe(&id).await {
            Ok(Seen::Partly { have, out, handle, unread, .. }) => {
                assert_eq!((handle.0, unread.len()), (arn, 0));
                (have, out)
            }
            _ => panic!("it is there"),
        }
    }

    #[tokio::test]
    async fn what_is_live_is_compared_and_what_is_not_live_can_be_used_by_nobody() {
        let both = described(&[sdk::FunctionStage::Development, LIVE]);
        let (have, out) = seen(&[&both, &got()]).await;
        assert_eq!(json(&have), json(&wish()));
        assert!(out.arn.is_some_and(|arn| arn.contains(":function/")));

        let (have, out) = seen(&[&described(&[sdk::FunctionStage::Development]), &unpublished()]).await;
        assert!(between(&have, &wish()).touches("code"));
        assert_eq!(out.arn, None);
    }

    #[tokio::test]
    async fn it_is_made_and_published_in_one_breath() {
        let made = mock!(Client::create_function)
            .match_requests(|request| request.tags().is_some_and(|tags| tags.items().len() == 8))
            .then_output(|| CreateFunctionOutput::builder().e_tag("V1").build());
        let published = published("V1");
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&made, &published]);
        let provider = Functions(cloudfront(client, None));
        let id = id::<Function>("rewrite");
        let handle = provider.create(&id, &wish()).await.expect("it is made");
        assert_eq!(
            (name_of(&Id { handle: Some(handle), ..id.clone() }), published.num_calls()),
            (id.default_name(), 1)
        );
    }

    #[tokio::test]
    async fn a_change_is_written_over_what_is_tried_out_and_then_published_and_keeps_its_stores() {
        let tried = described(&[sdk::FunctionStage::Development]);
        let written = mock!(Client::update_function)
            .match_requests(|request| {
                let config = request.function_config().expect("there is one");
                request.if_match() == Some("V-DEVELOPMENT")
                    && request.function_code() == Some(&Blob::new("other"))
                    && config.key_value_store_associations() == Some(&store())
            })
            .then_output(|| UpdateFunctionOutput::builder().e_tag("V2").build());
        let published = published("V2");
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&tried, &written, &published]);
        let want = Function { code: "other".into(), ..wish() };
        let provider = Functions(cloudfront(client, None));
        let done = provider.update(&id::<Function>("rewrite"), &wish(), &want, &between(&wish(), &want)).await;
        assert_eq!((done, published.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn one_in_use_is_waited_for() {
        let tried = described(&[sdk::FunctionStage::Development]);
        let used = mock!(Client::delete_function).then_error(|| DeleteFunctionError::generic(meta("FunctionInUse")));
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&tried, &used]);
        let provider = Functions(cloudfront(client, None));
        let done = provider.delete(&id::<Function>("rewrite"), &wish(), Disposal::Delete).await;
        assert!(matches!(done, Err(Error::Wait { .. })), "{done:?}");
    }
}
