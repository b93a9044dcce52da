//! Leader election: of several operators one works, and the others stand by.

use kube::Client;
use kube_lease_manager::LeaseManagerBuilder;
use tokio::sync::watch;

/// Seconds that a lease holds after its last renewal; the next leader takes over within these.
const DURATION: u64 = 15;
/// Seconds before its end at which a lease is renewed.
const GRACE: u64 = 5;

/// What is done in the operator's own namespace.
pub const ACTIONS: &[&str] = &[
    "kubernetes:coordination.k8s.io/leases:create",
    "kubernetes:coordination.k8s.io/leases:get",
    "kubernetes:coordination.k8s.io/leases:patch",
];

/// Waits until this process leads. The receiver turns false when it leads no longer.
///
/// # Errors
/// When the Lease can be neither read nor made; the text says why.
pub async fn lead(
    client: Client,
    namespace: &str,
    name: &str,
    identity: &str,
) -> Result<watch::Receiver<bool>, String> {
    let manager = LeaseManagerBuilder::new(client, name)
        .with_namespace(namespace)
        .with_identity(identity)
        .with_duration(DURATION)
        .with_grace(GRACE)
        .build()
        .await
        .map_err(|error| format!("cannot take part in the election by Lease {namespace}/{name}: {error}"))?;
    let (mut leads, _renewing) = manager.watch().await;
    leads.wait_for(|leads| *leads).await.map_err(|_| format!("the election by Lease {namespace}/{name} ended"))?;
    Ok(leads)
}

/// Ends when this process leads no longer.
pub async fn lost(mut leads: watch::Receiver<bool>) {
    // A closed channel is a lost lease as well.
    let _ = leads.wait_for(|leads| !*leads).await;
}
