//! Puts the settings of a bucket that differ, each whole. What Terrace does not know of a setting is put back as it was.

use std::collections::BTreeMap;

use aws_sdk_s3::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::Diff;
use terrace_model::aws::Tags;
use terrace_model::aws::s3::{
    Bucket, CorsRule, Encryption, IntelligentTiering, LifecycleRule, Logging, ObjectLock, PublicAccessBlock,
};

use super::{Asked, call, lifecycle};
use crate::errors::{absent, classify};
use crate::shared::known_option;
use crate::tags;

impl Asked {
    /// Puts what differs: what protects goes first, what names another bucket last. A lock needs versions.
    pub async fn bring(&self, have: &Bucket, want: &Bucket) -> Result<()> {
        if have.public_access_block != want.public_access_block {
            self.put_public_access_block(want.public_access_block).await?;
        }
        if have.object_ownership != want.object_ownership {
            self.put_ownership(&want.object_ownership).await?;
        }
        if have.encryption != want.encryption {
            self.put_encryption(&want.encryption).await?;
        }
        if have.versioning != want.versioning {
            self.put_versioning(&want.versioning).await?;
        }
        if let Some(lock) = want.object_lock.as_ref().filter(|lock| have.object_lock.as_ref() != Some(lock)) {
            self.put_lock(lock).await?;
        }
        if have.lifecycle_rules != want.lifecycle_rules {
            self.put_lifecycle(&want.lifecycle_rules).await?;
        }
        self.put_tiering(&have.intelligent_tiering, &want.intelligent_tiering).await?;
        if have.acceleration != want.acceleration {
            self.put_acceleration(&want.acceleration).await?;
        }
        if have.cors_rules != want.cors_rules {
            self.put_cors(&want.cors_rules).await?;
        }
        if have.logging != want.logging {
            self.put_logging(&want.logging).await?;
        }
        Ok(())
    }

    /// Sets and takes away the tags that differ; others stay, whoever set them.
    pub async fn retag(&self, want: &Tags, diff: &Diff) -> Result<()> {
        let (removed, changed) = (diff.removed("tags"), tags::changed(want, diff));
        if removed.is_empty() && changed.is_empty() {
            return Ok(());
        }
        let mut all = self.all_tags().await?.unwrap_or_default();
        all.retain(|key, _| !removed.contains(key));
        all.extend(changed);
        self.put_tags(&all).await
    }

    async fn put_public_access_block(&self, want: PublicAccessBlock) -> Result<()> {
        let block = sdk::PublicAccessBlockConfiguration::builder()
            .block_public_acls(want.block_public_acls)
            .ignore_public_acls(want.ignore_public_acls)
            .block_public_policy(want.block_public_policy)
            .restrict_public_buckets(want.restrict_public_buckets)
            .build();
        let request = call!(self, put_public_access_block).public_access_block_configuration(block);
        request.send().await.map(drop).map_err(classify)
    }

    async fn put_ownership(&self, want: &str) -> Result<()> {
        let rule = sdk::OwnershipControlsRule::builder().object_ownership(want.into()).build();
        let controls = sdk::OwnershipControls::builder().rules(rule.map_err(Error::invalid)?).build();
        let request = call!(self, put_bucket_ownership_controls);
        request.ownership_controls(controls.map_err(Error::invalid)?).send().await.map(drop).map_err(classify)
    }

    async fn put_encryption(&self, want: &Encryption) -> Result<()> {
        let blocked = self.encryption_rule().await?.and_then(|rule| rule.blocked_encryption_types);
        let by = sdk::ServerSideEncryptionByDefault::builder()
            .sse_algorithm(want.sse_algorithm.as_str().into())
            .set_kms_master_key_id(known_option(want.kms_master_key_id.as_ref())?)
            .build()
            .map_err(Error::invalid)?;
        let rule = sdk::ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(by)
            .bucket_key_enabled(want.bucket_key_enabled)
            .set_blocked_encryption_types(blocked);
        let all = sdk::ServerSideEncryptionConfiguration::builder().rules(rule.build()).build();
        let request = call!(self, put_bucket_encryption);
        let request = request.server_side_encryption_configuration(all.map_err(Error::invalid)?);
        request.send().await.map(drop).map_err(classify)
    }

