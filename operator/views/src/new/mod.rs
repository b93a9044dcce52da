//! A commented manifest to start from, one of each kind: a short form that is fit for production, and what is wanted most
//! as options.

mod name;
#[cfg(test)]
mod tests;

use crate::explain::kind_named;

/// A kind that there is a manifest of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewKind {
    /// As it is typed: `data-tier`.
    pub word: &'static str,
    /// The kind: `DataTier`.
    pub kind: &'static str,
    /// What an object of it may be called, where nothing is said.
    pub name: &'static str,
    template: &'static str,
}

/// Every kind that there is a manifest of.
///
/// In a template `{{name}}` and `{{namespace}}` are put in. A line that begins with `#` and no space is an option: a whole
/// line of YAML, that can be set by itself. A line that begins with `#` and a space is for people.
pub const KINDS: &[NewKind] = &[
    NewKind { word: "web-app", kind: "WebApp", name: "shop", template: include_str!("templates/web-app.yaml") },
    NewKind { word: "data-tier", kind: "DataTier", name: "orders", template: include_str!("templates/data-tier.yaml") },
    NewKind {
        word: "cache-tier",
        kind: "CacheTier",
        name: "sessions",
        template: include_str!("templates/cache-tier.yaml"),
    },
    NewKind {
        word: "object-tier",
        kind: "ObjectTier",
        name: "assets",
        template: include_str!("templates/object-tier.yaml"),
    },
    NewKind { word: "edge-tier", kind: "EdgeTier", name: "shop", template: include_str!("templates/edge-tier.yaml") },
    NewKind {
        word: "environment",
        kind: "Environment",
        name: "prod",
        template: include_str!("templates/environment.yaml"),
    },
    NewKind { word: "tier-grant", kind: "TierGrant", name: "web", template: include_str!("templates/tier-grant.yaml") },
];

/// The kind of a name: the kind itself, its plural or its short name, in any case and with dashes.
///
/// # Errors
/// There is none: a sentence with the nearest names.
pub fn kind(word: &str) -> Result<&'static NewKind, String> {
    let known = kind_named(word).map_err(|unknown| unknown.to_string())?;
    KINDS.iter().find(|new| new.kind == known.kind).ok_or_else(|| format!("there is no manifest of {} yet", known.kind))
}

/// A manifest of a kind to start from, for an object of this name. An Environment is in no namespace, and passes over that.
///
/// # Errors
/// There is no such kind, or Kubernetes takes no such name: a sentence.
pub fn manifest(kind: &str, name: &str, namespace: &str) -> Result<String, String> {
    let new = self::kind(kind)?;
    let filled = new.template.replace("{{name}}", &name::object(name)?);
    match filled.contains("{{namespace}}") {
        true => Ok(filled.replace("{{namespace}}", &name::namespace(namespace)?)),
        false => Ok(filled),
    }
}
