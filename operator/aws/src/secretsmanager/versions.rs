//! The current version of a secret that another service manages, and when it is next due to change.
//!
//! From the Secrets Manager API reference, DescribeSecret: `VersionIdsToStages`, `NextRotationDate`. RDS rotates a
//! managed master password every seven days by default.

use std::time::SystemTime;

use terrace_engine::{Disposal, Error, Provider, Result, Seen, State};
use terrace_model::aws::secretsmanager::{SecretVersion, SecretVersionOutputs};
use terrace_model::identity::Freshness;
use terrace_model::{Diff, Handle, Id, Owner};

use super::shelf::Shelf;

/// Versions in use.
pub struct Versions {
    shelf: Shelf,
}

impl Versions {
    /// The versions of an account's secrets.
    pub fn new(shelf: &Shelf) -> Self {
        Versions { shelf: shelf.clone() }
    }
}

impl Provider<SecretVersion> for Versions {
    const ACTIONS: &'static [&'static str] = &["secretsmanager:DescribeSecret", "secretsmanager:ListSecrets"];

    async fn observe(&self, id: &Id) -> Result<Seen<SecretVersion>> {
        let arn = id.address("secretArn").unwrap_or_default();
        let mut found = self.shelf.get(&id.place.region, arn, id.freshness).await?;
        // A list lags; whether it has changed, once it is due, only a description says.
        if id.freshness == Freshness::Recent && found.as_ref().is_some_and(|found| found.is_due(SystemTime::now())) {
            found = self.shelf.get(&id.place.region, arn, Freshness::Now).await?;
        }
        let Some(found) = found.filter(|found| !found.deleted) else {
            return Ok(Seen::Absent);
        };
        let settling = || State::Settling("without a current version".into());
        Ok(Seen::Present {
            have: SecretVersion { secret_arn: arn.into() },
            state: found.version.as_ref().map_or_else(settling, |_| State::Ready),
            out: SecretVersionOutputs { version: found.version.clone(), next_rotation: found.next_rotation.clone() },
            handle: Handle(found.arn.clone()),
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

fn read_only() -> Error {
    Error::invalid("the versions of a managed secret are made by the service that manages it")
}
