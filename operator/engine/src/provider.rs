//! The contract between the engine and one kind of AWS resource, typed at the provider's end and erased at ours.
//!
//! Every call is idempotent and none waits: what takes time is reported as a [`State`] or as [`Error::Wait`], and the
//! engine comes back. A provider decides neither ownership nor order; it says what it sees and does one step.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use terrace_model::{Diff, Handle, Id, KindSpec, Owner, Resource};

use crate::error::{Error, Result};

/// What a look finds.
#[derive(Clone, Debug)]
pub enum Seen<R: Resource> {
    Absent,
    Present {
        have: R,
        out: R::Outputs,
        handle: Handle,
        owner: Owner,
        state: State,
    },
    /// As `Present`, less some fields that AWS lists nowhere whole and whose hour has not come. They are not compared.
    Partly {
        have: R,
        out: R::Outputs,
        handle: Handle,
        owner: Owner,
        state: State,
        unread: &'static [&'static str],
    },
}

/// Where a resource stands in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Ready,
    /// Changing by itself; the word is AWS's own, as `creating` or `modifying`.
    Settling(String),
    /// AWS gave up; the text is AWS's own.
    Failed(String),
    Deleting,
}

/// How a resource is done away with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposal {
    /// What AWS deletes only when it is empty, and is not, is `Blocked`, reason `NotEmpty`.
    Delete,
    /// With all that is in it: what takes more than a few calls goes on in the next try, and it is still there meanwhile.
    Empty,
    /// Take a last snapshot of this name; one that is there already is the one of an earlier try.
    Snapshot(String),
}

/// A copy of the data that a missing resource could be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// What goes into the kind's `RESTORES` field.
    pub name: String,
    /// RFC 3339.
    pub taken_at: String,
}

/// How often a settling resource is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What it usually takes, from AWS's guides or from measurement.
    pub usual: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { usual: Duration::from_secs(2) }
    }
}

/// One kind of AWS resource.
pub trait Provider<R: Resource>: Send + Sync + 'static {
    /// IAM actions used: the operator's policy is generated from them.
    const ACTIONS: &'static [&'static str];
    /// The AWS services that it hands roles to, as `rds.amazonaws.com`: `iam:PassRole` is allowed for these and no others.
    const PASSES_ROLES_TO: &'static [&'static str] = &[];
    /// How long creating and changing usually take.
    const PACE: Pace = Pace { usual: Duration::from_secs(2) };

    /// Looks. Normalises case, order, defaults and pending values, so that what was wished compares as equal.
    fn observe(&self, id: &Id) -> impl Future<Output = Result<Seen<R>>> + Send;

    /// Makes it, with its tags and its token in the same call where AWS takes them. Returns the ARN or AWS id.
    ///
    /// `want.tags` holds the owner's tags already.
    fn create(&self, id: &Id, want: &R) -> impl Future<Output = Result<Handle>> + Send;

    /// Brings it nearer to the wish; may take one step, and is called again until nothing differs.
    fn update(&self, id: &Id, have: &R, want: &R, diff: &Diff) -> impl Future<Output = Result<()>> + Send;

    /// Asks for its end. It is gone when `observe` says so.
    fn delete(&self, id: &Id, have: &R, disposal: Disposal) -> impl Future<Output = Result<()>> + Send;

    /// The outputs of what `create` has just made, where it stands complete as soon as AWS answers and they follow from
    /// the answer alone. `None`: it must be looked at.
    fn made(&self, _id: &Id, _handle: &Handle) -> Option<R::Outputs> {
        None
    }

    /// Copies of its data that are left when it is gone, newest first.
    fn backups(&self, _id: &Id) -> impl Future<Output = Result<Vec<Backup>>> + Send {
        async { Ok(Vec::new()) }
    }
}

/// [`Seen`], without its type.
#[derive(Clone, Debug)]
pub enum Look {
    Absent,
    Present(Box<Sight>),
}

/// What was seen of a resource that is there.
#[derive(Clone, Debug)]
pub struct Sight {
    pub have: Value,
    pub out: Value,
    pub handle: Handle,
    pub owner: Owner,
    pub state: State,
    /// Fields of `have` that were not read this time.
    pub unread: &'static [&'static str],
}

impl Sight {
    /// What was made as wished a moment ago, with these outputs.
    pub fn made(id: &Id, want: &Value, handle: &Handle, out: Value) -> Sight {
        let owner = Owner::Tagged { owner: id.owner.clone(), node: id.node.clone(), incarnation: id.incarnation };
        Sight { have: want.clone(), out, handle: handle.clone(), owner, state: State::Ready, unread: &[] }
    }
}

