//! The smaller parts of a distribution, as AWS has them and as we do.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudfront::types as sdk;
use terrace_engine::Result;
use terrace_model::aws::cloudfront::{CustomErrorResponse, GeoRestriction, Logging, Setting, ViewerCertificate};

use super::{filled, quantity, texts, whole};
use crate::shared::{known, some};

/// Host names.
pub(super) fn read_aliases(seen: Option<&sdk::Aliases>) -> BTreeSet<String> {
    seen.map(sdk::Aliases::items).unwrap_or_default().iter().map(|name| name.to_lowercase()).collect()
}

/// The same, as AWS takes them.
pub(super) fn write_aliases(want: &BTreeSet<String>) -> Result<sdk::Aliases> {
    let items: Vec<String> = want.iter().cloned().collect();
    sdk::Aliases::builder().quantity(quantity(&items)).set_items(some(items)).build().map_err(whole)
}

/// Error pages.
pub(super) fn read_errors(seen: Option<&sdk::CustomErrorResponses>) -> BTreeMap<i32, CustomErrorResponse> {
    let one = |found: &sdk::CustomErrorResponse| {
        let response = CustomErrorResponse {
            response_page_path: found.response_page_path().unwrap_or_default().to_owned(),
            response_code: found.response_code().unwrap_or_default().to_owned(),
            error_caching_min_ttl: found.error_caching_min_ttl().unwrap_or_default(),
        };
        (found.error_code(), response)
    };
    seen.map(sdk::CustomErrorResponses::items).unwrap_or_default().iter().map(one).collect()
}

/// The same, as AWS takes them.
pub(super) fn write_errors(want: &BTreeMap<i32, CustomErrorResponse>) -> Result<sdk::CustomErrorResponses> {
    let one = |(code, want): (&i32, &CustomErrorResponse)| {
        let built = sdk::CustomErrorResponse::builder().error_code(*code);
        let built = built.set_response_page_path(filled(&want.response_page_path));
        let built = built.set_response_code(filled(&want.response_code));
        built.error_caching_min_ttl(want.error_caching_min_ttl).build().map_err(whole)
    };
    let items = want.iter().map(one).collect::<Result<Vec<_>>>()?;
    sdk::CustomErrorResponses::builder().quantity(quantity(&items)).set_items(some(items)).build().map_err(whole)
}

/// Which countries.
pub(super) fn read_restriction(seen: Option<&sdk::Restrictions>) -> GeoRestriction {
    let read = |seen: &sdk::GeoRestriction| GeoRestriction {
        restriction_type: seen.restriction_type().as_str().to_owned(),
        locations: texts(seen.items()),
    };
    seen.and_then(sdk::Restrictions::geo_restriction).map_or_else(GeoRestriction::none, read)
}

/// The same, as AWS takes it.
pub(super) fn write_restriction(want: &GeoRestriction) -> Result<sdk::Restrictions> {
    let items: Vec<String> = want.locations.iter().cloned().collect();
    let built = sdk::GeoRestriction::builder().restriction_type(want.restriction_type.as_str().into());
    let built = built.quantity(quantity(&items)).set_items(some(items)).build().map_err(whole)?;
    Ok(sdk::Restrictions::builder().geo_restriction(built).build())
}

/// The certificate; one that IAM keeps is shown by its id there.
pub(super) fn read_certificate(seen: Option<&sdk::ViewerCertificate>) -> ViewerCertificate {
    let named = |seen: &sdk::ViewerCertificate| {
        let name = seen.acm_certificate_arn().or(seen.iam_certificate_id()).filter(|name| !name.is_empty())?.to_owned();
        Some(ViewerCertificate::Acm {
            certificate_arn: name.into(),
            minimum_protocol_version: seen.minimum_protocol_version().map(|v| v.as_str()).unwrap_or_default().into(),
            ssl_support_method: seen.ssl_support_method().map(|method| method.as_str()).unwrap_or_default().into(),
        })
    };
    seen.and_then(named).unwrap_or(ViewerCertificate::CloudFrontDefault)
}

/// The same, as AWS takes it.
pub(super) fn write_certificate(want: &ViewerCertificate) -> Result<sdk::ViewerCertificate> {
    let built = sdk::ViewerCertificate::builder();
    Ok(match want {
        ViewerCertificate::CloudFrontDefault => built.cloud_front_default_certificate(true).build(),
        ViewerCertificate::Acm { certificate_arn, minimum_protocol_version, ssl_support_method } => built
            .cloud_front_default_certificate(false)
            .acm_certificate_arn(known(certificate_arn)?)
            .minimum_protocol_version(minimum_protocol_version.as_str().into())
            .ssl_support_method(ssl_support_method.as_str().into())
            .build(),
    })
}

/// Standard logging.
pub(super) fn read_logging(seen: Option<&sdk::LoggingConfig>) -> Setting<Logging> {
    let on = seen.filter(|seen| seen.enabled() && !seen.bucket().is_empty());
    let read = |seen: &sdk::LoggingConfig| Logging {
        bucket: seen.bucket().into(),
        prefix: seen.prefix().to_owned(),
        include_cookies: seen.include_cookies(),
    };
    on.map(read).into()
}

/// The same, as AWS takes it.
pub(super) fn write_logging(want: &Setting<Logging>) -> Result<sdk::LoggingConfig> {
    let built = sdk::LoggingConfig::builder();
    Ok(match want.on() {
        None => built.enabled(false).include_cookies(false).bucket("").prefix("").build(),
        Some(log) => {
            let built = built.enabled(true).include_cookies(log.include_cookies).prefix(&log.prefix);
            built.bucket(known(&log.bucket)?).build()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_reads_back_as_written() {
        let acm = ViewerCertificate::Acm {
            certificate_arn: "arn:aws:acm:us-east-1:123456789012:certificate/1".into(),
            minimum_protocol_version: "TLSv1.2_2021".into(),
            ssl_support_method: "sni-only".into(),
        };
        for certificate in [ViewerCertificate::CloudFrontDefault, acm] {
            let written = write_certificate(&certificate).expect("it is written");
            assert_eq!(read_certificate(Some(&written)), certificate);
        }
        let log = Logging { bucket: "logs.s3.amazonaws.com".into(), prefix: "shop/".into(), include_cookies: true };
        for logging in [Setting::Off, Setting::On(log)] {
            assert_eq!(read_logging(Some(&write_logging(&logging).expect("it is written"))), logging);
        }
        let some = GeoRestriction { restriction_type: "whitelist".into(), locations: ["DE".to_owned()].into() };
        for restriction in [GeoRestriction::none(), some] {
            let written = write_restriction(&restriction).expect("it is written");
            assert_eq!(read_restriction(Some(&written)), restriction);
        }
        let page = CustomErrorResponse {
            response_page_path: "/index.html".into(),
            response_code: "200".into(),
            error_caching_min_ttl: 10,
        };
        let kept = CustomErrorResponse {
            response_page_path: String::new(),
            response_code: String::new(),
            error_caching_min_ttl: 0,
        };
        let errors: BTreeMap<_, _> = [(403, page), (500, kept)].into();
        assert_eq!(read_errors(Some(&write_errors(&errors).expect("it is written"))), errors);
    }

    #[test]
    fn host_names_are_told_apart_without_case() {
        let seen = sdk::Aliases::builder().quantity(1).items("Shop.Example.com").build().expect("it is whole");
        assert_eq!(read_aliases(Some(&seen)), ["shop.example.com".to_owned()].into());
    }
}
