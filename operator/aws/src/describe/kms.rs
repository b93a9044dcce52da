//! Keys, and the tags of one where those are needed.
//!
//! From the KMS API reference: `ListResourceTags` takes no alias and reaches no other account; AWS's own keys bear no tags
//! of ours.

use aws_sdk_kms::types::KeyManagerType;
use terrace_engine::Result;

use super::Existing;
use crate::errors::{absent, classify};
use crate::tags;

/// A key by id, alias or ARN; with its tags where its ARN alone does not admit it.
pub async fn key(
    client: &aws_sdk_kms::Client,
    name: &str,
    admits: &(impl Fn(&Existing) -> bool + Sync),
) -> Result<Option<Existing>> {
    let answer = client.describe_key().key_id(name).send().await;
    // InvalidArnException: the ARN of another region, or of no key.
    let answer = absent(answer, &["NotFoundException", "InvalidArnException"])?;
    let Some(metadata) = answer.and_then(|answer| answer.key_metadata) else { return Ok(None) };
    let of_aws = metadata.key_manager() == Some(&KeyManagerType::Aws);
    let mut key = Existing { arn: metadata.arn.unwrap_or_default(), ..Existing::default() };
    if !of_aws && !admits(&key) {
        let mut items = client.list_resource_tags().key_id(&key.arn).into_paginator().items().send();
        while let Some(tag) = items.next().await {
            let tag = tag.map_err(classify)?;
            key.tags.extend(tags::read([(Some(tag.tag_key()), Some(tag.tag_value()))]));
        }
    }
    Ok(Some(key))
}
