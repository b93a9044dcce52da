//! What bears no tags: found by its derived name, and known by the mark in its comment.
//!
//! There are few of each in an account (20 policies of a kind, 100 origin access controls; developer guide, "Quotas"), and
//! a list shows them whole. A change names the version that was read.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use aws_sdk_cloudfront::Client;
use terrace_engine::coalesce::{Fetch, Few, Regional};
use terrace_engine::{Disposal, Provider, Result, Seen, State};
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::IdOutputs;
use terrace_model::{Diff, Handle, Id, Owner, Resource};

use super::{CloudFront, GLOBAL, id_of};
use crate::mark;

/// One kind of what bears no tags, over the SDK's own type of its configuration.
pub trait Untagged: Resource<Outputs = IdOutputs> {
    /// What it is made of.
    type Config: Clone + Send + Sync + 'static;
    /// The ARN's own word.
    const WORD: &'static str;
    /// IAM actions used.
    const ACTIONS: &'static [&'static str];

    /// All that are the account's own, with their ids.
    fn list(client: &Client) -> impl Future<Output = Result<Vec<(String, Self::Config)>>> + Send;
    /// One, with its version; `None` where it is gone.
    fn get(client: &Client, id: &str) -> impl Future<Output = Result<Option<(Self::Config, String)>>> + Send;
    /// Makes one, and says its id.
    fn create(client: &Client, config: Self::Config) -> impl Future<Output = Result<String>> + Send;
    /// Writes over a version.
    fn update(
        client: &Client,
        id: &str,
        version: String,
        config: Self::Config,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Deletes a version; fine where it is gone.
    fn delete(client: &Client, id: &str, version: String) -> impl Future<Output = Result<()>> + Send;

    /// Its name.
    fn name(config: &Self::Config) -> &str;
    /// Its comment.
    fn comment(config: &Self::Config) -> &str;
    /// What there is, as a wish.
    fn read(config: &Self::Config, tags: Tags) -> Self;
    /// A new one, as wished.
    ///
    /// # Errors
    /// Where the wish is none.
    fn new(name: &str, comment: String, want: &Self) -> Result<Self::Config>;
    /// Puts what is wished over what there is.
    ///
    /// # Errors
    /// Where the wish is none.
    fn put(config: &mut Self::Config, comment: String, want: &Self) -> Result<()>;
    /// The owner's tags.
    fn tags(&self) -> &Tags;
}

/// Id and configuration.
type Item<R> = (String, <R as Untagged>::Config);

/// The provider of one such kind.
pub struct Untaggeds<R: Untagged> {
    cloudfront: Arc<CloudFront>,
    /// By id and by name.
    list: Regional<String, Item<R>>,
}

impl<R: Untagged> Untaggeds<R> {
    pub fn new(cloudfront: &Arc<CloudFront>) -> Self {
        let list = Regional::new(cloudfront.clients.recent(), Few::UpTo(0));
        Untaggeds { cloudfront: cloudfront.clone(), list }
    }

    async fn find(&self, id: &Id) -> Result<Option<Item<R>>> {
        let key = id_of(id).map_or_else(|| id.default_name(), str::to_owned);
        let list = List::<R> { client: self.cloudfront.reader(), kind: std::marker::PhantomData };
        self.list.of(GLOBAL).get(key, id.freshness, &list).await
    }
}

struct List<R> {
    client: Client,
    kind: std::marker::PhantomData<fn() -> R>,
}

impl<R: Untagged> Fetch<String, Item<R>> for List<R> {
    async fn some(&self, _keys: &BTreeSet<String>) -> Result<BTreeMap<String, Item<R>>> {
        self.all().await
    }

    async fn all(&self) -> Result<BTreeMap<String, Item<R>>> {
        let all = R::list(&self.client).await?;
        let keys = |(id, config): Item<R>| {
            [(R::name(&config).to_owned(), (id.clone(), config.clone())), (id.clone(), (id, config))]
        };
        Ok(all.into_iter().flat_map(keys).collect())
    }
}

