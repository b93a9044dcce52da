//! `aws_s3_bucket` and the resources of its settings, in the words of [`terrace_model::aws::s3::Bucket`].
//!
//! From version 4 of the provider on, each setting is a resource of its own; the bucket's own attributes of that name still
//! tell what AWS has. A setting's resource wins.

use serde_json::{Map, Value, json};

use super::attributes::{Attributes, put};
use super::raw::Instance;

/// Resources that are settings of a bucket, which Terrace has as one.
const PARTS: &[&str] = &[
    "aws_s3_bucket_accelerate_configuration",
    "aws_s3_bucket_cors_configuration",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_object_lock_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
];

/// The bucket that this is a setting of.
pub fn part_of(instance: &Instance) -> Option<String> {
    PARTS.contains(&instance.resource.as_str()).then(|| instance.attributes.text("bucket").map(str::to_owned)).flatten()
}

/// A bucket with its settings, and what it has beyond.
pub fn bucket(bucket: &Attributes, all: &[Instance]) -> (Map<String, Value>, Vec<String>) {
    let name = bucket.text("bucket").or(bucket.text("id")).unwrap_or_default();
    let part = |kind: &str| {
        let own = |instance: &&Instance| instance.resource == kind && instance.attributes.text("bucket") == Some(name);
        all.iter().find(own).map(|instance| &instance.attributes)
    };
    let mut known = Map::new();
    put(&mut known, "name", Some(name).filter(|name| !name.is_empty()));
    put(&mut known, "publicAccessBlock", part("aws_s3_bucket_public_access_block").map(access));
    let ownership = part("aws_s3_bucket_ownership_controls").and_then(|part| part.block("rule"));
    put(&mut known, "objectOwnership", ownership.as_ref().and_then(|rule| rule.text("object_ownership")));
    let encryption = part("aws_s3_bucket_server_side_encryption_configuration")
        .and_then(|part| part.block("rule"))
        .or_else(|| bucket.block("server_side_encryption_configuration")?.block("rule"));
    put(&mut known, "encryption", encryption.as_ref().and_then(encrypted));
    put(&mut known, "versioning", Some(versioning(bucket, part("aws_s3_bucket_versioning"))));
    let lifecycle = part("aws_s3_bucket_lifecycle_configuration");
    let rules = lifecycle.map_or_else(|| bucket.blocks("lifecycle_rule"), |part| part.blocks("rule"));
    known.insert("lifecycleRules".into(), rules.iter().enumerate().map(rule).collect::<Map<_, _>>().into());
    let acceleration = part("aws_s3_bucket_accelerate_configuration").and_then(|part| part.text("status"));
    // What is not told of these is off.
    put(&mut known, "acceleration", acceleration.or(bucket.text("acceleration_status")).or(Some("Suspended")));
    known.insert("intelligentTiering".into(), json!({}));
    let cors = part("aws_s3_bucket_cors_configuration");
    let cors = cors.unwrap_or(bucket).blocks("cors_rule");
    known.insert("corsRules".into(), cors.iter().map(origins).collect::<Vec<_>>().into());
    let lock = part("aws_s3_bucket_object_lock_configuration").cloned();
    let lock = lock.or_else(|| bucket.block("object_lock_configuration"));
    let locked = bucket.flag("object_lock_enabled") == Some(true);
    put(&mut known, "objectLock", lock.as_ref().map(retention).or(locked.then(|| json!({ "mode": "", "days": 0 }))));
    let logging = part("aws_s3_bucket_logging").cloned().or_else(|| bucket.block("logging"));
    let nowhere = || json!({ "targetBucket": "", "targetPrefix": "" });
    put(&mut known, "logging", Some(logging.as_ref().and_then(logs).unwrap_or_else(nowhere)));
    known.insert("tags".into(), bucket.tags());
    (known, beyond(bucket, name, all))
}

fn access(part: &Attributes) -> Value {
    let on = |name: &str| part.flag(name).unwrap_or(false);
    json!({
        "blockPublicAcls": on("block_public_acls"), "ignorePublicAcls": on("ignore_public_acls"),
        "blockPublicPolicy": on("block_public_policy"), "restrictPublicBuckets": on("restrict_public_buckets"),
    })
}

fn encrypted(rule: &Attributes) -> Option<Value> {
    let by = rule.block("apply_server_side_encryption_by_default")?;
    let algorithm = by.text("sse_algorithm")?;
    // To AES256 the key of the bucket means nothing.
    let key = algorithm != "AES256" && rule.flag("bucket_key_enabled").unwrap_or(false);
    let mut encryption = json!({ "sseAlgorithm": algorithm, "bucketKeyEnabled": key });
    if let Some(id) = by.text("kms_master_key_id") {
        encryption["kmsMasterKeyId"] = json!(id);
    }
    Some(encryption)
}

/// What was never on counts as suspended.
fn versioning(bucket: &Attributes, part: Option<&Attributes>) -> &'static str {
    let part = part.and_then(|part| part.block("versioning_configuration"));
    let own = || bucket.block("versioning").and_then(|own| own.flag("enabled")).unwrap_or(false);
    let on = part.map_or_else(own, |part| part.text("status") == Some("Enabled"));
    if on { "Enabled" } else { "Suspended" }
}