/// [`Provider`], without its type: what the engine calls.
pub trait Erased: Send + Sync {
    fn spec(&self) -> &KindSpec;
    fn actions(&self) -> &'static [&'static str];
    fn passes_roles_to(&self) -> &'static [&'static str] {
        &[]
    }
    fn pace(&self) -> Pace;
    fn observe<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Look>>;
    fn create<'a>(&'a self, id: &'a Id, want: &'a Value) -> BoxFuture<'a, Result<Handle>>;
    fn update<'a>(&'a self, id: &'a Id, have: &'a Value, want: &'a Value, diff: &'a Diff) -> BoxFuture<'a, Result<()>>;
    fn delete<'a>(&'a self, id: &'a Id, have: &'a Value, disposal: Disposal) -> BoxFuture<'a, Result<()>>;
    /// What stands after `create`, if nobody need look; see [`Provider::made`].
    fn made(&self, id: &Id, want: &Value, handle: &Handle) -> Option<Sight>;
    fn backups<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Vec<Backup>>>;
}

struct Adapter<R, P> {
    spec: KindSpec,
    provider: P,
    resource: PhantomData<fn() -> R>,
}

fn typed<T: DeserializeOwned>(value: &Value) -> Result<T> {
    serde_json::from_value(value.clone()).map_err(Error::invalid)
}

impl<R: Resource, P: Provider<R>> Erased for Adapter<R, P> {
    fn spec(&self) -> &KindSpec {
        &self.spec
    }

    fn actions(&self) -> &'static [&'static str] {
        P::ACTIONS
    }

    fn passes_roles_to(&self) -> &'static [&'static str] {
        P::PASSES_ROLES_TO
    }

    fn pace(&self) -> Pace {
        P::PACE
    }

    fn observe<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Look>> {
        Box::pin(async move {
            let (have, out, handle, owner, state, unread) = match self.provider.observe(id).await? {
                Seen::Absent => return Ok(Look::Absent),
                Seen::Present { have, out, handle, owner, state } => (have, out, handle, owner, state, &[][..]),
                Seen::Partly { have, out, handle, owner, state, unread } => (have, out, handle, owner, state, unread),
            };
            let have = serde_json::to_value(&have).map_err(Error::invalid)?;
            let out = serde_json::to_value(&out).map_err(Error::invalid)?;
            Ok(Look::Present(Box::new(Sight { have, out, handle, owner, state, unread })))
        })
    }

    fn create<'a>(&'a self, id: &'a Id, want: &'a Value) -> BoxFuture<'a, Result<Handle>> {
        Box::pin(async move { self.provider.create(id, &typed(want)?).await })
    }

    fn update<'a>(&'a self, id: &'a Id, have: &'a Value, want: &'a Value, diff: &'a Diff) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.provider.update(id, &typed(have)?, &typed(want)?, diff).await })
    }

    fn delete<'a>(&'a self, id: &'a Id, have: &'a Value, disposal: Disposal) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.provider.delete(id, &typed(have)?, disposal).await })
    }

    fn made(&self, id: &Id, want: &Value, handle: &Handle) -> Option<Sight> {
        let out = serde_json::to_value(self.provider.made(id, handle)?).ok()?;
        Some(Sight::made(id, want, handle, out))
    }

    fn backups<'a>(&'a self, id: &'a Id) -> BoxFuture<'a, Result<Vec<Backup>>> {
        Box::pin(self.provider.backups(id))
    }
}

/// The providers of one Environment, by kind.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Arc<dyn Erased>>);

impl Registry {
    /// Adds a provider: the one line that a new resource costs here.
    #[must_use]
    pub fn with<R: Resource>(self, provider: impl Provider<R>) -> Self {
        self.with_erased(Arc::new(Adapter::<R, _> { spec: KindSpec::of::<R>(), provider, resource: PhantomData }))
    }

    /// Adds a provider that has no type, as the simulation's.
    #[must_use]
    pub fn with_erased(mut self, provider: Arc<dyn Erased>) -> Self {
        self.0.insert(provider.spec().kind, provider);
        self
    }

    /// Puts two registries together.
    #[must_use]
    pub fn and(mut self, other: Registry) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The provider of a kind.
    ///
    /// # Errors
    /// `Blocked` for a kind that this build does not know, as an inventory written by a newer one may hold.
    pub fn get(&self, kind: &str) -> Result<&Arc<dyn Erased>> {
        self.0.get(kind).ok_or_else(|| {
            Error::blocked(
                "UnknownKind",
                format!("this version of Terrace does not know {kind}: run the version that made it, or a later one"),
            )
        })
    }

    /// The providers of these kinds alone.
    #[must_use]
    pub fn only(mut self, kinds: &BTreeSet<&str>) -> Self {
        self.0.retain(|kind, _| kinds.contains(kind));
        self
    }

    /// All providers, in the order of their kinds.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Erased>> {
        self.0.values()
    }
}

/// Finds what bears an object's owner tags, when its inventory is lost.
pub trait Finder: Send + Sync {
    /// Everything in the region that carries all of these tags, and the copies of data that carry them.
    fn find<'a>(&'a self, tags: &'a BTreeMap<String, String>, region: &'a str) -> BoxFuture<'a, Result<Vec<Found>>>;
}

/// One resource found by its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub handle: Handle,
    pub tags: BTreeMap<String, String>,
    /// It is a snapshot or a backup, and bears the tags of what it was taken from.
    pub copy: bool,
}
