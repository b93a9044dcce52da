//! All objects as others see them, who refers to whom, and whom a change concerns. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use terrace_crds::{EnvironmentPin, TierGrantSpec, User};
use terrace_tiers::{ObjectKey, Use};

use super::grants::Grants;

/// An object as others see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbour {
    pub uid: String,
    /// It is on its way out.
    pub deleting: bool,
    /// Nobody has written its status yet, or it was lost.
    pub blank: bool,
    /// The Environment that it keeps.
    pub environment: Option<EnvironmentPin>,
    /// `status.outputs`.
    pub outputs: BTreeMap<String, String>,
    /// `status.users`: whom it has admitted.
    pub users: Vec<User>,
    /// What its spec refers to.
    pub uses: Vec<Use>,
}

/// Whom a change concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    pub objects: BTreeSet<ObjectKey>,
    /// Names of Environments, the number of whose objects has changed.
    pub environments: BTreeSet<String>,
}

/// All objects that the watches show, and the grants between them.
#[derive(Debug, Default)]
pub struct Neighbourhood {
    objects: BTreeMap<ObjectKey, Neighbour>,
    /// Who refers to an object, admitted or not, and whether or not there is such an object.
    referrers: BTreeMap<ObjectKey, BTreeSet<ObjectKey>>,
    grants: Grants,
}

impl Neighbourhood {
    /// An object.
    pub fn get(&self, key: &ObjectKey) -> Option<&Neighbour> {
        self.objects.get(key)
    }

    /// The objects of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a ObjectKey> {
        self.objects.keys().filter(move |key| key.kind == kind)
    }

    /// The grants.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// How many objects an Environment serves.
    pub fn served_by(&self, environment: &str) -> usize {
        let served = |object: &&Neighbour| object.environment.as_ref().is_some_and(|pin| pin.uid == environment);
        self.objects.values().filter(served).count()
    }

    /// The references to an object that are admitted, each with who refers.
    pub fn references_to<'a>(&'a self, target: &'a ObjectKey) -> impl Iterator<Item = (&'a ObjectKey, &'a Use)> {
        self.all_references_to(target).filter(move |(who, used)| *who != target && self.grants.admit(who, used))
    }

    fn all_references_to<'a>(&'a self, target: &'a ObjectKey) -> impl Iterator<Item = (&'a ObjectKey, &'a Use)> {
        let referrers = self.referrers.get(target).into_iter().flatten();
        let uses = move |who: &'a ObjectKey| {
            let uses = self.objects.get(who).into_iter().flat_map(|object| &object.uses);
            uses.filter(move |used| used.target == *target).map(move |used| (who, used))
        };
        referrers.flat_map(uses)
    }

    /// Whether `from` refers to `to`, itself or by way of others.
    pub fn reaches(&self, from: &ObjectKey, to: &ObjectKey) -> bool {
        self.way(from, to).is_some()
    }

    /// By which references `from` leads to `to`: both ends, and who is between them, on the shortest way.
    pub fn way<'a>(&'a self, from: &'a ObjectKey, to: &'a ObjectKey) -> Option<Vec<&'a ObjectKey>> {
        let (mut seen, mut next) = (BTreeSet::new(), VecDeque::from([vec![from]]));
        while let Some(way) = next.pop_front() {
            let last = way.last().and_then(|last| self.objects.get(last));
            for target in last.into_iter().flat_map(|object| &object.uses).map(|used| &used.target) {
                let further = || way.iter().copied().chain([target]).collect();
                if target == to {
                    return Some(further());
                }
                if seen.insert(target) {
                    next.push_back(further());
                }
            }
        }
        None
    }

    /// Notes an object as it is now; `None` when it is gone.
    pub fn set(&mut self, key: &ObjectKey, now: Option<Neighbour>) -> Concerned {
        let was = match now.clone() {
            Some(now) => self.objects.insert(key.clone(), now),
            None => self.objects.remove(key),
        };
        self.index(key, was.as_ref(), now.as_ref());
        if was == now { Concerned::default() } else { self.concerned(key, was.as_ref(), now.as_ref()) }
    }

    fn index(&mut self, key: &ObjectKey, was: Option<&Neighbour>, now: Option<&Neighbour>) {
        for used in was.into_iter().flat_map(|was| &was.uses) {
            if let Some(referrers) = self.referrers.get_mut(&used.target) {
                referrers.remove(key);
                if referrers.is_empty() {
                    self.referrers.remove(&used.target);
                }
            }
        }
        for used in now.into_iter().flat_map(|now| &now.uses) {
            self.referrers.entry(used.target.clone()).or_default().insert(key.clone());
        }
    }

    /// Who is not admitted is not concerned: no team brings another's objects up by naming them.
    fn concerned(&self, key: &ObjectKey, was: Option<&Neighbour>, now: Option<&Neighbour>) -> Concerned {
        let mut objects = BTreeSet::new();
        if as_user(was) != as_user(now) {
            let uses = [was, now].into_iter().flatten().flat_map(|object| &object.uses);
            objects.extend(uses.filter(|used| self.grants.admit(key, used)).map(|used| used.target.clone()));
        }
        if as_target(was) != as_target(now) {
            objects.extend(self.references_to(key).map(|(who, _)| who.clone()));
        }
        let users = |object: Option<&Neighbour>| -> BTreeSet<User> {
            object.into_iter().flat_map(|object| object.users.iter().cloned()).collect()
        };
        let (was_admitted, is_admitted) = (users(was), users(now));
        let moved = was_admitted.symmetric_difference(&is_admitted);
        objects.extend(moved.map(|user| ObjectKey::new(&user.kind, &user.namespace, &user.name)));
        objects.remove(key);
        let pin = |object: Option<&Neighbour>| object.and_then(|object| object.environment.clone());
        let (old, new) = (pin(was), pin(now));
        let pins = [&old, &new].into_iter().flatten().filter(|_| old != new);
        Concerned { objects, environments: pins.map(|pin| pin.name.clone()).collect() }
    }

    /// Notes a grant as it is now; `None` when it is gone, or is of no account. It concerns both ends of every reference
    /// that it admits or does no longer.
    pub fn set_grant(&mut self, namespace: &str, name: &str, now: Option<TierGrantSpec>) -> Concerned {
        let before = self.grants.clone();
        self.grants.set(namespace, name, now);
        let within = self.referrers.keys().filter(|target| target.namespace == namespace);
        let changed = within
            .flat_map(|target| self.all_references_to(target))
            .filter(|(who, used)| before.admit(who, used) != self.grants.admit(who, used));
        let objects = changed.flat_map(|(who, used)| [who.clone(), used.target.clone()]).collect();
        Concerned { objects, ..Concerned::default() }
    }
}

