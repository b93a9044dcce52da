//! What is left of a cache against an emulator; the lives of its kinds are in `tests/wire`.

use terrace_aws::Clients;
use terrace_aws::elasticache::{ElastiCache, Groups};
use terrace_engine::{Disposal, Erased, Look, Registry, reason};
use terrace_model::Id;
use terrace_model::aws::elasticache::{CacheRestore, ReplicationGroup};

use crate::bed::{clients, id, owned, skip};
use crate::gaps;

fn registry(clients: &Clients) -> Registry {
    Registry::default().with(Groups(ElastiCache::new(clients.clone())))
}

fn wish() -> ReplicationGroup {
    ReplicationGroup {
        description: "Sessions".into(),
        engine: "valkey".into(),
        engine_version: Some("8.0".into()),
        cache_node_type: "cache.r7g.large".into(),
        num_node_groups: 1,
        replicas_per_node_group: 0,
        cluster_mode: "disabled".into(),
        port: 6379,
        automatic_failover_enabled: false,
        multi_az_enabled: false,
        cache_subnet_group_name: "default".into(),
        security_group_ids: ["sg-1".into()].into(),
        cache_parameter_group_name: "default.valkey8".into(),
        at_rest_encryption_enabled: true,
        kms_key_id: None,
        transit_encryption_enabled: false,
        transit_encryption_mode: None,
        auth_token: None,
        user_group_ids: Default::default(),
        snapshot_retention_limit: 0,
        snapshot_window: None,
        preferred_maintenance_window: None,
        auto_minor_version_upgrade: true,
        apply_immediately: true,
        log_delivery_configurations: Default::default(),
        data_tiering_enabled: false,
        network_type: None,
        restore_from: None,
        tags: Default::default(),
    }
}

async fn is_there(provider: &dyn Erased, id: &Id) -> bool {
    matches!(provider.observe(id).await.expect("it can be looked at"), Look::Present(_))
}

#[tokio::test]
async fn a_cache_leaves_its_last_snapshot_from_which_another_is_made() {
    let Some(clients) = clients() else { return };
    if gaps::emulator() == "moto" {
        return skip("the emulator takes no last snapshot of a cache, and the cache never goes");
    }
    let (id, registry) = (id::<ReplicationGroup>("cache"), registry(&clients));
    let provider = registry.get(&id.kind).expect("it is registered").as_ref();
    let want = owned(&id, &wish());
    provider.create(&id, &want).await.expect("it is made");
    let taken = provider.create(&id, &want).await.expect_err("the name is taken");
    assert_eq!(taken.reason(), reason::ALREADY_EXISTS);
    assert_eq!(provider.backups(&id).await, Ok(Vec::new()));
    let disposal = Disposal::Snapshot(id.final_snapshot());
    for _ in 0..2 {
        provider.delete(&id, &want, disposal.clone()).await.expect("it is deleted, or gone already");
        assert!(!is_there(provider, &id).await);
    }
    let backups = provider.backups(&id).await.expect("they are read");
    assert_eq!(backups.iter().map(|backup| backup.name.clone()).collect::<Vec<_>>(), [id.final_snapshot()]);
    let from = CacheRestore { snapshot: backups[0].name.clone() };
    let again = owned(&id, &ReplicationGroup { restore_from: Some(from), ..wish() });
    provider.create(&id, &again).await.expect("it is made from the snapshot");
    assert!(is_there(provider, &id).await);
}
