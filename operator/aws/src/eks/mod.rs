//! Amazon EKS: reading the cluster that an Environment names, and what the providers of what it holds share.
//!
//! From the EKS API reference: DescribeCluster, DescribeAddon, and the errors of each action.

mod fargate;
mod pod_identity;
mod read;
mod role;

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_eks::Client;
use aws_sdk_eks::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eks::types;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use terrace_engine::coalesce::{Few, Regional};
use terrace_engine::{Error, Result, reason};
use terrace_model::aws::Tags;
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Id};

use self::read::{Account, OwnTags};
use crate::errors::{absent, classify, code};
use crate::finder::TagIndex;
use crate::hourly::Hourly;
use crate::{Clients, tags};

pub use fargate::FargateProfiles;
pub use pod_identity::PodIdentityAssociations;
pub use role::role_of;

/// IAM actions used to read the cluster; those of the providers are theirs.
pub const ACTIONS: &[&str] = &["eks:DescribeAddon", "eks:DescribeCluster"];
/// All that this service has.
const TAGGED: &[&str] = &["eks"];
const GONE: &[&str] = &["ResourceNotFoundException"];
/// The add-on that hands roles out to pods (EKS user guide, "Set up the Amazon EKS Pod Identity Agent").
const POD_IDENTITY_AGENT: &str = "eks-pod-identity-agent";

/// What an Environment wants to know of its cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    pub arn: String,
    /// Of Kubernetes, as `1.33`.
    pub version: String,
    /// `ACTIVE`, `CREATING`, `UPDATING`, `DELETING`, `FAILED` or `PENDING`.
    pub status: String,
    /// URL of the issuer of the service accounts' tokens, if there is one.
    pub oidc_issuer: Option<String>,
    /// The security group that EKS makes for the control plane and the nodes.
    pub security_group_id: Option<String>,
    pub vpc_id: Option<String>,
    /// Subnets of the control plane's network interfaces.
    pub subnet_ids: BTreeSet<String>,
    /// EKS Auto Mode runs its nodes. It brings Pod Identity and load balancing along (EKS user guide, "EKS Auto Mode").
    pub auto_mode: bool,
}

/// Reads a cluster by name; `None` where there is none in that region.
///
/// # Errors
/// As classified.
pub async fn cluster(clients: &Clients, region: &str, name: &str) -> Result<Option<Cluster>> {
    let answer = clients.eks(region).describe_cluster().name(name).send().await;
    Ok(absent(answer, &["ResourceNotFoundException"])?.and_then(|answer| answer.cluster).map(read))
}

/// Whether pods get roles by Pod Identity: the cluster is in Auto Mode, or has the agent.
///
/// # Errors
/// As classified.
pub async fn pod_identity(clients: &Clients, region: &str, name: &str, cluster: &Cluster) -> Result<bool> {
    if cluster.auto_mode {
        return Ok(true);
    }
    let request = clients.eks(region).describe_addon().cluster_name(name).addon_name(POD_IDENTITY_AGENT);
    let addon = absent(request.send().await, GONE)?.and_then(|answer| answer.addon);
    let status = addon.and_then(|addon| addon.status);
    Ok(status.is_some_and(|status| !matches!(status, types::AddonStatus::CreateFailed | types::AddonStatus::Deleting)))
}

fn read(cluster: types::Cluster) -> Cluster {
    let network = cluster.resources_vpc_config;
    Cluster {
        arn: cluster.arn.unwrap_or_default(),
        version: cluster.version.unwrap_or_default(),
        status: cluster.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        oidc_issuer: cluster.identity.and_then(|identity| identity.oidc).and_then(|oidc| oidc.issuer),
        security_group_id: network.as_ref().and_then(|network| network.cluster_security_group_id.clone()),
        vpc_id: network.as_ref().and_then(|network| network.vpc_id.clone()),
        subnet_ids: network.and_then(|network| network.subnet_ids).unwrap_or_default().into_iter().collect(),
        auto_mode: cluster.compute_config.and_then(|compute| compute.enabled).unwrap_or_default(),
    }
}

/// Clients and lists that the providers of one Environment share.
pub struct Eks {
    clients: Clients,
    /// By ARN.
    profiles: Hourly<Option<Arc<types::FargateProfile>>>,
    /// ARNs by region and cluster, there by namespace and service account.
    accounts: Regional<Account, String>,
    /// By ARN.
    associations: Hourly<Option<Arc<types::PodIdentityAssociation>>>,
    tags: TagIndex<OwnTags>,
}

impl Eks {
    /// The state that all providers of EKS share.
    pub fn new(clients: Clients) -> Arc<Self> {
        Arc::new(Eks {
            profiles: Hourly::default(),
            accounts: Regional::new(clients.recent(), Few::Pages),
            associations: Hourly::default(),
            tags: TagIndex::new(clients.clone(), TAGGED, OwnTags(clients.clone())),
            clients,
        })
    }

    /// For reading.
    fn reader(&self, id: &Id) -> Client {
        self.clients.eks(&id.place.region)
    }

    /// For changing something on behalf of the owner's namespace.
    fn writer(&self, id: &Id) -> Client {
        self.clients.for_namespace(&id.owner.namespace).eks(&id.place.region)
    }

    /// The tags of something: as its description has them, and of one that was described a while ago, as a list has them;
    /// `None` where it is not there any more.
    async fn tags_of(&self, id: &Id, arn: &str, freshness: Freshness, described: Tags) -> Result<Option<Tags>> {
        match freshness {
            Freshness::Now => Ok(Some(described)),
            Freshness::Recent => self.tags.get(&id.place.region, arn, freshness).await,
        }
    }

