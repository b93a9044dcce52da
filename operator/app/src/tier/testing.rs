//! Fixtures that the tests of a tier's reconcile share.

use std::collections::BTreeMap;

use terrace_engine::{Error, Look, Outcome};
use terrace_model::NodeKey;

/// A pass with nothing to do, in which this was found.
pub fn outcome(found: impl IntoIterator<Item = (NodeKey, Result<Look, Error>)>) -> Outcome {
    Outcome {
        inventory: Default::default(),
        plan: Default::default(),
        sights: found.into_iter().collect(),
        pending: None,
        failures: BTreeMap::new(),
        drift: BTreeMap::new(),
        requeue: None,
        rotation: None,
        unsaved: None,
    }
}
