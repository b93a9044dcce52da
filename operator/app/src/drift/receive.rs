//! Listens to one queue: receives, wakes whom it concerns, deletes, until it is told to stop.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt;
use terrace_aws::sqs::{Message, Queue};
use terrace_aws::sts;
use terrace_crds::Environment;
use terrace_engine::{Error, Result};
use tokio::sync::{OnceCell, oneshot};

use super::event::{Notice, read};
use super::listen::listen;
use super::own::Own;
use crate::cloud::Cloud;
use crate::context::Context;
use crate::tier::links::Concerned;

/// What listens to a queue.
pub struct Receiver {
    pub queue: Queue,
    pub environment: Environment,
    pub cloud: Arc<Cloud>,
    pub context: Arc<Context>,
    /// Set once it is known as whom the operator acts here.
    pub known: OnceCell<()>,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// Somebody was woken.
    Woke,
    /// It is about nothing that Terrace has.
    Nobody,
    /// It is Terrace's own doing.
    Own,
    /// AWS refused what it tells of.
    Refused,
    /// It is no event.
    Unreadable,
}

impl Came {
    /// The label of the metric.
    fn label(self) -> &'static str {
        match self {
            Came::Woke => "woke",
            Came::Nobody => "nobody",
            Came::Own => "own",
            Came::Refused => "refused",
            Came::Unreadable => "unreadable",
        }
    }
}

impl Receiver {
    /// Listens until the other end is dropped.
    pub async fn run(self, stop: oneshot::Receiver<()>) {
        let (receive, deal) = (|| self.receive(), |messages| self.deal(messages));
        listen(stop, receive, deal, |error, failures| self.tell(error, failures)).await;
    }

    async fn receive(&self) -> Result<Vec<Message>> {
        self.known.get_or_try_init(|| self.know_itself()).await?;
        self.queue.receive().await
    }

    async fn know_itself(&self) -> Result<()> {
        let caller = sts::caller(&self.cloud.clients, &self.environment.spec.region).await?;
        let own = Own::new(&self.environment.spec.identity, &caller.arn);
        self.context.receivers.acts_as(&self.environment.uid().unwrap_or_default(), own);
        Ok(())
    }

    /// Wakes first and deletes then: what is received twice costs a look, and what is deleted too soon would be lost.
    async fn deal(&self, messages: Vec<Message>) -> Result<()> {
        for message in &messages {
            let came = self.hear(&message.body);
            self.context.metrics.heard(came.label());
        }
        self.queue.delete(&messages).await
    }

    fn hear(&self, body: &str) -> Came {
        let notice = match read(body) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::warn!(environment = self.environment.name_any(), %error, "a message is no event, and is deleted");
                return Came::Unreadable;
            }
        };
        if notice.refused {
            return Came::Refused;
        }
        if notice.by.as_deref().is_some_and(|by| self.context.receivers.is_own(by)) {
            return Came::Own;
        }
        if self.wake(&notice) { Came::Woke } else { Came::Nobody }
    }

    /// Has whom it concerns look at what it is about. An event of another account is not believed.
    fn wake(&self, notice: &Notice) -> bool {
        let context = &self.context;
        if notice.account != self.environment.spec.account {
            return false;
        }
        let meant = context.inventories.meant(notice, &self.environments());
        for one in &meant {
            tracing::info!(kind = one.object.kind, namespace = one.object.namespace, object = one.object.name,
                event = notice.what, by = notice.by, nodes = ?one.nodes, "woken by an event");
            one.nodes.iter().for_each(|node| context.memory.changed(&one.uid, node, Timestamp::now()));
        }
        let objects: BTreeSet<_> = meant.into_iter().map(|one| one.object).collect();
        let woken = !objects.is_empty();
        context.wake.concerned(Concerned { objects, ..Concerned::default() });
        woken
    }

    /// The Environments of the same account: several may name one queue, and each event comes to one of them.
    fn environments(&self) -> BTreeSet<String> {
        let state = self.context.environments.state();
        let readable = state.iter().filter_map(|guard| guard.0.as_ref().ok());
        let same = readable.filter(|other| other.spec.account == self.environment.spec.account);
        same.map(|environment| environment.uid().unwrap_or_default()).collect()
    }

    /// Says what is wrong when it begins, and that it is over.
    fn tell(&self, error: Option<&Error>, failures: u32) {
        let environment = self.environment.name_any();
        match error {
            Some(error) if failures == 0 => tracing::warn!(
                environment,
                reason = error.reason(),
                %error,
                "the queue is not heard: until it is, drift is found at the resync"
            ),
            None if failures > 0 => tracing::info!(environment, "the queue is heard again"),
            _ => {}
        }
    }
}
