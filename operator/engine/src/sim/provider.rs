//! The one provider of the simulation, for every kind.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use terrace_model::identity::short_hash;
use terrace_model::{Diff, Handle, Id, KindSpec};

use super::aws::SimAws;
use super::delete::is_protected;
use super::wire::Op;
use crate::error::{Result, reason};
use crate::provider::{Backup, Disposal, Erased, Finder, Found, Look, Pace, Sight};

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

    /// Lifts deletion protection first, in a call of its own, and takes the last snapshot under another name where that one
    /// is taken by a copy of an earlier life, as the real ones do.
    fn delete<'a>(&'a self, id: &'a Id, have: &'a Value, disposal: Disposal) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if is_protected(have) {
                self.aws.call(self.call(Op::Update, id), |world, now| world.unprotect(now, id)).await?;
            }
            let ended = self.aws.call(self.call(Op::Delete, id), |world, now| world.delete(now, id, &disposal)).await;
            match (ended, disposal) {
                (Err(error), Disposal::Snapshot(name)) if error.reason() == reason::ALREADY_EXISTS => {
                    let of = id.handle.as_ref().map(|handle| handle.0.as_str()).unwrap_or_default();
                    let other = Disposal::Snapshot(format!("{name}-{}", short_hash(&[of])));
                    self.aws.call(self.call(Op::Delete, id), |world, now| world.delete(now, id, &other)).await
                }
                (ended, _) => ended,
            }
        })
    }

    fn made(&self, id: &Id, want: &Value, handle: &Handle) -> Option<Sight> {
        self.aws.made(handle).map(|out| Sight::made(id, want, handle, out))
    }

    fn backups<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Vec<Backup>>> {
        Box::pin(self.aws.call(self.call(Op::Backups, id), |world, now| Ok(world.backups(now, id))))
    }
}

impl Finder for SimAws {
    fn find<'a>(&'a self, tags: &'a BTreeMap<String, String>, region: &'a str) -> BoxFuture<'a, Result<Vec<Found>>> {
        let what = ("tagging/Resources", Op::Find, format!("{tags:?} in {region}"));
        Box::pin(self.call(what, move |world, now| Ok(world.tagged(now, tags, region))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testkit::{Bench, database, id};
    use futures::executor::block_on;
    use serde_json::json;
    use terrace_model::identity::tag;

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
        let find = |uid: &str| {
            let tags = [(tag::UID.to_owned(), uid.to_owned())].into();
            block_on(bench.sim.find(&tags, &a.place.region)).unwrap()
        };
        assert_eq!(find(&a.owner.uid), [Found { handle, tags: a.owner_tags(), copy: false }]);
        assert_eq!(find("another"), []);
        assert_eq!(bench.sim.calls().of("tagging/Resources", Op::Find), 2);
    }

    #[test]
    fn a_last_snapshot_whose_name_an_earlier_life_took_gets_another() {
        let bench = Bench::default();
        let db = id("rds/DbInstance", "db");
        let mut datas = Vec::new();
        for _ in 0..2 {
            let handle = bench.create(&db, &database()).unwrap();
            bench.sim.clock().advance(Duration::from_secs(600));
            datas.extend(bench.sim.console().only("rds/DbInstance").data);
            let known = Id { handle: Some(handle), ..db.clone() };
            bench.dispose(&known, Disposal::Snapshot("last".into())).unwrap();
            bench.sim.clock().advance(Duration::from_secs(600));
        }
        let snapshots = bench.sim.console().snapshots();
        assert_eq!(snapshots.iter().map(|snapshot| snapshot.data).collect::<Vec<_>>(), datas);
        bench.assert_lawful();
    }

    #[test]
    fn calls_are_logged_with_object_and_node() {
        let bench = Bench::default();
        bench.make(&id("test/Thing", "a"), json!({})).unwrap();
        let log = bench.sim.log();
        assert_eq!((log[0].subject.as_str(), log[0].op), ("DataTier/shop/orders a", Op::Create));
    }
}
