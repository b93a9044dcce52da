//! What a spec names without owning it: existing keys, snapshots and databases, and the parameters of an engine's family.
//!
//! These reads must not recur in objects that stand still, so answers are remembered; see [`Describe`].

mod acm;
mod alarms;
mod elasticache;
mod families;
mod kms;
mod memory;
mod rds;
mod route53;
mod s3;
mod targets;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod web_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use terrace_engine::Result;
use terrace_model::aws::Tags;

pub use self::alarms::Alarm;
use self::alarms::Alarms;
use self::memory::Memory;
pub use self::targets::Targets;
use crate::Clients;

/// IAM actions used.
pub const ACTIONS: &[&str] = &[
    "acm:DescribeCertificate",
    "acm:ListTagsForCertificate",
    "cloudwatch:DescribeAlarms",
    "elasticache:DescribeEngineDefaultParameters",
    "elasticache:DescribeServerlessCacheSnapshots",
    "elasticache:DescribeSnapshots",
    "elasticache:ListTagsForResource",
    "elasticloadbalancing:DescribeTargetHealth",
    "kms:DescribeKey",
    "kms:ListResourceTags",
    "rds:DescribeDBClusterSnapshots",
    "rds:DescribeDBClusters",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSnapshots",
    "rds:DescribeEngineDefaultClusterParameters",
    "rds:DescribeEngineDefaultParameters",
    "route53:GetHostedZone",
    "route53:ListHostedZonesByName",
    "route53:ListTagsForResource",
    "s3:GetBucketTagging",
    "s3:ListBucket",
];

/// Keys and zones hardly ever change hands, and objects name them for as long as they live.
const KEY_PERIOD: Duration = Duration::from_secs(60 * 60);
/// Databases and snapshots are named until a restore has begun.
const DATABASE_PERIOD: Duration = Duration::from_secs(5 * 60);
/// A family gains parameters with a minor version of the engine.
const FAMILY_PERIOD: Duration = Duration::from_secs(60 * 60);
/// That nothing can be learned of a family may be a passing failure.
const UNKNOWN_FAMILY_PERIOD: Duration = Duration::from_secs(15 * 60);

/// What can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    KmsKey,
    DbSnapshot,
    DbClusterSnapshot,
    DbInstance,
    DbCluster,
    CacheSnapshot,
    ServerlessCacheSnapshot,
    /// By name or ARN, in whatever region it is.
    Bucket,
    HostedZone,
    Certificate,
}

/// Something that exists, as far as matters to whoever names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    pub arn: String,
    /// Databases, and snapshots of them and of caches: as `postgres`, `valkey`.
    pub engine: Option<String>,
    /// Databases and snapshots: the name of the master user.
    pub master_username: Option<String>,
    /// Databases and snapshots: whether the storage is encrypted.
    pub encrypted: Option<bool>,
    /// Databases and snapshots that have a size, which Aurora's have not: GiB.
    pub allocated_storage: Option<u32>,
    /// Buckets: where it is.
    pub region: Option<String>,
    /// Of keys, only where they were asked for.
    pub tags: Tags,
    /// Hosted zones.
    pub zone: Option<Zone>,
    /// Certificates.
    pub certificate: Option<Certificate>,
}

/// A public hosted zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// As `Z0123456789ABCDEFGHIJ`.
    pub id: String,
    /// Without the dot at its end, in lower case.
    pub name: String,
    /// With a comma between them.
    pub name_servers: String,
}

/// A certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// All names that it is for, in lower case.
    pub domains: BTreeSet<String>,
    /// As `ISSUED`.
    pub status: String,
}

/// One parameter of an engine's family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Whether it can be set at all.
    pub modifiable: bool,
    /// As `0,1`, `10-1000` or `on,off`; absent where anything goes.
    pub allowed_values: Option<String>,
    /// As `integer`, `boolean`, `string`, `list`, `float`.
    pub data_type: Option<String>,
}

/// The parameters of a family, by name.
pub type Parameters = BTreeMap<String, Parameter>;

/// Reads what specs name in one Environment's account, and remembers it for a while.
///
/// Only an answer that serves its asker is taken from memory: what is absent, or was not admitted, is read anew at every
/// try, so that it is seen at once when somebody mends it. Those who ask the same at the same time wait for one read.
pub struct Describe {
    clients: Clients,
    existing: Memory<Option<Existing>>,
    families: Memory<Option<Arc<Parameters>>>,
    alarms: Alarms,
}

impl Describe {
    /// Makes no call.
    pub fn new(clients: Clients) -> Self {
        Describe { clients, existing: Memory::default(), families: Memory::default(), alarms: Alarms::default() }
    }

