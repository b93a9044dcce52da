//! `s3/BucketPolicy`: who may do what with a bucket.
//!
//! A policy is listed nowhere, so it is read once an hour, and whenever the look must be fresh. It belongs to the bucket, and
//! so it is the bucket's object's own, whatever stands in it.

use std::sync::Arc;

use terrace_engine::{Disposal, Error, Provider, Result, Seen, State, reason};
use terrace_model::aws::iam::Policy;
use terrace_model::aws::s3::{BucketPolicy, BucketPolicyOutputs};
use terrace_model::{Diff, Handle, Id, Owner};

use super::{Asked, GONE, S3, call, key};
use crate::errors::{absent, classify};
use crate::iam::policy;
use crate::shared::known;

/// See the module.
pub struct Policies(pub Arc<S3>);

impl Policies {
    async fn put(&self, id: &Id, want: &BucketPolicy) -> Result<Handle> {
        let bucket = known(&want.bucket)?;
        self.0.policies.forget(&key(&id.place.region, &bucket));
        let asked = self.0.change(id, &bucket);
        let request = call!(asked, put_bucket_policy).policy(policy::write(&want.policy)?);
        request.send().await.map_err(|error| not_known_yet(classify(error)))?;
        Ok(handle(&bucket))
    }
}

impl Asked {
    /// The policy, where there is one.
    async fn policy(&self) -> Result<Option<Policy>> {
        let answer = call!(self, get_bucket_policy).send().await;
        let found = absent(answer, &["NoSuchBucketPolicy", "NoSuchBucket"])?;
        Ok(found.and_then(|found| found.policy).map(|document| policy::parse(&document)))
    }
}

impl Provider<BucketPolicy> for Policies {
    const ACTIONS: &'static [&'static str] = &["s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"];

    async fn observe(&self, id: &Id) -> Result<Seen<BucketPolicy>> {
        let bucket = id.address("bucket").unwrap_or_default();
        let asked = self.0.look(id, bucket);
        let read = || async move { asked.policy().await };
        let found = self.0.policies.get_in_turn(&key(&id.place.region, bucket), id.freshness, read).await?;
        let (policy, unread): (_, &[&str]) = match found {
            Some(None) => return Ok(Seen::Absent),
            Some(Some(policy)) => (policy, &[]),
            None => (Policy::default(), &["policy"]),
        };
        Ok(Seen::Partly {
            have: BucketPolicy { bucket: bucket.into(), policy },
            out: BucketPolicyOutputs { bucket: Some(bucket.to_owned()) },
            handle: handle(bucket),
            owner: Owner::Inherent,
            state: State::Ready,
            unread,
        })
    }

    async fn create(&self, id: &Id, want: &BucketPolicy) -> Result<Handle> {
        self.put(id, want).await
    }

    async fn update(&self, id: &Id, _have: &BucketPolicy, want: &BucketPolicy, _diff: &Diff) -> Result<()> {
        self.put(id, want).await.map(drop)
    }

    async fn delete(&self, id: &Id, have: &BucketPolicy, _disposal: Disposal) -> Result<()> {
        let bucket = known(&have.bucket)?;
        self.0.policies.forget(&key(&id.place.region, &bucket));
        let asked = self.0.change(id, &bucket);
        absent(call!(asked, delete_bucket_policy).send().await, GONE).map(drop)
    }

    fn made(&self, _id: &Id, handle: &Handle) -> Option<BucketPolicyOutputs> {
        let bucket = handle.0.strip_suffix(SUFFIX)?;
        Some(BucketPolicyOutputs { bucket: Some(bucket.to_owned()) })
    }
}

/// It has no ARN of its own.
const SUFFIX: &str = "/policy";

fn handle(bucket: &str) -> Handle {
    Handle([bucket, SUFFIX].concat())
}

