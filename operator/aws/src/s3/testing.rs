//! Fixtures that the tests of this service share.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_bucket_accelerate_configuration::GetBucketAccelerateConfigurationOutput;
use aws_sdk_s3::operation::get_bucket_logging::GetBucketLoggingOutput;
use aws_sdk_s3::operation::get_bucket_versioning::GetBucketVersioningOutput;
use aws_sdk_s3::operation::list_bucket_intelligent_tiering_configurations::ListBucketIntelligentTieringConfigurationsOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use terrace_model::aws::s3::{Bucket, Encryption, PublicAccessBlock};
use terrace_model::{Diff, KindSpec, diff};

use super::{Asked, S3};
use crate::testing::{ACCOUNT, REGION, clients};

/// A client that answers by these rules. As all our clients it repeats nothing.
pub fn client(rules: &[&Rule]) -> Client {
    mock_client!(aws_sdk_s3, RuleMode::MatchAny, rules, |conf| conf.retry_config(RetryConfig::disabled()))
}

/// S3 with such a client.
pub fn s3(rules: &[&Rule]) -> Arc<S3> {
    S3::new(clients().with_client(REGION, client(rules)))
}

/// The bucket `assets`.
pub fn asked(rules: &[&Rule]) -> Asked {
    Asked { client: client(rules), bucket: "assets".into(), account: ACCOUNT.into() }
}

/// An answer.
pub fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body))
}

/// A refusal by its code.
pub fn refusal(status: u16, code: &str) -> HttpResponse {
    message(status, code, "no")
}

/// A refusal by its code and message.
pub fn message(status: u16, code: &str, message: &str) -> HttpResponse {
    answer(status, &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

/// A bucket with versions that is closed to the public, and nothing else.
pub fn wish() -> Bucket {
    Bucket {
        name: "assets".into(),
        public_access_block: PublicAccessBlock::ALL,
        object_ownership: Bucket::OWNER_ENFORCED.into(),
        encryption: Encryption { sse_algorithm: "AES256".into(), ..Encryption::default() },
        versioning: "Enabled".into(),
        acceleration: "Suspended".into(),
        ..Bucket::default()
    }
}

/// What differs.
pub fn between(have: &Bucket, want: &Bucket) -> Diff {
    let json = |bucket: &Bucket| serde_json::to_value(bucket).expect("it is JSON");
    let keys = have.tags.keys().chain(want.tags.keys()).cloned().collect();
    let owned = [("tags".to_owned(), keys)].into();
    diff::diff(&KindSpec::of::<Bucket>(), &json(want), &json(have), &owned, &BTreeMap::new())
}

/// What S3 says of a bucket of which nothing was ever set.
pub fn new_bucket() -> Vec<Rule> {
    macro_rules! unset {
        ($($call:ident: $code:literal),*) => {
            vec![$(mock!(Client::$call).then_http_response(|| refusal(404, $code))),*]
        };
    }
    let mut rules = unset!(
        get_public_access_block: "NoSuchPublicAccessBlockConfiguration",
        get_bucket_ownership_controls: "OwnershipControlsNotFoundError",
        get_bucket_encryption: "ServerSideEncryptionConfigurationNotFoundError",
        get_object_lock_configuration: "ObjectLockConfigurationNotFoundError",
        get_bucket_lifecycle_configuration: "NoSuchLifecycleConfiguration",
        get_bucket_cors: "NoSuchCORSConfiguration"
    );
    rules.push(mock!(Client::get_bucket_versioning).then_output(|| GetBucketVersioningOutput::builder().build()));
    rules.push(
        mock!(Client::get_bucket_accelerate_configuration)
            .then_output(|| GetBucketAccelerateConfigurationOutput::builder().build()),
    );
    rules.push(mock!(Client::get_bucket_logging).then_output(|| GetBucketLoggingOutput::builder().build()));
    rules.push(
        mock!(Client::list_bucket_intelligent_tiering_configurations)
            .then_output(|| ListBucketIntelligentTieringConfigurationsOutput::builder().build()),
    );
    rules
}
