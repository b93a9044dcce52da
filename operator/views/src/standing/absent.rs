//! What is said where somebody names an object that is not there.

use terrace_tiers::ObjectKey;

use super::ObjectName;
use crate::{Environment, World};

/// There is no such object; it says what may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    pub asked: ObjectName,
    /// Objects of the same name, or of the same kind in the same namespace.
    pub near: Vec<ObjectName>,
}

/// The most objects that are offered.
const MOST: usize = 5;

impl Absent {
    /// Looks for what may have been meant.
    pub fn of(world: &World, key: &ObjectKey) -> Self {
        let asked = ObjectName::from(key);
        let same_name = |other: &&ObjectKey| other.name == key.name;
        let same_place = |other: &&ObjectKey| other.kind == key.kind && other.namespace == key.namespace;
        let all = || world.objects.iter().map(|object| &object.key);
        if key.kind == Environment::KIND {
            let near = world.environments.iter().map(|environment| ObjectName::environment(&environment.name));
            return Absent { asked, near: near.take(MOST).collect() };
        }
        let near = all().filter(same_name).chain(all().filter(|other| same_place(other) && !same_name(other)));
        Absent { asked, near: near.map(ObjectName::from).take(MOST).collect() }
    }
}

impl std::fmt::Display for Absent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no {}", self.asked.title())?;
        match self.near.as_slice() {
            [] => Ok(()),
            near => write!(f, "; there is {}", near.iter().map(ObjectName::title).collect::<Vec<_>>().join(", ")),
        }
    }
}

impl std::error::Error for Absent {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{key, web_world};

    #[test]
    fn whoever_misspells_a_name_is_told_what_there_is() {
        let said = |title| Absent::of(&web_world(), &key(title)).to_string();
        assert_eq!(said("DataTier shop/order"), "there is no DataTier shop/order; there is DataTier shop/orders");
        assert_eq!(said("DataTier web/orders"), "there is no DataTier web/orders; there is DataTier shop/orders");
        assert_eq!(said("Nothing a/b"), "there is no Nothing a/b");
        let test = ObjectKey::new("Environment", "", "test");
        assert_eq!(
            Absent::of(&web_world(), &test).to_string(),
            "there is no Environment test; there is Environment prod"
        );
    }
}
