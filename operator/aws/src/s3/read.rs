//! The settings of a bucket: a call each, all at once.
//!
//! What was never set is answered by an error of its own for each setting (S3 API reference, "List of error codes"), and reads
//! as what it means.

use std::collections::BTreeMap;
use std::error::Error as StdError;

use aws_sdk_s3::types as sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::try_join;
use terrace_engine::Result;
use terrace_model::aws::s3::{
    Bucket, CorsRule, Encryption, IntelligentTiering, LifecycleRule, Logging, ObjectLock, PublicAccessBlock,
};

use super::{Asked, call, lifecycle};
use crate::errors::{absent, classify};

/// What a region says that has no Transfer Acceleration.
const NO_ACCELERATION: &[&str] = &["MethodNotAllowed", "UnsupportedArgument", "NotImplemented"];
/// What versioning and acceleration are until somebody enables them.
pub(super) const SUSPENDED: &str = "Suspended";
/// Encryption by keys that S3 keeps, which is what a bucket has before anything is set.
pub(super) const BY_S3: &str = "AES256";

impl Asked {
    /// All settings; name and tags are left empty.
    pub async fn settings(&self) -> Result<Bucket> {
        let protection = async {
            try_join!(self.public_access_block(), self.ownership(), self.encryption(), self.versioning(), self.lock())
        };
        let rest =
            async { try_join!(self.lifecycle(), self.tiering(), self.acceleration(), self.cors(), self.logging()) };
        let (protection, rest) = try_join!(protection, rest)?;
        let (public_access_block, object_ownership, encryption, versioning, object_lock) = protection;
        let (lifecycle_rules, intelligent_tiering, acceleration, cors_rules, logging) = rest;
        Ok(Bucket {
            public_access_block,
            object_ownership,
            encryption,
            versioning,
            lifecycle_rules,
            intelligent_tiering,
            acceleration,
            cors_rules,
            object_lock,
            logging,
            ..Bucket::default()
        })
    }

    async fn public_access_block(&self) -> Result<PublicAccessBlock> {
        let answer = call!(self, get_public_access_block).send().await;
        let found = set(answer, "NoSuchPublicAccessBlockConfiguration")?;
        let Some(found) = found.and_then(|found| found.public_access_block_configuration) else {
            return Ok(PublicAccessBlock::default());
        };
        Ok(PublicAccessBlock {
            block_public_acls: found.block_public_acls.unwrap_or_default(),
            ignore_public_acls: found.ignore_public_acls.unwrap_or_default(),
            block_public_policy: found.block_public_policy.unwrap_or_default(),
            restrict_public_buckets: found.restrict_public_buckets.unwrap_or_default(),
        })
    }

    async fn ownership(&self) -> Result<String> {
        let answer = call!(self, get_bucket_ownership_controls).send().await;
        let found = set(answer, "OwnershipControlsNotFoundError")?.and_then(|found| found.ownership_controls);
        let rule = found.and_then(|found| found.rules.into_iter().next());
        Ok(rule.map(|rule| rule.object_ownership.as_str().to_owned()).unwrap_or_default())
    }

    /// The rule as S3 has it: it may say more than Terrace does.
    pub async fn encryption_rule(&self) -> Result<Option<sdk::ServerSideEncryptionRule>> {
        let answer = call!(self, get_bucket_encryption).send().await;
        let found = set(answer, "ServerSideEncryptionConfigurationNotFoundError")?;
        Ok(found.and_then(|found| found.server_side_encryption_configuration?.rules.into_iter().next()))
    }

    async fn encryption(&self) -> Result<Encryption> {
        let rule = self.encryption_rule().await?;
        let bucket_key = rule.as_ref().and_then(|rule| rule.bucket_key_enabled).unwrap_or_default();
        let by = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
        let algorithm = by.as_ref().map_or(BY_S3, |by| by.sse_algorithm.as_str()).to_owned();
        Ok(Encryption {
            bucket_key_enabled: bucket_key && algorithm != BY_S3,
            kms_master_key_id: by.and_then(|by| by.kms_master_key_id).filter(|_| algorithm != BY_S3).map(Into::into),
            sse_algorithm: algorithm,
        })
    }