    /// What stands under an identifier, alias or ARN in a region; `None` where there is nothing of that kind.
    ///
    /// `admits` says whether the asker may use it. What it admits is remembered: keys and zones for an hour, the rest for
    /// five minutes. A key that is not admitted by its ARN alone is read with its tags.
    ///
    /// # Errors
    /// As classified; `Blocked` where several zones bear the name and the asker may use more than one.
    pub async fn find<A>(&self, kind: Kind, region: &str, name: &str, admits: A) -> Result<Option<Existing>>
    where
        A: Fn(&Existing) -> bool + Sync,
    {
        let admitted = |found: &Option<Existing>| found.as_ref().is_some_and(&admits);
        let period = match kind {
            Kind::KmsKey | Kind::HostedZone => KEY_PERIOD,
            _ => DATABASE_PERIOD,
        };
        let keep = |found: &Option<Existing>| if admitted(found) { period } else { Duration::ZERO };
        self.existing.get(format!("{kind:?}/{region}/{name}"), keep, || self.read(kind, region, name, &admits)).await
    }

    /// The parameters of a parameter group family, as `postgres17`: remembered for an hour. `None` where AWS, or an
    /// emulator in its place, lists none.
    ///
    /// On Aurora they are those of clusters, whose groups take what is set there. A Multi-AZ DB cluster too has a cluster
    /// parameter group (RDS User Guide, "Working with DB cluster parameter groups for Multi-AZ DB clusters"), but of the
    /// family that it shares with instances, and is judged by the parameters of those.
    ///
    /// # Errors
    /// As classified; a family that AWS does not know is `Invalid`.
    pub async fn engine_parameters(&self, region: &str, family: &str) -> Result<Option<Arc<Parameters>>> {
        let keep = |read: &Option<_>| if read.is_some() { FAMILY_PERIOD } else { UNKNOWN_FAMILY_PERIOD };
        self.families.get(format!("{region}/{family}"), keep, || families::read(&self.clients, region, family)).await
    }

    /// The states of CloudWatch alarms, at most 15 seconds old; what is not there is left out.
    ///
    /// # Errors
    /// As classified.
    pub async fn alarms(&self, region: &str, names: &BTreeSet<String>) -> Result<BTreeMap<String, Alarm>> {
        self.alarms.get(&self.clients, region, names).await
    }

    /// What a load balancer finds of the targets of a target group, this moment; `None` where that is not there.
    ///
    /// # Errors
    /// As classified.
    pub async fn targets(&self, region: &str, arn: &str) -> Result<Option<Targets>> {
        targets::read(&self.clients, region, arn).await
    }

    async fn read(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        admits: &(impl Fn(&Existing) -> bool + Sync),
    ) -> Result<Option<Existing>> {
        match kind {
            Kind::KmsKey => return kms::key(&self.clients.kms(region), name, admits).await,
            Kind::Bucket => return s3::bucket(&self.clients, region, name).await,
            Kind::HostedZone => return route53::zone(&self.clients, name, admits).await,
            Kind::Certificate => return acm::certificate(&self.clients, name).await,
            _ => {}
        }
        let Some(name) = self.identifier(kind, region, name) else { return Ok(None) };
        let (databases, caches) = (|| self.clients.rds(region), || self.clients.elasticache(region));
        match kind {
            Kind::DbSnapshot => rds::db_snapshot(&databases(), &name).await,
            Kind::DbClusterSnapshot => rds::db_cluster_snapshot(&databases(), &name).await,
            Kind::DbInstance => rds::db_instance(&databases(), &name).await,
            Kind::CacheSnapshot => elasticache::snapshot(&caches(), &name).await,
            Kind::ServerlessCacheSnapshot => elasticache::serverless_snapshot(&caches(), &name).await,
            Kind::DbCluster | Kind::KmsKey | Kind::Bucket | Kind::HostedZone | Kind::Certificate => {
                rds::db_cluster(&databases(), &name).await
            }
        }
    }

    /// By what it is asked for: an identifier, or the ARN of what another account shares. `None` for the ARN of another
    /// kind or region, or of an account that cannot share it.
    fn identifier(&self, kind: Kind, region: &str, name: &str) -> Option<String> {
        let Some(arn) = name.strip_prefix("arn:") else { return Some(name.to_lowercase()) };
        // An automated snapshot's identifier has a colon of its own.
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, service, at, account, word, identifier] = parts[..] else { return None };
        if at != region || (service, word) != arn_words(kind) {
            return None;
        }
        if account == self.clients.account() {
            return Some(identifier.to_lowercase());
        }
        (service == "rds").then(|| name.to_owned())
    }
}

/// Service and word for a kind in ARNs (Service Authorization Reference, "Resource types defined by" RDS, ElastiCache, KMS, S3).
fn arn_words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::KmsKey => ("kms", "key"),
        Kind::DbSnapshot => ("rds", "snapshot"),
        Kind::DbClusterSnapshot => ("rds", "cluster-snapshot"),
        Kind::DbInstance => ("rds", "db"),
        Kind::DbCluster => ("rds", "cluster"),
        Kind::CacheSnapshot => ("elasticache", "snapshot"),
        Kind::ServerlessCacheSnapshot => ("elasticache", "serverlesscachesnapshot"),
        Kind::Bucket => ("s3", ""),
        Kind::HostedZone => ("route53", "hostedzone"),
        Kind::Certificate => ("acm", "certificate"),
    }
}
