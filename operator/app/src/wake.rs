//! How reconciles of one kind wake those of another, beside what they watch.

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::core::DeserializeGuard;
use kube::runtime::reflector::ObjectRef;
use terrace_crds::Environment;

/// The sending ends.
pub struct Wake {
    tiers: UnboundedSender<()>,
    environments: UnboundedSender<ObjectRef<DeserializeGuard<Environment>>>,
}

/// The receiving ends, one for each controller.
pub struct Woken {
    pub tiers: UnboundedReceiver<()>,
    pub environments: UnboundedReceiver<ObjectRef<DeserializeGuard<Environment>>>,
}

/// Both ends.
pub fn channels() -> (Wake, Woken) {
    let (tiers, tiers_woken) = unbounded();
    let (environments, environments_woken) = unbounded();
    (Wake { tiers, environments }, Woken { tiers: tiers_woken, environments: environments_woken })
}

impl Wake {
    /// Every tier is looked at: an Environment or a namespace has changed.
    pub fn all_tiers(&self) {
        // Nobody listens any more when the process is about to end.
        let _ = self.tiers.unbounded_send(());
    }

    /// An Environment is looked at: the number of its users has changed.
    pub fn environment(&self, name: &str) {
        let _ = self.environments.unbounded_send(ObjectRef::new(name));
    }
}
