//! The kinds of tiers, and what runs for each: its watch, and its controller.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use kube::api::Api;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Config;
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::{Controller, WatchStreamExt};
use kube::{Resource, ResourceExt};
use terrace_crds::{CacheTier, DataTier, EdgeTier, ObjectTier, TierObject, WebApp};
use tracing::Instrument;

use crate::context::Context;
use crate::controller::{End, again, changes, follow, timed};
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
    let noting = context.clone();
    let stream = follow(Api::<DeserializeGuard<T>>::all(context.client.clone()))
        .reflect(writer)
        .inspect(move |event| noting.wake.concerned(noting.neighbours.note(event)))
        .applied_objects()
        .predicate_filter(changes(), Default::default());
    let one = woken.one.map(|key| ObjectRef::<DeserializeGuard<T>>::new(&key.name).within(&key.namespace));
    let controller = Controller::for_stream(stream, reader)
        .with_config(config)
        .reconcile_all_on(woken.all)
        .reconcile_on(one)
        .graceful_shutdown_on(end);
    let reconcile = |object: Arc<DeserializeGuard<T>>, context: Arc<Context>| async move {
        context.listed().await;
        let (namespace, name) = (object.meta().namespace.clone(), object.name_any());
        let span = tracing::info_span!("reconcile", kind = T::KIND, namespace, object = name);
        timed(T::KIND, &context, tier::reconcile(object, &context)).instrument(span).await
    };
    controller.run(reconcile, again, context).for_each(|_| async {}).boxed()
}
