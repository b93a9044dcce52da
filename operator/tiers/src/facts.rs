//! All that a graph depends on beside the spec, read before: the Environment, the object, its users, the time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use terrace_crds::environment::{DatabaseAccess, Exposure};
use terrace_model::Val;

use crate::Objects;

/// What was found out before an object is expanded. One type serves every tier; a tier reads what it needs.
#[derive(Clone, Debug)]
pub struct Facts {
    pub environment: Environment,
    pub object: Object,
    /// The time, of which a graph may depend through `progress` only.
    pub now: Timestamp,
    /// The live objects that refer to this one and are admitted (same namespace, or by a TierGrant).
    pub users: Vec<User>,
    /// The outputs of the objects that the spec refers to ([`crate::Tier::uses`]) and that have admitted it.
    pub objects: Objects,
    /// The procedures under way, as the object's status has them.
    pub progress: Vec<terrace_crds::Progress>,
    /// The existing AWS resources that the spec names ([`crate::Tier::references`]), by the text that names them.
    /// What is absent here was not found.
    pub named: BTreeMap<String, Named>,
    /// The logical ids of the nodes that exist already. What they were made from is not looked at again.
    pub made: BTreeSet<String>,
    /// Those of them that were as wished when they were last looked at.
    pub ready: BTreeSet<String>,
    /// Whether that was since `progress` became what it is. Where it was not, as after a crash between two steps, nobody
    /// knows yet what became of the present one, and `ready` is empty.
    pub looked: bool,
    /// The CloudWatch alarms that the spec names ([`crate::Tier::alarms`]), by name. What is absent was not found.
    pub alarms: BTreeMap<String, Alarm>,
    /// What load balancers find of the targets of those target groups of the object's own that decide how a procedure goes on
    /// ([`crate::Tier::target_groups`]), by logical id. What is absent could not be looked at yet.
    pub targets: BTreeMap<String, Targets>,
    /// The parameters of the engine's family ([`crate::Tier::parameter_family`]) by name, as
    /// `DescribeEngineDefaultParameters` or `DescribeEngineDefaultClusterParameters` lists them. `None`: not read, and
    /// AWS is left to judge.
    pub parameters: Option<BTreeMap<String, Parameter>>,
}

/// The Environment that serves the object, with what was discovered of its account, network and cluster.
#[derive(Clone, Debug)]
pub struct Environment {
    pub name: String,
    /// Twelve digits.
    pub account: String,
    /// The home region.
    pub region: String,
    /// As `aws` or `aws-cn`: the second part of an ARN.
    pub partition: String,
    /// The name of the EKS cluster.
    pub cluster: String,
    /// The security group that EKS gives to nodes and pods of that cluster.
    pub cluster_security_group: String,
    pub vpc_id: String,
    pub vpc_cidr: String,
    pub private_subnets: Vec<Subnet>,
    pub public_subnets: Vec<Subnet>,
    /// ARN of the policy that bounds every role.
    pub permissions_boundary: Option<String>,
    /// The administrator's tags.
    pub tags: BTreeMap<String, String>,
    pub limits: Limits,
    pub database_access: DatabaseAccess,
    /// What the EKS cluster offers to workloads.
    pub features: Features,
}

/// What an EKS cluster offers to workloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// The URL of its OIDC issuer, as `https://oidc.eks.eu-west-1.amazonaws.com/id/…`.
    pub oidc_issuer: Option<String>,
    /// The ARN of the IAM OIDC provider of that issuer, without which no service account assumes a role (IRSA).
    pub oidc_provider: Option<String>,
    /// Whether the add-on `eks-pod-identity-agent` is installed.
    pub pod_identity: bool,
    /// The API version under which `TargetGroupBinding` is served: of the AWS Load Balancer Controller
    /// (`elbv2.k8s.aws/v1beta1`), or of EKS Auto Mode (`eks.amazonaws.com/v1`).
    pub target_group_binding: Option<String>,
}

/// The state of a CloudWatch alarm (`StateValue` in the CloudWatch API).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    Ok,
    /// It fires; AWS's own words why.
    Alarm(String),
    InsufficientData,
}

/// The targets of a target group (`TargetHealthDescriptions` in the Elastic Load Balancing API).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// How many get requests.
    pub healthy: u32,
    /// Of one that is to get requests and does not: why, in AWS's own words.
    pub unwell: Option<String>,
}

/// A subnet and its availability zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    pub id: String,
    pub zone: String,
}

