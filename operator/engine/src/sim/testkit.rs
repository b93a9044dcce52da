//! What the simulation's own tests share: a kind of their own, ids, wishes, and calls without `await`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use terrace_model::{Certainty, Change, Diff, Effect, Handle, Id, KindSpec, NodeKey, Resource, Rule, Val};

use super::aws::SimAws;
use super::violation::Breach;
use crate::error::Result;
use crate::provider::{Backup, Disposal, Erased, Look, Sight};
use crate::testing::{owner, place};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    size: i32,
    parent: Option<Val<String>>,
    tags: BTreeMap<String, String>,
}

#[derive(Default, Serialize, Deserialize)]
struct ThingOutputs {
    arn: Option<String>,
    name: Option<String>,
}

impl Resource for Thing {
    const KIND: &'static str = "test/Thing";
    const FIELDS: &'static [(&'static str, Rule)] = &[("tags", Rule::Keyed)];
    type Outputs = ThingOutputs;
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    thing: Val<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct PartOutputs {}

impl Resource for Part {
    const KIND: &'static str = "test/Part";
    const ADDRESS: &'static [&'static str] = &["thing"];
    type Outputs = PartOutputs;
}

/// A kind that behaves as any new one: two seconds to make, one to change, one to delete.
pub fn thing() -> KindSpec {
    KindSpec::of::<Thing>()
}

/// The id of a node of the one object of these tests.
pub fn id(kind: &str, node: &str) -> Id {
    Id::new(&owner(), &place(), kind, &NodeKey::new(node, 1))
}

/// A database, without its owner's tags.
pub fn database() -> Value {
    json!({
        "engine": "postgres", "engineVersion": "17", "dbInstanceClass": "db.m8g.large", "allocatedStorage": 20,
        "multiAz": false, "masterUsername": "app", "manageMasterUserPassword": true, "dbSubnetGroupName": "subnets",
        "vpcSecurityGroupIds": [], "storageEncrypted": true, "backupRetentionPeriod": 7,
        "autoMinorVersionUpgrade": true, "applyImmediately": true, "deletionProtection": false,
        "copyTagsToSnapshot": true, "publiclyAccessible": false, "monitoringInterval": 0,
        "enabledCloudwatchLogsExports": [], "tags": {},
    })
}

/// A simulation that knows things and their parts beside the model's kinds.
pub struct Bench {
    pub sim: Arc<SimAws>,
}

impl Default for Bench {
    fn default() -> Self {
        let sim = SimAws::new();
        sim.add_kind(thing());
        sim.add_kind(KindSpec::of::<Part>());
        sim.tune("test/Part", |behaviour| behaviour.within = Some("thing"));
        Bench { sim }
    }
}

impl Bench {
    fn provider(&self, id: &Id) -> Arc<dyn Erased> {
        self.sim.registry().get(&id.kind).expect("a known kind").clone()
    }

    /// Creates, with the owner's tags where the wish has tags.
    pub fn create(&self, id: &Id, want: &Value) -> Result<Handle> {
        let mut want = want.clone();
        if let Some(tags) = want.get_mut("tags").and_then(Value::as_object_mut) {
            tags.extend(id.owner_tags().into_iter().map(|(key, value)| (key, value.into())));
        }
        block_on(self.provider(id).create(id, &want))
    }

    /// Creates a thing of which some fields are given.
    pub fn make(&self, id: &Id, some: Value) -> Result<Handle> {
        let mut want = json!({"size": 1, "parent": null, "tags": {}});
        want.as_object_mut().unwrap().extend(some.as_object().cloned().unwrap_or_default());
        self.create(id, &want)
    }

    /// Creates a thing and waits until it is ready.
    pub fn settle(&self, id: &Id, some: Value) -> Handle {
        let handle = self.make(id, some).unwrap();
        self.sim.clock().advance(Duration::from_secs(2));
        handle
    }

    /// A security group, node `group`.
    pub fn group(&self) -> Handle {
        let want = json!({"vpcId": "vpc-1", "description": "d", "tags": {}});
        self.create(&id("ec2/SecurityGroup", "group"), &want).unwrap()
    }

    /// A rule of a group, not made yet: the same rule for every node.
    pub fn rule(&self, group: &Handle, node: &str) -> (Id, Value) {
        let want = json!({
            "groupId": group.0, "direction": "Ingress", "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432,
            "cidrIpv4": "10.0.0.0/8", "tags": {},
        });
        let mut id = id("ec2/SecurityGroupRule", node);
        id.address = want.as_object().unwrap().clone();
        (id, want)
    }

    /// A part of a thing, not made yet, which cannot bear tags.
    pub fn part(&self, of: &Id) -> (Id, Value) {
        let mut part = id("test/Part", "part");
        part.address.insert("thing".into(), of.default_name().into());
        (part, json!({"thing": of.default_name()}))
    }

    /// Changes one field, or one key of a map.
    pub fn change(&self, id: &Id, path: &str, to: Value) -> Result<()> {
        let mut want = self.look(id).map(|sight| sight.have).unwrap_or_else(|| json!({}));
        if !path.contains('.') {
            want[path] = to.clone();
        }
        let change =
            Change { path: path.into(), from: Value::Null, to, effect: Effect::InPlace, certainty: Certainty::Changed };
        self.update(id, &want, &Diff(vec![change]))
    }

    /// Updates.
    pub fn update(&self, id: &Id, want: &Value, diff: &Diff) -> Result<()> {
        block_on(self.provider(id).update(id, &Value::Null, want, diff))
    }

    /// Deletes.
    pub fn delete(&self, id: &Id) -> Result<()> {
        self.dispose(id, Disposal::Delete)
    }

    /// Deletes, as told.
    pub fn dispose(&self, id: &Id, disposal: Disposal) -> Result<()> {
        let have = self.look(id).map(|sight| sight.have).unwrap_or_default();
        block_on(self.provider(id).delete(id, &have, disposal))
    }

    fn look(&self, id: &Id) -> Option<Sight> {
        match block_on(self.provider(id).observe(id)) {
            Ok(Look::Present(sight)) => Some(*sight),
            Ok(Look::Absent) | Err(_) => None,
        }
    }

    /// What is seen of what is there.
    pub fn sight(&self, id: &Id) -> Sight {
        self.look(id).unwrap_or_else(|| panic!("{} {} is absent", id.kind, id.node))
    }

    /// True where a look finds nothing.
    pub fn is_absent(&self, id: &Id) -> bool {
        self.look(id).is_none()
    }

    /// Copies that are left.
    pub fn backups(&self, id: &Id) -> Vec<Backup> {
        block_on(self.provider(id).backups(id)).unwrap()
    }

    /// What was done against the contract.
    pub fn breaches(&self) -> Vec<Breach> {
        self.sim.violations().into_iter().map(|violation| violation.breach).collect()
    }

    /// Nothing was.
    pub fn assert_lawful(&self) {
        assert_eq!(self.sim.violations(), []);
    }
}