/// A lifecycle rule by its id. Where it is a rule of the bucket's own, names and the form of the filter are others.
fn rule((number, rule): (usize, &Attributes)) -> (String, Value) {
    let enabled =
        rule.text("status").map_or_else(|| rule.flag("enabled").unwrap_or(true), |status| status == "Enabled");
    let outer = rule.block("filter").unwrap_or_else(|| rule.clone());
    let filter = outer.block("and").unwrap_or_else(|| outer.clone());
    let one = filter.block("tag").and_then(|tag| Some((tag.text("key")?.to_owned(), tag.get("value")?.clone())));
    let mut tags = filter.get("tags").and_then(Value::as_object).cloned().unwrap_or_default();
    tags.extend(one);
    let old = rule.block("noncurrent_version_expiration");
    let mut known = Map::from_iter([
        ("status".to_owned(), json!(if enabled { "Enabled" } else { "Disabled" })),
        ("prefix".to_owned(), json!(filter.text("prefix").or(rule.text("prefix")).unwrap_or_default())),
        ("tags".to_owned(), tags.into()),
        ("transitions".to_owned(), moves(rule, "transition", "days")),
        ("noncurrentVersionTransitions".to_owned(), moves(rule, "noncurrent_version_transition", "noncurrent_days")),
    ]);
    let positive = |number: &i64| *number > 0;
    let expiration = rule.block("expiration");
    let of =
        |block: &Option<Attributes>, name: &str| block.as_ref().and_then(|block| block.number(name)).filter(positive);
    put(&mut known, "objectSizeGreaterThan", filter.number("object_size_greater_than").filter(positive));
    put(&mut known, "objectSizeLessThan", filter.number("object_size_less_than").filter(positive));
    // A date, or the end of delete markers, is what Terrace has no word for: a negative number stands for it.
    let dated = expiration
        .as_ref()
        .is_some_and(|block| block.text("date").is_some() || block.flag("expired_object_delete_marker") == Some(true));
    put(&mut known, "expiration", of(&expiration, "days").or(dated.then_some(-1)));
    put(&mut known, "noncurrentVersionExpiration", of(&old, "noncurrent_days").or_else(|| of(&old, "days")));
    put(&mut known, "newerNoncurrentVersions", of(&old, "newer_noncurrent_versions"));
    let abort = rule.block("abort_incomplete_multipart_upload").and_then(|block| block.number("days_after_initiation"));
    let abort = abort.or_else(|| rule.number("abort_incomplete_multipart_upload_days"));
    put(&mut known, "abortIncompleteMultipartUpload", abort.filter(positive));
    let id = rule.text("id").map_or_else(|| format!("rule-{}", number + 1), str::to_owned);
    (id, known.into())
}

fn moves(rule: &Attributes, block: &str, days: &str) -> Value {
    let one = |step: &Attributes| {
        let after = step.number(days).or_else(|| step.number("days"));
        // A date is what Terrace has no word for.
        let after = if step.text("date").is_some() { Some(-1) } else { after };
        Some((step.text("storage_class")?.to_owned(), json!(after.unwrap_or(0))))
    };
    rule.blocks(block).iter().filter_map(one).collect::<Map<_, _>>().into()
}

fn origins(rule: &Attributes) -> Value {
    let list = |name: &str| rule.get(name).cloned().unwrap_or_else(|| json!([]));
    let mut known = json!({
        "allowedHeaders": list("allowed_headers"), "allowedMethods": list("allowed_methods"),
        "allowedOrigins": list("allowed_origins"), "exposeHeaders": list("expose_headers"),
    });
    if let Some(seconds) = rule.number("max_age_seconds").filter(|seconds| *seconds > 0) {
        known["maxAge"] = json!(seconds);
    }
    known
}

fn retention(lock: &Attributes) -> Value {
    let default = lock.block("rule").and_then(|rule| rule.block("default_retention"));
    let default = default.unwrap_or_default();
    let years = default.number("years").filter(|years| *years > 0).map(|years| years * 365);
    let days = default.number("days").filter(|days| *days > 0).or(years).unwrap_or(0);
    json!({ "mode": default.text("mode").unwrap_or_default(), "days": days })
}

fn logs(logging: &Attributes) -> Option<Value> {
    let target = logging.text("target_bucket")?;
    Some(json!({ "targetBucket": target, "targetPrefix": logging.text("target_prefix").unwrap_or_default() }))
}

/// Settings that Terrace leaves as they are, and one that it does not.
fn beyond(bucket: &Attributes, name: &str, all: &[Instance]) -> Vec<String> {
    let also = |kind: &str| all.iter().any(|one| one.resource == kind && one.attributes.text("bucket") == Some(name));
    let settings = [
        ("aws_s3_bucket_website_configuration", "website", "the website that it serves is left as it is"),
        ("aws_s3_bucket_replication_configuration", "replication_configuration", "its replication is left as it is"),
        ("aws_s3_bucket_notification", "", "its notifications are left as they are"),
        ("aws_s3_bucket_inventory", "", "its inventories are left as they are"),
        (
            "aws_s3_bucket_intelligent_tiering_configuration",
            "",
            "its archive tiers are not read: name them under intelligentTiering, else Terrace takes them away",
        ),
    ];
    let has = |(kind, block, _): &(&str, &str, &str)| also(kind) || bucket.block(block).is_some();
    settings.into_iter().filter(has).map(|(_, _, what)| what.to_owned()).collect()
}
