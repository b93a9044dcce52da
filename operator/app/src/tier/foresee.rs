//! What a reconcile of an object would do, by the same steps as it is done: for `terrace plan`.

use jiff::Timestamp;
use kube::ResourceExt;
use terrace_engine::rebuild::{Lost, rebuild};
use terrace_engine::{Memory, Outcome, Request};
use terrace_model::Inventory;
use terrace_model::identity::Freshness;
use terrace_tiers::ObjectKey;

use super::job::{Job, Mode, Wishes};
use super::ledger::{self, StatusLedger};
use super::{Managed, asking, links, policy};
use crate::cloud::Cloud;
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
        let (cloud, owner) = (self.context.clouds.of(environment), self.owner(environment));
        let wishes = match self.deleting {
            true => None,
            false => Some(self.expand(environment, &cloud, &labels).await?),
        };
        let adopt = match self.deleting {
            true => Default::default(),
            false => policy::adopt(self.object, environment, &labels)?,
        };
        let inventory = self.recorded(&cloud, &owner, wishes.as_ref(), adopt.same_object).await?;
        let (policy, none, memory) = (policy::policy(self.object), Default::default(), Memory::default());
        let request = Request {
            owner: &owner,
            graph: wishes.as_ref().map(|wishes| &wishes.graph),
            deletion: policy::deletion(self.object),
            inventory,
            foreign: wishes.as_ref().map_or(&none, |wishes| &wishes.foreign),
            adopt: &adopt,
            policy: &policy,
            freshness: Freshness::Now,
            now: Timestamp::now(),
        };
        let outcome = match self.mode {
            Mode::Foretell => cloud.engine.foretell(request, &memory),
            Mode::Carry | Mode::Foresee => cloud.engine.foresee(request, &memory).await,
        };
        Ok(Foreseen { environment: name, outcome: Some(outcome), waits: wishes.and_then(|wishes| wishes.waits) })
    }

    /// What the object has, by its record, or as it would be found where that was lost.
    async fn recorded(
        &self,
        cloud: &Cloud,
        owner: &terrace_model::OwnerRef,
        wishes: Option<&Wishes>,
        same_object: bool,
    ) -> Result<Inventory, Problem> {
        let searched = self.lost() || same_object && self.before.resources.is_empty();
        if self.mode == Mode::Foretell || !searched {
            return Ok(ledger::inventory(self.before)?);
        }
        let graph = wishes.map(|wishes| &wishes.graph);
        let places: std::collections::BTreeSet<_> =
            graph.into_iter().flat_map(|graph| graph.nodes().values()).map(|node| node.place.clone()).collect();
        let places: Vec<_> = places.into_iter().collect();
        let (memory, now) = (&Memory::default(), Timestamp::now());
        let lost = Lost { owner, places: &places, kinds: cloud.engine.kinds(), graph, same_object, memory, now };
        Ok(rebuild(&cloud.finder(), &lost).await?)
    }
}
