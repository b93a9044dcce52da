//! What a reconcile of an object would do, by the same steps as it is done: for `terrace plan`.

use kube::ResourceExt;
use terrace_engine::Outcome;
use terrace_tiers::ObjectKey;

use super::job::{Job, Mode};
use super::ledger::StatusLedger;
use super::{Managed, asking, links};
use crate::context::Context;
use crate::environment::choose::choose;
use crate::object::Handle;
use crate::problem::Problem;

/// What a reconcile would come to.
pub struct Foreseen {
    /// The Environment that serves the object.
    pub environment: String,
    /// None where there is nothing to delete.
    pub outcome: Option<Outcome>,
    /// What it waits for outside itself.
    pub waits: Option<Problem>,
}

/// Says what would be done for an object as it is given, whether or not it is in the cluster.
///
/// # Errors
/// Why nothing could be done.
pub async fn foresee<T: Managed>(object: &T, mode: Mode, context: &Context) -> Result<Foreseen, Problem> {
    let handle = Handle::of(&context.client, object);
    let uid = object.uid().unwrap_or_default();
    let before = object.tier_status().cloned().unwrap_or_default();
    let ledger = StatusLedger::new(&handle, &uid, &context.process, String::new(), before.clone());
    let key = ObjectKey::new(T::KIND, &object.namespace().unwrap_or_default(), &object.name_any());
    let users = context.neighbours.look(|all| links::users(all, &key));
    let job = Job {
        mode,
        object,
        key,
        before: &before,
        uid: &uid,
        deleting: object.meta().deletion_timestamp.is_some(),
        held: object.finalizers().iter().any(|name| name == terrace_crds::FINALIZER),
        asked: true,
        users,
        context,
        ledger: &ledger,
    };
    job.foresee().await
}

impl<T: Managed> Job<'_, T> {
    async fn foresee(&self) -> Result<Foreseen, Problem> {
        let gone = self.is_done()?;
        let labels = self.labels()?;
        let environments = self.context.environments();
        let environment = choose(&environments, &asking(self.object, &labels))?;
        let name = environment.name_any();
        if gone {
            return Ok(Foreseen { environment: name, outcome: None, waits: None });
        }
        let (outcome, wishes) = self.pass(environment, &labels).await?;
        let waits = wishes.and_then(|wishes| wishes.waits);
        Ok(Foreseen { environment: name, outcome: Some(outcome), waits })
    }
}
