//! What exists in the account of an Environment, read by the providers themselves: for `terrace adopt`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use terrace_aws::{cloudtrail, secretsmanager};
use terrace_crds::Environment;
use terrace_engine::{Finder, Look, Registry};
use terrace_model::{Handle, Id, NodeKey, OwnerRef, Place};
use terrace_views::adopt::neighbours::{beneath, candidates, region};
use terrace_views::adopt::{Found, Origin};

use super::cluster::Cluster;
use super::eyes;
use super::stage::Stage;
use crate::cloud::{Cloud, Clouds, of_aws, session_name};

/// A resource that is asked for.
pub struct Wanted {
    pub handle: String,
    pub origin: Origin,
    /// Whether it was meant by itself; else it is what another stands on.
    asked: bool,
}

impl Wanted {
    /// One that a person named by its ARN.
    pub fn named(arn: &str) -> Self {
        Wanted::of(arn, Origin::Nobody)
    }

    /// One that somebody looks after.
    pub fn of(arn: &str, origin: Origin) -> Self {
        Wanted { handle: arn.into(), origin, asked: true }
    }
}

/// The account of an Environment, as whoever may read it sees it.
pub struct Account {
    environment: Environment,
    cloud: Arc<Cloud>,
    providers: Registry,
}

impl Account {
    /// The account of a named Environment.
    ///
    /// # Errors
    /// A sentence: there is no such Environment, or nobody here may read its account.
    pub async fn of(name: &str, stage: &Stage, cluster: &Cluster, clouds: &Arc<Clouds>) -> Result<Account, String> {
        let is = |environment: &Environment| environment.metadata.name.as_deref() == Some(name);
        let environment = stage.environments().into_iter().find(is).ok_or_else(|| {
            let names: Vec<String> = stage.environments().into_iter().filter_map(|one| one.metadata.name).collect();
            format!("there is no Environment {name}: the cluster has {}", names.join(", "))
        })?;
        let context = stage.context(cluster, clouds, Vec::new());
        let (_, environment) = eyes::identified(&environment, &context).await?;
        let cloud = context.clouds.of(&environment);
        let providers = of_aws(&cloud.clients, &secretsmanager::Values::new(&cloud.clients));
        Ok(Account { environment, cloud, providers })
    }

    fn regions(&self) -> Vec<&str> {
        let further = self.environment.spec.regions.iter().map(|further| further.region.as_str());
        std::iter::once(self.environment.spec.region.as_str()).chain(further).collect()
    }

    /// All that bears these tags, in the Environment's regions, less what no manifest takes over.
    ///
    /// # Errors
    /// AWS's words.
    pub async fn tagged(&self, tags: &[(String, String)]) -> Result<Vec<Wanted>, String> {
        let (finder, tags): (_, BTreeMap<String, String>) = (self.cloud.finder(), tags.iter().cloned().collect());
        let mut wanted = Vec::new();
        for region in self.regions() {
            let found = finder.find(&tags, region).await.map_err(|error| error.to_string())?;
            let ours = found.into_iter().filter(|found| !found.copy && !candidates(&found.handle.0).is_empty());
            wanted.extend(ours.map(|found| Wanted::named(&found.handle.0)));
        }
        Ok(wanted)
    }

    /// Reads resources, and what they stand on. Beside them, a sentence on each that was asked for and is not to be had.
    ///
    /// # Errors
    /// AWS's words, of a call that failed.
    pub async fn read(&self, wanted: Vec<Wanted>) -> Result<(Vec<Found>, Vec<String>), String> {
        let (mut found, mut left, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut queue = VecDeque::from(wanted);
        while let Some(wanted) = queue.pop_front() {
            if !seen.insert(wanted.handle.clone()) {
                continue;
            }
            let one = match self.misplaced(&wanted.handle) {
                Some(why) => Err(why),
                None => self.look(&wanted).await?,
            };
            match one {
                Ok(one) => {
                    let beneath = beneath(&one).into_iter();
                    queue.extend(beneath.map(|handle| Wanted { handle, origin: Origin::Nobody, asked: false }));
                    found.push(one);
                }
                Err(why) if wanted.asked => left.push(format!("{}: {why}", wanted.handle)),
                Err(_) => {}
            }
        }
        Ok((found, left))
    }

    /// Who changed a resource last, but for Terrace itself, as CloudTrail has it; none where it cannot tell.
    pub async fn last_change(&self, handle: &str, region: &str) -> Option<String> {
        let name = handle.rsplit([':', '/']).next().unwrap_or(handle);
        let ours = session_name(&self.environment);
        let change = cloudtrail::last_change(&self.cloud.clients, region, name, &ours).await.ok().flatten()?;
        let at = Timestamp::from_second(change.at).ok()?;
        Some(format!("by {}, {} at {at}, as CloudTrail has it", change.by, change.event))
    }

    /// Why a handle cannot be of this Environment.
    fn misplaced(&self, handle: &str) -> Option<String> {
        let (name, spec) = (self.environment.metadata.name.as_deref().unwrap_or_default(), &self.environment.spec);
        let account = handle.split(':').nth(4).filter(|account| !account.is_empty() && *account != spec.account);
        if let Some(account) = account {
            return Some(format!("it is of account {account}, and Environment {name} of {}", spec.account));
        }
        let region = region(handle).filter(|region| !self.regions().contains(region))?;
        Some(format!("it is in {region}, and Environment {name} in {}", self.regions().join(", ")))
    }

    /// One resource, or why it cannot be taken over.
    async fn look(&self, wanted: &Wanted) -> Result<Result<Found, String>, String> {
        let Wanted { handle, origin, .. } = wanted;
        let region = region(handle).unwrap_or(&self.environment.spec.region);
        let kinds = candidates(handle);
        if kinds.is_empty() {
            return Ok(Err("Terrace takes over databases, caches and buckets, by their ARN".into()));
        }
        for candidate in kinds {
            let Some(attributes) = self.observe(candidate.kind, handle, region).await? else { break };
            let found = Found {
                kind: candidate.kind.into(),
                handle: handle.clone(),
                region: Some(region.into()),
                origin: origin.clone(),
                attributes,
                beyond: Vec::new(),
            };
            if candidate.telling.is_none_or(|field| found.text(field).is_some()) {
                return Ok(Ok(found));
            }
        }
        Ok(Err(format!("there is no such thing in {region}")))
    }

    /// What a provider sees of a handle; none where there is nothing.
    async fn observe(
        &self,
        kind: &str,
        handle: &str,
        region: &str,
    ) -> Result<Option<serde_json::Map<String, serde_json::Value>>, String> {
        let said = |error: terrace_engine::Error| format!("{handle} cannot be read: {error}");
        // Nobody: what is looked at is whoever's it is.
        let owner = ["", "", "", "", ""].map(String::from);
        let [cluster, namespace, owner_kind, name, uid] = owner;
        let owner = OwnerRef { cluster, namespace, kind: owner_kind, name, uid };
        let environment = self.environment.metadata.name.clone().unwrap_or_default();
        let place = Place { environment, region: region.into() };
        let id =
            Id { handle: Some(Handle(handle.into())), ..Id::new(&owner, &place, kind, &NodeKey::new("adopted", 1)) };
        match self.providers.get(kind).map_err(said)?.observe(&id).await.map_err(said)? {
            Look::Absent => Ok(None),
            Look::Present(sight) => Ok(sight.have.as_object().cloned()),
        }
    }
}
