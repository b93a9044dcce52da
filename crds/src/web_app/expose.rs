//! How a WebApp is reached: the load balancer, its listener, who may connect.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// The load balancer: an Application Load Balancer for HTTP and HTTPS, a Network Load Balancer for TCP and TLS.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "(self.protocol == 'HTTPS' || self.protocol == 'TLS') == has(self.certificate)",
    "expose.certificate is for protocols HTTPS and TLS, and they need it: set both or neither"
))]
#[x_kube(validation = (
    "self.protocol == 'HTTP' || self.protocol == 'HTTPS' || (self.path == '/' && size(self.hostnames) == 0 && !has(self.idleTimeoutSeconds))",
    "only HTTP and HTTPS know path, hostnames and idleTimeoutSeconds: leave them out, or set expose.protocol"
))]
#[x_kube(validation = (
    "self.protocol == 'HTTPS' || !has(self.redirectHTTP)",
    "expose.redirectHTTP sends HTTP to HTTPS: leave it out, or set expose.protocol to HTTPS"
))]
#[x_kube(validation = (
    "has(self.certificate) || !has(self.sslPolicy)",
    "expose.sslPolicy is for protocols HTTPS and TLS: leave it out, or set expose.protocol"
))]
#[x_kube(validation = (
    "self.protocol != 'HTTPS' || !has(self.port) || self.port != 80 || (has(self.redirectHTTP) && self.redirectHTTP == 'Disabled')",
    "port 80 is where HTTP is sent to HTTPS: choose another expose.port, or set redirectHTTP to Disabled"
))]
#[x_kube(validation = (
    "self.protocol != 'None' || (!has(self.port) && size(self.allowedCIDRs) == 0 && self.scheme == 'Internal')",
    "protocol None has no load balancer: leave scheme, port and allowedCIDRs out"
))]
pub struct Expose {
    /// Internal (default): from within the VPC. InternetFacing: from everywhere, where the Environment's limits.exposure
    /// is Public. A change makes another load balancer.
    #[serde(default)]
    pub scheme: Scheme,
    /// HTTP (default), HTTPS, TCP, TLS, or None for no load balancer: then only pods of the cluster connect.
    #[serde(default)]
    pub protocol: ExposeProtocol,
    /// ARN of the certificate in ACM, of the Environment's region; for HTTPS and TLS. It must bear this namespace's owner
    /// tag, or be admitted by the Environment's `limits.allow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 2048),
        regex(pattern = r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$")
    )]
    pub certificate: Option<String>,
    /// Requests below this path come to the app, others are answered with 404; * and ? are wildcards.
    #[serde(default = "root")]
    #[schemars(length(min = 1, max = 120), regex(pattern = r#"^/[A-Za-z0-9_.$/~"'@:+&*?-]*$"#))]
    pub path: String,
    /// The host names to which the app answers; others get 404. Empty: all. The Environment's `limits.hostnames` must
    /// admit each.
    #[serde(default)]
    #[schemars(
        length(max = 3),
        inner(
            length(min = 1, max = 128),
            regex(pattern = r"^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub hostnames: Vec<String>,
    /// The port on which the load balancer listens. Absent: 80 for HTTP, 443 for HTTPS and TLS, the app's own for TCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Option<u16>,
    /// Whether HTTP on port 80 is sent to HTTPS: Enabled, as is usual for HTTPS, or Disabled.
    #[serde(rename = "redirectHTTP", skip_serializing_if = "Option::is_none")]
    pub redirect_http: Option<RedirectHttp>,
    /// The security policy of TLS. Absent: one with TLS 1.2 and 1.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), regex(pattern = "^ELBSecurityPolicy-[A-Za-z0-9-]+$"))]
    pub ssl_policy: Option<String>,
    /// Seconds after which an idle connection is closed. Absent: 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4_000))]
    pub idle_timeout_seconds: Option<u16>,
    /// Seconds for which a pod that goes finishes what it has begun. It goes on serving that long.
    #[serde(default = "thirty")]
    #[schemars(range(min = 5, max = 3_600))]
    pub draining_seconds: u16,
    /// Who may connect, as IPv4 blocks. Empty: the VPC for Internal, everybody for InternetFacing.
    #[serde(default, rename = "allowedCIDRs")]
    #[schemars(length(max = 20), inner(length(min = 9, max = 18), regex(pattern = CIDR)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_cidrs: Vec<String>,
}

const CIDR: &str = r"^([0-9]{1,3}\.){3}[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])$";

impl Default for Expose {
    fn default() -> Self {
        schema::defaults()
    }
}

pub(super) fn thirty() -> u16 {
    30
}

fn root() -> String {
    "/".into()
}

/// From where a load balancer is reached.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub enum Scheme {
    /// From within the VPC.
    #[default]
    Internal,
    /// From the internet.
    InternetFacing,
}

impl Scheme {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "Internal",
            Self::InternetFacing => "InternetFacing",
        }
    }
}

/// What a load balancer speaks with its clients.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum ExposeProtocol {
    /// HTTP, by an Application Load Balancer.
    #[default]
    Http,
    /// HTTPS, by an Application Load Balancer.
    Https,
    /// TCP, by a Network Load Balancer.
    Tcp,
    /// TLS, by a Network Load Balancer.
    Tls,
    /// Nothing: there is none.
    #[serde(rename = "None")]
    None,
}

impl ExposeProtocol {
    /// As the Elastic Load Balancing API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::None => "None",
        }
    }

    /// Whether an Application Load Balancer serves it.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

/// Whether HTTP is sent to HTTPS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[schemars(inline)]
pub enum RedirectHttp {
    /// It is.
    Enabled,
    /// It is not: nothing listens on port 80.
    Disabled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_named_as_they_are_written() {
        for protocol in [
            ExposeProtocol::Http,
            ExposeProtocol::Https,
            ExposeProtocol::Tcp,
            ExposeProtocol::Tls,
            ExposeProtocol::None,
        ] {
            assert_eq!(serde_json::to_value(protocol).unwrap(), protocol.as_str());
        }
        for scheme in [Scheme::Internal, Scheme::InternetFacing] {
            assert_eq!(serde_json::to_value(scheme).unwrap(), scheme.as_str());
        }
    }
}
