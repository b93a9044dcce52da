//! Amazon S3: buckets and their policies.
//!
//! From the S3 API reference: names are unique over all accounts and regions of a partition; ListBuckets gives the names of a
//! region and nothing more; each setting has a call of its own, which puts it whole; every call takes the account that must
//! own the bucket (`ExpectedBucketOwner`), so that nothing is ever asked or told of a bucket of somebody else.

mod bucket;
mod emptying;
mod head;
mod lifecycle;
mod policy;
mod put;
mod read;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::Tag;
use terrace_engine::coalesce::{Few, Regional};
use terrace_engine::{Error, Result};
use terrace_model::Id;
use terrace_model::aws::Tags;
use terrace_model::aws::iam::Policy;
use terrace_model::aws::s3::Bucket;

pub use self::bucket::Buckets;
pub(crate) use self::bucket::arn;
use self::head::Presence;
pub(crate) use self::head::{Head, head};
pub use self::policy::Policies;
use crate::errors::{absent, classify};
use crate::finder::{ListTags, TagIndex};
use crate::hourly::Hourly;
use crate::{Clients, tags};

/// What the providers of S3 share.
pub struct S3 {
    clients: Clients,
    buckets: Regional<String, Presence>,
    tags: TagIndex<OwnTags>,
    /// Settings by region and name; `None` where nothing is set. Name and tags are left empty.
    settings: Hourly<Bucket>,
    policies: Hourly<Option<Policy>>,
}

impl S3 {
    /// S3 of an account.
    pub fn new(clients: Clients) -> Arc<Self> {
        let buckets = Regional::new(clients.recent(), Few::Pages);
        // A bucket's ARN names no type, so neither does the filter.
        let tags = TagIndex::new(clients.clone(), &["s3"], OwnTags(clients.clone()));
        Arc::new(S3 { clients, buckets, tags, settings: Hourly::default(), policies: Hourly::default() })
    }

    /// For changing a bucket on behalf of the owner's namespace.
    fn change(&self, id: &Id, bucket: &str) -> Asked {
        self.asked(self.clients.for_namespace(&id.owner.namespace).s3(&id.place.region), bucket)
    }

    /// For reading of a bucket.
    fn look(&self, id: &Id, bucket: &str) -> Asked {
        self.asked(self.clients.s3(&id.place.region), bucket)
    }

    fn asked(&self, client: Client, bucket: &str) -> Asked {
        Asked { client, bucket: bucket.to_owned(), account: self.clients.account().to_owned() }
    }
}

/// A bucket that is asked about or changed, and the account that must own it.
#[derive(Clone)]
pub(crate) struct Asked {
    pub client: Client,
    pub bucket: String,
    pub account: String,
}

/// Begins a call about a bucket.
macro_rules! call {
    ($asked:expr, $call:ident) => {
        $asked.client.$call().bucket(&$asked.bucket).expected_bucket_owner(&$asked.account)
    };
}
use call;

impl Asked {
    /// All tags, AWS's own among them, which must be put back with the rest. `None` where there is no such bucket.
    async fn all_tags(&self) -> Result<Option<BTreeMap<String, String>>> {
        let answer = match call!(self, get_bucket_tagging).send().await {
            Err(error) if crate::errors::code(&error) == Some("NoSuchTagSet") => return Ok(Some(BTreeMap::new())),
            answer => absent(answer, GONE)?,
        };
        Ok(answer.map(|answer| answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect()))
    }

    /// Puts them all.
    async fn put_tags(&self, all: &BTreeMap<String, String>) -> Result<()> {
        if all.is_empty() {
            return call!(self, delete_bucket_tagging).send().await.map(drop).map_err(classify);
        }
        let tagging = aws_sdk_s3::types::Tagging::builder().set_tag_set(Some(sdk_tags(all)?)).build();
        let request = call!(self, put_bucket_tagging).tagging(tagging.map_err(Error::invalid)?);
        request.send().await.map(drop).map_err(classify)
    }
}

/// What says that a bucket is not there.
const GONE: &[&str] = &["NoSuchBucket"];

fn sdk_tags(all: &BTreeMap<String, String>) -> Result<Vec<Tag>> {
    let tags = tags::write(all, |key, value| Tag::builder().key(key).value(value).build());
    tags.into_iter().map(|tag| tag.map_err(Error::invalid)).collect()
}

/// The service's own call for tags.
#[derive(Clone)]
pub(crate) struct OwnTags(pub Clients);

impl ListTags for OwnTags {
    async fn tags(&self, region: &str, arn: &str) -> Result<Option<Tags>> {
        let Some(bucket) = name_in(arn) else { return Ok(None) };
        let asked =
            Asked { client: self.0.s3(region), bucket: bucket.to_owned(), account: self.0.account().to_owned() };
        let all = asked.all_tags().await?;
        Ok(all.map(|all| tags::read(all.iter().map(|(key, value)| (Some(key.as_str()), Some(value.as_str()))))))
    }
}

/// The name in the ARN of a bucket, which has neither region nor account.
pub(crate) fn name_in(arn: &str) -> Option<&str> {
    arn.starts_with("arn:").then(|| arn.split_once(":s3:::")).flatten().map(|(_, name)| name)
}

/// The name of a bucket: of what was found or adopted, that in its ARN; else the one that its wish gives.
fn name_of(id: &Id) -> Option<String> {
    let known = id.handle.as_ref().and_then(|handle| name_in(&handle.0));
    known.or_else(|| id.address("name")).map(str::to_owned)
}

/// What is read of a bucket is remembered under this key.
fn key(region: &str, bucket: &str) -> String {
    [region, bucket].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, id};
    use serde_json::json;
    use terrace_model::Handle;

    #[test]
    fn a_bucket_goes_by_its_arn_and_before_there_is_one_by_its_wish() {
        let wished = at(id::<Bucket>("bucket"), &json!({"name": "shop-assets"}));
        assert_eq!(name_of(&wished).as_deref(), Some("shop-assets"));
        let adopted = Id { handle: Some(Handle("arn:aws-cn:s3:::legacy.assets".into())), ..wished.clone() };
        assert_eq!(name_of(&adopted).as_deref(), Some("legacy.assets"));
        assert_eq!(name_of(&id::<Bucket>("bucket")), None);
        assert_eq!(name_in("legacy:s3:::a"), None);
    }
}
