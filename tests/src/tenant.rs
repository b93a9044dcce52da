//! What one test has for itself: an AWS account, a namespace, and the Environment between them.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::account::Account;
use crate::aws::Aws;
use crate::bed::Bed;
use crate::checker::{Counters, Request, Rule};
use crate::emulator::Emulator;
use crate::inventory::Inventory;
use crate::kubectl::Kubectl;

/// A team on the platform.
pub struct Tenant<'b> {
    /// Its name: of the namespace and of the Environment.
    pub name: String,
    /// Its prepared account.
    pub account: Account,
    /// Hands in that account.
    pub aws: Aws,
    /// kubectl in its namespace.
    pub kubectl: Kubectl,
    pub(crate) bed: &'b Bed,
    before: Inventory,
}

impl<'b> Tenant<'b> {
    /// A new account, prepared, and a new namespace that its Environment selects. The Environment is not applied yet.
    ///
    /// # Errors
    /// What the emulator or the API server refuses.
    pub async fn new(bed: &'b Bed, name: &str, account: &str) -> Result<Tenant<'b>> {
        let aws = bed.aws.as_account(account);
        let account = Account::prepare(&aws).await?;
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace",
                                "metadata": { "name": name, "labels": { "terrace.dev/environment": name } } });
        bed.kubectl().apply(&namespace).await?;
        let before = Inventory::of(&aws).await?;
        Ok(Tenant { name: name.to_owned(), account, kubectl: bed.kubectl().namespaced(name), aws, bed, before })
    }

    /// The Environment of this tenant, to apply as it is or changed.
    pub fn environment(&self) -> Value {
        json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "Environment",
            "metadata": { "name": self.name },
            "spec": {
                "account": self.account.id,
                "region": "eu-west-1",
                "identity": { "type": "AssumeRole",
                              "assumeRole": { "arn": self.account.role_arn, "externalId": self.account.external_id } },
                "cluster": { "name": self.account.cluster },
                "network": {
                    "vpcId": self.account.vpc,
                    "privateSubnets": { "tags": { "kubernetes.io/role/internal-elb": "1" } },
                    "publicSubnets": { "tags": { "kubernetes.io/role/elb": "1" } },
                },
                "namespaces": { "matchLabels": { "terrace.dev/environment": self.name } },
            },
        })
    }

    /// kubectl in another namespace of this name, new, that the tenant's Environment serves too.
    ///
    /// # Errors
    /// What the API server refuses.
    pub async fn neighbour(&self, name: &str) -> Result<Kubectl> {
        let name = format!("{}-{name}", self.name);
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace",
                                "metadata": { "name": name, "labels": { "terrace.dev/environment": self.name } } });
        self.bed.kubectl().apply(&namespace).await?;
        Ok(self.kubectl.namespaced(&name))
    }

    /// Applies the Environment and waits until it is Ready.
    ///
    /// # Errors
    /// When the API server refuses it or the deadline passes.
    pub async fn apply_environment(&self, deadline: Duration) -> Result<Value> {
        self.kubectl.apply(&self.environment()).await?;
        self.kubectl.wait_for_condition("environment", &self.name, "Ready", "True", deadline).await
    }

    /// A DataTier of this tenant in its shortest form, to apply as it is or changed.
    pub fn data_tier(&self, name: &str) -> Value {
        let mut tier = json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "DataTier",
            "metadata": { "name": name, "namespace": self.name },
            "spec": { "engine": "postgres", "engineVersion": "17", "instanceClass": "db.r8g.large",
                      "storage": { "size": "100Gi" }, "databaseName": "orders" },
        });
        if self.bed.emulator.emulator == Emulator::Moto {
            // moto refuses windows that touch, as the defaults do.
            tier["spec"]["maintenance"] = json!({ "window": "sun:04:00-sun:05:00" });
        }
        tier
    }

    /// A CacheTier of this tenant in its shortest form.
    pub fn cache_tier(&self, name: &str) -> Value {
        json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "CacheTier",
            "metadata": { "name": name, "namespace": self.name },
            "spec": { "engineVersion": "8.0", "nodeType": "cache.r7g.large" },
        })
    }

    /// An ObjectTier of this tenant in its shortest form, whose bucket goes with it.
    pub fn object_tier(&self, name: &str) -> Value {
        json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "ObjectTier",
            "metadata": { "name": name, "namespace": self.name },
            "spec": { "deletionPolicy": "Delete" },
        })
    }

    /// What there is in the account now that was not there, or is not as it was, when the tenant was made.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn changes(&self) -> Result<Vec<String>> {
        Ok(self.before.changes(&self.inventory().await?))
    }

    /// All there is in the account.
    ///
    /// # Errors
    /// When the emulator does not answer.
    pub async fn inventory(&self) -> Result<Inventory> {
        Inventory::of(&self.aws).await
    }

    /// The operator's calls in this account since the last [`mark`](Self::mark).
    ///
    /// # Errors
    /// When the checker does not answer.
    pub async fn calls(&self) -> Result<Counters> {
        self.bed.checker.counters(&self.account.id).await
    }

    /// Counts the operator's calls in this account anew from here.
    ///
    /// # Errors
    /// When the checker does not answer.
    pub async fn mark(&self) -> Result<()> {
        self.bed.checker.mark(&self.account.id).await
    }

    /// From now on these faults, and no others, meet the operator's calls in this account.
    ///
    /// # Errors
    /// When the checker does not answer, or refuses a rule.
    pub async fn set_rules(&self, rules: &[Rule]) -> Result<()> {
        self.bed.checker.set_rules(&self.account.id, rules).await
    }

    /// The operator's requests in this account that AWS would refuse.
    ///
    /// # Errors
    /// When the checker's log cannot be read.
    pub fn violations(&self) -> Result<Vec<Request>> {
        self.bed.checker.violations(Some(&self.account.id))
    }
}
