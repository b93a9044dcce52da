//! An AWS account as a platform team hands it over: network, EKS cluster, and the role that Terrace assumes.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::aws::Aws;
use crate::kubernetes::ZONES;
use crate::operator::program;
use crate::wait::{ensure, until};

/// What was made in the account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its 12-digit id.
    pub id: String,
    /// The VPC, 10.0.0.0/16.
    pub vpc: String,
    /// Three private subnets, one a zone; tagged `kubernetes.io/role/internal-elb: 1`.
    pub private_subnets: Vec<String>,
    /// Three public subnets, one a zone; tagged `kubernetes.io/role/elb: 1`.
    pub public_subnets: Vec<String>,
    /// A security group for the cluster's nodes and control plane.
    pub cluster_security_group: String,
    /// The EKS cluster's name.
    pub cluster: String,
    /// The role that Terrace assumes.
    pub role_arn: String,
    /// The external id that its trust policy asks for.
    pub external_id: String,
}

impl Account {
    /// Makes all of it in the account and region of `aws`.
    ///
    /// # Errors
    /// What the emulator refuses.
    pub async fn prepare(aws: &Aws) -> Result<Account> {
        let vpc = aws
            .call(
                "ec2",
                "create_vpc",
                json!({ "CidrBlock": "10.0.0.0/16", "TagSpecifications": tags("vpc", "shop", None) }),
            )
            .await?;
        let vpc = text(&vpc["Vpc"]["VpcId"])?;
        let private_subnets = subnets(aws, &vpc, "private", 0, "kubernetes.io/role/internal-elb").await?;
        let public_subnets = subnets(aws, &vpc, "public", 100, "kubernetes.io/role/elb").await?;
        let group = json!({ "GroupName": "eks-cluster-sg-prod", "Description": "EKS cluster prod", "VpcId": vpc });
        let cluster_security_group = text(&aws.call("ec2", "create_security_group", group).await?["GroupId"])?;
        let account = Account {
            id: aws.account().to_owned(),
            external_id: format!("external-{}", aws.account()),
            role_arn: format!("arn:aws:iam::{}:role/terrace", aws.account()),
            cluster: "prod".to_owned(),
            vpc,
            private_subnets,
            public_subnets,
            cluster_security_group,
        };
        account.make_roles(aws).await?;
        account.make_cluster(aws).await?;
        Ok(account)
    }

    async fn make_roles(&self, aws: &Aws) -> Result<()> {
        let trusts = [
            ("eks-cluster", json!({ "Service": "eks.amazonaws.com" }), json!({})),
            ("terrace", json!({ "AWS": "*" }), json!({ "StringEquals": { "sts:ExternalId": self.external_id } })),
        ];
        for (name, principal, condition) in trusts {
            let policy = json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole", "sts:TagSession"], "Condition": condition,
            }] });
            let role = json!({ "RoleName": name, "AssumeRolePolicyDocument": policy.to_string() });
            aws.call("iam", "create_role", role).await?;
        }
        self.allow(aws).await
    }

    /// What the operator says that it needs, and no more: emulators that know IAM's policies refuse the rest.
    async fn allow(&self, aws: &Aws) -> Result<()> {
        let role: Value = serde_json::from_str(needed().await?)?;
        for policy in role["Policies"].as_array().context("a role has policies")? {
            let made =
                json!({ "PolicyName": policy["PolicyName"], "PolicyDocument": policy["PolicyDocument"].to_string() });
            let made = aws.call("iam", "create_policy", made).await?;
            let attach = json!({ "RoleName": "terrace", "PolicyArn": made["Policy"]["Arn"] });
            aws.call("iam", "attach_role_policy", attach).await?;
        }
        Ok(())
    }

    async fn make_cluster(&self, aws: &Aws) -> Result<()> {
        let network = json!({ "subnetIds": self.private_subnets, "securityGroupIds": [self.cluster_security_group] });
        let role = format!("arn:aws:iam::{}:role/eks-cluster", self.id);
        aws.call(
            "eks",
            "create_cluster",
            json!({ "name": self.cluster, "roleArn": role, "resourcesVpcConfig": network }),
        )
        .await?;
        until("the EKS cluster", std::time::Duration::from_secs(30), async || {
            let cluster = &aws.call("eks", "describe_cluster", json!({ "name": self.cluster })).await?["cluster"];
            ensure(cluster["status"] == "ACTIVE" && cluster["identity"]["oidc"]["issuer"].is_string(), cluster)
        })
        .await?;
        self.let_service_accounts_assume_roles(aws).await
    }

    /// A public hosted zone of this name; answers its id.
    ///
    /// # Errors
    /// What the emulator refuses.
    pub async fn make_zone(&self, aws: &Aws, name: &str) -> Result<String> {
        let zone = json!({ "Name": name, "CallerReference": format!("{name}-{}", self.id) });
        text(&aws.call("route53", "create_hosted_zone", zone).await?["HostedZone"]["Id"])
    }

    /// As `eksctl utils associate-iam-oidc-provider` does it.
    async fn let_service_accounts_assume_roles(&self, aws: &Aws) -> Result<()> {
        let cluster = aws.call("eks", "describe_cluster", json!({ "name": self.cluster })).await?;
        let provider = json!({
            "Url": cluster["cluster"]["identity"]["oidc"]["issuer"],
            "ClientIDList": ["sts.amazonaws.com"],
            "ThumbprintList": ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
        });
        aws.call("iam", "create_open_id_connect_provider", provider).await.map(drop)
    }
}

/// What `terrace policy` prints.
async fn needed() -> Result<&'static String> {
    static PRINTED: OnceCell<String> = OnceCell::const_new();
    PRINTED
        .get_or_try_init(async || {
            let printed = Command::new(program()?).arg("policy").output().await.context("terrace policy")?;
            ensure(printed.status.success(), String::from_utf8_lossy(&printed.stderr))?;
            Ok(String::from_utf8(printed.stdout)?)
        })
        .await
}

/// One subnet a zone, 10.0.N.0/24 from N = `first` on, with this role for load balancers.
async fn subnets(aws: &Aws, vpc: &str, name: &str, first: usize, role: &str) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for (i, zone) in ZONES.iter().enumerate() {
        let made = aws
            .call(
                "ec2",
                "create_subnet",
                json!({
                    "VpcId": vpc, "CidrBlock": format!("10.0.{}.0/24", first + i), "AvailabilityZone": zone,
                    "TagSpecifications": tags("subnet", &format!("{name}-{zone}"), Some(role)),
                }),
            )
            .await?;
        ids.push(text(&made["Subnet"]["SubnetId"])?);
    }
    Ok(ids)
}

fn tags(kind: &str, name: &str, role: Option<&str>) -> Value {
    let mut tags = vec![json!({ "Key": "Name", "Value": name })];
    tags.extend(role.map(|role| json!({ "Key": role, "Value": "1" })));
    json!([{ "ResourceType": kind, "Tags": tags }])
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("no text: {value}"))
}
