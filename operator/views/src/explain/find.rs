//! From what was typed to a kind and a field of its schema, or to a sentence that says what there is instead.

use std::fmt;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};
use terrace_crds::{KINDS, Kind};

use super::near::nearest;
use crate::style::{bare, cut};

/// There is no such kind or field; the sentence names the nearest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    message: String,
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Unknown {}

/// The way from the whole schema of a kind to one of its fields.
pub(super) struct Route<'a> {
    /// The names of the fields, from `spec` or `status` on.
    pub names: Vec<String>,
    /// The schemas on the way: that of the whole, and one for each name.
    pub schemas: Vec<&'a JSONSchemaProps>,
}

/// The kind of a name: the kind itself, its plural or its short name, in any case and with dashes.
///
/// # Errors
/// There is none: a sentence with the nearest names.
pub fn kind(word: &str) -> Result<&'static Kind, Unknown> {
    let plain = word.replace('-', "").to_lowercase();
    let named = |kind: &&Kind| [&kind.kind.to_lowercase(), kind.plural, kind.short_name].contains(&plain.as_str());
    KINDS.iter().find(named).ok_or_else(|| {
        let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.kind).collect();
        Unknown { message: absent("kind", word, &plain, &kinds) }
    })
}

impl<'a> Route<'a> {
    /// Walks down from the whole schema. Names may be in any case, `spec.` may be left out, and lists are passed through
    /// with brackets or without.
    pub(super) fn find(kind: &str, whole: &'a JSONSchemaProps, path: &str) -> Result<Self, Unknown> {
        let mut route = Route { names: Vec::new(), schemas: vec![whole] };
        let words: Vec<&str> = path.split('.').map(plain).filter(|word| !word.is_empty()).collect();
        if words.first().is_some_and(|first| field(whole, first).is_none()) && route.down("spec").is_none() {
            return Err(Unknown { message: format!("{kind} has no spec") });
        }
        for word in words {
            if route.down(word).is_none() {
                return Err(route.unknown(kind, word));
            }
        }
        Ok(route)
    }

    /// Goes one field down.
    fn down(&mut self, word: &str) -> Option<()> {
        let (name, schema) = field(self.schema(), word)?;
        self.names.push(name.to_owned());
        self.schemas.push(schema);
        Some(())
    }

    /// The schema in which it ends.
    pub(super) fn schema(&self) -> &'a JSONSchemaProps {
        self.schemas[self.schemas.len() - 1]
    }

    /// Whether what it ends in must be set where its parent is.
    pub(super) fn required(&self) -> bool {
        let parent = self.schemas.iter().rev().nth(1).map(|parent| item(parent));
        let name = self.names.last();
        parent.zip(name).is_some_and(|(parent, name)| parent.required.iter().flatten().any(|required| required == name))
    }

    fn unknown(&self, kind: &str, word: &str) -> Unknown {
        let here = item(self.schema());
        let known: Vec<&str> = here.properties.iter().flatten().map(|(name, _)| name.as_str()).collect();
        let mut near: Vec<String> = nearest(word, known.iter().copied()).into_iter().map(str::to_owned).collect();
        if near.is_empty() {
            below(here, word, "", &mut near);
        }
        let near: Vec<&str> = near.iter().map(String::as_str).collect();
        let path = [&[kind.to_owned()], self.names.as_slice(), &[word.to_owned()]].concat().join(".");
        Unknown { message: no("field", &path, &near, &known) }
    }
}

/// The word without the brackets of a list.
fn plain(word: &str) -> &str {
    word.split('[').next().unwrap_or_default()
}

/// A field by its name; in any case where no other name is the same.
fn field<'a>(schema: &'a JSONSchemaProps, word: &str) -> Option<(&'a str, &'a JSONSchemaProps)> {
    let known = item(schema).properties.as_ref()?;
    let exact = known.get_key_value(word);
    let found = exact.or_else(|| known.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)))?;
    Some((found.0, found.1))
}

/// What a list is of; anything else is itself.
pub(super) fn item(schema: &JSONSchemaProps) -> &JSONSchemaProps {
    match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(each)) => item(each),
        _ => schema,
    }
}

