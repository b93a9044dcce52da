//! What the last object of the way waits for, or suffers from.

use terrace_crds::PlanSummary;
use terrace_engine::reason;
use terrace_tiers::Course;

use super::Because;
use super::follow::Path;
use crate::standing::{OUTDATED, Resource, Standing, State, Thing, Waits, node, resources};

/// The root cause.
pub struct Cause<'a> {
    pub place: usize,
    pub thing: Thing<'a>,
    pub standing: Standing<'a>,
    /// The resource that it is about.
    pub resource: Option<Resource<'a>>,
    /// What is said of it.
    pub words: &'a str,
    pub because: Because,
}

impl<'a> Cause<'a> {
    /// The plan that waits for approval.
    pub fn plan(&self) -> Option<&'a PlanSummary> {
        self.thing.object().and_then(|object| object.status.plan.as_ref())
    }
}

/// The cause at the end of the way.
pub fn cause<'a>(waits: &Waits<'a>, path: &Path) -> Cause<'a> {
    let place = path.places.last().copied().unwrap_or_default();
    let thing = waits.thing(place);
    let standing = thing.standing();
    let named = node(standing.message).filter(|_| standing.state != State::Ready);
    let resource = named.zip(thing.object()).and_then(|(named, object)| {
        resources(object, &standing).into_iter().find(|resource| resource.key == named.key)
    });
    let words = named.map_or(standing.message, |named| named.words);
    let circle = path.back.is_some();
    let because = because(&thing, &standing, circle, resource.is_some());
    Cause { place, thing, standing, resource, words, because }
}

fn because(thing: &Thing, standing: &Standing, circle: bool, resource: bool) -> Because {
    let plan = thing.object().is_some_and(|object| object.status.plan.is_some());
    match (standing.state, standing.reason) {
        _ if circle => Because::Circle,
        (State::Ready, _) => Because::Ready,
        (State::Unknown, _) => Because::Unobserved,
        (State::Paused, _) => Because::Held,
        (State::Stalled, reason::APPROVAL_REQUIRED | reason::MISSING) if plan => Because::Approval,
        (State::Stalled, _) => Because::Person,
        (State::Reconciling, OUTDATED) => Because::Outdated,
        (State::Reconciling, reason::RETRYING) => Because::Retrying,
        (State::Reconciling, Course::ROLLING_OUT | Course::ROLLING_BACK) => Because::RollingOut,
        // Of a resource it is AWS that says so, and it passes.
        (State::Reconciling, reason::IN_USE) if resource => Because::Settling,
        (State::Reconciling, "NamespaceUnknown") => Because::Waiting,
        (State::Reconciling, _) if standing.waits() => Because::Waiting,
        (State::Reconciling, _) => Because::Settling,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{key, web_world};
    use crate::why::follow::follow;

    /// What sort of cause it is where the database stands so.
    fn sort(change: impl Fn(&mut crate::Object)) -> Because {
        let mut world = web_world();
        change(world.object_mut("DataTier shop/orders"));
        let waits = Waits::of(&world);
        let path = follow(&waits, waits.place(&key("DataTier shop/orders")).expect("a place"));
        cause(&waits, &path).because
    }

    #[test]
    fn each_reason_is_of_its_sort() {
        let waiting = |reason: &str, message: &str| sort(|data| data.reconciles(reason, message, "1m"));
        assert_eq!(waiting("Settling", "db (rds/DbInstance): AWS says modifying"), Because::Settling);
        assert_eq!(waiting("NameHeld", "db (rds/DbInstance): AWS is deleting it"), Because::Settling);
        assert_eq!(waiting("Retrying", "the status could not be written: conflict"), Because::Retrying);
        assert_eq!(waiting("RollingBack", "the new version gives its requests back"), Because::RollingOut);
        assert_eq!(waiting("Waiting", "spec.x: waiting for something"), Because::Waiting);
        assert_eq!(waiting("NamespaceUnknown", "namespace shop has not been seen yet"), Because::Waiting);
        let stalled = |reason: &str| sort(|data| data.stalls(reason, "words", "1m"));
        assert_eq!([stalled("AccessDenied"), stalled("SomethingNew")], [Because::Person, Because::Person]);
        assert_eq!([stalled("Paused"), stalled("ObserveOnly")], [Because::Held, Because::Held]);
        assert_eq!(sort(|data| data.generation = 9), Because::Outdated);
        assert_eq!(sort(|_| {}), Because::Ready);
    }

    #[test]
    fn approval_is_asked_for_only_where_there_is_a_plan() {
        let with_plan = |data: &mut crate::Object| {
            data.stalls("ApprovalRequired", "db (rds/DbInstance): needs approval", "1m");
            data.plans("77aa", &[("db", "Replace", None, "8c1f")]);
        };
        assert_eq!(sort(with_plan), Because::Approval);
        assert_eq!(sort(|data| data.stalls("ApprovalRequired", "needs approval", "1m")), Because::Person);
    }

    #[test]
    fn what_is_in_use_in_aws_passes_and_what_objects_use_waits_for_them() {
        let of_a_node = "access (ec2/SecurityGroup): resource sg-1 has a dependent object (DependencyViolation)";
        assert_eq!(sort(|data| data.reconciles("InUse", of_a_node, "1m")), Because::Settling);
        assert_eq!(
            sort(|data| data.reconciles("InUse", "in use by WebApp shop/shop (spec.x)", "1m")),
            Because::Waiting
        );
    }
}
