//! The cluster that the page must serve as well as it does five objects: a thousand of them, in forty namespaces and four
//! Environments, nearly all of them Ready.

use terrace_crds::EnvironmentPin;

use crate::graph::samples;
use crate::web_world::{ago, environment, event};
use crate::{Object, World};

/// What there is of each.
pub const NAMESPACES: usize = 40;
const SHOPS: [&str; 5] = ["web", "cart", "billing", "search", "admin"];
const ENVIRONMENTS: [&str; 4] = ["prod", "prod-us", "staging", "test"];
/// The only one of a thousand that needs somebody, and where it is.
pub const STALLED: &str = "DataTier/team-17/billing-orders";
const REFUSED: &str = "subnets (rds/DbSubnetGroup): User: arn:aws:sts::111122223333:assumed-role/terrace/prod is not \
     authorized to perform: rds:CreateDBSubnetGroup (AccessDenied)";

/// All of it.
pub fn thousand() -> World {
    let mut world = World { environments: ENVIRONMENTS.map(environment).into(), objects: Vec::new() };
    let shop = samples::web().objects;
    for number in 1..=NAMESPACES {
        for name in SHOPS {
            let pinned = ENVIRONMENTS[number % ENVIRONMENTS.len()];
            world.objects.extend(moved(shop.clone(), &format!("team-{number:02}"), name, pinned));
        }
    }
    trouble(&mut world);
    world
}

/// The web example by another name, elsewhere, as it is after a month.
fn moved(mut objects: Vec<Object>, namespace: &str, shop: &str, pinned: &str) -> Vec<Object> {
    for object in &mut objects {
        let moved = |key: &mut terrace_tiers::ObjectKey| {
            (key.namespace, key.name) = (namespace.into(), format!("{shop}-{}", key.name));
        };
        moved(&mut object.key);
        object.uses.iter_mut().for_each(|used| moved(&mut used.target));
        for user in &mut object.status.users {
            (user.namespace, user.name) = (namespace.into(), format!("{shop}-{}", user.name));
        }
        object.status.environment = Some(EnvironmentPin { name: pinned.into(), uid: format!("uid-{pinned}") });
        object.status.conditions.clear();
        object.created = Some(ago("31d"));
        object.becomes("Ready", "True", "Ready", "everything is as wished", "30d");
        object.events = vec![event("Ready", "everything is as wished", 1, "30d", "30d")];
        for entry in &mut object.status.resources {
            let name = format!("{namespace}-{}-{}-5d1e90ab34", object.key.name, entry.id);
            let service = entry.kind.split('/').next().unwrap_or_default();
            entry.handle = Some(format!("arn:aws:{service}:eu-west-1:111122223333:x:{name}"));
            (entry.name, entry.created) = (Some(name), Some(terrace_crds::Time(ago("30d"))));
        }
    }
    objects
}

/// One is stalled and holds up two; and a few are as a few always are.
fn trouble(world: &mut World) {
    let [data, app, edge] =
        ["DataTier team-17/billing-orders", "WebApp team-17/billing-shop", "EdgeTier team-17/billing-shop"];
    world.object_mut(data).stalls("AccessDenied", REFUSED, "12m");
    world.object_mut(data).events.push(event("AccessDenied", REFUSED, 3, "12m", "45s"));
    let waits = "spec.bindings[db].dataTierRef: waiting for DataTier team-17/billing-orders, which has no endpoint yet";
    world.object_mut(app).reconciles("Waiting", waits, "11m");
    let waits = "spec.origins[web].webAppRef: waiting for WebApp team-17/billing-shop, which has no host yet";
    world.object_mut(edge).reconciles("Waiting", waits, "11m");
    let settles = "cache (elasticache/ReplicationGroup): modifying";
    world.object_mut("CacheTier team-03/cart-sessions").reconciles("Settling", settles, "4m");
    let changed = "changed outside Terrace: bucket: versioning";
    for title in ["ObjectTier team-09/web-assets", "ObjectTier team-31/search-assets"] {
        world.object_mut(title).becomes("Drifted", "True", "ChangedOutside", changed, "40m");
    }
    world.object_mut("WebApp team-22/admin-shop").paused = true;
}
