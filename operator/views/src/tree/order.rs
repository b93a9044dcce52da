//! Which objects are shown, and in which order: the blocker first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::Scope;
use crate::Environment;
use crate::standing::{Absent, State, Waits, mark};
use crate::style::Mark;

/// The places of the objects to be shown, in their order.
///
/// # Errors
/// Where the one that was asked for is not there.
pub fn shown(waits: &Waits, scope: &Scope) -> Result<Vec<usize>, Absent> {
    let objects = &waits.world.objects;
    let mut places: Vec<usize> = match scope {
        Scope::All => (0..objects.len()).collect(),
        Scope::Namespace(namespace) => {
            (0..objects.len()).filter(|at| objects[*at].key.namespace == *namespace).collect()
        }
        Scope::Object(key) if key.kind == Environment::KIND => {
            let there = waits.place_of_environment(&key.name).ok_or_else(|| Absent::of(waits.world, key))?;
            let pinned = |at: &usize| objects[*at].status.environment.as_ref().is_some_and(|pin| pin.name == key.name);
            (0..objects.len()).filter(|at| pinned(at) || waits.on(*at).contains(&there)).collect()
        }
        Scope::Object(key) => {
            let root = waits.place(key).ok_or_else(|| Absent::of(waits.world, key))?;
            let mut used = reachable(waits, root);
            used.remove(&root);
            let mut rest: Vec<usize> = used.into_iter().collect();
            rest.sort_by_cached_key(|at| rank(waits, *at));
            return Ok([root].into_iter().chain(rest).collect());
        }
    };
    places.sort_by_cached_key(|at| rank(waits, *at));
    Ok(places)
}

/// The lower, the more it is what somebody should look at. Of two alike the one comes first that holds up more, then the
/// one that stands so for longer; what is Ready keeps the order in which it came.
fn rank(waits: &Waits, at: usize) -> (u8, Reverse<usize>, Option<i64>) {
    let object = &waits.world.objects[at];
    let standing = waits.thing(at).standing();
    let held = waits.held(at).len();
    let class = match standing.state {
        State::Stalled => 0,
        State::Unknown | State::Reconciling if held > 0 && waits.on(at).is_empty() => 1,
        State::Unknown => 2,
        State::Reconciling if waits.on(at).is_empty() => 3,
        State::Reconciling => 4,
        State::Paused => 5,
        State::Ready if mark(object, &standing) == Mark::Concern => 6,
        State::Ready => 7,
    };
    let since = standing.since.filter(|_| standing.state != State::Ready).map(|since| since.as_second());
    (class, Reverse(held), since)
}

/// An object and all that it uses, by way of others too.
fn reachable(waits: &Waits, root: usize) -> BTreeSet<usize> {
    let (mut seen, mut open) = (BTreeSet::from([root]), vec![root]);
    while let Some(at) = open.pop() {
        let targets = waits.world.objects[at].uses.iter().filter_map(|used| waits.place(&used.target));
        open.extend(targets.filter(|target| seen.insert(*target)));
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::web_world::{key, object, web_world, with_a_refused_database};

    fn order(world: &World, scope: &Scope) -> Vec<String> {
        let waits = Waits::of(world);
        let places = shown(&waits, scope).expect("objects");
        places.into_iter().map(|at| world.objects[at].key.title()).collect()
    }

    #[test]
    fn the_blocker_comes_first_then_what_waits_for_it_then_what_is_ready_as_it_came() {
        let expected = [
            "DataTier shop/orders",
            "WebApp shop/shop",
            "EdgeTier shop/shop",
            "CacheTier shop/sessions",
            "ObjectTier shop/assets",
        ];
        assert_eq!(order(&with_a_refused_database(), &Scope::All), expected);
    }

    #[test]
    fn of_two_that_are_stalled_the_one_that_holds_up_more_comes_first_and_then_the_older() {
        let mut world = with_a_refused_database();
        for (name, since) in [("young", "1m"), ("old", "9d")] {
            let mut other = object(&format!("DataTier a/{name}"));
            other.stalls("QuotaExceeded", "no", since);
            world.objects.insert(0, other);
        }
        assert_eq!(order(&world, &Scope::All)[..3], ["DataTier shop/orders", "DataTier a/old", "DataTier a/young"]);
    }

    #[test]
    fn what_goes_on_by_itself_comes_after_what_nobody_looked_at_and_before_what_is_held() {
        let mut world = web_world();
        world.object_mut("ObjectTier shop/assets").stalls("Paused", "held", "1d");
        world.object_mut("EdgeTier shop/shop").reconciles(
            "Settling",
            "distribution (cloudfront/Distribution): x",
            "1m",
        );
        world.object_mut("CacheTier shop/sessions").becomes("Drifted", "True", "ChangedOutside", "cache: size", "1m");
        world.objects.push(object("WebApp web/new"));
        let expected = [
            "WebApp web/new",
            "EdgeTier shop/shop",
            "ObjectTier shop/assets",
            "CacheTier shop/sessions",
            "DataTier shop/orders",
            "WebApp shop/shop",
        ];
        assert_eq!(order(&world, &Scope::All), expected);
        assert_eq!(order(&world, &Scope::Namespace("web".into())), ["WebApp web/new"]);
    }

    #[test]
    fn of_one_object_only_what_it_uses_is_shown_after_it() {
        let world = web_world();
        let used = order(&world, &Scope::Object(key("WebApp shop/shop")));
        assert_eq!(used, ["WebApp shop/shop", "CacheTier shop/sessions", "DataTier shop/orders"]);
        assert_eq!(order(&world, &Scope::Object(key("ObjectTier shop/assets"))), ["ObjectTier shop/assets"]);
    }
}
