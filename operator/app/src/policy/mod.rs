//! `terrace policy`: what the operator may do, in AWS and in the cluster, made from what its code says it does.

mod document;
mod formats;
mod needs;
mod rbac;

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use terrace_model::aws::iam::Policy;

use crate::kinds::KINDS;
use document::Boundary;
use formats::Role;
use needs::Needs;

/// The service account that the chart makes, unless its values say otherwise.
const SERVICE_ACCOUNT: &str = "terrace-system/terrace";

/// Flags of `terrace policy`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// Kinds that teams may use, separated by commas; all of them unless given.
    #[arg(long, value_delimiter = ',', value_parser = kind)]
    pub kinds: Vec<&'static str>,
    /// Who assumes the role.
    #[arg(long, value_enum, default_value_t = Trust::PodIdentity)]
    pub trust: Trust,
    /// ARN of the cluster's OIDC provider in IAM, for --trust irsa.
    #[arg(long, value_parser = arn)]
    pub oidc_provider: Option<String>,
    /// The operator's service account as NAMESPACE/NAME, for --trust irsa.
    #[arg(long, default_value = SERVICE_ACCOUNT, value_parser = service_account)]
    pub service_account: String,
    /// ARN of the operator's own role, for --trust operator: the role is the one that an Environment names.
    #[arg(long, value_parser = arn)]
    pub operator_role: Option<String>,
    /// The external id that the Environment gives, for --trust operator.
    #[arg(long)]
    pub external_id: Option<String>,
    /// ARN of a policy: the operator makes no role, and changes none, that has not this permissions boundary.
    #[arg(long, value_parser = arn)]
    pub permissions_boundary: Option<String>,
    /// The role's name, and how the names of its policies begin.
    #[arg(long, default_value = "terrace")]
    pub name: String,
    /// In which form.
    #[arg(long, short, value_enum, default_value_t = Output::Json)]
    pub output: Output,
}

/// Who assumes the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trust {
    /// The operator's pods, by EKS Pod Identity.
    PodIdentity,
    /// The operator's pods, by the token of their service account.
    Irsa,
    /// The operator's own role, for an Environment of type AssumeRole.
    Operator,
}

/// The form in which a policy is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// The role's documents, each as `aws iam` takes it.
    Json,
    /// A template that makes the role.
    Cloudformation,
    /// Resources that make the role.
    Terraform,
    /// The rules of the chart's roles in the cluster, which do not depend on the other flags.
    Rbac,
}

/// The IAM actions that objects of these kinds need on any resource: those that the policy allows without conditions.
pub fn actions(kinds: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut actions = Needs::of(kinds).actions;
    actions.retain(|action| !document::is_special(action));
    actions
}

/// What is to be printed.
///
/// # Errors
/// A sentence for the person who asked: which flag is missing.
pub fn print(flags: &Flags) -> Result<String, String> {
    let form = match flags.output {
        Output::Rbac => return Ok(rbac::rules(&Needs::of(&all()).cluster)),
        Output::Json => formats::json,
        Output::Cloudformation => formats::cloudformation,
        Output::Terraform => formats::terraform,
    };
    let kinds = if flags.kinds.is_empty() { all() } else { flags.kinds.iter().copied().collect() };
    let boundary = flags.permissions_boundary.clone().map(Boundary);
    let policies = document::policies(&Needs::of(&kinds), boundary.as_ref());
    Ok(form(&Role { name: flags.name.clone(), trust: trust(flags)?, policies }))
}

fn all() -> BTreeSet<&'static str> {
    KINDS.iter().map(|kind| kind.name).collect()
}