/// Fields of that very name further down: who looks for `iops` finds `storage.iops`.
fn below(schema: &JSONSchemaProps, word: &str, path: &str, found: &mut Vec<String>) {
    for (name, field) in item(schema).properties.iter().flatten() {
        if name.eq_ignore_ascii_case(word) && found.len() < 3 {
            found.push(format!("{path}{name}"));
        }
        below(field, word, &format!("{path}{name}."), found);
    }
}

/// That there is none of a name, in the words of whoever typed it, and what there is instead: the nearest, else all.
pub fn absent(what: &str, word: &str, name: &str, known: &[&str]) -> String {
    no(what, word, &nearest(name, known.iter().copied()), known)
}

/// That there is none, and what there is instead.
fn no(what: &str, word: &str, near: &[&str], known: &[&str]) -> String {
    let word = cut(&bare(word), 120, "…");
    match (near, known) {
        ([], []) => format!("there is no {what} {word}"),
        ([], known) => format!("there is no {what} {word}: there are {}", known.join(", ")),
        ([first @ .., last], _) if !first.is_empty() => {
            format!("there is no {what} {word}: did you mean {} or {last}?", first.join(", "))
        }
        ([only, ..], _) => format!("there is no {what} {word}: did you mean {only}?"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::explain;

    fn refusal(path: &str) -> String {
        explain(path).map(|explained| explained.path).expect_err("unknown").to_string()
    }

    fn path(path: &str) -> String {
        explain(path).map(|explained| explained.path).unwrap_or_else(|unknown| unknown.to_string())
    }

    #[test]
    fn a_kind_is_found_by_each_of_its_names() {
        for name in ["DataTier", "datatier", "datatiers", "data-tier", "dt", "DT"] {
            assert_eq!(path(name), "DataTier");
        }
        assert_eq!(path("tenv"), "Environment");
    }

    #[test]
    fn spec_may_be_left_out_and_lists_are_passed_through() {
        assert_eq!(path("dt.storage"), "DataTier.spec.storage");
        assert_eq!(path("DataTier.spec.storage."), "DataTier.spec.storage");
        assert_eq!(path("dt.INSTANCEclass"), "DataTier.spec.instanceClass");
        assert_eq!(path("et.routes[].cache.keys"), "EdgeTier.spec.routes.cache.keys");
        assert_eq!(path("et.routes[0].path"), "EdgeTier.spec.routes.path");
        assert_eq!(path("dt.status"), "DataTier.status");
        assert_eq!(path("dt.status.resources.id"), "DataTier.status.resources.id");
    }

    #[test]
    fn what_there_is_not_is_answered_with_what_there_is() {
        assert_eq!(refusal("DataTire"), "there is no kind DataTire: did you mean DataTier?");
        assert_eq!(
            refusal("database"),
            "there is no kind database: there are CacheTier, DataTier, EdgeTier, Environment, ObjectTier, TierGrant, WebApp"
        );
        assert_eq!(refusal("DataTier.spec.replica"), "there is no field DataTier.spec.replica: did you mean replicas?");
        assert_eq!(refusal("dt.iops"), "there is no field DataTier.spec.iops: did you mean storage.iops?");
        assert_eq!(
            refusal("dt.storage.colour"),
            "there is no field DataTier.spec.storage.colour: there are iops, maxSize, size, throughput, type"
        );
        assert_eq!(refusal("dt.port.number"), "there is no field DataTier.spec.port.number");
        assert_eq!(refusal("tg.status"), "there is no field TierGrant.spec.status: there are access, from, to");
    }

    #[test]
    fn nothing_that_is_typed_breaks_it() {
        for typed in ["", ".", "..", "dt.[", "dt.]", "\u{1b}[2J", "dt.\u{202e}", "ü.ü", "dt.é", &"x.".repeat(20_000)]
        {
            let said = path(typed);
            assert!(said.chars().count() < 400 && !said.contains('\u{1b}'), "{said}");
        }
    }
}
