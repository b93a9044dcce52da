//! `s3/Bucket`: a bucket with all its settings.
//!
//! ListBuckets and the Tagging API tell a resync that it is there and whose it is; the settings are listed nowhere, so they are
//! read once an hour, and whenever the look must be fresh.

use std::sync::Arc;

use aws_sdk_s3::types as sdk;
use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::s3::{Bucket, BucketOutputs, Encryption};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::head::{Reader, theirs};
use super::read::{BY_S3, SUSPENDED};
use super::{Asked, GONE, S3, call, key, name_in, name_of, sdk_tags};
use crate::clients::partition;
use crate::errors::{absent, classify, code};

/// The region that is no location (API reference, CreateBucket, `LocationConstraint`).
const NO_LOCATION: &str = "us-east-1";
/// What is read apart.
const SETTINGS: &[&str] = &[
    "publicAccessBlock",
    "objectOwnership",
    "encryption",
    "versioning",
    "lifecycleRules",
    "intelligentTiering",
    "acceleration",
    "corsRules",
    "objectLock",
    "logging",
];

/// See the module.
pub struct Buckets(pub Arc<S3>);

impl Buckets {
    /// Whether it is there, in this account and region.
    async fn is_here(&self, id: &Id, bucket: &str, freshness: Freshness) -> Result<bool> {
        let S3 { clients, buckets, .. } = &*self.0;
        let region = &id.place.region;
        let reader = Reader { client: clients.s3(region), account: clients.account().into(), region: region.clone() };
        let seen = buckets.of(region).get(bucket.to_owned(), freshness, &reader).await?;
        seen.map(|seen| seen.check(bucket, region)).transpose().map(|seen| seen.is_some())
    }

    /// A bucket that is there: none that could be made again. In us-east-1 S3 takes that for the same bucket, and resets what
    /// it grants (API reference, CreateBucket, `BucketAlreadyOwnedByYou`).
    async fn check_absent(&self, id: &Id, bucket: &str) -> Result<()> {
        if self.is_here(id, bucket, Freshness::Now).await? {
            return Err(Error::wait(reason::ALREADY_EXISTS, format!("bucket {bucket} exists already")));
        }
        Ok(())
    }

    async fn make(&self, asked: &Asked, region: &str, want: &Bucket) -> Result<()> {
        let location = (region != NO_LOCATION).then(|| region.into());
        let configuration = sdk::CreateBucketConfiguration::builder()
            .set_location_constraint(location)
            .set_tags(Some(sdk_tags(&want.tags)?))
            .build();
        let request = asked
            .client
            .create_bucket()
            .bucket(&asked.bucket)
            .create_bucket_configuration(configuration)
            .object_ownership(want.object_ownership.as_str().into())
            .set_object_lock_enabled_for_bucket(want.object_lock.as_ref().map(|_| true));
        let Err(error) = request.send().await else { return Ok(()) };
        match code(&error) {
            Some("BucketAlreadyExists") => Err(theirs(&asked.bucket)),
            Some("BucketAlreadyOwnedByYou") => Err(Error::wait(reason::ALREADY_EXISTS, "the bucket exists already")),
            _ => Err(classify(error)),
        }
    }
}

