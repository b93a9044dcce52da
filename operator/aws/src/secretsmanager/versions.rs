//! The current version of a secret that another service manages, and when it is next due to change.
//!
//! From the Secrets Manager API reference, DescribeSecret: `VersionIdsToStages`, `NextRotationDate`; BatchGetSecretValue: `VersionId`. RDS rotates a
//! managed master password every seven days by default.

use std::time::SystemTime;

use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::secretsmanager::{SecretVersion, SecretVersionOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::shelf::{Found, Shelf};
use super::values::Values;

/// Versions in use.
pub struct Versions {
    shelf: Shelf,
    values: Values,
}

impl Versions {
    /// The versions of an account's secrets.
    pub fn new(shelf: &Shelf, values: &Values) -> Self {
        Versions { shelf: shelf.clone(), values: values.clone() }
    }

    /// Lists lag: what must be known now is asked of the value, of many secrets at once, and whether one has changed that
    /// was due to, of its description, which also says when it is due again.
    async fn look(&self, region: &str, arn: &str, freshness: Freshness) -> Result<Option<SecretVersionOutputs>> {
        let listed = self.shelf.listed(region, arn).await?;
        let is_due = listed.as_ref().is_some_and(|found| found.is_due(SystemTime::now()));
        if let Some(found) = listed.as_ref().filter(|_| freshness == Freshness::Recent && !is_due) {
            return Ok(Some(outputs(found)));
        }
        if !is_due && let Some(current) = self.values.current(region, arn).await? {
            let version = Some(current.version);
            let same = listed.filter(|found| found.version == version);
            let known = same.map(|found| outputs(&found)).unwrap_or_default();
            return Ok(Some(SecretVersionOutputs { version, ..known }));
        }
        let described = self.shelf.get(region, arn, Freshness::Now).await?;
        Ok(described.filter(|found| !found.deleted).map(|found| outputs(&found)))
    }
}

impl Provider<SecretVersion> for Versions {
    const ACTIONS: &'static [&'static str] = &[
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecrets",
    ];

    async fn observe(&self, id: &Id) -> Result<Seen<SecretVersion>> {
        let arn = id.address("secretArn").unwrap_or_default();
        let Some(out) = self.look(&id.place.region, arn, id.freshness).await? else {
            return Ok(Seen::Absent);
        };
        let settling = || State::Settling("without a current version".into());
        Ok(Seen::Present {
            have: SecretVersion { secret_arn: arn.into() },
            state: out.version.as_ref().map_or_else(settling, |_| State::Ready),
            out,
            handle: Handle(arn.to_owned()),
            owner: Owner::Inherent,
        })
    }

    async fn create(&self, _id: &Id, _want: &SecretVersion) -> Result<Handle> {
        Err(read_only())
    }

    async fn update(&self, _id: &Id, _have: &SecretVersion, _want: &SecretVersion, _diff: &Diff) -> Result<()> {
        Err(read_only())
    }

    async fn delete(&self, _id: &Id, _have: &SecretVersion, _disposal: Disposal) -> Result<()> {
        Err(read_only())
    }
}

fn outputs(found: &Found) -> SecretVersionOutputs {
    let Found { version, changed, next_rotation, .. } = found.clone();
    SecretVersionOutputs { version, changed, next_rotation }
}

fn read_only() -> Error {
    Error::invalid("the versions of a managed secret are made by the service that manages it")
}
