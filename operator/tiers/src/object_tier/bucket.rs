//! The bucket with its settings.

use terrace_crds::object_tier::{self as spec, BucketKey, EncryptionType};
use terrace_crds::{ObjectTier, ObjectTierSpec, TierObject};
use terrace_model::Val;
use terrace_model::aws::Tags;
use terrace_model::aws::s3::{Bucket, CorsRule, Encryption, Logging, ObjectLock, PublicAccessBlock};
use terrace_model::identity::derived_name;

use super::lifecycle;
use crate::Facts;
use crate::naming::whole;

/// The longest name (S3 User Guide, "General purpose bucket naming rules").
const LONGEST: usize = 63;

/// The wish; `key` is the ARN of the key that the spec names.
pub(super) fn bucket(spec: &ObjectTierSpec, facts: &Facts, key: Option<Val<String>>, tags: Tags) -> Bucket {
    Bucket {
        name: name(spec, facts),
        public_access_block: PublicAccessBlock::ALL,
        object_ownership: Bucket::OWNER_ENFORCED.into(),
        encryption: encryption(&spec.encryption, key),
        versioning: spec.versioning.as_str().into(),
        lifecycle_rules: lifecycle::rules(spec),
        intelligent_tiering: lifecycle::archive(spec),
        acceleration: spec.transfer_acceleration.as_str().into(),
        cors_rules: spec.cors.iter().map(cors).collect(),
        object_lock: spec.object_lock.as_ref().map(lock),
        logging: spec.access_logs.as_ref().map(logs).unwrap_or_default(),
        tags,
    }
}

/// The name that the spec gives, or a derived one. Names are unique over all accounts of AWS, so the account is part of what
/// it is derived from; the object's UID is not, so that a cluster made anew from Git finds its buckets.
fn name(spec: &ObjectTierSpec, facts: &Facts) -> String {
    let (environment, object) = (&facts.environment, &facts.object);
    let derived = || {
        let unique: [&str; 7] = [
            &environment.account,
            &environment.region,
            &environment.name,
            &environment.cluster,
            &object.namespace,
            ObjectTier::KIND,
            &object.name,
        ];
        derived_name(&[&object.namespace, &object.name], &unique, LONGEST)
    };
    spec.bucket_name.clone().unwrap_or_else(derived)
}

fn encryption(spec: &spec::Encryption, key: Option<Val<String>>) -> Encryption {
    let by_kms = spec.type_ == EncryptionType::SseKms;
    Encryption {
        sse_algorithm: spec.type_.algorithm().into(),
        kms_master_key_id: key,
        bucket_key_enabled: by_kms && spec.bucket_key == BucketKey::Enabled,
    }
}

fn cors(rule: &spec::CorsRule) -> CorsRule {
    CorsRule {
        allowed_headers: rule.allowed_headers.iter().cloned().collect(),
        allowed_methods: rule.allowed_methods.iter().map(|method| method.as_str().to_owned()).collect(),
        allowed_origins: rule.allowed_origins.iter().cloned().collect(),
        expose_headers: rule.expose_headers.iter().cloned().collect(),
        max_age: Some(whole(rule.max_age_seconds)),
    }
}

fn lock(lock: &spec::ObjectLock) -> ObjectLock {
    ObjectLock { mode: lock.mode.as_str().into(), days: lock.retention_days.into() }
}

fn logs(logs: &spec::AccessLogs) -> Logging {
    Logging { target_bucket: logs.bucket.clone(), target_prefix: logs.prefix.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Environment, Object};
    use crate::samples;

    fn named(change: impl FnOnce(&mut Environment, &mut Object)) -> String {
        let tier: ObjectTier =
            samples::object_tier("{metadata: {name: assets}, spec: {}, apiVersion: a, kind: ObjectTier}");
        let mut facts = samples::facts(&tier);
        change(&mut facts.environment, &mut facts.object);
        name(&tier.spec, &facts)
    }

    #[test]
    fn no_two_accounts_clusters_or_objects_derive_the_same_name_and_one_made_anew_derives_its_own() {
        let usual = named(|_, _| {});
        assert!(usual.starts_with("shop-assets-"), "{usual}");
        assert_eq!(named(|_, object| object.uid = "another".into()), usual);
        for other in [
            named(|environment, _| environment.account = "444455556666".into()),
            named(|environment, _| environment.region = "us-east-1".into()),
            named(|environment, _| environment.name = "test".into()),
            named(|environment, _| environment.cluster = "test".into()),
            named(|_, object| object.namespace = "web".into()),
            named(|_, object| object.name = "assets-2".into()),
        ] {
            assert_ne!(other, usual);
        }
    }

    #[test]
    fn a_derived_name_is_one_that_s3_takes() {
        let longest = named(|_, object| (object.namespace, object.name) = ("n".repeat(63), "4.x-".repeat(63)));
        assert_eq!(longest.len(), LONGEST);
        let digits = named(|_, object| object.namespace = "4711".into());
        for name in [longest, digits] {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
            assert!(!name.contains("--") && name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
        }
    }
}
