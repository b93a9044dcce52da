//! What an EdgeTier's spec comes to: names that several resources share, and how origins answer.

use terrace_crds::edge_tier::{Origin, Route};
use terrace_crds::{EdgeTier, EdgeTierSpec, TierObject};

use crate::naming::title;
use crate::{Facts, ObjectKey};

/// A valid spec with the facts it was judged by.
pub(super) struct Design<'a> {
    pub spec: &'a EdgeTierSpec,
    pub facts: &'a Facts,
    /// The last route, which answers what matches no other.
    pub default_route: &'a Route,
}

impl Design<'_> {
    /// Whom a description names.
    pub fn title(&self) -> String {
        title(EdgeTier::KIND, &self.facts.object)
    }
}

/// How an origin wants to be asked; of a failover group, how its members all can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Manner {
    /// It makes its answers from the whole request.
    App,
    /// So it does, but knows itself by its own host name only.
    Host,
    /// It answers by path alone.
    Bucket,
}

/// How the origin of this name wants to be asked.
pub(super) fn manner(spec: &EdgeTierSpec, name: &str) -> Manner {
    let one = |origin: &Origin| match origin {
        origin if origin.is_bucket() => Manner::Bucket,
        origin if origin.web_app_ref.is_some() => Manner::App,
        _ => Manner::Host,
    };
    let named = |name: &str| spec.origins.iter().find(|origin| origin.name == name);
    match named(name) {
        Some(group) if !group.failover.is_empty() => {
            group.failover.iter().filter_map(|member| named(member)).map(one).max().unwrap_or(Manner::Host)
        }
        Some(origin) => one(origin),
        None => Manner::Host,
    }
}

/// The object that an origin refers to, with the path of the field that does.
pub(super) fn target(origin: &Origin, namespace: &str) -> Option<(String, ObjectKey)> {
    let (field, kind, reference) = match (&origin.web_app_ref, &origin.object_tier_ref) {
        (Some(reference), _) => ("webAppRef", "WebApp", reference),
        (None, Some(reference)) => ("objectTierRef", "ObjectTier", reference),
        (None, None) => return None,
    };
    let namespace = reference.namespace.as_deref().unwrap_or(namespace);
    Some((format!("spec.origins[{}].{field}", origin.name), ObjectKey::new(kind, namespace, &reference.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failover_group_is_asked_as_its_more_modest_member_can_be() {
        let spec: EdgeTierSpec = serde_json::from_value(json!({
            "origins": [
                {"name": "web", "webAppRef": {"name": "shop"}},
                {"name": "old", "host": "old.example.net"},
                {"name": "sorry", "bucket": "sorry"},
                {"name": "either", "failover": ["web", "old"]},
                {"name": "static", "failover": ["web", "sorry"]},
            ],
            "routes": [{"path": "/*", "origin": "web"}],
        }))
        .unwrap();
        let all = ["web", "old", "sorry", "either", "static"].map(|name| manner(&spec, name));
        assert_eq!(all, [Manner::App, Manner::Host, Manner::Bucket, Manner::Host, Manner::Bucket]);
    }
}
