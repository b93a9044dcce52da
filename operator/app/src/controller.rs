//! Starts the watches and runs the reconciles until it is told to stop, or leads no longer.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{Controller, Predicate, WatchStreamExt, predicates, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use terrace_aws::refusals;
use terrace_crds::{Environment, TierGrant};
use terrace_engine::Error;
use terrace_tiers::ObjectKey;
use tokio::sync::watch;
use tracing::Instrument;

use crate::cli::Flags;
use crate::context::{Context, Parts};
use crate::drift;
use crate::install::{Install, Scope};
use crate::kinds::{KINDS, Start};
use crate::next::Next;
use crate::telemetry::events::Events;
use crate::telemetry::health::{self, Readiness};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::{objects, traces};
use crate::wake::{self, Wake};
use crate::{environment, leader, workloads};

/// What is watched in the whole cluster, beside our own kinds and [`workloads`].
pub const WATCHES: &[&str] = &["kubernetes:core/namespaces:list", "kubernetes:core/namespaces:watch"];

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
    let identity = flags.instance();
    let leads = match flags.no_leader_election {
        true => None,
        false => tokio::select! {
            leads = leader::lead(client.clone(), &flags.lease_namespace, &flags.lease_name, &identity) => Some(leads?),
            () = until(stopping.clone()) => return Ok(()),
        },
    };
    metrics.leader(true);
    metrics.resync(flags.resync());
    tracing::info!(identity, "leading");
    let lost = leads.map_or_else(|| futures::future::pending().boxed(), |leads| leader::lost(leads).boxed()).shared();
    let end = either(until(stopping.clone()), lost).boxed().shared();
    work(&flags, client, metrics.clone(), end).await?;
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

/// Ends when the process is to end.
pub type End = futures::future::Shared<futures::future::BoxFuture<'static, ()>>;

async fn work(flags: &Flags, client: Client, metrics: Metrics, end: End) -> Result<(), String> {
    let (environments, environment_writer) = reflector::store();
    let (namespaces, namespace_writer) = reflector::store::<PartialObjectMeta<Namespace>>();
    let (wake, mut woken) = wake::channels(KINDS.iter().map(|kind| kind.name));
    let context = context(flags, client, metrics, environments, namespaces, wake).await?;
    let context = Arc::new(context);
    let config = Config::default().concurrency(flags.concurrency);
    let tiers = KINDS.iter().filter_map(|kind| {
        let woken = woken.tiers.remove(kind.name)?;
        Some(kind.run(Start { context: context.clone(), config: config.clone(), woken, end: end.clone() }))
    });
    let tiers = join_all(tiers);
    let environments = run_environments(environment_writer, woken.environments, config, context.clone(), end);
    tokio::select! {
        _ = async { tokio::join!(tiers, environments) } => {}
        () = watch_namespaces(namespace_writer, context.clone()) => {}
        () = watch_grants(context.clone()) => {}
        () = workloads::follow(context.clone()) => {}
    }
    context.receivers.end().await;
    Ok(())
}

/// All objects of a kind as they change, without the record of who manages which field: nobody here asks for it, and it is
/// the larger part of an object.
pub fn follow<K>(all: Api<K>) -> impl Stream<Item = watcher::Result<watcher::Event<K>>> + Send
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let stream = watcher(all, watcher::Config::default()).default_backoff();
    stream.modify(|object| object.meta_mut().managed_fields = None)
}

/// What wakes an object: every change but that of status and of finalizers, which an object's own first pass changes; a
/// deletion is a new generation.
pub fn changes<K: Resource>() -> impl Predicate<K> {
    predicates::generation.combine(predicates::annotations)
}

/// Follows the labels of namespaces, which decide what Environment serves them.
async fn watch_namespaces(writer: Writer<PartialObjectMeta<Namespace>>, context: Arc<Context>) {
    let all = Api::<PartialObjectMeta<Namespace>>::all(context.client.clone());
    let stream = follow(all).reflect(writer);
    let listed = context.namespaces_listed.clone();
    let stream = stream.inspect(move |event| listed.note(event)).applied_objects();
    let stream = stream.predicate_filter(predicates::labels, Default::default());
    stream.for_each(|_| async { context.wake.all_tiers() }).await;
}

