//! What holds for every form of picture, whatever the world is like.

use std::collections::BTreeSet;

use roxmltree::Document;
use terrace_tiers::{ObjectKey, Use};

use super::*;

fn worlds() -> Vec<World> {
    let mut worlds = vec![samples::web(), samples::web_in_trouble(), samples::forty(), hostile(), World::default()];
    let environments = vec![samples::environment("prod", "", "")];
    worlds.push(World { environments, ..World::default() });
    worlds
}

/// Text that would be markup, the end of a string or an escape, if any form let it.
const HOSTILE: &str = "\"];</text><script>&lt;x`|#\\ \u{1}\u{202e}\n注文 {$}";

/// Names of all sorts, references in circles and to nowhere, and no Environment to be found.
fn hostile() -> World {
    let mut world = samples::web();
    let long = "x".repeat(200);
    for (index, object) in world.objects.iter_mut().enumerate() {
        object.key.name = format!("{HOSTILE}{index}{long}");
        object.key.namespace = HOSTILE.into();
        object.status.outputs.values_mut().for_each(|output| output.push_str(HOSTILE));
        for condition in &mut object.status.conditions {
            (condition.reason, condition.message) = (HOSTILE.into(), format!("{HOSTILE}{long}"));
        }
    }
    let keys: Vec<ObjectKey> = world.objects.iter().map(|object| object.key.clone()).collect();
    for (index, object) in world.objects.iter_mut().enumerate() {
        let next = samples::used(HOSTILE, keys[(index + 1) % keys.len()].clone());
        let own = samples::used(HOSTILE, object.key.clone());
        let nowhere = samples::used(HOSTILE, ObjectKey::new(HOSTILE, HOSTILE, &long));
        object.uses = vec![next.clone(), own, nowhere, Use { until: Some("db"), ..next }];
        object.status.conditions.iter_mut().for_each(|condition| condition.status = "True".into());
    }
    let environment = &mut world.environments[0];
    (environment.name, environment.vpc) = (long, Some(HOSTILE.into()));
    world
}

fn svg(world: &World) -> String {
    draw(world, Format::Svg)
}

#[test]
fn the_same_world_gives_the_same_text() {
    for world in worlds() {
        for format in [Format::Svg, Format::Dot, Format::Mermaid] {
            assert_eq!(draw(&world, format), draw(&world.clone(), format));
        }
    }
}

#[test]
fn svg_is_well_formed_and_no_text_is_taken_for_markup() {
    for world in worlds() {
        let text = svg(&world);
        let document = Document::parse(&text).expect("well-formed");
        assert!(document.descendants().all(|node| !node.has_tag_name("script")));
        let ids: Vec<_> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }
}

#[test]
fn in_no_form_does_text_turn_its_direction_or_hold_what_cannot_be_seen() {
    for format in [Format::Svg, Format::Dot, Format::Mermaid] {
        let text = draw(&hostile(), format);
        let hidden = text.chars().find(|letter| *letter == '\u{202e}' || (letter.is_control() && *letter != '\n'));
        assert_eq!(hidden, None, "{format:?}");
    }
}

#[test]
fn every_box_says_what_it_is_to_those_who_do_not_see_it() {
    let text = svg(&samples::forty());
    let document = Document::parse(&text).expect("well-formed");
    let tiles: Vec<_> = document.descendants().filter(|node| node.attribute("class") == Some("tile")).collect();
    assert!(tiles.len() > 40);
    for tile in tiles {
        let child = |name: &str| tile.children().find(|node| node.has_tag_name(name)).and_then(|node| node.text());
        assert!(
            child("title").is_some_and(|text| !text.is_empty()) && child("desc").is_some_and(|text| !text.is_empty())
        );
        assert_eq!(tile.attribute("role"), Some("img"));
        let labelled = tile.attribute("aria-labelledby").unwrap_or_default().split(' ');
        assert!(labelled.into_iter().all(|id| document.descendants().any(|node| node.attribute("id") == Some(id))));
    }
}

#[test]
fn every_object_can_be_found_in_the_svg_by_its_key() {
    let (world, text) = (samples::forty(), svg(&samples::forty()));
    let document = Document::parse(&text).expect("well-formed");
    let keys: BTreeSet<_> = document.descendants().filter_map(|node| node.attribute("data-key")).collect();
    assert_eq!(world.objects.len(), 40);
    for object in &world.objects {
        assert!(keys.contains(object.key.to_string().as_str()), "{}", object.key);
    }
    assert!(keys.contains("DataTier/payments/queue"));
    let ends = document.descendants().filter_map(|node| node.attribute("data-to"));
    assert!(ends.into_iter().all(|key| keys.contains(key)));
}

#[test]
fn a_state_is_told_by_word_and_sign_and_not_by_colour_alone() {
    let text = svg(&samples::forty());
    let document = Document::parse(&text).expect("well-formed");
    let states: BTreeSet<_> = document.descendants().filter_map(|node| node.attribute("data-state")).collect();
    assert_eq!(states.len(), State::ALL.len(), "{states:?}");
    let words: Vec<_> =
        document.descendants().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text()).collect();
    for state in State::ALL {
        assert!(words.contains(&state.word()), "{}", state.word());
    }
}

#[test]
fn whoever_knows_no_style_sheet_sees_the_light_colours() {
    let text = svg(&samples::web());
    let document = Document::parse(&text).expect("well-formed");
    for node in
        document.descendants().filter(|node| node.attribute("class").is_some_and(|class| class.contains("fill-")))
    {
        let fill = node.attribute("fill").unwrap_or_default();
        assert!(fill.starts_with('#') && fill.len() == 7, "{node:?}");
    }
    assert!(text.contains("prefers-color-scheme"));
}

#[test]
fn dot_and_mermaid_keep_every_text_within_its_quotes() {
    let world = hostile();
    for line in draw(&world, Format::Dot).lines().filter(|line| line.contains("label=")) {
        let plain = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(plain.matches('"').count() % 2, 0, "{line}");
        assert!(!plain.split('"').step_by(2).any(|outside| outside.contains("script")), "{line}");
    }
    for line in draw(&world, Format::Mermaid).lines().filter(|line| line.contains('"')) {
        assert_eq!(line.matches('"').count(), 2, "{line}");
        assert!(!line.contains("<script") && !line.contains('`'), "{line}");
    }
}

/// Where the documentation has the picture of the web example.
const SHOWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/web.svg");

#[test]
fn the_picture_in_the_documentation_is_what_is_drawn() {
    let drawn = draw(&worlds()[0], Format::Svg);
    if std::env::var_os("WRITE_PICTURE").is_some() {
        std::fs::write(SHOWN, &drawn).expect("docs/web.svg");
    }
    let shown = std::fs::read_to_string(SHOWN).expect("docs/web.svg");
    assert!(
        shown == drawn,
        "stale: WRITE_PICTURE=1 cargo test -p terrace-views picture_in_the_documentation writes it"
    );
}