impl Provider<Bucket> for Buckets {
    const ACTIONS: &'static [&'static str] = &[
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:GetAccelerateConfiguration",
        "s3:GetBucketCORS",
        "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetEncryptionConfiguration",
        "s3:GetIntelligentTieringConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:ListAllMyBuckets",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:PutAccelerateConfiguration",
        "s3:PutBucketCORS",
        "s3:PutBucketLogging",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutIntelligentTieringConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:TagResource",
        "tag:GetResources",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<Bucket>> {
        let Some(bucket) = name_of(id) else { return Ok(Seen::Absent) };
        if !self.is_here(id, &bucket, id.freshness).await? {
            return Ok(Seen::Absent);
        }
        let (region, s3) = (&id.place.region, &self.0);
        let handle = Handle(arn(region, &bucket));
        let Some(tags) = s3.tags.get(region, &handle.0, id.freshness).await? else { return Ok(Seen::Absent) };
        let asked = s3.look(id, &bucket);
        let read = || async move { asked.settings().await };
        let settings = s3.settings.get_in_turn(&key(region, &bucket), id.freshness, read).await?;
        Ok(Seen::Partly {
            owner: Owner::from_tags(&tags),
            unread: if settings.is_some() { &[] } else { SETTINGS },
            have: Bucket { name: bucket.clone(), tags, ..settings.unwrap_or_default() },
            out: outputs(region, bucket),
            handle,
            state: State::Ready,
        })
    }

    async fn create(&self, id: &Id, want: &Bucket) -> Result<Handle> {
        let (region, asked) = (&id.place.region, self.0.change(id, &want.name));
        self.check_absent(id, &want.name).await?;
        self.0.settings.forget(&key(region, &want.name));
        self.make(&asked, region, want).await?;
        // CreateBucket takes no other settings. Whoever uses it finds it whole; after a crash in between, update goes on.
        asked.bring(&new(want), want).await?;
        Ok(Handle(arn(region, &want.name)))
    }

    fn made(&self, id: &Id, handle: &Handle) -> Option<BucketOutputs> {
        name_in(&handle.0).map(|bucket| outputs(&id.place.region, bucket.to_owned()))
    }

    async fn update(&self, id: &Id, have: &Bucket, want: &Bucket, diff: &Diff) -> Result<()> {
        let asked = self.0.change(id, &have.name);
        self.0.settings.forget(&key(&id.place.region, &have.name));
        asked.retag(&want.tags, diff).await?;
        asked.bring(have, want).await
    }

    async fn delete(&self, id: &Id, have: &Bucket, disposal: Disposal) -> Result<()> {
        let asked = self.0.change(id, &have.name);
        self.0.settings.forget(&key(&id.place.region, &have.name));
        let empties = disposal == Disposal::Empty;
        if empties && !asked.empty().await? {
            return Ok(());
        }
        match call!(asked, delete_bucket).send().await {
            // Somebody has put something into it meanwhile: the next try goes on.
            Err(error) if code(&error) == Some(NOT_EMPTY) && empties => Ok(()),
            Err(error) if code(&error) == Some(NOT_EMPTY) => Err(held(&have.name)),
            answer => absent(answer, GONE).map(drop),
        }
    }
}

const NOT_EMPTY: &str = "BucketNotEmpty";

fn held(bucket: &str) -> Error {
    let message = format!(
        "bucket {bucket} holds objects, or versions of them, and is not deleted: empty it, or set spec.onDelete.contents to Delete for Terrace to empty it, or spec.deletionPolicy to Retain for it to stay"
    );
    Error::blocked(reason::NOT_EMPTY, message)
}

/// What S3 has made, before anything else is set.
fn new(want: &Bucket) -> Bucket {
    Bucket {
        object_ownership: want.object_ownership.clone(),
        encryption: Encryption { sse_algorithm: BY_S3.into(), ..Encryption::default() },
        versioning: SUSPENDED.into(),
        acceleration: SUSPENDED.into(),
        ..Bucket::default()
    }
}

/// The ARN of a bucket.
pub(crate) fn arn(region: &str, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", partition(region))
}