impl<R: Untagged> Provider<R> for Untaggeds<R> {
    const ACTIONS: &'static [&'static str] = R::ACTIONS;

    async fn observe(&self, id: &Id) -> Result<Seen<R>> {
        let Some((found, config)) = self.find(id).await? else { return Ok(Seen::Absent) };
        let tags = mark::read(id, R::comment(&config));
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            have: R::read(&config, tags),
            handle: self.cloudfront.handle(R::WORD, &found),
            out: IdOutputs { id: Some(found) },
            state: State::Ready,
        })
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<IdOutputs> {
        Some(IdOutputs { id: handle.0.rsplit('/').next().map(str::to_owned) })
    }

    async fn create(&self, id: &Id, want: &R) -> Result<Handle> {
        let config = R::new(&id.default_name(), mark::write(id, want.tags()), want)?;
        let made = R::create(&self.cloudfront.writer(id), config).await?;
        Ok(self.cloudfront.handle(R::WORD, &made))
    }

    async fn update(&self, id: &Id, _have: &R, want: &R, _diff: &Diff) -> Result<()> {
        let Some((found, _)) = self.find(id).await? else { return Ok(()) };
        let client = self.cloudfront.writer(id);
        let Some((mut config, version)) = R::get(&client, &found).await? else { return Ok(()) };
        R::put(&mut config, mark::write(id, want.tags()), want)?;
        R::update(&client, &found, version, config).await
    }

    async fn delete(&self, id: &Id, _have: &R, _disposal: Disposal) -> Result<()> {
        let Some((found, _)) = self.find(id).await? else { return Ok(()) };
        let client = self.cloudfront.writer(id);
        let Some((_, version)) = R::get(&client, &found).await? else { return Ok(()) };
        R::delete(&client, &found, version).await
    }
}

