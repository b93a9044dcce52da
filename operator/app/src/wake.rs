//! How one object's watch, or reconcile, wakes others, beside what they watch themselves.

use std::collections::BTreeMap;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::core::DeserializeGuard;
use kube::runtime::reflector::ObjectRef;
use terrace_crds::Environment;
use terrace_tiers::ObjectKey;

use crate::tier::links::Concerned;

/// The sending ends.
pub struct Wake {
    /// By kind.
    tiers: BTreeMap<&'static str, Ends>,
    environments: UnboundedSender<ObjectRef<DeserializeGuard<Environment>>>,
}

struct Ends {
    all: UnboundedSender<()>,
    one: UnboundedSender<ObjectKey>,
}

/// The receiving ends of one kind of tier.
pub struct WokenTiers {
    /// Every object of the kind.
    pub all: UnboundedReceiver<()>,
    /// One object.
    pub one: UnboundedReceiver<ObjectKey>,
}

/// The receiving ends, one for each controller.
pub struct Woken {
    /// By kind.
    pub tiers: BTreeMap<&'static str, WokenTiers>,
    pub environments: UnboundedReceiver<ObjectRef<DeserializeGuard<Environment>>>,
}

/// Both ends, for these kinds of tiers.
pub fn channels(kinds: impl Iterator<Item = &'static str>) -> (Wake, Woken) {
    let (environments, environments_woken) = unbounded();
    let mut wake = Wake { tiers: BTreeMap::new(), environments };
    let mut woken = Woken { tiers: BTreeMap::new(), environments: environments_woken };
    for kind in kinds {
        let ((all, all_woken), (one, one_woken)) = (unbounded(), unbounded());
        wake.tiers.insert(kind, Ends { all, one });
        woken.tiers.insert(kind, WokenTiers { all: all_woken, one: one_woken });
    }
    (wake, woken)
}

// Nobody listens any more when the process is about to end.
impl Wake {
    /// Every tier is looked at: an Environment or a namespace has changed.
    pub fn all_tiers(&self) {
        for ends in self.tiers.values() {
            let _ = ends.all.unbounded_send(());
        }
    }

    /// Those are looked at whom a change of another object concerns.
    pub fn concerned(&self, concerned: Concerned) {
        for key in concerned.objects {
            if let Some(ends) = self.tiers.get(key.kind.as_str()) {
                let _ = ends.one.unbounded_send(key);
            }
        }
        for name in concerned.environments {
            let _ = self.environments.unbounded_send(ObjectRef::new(&name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_change_concerns_is_woken_and_no_other() {
        let (wake, mut woken) = channels(["DataTier", "WebApp"].into_iter());
        let orders = ObjectKey::new("DataTier", "shop", "orders");
        let unknown = ObjectKey::new("CacheTier", "shop", "sessions");
        let objects = [orders.clone(), unknown].into();
        wake.concerned(Concerned { objects, environments: ["prod".to_owned()].into() });
        wake.all_tiers();
        drop(wake);
        let drain = |kind: &str, woken: &mut Woken| {
            let mut ends = woken.tiers.remove(kind).expect("a kind");
            let one = std::iter::from_fn(|| ends.one.try_recv().ok()).collect::<Vec<_>>();
            (one, std::iter::from_fn(|| ends.all.try_recv().ok()).count())
        };
        assert_eq!(drain("DataTier", &mut woken), (vec![orders], 1));
        assert_eq!(drain("WebApp", &mut woken), (vec![], 1));
        assert_eq!(woken.environments.try_recv().ok().map(|environment| environment.name), Some("prod".into()));
    }
}