    async fn put_versioning(&self, want: &str) -> Result<()> {
        let versioning = sdk::VersioningConfiguration::builder().status(want.into()).build();
        let request = call!(self, put_bucket_versioning).versioning_configuration(versioning);
        request.send().await.map(drop).map_err(classify)
    }

    async fn put_lock(&self, want: &ObjectLock) -> Result<()> {
        let retention = sdk::DefaultRetention::builder().mode(want.mode.as_str().into()).days(want.days).build();
        let lock = sdk::ObjectLockConfiguration::builder()
            .object_lock_enabled(sdk::ObjectLockEnabled::Enabled)
            .rule(sdk::ObjectLockRule::builder().default_retention(retention).build());
        let request = call!(self, put_object_lock_configuration).object_lock_configuration(lock.build());
        request.send().await.map(drop).map_err(classify)
    }

    async fn put_lifecycle(&self, want: &BTreeMap<String, LifecycleRule>) -> Result<()> {
        if want.is_empty() {
            return call!(self, delete_bucket_lifecycle).send().await.map(drop).map_err(classify);
        }
        let found = call!(self, get_bucket_lifecycle_configuration).send().await;
        let smallest = absent(found, &["NoSuchLifecycleConfiguration"])?
            .and_then(|found| found.transition_default_minimum_object_size);
        let rules: Vec<_> = want.iter().map(|(id, rule)| lifecycle::write(id, rule)).collect::<Result<_>>()?;
        let all = sdk::BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
        let request =
            call!(self, put_bucket_lifecycle_configuration).set_transition_default_minimum_object_size(smallest);
        let request = request.lifecycle_configuration(all.map_err(Error::invalid)?);
        request.send().await.map(drop).map_err(classify)
    }

    async fn put_tiering(
        &self,
        have: &BTreeMap<String, IntelligentTiering>,
        want: &BTreeMap<String, IntelligentTiering>,
    ) -> Result<()> {
        for id in have.keys().filter(|id| !want.contains_key(*id)) {
            let request = call!(self, delete_bucket_intelligent_tiering_configuration).id(id);
            absent(request.send().await, &["NoSuchConfiguration"])?;
        }
        for (id, tiering) in want.iter().filter(|(id, tiering)| have.get(*id) != Some(tiering)) {
            let request = call!(self, put_bucket_intelligent_tiering_configuration).id(id);
            let request = request.intelligent_tiering_configuration(lifecycle::write_tiering(id, tiering)?);
            request.send().await.map_err(classify)?;
        }
        Ok(())
    }

    async fn put_acceleration(&self, want: &str) -> Result<()> {
        let acceleration = sdk::AccelerateConfiguration::builder().status(want.into()).build();
        let request = call!(self, put_bucket_accelerate_configuration).accelerate_configuration(acceleration);
        request.send().await.map(drop).map_err(classify)
    }

    async fn put_cors(&self, want: &[CorsRule]) -> Result<()> {
        if want.is_empty() {
            return call!(self, delete_bucket_cors).send().await.map(drop).map_err(classify);
        }
        let rules: Vec<_> = want.iter().map(lifecycle::write_cors).collect::<Result<_>>()?;
        let all = sdk::CorsConfiguration::builder().set_cors_rules(Some(rules)).build().map_err(Error::invalid)?;
        call!(self, put_bucket_cors).cors_configuration(all).send().await.map(drop).map_err(classify)
    }

