//! Where each object of a world is found: views ask for many, and none of them goes through all the others.

use std::collections::{HashMap, HashSet};

use terrace_crds::{GrantAccess, UserAccess};
use terrace_tiers::{ObjectKey, Use};

use crate::{Environment, Object, World};

/// Who uses something, by which binding, and whether it may change it: what makes two uses the same (`User::is`).
type Usage<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, bool);

/// The objects of a world by key, its Environments by name and UID, and whom each object lists among its users.
pub struct Index<'a> {
    world: &'a World,
    by_key: HashMap<&'a ObjectKey, usize>,
    by_name: HashMap<&'a str, usize>,
    by_uid: HashMap<&'a str, usize>,
    users: HashSet<(usize, Usage<'a>)>,
}

impl<'a> Index<'a> {
    /// Goes through the world once.
    pub fn of(world: &'a World) -> Self {
        #[cfg(test)]
        crate::count::add("worlds gone through", 1);
        let environments = || world.environments.iter().enumerate();
        let users = world.objects.iter().enumerate().flat_map(|(at, object)| {
            object.status.users.iter().map(move |user| {
                let changes = user.access == UserAccess::ReadWrite;
                (at, (&*user.kind, &*user.namespace, &*user.name, user.binding.as_deref(), changes))
            })
        });
        Index {
            world,
            by_key: world.objects.iter().enumerate().map(|(at, object)| (&object.key, at)).collect(),
            by_name: environments().map(|(at, environment)| (environment.name.as_str(), at)).collect(),
            by_uid: environments().map(|(at, environment)| (environment.uid.as_str(), at)).collect(),
            users: users.collect(),
        }
    }

    /// The place of an object among all objects.
    pub fn place(&self, key: &ObjectKey) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The object of a key.
    pub fn object(&self, key: &ObjectKey) -> Option<&'a Object> {
        self.place(key).map(|at| &self.world.objects[at])
    }

    /// The place of an Environment among all Environments.
    pub fn place_of_environment(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The Environment that an object is pinned to.
    pub fn environment(&self, object: &Object) -> Option<&'a Environment> {
        let pin = object.status.environment.as_ref()?;
        self.by_uid.get(pin.uid.as_str()).map(|at| &self.world.environments[*at])
    }

    /// Whether the target of a use lists it.
    pub fn admits(&self, who: &ObjectKey, used: &Use) -> bool {
        let changes = used.access == GrantAccess::ReadWrite;
        let usage = (&*who.kind, &*who.namespace, &*who.name, used.binding.as_deref(), changes);
        self.place(&used.target).is_some_and(|at| self.users.contains(&(at, usage)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{environment, key, web_world};

    #[test]
    fn what_there_is_is_found_and_what_there_is_not_is_not() {
        let mut world = web_world();
        world.environments.push(environment("staging"));
        let index = Index::of(&world);
        for (at, object) in world.objects.iter().enumerate() {
            assert_eq!((index.place(&object.key), index.object(&object.key)), (Some(at), Some(object)));
            assert_eq!(index.environment(object), world.environment(object));
        }
        assert_eq!((index.place_of_environment("staging"), index.place_of_environment("test")), (Some(1), None));
        assert_eq!(index.object(&key("DataTier shop/order")), None);
    }

    #[test]
    fn a_use_is_admitted_where_its_target_lists_the_same() {
        let mut world = web_world();
        let app = key("WebApp shop/shop");
        let used = world.object_mut("WebApp shop/shop").uses[0].clone();
        let admits = |world: &World, used: &Use| Index::of(world).admits(&app, used);
        assert!(admits(&world, &used));
        for other in [
            Use { access: GrantAccess::Read, ..used.clone() },
            Use { binding: None, ..used.clone() },
            Use { target: key("DataTier shop/other"), ..used.clone() },
        ] {
            assert!(!admits(&world, &other), "{other:?}");
        }
        world.object_mut("DataTier shop/orders").status.users.clear();
        assert!(!admits(&world, &used));
    }
}
