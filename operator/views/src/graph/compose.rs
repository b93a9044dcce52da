//! From the objects of a cluster to what a picture of them shows.

use std::collections::{BTreeMap, BTreeSet};

use terrace_crds::ResourceEntry;
use terrace_tiers::{ObjectKey, Use};

use super::flows;
use super::frames::Frames;
use super::kinds::{self, FRONT, Icon};
use super::parts::{front_parts, parts};
use super::picture::{Column, Edge, FrameKind, Picture, Tile};
use super::state::{Standing, State};
use crate::standing::Index;
use crate::{Object, World};

/// What a picture of the world shows.
pub fn picture(world: &World) -> Picture {
    let mut composer = Composer {
        index: Index::of(world),
        frames: Frames::new(world),
        tiles: Vec::new(),
        edges: Vec::new(),
        places: BTreeMap::new(),
        drawn: BTreeSet::new(),
        internet: None,
    };
    for object in &world.objects {
        composer.tiles_of(object);
    }
    for object in &world.objects {
        composer.open_to_the_world(object);
        composer.edges_of(object);
    }
    Picture { frames: composer.frames.finish(), tiles: composer.tiles, edges: composer.edges }
}

/// The tiles of one object: where edges come in, and where they leave.
#[derive(Clone, Copy)]
struct Ends {
    first: usize,
    last: usize,
}

struct Composer<'a> {
    index: Index<'a>,
    frames: Frames<'a>,
    tiles: Vec<Tile>,
    edges: Vec<Edge>,
    places: BTreeMap<ObjectKey, Ends>,
    /// Two bindings to one target in the same way are one edge.
    drawn: BTreeSet<(usize, usize, Vec<String>)>,
    internet: Option<usize>,
}

impl Composer<'_> {
    fn tiles_of(&mut self, object: &Object) {
        let kind = kinds::of(&object.key.kind);
        let balanced = object.status.resources.iter().any(|resource| resource.kind == FRONT.resource);
        let front = balanced.then(|| {
            let mut tile = self.tile(object, FRONT.icon, FRONT.column, FRONT.frame);
            tile.parts = front_parts(object);
            tile.standing = Some(front_standing(object));
            self.add(tile)
        });
        let mut tile = self.tile(object, kind.icon, kind.column, kind.frame);
        tile.parts = parts(object);
        let last = self.add(tile);
        if let Some(front) = front {
            self.connect(front, last, by(object), true);
        }
        self.places.insert(object.key.clone(), Ends { first: front.unwrap_or(last), last });
    }

    fn tile(&mut self, object: &Object, icon: Icon, column: Column, frame: FrameKind) -> Tile {
        Tile {
            key: Some(object.key.clone()),
            icon,
            column,
            frame: Some(self.frames.of(object, frame)),
            parts: Vec::new(),
            standing: Some(Standing::of(object)),
            missing: false,
        }
    }

    /// What an object refers to that is not there: it stands where its user's Environment would have it.
    fn missing(&mut self, user: &Object, target: &ObjectKey) -> Ends {
        let kind = kinds::of(&target.kind);
        let mut tile = self.tile(user, kind.icon, kind.column, kind.frame);
        tile.key = Some(target.clone());
        tile.standing = Some(Standing::missing());
        tile.missing = true;
        let index = self.add(tile);
        let ends = Ends { first: index, last: index };
        self.places.insert(target.clone(), ends);
        ends
    }

    fn edges_of(&mut self, object: &Object) {
        for used in &object.uses {
            let place = self.places.get(&used.target).copied();
            if place.is_none() && is_over(object, used) {
                continue;
            }
            let to = place.unwrap_or_else(|| self.missing(object, &used.target));
            let Some(from) = self.places.get(&object.key).copied() else { continue };
            let target = self.index.object(&used.target);
            let label = flows::label(&object.key.kind, used, target);
            let admitted = is_over(object, used) || self.index.admits(&object.key, used);
            // A restore fills the database that asks for it: what flows, flows to it.
            let (from, to) = if used.until.is_some() { (to.last, from.first) } else { (from.last, to.first) };
            self.connect(from, to, label, admitted);
        }
    }

    /// The way to it from the internet, where there is one.
    fn open_to_the_world(&mut self, object: &Object) {
        let Some(place) = self.places.get(&object.key).copied() else { return };
        let open = object.status.outputs.get("loadBalancerScheme").is_some_and(|scheme| scheme == "InternetFacing");
        let label = match kinds::of(&object.key.kind).column {
            Column::Edge => "HTTPS 443".to_owned(),
            _ if open => flows::listener(Some(object)),
            _ => return,
        };
        let from = self.internet();
        self.connect(from, place.first, vec![label], true);
    }

    fn internet(&mut self) -> usize {
        if let Some(internet) = self.internet {
            return internet;
        }
        let index = self.add(Tile {
            key: None,
            icon: Icon::Internet,
            column: Column::Internet,
            frame: None,
            parts: Vec::new(),
            standing: None,
            missing: false,
        });
        self.internet = Some(index);
        index
    }

    fn add(&mut self, tile: Tile) -> usize {
        self.tiles.push(tile);
        self.tiles.len() - 1
    }

    fn connect(&mut self, from: usize, to: usize, label: Vec<String>, admitted: bool) {
        if self.drawn.insert((from, to, label.clone())) {
            self.edges.push(Edge { from, to, label, admitted });
        }
    }
}