/// S3 refuses a policy that names a role which it does not know, and a role is not known everywhere at once (IAM User Guide,
/// "Changes that I make are not always immediately visible").
fn not_known_yet(error: Error) -> Error {
    match error {
        Error::Invalid { message, .. } if message.contains("Invalid principal") => {
            Error::wait(reason::NOT_READY, format!("S3 does not know a role of the policy yet: {message}"))
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::testing::{self, message, refusal};
    use crate::testing::{at, id};
    use aws_sdk_s3::Client;
    use aws_sdk_s3::operation::delete_bucket_policy::DeleteBucketPolicyOutput;
    use aws_sdk_s3::operation::get_bucket_policy::GetBucketPolicyOutput;
    use aws_sdk_s3::operation::put_bucket_policy::PutBucketPolicyOutput;
    use aws_smithy_mocks::{Rule, mock};
    use serde_json::json;
    use terrace_model::aws::iam::Statement;
    use terrace_model::identity::Freshness;

    fn policies(rules: &[&Rule]) -> Policies {
        Policies(testing::s3(rules))
    }

    fn of_assets() -> Id {
        at(id::<BucketPolicy>("policy"), &json!({"bucket": "assets"}))
    }

    fn wish() -> BucketPolicy {
        let mut statement = Statement::allow(&["s3:GetObject"], ["arn:aws:s3:::assets/100%25".into()]);
        statement.principal = Some([("AWS".to_owned(), "arn:aws:iam::1:role/shop".into())].into());
        BucketPolicy { bucket: "assets".into(), policy: Policy::of([statement]) }
    }

    fn reads() -> Rule {
        mock!(Client::get_bucket_policy).then_output(|| {
            let document = policy::write(&wish().policy).expect("it is JSON");
            GetBucketPolicyOutput::builder().policy(document).build()
        })
    }

    #[tokio::test]
    async fn what_was_put_is_what_is_seen_to_the_letter() {
        let put = mock!(Client::put_bucket_policy)
            .match_requests(|request| request.policy() == policy::write(&wish().policy).ok().as_deref())
            .then_output(|| PutBucketPolicyOutput::builder().build());
        let handle = policies(&[&put]).create(&of_assets(), &wish()).await.expect("it is put");
        let Ok(Seen::Partly { have, handle: seen, unread, out, .. }) =
            policies(&[&reads()]).observe(&of_assets()).await
        else {
            panic!("it is there");
        };
        assert_eq!((have.policy, &handle, unread.len()), (wish().policy, &seen, 0));
        assert_eq!(policies(&[]).made(&of_assets(), &handle).and_then(|made| made.bucket), out.bucket);
    }

    #[tokio::test]
    async fn a_bucket_without_one_and_no_bucket_at_all_have_none() {
        for code in ["NoSuchBucketPolicy", "NoSuchBucket"] {
            let none = mock!(Client::get_bucket_policy).then_http_response(move || refusal(404, code));
            assert!(matches!(policies(&[&none]).observe(&of_assets()).await, Ok(Seen::Absent)), "{code}");
        }
        let gone = mock!(Client::delete_bucket_policy).then_http_response(|| refusal(404, "NoSuchBucket"));
        assert_eq!(policies(&[&gone]).delete(&of_assets(), &wish(), Disposal::Delete).await, Ok(()));
        let deleted = mock!(Client::delete_bucket_policy).then_output(|| DeleteBucketPolicyOutput::builder().build());
        assert_eq!(policies(&[&deleted]).delete(&of_assets(), &wish(), Disposal::Delete).await, Ok(()));
    }

    #[tokio::test]
    async fn standing_still_reads_it_once_an_hour() {
        let reads = reads();
        let policies = policies(&[&reads]);
        let recent = Id { freshness: Freshness::Recent, ..of_assets() };
        let unread = async || match policies.observe(&recent).await {
            Ok(Seen::Partly { unread, .. }) => unread.len(),
            _ => panic!("it is there"),
        };
        assert_eq!((unread().await, reads.num_calls()), (1, 0));
        policies.observe(&of_assets()).await.expect("it is read");
        assert_eq!((unread().await, reads.num_calls()), (0, 1));
    }

    #[tokio::test]
    async fn a_role_that_is_young_is_waited_for_and_a_policy_that_is_none_is_not() {
        for (words, stalled) in [("Invalid principal in policy", false), ("Missing required field Principal", true)] {
            let refused =
                mock!(Client::put_bucket_policy).then_http_response(move || message(400, "MalformedPolicy", words));
            let error = policies(&[&refused]).create(&of_assets(), &wish()).await.expect_err("it is refused");
            assert_eq!(error.is_stalled(), stalled, "{error}");
        }
    }
}
