//! The page as it is served, and what it shows of a web shop in order, in trouble, and named by somebody hostile.

use std::collections::BTreeSet;

use insta::{assert_json_snapshot, assert_snapshot};
use roxmltree::Document;
use serde_json::Value;

use super::thousand::{NAMESPACES, STALLED, thousand};
use super::*;
use crate::web_world::{environment, now, object, web_world, with_a_refused_database};

/// A name that would be markup or the end of a string, if anything let it. Kubernetes lets none be like this.
const NAME: &str = "</script><img src=x onerror=alert(1)>\"'&";
/// A message that would turn the direction of text as well.
const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"'&\u{202e}\u{1b}[2J";

/// The refused database, a plan that waits beside it, drift, and an Environment that cannot be reached.
fn in_trouble() -> World {
    let mut world = with_a_refused_database();
    let cache = world.object_mut("CacheTier shop/sessions");
    cache.stalls("ApprovalRequired", "cache (elasticache/ReplicationGroup): needs approval", "2h");
    cache.plans("77aa", &[("cache", "Replace", Some("lost: nothing keeps it"), "8c1f")]);
    let files = world.object_mut("ObjectTier shop/assets");
    files.becomes("Drifted", "True", "ChangedOutside", "changed outside Terrace: bucket: versioning", "40m");
    let mut other = environment("staging");
    other.fails("RoleUnusable", "the role cannot be assumed: mend its trust policy", "3h");
    world.environments.push(other);
    world.objects.push(object("DataTier lab/new"));
    world
}

fn shown(world: &World) -> View {
    view(world, None, now())
}

fn card<'a>(view: &'a View, key: &str) -> &'a Card {
    view.cards.iter().find(|card| card.key == key).expect("a card")
}

#[test]
fn the_web_example_in_trouble_is_shown_with_all_that_is_known_of_it() {
    let view = shown(&in_trouble());
    assert_json_snapshot!("in_trouble", view.cards);
    assert_eq!(view.now, "2026-07-27T03:00:00Z");
}

#[test]
fn what_needs_somebody_comes_first_and_environments_in_order_last() {
    let line = |card: &Card| format!("{} {} {}", card.sign, card.key, card.stands);
    let all: Vec<String> = shown(&in_trouble()).cards.iter().map(line).collect();
    assert_snapshot!(all.join("\n"));
}

#[test]
fn every_tile_that_can_be_opened_has_a_card_and_every_object_a_tile() {
    let view = shown(&in_trouble());
    let picture = Document::parse(&view.picture).expect("well-formed");
    let buttons = picture.descendants().filter(|node| node.attribute("role") == Some("button"));
    let keys: BTreeSet<&str> = buttons.clone().filter_map(|node| node.attribute("data-key")).collect();
    let cards: BTreeSet<&str> = view.cards.iter().map(|card| card.key.as_str()).collect();
    let environments = BTreeSet::from(["Environment/prod", "Environment/staging"]);
    assert_eq!(cards.difference(&keys).copied().collect::<BTreeSet<_>>(), environments);
    assert!(keys.is_subset(&cards));
    for button in buttons {
        assert_eq!(button.attribute("tabindex"), Some("0"));
        let card = card(&view, button.attribute("data-key").unwrap_or_default());
        let label = button.attribute("aria-label").unwrap_or_default();
        assert!(label.starts_with(&format!("{} {}, ", card.kind, card.name)), "{label}");
    }
}

#[test]
fn the_picture_of_the_page_leaves_its_colours_to_the_page() {
    let picture = shown(&web_world()).picture;
    assert!(!picture.contains("<style") && !picture.contains("style="));
    let style = &assets()[1].body;
    assert!(style.contains(".fill-page{fill:var(--page)}") && style.contains("prefers-color-scheme:dark"));
    assert!(assets()[0].body.contains(&format!("<html lang=\"en\" class=\"{}\">", graph::ROOT)));
}

#[test]
fn an_empty_cluster_says_so() {
    let view = shown(&World::default());
    assert!(view.cards.is_empty() && view.picture.contains("There is no Environment and no tier to draw."));
}

/// The keys of the tiles of a picture that can be opened.
fn drawn(view: &View) -> BTreeSet<String> {
    let picture = Document::parse(&view.picture).expect("well-formed");
    let buttons = picture.descendants().filter(|node| node.attribute("role") == Some("button"));
    buttons.filter_map(|node| node.attribute("data-key")).map(str::to_owned).collect()
}

#[test]
fn of_a_thousand_objects_the_one_that_needs_somebody_is_first_and_its_namespace_is_drawn() {
    let view = shown(&thousand());
    assert!(view.many && view.cards[0].key == STALLED && view.cards[0].state == crate::graph::State::Stalled);
    let namespaces: BTreeSet<_> = view.cards.iter().filter_map(|card| card.namespace.as_deref()).collect();
    assert_eq!((view.cards.len(), namespaces.len()), (1_004, NAMESPACES));
    let drawn = drawn(&view);
    assert!(drawn.len() == 25 && drawn.iter().all(|key| key.contains("/team-17/")), "{drawn:?}");
    let said = view.drawn.expect("what is drawn");
    assert_eq!(said.namespace.as_deref(), Some("team-17"));
    assert_eq!(said.sentence, "Namespace team-17: 25 objects.");
}

#[test]
fn of_a_few_objects_all_are_drawn_and_nothing_is_said_of_it() {
    let view = shown(&graph::samples::forty());
    assert!(!view.many && view.drawn.is_none());
    let value = serde_json::to_value(&view).expect("plain data");
    assert_eq!((&value["many"], value.get("drawn")), (&Value::Bool(false), None));
    let objects: BTreeSet<_> =
        view.cards.iter().filter(|card| card.namespace.is_some()).map(|card| card.key.clone()).collect();
    assert_eq!(drawn(&view), objects);
}

