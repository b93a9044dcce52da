//! Ports and protocols as other objects say them: an output is a text, AWS wants a number and words of its own.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A TCP port: read from `443` and from `"443"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Port(pub i32);

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let port = number.and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0);
        port.map(|port| Port(port.into())).ok_or_else(|| D::Error::custom(format!("{value} is no port")))
    }
}

/// How CloudFront speaks to an origin. Read also from what a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProtocolPolicy {
    #[serde(alias = "HTTP", alias = "TCP")]
    HttpOnly,
    #[serde(alias = "HTTPS", alias = "TLS")]
    HttpsOnly,
    MatchViewer,
}

impl ProtocolPolicy {
    /// AWS's word.
    pub fn as_str(self) -> &'static str {
        match self {
            ProtocolPolicy::HttpOnly => "http-only",
            ProtocolPolicy::HttpsOnly => "https-only",
            ProtocolPolicy::MatchViewer => "match-viewer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::val::Val;
    use serde_json::json;

    #[test]
    fn what_a_listener_says_becomes_what_aws_is_told() {
        for (said, told) in [(json!("443"), json!(443)), (json!(8080), json!(8080))] {
            let port: Val<Port> = serde_json::from_value(said).expect("a port");
            assert_eq!(serde_json::to_value(port).expect("it is JSON"), told);
        }
        for none in [json!("web"), json!(0), json!("70000"), json!(null)] {
            assert!(serde_json::from_value::<Port>(none.clone()).is_err(), "{none}");
        }
        for (said, told) in
            [("HTTP", "http-only"), ("TCP", "http-only"), ("TLS", "https-only"), ("match-viewer", "match-viewer")]
        {
            let policy: Val<ProtocolPolicy> = serde_json::from_value(json!(said)).expect("a policy");
            assert_eq!(serde_json::to_value(&policy).expect("it is JSON"), told);
            assert_eq!(policy.get().expect("it is known").as_str(), told);
        }
    }
}
