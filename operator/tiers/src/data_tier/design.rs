//! What a DataTier's spec comes to: the shape of the database, and the settings that several resources share.

use std::collections::BTreeSet;

use terrace_crds::choices::{ApplyChanges, MinorVersions, NetworkType};
use terrace_crds::data_tier::{
    Availability, DatabaseInsights, IamAuthentication, MajorVersions, ProxyMode, StorageType,
};
use terrace_crds::{DataTier, DataTierSpec, TierObject};

use crate::Facts;
use crate::naming::{title, whole};

/// The instance class of Aurora Serverless v2 (Aurora User Guide, "Using Aurora Serverless v2").
const SERVERLESS: &str = "db.serverless";

/// In which of RDS's forms a database is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One instance, with or without a standby that cannot be read.
    Instance,
    /// An Aurora cluster over shared storage.
    Aurora,
    /// A Multi-AZ DB cluster: one writer, two readable standbys.
    MultiAzCluster,
}

impl Shape {
    pub fn of(spec: &DataTierSpec) -> Self {
        match spec.availability {
            _ if spec.engine.is_aurora() => Shape::Aurora,
            Availability::Cluster => Shape::MultiAzCluster,
            Availability::SingleAZ | Availability::MultiAZ => Shape::Instance,
        }
    }

    /// Whether it has an endpoint of its own for its readers.
    pub fn is_cluster(self) -> bool {
        self != Shape::Instance
    }
}

/// A valid spec with the facts it was judged by.
pub(super) struct Design<'a> {
    pub spec: &'a DataTierSpec,
    pub facts: &'a Facts,
    pub shape: Shape,
    /// The parameter group family, as `postgres17`.
    pub family: String,
}

impl Design<'_> {
    /// Whom a description names: at most 255 characters, which is what EC2 takes.
    pub fn title(&self) -> String {
        title(DataTier::KIND, &self.facts.object)
    }

    pub fn class(&self) -> String {
        self.spec.instance_class.clone().unwrap_or_else(|| SERVERLESS.into())
    }

    pub fn reader_class(&self) -> String {
        let readers = self.spec.replicas.as_ref();
        readers.and_then(|readers| readers.instance_class.clone()).unwrap_or_else(|| self.class())
    }

    /// Replicas of an instance.
    pub fn replicas(&self) -> u8 {
        replicas(self.spec)
    }

    /// Readers of an Aurora cluster that always stand; MultiAZ wants one at least.
    pub fn readers(&self) -> u8 {
        self.replicas().max(u8::from(self.spec.availability == Availability::MultiAZ))
    }

    /// The port of the database itself.
    pub fn port(&self) -> i32 {
        self.spec.port().into()
    }

    /// The port that clients are given: a proxy listens on the engine's own port, whatever the database's is
    /// (RDS User Guide, "Quotas and limitations for RDS Proxy").
    pub fn client_port(&self) -> i32 {
        if proxied(self.spec) { self.spec.engine.default_port().into() } else { self.port() }
    }

    pub fn apply_immediately(&self) -> bool {
        self.spec.maintenance.apply == ApplyChanges::Immediately
    }

    pub fn major_upgrades(&self) -> Option<bool> {
        Some(self.spec.maintenance.major_versions == MajorVersions::Allowed)
    }

    pub fn minor_upgrades(&self) -> bool {
        self.spec.maintenance.minor_versions == MinorVersions::Automatic
    }

    pub fn iam_authentication(&self) -> Option<bool> {
        Some(self.spec.credentials.iam_authentication != IamAuthentication::None)
    }

    pub fn insights(&self) -> Option<String> {
        let mode = match self.spec.monitoring.database_insights {
            DatabaseInsights::Standard => "standard",
            DatabaseInsights::Advanced => "advanced",
        };
        Some(mode.into())
    }

    /// Seconds.
    pub fn monitoring_interval(&self) -> i32 {
        self.spec.monitoring.enhanced_interval_seconds.into()
    }

    pub fn logs(&self) -> BTreeSet<String> {
        self.spec.monitoring.export_logs.iter().map(|log| log.as_str().to_owned()).collect()
    }

    pub fn network_type(&self) -> Option<String> {
        let network = match self.spec.network_type {
            NetworkType::Ipv4 => "IPV4",
            NetworkType::Dual => "DUAL",
        };
        Some(network.into())
    }

    /// The disk of an instance or a Multi-AZ DB cluster.
    pub fn disk(&self) -> Disk {
        self.spec.storage.as_ref().map(|storage| Disk::of(storage, self.shape)).unwrap_or_default()
    }
}

/// `replicas.count`.
pub(super) fn replicas(spec: &DataTierSpec) -> u8 {
    spec.replicas.as_ref().and_then(|replicas| replicas.count).unwrap_or(0)
}

/// Whether there is a proxy before the database.
pub(super) fn proxied(spec: &DataTierSpec) -> bool {
    spec.proxy.mode == ProxyMode::Pooled
}

/// A disk in the units of the RDS API, with AWS's defaults spelled out.
#[derive(Default)]
pub(super) struct Disk {
    /// GiB.
    pub size: Option<i32>,
    /// GiB; 0 where it does not grow by itself.
    pub max: Option<i32>,
    pub kind: Option<String>,
    pub iops: Option<i32>,
    /// MiB per second.
    pub throughput: Option<i32>,
}

/// Size from which gp3 stripes its volumes and takes performance settings: GiB (RDS User Guide, "gp3 storage").
pub(super) const GP3_STRIPED: u32 = 400;

impl Disk {
    fn of(storage: &terrace_crds::data_tier::Storage, shape: Shape) -> Self {
        let size = storage.size.gib();
        let striped = size >= GP3_STRIPED;
        // RDS refuses IOPS for a small gp3 disk of an instance, and asks for them for that of a Multi-AZ DB cluster.
        let default_iops = match (storage.type_, striped) {
            (StorageType::Gp3, true) => Some(12_000),
            (StorageType::Gp3, false) if shape == Shape::MultiAzCluster => Some(3_000),
            _ => None,
        };
        let default_throughput = (storage.type_ == StorageType::Gp3 && striped).then_some(500);
        let max = storage.max_size.as_ref().map_or(0, |max| max.gib());
        Disk {
            size: Some(whole(size)),
            max: Some(whole(if max > size { max } else { 0 })),
            kind: Some(storage.type_.as_str().into()),
            iops: storage.iops.or(default_iops).map(whole),
            throughput: storage.throughput.or(default_throughput).map(whole),
        }
    }
}
