//! From resources that were found to the manifests that take them over: `terrace adopt`.
//!
//! Whoever finds them, in a state of Terraform's or in AWS itself, fills [`Found`]. A manifest sets every field that the
//! resource's attributes tell, and begins as one that only observes, so that applying it changes nothing; once it is managed,
//! a plan shows no change of it but what its comments announce, none is made without approval, and nothing is deleted.

mod cache_tier;
mod data_tier;
mod draft;
mod found;
mod lifecycle;
pub mod neighbours;
mod object_tier;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use self::draft::Draft;
pub use found::{Found, Origin};

/// One object to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
    /// With comments.
    pub yaml: String,
}

/// What is taken over, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    pub manifests: Vec<Manifest>,
    /// What no manifest takes over, a sentence each.
    pub left: Vec<String>,
}

/// The manifests that take over what was found, for a namespace and an Environment.
pub fn manifests(found: &[Found], namespace: &str, environment: &str) -> Adoption {
    let mut surroundings = Surroundings { found, namespace, taken: BTreeMap::new(), names: BTreeSet::new() };
    let mut adoption = Adoption::default();
    let mut refused = BTreeMap::new();
    for each in found {
        let drafted = match each.kind.as_str() {
            "rds/DbInstance" => data_tier::draft(each, &mut surroundings),
            "elasticache/ReplicationGroup" => cache_tier::draft(each, &mut surroundings),
            "s3/Bucket" => object_tier::draft(each, &mut surroundings),
            _ => continue,
        };
        match drafted {
            Ok(draft) => adoption.manifests.push(draft.manifest(namespace, environment)),
            Err(why) => drop(refused.insert(&each.handle, why)),
        }
    }
    let left = found.iter().filter(|each| !surroundings.taken.contains_key(&each.handle));
    adoption.left = left.map(|each| left_out(each, refused.get(&each.handle))).collect();
    adoption
}

fn left_out(found: &Found, refused: Option<&String>) -> String {
    let what = found.origin.name().unwrap_or(&found.handle);
    let why = match (refused, found.kind.as_str()) {
        (Some(why), _) => why.as_str(),
        (None, "rds/DbCluster" | "rds/DbClusterInstance") => {
            "Terrace writes no manifest for clusters: write a DataTier and name it under adopt, as db or instance-1"
        }
        (None, "elasticache/CacheCluster" | "elasticache/ServerlessCache") => {
            "Terrace writes no manifest for it: write a CacheTier and name it under adopt, as cache"
        }
        (None, "rds/DbReplica") => "no DataTier here takes replicas of its source",
        (None, "ec2/SecurityGroup" | "ec2/SecurityGroupRule") => "Terrace makes groups and rules of its own",
        (None, "s3/BucketPolicy") => "Terrace writes the policy of a bucket itself",
        (None, _) => "no manifest takes it over",
    };
    format!("{what} ({}) is left as it is: {why}", found.kind)
}

/// What else was found, and which of it is spoken for.
struct Surroundings<'a> {
    found: &'a [Found],
    namespace: &'a str,
    /// Who takes it, by handle: nothing belongs to two objects.
    taken: BTreeMap<String, String>,
    /// Kinds and names that are in use.
    names: BTreeSet<(&'static str, String)>,
}

impl<'a> Surroundings<'a> {
    /// One of a kind by its name.
    fn named(&self, kind: &str, name: &str) -> Option<&'a Found> {
        self.found.iter().find(|found| found.kind == kind && found.name() == name)
    }

    /// A draft of a kind, named after what it is about.
    fn draft(&mut self, kind: &'static str, found: &Found) -> Draft {
        let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        let name: String = found.name().to_lowercase().chars().map(plain).take(63).collect();
        let name = Some(name.trim_matches('-')).filter(|name| !name.is_empty()).unwrap_or("adopted").to_owned();
        let mut free = name.clone();
        for number in 2.. {
            if self.names.insert((kind, free.clone())) {
                break;
            }
            free = format!("{name}-{number}");
        }
        Draft::new(kind, self.namespace, free, found)
    }

    /// Takes something over, unless another draft does: then its title.
    fn take(&mut self, draft: &mut Draft, id: &str, handle: &str) -> Result<(), String> {
        if let Some(other) = self.taken.get(handle) {
            return Err(other.clone());
        }
        self.taken.insert(handle.to_owned(), draft.title());
        let origin = self.found.iter().find(|found| found.handle == handle).map(|found| found.origin.clone());
        draft.takes(id, handle, origin.unwrap_or_default());
        Ok(())
    }

    /// Takes the security group over where it is one that Terrace would make: AWS changes no description, so that any other
    /// would be replaced. Otherwise says what becomes of it.
    fn take_access(&mut self, draft: &mut Draft, groups: &[&str]) {
        let own = |id: &&str| {
            let group = self.found.iter().find(|found| found.kind == "ec2/SecurityGroup" && found.handle == **id);
            group.and_then(|group| group.text("description")) == Some(&draft.title())
        };
        let kept = if let [one] = groups { Some(*one).filter(|id| own(id)) } else { None };
        if kept.is_some_and(|id| self.take(draft, "access", id).is_ok()) {
            return;
        }
        if !groups.is_empty() {
            draft.shows(format!(
                "its security groups: it leaves {} for one of Terrace's own, which admits the pods of the cluster and whoever \
                 is bound. Bind whoever else comes in today, first",
                groups.join(", ")
            ));
        }
    }
}

#[cfg(test)]
mod tests;
