//! `terrace export --terraform`: all that the inventories hold, as `import` blocks from which Terraform writes the rest.
//!
//! Terraform language documentation, "Import" (blocks, from 1.5 on) and "Generating configuration".

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use terrace_crds::ResourceEntry;
use terrace_model::identity::short_hash;

use super::hcl;
use super::kinds::{self, Decision};
use super::providers::{Place, Providers, fields};
use super::steps::head;
use crate::{Object, ObjectName, World};

/// Everything that Terrace keeps in AWS for the objects of a world, for Terraform to take over: nobody is locked in.
///
/// The same world gives the same text, in whatever order its objects stand.
pub fn export(world: &World) -> String {
    let (objects, entries, providers) = everything(world);
    let names = names(&entries);
    let sure = entries.iter().flat_map(|entry| &entry.blocks).filter(|block| !block.perhaps).count();
    let mut text = head(&objects, sure) + &providers.blocks();
    for object in objects {
        let name = ObjectName::from(&object.key);
        text.push_str(&format!("# {}\n\n", name.title()));
        let mut own = entries.iter().filter(|entry| entry.object == name).peekable();
        if own.peek().is_none() {
            text.push_str("# Terrace has made nothing for it yet.\n\n");
        }
        own.for_each(|entry| text.push_str(&written(entry, &names, &providers)));
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The same as data, as `-o json` prints it: a line a block, and one for what has none.
pub fn imports(world: &World) -> Vec<Import> {
    let (_, entries, providers) = everything(world);
    let names = names(&entries);
    let lines = entries.iter().flat_map(|entry| {
        let line = |block: Option<&Block>| Import {
            object: entry.object.clone(),
            to: block.map(|block| address(block, &names)),
            id: block.map(|block| block.id.clone()),
            provider: block.and_then(|_| providers.reference(&entry.place)),
            may_be_absent: block.is_some_and(|block| block.perhaps),
            note: entry.note.clone(),
        };
        let blocks: Vec<Import> = entry.blocks.iter().map(|block| line(Some(block))).collect();
        if blocks.is_empty() { vec![line(None)] } else { blocks }
    });
    lines.collect()
}

/// One resource for Terraform to import. Fields may be added to it; none is renamed or taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    pub object: ObjectName,
    /// Its address in Terraform, as `aws_db_instance.shop_orders_db`; none where there is no import of it, and `note` says
    /// why.
    pub to: Option<String>,
    pub id: Option<String>,
    /// Where there are several: `aws.eu_west_1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Terraform refuses to import what is not there.
    pub may_be_absent: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// All objects in the order of their names, what becomes of their resources, and the providers that those need.
fn everything(world: &World) -> (Vec<&Object>, Vec<Exported>, Providers) {
    let mut objects: Vec<&Object> = world.objects.iter().collect();
    objects.sort_by_key(|object| object.key.title());
    let entries: Vec<Exported> = objects.iter().flat_map(|object| exported(world, object)).collect();
    let places = entries.iter().flat_map(|entry| entry.blocks.iter().map(|_| entry.place.clone()));
    let providers = Providers::new(places);
    (objects, entries, providers)
}

/// One entry of an inventory, with what becomes of it.
struct Exported {
    object: ObjectName,
    place: Place,
    blocks: Vec<Block>,
    /// What to know of it, or why there is no block.
    note: String,
}

/// One `import` block, before it has its name.
struct Block {
    resource: &'static str,
    id: String,
    /// From the shortest on; the first that nothing else bears is taken, the last is nobody else's.
    names: [String; 3],
    /// It may not be there, and Terraform refuses to import what is not.
    perhaps: bool,
}

fn exported(world: &World, object: &Object) -> Vec<Exported> {
    let environment = world.environment(object);
    let mut entries: Vec<&ResourceEntry> = object.status.resources.iter().collect();
    entries.sort_by_key(|entry| (&entry.id, entry.incarnation));
    let one = |entry: &ResourceEntry| {
        let home = environment.map(|environment| environment.region.clone());
        let region = match entry.place.region.as_str() {
            // What has no region, and what stands in the cluster, is reached from anywhere.
            "global" | "cluster" | "" => home.unwrap_or_else(|| "us-east-1".into()),
            region => region.into(),
        };
        let account = environment.map(|environment| environment.account.clone());
        let (blocks, note) = decided(object, entry);
        Exported { object: ObjectName::from(&object.key), place: (account, region), blocks, note }
    };
    entries.into_iter().map(one).collect()
}

fn decided(object: &Object, entry: &ResourceEntry) -> (Vec<Block>, String) {
    let what = match entry.incarnation {
        1 => format!("{} ({})", entry.id, entry.kind),
        number => format!("{}~{number} ({})", entry.id, entry.kind),
    };
    let import = match kinds::decision(&entry.kind) {
        Some(Decision::Import(import)) => import,
        Some(Decision::Leave(why)) => return (Vec::new(), format!("{what} {why}.")),
        None => {
            let why =
                "is of a kind that this version of Terrace does not know: export it with the version that made it";
            return (Vec::new(), format!("{what} {why}."));
        }
    };
    let standing = match entry.state.as_str() {
        "Deleting" => Err("is being deleted: nothing is left to import"),
        "Intended" => Err("was about to be made: export again when its object is Ready"),
        _ => (import.id)(entry)
            .ok_or("is on record without what it is imported by: export again when its object is Ready"),
    };
    let id = match standing {
        Ok(id) => id,
        Err(why) => return (Vec::new(), format!("{what} {why}.")),
    };
    let block = |resource, perhaps| Block { resource, id: id.clone(), names: candidates(object, entry), perhaps };
    let first = block(kinds::resource(&import, entry), false);
    let always = import.always.iter().map(|resource| block(resource, false));
    let perhaps = import.perhaps.iter().map(|resource| block(resource, true));
    let note = if import.note.is_empty() { String::new() } else { format!("{what}: {}.", import.note) };
    ([first].into_iter().chain(always).chain(perhaps).collect(), note)
}

fn candidates(object: &Object, entry: &ResourceEntry) -> [String; 3] {
    let incarnation = entry.incarnation.to_string();
    let (kind, namespace, name) = (&*object.key.kind, &*object.key.namespace, &*object.key.name);
    let mut parts = vec![namespace, name, &*entry.id];
    parts.extend((entry.incarnation > 1).then_some(&*incarnation));
    let short = hcl::name(&parts);
    let long = hcl::name(&[kind, &short]);
    let hash = short_hash(&[kind, namespace, name, &entry.id, &incarnation]);
    let unique = format!("{long}_{hash}");
    [short, long, unique]
}

/// By type and by the name that is nobody else's.
type Names<'a> = BTreeMap<(&'static str, &'a str), &'a str>;

/// The name that each block gets, by type and by the name that is nobody else's. Terraform tells resources of one type apart
/// by their names.
fn names(entries: &[Exported]) -> Names<'_> {
    let blocks = || entries.iter().flat_map(|entry| &entry.blocks);
    let mut bearers: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for block in blocks() {
        for name in &block.names {
            bearers.entry((block.resource, name)).or_default().insert(&block.names[2]);
        }
    }
    let chosen = |block: &'_ Block| {
        let sole = |name: &&String| bearers.get(&(block.resource, name.as_str())).is_some_and(|all| all.len() == 1);
        block.names.iter().position(|name| sole(&name)).unwrap_or(2)
    };
    blocks().map(|block| ((block.resource, &*block.names[2]), &*block.names[chosen(block)])).collect()
}

