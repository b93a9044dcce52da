//! `elasticache/ReplicationGroup` → `CacheTier`: the cache, its subnet group and parameter group.

use terrace_crds::cache_tier::Engine;

use super::Surroundings;
use super::draft::Draft;
use super::yaml::Block;
use crate::adopt::Found;
use crate::arn::Arn;

/// The tier of a replication group.
///
/// # Errors
/// Why there can be none.
pub fn draft(cache: &Found, surroundings: &mut Surroundings) -> Result<Draft, String> {
    let told = cache.text("engine").ok_or("its engine is not told")?;
    let engine = [Engine::Valkey, Engine::Redis].into_iter().find(|engine| engine.as_str() == told);
    let engine =
        engine.ok_or_else(|| format!("its engine is {told}, and nodes of a CacheTier have valkey and redis"))?;
    let version = version(cache).ok_or("its engine version is not told")?;
    let class = cache.text("cacheNodeType").ok_or("its node type is not told")?;
    let mut draft = surroundings.draft("CacheTier", cache);
    surroundings.take(&mut draft, "cache", &cache.handle).map_err(|other| format!("{other} takes it"))?;
    draft.shows("its description");
    subnets(&mut draft, cache, surroundings);
    surroundings.take_access(&mut draft, &cache.texts("securityGroupIds"));
    let mut spec = Block::default();
    spec.set("engine", engine.as_str());
    spec.set("engineVersion", version);
    spec.set("nodeType", class);
    shape(&mut draft, &mut spec, cache);
    spec.block("encryption", encryption(&mut draft, cache));
    let login = authentication(&mut draft, &mut spec, cache);
    spec.set("authentication", login);
    operations(&mut draft, &mut spec, cache);
    parameters(&mut draft, &mut spec, cache, surroundings);
    spec.list("logs", cache.map("logDeliveryConfigurations").map(log).collect());
    draft.spec.append(spec);
    Ok(draft)
}

/// From version 6 on ElastiCache chooses the patch itself (user guide, "Supported engines and versions").
fn version(cache: &Found) -> Option<String> {
    let whole = cache.text("engineVersion")?;
    let old = whole.split('.').next()?.parse::<u32>().ok()? < 6;
    let numbers = if old { 3 } else { 2 };
    Some(whole.split('.').filter(|part| *part != "x").take(numbers).collect::<Vec<_>>().join("."))
}

/// With another subnet group it would be another cache.
fn subnets(draft: &mut Draft, cache: &Found, surroundings: &mut Surroundings) {
    let name = cache.text("cacheSubnetGroupName");
    let Some(name) = name.filter(|name| *name != "default") else {
        return draft
            .shows("that it is REPLACED: it stands in ElastiCache's default subnet group, or in one that is not told");
    };
    let known = surroundings.named("elasticache/CacheSubnetGroup", name).map(|group| group.handle.clone());
    let derived = || Some(Arn::parse(&cache.handle)?.beside(&format!("subnetgroup:{name}")));
    let Some(handle) = known.or_else(derived) else { return };
    match surroundings.take(draft, "subnets", &handle) {
        Ok(()) => draft.shows(format!("{name}: its description, and its subnets where they are not the Environment's private ones")),
        Err(other) => draft.shows(format!(
            "that it is REPLACED: its subnet group {name} is taken over by {other}, and nothing belongs to two. Do not approve \
             that: keep this cache out, or move it first"
        )),
    }
}

fn shape(draft: &mut Draft, spec: &mut Block, cache: &Found) {
    draft.set(spec, "shards", cache.positive("numNodeGroups"));
    let mode = cache.text("clusterMode").map(|mode| if mode == "enabled" { "Enabled" } else { "Disabled" });
    draft.set(spec, "clusterMode", mode);
    let replicas = cache.number("replicasPerNodeGroup").filter(|count| *count >= 0);
    draft.set(spec, "replicasPerShard", replicas);
    let availability = cache.flag("multiAzEnabled").map(|on| if on { "MultiAZ" } else { "SingleAZ" });
    draft.set(spec, "availability", availability);
    if cache.flag("automaticFailoverEnabled") == Some(false) && replicas > Some(0) {
        draft.shows("that a replica takes over by itself from now on");
    }
    draft.set(spec, "port", cache.positive("port"));
    let network = match cache.text("networkType").unwrap_or("ipv4") {
        "ipv4" => Some("IPV4"),
        "dual_stack" => Some("DUAL"),
        other => {
            draft.shows(format!("that it is REPLACED: its network type is {other}, which a CacheTier does not have"));
            None
        }
    };
    draft.set(spec, "networkType", network);
}

