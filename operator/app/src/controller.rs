//! Starts the watches and runs the reconciles until it is told to stop, or leads no longer.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{FutureExt, Stream, StreamExt};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{Controller, Predicate, WatchStreamExt, predicates, watcher};
use kube::{Client, Resource, ResourceExt};
use terrace_aws::limits::Limits;
use terrace_crds::{DataTier, Environment};
use terrace_engine::{Error, Memory};
use tokio::sync::watch;
use tracing::Instrument;

use crate::cli::{Flags, RateLimits};
use crate::cloud::{Clouds, Secrets};
use crate::context::{Context, Process};
use crate::listed::Listed;
use crate::telemetry::events::Events;
use crate::telemetry::health::{self, Readiness};
use crate::telemetry::metrics::Metrics;
use crate::tier::Managed;
use crate::wake::{self, Wake};
use crate::{environment, leader, tier};

/// Runs the controller until SIGTERM, SIGINT or the loss of its lease.
///
/// # Errors
/// A sentence for the person who started it.
pub async fn run(flags: Flags) -> Result<(), String> {
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        signalled().await;
        let _ = stop.send(true);
    });
    let metrics = Metrics::default();
    let readiness = Readiness::default();
    let serving = health::serve(flags.health_addr, readiness.clone(), metrics.clone(), until(stopping.clone())).await?;
    let served = tokio::spawn(serving);
    let client = Client::try_default().await.map_err(|error| format!("cannot reach the cluster: {error}"))?;
    readiness.set_ready(true);
    let identity = std::env::var("HOSTNAME").unwrap_or_else(|_| format!("terrace-{}", std::process::id()));
    let leads = match flags.no_leader_election {
        true => None,
        false => tokio::select! {
            leads = leader::lead(client.clone(), &flags.lease_namespace, &identity) => Some(leads?),
            () = until(stopping.clone()) => return Ok(()),
        },
    };
    metrics.leader(true);
    tracing::info!(identity, "leading");
    let lost = leads.map_or_else(|| futures::future::pending().boxed(), |leads| leader::lost(leads).boxed()).shared();
    let end = either(until(stopping.clone()), lost).boxed().shared();
    work(&flags, client, metrics.clone(), end).await;
    metrics.leader(false);
    if !*stopping.borrow() {
        return Err("the lease was lost: ending, so that no two operators work at once".into());
    }
    served.await.map_err(|error| format!("the health server failed: {error}"))
}

async fn signalled() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::error!(%error, "SIGTERM cannot be heard");
            return;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
}

async fn either(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    tokio::select! {
        () = one => {}
        () = other => {}
    }
}

/// Ends when the channel says so.
async fn until(mut stopping: watch::Receiver<bool>) {
    // A closed channel means that nobody will ever say so.
    if stopping.wait_for(|stop| *stop).await.is_err() {
        futures::future::pending::<()>().await;
    }
}

type End = futures::future::Shared<futures::future::BoxFuture<'static, ()>>;

async fn work(flags: &Flags, client: Client, metrics: Metrics, end: End) {
    let (environments, environment_writer) = reflector::store();
    let (namespaces, namespace_writer) = reflector::store::<PartialObjectMeta<Namespace>>();
    let (wake, woken) = wake::channels();
    let context = context(flags, client.clone(), metrics, environments.clone(), namespaces, wake).await;
    let context = Arc::new(context);
    let config = Config::default().concurrency(flags.concurrency);
    let objects_listed = Listed::default();
    let data_tiers = tiers::<DataTier>(&client, config.clone(), woken.tiers, objects_listed.clone(), &end);
    let environment_stream = watcher(Api::all(client.clone()), watcher::Config::default())
        .default_backoff()
        .reflect(environment_writer)
        .inspect({
            let listed = context.environments_listed.clone();
            move |event| listed.note(event)
        })
        .applied_objects()
        .predicate_filter(changes(), Default::default());
    let environment_controller = Controller::for_stream(environment_stream, environments)
        .with_config(config)
        .reconcile_on(woken.environments)
        .graceful_shutdown_on(end.clone());
    let objects = data_tiers.store();
    tokio::select! {
        _ = async {
            tokio::join!(
                run_tiers(data_tiers, context.clone()),
                run_environments(environment_controller, context.clone(), objects, objects_listed),
            )
        } => {}
        () = watch_namespaces(client, namespace_writer, context.clone()) => {}
    }
}

/// What wakes an object: every change but that of status.
fn changes<K: Resource>() -> impl Predicate<K> {
    predicates::generation.combine(predicates::annotations).combine(predicates::finalizers)
}

