//! What a CacheTier's spec comes to: the form of the cache, and the settings that several resources share.

use std::ops::RangeInclusive;

use terrace_crds::cache_tier::{Engine, InTransit, Maintenance, Snapshots};
use terrace_crds::choices::{ApplyChanges, MinorVersions, NetworkType};
use terrace_crds::{CacheTier, CacheTierSpec, TierObject};

use crate::Facts;
use crate::naming::title;

/// In which of ElastiCache's forms a cache is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A replication group: Valkey or Redis OSS on nodes.
    Nodes,
    /// A cache cluster: Memcached on nodes.
    Memcached,
    /// A serverless cache, of any engine.
    Serverless,
}

impl Form {
    pub fn of(spec: &CacheTierSpec) -> Self {
        match spec.engine {
            _ if spec.serverless.is_some() => Form::Serverless,
            Engine::Memcached => Form::Memcached,
            Engine::Valkey | Engine::Redis => Form::Nodes,
        }
    }
}

/// A valid spec with the facts it was judged by.
pub(super) struct Design<'a> {
    pub spec: &'a CacheTierSpec,
    pub facts: &'a Facts,
    pub form: Form,
    /// The parameter group family, as `valkey8`; empty of serverless, which has none.
    pub family: String,
    pub snapshots: Snapshots,
    pub maintenance: Maintenance,
}

impl<'a> Design<'a> {
    pub fn new(spec: &'a CacheTierSpec, facts: &'a Facts, family: String) -> Self {
        Design {
            spec,
            facts,
            form: Form::of(spec),
            family,
            snapshots: spec.snapshots.clone().unwrap_or_default(),
            maintenance: spec.maintenance.clone().unwrap_or_default(),
        }
    }

    /// Whom a description names.
    pub fn title(&self) -> String {
        title(CacheTier::KIND, &self.facts.object)
    }

    pub fn engine(&self) -> String {
        self.spec.engine.as_str().into()
    }

    pub fn node_type(&self) -> String {
        self.spec.node_type.clone().unwrap_or_default()
    }

    pub fn port(&self) -> i32 {
        self.spec.port().into()
    }

    /// The ports that clients connect to. Serverless has a second one, for reads that may lag behind (ElastiCache User
    /// Guide, "Read from replicas").
    pub fn ports(&self) -> RangeInclusive<i32> {
        let port = self.port();
        port..=port + i32::from(self.form == Form::Serverless)
    }

    pub fn tls(&self) -> bool {
        self.spec.encryption.in_transit != InTransit::Disabled
    }

    pub fn apply_immediately(&self) -> bool {
        self.maintenance.apply == ApplyChanges::Immediately
    }

    pub fn minor_upgrades(&self) -> bool {
        self.maintenance.minor_versions == MinorVersions::Automatic
    }

    /// Days.
    pub fn snapshot_retention(&self) -> i32 {
        self.snapshots.retention_days.into()
    }

    pub fn network_type(&self) -> Option<String> {
        let network = match self.spec.network_type {
            NetworkType::Ipv4 => "ipv4",
            NetworkType::Dual => "dual_stack",
        };
        Some(network.into())
    }
}

/// Whether a version is older than major and minor.
pub(super) fn older(version: &str, than: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < than
}
