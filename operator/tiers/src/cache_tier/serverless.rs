//! A serverless cache: no nodes, no subnet group, no parameter group; AWS sizes and maintains it.

use std::collections::BTreeSet;

use terrace_model::aws::elasticache::{CacheUsageLimits, ServerlessCache};

use super::binding::Endpoint;
use super::design::Design;
use super::parts::{Parts, restore};
use crate::draft::Draft;
use crate::facts::{Environment, Subnet, first_of_each_zone};
use crate::naming::whole;

/// The most subnets that it takes, each in a zone of its own (`CreateServerlessCache`, SubnetIds; ElastiCache User Guide,
/// "Create a serverless cache").
const MOST_SUBNETS: usize = 3;

pub(super) fn serverless(draft: &mut Draft, design: &Design, parts: &Parts) -> Endpoint {
    let spec = design.spec;
    let limits = spec.serverless.as_ref();
    let want = ServerlessCache {
        description: design.title(),
        engine: design.engine(),
        major_engine_version: spec.engine_version.clone(),
        cache_usage_limits: CacheUsageLimits {
            data_storage: limits.map_or(0, |limits| whole(limits.max_storage.gib())),
            ecpu_per_second: limits.map_or(0, |limits| whole(limits.max_ecpu_per_second)),
        },
        kms_key_id: parts.key.clone(),
        security_group_ids: parts.security_groups(),
        subnet_ids: subnets(&design.facts.environment),
        user_group_id: parts.login.group().unwrap_or_else(|| "".into()),
        snapshot_retention_limit: design.snapshot_retention(),
        daily_snapshot_time: daily_snapshot(design),
        network_type: design.network_type(),
        restore_from: restore(design),
        tags: draft.tags(),
    };
    let cache = draft.add("cache", want);
    // Reads that may lag behind go to the same host by another port, which a Secret has no entry for.
    Endpoint { host: cache.out(ServerlessCache::ENDPOINT), port: cache.out(ServerlessCache::PORT), reader: None }
}

/// The first private subnet of each of the first zones.
fn subnets(environment: &Environment) -> BTreeSet<String> {
    let mut zones: Vec<&str> = environment.private_zones().into_iter().collect();
    zones.truncate(MOST_SUBNETS);
    let within = |subnet: &&Subnet| zones.contains(&subnet.zone.as_str());
    let subnets: Vec<Subnet> = environment.private_subnets.iter().filter(within).cloned().collect();
    first_of_each_zone(&subnets)
}

/// When snapshots are taken, where there are any.
fn daily_snapshot(design: &Design) -> Option<String> {
    let start = design.snapshots.window.split('-').next().unwrap_or_default();
    (design.snapshot_retention() > 0).then(|| start.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn it_stands_in_one_subnet_of_each_of_three_zones_whatever_their_order() {
        let subnet = |id: &str, zone: &str| Subnet { id: id.into(), zone: zone.into() };
        let mut environment = samples::environment();
        environment.private_subnets =
            vec![subnet("5", "d"), subnet("4", "c"), subnet("3", "b"), subnet("2", "a"), subnet("1", "a")];
        let chosen = subnets(&environment);
        assert_eq!(chosen, ["1", "3", "4"].map(str::to_owned).into());
        environment.private_subnets.reverse();
        assert_eq!(subnets(&environment), chosen);
    }
}