    async fn versioning(&self) -> Result<String> {
        let found = call!(self, get_bucket_versioning).send().await.map_err(classify)?;
        Ok(found.status.map_or(SUSPENDED.to_owned(), |status| status.as_str().to_owned()))
    }

    async fn lock(&self) -> Result<Option<ObjectLock>> {
        let answer = call!(self, get_object_lock_configuration).send().await;
        let found =
            set(answer, "ObjectLockConfigurationNotFoundError")?.and_then(|found| found.object_lock_configuration);
        let Some(found) = found.filter(|found| found.object_lock_enabled.is_some()) else { return Ok(None) };
        let retention = found.rule.and_then(|rule| rule.default_retention);
        Ok(Some(retention.map(retained).unwrap_or_default()))
    }

    async fn lifecycle(&self) -> Result<BTreeMap<String, LifecycleRule>> {
        let found = set(call!(self, get_bucket_lifecycle_configuration).send().await, "NoSuchLifecycleConfiguration")?;
        let rules = found.and_then(|found| found.rules).unwrap_or_default();
        Ok(rules.into_iter().map(lifecycle::read).collect())
    }

    async fn tiering(&self) -> Result<BTreeMap<String, IntelligentTiering>> {
        let (mut all, mut token) = (BTreeMap::new(), None);
        loop {
            let request = call!(self, list_bucket_intelligent_tiering_configurations).set_continuation_token(token);
            let page = request.send().await.map_err(classify)?;
            let list = page.intelligent_tiering_configuration_list.unwrap_or_default();
            all.extend(list.into_iter().map(lifecycle::read_tiering));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(all);
            }
        }
    }

    async fn acceleration(&self) -> Result<String> {
        let found = absent(call!(self, get_bucket_accelerate_configuration).send().await, NO_ACCELERATION)?;
        let status = found.and_then(|found| found.status);
        Ok(status.map_or(SUSPENDED.to_owned(), |status| status.as_str().to_owned()))
    }

    async fn cors(&self) -> Result<Vec<CorsRule>> {
        let found = set(call!(self, get_bucket_cors).send().await, "NoSuchCORSConfiguration")?;
        let rules = found.and_then(|found| found.cors_rules).unwrap_or_default();
        Ok(rules.into_iter().map(lifecycle::read_cors).collect())
    }

    /// The setting as S3 has it: it may say more than Terrace does.
    pub async fn logging_enabled(&self) -> Result<Option<sdk::LoggingEnabled>> {
        Ok(call!(self, get_bucket_logging).send().await.map_err(classify)?.logging_enabled)
    }

    async fn logging(&self) -> Result<Logging> {
        let found = self.logging_enabled().await?;
        let read = |found: sdk::LoggingEnabled| Logging {
            target_bucket: found.target_bucket,
            target_prefix: found.target_prefix,
        };
        Ok(found.map(read).unwrap_or_default())
    }
}

/// A lock that is counted in years is none that Terrace wishes.
fn retained(retention: sdk::DefaultRetention) -> ObjectLock {
    let mode = retention.mode.map(|mode| mode.as_str().to_owned()).unwrap_or_default();
    ObjectLock { mode, days: retention.days.unwrap_or(-1) }
}

