//! Amazon CloudFront: distributions, and what they refer to.
//!
//! Fields and units follow the CloudFront API reference (DistributionConfig, CachePolicyConfig, …). CloudFront has no
//! region; its nodes stand in the home region. What it uses of ACM and WAF is in us-east-1.
//!
//! An origin access control and the three kinds of policies bear no tags: their comment says whose they are, and `tags` of
//! these holds the owner's tags alone. A tier leaves it empty.

mod behaviour;
mod distribution;
mod function;
pub mod managed;
mod origin;
mod origin_access;
mod policies;
mod response_headers;
mod wire;

use serde::{Deserialize, Serialize};

pub use behaviour::{CacheBehavior, PathBehavior};
pub use distribution::{
    CustomErrorResponse, Distribution, DistributionOutputs, GeoRestriction, Logging, ViewerCertificate,
};
pub use function::{Function, FunctionOutputs};
pub use origin::{CustomOrigin, Origin, OriginGroup, OriginType};
pub use origin_access::{OriginAccessControl, VpcOrigin, VpcOriginOutputs};
pub use policies::{CachePolicy, OriginRequestPolicy, Selection};
pub use response_headers::{
    ContentSecurityPolicy, Cors, CustomHeader, FrameOptions, ReferrerPolicy, ResponseHeadersPolicy,
    StrictTransportSecurity, XssProtection,
};
pub use wire::{Port, ProtocolPolicy};

/// A part that is there or not, both of which can be wished for: `None` would say that it is not ours to decide.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Setting<T> {
    #[default]
    Off,
    On(T),
}

impl<T> Setting<T> {
    /// The part, where it is there.
    pub fn on(&self) -> Option<&T> {
        match self {
            Setting::Off => None,
            Setting::On(part) => Some(part),
        }
    }
}

impl<T> From<Option<T>> for Setting<T> {
    fn from(part: Option<T>) -> Self {
        part.map_or(Setting::Off, Setting::On)
    }
}

/// Of what is known by its id alone: policies and origin access controls.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdOutputs {
    pub id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{KindSpec, Resource};
    use crate::{Effect, diff};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn effects<R: Resource>(want: &Value, have: &Value) -> Vec<(String, Effect)> {
        let spec = KindSpec::of::<R>();
        let (want, have) = ((spec.normalise)(want).expect("a wish"), (spec.normalise)(have).expect("a wish"));
        let found = diff::diff(&spec, &want, &have, &BTreeMap::new(), &BTreeMap::new());
        found.0.into_iter().map(|change| (change.path, change.effect)).collect()
    }

    #[test]
    fn what_is_switched_off_or_changes_its_form_is_a_difference() {
        let off = json!({"originType": "s3", "signingBehavior": "always", "signingProtocol": "sigv4", "tags": {}});
        assert!(effects::<OriginAccessControl>(&off, &off).is_empty());
        let policy = |cors: Value| {
            json!({
                "cors": cors, "strictTransportSecurity": "off", "contentTypeOptions": "off", "frameOptions": "off",
                "referrerPolicy": "off", "contentSecurityPolicy": "off", "xssProtection": "off",
                "customHeaders": {}, "removeHeaders": [], "serverTimingSamplingRate": "off", "tags": {},
            })
        };
        let on = json!({"on": {
            "allowOrigins": ["https://shop.example.com"], "allowHeaders": ["*"], "allowMethods": ["GET"],
            "allowCredentials": false, "exposeHeaders": [], "maxAgeSeconds": 600, "originOverride": true,
        }});
        let found = effects::<ResponseHeadersPolicy>(&policy(json!("off")), &policy(on));
        assert_eq!(found, [("cors".to_owned(), Effect::InPlace)]);
    }

    #[test]
    fn a_vpc_origin_gives_way_to_another_since_aws_changes_none_in_use() {
        let origin = |arn: &str| {
            json!({
                "arn": arn, "httpPort": "80", "httpsPort": 443, "originProtocolPolicy": "HTTP",
                "originSslProtocols": ["TLSv1.2"], "tags": {},
            })
        };
        assert_eq!(effects::<VpcOrigin>(&origin("arn:a"), &origin("arn:b")), [("arn".to_owned(), Effect::Replace)]);
    }

    #[test]
    fn the_origin_of_another_type_is_a_difference_within_the_map() {
        let origin = |kind: OriginType| {
            json!(Origin {
                domain_name: "assets.s3.eu-west-1.amazonaws.com".into(),
                origin_path: String::new(),
                custom_headers: BTreeMap::new(),
                connection_attempts: 3,
                connection_timeout: 10,
                origin_shield_region: String::new(),
                origin: kind,
            })
        };
        let s3 = origin(OriginType::S3 { origin_access_control_id: "E1".into() });
        let vpc = origin(OriginType::Vpc {
            vpc_origin_id: "vo_1".into(),
            origin_read_timeout: 30,
            origin_keepalive_timeout: 5,
        });
        let read: Origin = serde_json::from_value(vpc.clone()).expect("it reads back");
        assert!(matches!(read.origin, OriginType::Vpc { .. }));
        assert_ne!(s3["origin"], vpc["origin"]);
    }
}