/// What objects of this namespace may be and name.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Absent: all kinds.
    pub kinds: Option<Vec<String>>,
    pub exposure: Exposure,
    /// The host names that may be claimed, exact or with a leading `*.` label.
    pub hostnames: Vec<String>,
    /// The ARN patterns of those `limits.allow` entries that select this namespace.
    pub allow: Vec<String>,
}

/// The object that is expanded.
#[derive(Clone, Debug)]
pub struct Object {
    pub namespace: String,
    pub name: String,
    pub uid: String,
}

/// An object that refers to this one.
#[derive(Clone, Debug)]
pub struct User {
    /// Kind, namespace, name, binding and access, as `status.users` shows them.
    pub who: terrace_crds::User,
    /// The group that its network interfaces are in, where it has one of its own. Absent: that of the EKS cluster.
    pub security_group: Option<Val<String>>,
    /// The ARN of the role, or of the CloudFront distribution, by which it is let in.
    pub principal: Option<Val<String>>,
}

/// An existing AWS resource that the spec names.
#[derive(Clone, Debug, Default)]
pub struct Named {
    pub arn: String,
    /// The namespace that its owner tags name, if they name this cluster and one at all.
    pub namespace: Option<String>,
    /// Databases, caches and snapshots of them: as `postgres` or `valkey`.
    pub engine: Option<String>,
    /// Databases and snapshots: the name of the master user.
    pub master_username: Option<String>,
    /// Databases and snapshots: whether the storage is encrypted.
    pub encrypted: Option<bool>,
    /// Databases and snapshots that have a size: GiB.
    pub allocated_storage: Option<u32>,
    /// Buckets, which are found whatever region they are in.
    pub region: Option<String>,
    /// Hosted zones.
    pub zone: Option<Zone>,
    /// Certificates.
    pub certificate: Option<Certificate>,
}

/// A hosted zone that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    /// As `Z0123456789ABCDEFGHIJ`.
    pub id: String,
    /// Without the dot at its end, in lower case.
    pub name: String,
    /// With a comma between them.
    pub name_servers: String,
}

/// A certificate that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// All names that it is for, in lower case.
    pub domains: BTreeSet<String>,
    /// As ACM has it: `ISSUED`.
    pub status: String,
}

impl Zone {
    /// Whether a host name lies in it.
    pub fn holds(&self, hostname: &str) -> bool {
        let above = hostname.strip_suffix(self.name.as_str());
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }
}

impl Certificate {
    /// Whether it is for a host name: by that name, or by a wildcard in place of its first label.
    pub fn covers(&self, hostname: &str) -> bool {
        let wildcard = hostname.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        self.domains.contains(hostname) || wildcard.is_some_and(|wildcard| self.domains.contains(&wildcard))
    }
}

/// One parameter of an engine's family (`Parameter` in the RDS API).
#[derive(Clone, Debug, Default)]
pub struct Parameter {
    /// Whether it can be set at all.
    pub modifiable: bool,
    /// As `0,1`, `10-1000` or `on,off`; absent where anything goes.
    pub allowed_values: Option<String>,
    /// As `integer`, `boolean`, `string`, `list`, `float`.
    pub data_type: Option<String>,
}

impl Limits {
    /// Whether objects of this kind may be made.
    pub fn admits_kind(&self, kind: &str) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|admitted| admitted == kind))
    }

    /// Whether a host name may be claimed: it is listed, or one label in place of a listed `*`.
    pub fn admits_hostname(&self, hostname: &str) -> bool {
        let below = hostname.split_once('.').map(|(_, parent)| parent);
        self.hostnames.iter().any(|admitted| match admitted.strip_prefix("*.") {
            Some(parent) => admitted == hostname || below == Some(parent),
            None => admitted == hostname,
        })
    }

    /// Whether what exists under this ARN may be named.
    pub fn allows(&self, arn: &str) -> bool {
        self.allow.iter().any(|pattern| matches(pattern, arn))
    }
}

/// Whether `text` is what `pattern` says, in which `*` stands for any run of characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, mut rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    while let Some((part, after)) = rest.split_once('*') {
        let Some(found) = text.find(part) else {
            return false;
        };
        text = &text[found + part.len()..];
        rest = after;
    }
    text.ends_with(rest)
}

impl Environment {
    /// The availability zones of the private subnets.
    pub fn private_zones(&self) -> BTreeSet<&str> {
        self.private_subnets.iter().map(|subnet| subnet.zone.as_str()).collect()
    }