/// Whether what was made from the target stands, so that the target may be gone.
fn is_over(user: &Object, used: &Use) -> bool {
    let made = user.status.resources.iter().filter(|resource| resource.state != "Intended");
    used.is_over(&made.map(|resource| resource.id.clone()).collect())
}

/// What leads from a load balancer to what is behind it.
fn by(object: &Object) -> Vec<String> {
    let groups = object.status.resources.iter().filter(|resource| resource.kind == FRONT.by).count();
    let label = match groups {
        0 => return Vec::new(),
        1 => "target group".to_owned(),
        more => format!("{more} target groups"),
    };
    vec![label]
}

/// How a load balancer stands: as the worst of its own resources.
fn front_standing(object: &Object) -> Standing {
    let service = FRONT.resource.split('/').next().unwrap_or_default();
    let own = object.status.resources.iter().filter(|resource| resource.kind.split('/').next() == Some(service));
    let standing = |resource: &ResourceEntry| {
        Standing::of_resource(&resource.state, resource.reason.as_deref(), resource.message.as_deref())
    };
    let rank = |standing: &Standing| match standing.state {
        State::Stalled => 0,
        State::Deleting => 1,
        State::Ready => 3,
        _ => 2,
    };
    own.map(standing).min_by_key(rank).unwrap_or_else(|| Standing::of(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::samples;

    fn edges(picture: &Picture) -> Vec<String> {
        let edge = |edge: &Edge| {
            let (from, to) = (&picture.tiles[edge.from], &picture.tiles[edge.to]);
            let arrow = if edge.admitted { "->" } else { "-?" };
            format!("{} {arrow} {}: {}", from.title(), to.title(), edge.text())
        };
        picture.edges.iter().map(edge).collect()
    }

    #[test]
    fn the_web_example_is_drawn_as_a_request_passes_it() {
        insta::assert_json_snapshot!(picture(&samples::web()));
    }

    #[test]
    fn nothing_is_drawn_of_an_empty_cluster() {
        assert_eq!(picture(&World::default()), Picture::default());
    }

    #[test]
    fn what_is_referred_to_and_not_there_is_shown_where_it_would_be() {
        let mut world = samples::web();
        world.objects.retain(|object| object.key.kind != "DataTier");
        let picture = picture(&world);
        let missing = picture.tiles.iter().find(|tile| tile.missing).expect("a tile for what is missing");
        assert_eq!(missing.title(), "DataTier shop/orders");
        assert_eq!(missing.standing.as_ref().map(Standing::text), Some("Unknown: not found".into()));
        assert_eq!(picture.frames[missing.frame.unwrap_or(99)].kind, FrameKind::Vpc);
        assert!(edges(&picture).contains(&"WebApp shop/shop -? DataTier shop/orders: SQL, ReadWrite".into()));
    }

    #[test]
    fn who_is_not_admitted_yet_gets_nothing() {
        let mut world = samples::web();
        for object in &mut world.objects {
            object.status.users.clear();
        }
        let all = edges(&picture(&world));
        assert!(all.iter().filter(|edge| edge.contains("-?")).count() == 5, "{all:#?}");
    }

    #[test]
    fn an_app_that_is_open_to_the_world_is_reached_from_the_internet() {
        let mut world = samples::web();
        world.objects.retain(|object| object.key.kind == "WebApp");
        world.objects[0].uses.clear();
        assert_eq!(edges(&picture(&world)), ["WebApp shop/shop -> WebApp shop/shop: target group"]);
        world.objects[0].status.outputs.insert("loadBalancerScheme".into(), "InternetFacing".into());
        assert_eq!(edges(&picture(&world))[1], "Internet -> WebApp shop/shop: HTTP 80");
    }

    #[test]
    fn a_restore_flows_to_the_database_that_asks_for_it_until_that_stands() {
        let mut copy = samples::object("DataTier", "shop", "copy", &["Ready"]);
        let source = ObjectKey::new("DataTier", "shop", "orders");
        copy.uses = vec![Use { until: Some("db"), ..samples::used("spec.restoreFrom", source) }];
        let mut world = World { objects: vec![copy], ..World::default() };
        let flows = ["DataTier shop/orders -? DataTier shop/copy: restored from, a point in time"];
        assert_eq!(edges(&picture(&world)), flows);
        world.objects[0].status.resources = samples::resources(&[("db", "rds/DbInstance")]);
        assert_eq!(edges(&picture(&world)), [""; 0]);
    }

    #[test]
    fn a_load_balancer_stands_as_its_own_resources_do() {
        let mut world = samples::web();
        let app = world.objects.iter_mut().find(|object| object.key.kind == "WebApp").expect("the app");
        let listener = app.status.resources.iter_mut().find(|resource| resource.kind == "elbv2/Listener");
        let listener = listener.expect("a listener");
        (listener.state, listener.reason) = ("Failed".into(), Some("AccessDenied".into()));
        let front = |picture: &Picture| {
            let front = picture.tiles.iter().find(|tile| tile.column == Column::Front);
            front.and_then(|front| front.standing.clone()).expect("a load balancer").text()
        };
        assert_eq!(front(&picture(&world)), "Stalled: AccessDenied");
    }

    #[test]
    fn two_bindings_of_one_kind_to_one_target_are_one_edge() {
        let mut world = samples::web();
        let before = picture(&world).edges.len();
        for object in &mut world.objects {
            object.uses = object.uses.iter().chain(&object.uses).cloned().collect();
        }
        assert_eq!(picture(&world).edges.len(), before);
    }
}
