//! Which objects the picture shows: all of a few, and of many those of one namespace, with what is tied to them elsewhere.

use std::collections::BTreeSet;

use serde::Serialize;
use terrace_tiers::ObjectKey;

use super::card::said;
use crate::{Object, World};

/// More objects than these are not drawn at once unless somebody asks for it: nobody finds anything in such a picture.
pub const MANY: usize = 60;
/// The most objects of other namespaces that are drawn for using something: everybody may use one database.
const AROUND: usize = 30;
/// Stands for all namespaces in [`Asked::namespace`]; no namespace is called so.
const ALL: &str = "*";

/// What a browser asks of the picture, in the query of [`super::STATE`]: `namespace=shop`, `near=shop`, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The namespace to draw, and nothing else; or all of them: `*`.
    pub namespace: Option<String>,
    /// The namespace that is looked at: it is drawn where not all of them are.
    pub near: Option<String>,
}

/// What the picture shows, where that is not simply everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drawn {
    /// None where all of them are drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// What is drawn and what is left out.
    pub sentence: String,
}

impl Asked {
    /// What a query asks. Names of Kubernetes need no escapes; what is no such name is asked in vain.
    pub fn of(query: Option<&str>) -> Self {
        let mut asked = Asked::default();
        for (name, value) in query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "namespace" => asked.namespace = Some(value.to_owned()),
                "near" => asked.near = Some(value.to_owned()),
                _ => {}
            }
        }
        asked
    }
}

/// What is to be drawn of a world, and what is said of that. None: all of it, and nothing. `worst`: the object that needs
/// somebody most.
pub fn part(world: &World, asked: &Asked, worst: Option<&str>) -> (Option<World>, Option<Drawn>) {
    let many = world.objects.len() > MANY;
    let all = || many.then(|| Drawn { namespace: None, sentence: format!("All {} objects.", world.objects.len()) });
    let there = |name: &&str| world.objects.iter().any(|object| object.key.namespace == **name);
    let near = asked.near.as_deref().filter(there).or(worst).filter(|_| many);
    let namespace = match asked.namespace.as_deref() {
        Some(ALL) => None,
        Some(asked) => Some(asked).filter(there).or(near),
        None => near,
    };
    let Some(namespace) = namespace else { return (None, all()) };
    let (part, sentence) = of_namespace(world, namespace);
    (Some(part), Some(Drawn { namespace: Some(said(namespace)), sentence }))
}

/// The objects of a namespace, with what they use elsewhere and what uses them from there, and what is said of it.
fn of_namespace(world: &World, namespace: &str) -> (World, String) {
    let own: BTreeSet<&ObjectKey> = keys(world).filter(|key| key.namespace == namespace).collect();
    let used: BTreeSet<&ObjectKey> = targets(world, |object| own.contains(&object.key)).collect();
    let uses = |object: &Object| object.uses.iter().any(|used| own.contains(&used.target));
    let users = world.objects.iter().filter(|object| !own.contains(&object.key) && uses(object));
    let (drawn, more): (Vec<_>, Vec<_>) = users.enumerate().partition(|(at, _)| *at < AROUND);
    let around: BTreeSet<&ObjectKey> = drawn.iter().map(|(_, object)| &object.key).chain(used).collect();
    let tied = world.objects.iter().filter(|object| own.contains(&object.key) || around.contains(&object.key));
    let objects: Vec<Object> = tied.map(|object| bound(object, &own)).collect();
    let elsewhere = objects.len() - own.len();
    let pins = objects.iter().filter_map(|object| object.status.environment.as_ref());
    let pinned: BTreeSet<&str> = pins.map(|pin| pin.uid.as_str()).collect();
    let environments = world.environments.iter().filter(|one| pinned.contains(one.uid.as_str())).cloned().collect();
    let sentence = sentence(namespace, own.len(), elsewhere, more.len());
    (World { environments, objects }, sentence)
}

fn keys(world: &World) -> impl Iterator<Item = &ObjectKey> {
    world.objects.iter().map(|object| &object.key)
}

fn targets(world: &World, whose: impl Fn(&Object) -> bool) -> impl Iterator<Item = &ObjectKey> {
    world
        .objects
        .iter()
        .filter(move |object| whose(object))
        .flat_map(|object| object.uses.iter().map(|used| &used.target))
}

/// The object; of one that is elsewhere, only what ties it to these: the rest of what it uses would be drawn as missing.
fn bound(object: &Object, own: &BTreeSet<&ObjectKey>) -> Object {
    let mut object = object.clone();
    if !own.contains(&object.key) {
        object.uses.retain(|used| own.contains(&used.target));
    }
    object
}