    /// The ids of the private subnets.
    pub fn private_subnet_ids(&self) -> BTreeSet<String> {
        self.private_subnets.iter().map(|subnet| subnet.id.clone()).collect()
    }

    /// The ARN of something in this account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Environment { partition, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// The ARN of a bucket, which names neither account nor region.
    pub fn bucket_arn(&self, name: &str) -> String {
        format!("arn:{}:s3:::{name}", self.partition)
    }

    /// The host name of a service, as IAM conditions have it.
    pub fn service_host(&self, service: &str) -> String {
        let suffix = if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("{service}.{}.{suffix}", self.region)
    }

    /// The ARN of a policy that AWS manages.
    pub fn aws_policy(&self, path: &str) -> String {
        format!("arn:{}:iam::aws:policy/{path}", self.partition)
    }
}

/// The first subnet of each availability zone, whatever their order: what takes one a zone gets these.
pub(crate) fn first_of_each_zone(subnets: &[Subnet]) -> BTreeSet<String> {
    let mut first = BTreeMap::<&str, &str>::new();
    for subnet in subnets {
        let id = first.entry(subnet.zone.as_str()).or_insert(subnet.id.as_str());
        *id = (*id).min(subnet.id.as_str());
    }
    first.into_values().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_one_subnet_a_zone_gets_the_same_ones_whatever_their_order() {
        let subnet = |id: &str, zone: &str| Subnet { id: id.into(), zone: zone.into() };
        let mut subnets = vec![subnet("3", "b"), subnet("2", "a"), subnet("1", "a")];
        assert_eq!(first_of_each_zone(&subnets), ["1", "3"].map(str::to_owned).into());
        subnets.reverse();
        assert_eq!(first_of_each_zone(&subnets), ["1", "3"].map(str::to_owned).into());
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text) in [
            ("arn:aws:s3:::a", "arn:aws:s3:::a"),
            ("arn:aws:rds:*:111122223333:snapshot:*", "arn:aws:rds:eu-west-1:111122223333:snapshot:a"),
            ("arn:*:key/*", "arn:aws:kms:eu-west-1:1:key/1"),
            ("a*b*c", "abbc"),
            ("a*", "a"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("arn:aws:s3:::a", "arn:aws:s3:::ab"),
            ("arn:aws:rds:*:111122223333:snapshot:*", "arn:aws:rds:eu-west-1:444455556666:snapshot:a"),
            ("a*b*c", "acb"),
            ("ab*ba", "aba"),
            ("*a", "b"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_host_name_is_admitted_as_listed_or_one_label_under_a_star() {
        let limits = Limits { hostnames: vec!["*.shop.example.com".into(), "example.org".into()], ..Limits::default() };
        for admitted in ["www.shop.example.com", "*.shop.example.com", "example.org"] {
            assert!(limits.admits_hostname(admitted), "{admitted}");
        }
        for refused in ["shop.example.com", "a.b.shop.example.com", "www.example.org", "example.com"] {
            assert!(!limits.admits_hostname(refused), "{refused}");
        }
        assert!(!Limits::default().admits_hostname("example.org"));
    }

    #[test]
    fn a_zone_holds_itself_and_what_lies_below_it() {
        let zone = Zone { name: "example.com".into(), ..Zone::default() };
        for (hostname, held) in
            [("example.com", true), ("a.b.example.com", true), ("*.example.com", true), ("notexample.com", false)]
        {
            assert_eq!(zone.holds(hostname), held, "{hostname}");
        }
    }

    #[test]
    fn a_wildcard_covers_one_label_and_not_its_parent() {
        let certificate = Certificate { domains: ["*.example.com".into()].into(), ..Certificate::default() };
        for (hostname, covered) in
            [("www.example.com", true), ("*.example.com", true), ("example.com", false), ("a.www.example.com", false)]
        {
            assert_eq!(certificate.covers(hostname), covered, "{hostname}");
        }
    }

    #[test]
    fn without_limits_every_kind_is_admitted_and_nothing_may_be_named() {
        let none = Limits::default();
        assert!(none.admits_kind("DataTier") && !none.allows("arn:aws:s3:::a"));
        let some = Limits { kinds: Some(vec!["WebApp".into()]), allow: vec!["arn:aws:s3:::a".into()], ..none };
        assert!(!some.admits_kind("DataTier") && some.allows("arn:aws:s3:::a"));
    }
}
