//! Engine versions: the family of parameter groups that follows from one, and what it can do.
//!
//! ElastiCache User Guide, "Engine versions and upgrading"; families are those of `CreateCacheParameterGroup`,
//! CacheParameterGroupFamily. A version that is on offer nowhere for a new cache is absent.

use terrace_crds::CacheTierSpec;
use terrace_crds::cache_tier::{Engine, InTransit, LogType};
use terrace_crds::choices::NetworkType;

use super::super::design::{Form, older};
use crate::Invalid;

/// Versions of nodes, oldest first. AWS chooses the patch.
const VALKEY: &[&str] = &["7.2", "8.0", "8.1", "8.2", "9.0", "9.1"];
const REDIS: &[&str] = &["6.0", "6.2", "7.0", "7.1"];
/// Of Memcached, where a new cache names the patch too.
const MEMCACHED: &[&str] = &["1.5", "1.6"];
/// The first Memcached with TLS (ElastiCache User Guide, "In-transit encryption").
const MEMCACHED_TLS: u32 = 12;

/// The parameter group family of a version, as `valkey8`; empty of serverless, which has none.
///
/// # Errors
/// Says which versions there are.
pub fn family(spec: &CacheTierSpec) -> Result<String, String> {
    let (engine, version) = (spec.engine.as_str(), spec.engine_version.as_str());
    let parts: Vec<&str> = version.split('.').collect();
    let whole = |known: &[&str], advice: &str| {
        let message = || format!("{engine} has no version {version}: use {}{advice}", known.join(", "));
        if known.contains(&version) { Ok(()) } else { Err(message()) }
    };
    match (Form::of(spec), spec.engine) {
        (Form::Serverless, _) => {
            let known: &[&str] = match spec.engine {
                Engine::Valkey => &["7", "8", "9"],
                Engine::Redis => &["7"],
                Engine::Memcached => &["1.6"],
            };
            let advice = ", for AWS chooses the minor version of serverless";
            whole(known, advice).map(|()| String::new())
        }
        (_, Engine::Valkey) => whole(VALKEY, "").map(|()| format!("valkey{}", parts[0])),
        (_, Engine::Redis) if parts[0] == "6" => whole(REDIS, "").map(|()| "redis6.x".into()),
        (_, Engine::Redis) => whole(REDIS, "").map(|()| format!("redis{}", parts[0])),
        (_, Engine::Memcached) => match (parts.len(), version.rsplit_once('.')) {
            (3, Some((minor, _))) if MEMCACHED.contains(&minor) => Ok(format!("memcached{minor}")),
            _ => Err(format!(
                "memcached has no version {version}: name one of {} whole, as 1.6.22",
                MEMCACHED.join(" or ")
            )),
        },
    }
}

/// The family; empty where the version is refused.
pub(super) fn check(spec: &CacheTierSpec, invalid: &mut Invalid) -> String {
    let family = family(spec).unwrap_or_else(|message| {
        invalid.add("spec.engineVersion", message);
        String::new()
    });
    let version = spec.engine_version.as_str();
    match (Form::of(spec), spec.engine) {
        (Form::Nodes, Engine::Redis) => redis(spec, version, invalid),
        (Form::Memcached, _) => memcached(spec, version, invalid),
        (Form::Nodes | Form::Serverless, _) => {}
    }
    family
}

fn redis(spec: &CacheTierSpec, version: &str, invalid: &mut Invalid) {
    if older(version, (7, 0)) && spec.encryption.in_transit == InTransit::Preferred {
        invalid.add(
            "spec.encryption.inTransit",
            "redis has TLS that is optional from 7.0 on: set Required or Disabled, or take a newer engineVersion",
        );
    }
    if older(version, (6, 2)) && spec.logs.iter().any(|log| log.type_ == LogType::EngineLog) {
        invalid.add("spec.logs", "redis delivers engine-log from 6.2 on: leave it out, or take a newer engineVersion");
    }
    if older(version, (6, 2)) && spec.network_type == NetworkType::Dual {
        invalid.add("spec.networkType", "redis speaks IPv6 from 6.2 on: set IPV4, or take a newer engineVersion");
    }
}

fn memcached(spec: &CacheTierSpec, version: &str, invalid: &mut Invalid) {
    let patch = version.split('.').nth(2).and_then(|patch| patch.parse().ok()).unwrap_or(0);
    let before = |first: u32| older(version, (1, 6)) || (version.starts_with("1.6.") && patch < first);
    if before(MEMCACHED_TLS) && spec.encryption.in_transit != InTransit::Disabled {
        invalid.add(
            "spec.encryption.inTransit",
            "memcached has TLS from 1.6.12 on: take a newer engineVersion, or set it to Disabled",
        );
    }
    // `CreateCacheCluster`, NetworkType.
    if before(6) && spec.network_type == NetworkType::Dual {
        invalid.add("spec.networkType", "memcached speaks IPv6 from 1.6.6 on: set IPV4, or take a newer engineVersion");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_family_follows_from_engine_and_version() {
        for (engine, version, expected) in [
            ("valkey", "7.2", "valkey7"),
            ("valkey", "8.2", "valkey8"),
            ("valkey", "9.0", "valkey9"),
            ("redis", "6.2", "redis6.x"),
            ("redis", "7.1", "redis7"),
            ("memcached", "1.5.16", "memcached1.5"),
            ("memcached", "1.6.22", "memcached1.6"),
        ] {
            let spec = json!({"engine": engine, "engineVersion": version, "nodeType": "cache.r7g.large"});
            assert_eq!(family(&serde_json::from_value(spec).unwrap()).as_deref(), Ok(expected));
        }
        let serverless = json!({"engineVersion": "8", "serverless": {}});
        assert_eq!(family(&serde_json::from_value(serverless).unwrap()).as_deref(), Ok(""));
    }
}
