//! What every AWS resource states about itself: its kind, the rules of its fields, its outputs.

use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::graph::Node;
use crate::val::{Ref, Source, Val};

/// How a field that differs is dealt with. A field without a rule is compared as equal and changed in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// AWS cannot change it: a new resource takes the place of the old one.
    Replace,
    /// It is never changed; the text says what to do instead. Raising a number is let through, lowering it is not.
    Refuse(&'static str),
    /// AWS or autoscaling may have raised it: what is there satisfies when it is at least what is wished.
    Grows,
    /// A version: "17" is satisfied by "17.5".
    Prefix,
    /// Used when the resource is made, and never compared.
    OnCreate,
    /// A part of the address that may change while it stays the same resource, as the port of the server that it lies in:
    /// it is looked for where the wish says, or once there is no wish where the record says, and never compared.
    Moves,
    /// A map of which only the keys that we set, now or before, are ours.
    Keyed,
}

/// In which order a replacement goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// New, dependants, old.
    CreateFirst,
    /// Old, new, dependants: where two cannot stand side by side.
    #[default]
    DeleteFirst,
}

/// Whether something that an object has never intended to make must be looked for before it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Novelty {
    /// It must: making it again would make a second one, or change somebody else's.
    #[default]
    Looked,
    /// AWS makes no second one of that name and says so, and it holds no data: it is made at once, and looked at where
    /// that fails.
    Named,
    /// It lies within another resource: where that was made a moment ago, it cannot be there yet.
    Within,
}

/// One kind of AWS resource. The same type is the wish and what was seen.
///
/// `None` in a wish means "not ours to say": the field is not compared. Tiers therefore set every field that a user can
/// set, AWS's default included.
pub trait Resource: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Service and type, as `rds/DbInstance`: the tag, the metric label, the log field.
    const KIND: &'static str;
    /// Rules of the fields that need one, by their names on the wire.
    const FIELDS: &'static [(&'static str, Rule)] = &[];
    /// Order of a replacement.
    const REPLACE: Replace = Replace::DeleteFirst;
    /// Holds data: never replaced or deleted without consent.
    const HOLDS_DATA: bool = false;
    /// A last snapshot can be taken as it is deleted.
    const SNAPSHOTS: bool = false;
    /// A look at something that another resource brings along: never created, changed or deleted by us.
    const READ_ONLY: bool = false;
    /// Fields that locate it within its parent, for what has neither name nor tags of its own.
    const ADDRESS: &'static [&'static str] = &[];
    /// The field that names a snapshot to be made from, for what can carry its data into a replacement.
    const RESTORES: Option<&'static str> = None;
    /// Fields whose replacement can carry the data over through a snapshot; a change of any other loses it.
    const CARRIES: &'static [&'static str] = &[];
    /// Whether the first look can be spared.
    const NOVELTY: Novelty = Novelty::Looked;
    /// How long a look-up may lag behind a create (the service's own guide).
    const VISIBLE_AFTER: Duration = Duration::ZERO;
    /// What is known of it once it exists. All fields are `Option`: `None` is "not known yet".
    type Outputs: Serialize + DeserializeOwned + Default + Send + Sync;
}

/// The name of one output of `R`, with its type.
pub struct Out<R, T> {
    name: &'static str,
    types: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Out<R, T> {
    /// Names an output by its field on the wire.
    pub const fn new(name: &'static str) -> Self {
        Out { name, types: PhantomData }
    }

    /// The field's name on the wire.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl<R: Resource> Node<R> {
    /// Refers to an output of this node: the only way to make an edge.
    pub fn out<T>(&self, output: Out<R, T>) -> Val<T> {
        Val::Ref(Ref { source: Source::Node(self.id().into()), output: output.name.into() })
    }
}

/// Whose word a state of this kind is: `AWS`, or for what stands in the cluster `Kubernetes`, or a database server.
pub fn system(kind: &str) -> &'static str {
    match kind.split('/').next() {
        Some("kubernetes") => "Kubernetes",
        Some("sql") => "the database",
        _ => "AWS",
    }
}

/// What the engine knows of a kind, without its type.
#[derive(Clone, Copy, Debug)]
pub struct KindSpec {
    pub kind: &'static str,
    pub fields: &'static [(&'static str, Rule)],
    pub replace: Replace,
    pub holds_data: bool,
    pub snapshots: bool,
    pub read_only: bool,
    pub address: &'static [&'static str],
    pub restores: Option<&'static str>,
    pub carries: &'static [&'static str],
    pub novelty: Novelty,
    pub visible_after: Duration,
    /// Brings a wish into the form that is compared (order of sets, names of fields), or says why it is none.
    pub normalise: fn(&Value) -> Result<Value, String>,
    /// All outputs, each null.
    pub outputs: fn() -> Value,
}

impl KindSpec {
    /// The specification of `R`.
    pub fn of<R: Resource>() -> Self {
        KindSpec {
            kind: R::KIND,
            fields: R::FIELDS,
            replace: R::REPLACE,
            holds_data: R::HOLDS_DATA,
            snapshots: R::SNAPSHOTS,
            read_only: R::READ_ONLY,
            address: R::ADDRESS,
            restores: R::RESTORES,
            carries: R::CARRIES,
            novelty: R::NOVELTY,
            visible_after: R::VISIBLE_AFTER,
            normalise: normalise::<R>,
            outputs: || serde_json::to_value(R::Outputs::default()).unwrap_or_default(),
        }
    }

    /// Whether it takes changes while it settles, as objects of Kubernetes do.
    pub fn is_patient(&self) -> bool {
        system(self.kind) == "Kubernetes"
    }

    /// The rule of a field, if it has one.
    pub fn rule(&self, field: &str) -> Option<Rule> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, rule)| *rule)
    }

    /// Whether two addresses are of one resource: they differ in nothing but in what [moves](Rule::Moves).
    pub fn is_same_address(&self, one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
        let fixed = |field: &&&str| self.rule(field) != Some(Rule::Moves);
        self.address.iter().filter(fixed).all(|field| one.get(*field) == other.get(*field))
    }
}

fn normalise<R: Resource>(value: &Value) -> Result<Value, String> {
    let typed: R = serde_json::from_value(value.clone()).map_err(|error| format!("{}: {error}", R::KIND))?;
    serde_json::to_value(&typed).map_err(|error| format!("{}: {error}", R::KIND))
}