/// Every text in a value, but for the picture.
fn texts<'a>(value: &'a Value, all: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => all.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "picture").for_each(|(_, field)| texts(field, all));
        }
        _ => {}
    }
}

fn hostile() -> World {
    let mut world = in_trouble();
    let old: Vec<_> = world.objects.iter().map(|object| object.key.clone()).collect();
    let renamed = |key: &terrace_tiers::ObjectKey| {
        let mut key = key.clone();
        key.name = format!("{NAME}{}", old.iter().position(|other| *other == key).unwrap_or(99));
        key
    };
    for object in &mut world.objects {
        object.key = renamed(&object.key);
        object.uses.iter_mut().for_each(|used| used.target = renamed(&used.target));
        object.status.users.iter_mut().for_each(|user| user.name += NAME);
        object
            .status
            .conditions
            .iter_mut()
            .for_each(|one| (one.reason, one.message) = (HOSTILE.into(), HOSTILE.into()));
        for entry in &mut object.status.resources {
            (entry.reason, entry.message, entry.name) =
                (Some(HOSTILE.into()), Some(HOSTILE.into()), Some(HOSTILE.into()));
        }
        if let Some(plan) = &mut object.status.plan {
            (plan.summary, plan.entries[0].data) = (HOSTILE.into(), Some(HOSTILE.into()));
        }
        object.events.iter_mut().for_each(|event| event.message = HOSTILE.into());
    }
    world
}

#[test]
fn nothing_that_a_user_wrote_becomes_markup_or_turns_the_direction_of_text() {
    let view = shown(&hostile());
    let picture = Document::parse(&view.picture).expect("well-formed");
    assert!(picture.descendants().all(|node| !node.has_tag_name("script") && !node.has_tag_name("img")));
    let handlers = picture.descendants().flat_map(|node| node.attributes()).filter(|one| one.name().starts_with("on"));
    assert_eq!(handlers.count(), 0);
    assert!(!view.picture.contains(['\u{202e}', '\u{1b}']));
    let value = serde_json::to_value(&view).expect("plain data");
    let mut all = Vec::new();
    texts(&value, &mut all);
    assert!(all.iter().any(|text| text.contains("onerror")));
    for text in all {
        assert!(!text.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{text:?}");
    }
}

#[test]
fn the_page_holds_no_script_and_no_style_and_names_nobody_else() {
    let files = assets();
    let page = &files[0].body;
    assert!(page.starts_with("<!doctype html>"));
    for (at, _) in page.match_indices("<script") {
        let rest = &page[at..];
        let end = rest.find("</script>").expect("an end");
        assert!(rest[..end].ends_with('>') && rest[..end].contains(" src=\""), "a script of its own: {}", &rest[..end]);
    }
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("javascript:"));
    assert!(!page.match_indices(" on").any(|(at, _)| page[at + 3..].find('=').is_some_and(|end| end < 12)));
    for file in &files {
        let bare = file.body.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert!(!bare.contains("http://") && !bare.contains("https://") && !bare.contains("url("), "{}", file.path);
        assert!(
            !bare.contains("innerHTML") && !bare.contains("insertAdjacentHTML") && !bare.contains("eval("),
            "{}",
            file.path
        );
    }
}

#[test]
fn whatever_the_page_asks_for_is_served_beside_it() {
    let files = assets();
    let served: BTreeSet<&str> = files.iter().map(|file| file.path).collect();
    let named = |body: &str, before: &str| -> Vec<String> {
        let ends = body.match_indices(before).filter_map(|(at, _)| body[at + before.len()..].split('"').next());
        ends.map(|path| path.trim_start_matches("./").to_owned()).collect()
    };
    for file in &files {
        let hrefs = named(&file.body, "href=\"").into_iter().filter(|path| !path.starts_with('#'));
        let all = named(&file.body, "src=\"").into_iter().chain(named(&file.body, "from \"")).chain(hrefs);
        for path in all {
            assert!(served.contains(path.as_str()), "{} asks for {path}", file.path);
        }
    }
    let asks = files.iter().find(|file| file.path == "state.js").expect("the script that asks");
    assert!(asks.body.contains(&format!("fetch(`{STATE}${{question}}`")));
}

#[test]
fn each_file_says_its_job_in_its_first_line_and_is_short() {
    for file in assets().iter().filter(|file| file.content_type.starts_with("text/javascript")) {
        assert!(file.body.starts_with("// ") && file.body.lines().count() <= 300, "{}", file.path);
    }
}

/// A folder to write the page to, with states to look at: `WRITE_PAGE=folder cargo test -p terrace-views written_to_look_at`.
#[test]
fn the_page_can_be_written_to_look_at() {
    let Some(folder) = std::env::var_os("WRITE_PAGE").map(std::path::PathBuf::from) else { return };
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    std::fs::create_dir_all(&folder).expect("a folder");
    for file in assets() {
        write(if file.path.is_empty() { "index.html" } else { file.path }, &file.body);
    }
    let worlds = [
        ("state", in_trouble()),
        ("calm", web_world()),
        ("hostile", hostile()),
        ("forty", graph::samples::forty()),
        ("thousand", thousand::thousand()),
    ];
    for (name, world) in worlds {
        let t = std::time::Instant::now();
        let v = shown(&world);
        eprintln!("{name} view {:?}", t.elapsed());
        let t = std::time::Instant::now();
        let x = serde_json::to_string(&v).unwrap();
        eprintln!("{name} json {:?} {} picture {}", t.elapsed(), x.len(), v.picture.len());
        write(name, &serde_json::to_string(&shown(&world)).expect("plain data"));
    }
    write("csp", CSP);
}
