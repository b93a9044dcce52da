//! The life of every tier's graph, undisturbed.

use terrace_engine::sim::{Calls, Op, STATUS, SimAws};
use terrace_tiers::samples::samples;

use crate::harness::{Mutant, Object, World, edited, replaced, sample, with};

#[tokio::test]
async fn every_graph_comes_up_follows_edits_and_goes_without_a_trace() {
    for (name, graph) in samples() {
        let retained = name.ends_with("retain");
        let mut world = World::new(vec![Object::new(name, graph.clone())]);
        for (stage, wishes) in [("create", graph.clone()), ("edit", edited(&graph)), ("replace", replaced(&graph))] {
            world.objects[0].graph = wishes;
            world.settle().await.unwrap_or_else(|_| panic!("{name}, {stage}: stuck\n{}", world.sim.trace()));
            world.check(&format!("{name}, {stage}")).unwrap_or_else(|story| panic!("{story}"));
        }
        world.objects[0].deleting = true;
        world.settle().await.unwrap_or_else(|_| panic!("{name}, delete: stuck\n{}", world.sim.trace()));
        world.check(&format!("{name}, delete")).unwrap_or_else(|story| panic!("{story}"));
        assert!(retained || world.standing().is_empty(), "{name}: {:#?}", world.standing());
    }
}

#[tokio::test]
async fn what_shows_itself_when_it_is_made_is_not_looked_for_before() {
    let graph = sample("smallest");
    let mut world = World::new(vec![Object::new("orders", graph)]);
    world.passes(1).await;
    let calls = world.sim.calls();
    let spared =
        ["rds/DbSubnetGroup", "rds/DbParameterGroup", "ec2/SecurityGroup", "ec2/SecurityGroupRule", "iam/Role"];
    for kind in spared {
        // In the simulation some are looked at after they were made.
        let (made, looks) = (calls.of(kind, Op::Create), calls.of(kind, Op::Observe));
        assert!(made == 1 && looks <= 1, "{kind}: {looks} looks\n{}", world.sim.trace());
    }
    assert!(calls.of("rds/DbInstance", Op::Observe) > 0, "what holds data is looked for");
}

#[tokio::test]
async fn a_record_is_written_before_something_is_made_and_when_a_pass_is_over_and_not_for_each_answer() {
    let graph = sample("smallest");
    let mut world = World::new(vec![Object::new("orders", graph.clone())]);
    world.passes(1).await;
    // What is intended, where the rule lies once its group has an id, and what became of it.
    assert_eq!(world.sim.calls().kubernetes_writes(), 3, "{}", world.sim.trace());
    world.ready("create").await;
    let before = (world.passes, world.sim.calls().kubernetes_writes());
    world.objects[0].deleting = true;
    world.settle().await.expect("it goes");
    let (passes, writes) = (world.passes - before.0, world.sim.calls().kubernetes_writes() - before.1);
    assert!(writes <= passes as u64, "{writes} in {passes} passes\n{}", world.sim.trace());
}

#[tokio::test]
async fn a_replacement_carries_the_data_over() {
    let graph = sample("smallest");
    let mut world = World::with(SimAws::new(), vec![Object::new("orders", graph.clone())], Mutant::NONE);
    world.settle().await.expect("it settles");
    let first = world.sim.console().only("rds/DbInstance");
    world.objects[0].graph = replaced(&graph);
    world.settle().await.expect("it settles");
    let second = world.sim.console().only("rds/DbInstance");
    assert_ne!(first.handle, second.handle);
    assert_eq!(first.data, second.data, "the successor is made from the last snapshot");
}

#[tokio::test]
async fn what_goes_to_make_room_is_struck_off_on_record_before_its_successor_is_made() {
    // Of what lies in a place without tags of its own, both incarnations would be seen there.
    let graph = sample("web-workload");
    let mut world = World::new(vec![Object::new("shop", graph.clone())]);
    world.ready("create").await;
    let begun = world.sim.points();
    world.objects[0].graph = with(&graph, "patch", "container", "other".into());
    world.ready("replace").await;
    let trace = world.sim.trace();
    // At which I/O points of the replacement it does this.
    let points = |does: &str| -> Vec<u64> {
        let at = |line: &str| line.split_whitespace().next()?.parse().ok().filter(|point| *point >= begun);
        trace.lines().filter(|line| line.contains(does)).filter_map(at).collect()
    };
    let gone = points("Delete kubernetes/WorkloadPatch")[0];
    let made = *points("Create kubernetes/WorkloadPatch").last().expect("its successor is made");
    let saves = points(&format!("Save {STATUS}"));
    assert!(saves.iter().any(|save| (gone..made).contains(save)), "{trace}");
}

/// What uses a certificate refers to its validation, which is only looked at.
#[tokio::test]
async fn a_certificate_stays_until_what_uses_it_by_way_of_a_look_has_moved_to_its_successor() {
    let graph = sample("edge-single-page");
    let mut world = World::new(vec![Object::new("shop", graph.clone())]);
    world.ready("create").await;
    let used = |world: &World| world.of("distribution").have["viewerCertificate"]["acm"]["acmCertificateArn"].clone();
    let (first, before) = (world.of("certificate").handle, world.sim.calls());
    assert_eq!(used(&world), first.0);
    world.objects[0].graph = with(&graph, "certificate", "keyAlgorithm", "EC_secp384r1".into());
    world.ready("replace").await;
    let second = world.of("certificate").handle;
    assert_ne!(first, second);
    assert_eq!(used(&world), second.0);
    let updates = |calls: &Calls| calls.of("cloudfront/Distribution", Op::Update);
    assert_eq!(updates(&world.sim.calls()), updates(&before) + 1, "{}", world.sim.trace());
    assert!(world.sim.violations().is_empty(), "{}", world.sim.trace());
}
