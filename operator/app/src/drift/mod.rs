//! Drift as it happens: what EventBridge puts into an Environment's queues wakes the objects that it is about, and they
//! look afresh at just that. Nothing is changed on the word of an event; whoever misses one finds it at the resync.
//!
//! ```text
//! CloudTrail, RDS, ACM, … → EventBridge → SQS → [`receive`] → [`event`] → [`concerns`] → memory, wake
//!                 └── rules: [`rule`], printed by `terrace drift-rule`
//! ```

mod concerns;
mod event;
mod inventories;
mod listen;
mod own;
mod receive;
pub mod rule;
#[cfg(test)]
mod samples;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use kube::ResourceExt;
use kube::core::DeserializeGuard;
use terrace_aws::sqs::{Queue, QueueArn};
use terrace_crds::Environment;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

use crate::cloud::Cloud;
use crate::context::Context;
pub use inventories::Inventories;
use own::Own;
use receive::Receiver;

/// The queues that are listened to.
#[derive(Default)]
pub struct Receivers {
    /// By the UID of the Environment and the ARN of the queue.
    running: Mutex<BTreeMap<(String, QueueArn), Running>>,
    /// As whom the operator acts in each Environment that listens, by its UID.
    own: Mutex<BTreeMap<String, Own>>,
}

struct Running {
    cloud: Arc<Cloud>,
    /// It ends when this is dropped.
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens to the queues of an Environment that is in order, and to those alone.
pub fn follow(environment: &DeserializeGuard<Environment>, context: &Arc<Context>) {
    // What cannot be read stays as it was.
    let Ok(environment) = &environment.0 else { return };
    let (uid, generation) =
        (environment.uid().unwrap_or_default(), environment.metadata.generation.unwrap_or_default());
    let in_order = context.process.is_resolved(&uid, generation, Timestamp::now(), context.resync * 2);
    let lasting = environment.metadata.deletion_timestamp.is_none();
    let named = environment.spec.drift.iter().flat_map(|drift| &drift.queues).filter(|_| lasting && in_order);
    let queues: BTreeSet<QueueArn> = named.filter_map(|arn| arn.parse().ok()).collect();
    let receivers = &context.receivers;
    if queues.is_empty() {
        lock(&receivers.own).remove(&uid);
        lock(&receivers.running).retain(|(of, _), _| *of != uid);
        return;
    }
    let cloud = context.clouds.of(environment);
    let mut running = lock(&receivers.running);
    running.retain(|(of, arn), running| *of != uid || (queues.contains(arn) && Arc::ptr_eq(&running.cloud, &cloud)));
    for arn in &queues {
        running.entry((uid.clone(), arn.clone())).or_insert_with(|| begin(arn, environment, &cloud, context));
    }
}

fn begin(arn: &QueueArn, environment: &Environment, cloud: &Arc<Cloud>, context: &Arc<Context>) -> Running {
    let (stop, stopped) = oneshot::channel();
    let receiver = Receiver {
        queue: Queue::new(&cloud.clients, arn.clone()),
        environment: environment.clone(),
        cloud: cloud.clone(),
        context: context.clone(),
        known: OnceCell::new(),
    };
    Running { cloud: cloud.clone(), stop, ended: tokio::spawn(receiver.run(stopped)) }
}

impl Receivers {
    /// Stops listening, and waits until what was received is dealt with.
    pub async fn end(&self) {
        let running = std::mem::take(&mut *lock(&self.running));
        for (_, Running { stop, ended, .. }) in running {
            drop(stop);
            // One that panicked has ended too.
            let _ = ended.await;
        }
    }

    fn acts_as(&self, uid: &str, own: Own) {
        lock(&self.own).insert(uid.to_owned(), own);
    }

    /// Whether that is the operator itself, for whatever Environment.
    fn is_own(&self, arn: &str) -> bool {
        lock(&self.own).values().any(|own| own.is(arn))
    }
}