fn address(block: &Block, names: &Names) -> String {
    let name = names.get(&(block.resource, &*block.names[2])).copied().unwrap_or(&block.names[2]);
    format!("{}.{name}", block.resource)
}

fn written(entry: &Exported, names: &Names, providers: &Providers) -> String {
    let mut text = String::new();
    if !entry.note.is_empty() {
        text.push_str(&hcl::comment(&entry.note));
        text.push_str(if entry.blocks.is_empty() { "\n" } else { "" });
    }
    let (perhaps, sure): (Vec<_>, Vec<_>) = entry.blocks.iter().partition(|block| block.perhaps);
    let import = |block: &Block| {
        let mut lines = vec![("to", address(block, names)), ("id", hcl::text(&block.id))];
        lines.extend(providers.reference(&entry.place).map(|provider| ("provider", provider)));
        format!("import {{\n{}}}\n\n", fields(&lines))
    };
    sure.into_iter().for_each(|block| text.push_str(&import(block)));
    if !perhaps.is_empty() {
        text.push_str("# Take the # away where it is set: Terraform does not import what is not there.\n#\n");
        let blocks: String = perhaps.into_iter().map(import).collect();
        text.extend(blocks.trim_end().lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n"));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::web_world;
    use insta::assert_snapshot;
    use serde_json::{Value, json};
    use terrace_tiers::ObjectKey;

    fn entry(id: &str, kind: &str, handle: &str, address: Value) -> ResourceEntry {
        serde_json::from_value(json!({
            "id": id, "kind": kind, "place": { "environment": "prod", "region": "eu-west-1" }, "name": "derived",
            "handle": handle, "address": address, "onDelete": "Delete", "state": "Ready",
        }))
        .expect("an entry")
    }

    /// The web example, with handles as the providers give them out.
    fn world() -> World {
        let mut world = web_world();
        for object in &mut world.objects {
            for made in &mut object.status.resources {
                let arn = match made.kind.as_str() {
                    "iam/Role" => format!("arn:aws:iam::111122223333:role/shop-{}", made.id),
                    "elbv2/LoadBalancer" => {
                        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/50".into()
                    }
                    "elbv2/TargetGroup" => {
                        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/73".into()
                    }
                    "s3/Bucket" => "arn:aws:s3:::shop-assets-5d1e90ab34".into(),
                    kind if kind.starts_with("rds/") => {
                        format!("arn:aws:rds:eu-west-1:111122223333:x:shop-orders-{}", made.id)
                    }
                    kind if kind.starts_with("elasticache/") => {
                        format!("arn:aws:elasticache:eu-west-1:111122223333:x:shop-sessions-{}", made.id)
                    }
                    _ => continue,
                };
                made.handle = Some(arn);
            }
        }
        for object in &mut world.objects {
            for made in &mut object.status.resources {
                made.address = match made.kind.as_str() {
                    "route53/RecordSet" => Some(
                        json!({ "zoneId": "Z0123456789", "name": "shop.example.com", "type": "A", "setIdentifier": null }),
                    ),
                    "s3/BucketPolicy" => Some(json!({ "bucket": "shop-assets-5d1e90ab34" })),
                    _ => continue,
                };
            }
        }
        let orders = world.objects.iter_mut().find(|object| object.key.name == "orders").expect("the DataTier");
        let address = json!({ "direction": "Ingress", "groupId": "sg-0a1b2c3d4e5f60718" });
        orders.status.resources.push(entry("access-cluster", "ec2/SecurityGroupRule", "sgr-1", address));
        world
    }

    #[test]
    fn the_web_example_goes_out_with_what_to_do_step_by_step() {
        assert_snapshot!(export(&world()));
    }

    #[test]
    fn as_data_it_is_the_same_block_by_block() {
        let (text, imports) = (export(&world()), imports(&world()));
        let blocks: Vec<&Import> = imports.iter().filter(|import| import.to.is_some()).collect();
        assert_eq!(blocks.len(), text.matches("import {\n").count());
        for Import { to, id, note, .. } in &imports {
            let told = to
                .iter()
                .all(|to| text.contains(&format!("to = {to}\n")) || text.contains(&format!("to       = {to}\n")));
            let with = id.iter().all(|id| text.contains(&hcl::text(id)));
            assert!(told && with && (to.is_some() || !note.is_empty()), "{to:?} {id:?} {note}\n{text}");
        }
    }

    #[test]
    fn nothing_of_an_inventory_is_left_out_silently() {
        let mut world = world();
        let states = ["Intended", "Settling", "Ready", "Failed", "Deleting"].into_iter().cycle();
        let all: Vec<ResourceEntry> = terrace_model::aws::kinds()
            .iter()
            .map(|spec| spec.kind)
            .chain(["later/Unknown"])
            .zip(states)
            .map(|(kind, state)| ResourceEntry {
                state: state.into(),
                ..entry(&kind.replace('/', "-").to_lowercase(), kind, "arn:aws:x:eu-west-1:1:a/b/c/d", json!({}))
            })
            .collect();
        let ids: Vec<String> = all.iter().map(|entry| entry.id.clone()).collect();
        world.objects[0].status.resources = all;
        let text = export(&world);
        for id in ids {
            let told = text.contains(&format!("# {id} (")) || text.contains(&format!("_{}\n", hcl::name(&[&id])));
            assert!(told, "{id}\n{text}");
        }
    }

    #[test]
    fn no_two_resources_of_a_type_have_one_name_and_the_order_of_objects_does_not_matter() {
        let mut world = World::default();
        for (kind, name, id) in [
            ("DataTier", "orders", "access"),
            ("CacheTier", "orders", "access"),
            ("WebApp", "orders-access", "x"),
            ("WebApp", "orders", "access-x"),
            ("WebApp", "orders.access", "x"),
        ] {
            let mut object = crate::web_world::object("WebApp shop/any");
            object.key = ObjectKey::new(kind, "shop", name);
            object.status.resources = vec![entry(id, "ec2/SecurityGroup", &format!("sg-{kind}-{name}"), Value::Null)];
            world.objects.push(object);
        }
        let text = export(&world);
        let names: Vec<&str> = text.lines().filter(|line| line.starts_with("  to ")).collect();
        assert_eq!(names.len(), 5, "{text}");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 5, "{names:?}");
        assert!(names.iter().any(|name| name.ends_with("aws_security_group.datatier_shop_orders_access")), "{names:?}");
        world.objects.reverse();
        assert_eq!(export(&world), text);
    }

    #[test]
    fn what_is_replaced_stands_beside_what_replaces_it() {
        let mut world = web_world();
        let old = entry("db", "rds/DbInstance", "arn:aws:rds:eu-west-1:1:db:old", Value::Null);
        let new =
            ResourceEntry { incarnation: 2, handle: Some("arn:aws:rds:eu-west-1:1:db:new".into()), ..old.clone() };
        world.objects.truncate(1);
        world.objects[0].status.resources = vec![new, old];
        let text = export(&world);
        assert!(text.contains("sessions_db\n  id = \"old\""), "{text}");
        assert!(text.contains("sessions_db_2\n  id = \"new\""), "{text}");
    }

    #[test]
    fn an_empty_world_is_valid_and_says_so() {
        let text = export(&World::default());
        assert!(
            text.contains("0 imports for 0 objects") && text.ends_with("}\n") && !text.contains("import {"),
            "{text}"
        );
    }
}
