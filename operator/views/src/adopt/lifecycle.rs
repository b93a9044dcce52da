//! The lifecycle rules of a bucket, as an ObjectTier has them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::draft::Draft;
use super::yaml::Block;
use crate::adopt::Found;

/// All rules. Those that end uploads which were never completed are one field.
pub fn rules(draft: &mut Draft, spec: &mut Block, bucket: &Found) {
    let mut list = Vec::new();
    let mut aborts = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (id, rule) in bucket.map("lifecycleRules") {
        let filtered = is_filtered(rule);
        if let Some(days) = days(rule, "abortIncompleteMultipartUpload") {
            if filtered {
                draft.shows(format!("that rule {id} no longer ends uploads: there is a field for all uploads only"));
            } else if rule.get("status").and_then(Value::as_str) == Some("Enabled") {
                aborts.insert(days);
                draft.shows(format!("that the part of rule {id} that ends uploads becomes a rule of Terrace's own"));
            }
        }
        let unknown = [rule.get("expiration")].into_iter().flatten().any(|days| days.as_i64().unwrap_or(0) < 0);
        if unknown {
            draft.shows(format!(
                "that rule {id} loses its date, or the end of delete markers: there is no field for it"
            ));
        }
        let mut block = Block::default();
        block.set("name", name(draft, id, &mut names));
        if body(&mut block, rule) {
            list.push(block);
        }
    }
    spec.list("lifecycle", list);
    // 0 is never: what the bucket does not do, Terrace does not begin to do.
    spec.set("abortIncompleteUploadsAfterDays", aborts.first().copied().unwrap_or(0));
}

fn days(rule: &Value, field: &str) -> Option<i64> {
    rule.get(field).and_then(Value::as_i64).filter(|days| *days > 0)
}

fn is_filtered(rule: &Value) -> bool {
    let text = rule.get("prefix").and_then(Value::as_str).is_some_and(|prefix| !prefix.is_empty());
    let tags = rule.get("tags").and_then(Value::as_object).is_some_and(|tags| !tags.is_empty());
    text || tags || rule.get("objectSizeGreaterThan").is_some() || rule.get("objectSizeLessThan").is_some()
}

/// The name of a rule (`spec.lifecycle[].name`), which is not one of Terrace's own.
fn name(draft: &mut Draft, id: &str, names: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let cleaned: String = id.chars().map(plain).take(200).collect();
    let cleaned = cleaned.trim_start_matches(['.', '_', '-']);
    let cleaned = cleaned.strip_prefix("terrace-").unwrap_or(cleaned);
    let mut free = if cleaned.is_empty() { "rule".to_owned() } else { cleaned.to_owned() };
    while !names.insert(free.clone()) {
        free.push_str("-2");
    }
    if free != id {
        draft.shows(format!("that rule {id} is named {free}"));
    }
    free
}

/// What it is for and does; false where it does nothing that there is a field for.
fn body(block: &mut Block, rule: &Value) -> bool {
    let text = |field: &str| rule.get(field).and_then(Value::as_str).unwrap_or_default();
    block.set("status", if text("status") == "Disabled" { "Disabled" } else { "Enabled" });
    block.block("filter", filter(rule));
    let moved = moves(rule, "transitions");
    let expires = days(rule, "expiration");
    let mut noncurrent = Block::default();
    let versions = moves(rule, "noncurrentVersionTransitions");
    let ends = days(rule, "noncurrentVersionExpiration");
    let does = !moved.is_empty() || expires.is_some() || !versions.is_empty() || ends.is_some();
    block.list("transitions", moved);
    if let Some(days) = expires {
        block.set("expireAfterDays", days);
    }
    noncurrent.list("transitions", versions);
    if let Some(days) = ends {
        noncurrent.set("expireAfterDays", days);
        if let Some(count) = self::days(rule, "newerNoncurrentVersions") {
            noncurrent.set("keepNewest", count);
        }
    }
    block.block("noncurrent", noncurrent);
    does
}

fn filter(rule: &Value) -> Block {
    let mut filter = Block::default();
    if let Some(prefix) = rule.get("prefix").and_then(Value::as_str).filter(|prefix| !prefix.is_empty()) {
        filter.set("prefix", prefix);
    }
    let mut tags = Block::default();
    let told = rule.get("tags").and_then(Value::as_object);
    told.into_iter().flatten().for_each(|(key, value)| tags.set(key, value.clone()));
    filter.block("tags", tags);
    for (field, ours) in [("objectSizeGreaterThan", "largerThanBytes"), ("objectSizeLessThan", "smallerThanBytes")] {
        if let Some(bytes) = days(rule, field) {
            filter.set(ours, bytes);
        }
    }
    filter
}

fn moves(rule: &Value, field: &str) -> Vec<Block> {
    let told = rule.get(field).and_then(Value::as_object);
    let mut steps: Vec<(i64, &String)> = told
        .into_iter()
        .flatten()
        .filter_map(|(class, days)| Some((days.as_i64().filter(|days| *days >= 0)?, class)))
        .collect();
    steps.sort();
    let one = |(days, class): (i64, &String)| {
        let mut step = Block::default();
        step.set("afterDays", days);
        step.set("storageClass", class.as_str());
        step
    };
    steps.into_iter().map(one).collect()
}
