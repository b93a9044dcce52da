//! What flows along an edge, in at most two short lines: what, and how.

use terrace_crds::GrantAccess;
use terrace_tiers::Use;

use super::kinds::{self, PROTOCOLS, Speaks};
use super::picture::Column;
use crate::Object;

/// The output that an origin needs of an app that is reached within the VPC.
const PRIVATE: &str = "loadBalancerArn";

/// What flows when an object of kind `user` uses `target`; that one is None where it is not there.
pub fn label(user: &str, used: &Use, target: Option<&Object>) -> Vec<String> {
    if used.until.is_some() {
        return lines(["restored from", "a point in time"]);
    }
    let access = match used.access {
        GrantAccess::Read => "ReadOnly",
        GrantAccess::ReadWrite => "ReadWrite",
    };
    match kinds::of(&used.target.kind).speaks {
        Speaks::Listener => {
            let how = if used.needs.contains(&PRIVATE) { "VPC origin" } else { "" };
            lines([listener(target).as_str(), how])
        }
        Speaks::Port(protocol) => lines([port(protocol, target).as_str(), access]),
        Speaks::Api(..) if kinds::of(user).column == Column::Edge => {
            lines([entry(&used.field), "origin access control"])
        }
        Speaks::Api(read, write) => lines([read, if used.access == GrantAccess::Read { "" } else { write }]),
        Speaks::Anything => lines([access, ""]),
    }
}

/// Protocol and port of a listener.
pub fn listener(target: Option<&Object>) -> String {
    let protocol = output(target, "listenerProtocol").unwrap_or("HTTP");
    match output(target, "listenerPort") {
        Some(port) => format!("{protocol} {port}"),
        None => protocol.into(),
    }
}

fn port(protocol: &str, target: Option<&Object>) -> String {
    let tls = output(target, "tls") == Some("true");
    let words = [self::protocol(target).unwrap_or(protocol), if tls { "TLS" } else { "" }];
    let words = words.into_iter().chain(output(target, "port")).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// What people call what clients of the tier speak.
pub fn protocol(target: Option<&Object>) -> Option<&str> {
    let said = output(target, "bindingType")?;
    Some(PROTOCOLS.iter().find(|(type_, _)| *type_ == said).map_or(said, |(_, name)| name))
}

fn output<'a>(target: Option<&'a Object>, name: &str) -> Option<&'a str> {
    target?.status.outputs.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// The name of the list entry that a field is in: `assets` of `spec.origins[assets].objectTierRef`.
fn entry(field: &str) -> &str {
    let entry = field.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    entry.map_or(field, |(entry, _)| entry)
}

fn lines(all: [&str; 2]) -> Vec<String> {
    all.into_iter().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use terrace_tiers::ObjectKey;

    use super::*;
    use crate::graph::samples;

    fn used(kind: &str, access: GrantAccess) -> Use {
        Use { access, ..samples::used("spec.bindings[db].dataTierRef", ObjectKey::new(kind, "shop", "orders")) }
    }

    fn target(kind: &str, outputs: &[(&str, &str)]) -> Object {
        let mut object = samples::object(kind, "shop", "orders", &["Ready"]);
        object.status.outputs = outputs.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        object
    }

    fn said(user: &str, used: &Use, target: Option<&Object>) -> String {
        label(user, used, target).join(" / ")
    }

    #[test]
    fn a_database_or_a_cache_says_protocol_port_and_access() {
        let sql = target("DataTier", &[("bindingType", "postgresql"), ("port", "5432")]);
        assert_eq!(
            said("WebApp", &used("DataTier", GrantAccess::ReadWrite), Some(&sql)),
            "PostgreSQL 5432 / ReadWrite"
        );
        let cache = target("CacheTier", &[("bindingType", "valkey"), ("port", "6379"), ("tls", "true")]);
        assert_eq!(said("WebApp", &used("CacheTier", GrantAccess::Read), Some(&cache)), "Valkey TLS 6379 / ReadOnly");
        let new = target("DataTier", &[("port", "")]);
        assert_eq!(said("WebApp", &used("DataTier", GrantAccess::Read), Some(&new)), "SQL / ReadOnly");
        assert_eq!(said("WebApp", &used("CacheTier", GrantAccess::Read), None), "Redis / ReadOnly");
        let odd = target("DataTier", &[("bindingType", "oracle")]);
        assert_eq!(said("WebApp", &used("DataTier", GrantAccess::Read), Some(&odd)), "oracle / ReadOnly");
    }

    #[test]
    fn a_bucket_says_what_is_called_or_how_cloudfront_comes_in() {
        let read = used("ObjectTier", GrantAccess::Read);
        assert_eq!(said("WebApp", &read, None), "s3:GetObject");
        assert_eq!(said("WebApp", &used("ObjectTier", GrantAccess::ReadWrite), None), "s3:GetObject / s3:PutObject");
        let origin = Use { field: "spec.origins[assets].objectTierRef".into(), ..read };
        assert_eq!(said("EdgeTier", &origin, None), "assets / origin access control");
        assert_eq!(said("EdgeTier", &Use { field: "odd".into(), ..origin }, None), "odd / origin access control");
    }

    #[test]
    fn an_app_says_its_listener_and_whether_it_is_reached_within_the_network() {
        let app = target("WebApp", &[("listenerProtocol", "HTTPS"), ("listenerPort", "443")]);
        let public = used("WebApp", GrantAccess::Read);
        let private = Use { needs: &["host", "loadBalancerArn"], ..public.clone() };
        assert_eq!(said("EdgeTier", &public, Some(&app)), "HTTPS 443");
        assert_eq!(said("EdgeTier", &private, Some(&app)), "HTTPS 443 / VPC origin");
        assert_eq!(said("EdgeTier", &private, None), "HTTP / VPC origin");
    }

    #[test]
    fn a_restore_is_no_traffic_and_an_unknown_kind_says_the_access() {
        let restore = Use { until: Some("db"), ..used("DataTier", GrantAccess::Read) };
        assert_eq!(said("DataTier", &restore, None), "restored from / a point in time");
        assert_eq!(said("WebApp", &used("GameTier", GrantAccess::ReadWrite), None), "ReadWrite");
    }
}