/// Follows the grants, which decide who may refer to whom.
async fn watch_grants(context: Arc<Context>) {
    let all = Api::<DeserializeGuard<TierGrant>>::all(context.client.clone());
    let stream = follow(all);
    let note = |event| {
        context.wake.concerned(context.neighbours.note_grant(&event));
        std::future::ready(())
    };
    stream.for_each(note).await;
}

async fn context(
    flags: &Flags,
    client: Client,
    metrics: Metrics,
    environments: Store<DeserializeGuard<Environment>>,
    namespaces: Store<PartialObjectMeta<Namespace>>,
    wake: Wake,
) -> Result<Context, String> {
    Ok(Context::new(Parts {
        clouds: Arc::new(flags.reach.clouds(client.clone(), metrics.clone(), flags.resync()).await?),
        events: Events::new(client.clone(), &flags.instance()),
        install: install(flags, client.clone()),
        client,
        environments,
        namespaces,
        metrics,
        resync: flags.resync(),
        wake,
    }))
}

fn install(flags: &Flags, client: Client) -> Install {
    let scope = Scope {
        namespaces: flags.namespaces.iter().cloned().collect(),
        environments: flags.environments.iter().cloned().collect(),
    };
    Install::new(format!("{}/{}", flags.lease_namespace, flags.lease_name), scope, client)
}

async fn run_environments(
    writer: Writer<DeserializeGuard<Environment>>,
    woken: impl Stream<Item = ObjectRef<DeserializeGuard<Environment>>> + Send + 'static,
    config: Config,
    context: Arc<Context>,
    end: End,
) {
    let (listed, metrics) = (context.environments_listed.clone(), context.metrics.objects.clone());
    metrics.follow(
        "Environment",
        Timestamp::now(),
        objects::environments(context.environments.clone(), context.install.clone()),
    );
    let woken_by_others = metrics.clone();
    let woken = woken.inspect(move |object| woken_by_others.passes.woken(&by_name(&object.name), Timestamp::now()));
    let stream = follow(Api::all(context.client.clone()))
        .reflect(writer)
        .inspect(move |event| listed.note(event))
        .applied_objects()
        .predicate_filter(changes(), Default::default())
        .inspect_ok(move |object| metrics.passes.woken(&by_name(&object.name_any()), Timestamp::now()));
    let controller = Controller::for_stream(stream, context.environments.clone())
        .with_config(config)
        .reconcile_on(woken)
        .graceful_shutdown_on(end);
    let reconcile = |object: Arc<DeserializeGuard<Environment>>, context: Arc<Context>| async move {
        context.neighbours.listed().await;
        let users = context.neighbours.look(|all| all.served_by(&object.uid().unwrap_or_default()));
        let key = by_name(&object.name_any());
        let span = traces::reconcile(&key);
        let reconciled = environment::reconcile(object.clone(), users, &context);
        let result = timed(&key, &context, reconciled).instrument(span).await;
        drift::follow(&object, &context);
        result
    };
    controller.run(reconcile, again, context).for_each(|_| async {}).await;
}

/// An Environment, as tiers are named.
fn by_name(name: &str) -> ObjectKey {
    ObjectKey::new("Environment", "", name)
}

/// Counts a reconcile and how long it took.
pub async fn timed(
    key: &ObjectKey,
    context: &Context,
    reconcile: impl Future<Output = Result<Next, Error>>,
) -> Result<Action, Error> {
    let (begun, passes) = (Instant::now(), &context.metrics.objects.passes);
    passes.begun(key);
    let result = refusals::remembered(reconcile).await;
    passes.ended(key, result.as_ref().copied().map_err(retried), Timestamp::now());
    context.metrics.reconciled(&key.kind, result.is_ok(), begun.elapsed());
    if let Err(error) = &result {
        tracing::warn!(error = %error, "the reconcile will be tried again");
    }
    result.map(Action::from)
}

/// When an object whose reconcile failed is looked at again.
pub fn again<K>(_object: Arc<K>, error: &Error, _context: Arc<Context>) -> Action {
    Action::requeue(retried(error))
}

fn retried(error: &Error) -> Duration {
    error.next_try(1).max(Duration::from_millis(500))
}