    /// Sets and removes the tags that differ.
    async fn retag(&self, id: &Id, arn: &str, want: &Tags, diff: &Diff) -> Result<()> {
        let set = |tags: Tags| async move {
            let request = self.writer(id).tag_resource().resource_arn(arn);
            request.set_tags(Some(tags.into_iter().collect())).send().await.map(drop).map_err(refused)
        };
        let remove = |keys| async move {
            let request = self.writer(id).untag_resource().resource_arn(arn).set_tag_keys(Some(keys));
            request.send().await.map(drop).map_err(refused)
        };
        tags::retag(want, diff, set, remove).await
    }
}

/// A part of an ARN after its account, as the cluster of `fargateprofile/<cluster>/<name>/<id>`.
fn part(id: &Id, index: usize) -> Option<String> {
    let resource = id.handle.as_ref()?.0.splitn(6, ':').nth(5)?;
    resource.split('/').nth(index).map(str::to_owned)
}

/// The cluster that something lies in, as its ARN has it, or its address.
fn cluster_of(id: &Id) -> String {
    part(id, 1).or_else(|| id.address("clusterName").map(str::to_owned)).unwrap_or_default()
}

/// Codes that mean in EKS what no code tells elsewhere.
fn refused<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let said = code(&error).unwrap_or_default().to_owned();
    let other = classify(error);
    let text = other.to_string();
    match said.as_str() {
        // IAM shows a new role late.
        "InvalidParameterException" if text.to_lowercase().contains("role") => Error::wait(reason::NOT_READY, text),
        // "The request is invalid given the state of the cluster."
        "InvalidRequestException" => Error::wait(reason::NOT_READY, text),
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::REGION;
    use aws_sdk_eks::operation::create_fargate_profile::CreateFargateProfileError;
    use aws_sdk_eks::operation::describe_addon::{DescribeAddonError, DescribeAddonOutput};
    use aws_sdk_eks::types::{
        Addon, AddonStatus, ClusterStatus, ComputeConfigResponse, Identity, Oidc, VpcConfigResponse,
    };
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    #[test]
    fn a_cluster_without_issuer_or_network_yet_is_read_all_the_same() {
        let new = types::Cluster::builder().name("prod").status(ClusterStatus::Creating).build();
        assert_eq!(read(new), Cluster { status: "CREATING".into(), ..Cluster::default() });
    }

    #[test]
    fn issuer_and_network_are_read() {
        let network = VpcConfigResponse::builder().vpc_id("vpc-1").subnet_ids("subnet-2").subnet_ids("subnet-1");
        let oidc = Oidc::builder().issuer("https://oidc.eks.eu-west-1.amazonaws.com/id/1").build();
        let cluster = types::Cluster::builder()
            .arn("arn:aws:eks:eu-west-1:1:cluster/prod")
            .version("1.33")
            .identity(Identity::builder().oidc(oidc).build())
            .compute_config(ComputeConfigResponse::builder().enabled(true).build())
            .resources_vpc_config(network.cluster_security_group_id("sg-1").build());
        let read = read(cluster.build());
        assert_eq!(read.oidc_issuer.as_deref(), Some("https://oidc.eks.eu-west-1.amazonaws.com/id/1"));
        assert!(read.auto_mode);
        assert_eq!((read.vpc_id.as_deref(), read.security_group_id.as_deref()), (Some("vpc-1"), Some("sg-1")));
        assert_eq!(read.subnet_ids.into_iter().collect::<Vec<_>>(), ["subnet-1", "subnet-2"]);
    }

    fn meta(code: &str, message: &str) -> ErrorMetadata {
        ErrorMetadata::builder().code(code).message(message).build()
    }

    #[tokio::test]
    async fn pod_identity_comes_with_auto_mode_or_with_its_agent() {
        let offered = async |rule: Rule, auto_mode| {
            let client = mock_client!(aws_sdk_eks, RuleMode::MatchAny, [&rule]);
            let clients = crate::testing::clients().with_client(REGION, client);
            let cluster = Cluster { auto_mode, ..Cluster::default() };
            pod_identity(&clients, REGION, "prod", &cluster).await.expect("it is read")
        };
        let agent = |status: AddonStatus| {
            let asked = mock!(Client::describe_addon)
                .match_requests(|request| request.addon_name() == Some("eks-pod-identity-agent"));
            asked.then_output(move || {
                DescribeAddonOutput::builder().addon(Addon::builder().status(status.clone()).build()).build()
            })
        };
        let none = || {
            mock!(Client::describe_addon)
                .then_error(|| DescribeAddonError::generic(meta("ResourceNotFoundException", "no add-on")))
        };
        assert!(offered(agent(AddonStatus::Active), false).await && offered(none(), true).await);
        assert!(!offered(agent(AddonStatus::Deleting), false).await && !offered(none(), false).await);
    }

    #[test]
    fn what_a_cluster_is_busy_with_and_what_iam_shows_late_is_waited_for() {
        for (code, message, expected) in [
            ("ResourceInUseException", "cluster currently has Fargate profile b in status CREATING", reason::IN_USE),
            ("InvalidRequestException", "the cluster is not in ACTIVE state", reason::NOT_READY),
            ("InvalidParameterException", "Misconfigured PodExecutionRole Trust Policy", reason::NOT_READY),
            ("InvalidParameterException", "Subnet subnet-1 is not a private subnet", reason::INVALID),
            ("ResourceLimitExceededException", "too many profiles", reason::QUOTA),
        ] {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(400).expect("a status");
            let response = HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty());
            let error = SdkError::service_error(CreateFargateProfileError::generic(meta(code, message)), response);
            assert_eq!(refused(error).reason(), expected, "{code} {message}");
        }
    }
}