/// What its targets look at.
fn as_user(object: Option<&Neighbour>) -> Option<Neighbour> {
    let Neighbour { deleting, blank, uses, outputs, .. } = object?.clone();
    let offers = uses.iter().any(|used| used.security_group.is_some() || used.principal.is_some());
    let (outputs, blank) = if offers { (outputs, blank) } else { (BTreeMap::new(), false) };
    Some(Neighbour { deleting, blank, uses, outputs, ..Neighbour::default() })
}

/// What its users look at.
fn as_target(object: Option<&Neighbour>) -> Option<Neighbour> {
    let Neighbour { deleting, environment, outputs, .. } = object?.clone();
    Some(Neighbour { deleting, environment, outputs, ..Neighbour::default() })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{copy, grant, listing, orders, pinned, referring, standing, used};
    use super::*;

    const GRANT: &str = "{from: [{kind: DataTier, namespace: analytics}], to: [{kind: DataTier, name: orders}]}";

    fn objects(concerned: &Concerned) -> Vec<String> {
        concerned.objects.iter().map(ToString::to_string).collect()
    }

    /// An object that is there, and one that refers to it and may.
    fn pair() -> Neighbourhood {
        let mut all = Neighbourhood::default();
        all.set(&orders(), Some(standing()));
        all.set(&copy(), Some(referring(vec![used(orders())])));
        all.set_grant("shop", "analytics", Some(grant(GRANT)));
        all
    }

    fn changed(change: impl Fn(&mut Neighbour), key: &ObjectKey) -> Vec<String> {
        let mut all = pair();
        let mut now = all.get(key).expect("it is there").clone();
        change(&mut now);
        objects(&all.set(key, Some(now)))
    }

    #[test]
    fn a_change_that_others_look_at_concerns_them_and_no_other_does() {
        let (target, user) = ("DataTier/shop/orders", "DataTier/analytics/copy");
        assert_eq!(changed(|orders| drop(orders.outputs.insert("arn".into(), "b".into())), &orders()), [user]);
        assert_eq!(changed(|orders| orders.users = vec![used(self::orders()).entry(&copy())], &orders()), [user]);
        assert_eq!(changed(|orders| orders.environment = Some(pinned("e2")), &orders()), [user]);
        assert_eq!(changed(|copy| copy.deleting = true, &copy()), [target]);
        assert_eq!(changed(|copy| copy.uses.clear(), &copy()), [target]);
        let by_role = Use { principal: Some("roleArn"), ..used(self::orders()) };
        assert_eq!(changed(|copy| (copy.uses, copy.blank) = (vec![by_role.clone()], true), &copy()), [target]);
        let none: [&str; 0] = [];
        assert_eq!(changed(|copy| drop(copy.outputs.insert("arn".into(), "b".into())), &copy()), none);
        assert_eq!(changed(|_| {}, &orders()), none);
    }

    #[test]
    fn who_comes_and_goes_concerns_both_ends() {
        let mut all = pair();
        assert_eq!(objects(&all.set(&copy(), None)), ["DataTier/shop/orders"]);
        assert_eq!(objects(&all.set(&copy(), Some(referring(vec![used(orders())])))), ["DataTier/shop/orders"]);
        assert_eq!(objects(&all.set(&orders(), None)), ["DataTier/analytics/copy"]);
        assert_eq!(objects(&all.set(&orders(), Some(standing()))), ["DataTier/analytics/copy"]);
        let other = ObjectKey::new("DataTier", "analytics", "other");
        let moved = all.set(&copy(), Some(referring(vec![used(other.clone())])));
        assert_eq!(objects(&moved), ["DataTier/analytics/other", "DataTier/shop/orders"]);
        assert!(all.set(&other, Some(Neighbour::default())).objects.contains(&copy()), "it is waited for");
    }

    #[test]
    fn who_is_not_admitted_is_not_concerned() {
        let mut all = pair();
        all.set_grant("shop", "analytics", None);
        let changes = [
            (copy(), None),
            (copy(), Some(referring(vec![used(orders())]))),
            (orders(), None),
            (orders(), Some(standing())),
        ];
        for (key, now) in changes {
            assert_eq!(all.set(&key, now), Concerned::default());
        }
    }

    #[test]
    fn the_output_that_is_a_users_group_concerns_its_targets() {
        let mut all = pair();
        let grouped = Use { security_group: Some("securityGroupId"), ..used(orders()) };
        all.set(&copy(), Some(referring(vec![grouped.clone()])));
        let outputs = [("securityGroupId".to_owned(), "sg-1".to_owned())].into();
        let concerned = all.set(&copy(), Some(Neighbour { outputs, ..referring(vec![grouped]) }));
        assert_eq!(objects(&concerned), ["DataTier/shop/orders"]);
    }

    #[test]
    fn one_more_user_does_not_concern_the_others() {
        let mut all = pair();
        let first = used(orders()).entry(&copy());
        let second = used(orders()).entry(&ObjectKey::new("DataTier", "shop", "second"));
        all.set(&orders(), Some(listing(vec![first.clone()])));
        let concerned = all.set(&orders(), Some(listing(vec![first, second])));
        assert_eq!(objects(&concerned), ["DataTier/shop/second"]);
    }

    #[test]
    fn a_grant_concerns_both_ends_of_what_it_admits() {
        let mut all = pair();
        all.set_grant("shop", "analytics", None);
        assert_eq!(all.references_to(&orders()).count(), 0);
        let both = ["DataTier/analytics/copy", "DataTier/shop/orders"];
        assert_eq!(objects(&all.set_grant("shop", "analytics", Some(grant(GRANT)))), both);
        assert_eq!(all.references_to(&orders()).map(|(who, _)| who.clone()).collect::<Vec<_>>(), [copy()]);
        // A second that says the same makes no difference, nor does one of them going.
        assert_eq!(all.set_grant("shop", "again", Some(grant(GRANT))), Concerned::default());
        assert_eq!(all.set_grant("shop", "again", None), Concerned::default());
        assert_eq!(objects(&all.set_grant("shop", "analytics", None)), both);
    }

    #[test]
    fn an_environment_is_told_when_it_gets_or_loses_an_object() {
        let mut all = Neighbourhood::default();
        let served = Neighbour { environment: Some(pinned("e")), ..standing() };
        assert_eq!(all.set(&orders(), Some(served.clone())).environments, ["prod".to_owned()].into());
        assert_eq!((all.served_by("e"), all.served_by("other")), (1, 0));
        assert!(all.set(&orders(), Some(Neighbour { deleting: true, ..served })).environments.is_empty());
        assert_eq!(all.set(&orders(), None).environments, ["prod".to_owned()].into());
        assert_eq!(all.served_by("e"), 0);
    }

    #[test]
    fn a_reference_is_followed_by_way_of_others_and_round_in_circles() {
        let key = |name: &str| ObjectKey::new("DataTier", "shop", name);
        let mut all = Neighbourhood::default();
        for (from, to) in [("a", "b"), ("b", "c"), ("c", "b")] {
            all.set(&key(from), Some(referring(vec![used(key(to))])));
        }
        let way = |from: &str, to: &str| -> Option<Vec<String>> {
            Some(all.way(&key(from), &key(to))?.into_iter().map(|key| key.name.clone()).collect())
        };
        assert_eq!(way("a", "c"), Some(["a", "b", "c"].map(str::to_owned).into()));
        assert_eq!(way("b", "b"), Some(["b", "c", "b"].map(str::to_owned).into()));
        assert!(all.reaches(&key("a"), &key("c")) && all.reaches(&key("b"), &key("b")));
        assert!(!all.reaches(&key("c"), &key("a")) && !all.reaches(&key("a"), &key("a")));
    }
}
