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
use kube::runtime::watcher::Event;
use kube::runtime::{Controller, WatchStreamExt};
use serde::Deserialize;
use serde_json::Value;
use terrace_crds::{CacheTier, DataTier, EdgeTier, ObjectTier, TierObject, WebApp};
use terrace_tiers::ObjectKey;
use terrace_views::Object;
use tracing::Instrument;

use crate::context::Context;
use crate::controller::{End, again, changes, follow, timed};
use crate::problem::Problem;
use crate::telemetry::{objects, traces};
use crate::tier::{self, Foreseen, Managed, Mode};
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
    note: fn(&[Value], &Context),
    view: fn(&Value) -> Option<Object>,
    foresee: for<'a> fn(&'a Value, Mode, &'a Context) -> BoxFuture<'a, Result<Foreseen, Problem>>,
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
        Kind {
            name: <T as TierObject>::KIND,
            resources: T::RESOURCES,
            run: run::<T>,
            note: note::<T>,
            view: view::<T>,
            foresee: foresee::<T>,
        }
    }

    /// Watches all objects of the kind, and reconciles them until the end.
    pub fn run(&self, start: Start) -> BoxFuture<'static, ()> {
        (self.run)(start)
    }

    /// Takes these for all objects of the kind that there are, as a watch would once it has listed them.
    pub fn note(&self, objects: &[Value], context: &Context) {
        (self.note)(objects, context);
    }

    /// What views take of an object; nothing of one that cannot be read.
    pub fn view(&self, object: &Value) -> Option<Object> {
        (self.view)(object)
    }

    /// Says what would be done for an object.
    ///
    /// # Errors
    /// Why nothing could be done.
    pub async fn foresee(&self, object: &Value, mode: Mode, context: &Context) -> Result<Foreseen, Problem> {
        (self.foresee)(object, mode, context).await
    }
}

fn note<T: Managed>(objects: &[Value], context: &Context) {
    let guarded = objects.iter().filter_map(|object| DeserializeGuard::<T>::deserialize(object).ok());
    let listed = guarded.map(Event::InitApply);
    for event in std::iter::once(Event::Init).chain(listed).chain([Event::InitDone]) {
        context.neighbours.note(&Ok(event));
    }
}

fn view<T: Managed>(object: &Value) -> Option<Object> {
    T::deserialize(object).ok().map(|tier| Object::of(&tier))
}

fn foresee<'a, T: Managed>(
    object: &'a Value,
    mode: Mode,
    context: &'a Context,
) -> BoxFuture<'a, Result<Foreseen, Problem>> {
    async move {
        let object = T::deserialize(object).map_err(|error| Problem::stalled("Malformed", error.to_string()))?;
        tier::foresee(&object, mode, context).await
    }
    .boxed()
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
