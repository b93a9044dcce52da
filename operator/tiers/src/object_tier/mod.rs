//! `ObjectTier` to graph: a bucket on S3, and its policy, which is composed from whoever uses it.
//!
//! The logical ids are part of the object's inventory and must never change: `key`, `bucket`, `policy`.

mod bucket;
mod grants;
mod lifecycle;
mod validate;

use std::collections::BTreeMap;

use serde_json::Value;
use terrace_crds::object_tier::TransferAcceleration;
use terrace_crds::{ObjectTier, TierObject};
use terrace_model::aws::kms::Key;
use terrace_model::aws::s3::Bucket;
use terrace_model::aws::{kms, s3};
use terrace_model::{Graph, Resource, Val};

use crate::draft::Draft;
use crate::naming::of;
use crate::{Facts, Invalid, Objects, Reference, Tier, Use};

const BUCKET: &str = "bucket";
const KEY: &str = "key";
const POLICY: &str = "policy";

impl Tier for ObjectTier {
    const RESOURCES: &'static [&'static str] = &[kms::Key::KIND, s3::Bucket::KIND, s3::BucketPolicy::KIND];

    fn uses(&self) -> Vec<Use> {
        Vec::new()
    }

    fn references(&self, _objects: &Objects) -> Vec<Reference> {
        validate::references(&self.spec)
    }

    fn parameter_family(&self) -> Option<String> {
        None
    }

    fn expand(&self, facts: &Facts) -> Result<Graph, Invalid> {
        validate::validate(&self.spec, facts)?;
        let mut draft = Draft::new(facts, self.deletion_policy(), &self.spec.common.tags);
        let key = self.spec.encryption.kms_key_id.clone().map(|key_id| draft.add(KEY, Key { key_id }).out(Key::ARN));
        let bucket = bucket::bucket(&self.spec, facts, key, draft.tags());
        let bucket = draft.add(BUCKET, bucket);
        draft.add(POLICY, grants::policy(&bucket, facts));
        Ok(draft.finish())
    }

    /// What a workload gets of a bucket is its environment (name and region) and rights for its role: no Secret.
    fn outputs(&self) -> BTreeMap<&'static str, Val<Value>> {
        let mut outputs = BTreeMap::from([
            ("arn", of(BUCKET, Bucket::ARN)),
            ("bucket", of(BUCKET, Bucket::NAME)),
            ("region", of(BUCKET, Bucket::REGION)),
            ("regionalDomainName", of(BUCKET, Bucket::REGIONAL_DOMAIN_NAME)),
        ]);
        if self.spec.transfer_acceleration == TransferAcceleration::Enabled {
            outputs.insert("accelerateEndpoint", of(BUCKET, Bucket::ACCELERATE_ENDPOINT));
        }
        if self.spec.encryption.kms_key_id.is_some() {
            outputs.insert("kmsKeyArn", of(KEY, Key::ARN));
        }
        outputs
    }
}
