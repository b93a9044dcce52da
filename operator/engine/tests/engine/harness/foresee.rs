//! What a pass is foreseen to come to, and what was done since.

use std::collections::{BTreeMap, BTreeSet};

use terrace_engine::sim::Op;
use terrace_engine::{Memory, Outcome, Request};

use super::World;

/// What was done to each node, by `Kind/namespace/name node`.
pub type Deeds = BTreeMap<String, BTreeSet<Op>>;

impl World {
    /// What passes over an object are foreseen to come to, by a process that knows nothing of it but its record.
    pub async fn foresee(&self, index: usize) -> Outcome {
        let (object, foreign) = (&self.objects[index], self.told(index));
        let request = Request {
            owner: &object.owner,
            graph: (!object.deleting).then_some(&object.graph),
            deletion: object.deletion,
            inventory: self.sim.ledger(&object.path()).load().unwrap_or_default(),
            foreign: &foreign,
            adopt: &object.adopt,
            policy: &object.policy,
            freshness: object.freshness,
            now: self.sim.clock().now(),
        };
        self.engine.foresee(request, &Memory::default()).await
    }

    /// What was done in AWS, and to objects in the cluster, from an I/O point on.
    pub fn deeds(&self, since: u64) -> Deeds {
        let mut deeds = Deeds::new();
        let done = self.sim.log().into_iter().filter(|call| call.point >= since && call.op.is_write());
        for call in done.filter(|call| call.op != Op::Save) {
            deeds.entry(call.subject).or_default().insert(call.op);
        }
        deeds
    }
}