/// The calls of one kind of policy: they differ by their names only.
macro_rules! policy_calls {
    ($list:ident, $page:ident, $type:ident, $get:ident, $create:ident, $update:ident, $delete:ident, $policy:ident,
     $config:ident, $gone:literal) => {
        async fn list(client: &Client) -> Result<Vec<(String, Self::Config)>> {
            let (mut all, mut marker) = (Vec::new(), None);
            loop {
                let request = client.$list().r#type(sdk::$type::Custom).set_marker(marker);
                let Some(page) = request.send().await.map_err(classify)?.$page else { return Ok(all) };
                let found = page.items.unwrap_or_default().into_iter().filter_map(|item| item.$policy);
                all.extend(found.filter_map(|found| Some((found.id, found.$config?))));
                marker = page.next_marker.filter(|next| !next.is_empty());
                if marker.is_none() {
                    return Ok(all);
                }
            }
        }

        async fn get(client: &Client, id: &str) -> Result<Option<(Self::Config, String)>> {
            let Some(answer) = absent(client.$get().id(id).send().await, &[$gone])? else { return Ok(None) };
            answer.$config.map(|config| Ok((config, etag(answer.e_tag)?))).transpose()
        }

        async fn create(client: &Client, config: Self::Config) -> Result<String> {
            let made = client.$create().$config(config).send().await.map_err(refused)?.$policy;
            made.map(|made| made.id).ok_or_else(|| Error::retry("AWS did not say what it made"))
        }

        async fn update(client: &Client, id: &str, version: String, config: Self::Config) -> Result<()> {
            client.$update().id(id).if_match(version).$config(config).send().await.map(drop).map_err(refused)
        }

        async fn delete(client: &Client, id: &str, version: String) -> Result<()> {
            match client.$delete().id(id).if_match(version).send().await {
                Err(error) if code(&error) == Some($gone) => Ok(()),
                answer => answer.map(drop).map_err(refused),
            }
        }

        fn name(config: &Self::Config) -> &str {
            config.name()
        }

        fn comment(config: &Self::Config) -> &str {
            config.comment().unwrap_or_default()
        }

        fn tags(&self) -> &Tags {
            &self.tags
        }
    };
}
pub(super) use policy_calls;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloudfront::policies::CachePolicies;
    use crate::cloudfront::testing::{between, cloudfront, meta};
    use crate::testing::id;
    use aws_sdk_cloudfront::operation::get_cache_policy_config::{
        GetCachePolicyConfigError, GetCachePolicyConfigOutput,
    };
    use aws_sdk_cloudfront::operation::list_cache_policies::ListCachePoliciesOutput;
    use aws_sdk_cloudfront::operation::update_cache_policy::UpdateCachePolicyOutput;
    use aws_sdk_cloudfront::types as sdk;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;
    use terrace_model::aws::cloudfront::{CachePolicy, Selection};

    fn wish() -> CachePolicy {
        CachePolicy {
            min_ttl: 0,
            default_ttl: 60,
            max_ttl: 600,
            enable_accept_encoding_gzip: true,
            enable_accept_encoding_brotli: true,
            headers: Selection::only(["authorization".to_owned()]),
            cookies: Selection::none(),
            query_strings: Selection::all(),
            tags: id::<CachePolicy>("cache").owner_tags(),
        }
    }

    fn listed(comment: String) -> Rule {
        let name = id::<CachePolicy>("cache").default_name();
        let config = CachePolicy::new(&name, comment, &wish()).expect("it is written");
        mock!(Client::list_cache_policies).then_output(move || {
            let policy = sdk::CachePolicy::builder().id("P1").last_modified_time(DateTime::from_secs(1));
            let policy = policy.cache_policy_config(config.clone()).build().expect("it is whole");
            let item = sdk::CachePolicySummary::builder()
                .r#type(sdk::CachePolicyType::Custom)
                .cache_policy(policy)
                .build()
                .expect("it is whole");
            let list = sdk::CachePolicyList::builder().max_items(100).quantity(1).items(item).build();
            ListCachePoliciesOutput::builder().cache_policy_list(list.expect("it is whole")).build()
        })
    }

    #[tokio::test]
    async fn it_is_found_by_name_and_by_id_and_owned_by_its_mark() {
        let unknown = id::<CachePolicy>("cache");
        let mark = mark::write(&unknown, &unknown.owner_tags());
        let handle: Handle = "arn:aws:cloudfront::123456789012:cache-policy/P1".into();
        let by_id = Id { handle: Some(handle.clone()), ..unknown.clone() };
        for (comment, owner) in [(mark, Owner::from_tags(&unknown.owner_tags())), ("theirs".into(), Owner::Untagged)] {
            let list = listed(comment);
            let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&list]);
            let provider = CachePolicies::new(&cloudfront(client, None));
            for id in [&unknown, &by_id] {
                let Ok(Seen::Present { owner: seen, handle: at, have, out, .. }) = provider.observe(id).await else {
                    panic!("it is there");
                };
                assert_eq!((&seen, &at, out.id.as_deref()), (&owner, &handle, Some("P1")));
                assert_eq!((have.default_ttl, have.headers), (60, wish().headers));
            }
            assert_eq!(list.num_calls(), 2);
        }
        assert_eq!(handle.0.rsplit('/').next(), Some("P1"));
    }

    #[tokio::test]
    async fn a_change_names_the_version_that_was_read_and_nothing_happens_to_what_is_gone() {
        let id = id::<CachePolicy>("cache");
        let config = CachePolicy::new("name", "terrace:x".into(), &wish()).expect("it is written");
        let read = mock!(Client::get_cache_policy_config).then_output(move || {
            GetCachePolicyConfigOutput::builder().cache_policy_config(config.clone()).e_tag("V2").build()
        });
        let mark = mark::write(&id, &id.owner_tags());
        let written = mock!(Client::update_cache_policy)
            .match_requests(move |request| {
                let config = request.cache_policy_config().expect("there is one");
                request.if_match() == Some("V2")
                    && (config.min_ttl(), config.comment()) == (5, Some(mark.as_str()))
                    && config.name() == "name"
            })
            .then_output(|| UpdateCachePolicyOutput::builder().build());
        let list = listed(String::new());
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&list, &read, &written]);
        let provider = CachePolicies::new(&cloudfront(client, None));
        let want = CachePolicy { min_ttl: 5, ..wish() };
        provider.update(&id, &wish(), &want, &between(&wish(), &want)).await.expect("it is changed");
        assert_eq!(written.num_calls(), 1);

        let list = listed(String::new());
        let gone = mock!(Client::get_cache_policy_config)
            .then_error(|| GetCachePolicyConfigError::generic(meta("NoSuchCachePolicy")));
        let client = mock_client!(aws_sdk_cloudfront, RuleMode::MatchAny, [&list, &gone]);
        let provider = CachePolicies::new(&cloudfront(client, None));
        provider.delete(&id, &wish(), Disposal::Delete).await.expect("it is gone already");
    }
}