fn sentence(namespace: &str, own: usize, elsewhere: usize, more: usize) -> String {
    let plural = if own == 1 { "" } else { "s" };
    let tied = match elsewhere {
        0 => String::new(),
        some => format!(", and {some} elsewhere that use them or are used by them"),
    };
    let more = match more {
        0 => String::new(),
        some => format!("; {some} more elsewhere use them"),
    };
    said(&format!("Namespace {namespace}: {own} object{plural}{tied}{more}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph;
    use crate::page::thousand::thousand;
    use crate::web_world::web_world;
    use terrace_tiers::Use;

    /// The web shop, whose database so many apps elsewhere use, each of which has a bucket too.
    fn shared(users: usize) -> World {
        let mut world = web_world();
        let (app, files) =
            (world.object_mut("WebApp shop/shop").clone(), world.object_mut("ObjectTier shop/assets").clone());
        for number in 0..users {
            let (mut app, mut files) = (app.clone(), files.clone());
            let namespace = format!("other{number}");
            app.key.namespace.clone_from(&namespace);
            files.key.namespace = namespace;
            app.uses.retain(|used| used.target.kind == "DataTier");
            app.uses.push(Use { target: files.key.clone(), ..app.uses[0].clone() });
            world.objects.extend([app, files]);
        }
        world.admit_all();
        world
    }

    fn asked(query: &str) -> Asked {
        Asked::of(Some(query))
    }

    fn namespace(world: &World, query: &str) -> Option<String> {
        part(world, &asked(query), Some("team-17")).1.and_then(|drawn| drawn.namespace)
    }

    #[test]
    fn a_query_says_what_to_draw() {
        let both = Asked { namespace: Some("shop".into()), near: Some("a".into()) };
        assert_eq!(asked("near=a&namespace=shop&other=1&none"), both);
        assert_eq!((Asked::of(None), asked("")), (Asked::default(), Asked::default()));
    }

    #[test]
    fn of_many_one_namespace_is_drawn_the_one_asked_for_or_looked_at_or_the_worst() {
        let world = thousand();
        let drawn = |query| namespace(&world, query);
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(drawn(""), some("team-17"));
        assert_eq!(drawn("near=team-03"), some("team-03"));
        assert_eq!(drawn("near=team-03&namespace=team-04"), some("team-04"));
        assert_eq!(drawn("near=gone&namespace=<gone>"), some("team-17"));
        let (all, said) = part(&world, &asked("namespace=*&near=team-03"), Some("team-17"));
        assert_eq!((all, said.map(|drawn| drawn.sentence)), (None, Some("All 1000 objects.".into())));
    }

    #[test]
    fn of_a_few_all_are_drawn_unless_a_namespace_is_asked_for() {
        let world = shared(2);
        for query in ["", "near=other1", "namespace=*", "namespace=gone"] {
            assert_eq!(part(&world, &asked(query), Some("shop")), (None, None), "{query}");
        }
        assert_eq!(namespace(&world, "namespace=other1").as_deref(), Some("other1"));
    }

    #[test]
    fn what_is_tied_to_a_namespace_is_drawn_with_it_and_what_that_uses_besides_is_not() {
        let world = shared(2);
        let drawn = |name: &str| {
            let (part, said) = part(&world, &asked(&format!("namespace={name}")), None);
            let picture = graph::picture(&part.expect("a part"));
            assert!(picture.tiles.iter().all(|tile| !tile.missing), "{name}");
            let keys: BTreeSet<_> = picture.tiles.iter().filter_map(|tile| tile.key.clone()).collect();
            (keys.len(), said.expect("a sentence").sentence)
        };
        let said = "Namespace shop: 5 objects, and 2 elsewhere that use them or are used by them.";
        assert_eq!(drawn("shop"), (7, said.into()));
        let said = "Namespace other0: 2 objects, and 1 elsewhere that use them or are used by them.";
        assert_eq!(drawn("other0"), (3, said.into()));
    }

    #[test]
    fn of_what_everybody_uses_not_everybody_is_drawn() {
        let (part, said) = part(&shared(AROUND + 9), &Asked::default(), Some("shop"));
        assert_eq!(part.expect("a part").objects.len(), 5 + AROUND);
        let said = said.expect("a sentence").sentence;
        assert!(
            said.ends_with("and 30 elsewhere that use them or are used by them; 9 more elsewhere use them."),
            "{said}"
        );
    }
}