/// What was set, if anything was.
fn set<T, E>(answer: std::result::Result<T, SdkError<E, HttpResponse>>, unset: &str) -> Result<Option<T>>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    absent(answer, &[unset])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::testing::{asked, new_bucket, refusal};
    use aws_sdk_s3::Client;
    use aws_sdk_s3::operation::get_bucket_encryption::GetBucketEncryptionOutput;
    use aws_sdk_s3::operation::get_object_lock_configuration::GetObjectLockConfigurationOutput;
    use aws_sdk_s3::operation::list_bucket_intelligent_tiering_configurations::ListBucketIntelligentTieringConfigurationsOutput;
    use aws_smithy_mocks::mock;
    use terrace_engine::reason;

    #[tokio::test]
    async fn what_was_never_set_reads_as_what_it_means() {
        let rules = new_bucket();
        let read = asked(&rules.iter().collect::<Vec<_>>()).settings().await.expect("it is read");
        assert_eq!((read.versioning.as_str(), read.acceleration.as_str()), (SUSPENDED, SUSPENDED));
        assert_eq!(read.encryption, Encryption { sse_algorithm: BY_S3.into(), ..Encryption::default() });
        assert_eq!((read.public_access_block, read.object_lock), (PublicAccessBlock::default(), None));
        assert_eq!((read.object_ownership.as_str(), read.logging), ("", Logging::default()));
        assert!(read.lifecycle_rules.is_empty() && read.intelligent_tiering.is_empty() && read.cors_rules.is_empty());
    }

    #[tokio::test]
    async fn a_bucket_that_goes_meanwhile_is_looked_at_again() {
        let gone = mock!(Client::get_bucket_versioning).then_http_response(|| refusal(404, "NoSuchBucket"));
        let mut rules = vec![&gone];
        let others = new_bucket();
        rules.extend(&others);
        let error = asked(&rules).settings().await.expect_err("it is gone");
        assert_eq!((error.reason(), error.is_stalled()), (reason::NOT_READY, false));
    }

    #[tokio::test]
    async fn a_key_of_a_bucket_means_nothing_beside_keys_of_s3() {
        for (algorithm, expected) in [("AES256", false), ("aws:kms", true)] {
            let rule = mock!(Client::get_bucket_encryption).then_output(move || {
                let by = sdk::ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm.into());
                let rule = sdk::ServerSideEncryptionRule::builder()
                    .apply_server_side_encryption_by_default(by.kms_master_key_id("arn:key").build().expect("whole"))
                    .bucket_key_enabled(true);
                let all = sdk::ServerSideEncryptionConfiguration::builder().rules(rule.build()).build();
                GetBucketEncryptionOutput::builder().set_server_side_encryption_configuration(all.ok()).build()
            });
            let read = asked(&[&rule]).encryption().await.expect("it is read");
            assert_eq!((read.bucket_key_enabled, read.kms_master_key_id.is_some()), (expected, expected));
        }
    }

    #[tokio::test]
    async fn locks_without_a_time_of_their_own_and_locks_of_years_are_told_from_locks_of_days() {
        let lock = |retention: Option<sdk::DefaultRetention>| async move {
            let rule = mock!(Client::get_object_lock_configuration).then_output(move || {
                let rule = sdk::ObjectLockRule::builder().set_default_retention(retention.clone()).build();
                let all = sdk::ObjectLockConfiguration::builder()
                    .object_lock_enabled(sdk::ObjectLockEnabled::Enabled)
                    .rule(rule);
                GetObjectLockConfigurationOutput::builder().object_lock_configuration(all.build()).build()
            });
            asked(&[&rule]).lock().await.expect("it is read").expect("it is enabled")
        };
        let retention = || sdk::DefaultRetention::builder().mode(sdk::ObjectLockRetentionMode::Governance);
        assert_eq!(lock(None).await, ObjectLock::default());
        assert_eq!(lock(Some(retention().days(3).build())).await, ObjectLock { mode: "GOVERNANCE".into(), days: 3 });
        assert_eq!(lock(Some(retention().years(3).build())).await.days, -1);
    }

    #[tokio::test]
    async fn archive_tiers_are_read_to_the_last_page() {
        let page = mock!(Client::list_bucket_intelligent_tiering_configurations).then_compute_output(|asked| {
            let (id, next) = if asked.continuation_token().is_none() { ("a", Some("2")) } else { ("b", None) };
            let tier = sdk::Tiering::builder().days(90).access_tier("ARCHIVE_ACCESS".into()).build().expect("whole");
            let one = sdk::IntelligentTieringConfiguration::builder().id(id).status("Enabled".into()).tierings(tier);
            ListBucketIntelligentTieringConfigurationsOutput::builder()
                .intelligent_tiering_configuration_list(one.build().expect("whole"))
                .set_next_continuation_token(next.map(str::to_owned))
                .build()
        });
        let all = asked(&[&page]).tiering().await.expect("it is read");
        assert_eq!(all.into_keys().collect::<Vec<_>>(), ["a", "b"]);
    }
}