fn encryption(draft: &mut Draft, cache: &Found) -> Block {
    let mut encryption = Block::default();
    let transit = match (cache.flag("transitEncryptionEnabled"), cache.text("transitEncryptionMode")) {
        (Some(true), Some("preferred")) => Some("Preferred"),
        (Some(true), _) => Some("Required"),
        (Some(false), _) => Some("Disabled"),
        (None, _) => None,
    };
    draft.set(&mut encryption, "inTransit", transit);
    let at_rest = cache.flag("atRestEncryptionEnabled");
    draft.set(&mut encryption, "atRest", at_rest.map(|on| if on { "Enabled" } else { "Disabled" }));
    if let Some(key) = cache.text("kmsKeyId").filter(|_| at_rest == Some(true)) {
        encryption.set("kmsKeyId", key);
    }
    encryption
}

fn authentication(draft: &mut Draft, spec: &mut Block, cache: &Found) -> &'static str {
    if !cache.texts("userGroupIds").is_empty() {
        spec.note("Terrace gives it a user group of its own, with one user: whoever logs in as another is locked out.");
        draft.shows("its user group, which becomes one of Terrace's own");
        return "Users";
    }
    if cache.attributes.contains_key("authToken") {
        spec.note("Terrace gives it a token of its own making.");
        draft.shows("its token, which becomes one of Terrace's own");
        return "Token";
    }
    "None"
}

fn operations(draft: &mut Draft, spec: &mut Block, cache: &Found) {
    let mut snapshots = Block::default();
    let days = cache.number("snapshotRetentionLimit");
    draft.set(&mut snapshots, "retentionDays", days);
    if let Some(window) = cache.text("snapshotWindow").filter(|_| days != Some(0)) {
        snapshots.set("window", window);
    }
    spec.block("snapshots", snapshots);
    let mut maintenance = Block::default();
    draft.set(&mut maintenance, "window", cache.text("preferredMaintenanceWindow"));
    let minor = cache.flag("autoMinorVersionUpgrade").map(|on| if on { "Automatic" } else { "Manual" });
    draft.set(&mut maintenance, "minorVersions", minor);
    spec.block("maintenance", maintenance);
}

/// Without parameters a CacheTier has one of the account's default groups, and needs none of its own.
fn parameters(draft: &mut Draft, spec: &mut Block, cache: &Found, surroundings: &mut Surroundings) {
    let name = cache.text("cacheParameterGroupName").filter(|name| !name.starts_with("default."));
    let Some(name) = name else { return };
    let group = surroundings.named("elasticache/CacheParameterGroup", name);
    let mut values = Block::default();
    // It follows from clusterMode.
    let set =
        group.into_iter().flat_map(|group| group.map("parameters")).filter(|(name, _)| *name != "cluster-enabled");
    let mut count = 0;
    for (name, value) in set {
        values.set(name, value.clone());
        count += 1;
    }
    let Some(group) = group.filter(|_| count > 0) else {
        spec.note(format!(
            "The parameters of {name} are not told, or are the engine's own: name those that differ here."
        ));
        return draft.shows(format!("its parameter group: one of the account's default groups instead of {name}"));
    };
    if let Err(other) = surroundings.take(draft, "parameters", &group.handle) {
        draft.shows(format!("its parameter group: one of its own, since {other} takes {name}"));
    }
    spec.block("parameters", values);
}

fn log((kind, delivery): (&str, &serde_json::Value)) -> Block {
    let get = |field: &str| delivery.get(field).and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut log = Block::default();
    log.set("type", kind);
    log.set("format", if get("logFormat") == "text" { "Text" } else { "JSON" });
    let destination = if get("destinationType") == "kinesis-firehose" { "deliveryStream" } else { "logGroup" };
    log.set(destination, get("destination"));
    log
}
