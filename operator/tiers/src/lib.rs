//! Custom resource and facts to graph: one tier a module, pure.
//!
//! *Architecture Invariant:* nothing here does I/O or reads a clock. Whatever a graph depends on is in the object's spec
//! or in [`Facts`], so that the same input always gives the same graph.

mod access;
mod cache_tier;
mod check;
mod data_tier;
mod draft;
mod edge_tier;
pub mod facts;
mod invalid;
mod naming;
mod object_tier;
mod reference;
pub mod samples;
mod uses;
mod web_app;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use terrace_model::{Graph, Val};

pub use facts::Facts;
pub use invalid::{Invalid, Problem};
pub use reference::{Reference, ReferenceKind};
pub use uses::{ObjectKey, Objects, Use};

/// Where procedures stand (`status.progress`), and when to judge again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advance {
    pub progress: Vec<terrace_crds::Progress>,
    pub again: Option<Duration>,
}

/// A password that changes from time to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// When the one in use was made, where that is known.
    pub made: Option<Timestamp>,
    /// When the next one is to take its place.
    pub due: Timestamp,
}

/// Why an object whose resources are all as its graph says is not what its spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// One of [`Course::REASONS`].
    pub reason: &'static str,
    pub message: String,
    /// It was given up: nothing goes on before the spec changes.
    pub given_up: bool,
}

impl Course {
    /// A new version is on its way.
    pub const ROLLING_OUT: &str = "RollingOut";
    /// A new version gives its requests back.
    pub const ROLLING_BACK: &str = "RollingBack";
    /// A new version was taken back.
    pub const ROLLED_BACK: &str = "RolledBack";
    /// All of them, as conditions bear them.
    pub const REASONS: [&str; 3] = [Self::ROLLING_OUT, Self::ROLLING_BACK, Self::ROLLED_BACK];
}

/// The logical id that the Secret for workloads has in every graph with one (`status.binding`).
pub const BINDING: &str = "binding";

/// A custom resource that expands to a graph of AWS resources.
pub trait Tier: terrace_crds::TierObject {
    /// The kinds of all resources that its graphs may hold: what the operator may do is derived from them.
    const RESOURCES: &'static [&'static str];

    /// The objects of the cluster that the spec refers to, each field once: for [`Facts::objects`] to be filled in, and
    /// for their own [`Facts::users`].
    fn uses(&self) -> Vec<Use>;

    /// The existing AWS resources that the spec names, itself or by an output of one of `objects`, for [`Facts::named`]
    /// to be filled in.
    fn references(&self, objects: &Objects) -> Vec<Reference>;

    /// The parameter group family of the engine that the spec asks for, for [`Facts::parameters`] to be filled in.
    /// `None` where there is none, where the spec sets no parameter, or where it asks for what [`Tier::expand`] refuses.
    fn parameter_family(&self) -> Option<String>;

    /// The names of the CloudWatch alarms that decide how a procedure goes on, for [`Facts::alarms`] to be filled in.
    fn alarms(&self) -> Vec<String> {
        Vec::new()
    }

    /// The logical ids of the target groups whose health decides how a procedure goes on that stands there, for
    /// [`Facts::targets`] to be filled in.
    fn target_groups(&self, _progress: &[terrace_crds::Progress]) -> Vec<String> {
        Vec::new()
    }

    /// Where the procedures of the object stand now, judged from `facts`: it is written to `status.progress` before the
    /// graph of that step is expanded.
    fn advance(&self, facts: &Facts) -> Advance {
        Advance { progress: facts.progress.clone(), again: None }
    }

    /// The passwords that a procedure changes, as far as it has come: they go together.
    fn credential(&self, _facts: &Facts) -> Option<Credential> {
        None
    }

    /// What is wished for in AWS.
    ///
    /// # Errors
    /// Everything that is wrong with the spec in the light of these facts, at once.
    fn expand(&self, facts: &Facts) -> Result<Graph, Invalid>;

    /// What `status.outputs` says, by name: known, or the output of a node of the graph.
    fn outputs(&self) -> BTreeMap<&'static str, Val<Value>>;

    /// What one user alone gets in place of the outputs of the same names, as the name of a database user of its own. Whoever
    /// is not in it gets the outputs.
    fn user_outputs(&self, _facts: &Facts) -> BTreeMap<terrace_crds::User, BTreeMap<&'static str, Val<Value>>> {
        BTreeMap::new()
    }

    /// How far a procedure has come that is yet to make of the object what its spec asks for, or that was given up.
    fn course(&self, _facts: &Facts) -> Option<Course> {
        None
    }

    /// What status is to say of an object that stands as wished: what it does without, and what that costs.
    fn remarks(&self, _facts: &Facts) -> Vec<String> {
        Vec::new()
    }
}
