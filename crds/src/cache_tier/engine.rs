//! The engines of a CacheTier, in AWS's words, and what follows from the choice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cache engine (`CreateReplicationGroup`, `CreateCacheCluster`, `CreateServerlessCache`, Engine).
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Engine {
    /// Valkey.
    #[default]
    Valkey,
    /// Redis OSS.
    Redis,
    /// Memcached.
    Memcached,
}

impl Engine {
    /// All engines.
    pub const ALL: [Engine; 3] = [Self::Valkey, Self::Redis, Self::Memcached];

    /// As the ElastiCache API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valkey => "valkey",
            Self::Redis => "redis",
            Self::Memcached => "memcached",
        }
    }

    /// The port that ElastiCache gives it (`CreateReplicationGroup`, `CreateCacheCluster`, Port).
    pub fn default_port(self) -> u16 {
        if self == Self::Memcached { 11211 } else { 6379 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_named_as_elasticache_names_it() {
        for engine in Engine::ALL {
            assert_eq!(serde_json::to_value(engine).unwrap(), engine.as_str());
        }
        assert_eq!(Engine::ALL.map(Engine::default_port), [6379, 6379, 11211]);
    }
}
