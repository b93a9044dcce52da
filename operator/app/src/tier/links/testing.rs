//! Two objects of two namespaces, of which one refers to the other.

use terrace_crds::{EnvironmentPin, GrantAccess, TierGrantSpec, User};
use terrace_tiers::{ObjectKey, Use};

use super::neighbourhood::Neighbour;

/// The target.
pub fn orders() -> ObjectKey {
    ObjectKey::new("DataTier", "shop", "orders")
}

/// The user.
pub fn copy() -> ObjectKey {
    ObjectKey::new("DataTier", "analytics", "copy")
}

/// A reference that needs an ARN.
pub fn used(target: ObjectKey) -> Use {
    Use {
        field: "spec.restoreFrom".into(),
        target,
        access: GrantAccess::Read,
        binding: None,
        needs: &["arn"],
        until: None,
        security_group: None,
        principal: None,
    }
}

/// A grant, as it would be written.
pub fn grant(yaml: &str) -> TierGrantSpec {
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"))
}

/// The Environment `prod` of this UID.
pub fn pinned(uid: &str) -> EnvironmentPin {
    EnvironmentPin { name: "prod".into(), uid: uid.into() }
}

/// An object with an ARN.
pub fn standing() -> Neighbour {
    Neighbour { uid: "u".into(), outputs: [("arn".to_owned(), "arn:a".to_owned())].into(), ..Neighbour::default() }
}

/// The same, with these users.
pub fn listing(users: Vec<User>) -> Neighbour {
    Neighbour { users, ..standing() }
}

/// An object that refers to others.
pub fn referring(uses: Vec<Use>) -> Neighbour {
    Neighbour { uses, ..standing() }
}
