//! Application Auto Scaling: scalable targets, and the policies that scale them.

mod policies;
mod targets;

pub use policies::Policies;
pub use targets::Targets;

use terrace_engine::{Error, Result};
use terrace_model::Id;

/// Where a target or a policy is found: each service's are listed by themselves.
struct Place<'a> {
    /// Region and service, by which lists are kept.
    list: String,
    namespace: &'a str,
    resource: &'a str,
    dimension: &'a str,
}

/// Reads the address that targets and policies share.
fn place(id: &Id) -> Result<Place<'_>> {
    let field = |name: &str| {
        id.address(name).ok_or_else(|| Error::invalid(format!("{} {} has no {name} in its address", id.kind, id.node)))
    };
    let namespace = field("serviceNamespace")?;
    Ok(Place {
        list: [&id.place.region, namespace].join("/"),
        namespace,
        resource: field("resourceId")?,
        dimension: field("scalableDimension")?,
    })
}
