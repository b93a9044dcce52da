//! The kinds of tiers, and what runs for each: its watch, and its controller.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use jiff::Timestamp;
use kube::ResourceExt;
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Config;
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{Controller, WatchStreamExt};
use terrace_crds::{CacheTier, DataTier, EdgeTier, ObjectTier, TierObject, WebApp};
use terrace_tiers::ObjectKey;
use tracing::Instrument;

use crate::context::Context;
use crate::controller::{End, again, changes, follow, timed};
use crate::telemetry::{objects, traces};
use crate::tier::{self, Managed};
use crate::wake::WokenTiers;

/// Every kind of tier. A new kind is a line here; nothing else in this program names it.
pub const KINDS: &[Kind] = &[
    Kind::of::<CacheTier>(),
    Kind::of::<DataTier>(),
    Kind::of::<EdgeTier>(),
    Kind::of::<ObjectTier>(),
    Kind::of::<WebApp>(),
];

/// One kind of tier.
pub struct Kind {
    pub name: &'static str,
    /// The kinds of resources that its objects may have.
    pub resources: &'static [&'static str],
    run: fn(Start) -> BoxFuture<'static, ()>,
}

/// What the controller of a kind is started with.
pub struct Start {
    pub context: Arc<Context>,
    pub config: Config,
    pub woken: WokenTiers,
    pub end: End,
}

impl Kind {
    const fn of<T: Managed>() -> Self {
        Kind { name: <T as TierObject>::KIND, resources: T::RESOURCES, run: run::<T> }
    }

    /// Watches all objects of the kind, and reconciles them until the end.
    pub fn run(&self, start: Start) -> BoxFuture<'static, ()> {
        (self.run)(start)
    }
}

fn run<T: Managed>(start: Start) -> BoxFuture<'static, ()> {
    let Start { context, config, woken, end } = start;
    let (reader, writer) = reflector::store();
    context.inventories.add(reader.clone());
    let metrics = context.metrics.objects.clone();
    metrics.follow(T::KIND, Timestamp::now(), objects::tiers(reader.clone(), context.install.clone()));
    let (noting, woken_by_itself, woken_by_others, all) =
        (context.clone(), metrics.clone(), metrics.clone(), reader.clone());
    let stream = follow(Api::<DeserializeGuard<T>>::all(context.client.clone()))
        .reflect(writer)
        .inspect(move |event| noting.wake.concerned(noting.neighbours.note(event)))
        .applied_objects()
        .predicate_filter(changes(), Default::default())
        .inspect_ok(move |object| woken_by_itself.passes.woken(&key(object), Timestamp::now()));
    let one = woken.one.inspect(move |key| woken_by_others.passes.woken(key, Timestamp::now()));
    let one = one.map(|key| ObjectRef::<DeserializeGuard<T>>::new(&key.name).within(&key.namespace));
    let every = woken.all.inspect(move |()| {
        all.state().iter().for_each(|object| metrics.passes.woken(&key(object.as_ref()), Timestamp::now()));
    });
    let controller = Controller::for_stream(stream, reader)
        .with_config(config)
        .reconcile_all_on(every)
        .reconcile_on(one)
        .graceful_shutdown_on(end);
    let reconcile = |object: Arc<DeserializeGuard<T>>, context: Arc<Context>| async move {
        context.listed().await;
        let key = key(object.as_ref());
        let span = traces::reconcile(&key);
        timed(&key, &context, tier::reconcile(object, &context)).instrument(span).await
    };
    controller.run(reconcile, again, context).for_each(|_| async {}).boxed()
}

fn key<T: Managed>(object: &DeserializeGuard<T>) -> ObjectKey {
    ObjectKey::new(T::KIND, &object.namespace().unwrap_or_default(), &object.name_any())
}
