//! `s3/Bucket` → `ObjectTier`.

use serde_json::Value;

use super::draft::Draft;
use super::yaml::Block;
use super::{Surroundings, lifecycle};
use crate::adopt::Found;

/// The tier of a bucket.
///
/// # Errors
/// Why there can be none.
pub fn draft(bucket: &Found, surroundings: &mut Surroundings) -> Result<Draft, String> {
    let name = bucket.text("name").ok_or("its name is not told")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.chars().all(plain) {
        return Err("an ObjectTier takes no bucket with dots or capitals in its name".into());
    }
    let mut draft = surroundings.draft("ObjectTier", bucket);
    surroundings.take(&mut draft, "bucket", &bucket.handle).map_err(|other| format!("{other} takes it"))?;
    protection(&mut draft, bucket);
    let mut spec = Block::default();
    spec.set("bucketName", name);
    draft.set(&mut spec, "versioning", bucket.text("versioning"));
    spec.block("encryption", encryption(&mut draft, bucket));
    lifecycle::rules(&mut draft, &mut spec, bucket);
    let acceleration = bucket.text("acceleration").filter(|status| *status == "Enabled");
    spec.set("transferAcceleration", acceleration.unwrap_or("Suspended"));
    spec.list("cors", list(bucket, "corsRules").iter().map(cors).collect());
    spec.block("objectLock", lock(&mut draft, bucket));
    spec.block("accessLogs", logs(bucket));
    draft.spec.append(spec);
    Ok(draft)
}

fn list<'a>(found: &'a Found, field: &str) -> &'a [Value] {
    found.attributes.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What every ObjectTier has, and this bucket may not.
fn protection(draft: &mut Draft, bucket: &Found) {
    let open: Vec<&str> =
        bucket.map("publicAccessBlock").filter(|(_, on)| **on != Value::Bool(true)).map(|(name, _)| name).collect();
    if !open.is_empty() {
        draft.shows(format!("that it is closed to the public ({})", open.join(", ")));
    }
    if bucket.map("publicAccessBlock").next().is_none() {
        draft.shows("that it is closed to the public, if it is not (the state does not tell)");
    }
    if bucket.text("objectOwnership").is_some_and(|owner| owner != "BucketOwnerEnforced") {
        draft.shows("that its access control lists end (BucketOwnerEnforced)");
    }
    draft.shows(
        "its policy, which becomes Terrace's own: TLS only, and whoever is bound to this ObjectTier. What it says now is lost: \
         bind whoever needs it, first",
    );
}

fn encryption(draft: &mut Draft, bucket: &Found) -> Block {
    let mut encryption = Block::default();
    let told = bucket.attributes.get("encryption");
    let get = |field: &str| told.and_then(|told| told.get(field));
    match get("sseAlgorithm").and_then(Value::as_str) {
        Some("aws:kms") => {
            encryption.set("type", "SSE-KMS");
            if let Some(key) = get("kmsMasterKeyId").and_then(Value::as_str) {
                encryption.set("kmsKeyId", key);
            }
            let key = get("bucketKeyEnabled").and_then(Value::as_bool).unwrap_or(false);
            encryption.set("bucketKey", if key { "Enabled" } else { "Disabled" });
        }
        // What S3 does by itself (S3 User Guide, "Setting default server-side encryption behavior").
        Some("AES256") | None => encryption.set("type", "SSE-S3"),
        Some(other) => {
            encryption.note(format!("It has {other}, which an ObjectTier does not have."));
            encryption.set("type", "SSE-KMS");
            draft.shows(format!("its encryption, which goes from {other} to aws:kms"));
        }
    }
    encryption
}

fn cors(rule: &Value) -> Block {
    let mut cors = Block::default();
    for field in ["allowedOrigins", "allowedMethods", "allowedHeaders", "exposeHeaders"] {
        cors.set(field, rule.get(field).cloned().unwrap_or_else(|| Value::Array(Vec::new())));
    }
    let seconds = rule.get("maxAge").and_then(Value::as_i64);
    if seconds.is_none() {
        cors.note("It says no age, which browsers take for a few seconds.");
    }
    cors.set("maxAgeSeconds", seconds.unwrap_or(0));
    cors
}

fn lock(draft: &mut Draft, bucket: &Found) -> Block {
    let mut lock = Block::default();
    let told = bucket.attributes.get("objectLock");
    let mode = told.and_then(|told| told.get("mode")).and_then(Value::as_str);
    let days = told.and_then(|told| told.get("days")).and_then(Value::as_i64);
    match (mode, days) {
        (Some("GOVERNANCE"), Some(days)) => {
            lock.set("mode", "Governance");
            lock.set("retentionDays", days);
        }
        (Some("COMPLIANCE"), Some(days)) => {
            lock.set("mode", "Compliance");
            lock.set("retentionDays", days);
        }
        (Some(_), _) => {
            draft.shows("nothing of its object lock: versions are locked one by one, for which there is no field")
        }
        (None, _) => {}
    }
    lock
}

fn logs(bucket: &Found) -> Block {
    let mut logs = Block::default();
    let told = bucket.attributes.get("logging");
    let get = |field: &str| told.and_then(|told| told.get(field)).and_then(Value::as_str);
    if let Some(target) = get("targetBucket").filter(|target| !target.is_empty()) {
        logs.set("bucket", target);
        logs.set("prefix", get("targetPrefix").unwrap_or_default());
    }
    logs
}
