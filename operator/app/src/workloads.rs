//! The watch of the workloads that were made for objects: a change of one wakes its owner, which would learn of it at the
//! next resync only.

use std::sync::Arc;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use terrace_model::{NodeKey, Owner};
use terrace_objects::owned;
use terrace_tiers::ObjectKey;

use crate::context::Context;
use crate::tier::links::Concerned;

/// What is watched in the whole cluster.
pub const WATCHES: &[&str] = &["kubernetes:apps/deployments:list", "kubernetes:apps/deployments:watch"];

/// Follows the Deployments that bear our label, without their content.
pub async fn follow(context: Arc<Context>) {
    let all = Api::<PartialObjectMeta<Deployment>>::all(context.client.clone());
    let (label, ours) = owned::MANAGED_BY;
    let stream = watch(all, watcher::Config::default().labels(&format!("{label}={ours}"))).default_backoff();
    let note = |event| {
        if let Ok(Event::Apply(workload) | Event::Delete(workload)) = &event {
            wake(workload, &context);
        }
        std::future::ready(())
    };
    stream.for_each(note).await;
}

fn wake(workload: &PartialObjectMeta<Deployment>, context: &Context) {
    let (Owner::Tagged { owner, node, incarnation }, Some((kind, namespace, name))) =
        (owned::owner(&workload.metadata), owned::concerns(&workload.metadata))
    else {
        return;
    };
    context.memory.changed(&owner.uid, &NodeKey::new(&node, incarnation), Timestamp::now());
    let objects = [ObjectKey::new(&kind, &namespace, &name)].into();
    context.wake.concerned(Concerned { objects, ..Concerned::default() });
}
