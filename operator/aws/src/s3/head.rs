//! Whether a bucket is there, and whose it is: few by a look at each, many from the list of the region.
//!
//! From the S3 API reference: HeadBucket answers without a body, 404 where there is no bucket of that name in any account, 403
//! where it is another account's (`ExpectedBucketOwner`) or may not be looked at, 301 or 400 where it is in another region,
//! which `x-amz-bucket-region` names.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::Client;
use futures::future::try_join_all;
use terrace_engine::coalesce::Fetch;
use terrace_engine::{Error, Result, reason};

use super::{Asked, call};
use crate::errors::classify;

/// The most that one page lists (API reference, ListBuckets, `MaxBuckets`).
const PAGE: i32 = 1000;
const REGION_HEADER: &str = "x-amz-bucket-region";

/// What a look by name comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    Absent,
    /// This account has it here.
    Here,
    /// It is in another region.
    Elsewhere(String),
    /// S3 does not say more.
    Denied,
}

/// Looks one up.
///
/// # Errors
/// What is none of these, classified.
pub(crate) async fn head(asked: &Asked, region: &str) -> Result<Head> {
    let elsewhere =
        |found: Option<&str>| found.filter(|found| *found != region).map(|found| Head::Elsewhere(found.into()));
    let error = match call!(asked, head_bucket).send().await {
        Ok(answer) => return Ok(elsewhere(answer.bucket_region()).unwrap_or(Head::Here)),
        Err(error) => error,
    };
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let named = error.raw_response().and_then(|answer| answer.headers().get(REGION_HEADER));
    match (status, elsewhere(named)) {
        (Some(404), _) => Ok(Head::Absent),
        (Some(301 | 307 | 400 | 403), Some(elsewhere)) => Ok(elsewhere),
        (Some(403), None) => Ok(Head::Denied),
        _ => Err(classify(error)),
    }
}

/// A bucket that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Here,
    Elsewhere(String),
    /// Another account's.
    Theirs,
    /// This account's, and nobody lets the operator look at it.
    Denied,
}

impl Presence {
    /// Why a bucket that is there is of no use here; nothing where it is.
    pub fn check(&self, bucket: &str, region: &str) -> Result<()> {
        match self {
            Presence::Here => Ok(()),
            Presence::Elsewhere(found) => Err(Error::blocked(
                reason::NOT_OWNED,
                format!(
                    "bucket {bucket} exists in {found}, and not in {region}: choose another name by spec.bucketName"
                ),
            )),
            Presence::Theirs => Err(theirs(bucket)),
            Presence::Denied => Err(Error::blocked(
                reason::ACCESS_DENIED,
                format!(
                    "bucket {bucket} cannot be looked at (HTTP 403): allow s3:ListBucket in its policy and to the operator"
                ),
            )),
        }
    }
}

/// A name that another account has.
pub(super) fn theirs(bucket: &str) -> Error {
    let message = format!(
        "bucket {bucket} belongs to another AWS account, and names are unique over all of them: choose another name by spec.bucketName"
    );
    Error::blocked(reason::NOT_OWNED, message)
}

/// Reads which buckets there are in a region.
pub(super) struct Reader {
    pub client: Client,
    pub account: String,
    pub region: String,
}