/// Follows the labels of namespaces, which decide what Environment serves them.
async fn watch_namespaces(client: Client, writer: Writer<PartialObjectMeta<Namespace>>, context: Arc<Context>) {
    let stream = watcher(Api::<PartialObjectMeta<Namespace>>::all(client), watcher::Config::default());
    let listed = context.namespaces_listed.clone();
    let stream = stream.default_backoff().reflect(writer).inspect(move |event| listed.note(event)).applied_objects();
    let stream = stream.predicate_filter(predicates::labels, Default::default());
    stream.for_each(|_| async { context.wake.all_tiers() }).await;
}

async fn context(
    flags: &Flags,
    client: Client,
    metrics: Metrics,
    environments: Store<DeserializeGuard<Environment>>,
    namespaces: Store<PartialObjectMeta<Namespace>>,
    wake: Wake,
) -> Context {
    let base = aws_config::defaults(aws_config::BehaviorVersion::latest()).load().await;
    let limits = match flags.aws_rate_limits {
        RateLimits::Lifted => Limits::lifted(),
        RateLimits::Published => Limits::new(),
    };
    let kubernetes = client.clone();
    let objects = move |clients: &terrace_aws::Clients| {
        terrace_objects::registry(kubernetes.clone(), Arc::new(Secrets(clients.clone())))
    };
    Context {
        clouds: Clouds::new(base, flags.aws_endpoint_url.clone(), limits, metrics.clone(), objects)
            .with_resync(flags.resync()),
        events: Events::new(client.clone()),
        client,
        environments,
        namespaces,
        environments_listed: Listed::default(),
        namespaces_listed: Listed::default(),
        memory: Memory::default(),
        metrics,
        resync: flags.resync(),
        process: Process::default(),
        wake,
    }
}

fn tiers<T: Managed>(
    client: &Client,
    config: Config,
    woken: impl Stream<Item = ()> + Send + 'static,
    listed: Listed,
    end: &End,
) -> Controller<DeserializeGuard<T>> {
    let (reader, writer) = reflector::store();
    let stream = watcher(Api::<DeserializeGuard<T>>::all(client.clone()), watcher::Config::default());
    let stream = stream.default_backoff().reflect(writer).inspect(move |event| listed.note(event)).applied_objects();
    let stream = stream.predicate_filter(changes(), Default::default());
    Controller::for_stream(stream, reader).with_config(config).reconcile_all_on(woken).graceful_shutdown_on(end.clone())
}

async fn run_tiers<T: Managed>(controller: Controller<DeserializeGuard<T>>, context: Arc<Context>) {
    let reconcile = |object: Arc<DeserializeGuard<T>>, context: Arc<Context>| async move {
        context.environments_listed.wait().await;
        context.namespaces_listed.wait().await;
        let span = tracing::info_span!(
            "reconcile",
            kind = T::KIND,
            namespace = object.namespace(),
            object = object.name_any()
        );
        timed(T::KIND, &context, tier::reconcile(object, &context)).instrument(span).await
    };
    controller.run(reconcile, again, context).for_each(|_| async {}).await;
}

async fn run_environments(
    controller: Controller<DeserializeGuard<Environment>>,
    context: Arc<Context>,
    objects: Store<DeserializeGuard<DataTier>>,
    listed: Listed,
) {
    let reconcile = |object: Arc<DeserializeGuard<Environment>>, context: Arc<Context>| {
        let (objects, listed) = (objects.clone(), listed.clone());
        async move {
            listed.wait().await;
            let users = users(&objects, &object.meta().uid);
            let span = tracing::info_span!("reconcile", kind = "Environment", object = object.name_any());
            timed("Environment", &context, environment::reconcile(object, users, &context)).instrument(span).await
        }
    };
    controller.run(reconcile, again, context).for_each(|_| async {}).await;
}

/// The objects that an Environment serves.
fn users<T: Managed>(objects: &Store<DeserializeGuard<T>>, environment: &Option<String>) -> usize {
    let pinned = |guard: &Arc<DeserializeGuard<T>>| {
        let object = guard.0.as_ref().ok()?;
        Some(object.tier_status()?.environment.as_ref()?.uid.clone())
    };
    objects.state().iter().filter(|guard| pinned(guard).is_some_and(|uid| Some(uid) == *environment)).count()
}

/// Counts a reconcile and how long it took.
async fn timed(
    kind: &'static str,
    context: &Context,
    reconcile: impl Future<Output = Result<Action, Error>>,
) -> Result<Action, Error> {
    let begun = Instant::now();
    let result = reconcile.await;
    context.metrics.reconciled(kind, result.is_ok(), begun.elapsed());
    if let Err(error) = &result {
        tracing::warn!(error = %error, "the reconcile will be tried again");
    }
    result
}

fn again<K>(_object: Arc<K>, error: &Error, _context: Arc<Context>) -> Action {
    Action::requeue(error.next_try(1).max(Duration::from_millis(500)))
}
