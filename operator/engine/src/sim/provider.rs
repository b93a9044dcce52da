//! The one provider of the simulation, for every kind.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use terrace_model::{Diff, Handle, Id, KindSpec};

use super::aws::SimAws;
use super::delete::is_protected;
use super::wire::Op;
use crate::error::Result;
use crate::provider::{Backup, Disposal, Erased, Finder, Found, Look, Pace};

/// Makes one kind of resource in the simulated AWS.
#[derive(Debug)]
pub struct SimProvider {
    aws: Arc<SimAws>,
    spec: KindSpec,
    pace: Pace,
}

impl SimProvider {
    /// The provider of a kind whose creation takes `usual`.
    pub fn new(aws: Arc<SimAws>, spec: KindSpec, usual: Duration) -> Self {
        SimProvider { aws, spec, pace: Pace { usual: usual.max(Pace::default().usual) } }
    }

    fn call(&self, op: Op, id: &Id) -> (&'static str, Op, String) {
        let owner = &id.owner;
        let incarnation = if id.incarnation > 1 { format!("~{}", id.incarnation) } else { String::new() };
        (self.spec.kind, op, format!("{}/{}/{} {}{incarnation}", owner.kind, owner.namespace, owner.name, id.node))
    }
}

impl Erased for SimProvider {
    fn spec(&self) -> &KindSpec {
        &self.spec
    }

    fn actions(&self) -> &'static [&'static str] {
        &["sim:Call"]
    }

    fn pace(&self) -> Pace {
        self.pace
    }

    fn observe<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Look>> {
        Box::pin(self.aws.call(self.call(Op::Observe, id), |world, now| world.observe(now, id)))
    }

    fn create<'a>(&'a self, id: &'a Id, want: &'a Value) -> BoxFuture<'a, Result<Handle>> {
        Box::pin(self.aws.call(self.call(Op::Create, id), |world, now| world.create(now, id, want)))
    }

    fn update<'a>(
        &'a self,
        id: &'a Id,
        _have: &'a Value,
        want: &'a Value,
        diff: &'a Diff,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.aws.call(self.call(Op::Update, id), |world, now| world.update(now, id, want, diff)))
    }

    /// Lifts deletion protection first, in a call of its own, as the real ones do.
    fn delete<'a>(&'a self, id: &'a Id, have: &'a Value, disposal: Disposal) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if is_protected(have) {
                self.aws.call(self.call(Op::Update, id), |world, now| world.unprotect(now, id)).await?;
            }
            self.aws.call(self.call(Op::Delete, id), |world, now| world.delete(now, id, &disposal)).await
        })
    }

    fn backups<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Vec<Backup>>> {
        Box::pin(self.aws.call(self.call(Op::Backups, id), |world, now| Ok(world.backups(now, id))))
    }
}

impl Finder for SimAws {
    fn find<'a>(&'a self, uid: &'a str, region: &'a str) -> BoxFuture<'a, Result<Vec<Found>>> {
        let what = ("tagging/Resources", Op::Find, format!("{uid} in {region}"));
        Box::pin(self.call(what, move |world, now| Ok(world.tagged(now, uid, region))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testkit::{Bench, id};
    use futures::executor::block_on;
    use serde_json::json;

    #[test]
    fn there_is_a_provider_for_every_kind() {
        let sim = SimAws::new();
        let registry = sim.registry();
        for spec in terrace_model::aws::kinds() {
            assert_eq!(registry.get(spec.kind).unwrap().spec().kind, spec.kind);
        }
        let database = registry.get("rds/DbInstance").unwrap();
        assert_eq!(database.pace().usual, Duration::from_secs(300));
        assert!(!database.actions().is_empty());
    }

    #[test]
    fn what_an_owner_has_is_found_by_its_tags() {
        let bench = Bench::default();
        let a = id("test/Thing", "a");
        let handle = bench.make(&a, json!({})).unwrap();
        let found = block_on(bench.sim.find(&a.owner.uid, &a.place.region)).unwrap();
        assert_eq!(found, [Found { handle, tags: a.owner_tags() }]);
        assert_eq!(block_on(bench.sim.find("another", &a.place.region)).unwrap(), []);
        assert_eq!(bench.sim.calls().of("tagging/Resources", Op::Find), 2);
    }

    #[test]
    fn calls_are_logged_with_object_and_node() {
        let bench = Bench::default();
        bench.make(&id("test/Thing", "a"), json!({})).unwrap();
        let log = bench.sim.log();
        assert_eq!((log[0].subject.as_str(), log[0].op), ("DataTier/shop/orders a", Op::Create));
    }
}
