//! What an object uses, and what uses it.

use serde::Serialize;

use super::card::{key, said};
use crate::State;
use crate::tree::{ObjectLine, UseLine, UserLine, used_in_words};

/// What an object uses, and what uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Links {
    pub uses: Vec<Link>,
    pub used_by: Vec<Link>,
}

/// One reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub key: String,
    pub title: String,
    /// ReadOnly or ReadWrite.
    pub access: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// The field of the spec that refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is to be known of what is used: that it is not there, not Ready, drifted, degraded, or
    /// has not admitted the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The references of an object.
pub fn of(line: &ObjectLine) -> Links {
    Links { uses: line.uses.iter().map(used).collect(), used_by: line.used_by.iter().map(user).collect() }
}

fn used(line: &UseLine) -> Link {
    Link {
        key: key(&line.object),
        title: said(&line.object.title()),
        access: line.access,
        binding: line.binding.as_deref().map(said),
        field: Some(said(&line.field)),
        note: note(line),
    }
}

/// As `terrace tree` says it, unless there is nothing to be known.
fn note(line: &UseLine) -> Option<String> {
    Some(used_in_words(line)).filter(|words| words != State::Ready.word()).map(|words| said(&words))
}

fn user(line: &UserLine) -> Link {
    Link {
        key: key(&line.object),
        title: said(&line.object.title()),
        access: line.access,
        binding: line.binding.as_deref().map(said),
        ..Link::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::tree::{Scope, tree};
    use crate::web_world::{web_world, with_a_refused_database};

    fn notes(world: &World, name: &str) -> Vec<Option<String>> {
        let tree = tree(world, &Scope::All).expect("a tree");
        let line = tree.objects.iter().find(|line| line.object.title() == name).expect("an object");
        of(line).uses.into_iter().map(|link| link.note).collect()
    }

    #[test]
    fn a_reference_says_what_is_wrong_with_what_it_leads_to_and_nothing_else() {
        let mut world = web_world();
        assert_eq!(notes(&world, "WebApp shop/shop"), [None, None]);
        world.objects.iter_mut().for_each(|object| object.status.users.clear());
        let waits = Some("Ready, and has not admitted it yet".to_owned());
        assert_eq!(notes(&world, "WebApp shop/shop"), [waits.clone(), waits]);
        let app = "WebApp shop/shop";
        assert_eq!(notes(&with_a_refused_database(), app)[0].as_deref(), Some("Stalled, AccessDenied"));
        world.objects.retain(|object| object.key.kind == "WebApp");
        assert_eq!(notes(&world, app)[0].as_deref(), Some("there is no such object"));
    }
}