impl Fetch<String, Presence> for Reader {
    async fn some(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Presence>> {
        let looks = names.iter().map(|name| async move { Ok(self.one(name).await?.map(|seen| (name.clone(), seen))) });
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn all(&self) -> Result<BTreeMap<String, Presence>> {
        let names = self.names("").await?;
        Ok(names.into_iter().map(|name| (name, Presence::Here)).collect())
    }
}

impl Reader {
    async fn one(&self, name: &str) -> Result<Option<Presence>> {
        let asked = Asked { client: self.client.clone(), bucket: name.to_owned(), account: self.account.clone() };
        Ok(match head(&asked, &self.region).await? {
            Head::Absent => None,
            Head::Here => Some(Presence::Here),
            Head::Elsewhere(region) => Some(Presence::Elsewhere(region)),
            // The list knows the account's own, whatever may be done with them.
            Head::Denied if self.names(name).await?.contains(name) => Some(Presence::Denied),
            Head::Denied => Some(Presence::Theirs),
        })
    }

    /// The buckets of the region whose names begin like this.
    async fn names(&self, prefix: &str) -> Result<BTreeSet<String>> {
        let request = self.client.list_buckets().bucket_region(&self.region).max_buckets(PAGE);
        let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
        let mut pages = request.set_prefix(prefix).into_paginator().send();
        let mut names = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let buckets = page.map_err(classify)?.buckets.unwrap_or_default().into_iter();
            let here = buckets.filter(|bucket| bucket.bucket_region().is_none_or(|region| region == self.region));
            names.extend(here.filter_map(|bucket| bucket.name));
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::testing::{answer, client};
    use crate::testing::{ACCOUNT, REGION};
    use aws_sdk_s3::operation::head_bucket::HeadBucketOutput;
    use aws_sdk_s3::operation::list_buckets::ListBucketsOutput;
    use aws_sdk_s3::types::Bucket;
    use aws_smithy_mocks::{Rule, mock};

    fn reader(rules: &[&Rule]) -> Reader {
        Reader { client: client(rules), account: ACCOUNT.into(), region: REGION.into() }
    }

    fn own() -> Rule {
        mock!(Client::list_buckets).then_output(|| {
            let bucket = |name: &str, region: Option<&str>| {
                Bucket::builder().name(name).set_bucket_region(region.map(str::to_owned)).build()
            };
            let all = [bucket("ours", Some(REGION)), bucket("older", None), bucket("far", Some("us-east-1"))];
            ListBucketsOutput::builder().set_buckets(Some(all.into())).build()
        })
    }

    fn says(status: u16, region: Option<&'static str>) -> Rule {
        mock!(Client::head_bucket).then_http_response(move || {
            let mut answer = answer(status, "");
            if let Some(region) = region {
                answer.headers_mut().insert(REGION_HEADER, region);
            }
            answer
        })
    }

    async fn seen(name: &str, rule: Rule) -> Option<Presence> {
        let found = reader(&[&rule, &own()]).some(&[name.to_owned()].into()).await.expect("it is looked up");
        found.get(name).cloned()
    }

    #[tokio::test]
    async fn a_look_by_name_tells_ours_from_theirs_and_from_what_is_elsewhere() {
        let ours = mock!(Client::head_bucket)
            .match_requests(|request| request.expected_bucket_owner() == Some(ACCOUNT))
            .then_output(|| HeadBucketOutput::builder().bucket_region(REGION).build());
        assert_eq!(seen("ours", ours).await, Some(Presence::Here));
        assert_eq!(seen("none", says(404, None)).await, None);
        assert_eq!(seen("theirs", says(403, Some(REGION))).await, Some(Presence::Theirs));
        assert_eq!(seen("ours", says(403, None)).await, Some(Presence::Denied));
        for status in [301, 400] {
            let far = says(status, Some("us-east-1"));
            assert_eq!(seen("far", far).await, Some(Presence::Elsewhere("us-east-1".into())));
        }
        let broken = reader(&[&says(500, None)]).some(&["a".to_owned()].into()).await;
        assert_eq!(broken.expect_err("it is broken").reason(), reason::RETRYING);
    }

    #[tokio::test]
    async fn the_list_of_a_region_has_nothing_of_another() {
        let all = reader(&[&own()]).all().await.expect("it is listed");
        assert_eq!(all.into_keys().collect::<Vec<_>>(), ["older", "ours"]);
    }

    #[test]
    fn a_name_that_cannot_be_had_is_told_in_a_sentence_that_says_what_to_do() {
        assert_eq!(Presence::Here.check("a", REGION), Ok(()));
        for (presence, reason, words) in [
            (Presence::Theirs, reason::NOT_OWNED, "another AWS account"),
            (Presence::Elsewhere("us-east-1".into()), reason::NOT_OWNED, "in us-east-1"),
            (Presence::Denied, reason::ACCESS_DENIED, "s3:ListBucket"),
        ] {
            let error = presence.check("assets", REGION).expect_err("it is of no use");
            let text = error.to_string();
            assert_eq!((error.reason(), error.is_stalled(), text.contains(words)), (reason, true, true), "{text}");
        }
    }
}
