//! What AWS deletes only when it is empty: never emptied without consent, and never left half done with it.

use terrace_engine::{report, sim::SimAws};
use terrace_model::DeletionPolicy;

use crate::harness::{Mutant, Object, World, sample};

/// A bucket that holds some pages of objects, whose object is being deleted in this way.
async fn full(deletion: DeletionPolicy) -> World {
    let mut object = Object::new("assets", sample("object-smallest"));
    object.deletion = deletion;
    let mut world = World::with(SimAws::new(), vec![object], Mutant::NONE);
    world.settle().await.expect("it settles");
    let console = world.sim.console();
    console.fill(&console.only("s3/Bucket").handle, 5);
    world.objects[0].deleting = true;
    world
}

#[tokio::test]
async fn a_bucket_that_holds_objects_holds_its_objects_deletion_and_says_so() {
    let mut world = full(DeletionPolicy::Delete).await;
    world.passes(5).await;
    let last = world.objects[0].last.as_ref().expect("a pass");
    let ready = report(last, true).ready;
    assert_eq!((ready.reason, ready.message.contains("is not empty")), ("NotEmpty", true), "{}", ready.message);
    assert_eq!(world.sim.console().only("s3/Bucket").contents, 5);
    assert_eq!(world.sim.violations(), []);
}

#[tokio::test]
async fn consent_that_comes_while_the_deletion_waits_empties_the_bucket() {
    let mut world = full(DeletionPolicy::Delete).await;
    world.passes(3).await;
    world.objects[0].deletion = DeletionPolicy::Empty;
    world.settle().await.unwrap_or_else(|_| panic!("stuck\n{}", world.sim.trace()));
    world.check("emptied").unwrap_or_else(|story| panic!("{story}"));
    assert!(world.standing().is_empty(), "{:#?}", world.standing());
}

#[tokio::test]
async fn a_bucket_that_is_to_stay_keeps_its_objects() {
    let mut world = full(DeletionPolicy::Retain).await;
    world.settle().await.unwrap_or_else(|_| panic!("stuck\n{}", world.sim.trace()));
    assert_eq!(world.sim.console().only("s3/Bucket").contents, 5);
    assert_eq!(world.sim.audit(&[]).released.len(), 1);
}
