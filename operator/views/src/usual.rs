//! How long AWS usually takes, as far as its documentation says.

/// What is said of some kinds, in some states.
pub(crate) struct Row {
    pub kinds: &'static [&'static str],
    /// In AWS's messages while it is at it; none for any.
    pub words: &'static [&'static str],
    /// What has to be done for it to come to this.
    pub doing: Doing,
    pub takes: &'static str,
    /// The most that is usual.
    pub minutes: Option<i64>,
    /// Where it is said.
    pub source: &'static str,
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Making,
    MakingOrChanging,
    /// Changing one of these fields.
    Changing(&'static [&'static str]),
    Deleting,
}

const INSTANCES: &[&str] = &["rds/DbInstance", "rds/DbReplica"];

/// The first that fits holds.
pub(crate) const TABLE: &[Row] = &[
    Row {
        kinds: &["rds/DbInstance", "rds/DbReplica", "rds/DbClusterInstance", "rds/DbCluster"],
        words: &["deleting"],
        doing: Doing::Deleting,
        takes: "it depends on how many backups go, on how much data, and on whether a final snapshot is taken",
        minutes: None,
        source: "RDS User Guide, Deleting a DB instance",
    },
    Row {
        kinds: INSTANCES,
        words: &["storage-optimization", "storage-config-upgrade"],
        doing: Doing::Changing(&["allocatedStorage", "storageType", "iops", "storageThroughput"]),
        takes: "several hours; the database works meanwhile, and its storage is not changed again before",
        minutes: None,
        source: "RDS User Guide, Working with storage",
    },
    Row {
        kinds: INSTANCES,
        words: &["creating", "under way"],
        doing: Doing::Making,
        takes: "up to 20 minutes, by instance class and storage",
        minutes: Some(20),
        source: "RDS User Guide, Troubleshooting connections to your DB instance",
    },
    Row {
        kinds: &["rds/DbCluster", "rds/DbClusterInstance"],
        words: &["creating", "under way"],
        doing: Doing::Making,
        takes: "several minutes, by instance class and storage",
        minutes: None,
        source: "Aurora User Guide, Creating a DB cluster",
    },
    Row {
        kinds: &["cloudfront/VpcOrigin"],
        words: &[],
        doing: Doing::MakingOrChanging,
        takes: "up to 15 minutes",
        minutes: Some(15),
        source: "CloudFront Developer Guide, Restrict access with VPC origins",
    },
    Row {
        kinds: &["cloudfront/Distribution"],
        words: &[],
        doing: Doing::MakingOrChanging,
        takes: "minutes, and more under high load",
        minutes: None,
        source: "CloudFront Developer Guide, Distribution settings",
    },
    Row {
        kinds: &["acm/Certificate", "acm/Validation"],
        words: &[],
        doing: Doing::Making,
        takes: "up to 30 minutes once the validation records are found; after 72 hours ACM gives up",
        minutes: Some(30),
        source: "ACM User Guide, Validating domain ownership",
    },
    Row {
        kinds: &["route53/HostedZone", "route53/RecordSet", "route53/ValidationRecords"],
        words: &[],
        doing: Doing::MakingOrChanging,
        takes: "60 seconds",
        minutes: Some(1),
        source: "Route 53 API Reference, ChangeResourceRecordSets",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_table_is_one_that_there_is() {
        let kinds = terrace_model::aws::kinds();
        for kind in TABLE.iter().flat_map(|row| row.kinds) {
            assert!(kinds.iter().any(|spec| spec.kind == *kind), "{kind}");
        }
    }
}
