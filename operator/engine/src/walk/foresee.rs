//! What a pass would come to, without a change: for `terrace plan`.

use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::BoxFuture;
use terrace_model::{Diff, Inventory, NodeKey};

use super::{Engine, Request, Walk};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::memory::Memory;
use crate::outcome::Outcome;
use crate::plan::{Action, Plan, Step, Why};
use crate::policy::{ChangePolicy, Policy};
use crate::provider::Look;

impl Engine {
    /// What [`Engine::pass`], called until nothing is left to do, would do: it looks where that would look first, and changes
    /// nothing, neither in AWS nor on record. What hangs on something that is yet to come is planned as not known.
    pub async fn foresee(&self, request: Request<'_>, memory: &Memory) -> Outcome {
        let policy = request.policy;
        let mut walk = Walk::new(self, Request { policy: &LOOKING, ..request }, memory);
        let unsaved = walk.run(&Untouched).await.err();
        walk.request.policy = policy;
        // What stands on something that is replaced may be changed with it, and that with whatever stands on it in turn.
        loop {
            let moves = walk.foreseen_moves();
            if moves.is_subset(&walk.moves) {
                return walk.outcome(unsaved);
            }
            walk.moves.extend(moves);
        }
    }

    /// The same as far as the record tells, without a look: what is not on record is taken to be absent, and of what is on
    /// record nothing is known ([`Action::Look`]).
    pub fn foretell(&self, request: Request<'_>, memory: &Memory) -> Outcome {
        let mut walk = Walk::new(self, request, memory);
        let wishes = walk.request.graph.into_iter().flat_map(|graph| graph.nodes().keys());
        let unmade = wishes.filter(|id| walk.inventory.current(id).is_none());
        walk.sights = unmade.map(|id| (NodeKey::new(id, 1), Ok(Look::Absent))).collect();
        walk.outcome(None)
    }
}

/// Nothing is changed.
static LOOKING: Policy =
    Policy { change: ChangePolicy::ApproveDestructive, paused: false, observe: true, approved: None };

impl Walk<'_> {
    /// What gives out something else afterwards: what is replaced or made anew, and what is only looked at where such a one
    /// says.
    fn foreseen_moves(&mut self) -> BTreeSet<String> {
        let Plan(steps) = self.plan().plan;
        let kinds = &self.engine.kinds;
        let looks = |step: &Step| kinds.get(step.kind.as_str()).is_some_and(|spec| spec.read_only);
        // What is changed may be given out as well, as the port of a database is.
        let gives_out = |key: &NodeKey, diff: &Diff| {
            let Some(Ok(Look::Present(sight))) = self.sights.get(key) else { return false };
            diff.0.iter().any(|change| sight.out.get(&change.path).is_some())
        };
        let moves = |key: &NodeKey, step: &Step| match &step.action {
            Action::Replace { .. } | Action::Create(Why::Missing) => true,
            Action::Update { diff, .. } => gives_out(key, diff),
            _ => looks(step) && step.wish.as_ref().is_some_and(|wish| !wish.open.is_empty()),
        };
        steps.iter().filter(|(key, step)| moves(key, step)).map(|(key, _)| key.id.clone()).collect()
    }
}

/// The record of what is only looked at.
struct Untouched;

impl Ledger for Untouched {
    fn save<'a>(&'a self, _inventory: &'a Inventory) -> BoxFuture<'a, Result<()>> {
        let never = "what was only to be foreseen would have been done: this is a defect of Terrace";
        std::future::ready(Err(Error::blocked("NotForeseen", never))).boxed()
    }
}
