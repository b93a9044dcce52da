//! The frames of a picture: each Environment with what lies in its AWS account, made as tiles ask for them.

use std::collections::BTreeMap;

use super::picture::{Frame, FrameKind};
use super::state::Standing;
use crate::{Environment, Object, World};

/// Whose frames they are: the UID of an Environment, or None for what has none yet.
type Owner = Option<String>;

/// Frames in the making.
pub struct Frames<'a> {
    world: &'a World,
    made: Vec<Frame>,
    by: BTreeMap<(Owner, FrameKind), usize>,
}

impl<'a> Frames<'a> {
    /// The frames of all Environments, empty as yet.
    pub fn new(world: &'a World) -> Self {
        let mut frames = Frames { world, made: Vec::new(), by: BTreeMap::new() };
        for environment in &world.environments {
            frames.find(&Some(environment.uid.clone()), "", FrameKind::Environment);
        }
        frames
    }

    /// The frame of a kind in the Environment that an object is pinned to. What has none yet has no networks.
    pub fn of(&mut self, object: &Object, kind: FrameKind) -> usize {
        match &object.status.environment {
            Some(pin) => self.find(&Some(pin.uid.clone()), &pin.name, kind),
            None => self.find(&None, "", FrameKind::Environment),
        }
    }

    /// All of them. Whoever is within another comes after it.
    pub fn finish(self) -> Vec<Frame> {
        self.made
    }

    fn find(&mut self, owner: &Owner, name: &str, kind: FrameKind) -> usize {
        if let Some(made) = self.by.get(&(owner.clone(), kind)) {
            return *made;
        }
        let within = outer(kind).map(|outer| self.find(owner, name, outer));
        let environment = self.world.environments.iter().find(|environment| Some(&environment.uid) == owner.as_ref());
        let standing = environment.filter(|_| kind == FrameKind::Environment);
        self.made.push(Frame {
            kind,
            title: title(kind, owner, name, environment),
            within,
            standing: standing.map(Standing::of_environment),
        });
        self.by.insert((owner.clone(), kind), self.made.len() - 1);
        self.made.len() - 1
    }
}

/// What a kind of frame lies in.
fn outer(kind: FrameKind) -> Option<FrameKind> {
    match kind {
        FrameKind::Environment => None,
        FrameKind::Edge | FrameKind::Region => Some(FrameKind::Environment),
        FrameKind::Vpc => Some(FrameKind::Region),
        FrameKind::Cluster => Some(FrameKind::Vpc),
    }
}

/// `name` is what an object's pin says, where the Environment itself was not read.
fn title(kind: FrameKind, owner: &Owner, name: &str, environment: Option<&Environment>) -> String {
    let of = |word: &str, text: Option<&String>| match text.filter(|text| !text.is_empty()) {
        Some(text) => format!("{word} {text}"),
        None => word.to_owned(),
    };
    match (kind, environment) {
        (FrameKind::Environment, Some(one)) => {
            format!("Environment {} · {}", one.name, of("AWS account", Some(&one.account)))
        }
        (FrameKind::Environment, None) if owner.is_none() => "In no Environment yet".into(),
        (FrameKind::Environment, None) => format!("Environment {name}"),
        (FrameKind::Edge, _) => "AWS edge, in no region".into(),
        (FrameKind::Region, one) => of("Region", one.map(|one| &one.region)),
        (FrameKind::Vpc, one) => of("VPC", one.and_then(|one| one.vpc.as_ref())),
        (FrameKind::Cluster, one) => of("EKS cluster", one.map(|one| &one.cluster)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::samples;

    fn titles(frames: Frames) -> Vec<String> {
        let made = frames.finish();
        let path = |frame: &Frame| match frame.within {
            Some(outer) => format!("{} < {}", frame.title, made[outer].title),
            None => frame.title.clone(),
        };
        made.iter().map(path).collect()
    }

    #[test]
    fn a_cluster_lies_in_a_network_in_a_region_in_an_account() {
        let world = samples::web();
        let mut frames = Frames::new(&world);
        let cluster = frames.of(&world.objects[0], FrameKind::Cluster);
        assert_eq!(frames.of(&world.objects[1], FrameKind::Cluster), cluster);
        frames.of(&world.objects[0], FrameKind::Edge);
        assert_eq!(
            titles(frames),
            [
                "Environment prod · AWS account 111122223333",
                "Region eu-west-1 < Environment prod · AWS account 111122223333",
                "VPC vpc-0a1b2c3d4e5f60718 < Region eu-west-1",
                "EKS cluster prod < VPC vpc-0a1b2c3d4e5f60718",
                "AWS edge, in no region < Environment prod · AWS account 111122223333",
            ]
        );
    }

    #[test]
    fn what_has_no_environment_yet_has_a_frame_and_no_network() {
        let world = World::default();
        let mut frames = Frames::new(&world);
        let object = samples::object("DataTier", "shop", "orders", &[]);
        frames.of(&Object { status: Default::default(), ..object }, FrameKind::Vpc);
        assert_eq!(titles(frames), ["In no Environment yet"]);
    }

    #[test]
    fn an_environment_that_was_not_read_is_known_by_name() {
        let mut world = samples::web();
        world.environments.clear();
        let mut frames = Frames::new(&world);
        frames.of(&world.objects[0], FrameKind::Region);
        assert_eq!(titles(frames), ["Environment prod", "Region < Environment prod"]);
    }

    #[test]
    fn a_network_that_was_not_found_yet_is_a_network() {
        let mut world = samples::web();
        world.environments[0].vpc = None;
        let mut frames = Frames::new(&world);
        frames.of(&world.objects[0], FrameKind::Vpc);
        assert!(titles(frames).contains(&"VPC < Region eu-west-1".to_owned()));
    }
}