/// Host names as in the S3 User Guide, "Virtual hosting of general purpose buckets" and "Using Transfer Acceleration".
fn outputs(region: &str, bucket: String) -> BucketOutputs {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    BucketOutputs {
        arn: Some(arn(region, &bucket)),
        region: Some(region.to_owned()),
        regional_domain_name: Some(format!("{bucket}.s3.{region}.{suffix}")),
        accelerate_endpoint: Some(format!("{bucket}.s3-accelerate.{suffix}")),
        name: Some(bucket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::testing::{self, between, new_bucket, refusal, wish};
    use crate::testing::{REGION, at, id};
    use aws_sdk_s3::Client;
    use aws_sdk_s3::operation::create_bucket::CreateBucketOutput;
    use aws_sdk_s3::operation::delete_bucket::DeleteBucketOutput;
    use aws_sdk_s3::operation::get_bucket_tagging::GetBucketTaggingOutput;
    use aws_sdk_s3::operation::head_bucket::HeadBucketOutput;
    use aws_sdk_s3::operation::list_buckets::ListBucketsOutput;
    use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
    use aws_sdk_s3::operation::put_bucket_versioning::PutBucketVersioningOutput;
    use aws_sdk_s3::operation::put_public_access_block::PutPublicAccessBlockOutput;
    use aws_smithy_mocks::{Rule, mock};
    use serde_json::json;
    use terrace_model::aws::s3::PublicAccessBlock;
    use terrace_model::identity::tag;

    fn buckets(rules: &[&Rule]) -> Buckets {
        Buckets(testing::s3(rules))
    }

    fn assets() -> Id {
        at(id::<Bucket>("bucket"), &json!({"name": "assets"}))
    }

    fn heads(status: u16) -> Rule {
        mock!(Client::head_bucket).then_http_response(move || testing::answer(status, ""))
    }

    fn here() -> Rule {
        mock!(Client::head_bucket).then_output(|| HeadBucketOutput::builder().bucket_region(REGION).build())
    }

    fn tagged() -> Rule {
        mock!(Client::get_bucket_tagging).then_output(|| {
            let tag = sdk::Tag::builder().key(tag::UID).value("uid-1").build().expect("it is whole");
            GetBucketTaggingOutput::builder().tag_set(tag).build().expect("it is whole")
        })
    }

    #[tokio::test]
    async fn a_bucket_is_seen_with_all_its_settings_and_where_it_is() {
        let (here, tagged, rest) = (here(), tagged(), new_bucket());
        let mut rules = vec![&here, &tagged];
        rules.extend(&rest);
        let seen = buckets(&rules).observe(&assets()).await.expect("it is looked at");
        let Seen::Partly { have, out, handle, unread, .. } = seen else { panic!("it is there") };
        assert_eq!((have.name.as_str(), have.versioning.as_str(), unread.len()), ("assets", SUSPENDED, 0));
        assert_eq!((handle.0.as_str(), have.tags[tag::UID].as_str()), ("arn:aws:s3:::assets", "uid-1"));
        assert_eq!(out.regional_domain_name.as_deref(), Some("assets.s3.eu-west-1.amazonaws.com"));
        assert_eq!(out.accelerate_endpoint.as_deref(), Some("assets.s3-accelerate.amazonaws.com"));
        assert_eq!(buckets(&[]).made(&assets(), &handle), Some(out));
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_absent_and_one_that_another_has_is_told() {
        let absent = buckets(&[&heads(404)]).observe(&assets()).await;
        assert!(matches!(absent, Ok(Seen::Absent)));
        let none = mock!(Client::list_buckets).then_output(|| ListBucketsOutput::builder().build());
        let Err(taken) = buckets(&[&heads(403), &none]).observe(&assets()).await else { panic!("it is taken") };
        assert_eq!((taken.reason(), taken.is_stalled()), (reason::NOT_OWNED, true));
        assert!(taken.to_string().contains("another AWS account"), "{taken}");
    }

    #[tokio::test]
    async fn one_that_is_there_is_never_made_again() {
        let made = mock!(Client::create_bucket).then_output(|| CreateBucketOutput::builder().build());
        let error = buckets(&[&here(), &made]).create(&assets(), &wish()).await.expect_err("it is there");
        assert_eq!((error.reason(), made.num_calls()), (reason::ALREADY_EXISTS, 0));
        for (code, reason, stalled) in [
            ("BucketAlreadyExists", reason::NOT_OWNED, true),
            ("BucketAlreadyOwnedByYou", reason::ALREADY_EXISTS, false),
            ("OperationAborted", reason::RETRYING, false),
            ("TooManyBuckets", reason::QUOTA, true),
            ("InvalidBucketName", reason::INVALID, true),
        ] {
            let refused = mock!(Client::create_bucket).then_http_response(move || refusal(409, code));
            let error = buckets(&[&heads(404), &refused]).create(&assets(), &wish()).await.expect_err("it is refused");
            assert_eq!((error.reason(), error.is_stalled()), (reason, stalled), "{code}");
        }
    }

    #[tokio::test]
    async fn a_new_bucket_has_its_tags_from_the_first_and_is_closed_before_anybody_knows_it() {
        let made = mock!(Client::create_bucket)
            .match_requests(|request| {
                let configuration = request.create_bucket_configuration().expect("it is there");
                let location = configuration.location_constraint().map(sdk::BucketLocationConstraint::as_str);
                location == Some(REGION)
                    && configuration.tags().len() == 1
                    && request.object_ownership().map(sdk::ObjectOwnership::as_str) == Some(Bucket::OWNER_ENFORCED)
                    && request.object_lock_enabled_for_bucket().is_none()
            })
            .then_output(|| CreateBucketOutput::builder().build());
        let closed =
            mock!(Client::put_public_access_block).then_output(|| PutPublicAccessBlockOutput::builder().build());
        let versions =
            mock!(Client::put_bucket_versioning).then_output(|| PutBucketVersioningOutput::builder().build());
        let want = Bucket { tags: [("team".to_owned(), "shop".to_owned())].into(), ..wish() };
        let handle = buckets(&[&heads(404), &made, &closed, &versions]).create(&assets(), &want).await;
        assert_eq!(handle, Ok(Handle("arn:aws:s3:::assets".into())));
        assert_eq!((made.num_calls(), closed.num_calls(), versions.num_calls()), (1, 1, 1));
    }

    #[tokio::test]
    async fn only_the_setting_that_differs_is_put() {
        let closed = mock!(Client::put_public_access_block)
            .match_requests(|request| {
                let block = request.public_access_block_configuration().expect("it is there");
                block.block_public_policy() == Some(true) && block.restrict_public_buckets() == Some(true)
            })
            .then_output(|| PutPublicAccessBlockOutput::builder().build());
        let open = Bucket { public_access_block: PublicAccessBlock::default(), ..wish() };
        let done = buckets(&[&closed]).update(&assets(), &open, &wish(), &between(&open, &wish())).await;
        assert_eq!((done, closed.num_calls()), (Ok(()), 1));
    }

    #[tokio::test]
    async fn a_bucket_that_holds_objects_is_not_deleted_and_the_sentence_says_what_to_do() {
        let full = mock!(Client::delete_bucket).then_http_response(|| refusal(409, NOT_EMPTY));
        let error = buckets(&[&full]).delete(&assets(), &wish(), Disposal::Delete).await.expect_err("it is full");
        assert_eq!((error.reason(), error.is_stalled()), (reason::NOT_EMPTY, true));
        for words in
            ["bucket assets holds objects", "spec.onDelete.contents to Delete", "spec.deletionPolicy to Retain"]
        {
            assert!(error.to_string().contains(words), "{error}");
        }
        let gone = mock!(Client::delete_bucket).then_http_response(|| refusal(404, "NoSuchBucket"));
        assert_eq!(buckets(&[&gone]).delete(&assets(), &wish(), Disposal::Delete).await, Ok(()));
    }

    #[tokio::test]
    async fn with_consent_it_is_emptied_first_and_refilled_ones_are_tried_again() {
        let nothing =
            || mock!(Client::list_object_versions).then_output(|| ListObjectVersionsOutput::builder().build());
        let (list, deleted) =
            (nothing(), mock!(Client::delete_bucket).then_output(|| DeleteBucketOutput::builder().build()));
        assert_eq!(buckets(&[&list, &deleted]).delete(&assets(), &wish(), Disposal::Empty).await, Ok(()));
        assert_eq!((list.num_calls(), deleted.num_calls()), (1, 1));
        let refilled = mock!(Client::delete_bucket).then_http_response(|| refusal(409, NOT_EMPTY));
        assert_eq!(buckets(&[&nothing(), &refilled]).delete(&assets(), &wish(), Disposal::Empty).await, Ok(()));
    }

    #[test]
    fn names_follow_the_partition() {
        assert_eq!(arn("us-gov-west-1", "a"), "arn:aws-us-gov:s3:::a");
        let china = outputs("cn-north-1", "a".into());
        assert_eq!(china.regional_domain_name.as_deref(), Some("a.s3.cn-north-1.amazonaws.com.cn"));
        assert_eq!(china.arn.as_deref(), Some("arn:aws-cn:s3:::a"));
    }
}