fn trust(flags: &Flags) -> Result<Policy, String> {
    match flags.trust {
        Trust::PodIdentity => Ok(Policy::trusts_pod_identity()),
        Trust::Irsa => {
            let provider = flags.oidc_provider.as_deref().ok_or(
                "--trust irsa needs --oidc-provider: the ARN that `aws iam list-open-id-connect-providers` shows for the cluster's issuer",
            )?;
            let issuer = provider.split_once(":oidc-provider/").map(|(_, issuer)| issuer).ok_or_else(|| {
                format!("--oidc-provider {provider} is no OIDC provider: its ARN holds :oidc-provider/")
            })?;
            let (namespace, name) = flags.service_account.split_once('/').unwrap_or_default();
            Ok(Policy::trusts_web_identity(provider, issuer, namespace, name))
        }
        Trust::Operator => {
            let role = flags
                .operator_role
                .as_deref()
                .ok_or("--trust operator needs --operator-role: the ARN of the role that the operator's pods have")?;
            Ok(Policy::trusts_role(role, flags.external_id.as_deref()))
        }
    }
}

fn kind(name: &str) -> Result<&'static str, String> {
    let known = KINDS.iter().map(|kind| kind.name);
    known
        .clone()
        .find(|kind| *kind == name)
        .ok_or_else(|| format!("there is no such kind; there are {}", known.collect::<Vec<_>>().join(", ")))
}

fn arn(text: &str) -> Result<String, String> {
    let is_arn = text.starts_with("arn:") && text.split(':').count() >= 6;
    is_arn
        .then(|| text.to_owned())
        .ok_or_else(|| "an ARN is written arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE".into())
}

fn service_account(text: &str) -> Result<String, String> {
    let whole = text.split_once('/').is_some_and(|(namespace, name)| !namespace.is_empty() && !name.is_empty());
    whole.then(|| text.to_owned()).ok_or_else(|| "a service account is written NAMESPACE/NAME".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use serde_json::{Value, json};

    #[derive(Parser)]
    struct Asked {
        #[command(flatten)]
        flags: Flags,
    }

    async fn printed(args: &[&str]) -> Result<String, String> {
        let asked = Asked::try_parse_from(["policy"].iter().chain(args)).map_err(|error| error.to_string())?;
        print(&asked.flags)
    }

    #[tokio::test]
    async fn each_trust_asks_for_what_it_cannot_do_without() {
        for (args, missing) in [
            (&["--trust", "irsa"][..], "--oidc-provider"),
            (&["--trust", "irsa", "--oidc-provider", "arn:aws:iam::1:role/x"], "is no OIDC provider"),
            (&["--trust", "operator"], "--operator-role"),
            (&["--trust", "operator", "--operator-role", "terrace"], "an ARN is written"),
            (&["--kinds", "DataTier,Cache"], "there are CacheTier, DataTier"),
            (&["--service-account", "terrace"], "NAMESPACE/NAME"),
        ] {
            let said = printed(args).await.expect_err("it is refused");
            assert!(said.contains(missing), "{args:?}: {said}");
        }
    }

    #[tokio::test]
    async fn the_role_trusts_whom_it_is_told_to() {
        let trusts = async |args: &[&str]| {
            let text = printed(args).await.expect("a role");
            let role: Value = serde_json::from_str(&text).expect("JSON");
            role["AssumeRolePolicyDocument"]["Statement"][0].clone()
        };
        let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC";
        let by_token = trusts(&["--trust", "irsa", "--oidc-provider", provider, "--service-account", "ops/aws"]).await;
        assert_eq!(by_token["Principal"], json!({ "Federated": provider }));
        assert_eq!(
            by_token["Condition"]["StringEquals"]["oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub"],
            "system:serviceaccount:ops:aws"
        );
        assert_eq!(trusts(&[]).await["Principal"], json!({ "Service": "pods.eks.amazonaws.com" }));
        let operator = "arn:aws:iam::999900001111:role/terrace";
        let assumed = trusts(&["--trust", "operator", "--operator-role", operator, "--external-id", "7f0c"]).await;
        assert_eq!(assumed["Principal"], json!({ "AWS": operator }));
        assert_eq!(assumed["Action"], json!(["sts:AssumeRole", "sts:TagSession"]));
        assert_eq!(assumed["Condition"]["StringEquals"], json!({ "sts:ExternalId": "7f0c" }));
    }
}
