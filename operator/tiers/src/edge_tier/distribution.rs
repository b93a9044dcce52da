//! The distribution itself.

use terrace_crds::edge_tier::{ErrorPage, GeoRestriction, Ipv6, LoggedCookies, Logs};
use terrace_model::aws::cloudfront::{self, CustomErrorResponse, Distribution, Logging, ViewerCertificate};
use terrace_model::{Node, Val};

use super::behaviors::Behaviors;
use super::design::Design;
use super::origins::Origins;
use crate::draft::Draft;
use crate::naming::shorten;

/// What a distribution is made of.
pub(super) struct Parts {
    /// ARN of a certificate that has been issued, where there are hostnames.
    pub certificate: Option<Val<String>>,
    /// ARN of the web ACL, where there is a firewall.
    pub firewall: Option<Val<String>>,
    pub origins: Origins,
    pub behaviors: Behaviors,
}

/// Adds it.
pub(super) fn distribution(draft: &mut Draft, design: &Design, parts: Parts) -> Node<Distribution> {
    let spec = design.spec;
    let Parts { certificate, firewall, origins, behaviors } = parts;
    let want = Distribution {
        comment: shorten(design.title(), 128),
        enabled: true,
        aliases: spec.hostnames.iter().cloned().collect(),
        default_root_object: spec.default_root_object.clone().unwrap_or_default(),
        origins: origins.origins,
        origin_groups: origins.groups,
        default_cache_behavior: behaviors.default,
        cache_behaviors: behaviors.by_path,
        custom_error_responses: spec.error_pages.iter().map(|page| (page.code.into(), error(page))).collect(),
        price_class: spec.price_class.as_str().into(),
        http_version: spec.http_version.as_str().into(),
        is_ipv6_enabled: spec.ipv6 == Ipv6::Enabled,
        geo_restriction: spec.geo_restriction.as_ref().map_or_else(cloudfront::GeoRestriction::none, countries),
        web_acl_id: firewall.unwrap_or_else(|| "".into()),
        viewer_certificate: match certificate {
            None => ViewerCertificate::CloudFrontDefault,
            Some(certificate_arn) => ViewerCertificate::Acm {
                certificate_arn,
                minimum_protocol_version: spec.tls.minimum_version.as_str().into(),
                ssl_support_method: "sni-only".into(),
            },
        },
        logging: spec.logs.as_ref().map(logging).into(),
        tags: draft.tags(),
    };
    draft.add("distribution", want)
}

/// With a page goes a status: that of the error, where no other is said.
fn error(page: &ErrorPage) -> CustomErrorResponse {
    let code = page.path.as_ref().map(|_| page.response_code.unwrap_or(page.code).to_string());
    CustomErrorResponse {
        response_page_path: page.path.clone().unwrap_or_default(),
        response_code: code.unwrap_or_default(),
        error_caching_min_ttl: page.min_ttl_seconds.into(),
    }
}

fn countries(restriction: &GeoRestriction) -> cloudfront::GeoRestriction {
    let (kind, list) = if restriction.allow.is_empty() {
        ("blacklist", &restriction.block)
    } else {
        ("whitelist", &restriction.allow)
    };
    cloudfront::GeoRestriction { restriction_type: kind.into(), locations: list.iter().cloned().collect() }
}

fn logging(logs: &Logs) -> Logging {
    Logging {
        bucket: format!("{}.s3.amazonaws.com", logs.bucket).into(),
        prefix: logs.prefix.clone(),
        include_cookies: logs.cookies == LoggedCookies::Include,
    }
}