    async fn put_logging(&self, want: &Logging) -> Result<()> {
        let enabled = if want.target_bucket.is_empty() {
            None
        } else {
            let format = self.logging_enabled().await?.and_then(|found| found.target_object_key_format);
            let to = sdk::LoggingEnabled::builder().target_bucket(&want.target_bucket);
            let to = to.target_prefix(&want.target_prefix).set_target_object_key_format(format);
            Some(to.build().map_err(Error::invalid)?)
        };
        let status = sdk::BucketLoggingStatus::builder().set_logging_enabled(enabled).build();
        call!(self, put_bucket_logging).bucket_logging_status(status).send().await.map(drop).map_err(classify)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::testing::{asked, between, refusal, wish};
    use aws_sdk_s3::Client;
    use aws_sdk_s3::operation::delete_bucket_intelligent_tiering_configuration::DeleteBucketIntelligentTieringConfigurationOutput;
    use aws_sdk_s3::operation::get_bucket_encryption::GetBucketEncryptionOutput;
    use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
    use aws_sdk_s3::operation::get_bucket_logging::GetBucketLoggingOutput;
    use aws_sdk_s3::operation::get_bucket_tagging::GetBucketTaggingOutput;
    use aws_sdk_s3::operation::put_bucket_encryption::PutBucketEncryptionOutput;
    use aws_sdk_s3::operation::put_bucket_intelligent_tiering_configuration::PutBucketIntelligentTieringConfigurationOutput;
    use aws_sdk_s3::operation::put_bucket_lifecycle_configuration::PutBucketLifecycleConfigurationOutput;
    use aws_sdk_s3::operation::put_bucket_logging::PutBucketLoggingOutput;
    use aws_sdk_s3::operation::put_bucket_tagging::PutBucketTaggingOutput;
    use aws_smithy_mocks::mock;

    #[tokio::test]
    async fn nothing_is_put_where_nothing_differs() {
        let all = wish();
        assert_eq!(asked(&[]).bring(&all, &all).await, Ok(()));
    }

    #[tokio::test]
    async fn what_terrace_does_not_know_of_a_setting_is_put_back() {
        let rule = mock!(Client::get_bucket_encryption).then_output(|| {
            let blocked = sdk::BlockedEncryptionTypes::builder().encryption_type("SSE-C".into()).build();
            let rule = sdk::ServerSideEncryptionRule::builder().blocked_encryption_types(blocked).build();
            let all = sdk::ServerSideEncryptionConfiguration::builder().rules(rule).build();
            GetBucketEncryptionOutput::builder().set_server_side_encryption_configuration(all.ok()).build()
        });
        let encrypted = mock!(Client::put_bucket_encryption)
            .match_requests(|request| {
                let all = request.server_side_encryption_configuration().expect("it is there").rules();
                all[0].blocked_encryption_types().is_some_and(|types| types.encryption_type().len() == 1)
            })
            .then_output(|| PutBucketEncryptionOutput::builder().build());
        let sizes = mock!(Client::get_bucket_lifecycle_configuration).then_output(|| {
            let smallest = sdk::TransitionDefaultMinimumObjectSize::VariesByStorageClass;
            GetBucketLifecycleConfigurationOutput::builder().transition_default_minimum_object_size(smallest).build()
        });
        let ruled = mock!(Client::put_bucket_lifecycle_configuration)
            .match_requests(|request| request.transition_default_minimum_object_size().is_some())
            .then_output(|| PutBucketLifecycleConfigurationOutput::builder().build());
        let format = mock!(Client::get_bucket_logging).then_output(|| {
            let simple = sdk::SimplePrefix::builder().build();
            let format = sdk::TargetObjectKeyFormat::builder().simple_prefix(simple).build();
            let to = sdk::LoggingEnabled::builder().target_bucket("old").target_prefix("");
            let to = to.target_object_key_format(format).build();
            GetBucketLoggingOutput::builder().set_logging_enabled(to.ok()).build()
        });
        let logged = mock!(Client::put_bucket_logging)
            .match_requests(|request| {
                let to = request.bucket_logging_status().and_then(|status| status.logging_enabled());
                to.is_some_and(|to| to.target_object_key_format().is_some() && to.target_bucket() == "logs")
            })
            .then_output(|| PutBucketLoggingOutput::builder().build());
        let have = wish();
        let mut want = wish();
        want.encryption.sse_algorithm = "aws:kms".into();
        want.lifecycle_rules
            .insert("new".into(), LifecycleRule { status: "Enabled".into(), ..LifecycleRule::default() });
        want.logging.target_bucket = "logs".into();
        let done = asked(&[&rule, &encrypted, &sizes, &ruled, &format, &logged]).bring(&have, &want).await;
        assert_eq!((done, encrypted.num_calls(), ruled.num_calls(), logged.num_calls()), (Ok(()), 1, 1, 1));
    }

    #[tokio::test]
    async fn archive_tiers_come_and_go_one_by_one() {
        let gone = mock!(Client::delete_bucket_intelligent_tiering_configuration)
            .match_requests(|request| request.id() == Some("old"))
            .then_output(|| DeleteBucketIntelligentTieringConfigurationOutput::builder().build());
        let put = mock!(Client::put_bucket_intelligent_tiering_configuration)
            .match_requests(|request| request.id() == Some("new"))
            .then_output(|| PutBucketIntelligentTieringConfigurationOutput::builder().build());
        let tiers = |ids: [&str; 2]| {
            let tierings = [("ARCHIVE_ACCESS".to_owned(), 90)].into();
            let one = IntelligentTiering { status: "Enabled".into(), tierings, ..IntelligentTiering::default() };
            ids.map(|id| (id.to_owned(), one.clone())).into()
        };
        let done = asked(&[&gone, &put]).put_tiering(&tiers(["kept", "old"]), &tiers(["kept", "new"])).await;
        assert_eq!((done, gone.num_calls(), put.num_calls()), (Ok(()), 1, 1));
    }

    #[tokio::test]
    async fn tags_of_others_and_of_aws_itself_are_put_back() {
        let read = mock!(Client::get_bucket_tagging).then_output(|| {
            let tag = |key: &str| sdk::Tag::builder().key(key).value("old").build().expect("it is whole");
            let tags = ["aws:cloudformation:stack", "theirs", "team", "gone"].map(tag);
            GetBucketTaggingOutput::builder().set_tag_set(Some(tags.into())).build().expect("it is whole")
        });
        let put = mock!(Client::put_bucket_tagging)
            .match_requests(|request| {
                let tags = request.tagging().expect("there are some").tag_set();
                let all: Vec<_> = tags.iter().map(|tag| (tag.key(), tag.value())).collect();
                all == [("aws:cloudformation:stack", "old"), ("team", "new"), ("theirs", "old")]
            })
            .then_output(|| PutBucketTaggingOutput::builder().build());
        let tags = |pairs: &[(&str, &str)]| -> Tags {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let (mut have, mut want) = (wish(), wish());
        (have.tags, want.tags) = (tags(&[("team", "old"), ("gone", "old")]), tags(&[("team", "new")]));
        let done = asked(&[&read, &put]).retag(&want.tags, &between(&have, &want)).await;
        assert_eq!((done, put.num_calls()), (Ok(()), 1));
        let untouched = asked(&[]).retag(&want.tags, &Diff::default()).await;
        assert_eq!(untouched, Ok(()));
    }

    #[tokio::test]
    async fn what_s3_does_not_take_is_told_in_its_words() {
        let refused =
            mock!(Client::put_bucket_logging).then_http_response(|| refusal(400, "InvalidTargetBucketForLogging"));
        let have = Bucket { logging: Logging { target_bucket: "logs".into(), ..Logging::default() }, ..wish() };
        let error = asked(&[&refused]).bring(&have, &wish()).await.expect_err("it is refused");
        assert!(error.is_stalled() && error.to_string().contains("InvalidTargetBucketForLogging"), "{error}");
    }
}
