//! How requests are answered, by path: the routes with their policies and functions.

use std::collections::{BTreeMap, BTreeSet};

use terrace_crds::edge_tier::{Compression, Function, FunctionEvent, Methods, Route};
use terrace_model::Val;
use terrace_model::aws::cloudfront::{self, CacheBehavior, PathBehavior};

use super::design::Design;
use super::headers;
use super::policies::{self, Policies};
use crate::draft::Draft;

/// The behaviours of a distribution.
pub(super) struct Behaviors {
    /// Of what matches no path.
    pub default: CacheBehavior,
    /// The first whose path matches wins.
    pub by_path: Vec<PathBehavior>,
}

/// A function that stands, by event, with the paths that it is for: none for all.
type Functions<'a> = Vec<(&'a Function, Val<String>)>;

/// Adds what the routes need.
pub(super) fn behaviors(draft: &mut Draft, design: &Design) -> Behaviors {
    let functions = functions(draft, design);
    let mut policies = Policies::default();
    let mut by_path = Vec::new();
    let last = design.spec.routes.len().saturating_sub(1);
    for route in &design.spec.routes[..last] {
        let behavior = behavior(draft, &mut policies, design, route, &functions);
        by_path.push(PathBehavior { path_pattern: route.path.clone(), behavior });
    }
    Behaviors { default: behavior(draft, &mut policies, design, design.default_route, &functions), by_path }
}

fn behavior(
    draft: &mut Draft,
    policies: &mut Policies,
    design: &Design,
    route: &Route,
    functions: &Functions,
) -> CacheBehavior {
    let headers = route.response_headers.as_ref().unwrap_or(&design.spec.response_headers);
    CacheBehavior {
        target_origin_id: route.origin.clone(),
        viewer_protocol_policy: route.viewer_protocol.as_str().into(),
        allowed_methods: allowed(route.methods),
        cached_methods: allowed(if route.methods == Methods::All { Methods::Read } else { route.methods }),
        cache_policy_id: policies::cache(draft, policies, design.spec, route),
        origin_request_policy_id: policies::origin_request(draft, policies, design.spec, route),
        response_headers_policy_id: headers::id(draft, policies, headers),
        compress: route.compression == Compression::Automatic,
        function_associations: associations(functions, route),
    }
}

fn allowed(methods: Methods) -> BTreeSet<String> {
    let all = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"];
    let count = match methods {
        Methods::Read => 2,
        Methods::ReadOptions => 3,
        Methods::All => all.len(),
    };
    all[..count].iter().map(|method| (*method).to_owned()).collect()
}

fn associations(functions: &Functions, route: &Route) -> BTreeMap<String, Val<String>> {
    let serving = functions.iter().filter(|(function, _)| serves(function, route));
    serving.map(|(function, arn)| (function.event.as_str().to_owned(), arn.clone())).collect()
}

/// Whether a function is for a route.
pub(super) fn serves(function: &Function, route: &Route) -> bool {
    function.routes.is_empty() || function.routes.contains(&route.path)
}

fn functions<'a>(draft: &mut Draft, design: &Design<'a>) -> Functions<'a> {
    let mut all = Vec::new();
    for function in &design.spec.functions {
        let want = cloudfront::Function {
            comment: crate::naming::shorten(design.title(), 128),
            runtime: function.runtime.as_str().into(),
            code: function.code.clone(),
            tags: draft.tags(),
        };
        let event = match function.event {
            FunctionEvent::ViewerRequest => "request",
            FunctionEvent::ViewerResponse => "response",
        };
        let node = draft.add(&format!("function-{}-{event}", function.name), want);
        all.push((function, node.out(cloudfront::Function::ARN)));
    }
    all
}
