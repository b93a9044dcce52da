//! The plan of an object that waits for approval.

use serde::Serialize;
use terrace_crds::{PlanEntry, PlanSummary};

use super::card::said;
use crate::ObjectName;
use crate::why::is_choice;

/// The plan of an object that waits for approval, from its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The change in one sentence.
    pub summary: String,
    pub entries: Vec<Entry>,
    /// Lets all of it through; none where a resource leaves a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approve: Option<String>,
}

/// What would be done to one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Create, Update, Replace, Delete, Restore, Recreate.
    pub action: String,
    pub id: String,
    pub kind: String,
    /// `field: old → new`, each.
    pub changes: Vec<String>,
    /// What becomes of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Chooses this entry, where there is a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approve: Option<String>,
}

/// The plan of an object, with what approves it.
pub fn of(plan: &PlanSummary, name: &ObjectName) -> Waiting {
    let approve = |hash: &str| said(&name.approve(hash));
    let choice = is_choice(plan);
    let entry = |entry: &PlanEntry| Entry {
        action: said(&entry.action),
        id: said(&entry.id),
        kind: said(&entry.kind),
        changes: entry.changes.iter().map(|change| said(change)).collect(),
        data: entry.data.as_deref().map(said),
        approve: choice.then(|| approve(&entry.hash)),
    };
    Waiting {
        summary: said(&plan.summary),
        entries: plan.entries.iter().map(entry).collect(),
        approve: (!choice).then(|| approve(&plan.hash)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_world::{key, now, web_world};
    use crate::why::why;

    /// The plan, and the commands that `terrace why` gives.
    fn both(entries: &[(&str, &str, Option<&str>, &str)]) -> (Waiting, Vec<String>) {
        let mut world = web_world();
        let data = world.object_mut("DataTier shop/orders");
        data.stalls("ApprovalRequired", "db (rds/DbInstance): needs approval", "1m");
        data.plans("77aa", entries);
        let plan = data.status.plan.clone().expect("a plan");
        let why = why(&world, &key("DataTier shop/orders"), now()).expect("an object");
        (of(&plan, &why.object), why.commands.into_iter().map(|command| command.run).collect())
    }

    #[test]
    fn one_command_approves_all_of_it() {
        let (waiting, commands) = both(&[("db", "Replace", Some("lost"), "8c1f"), ("proxy", "Update", None, "11ab")]);
        assert_eq!(waiting.approve.into_iter().collect::<Vec<_>>(), commands);
        assert_eq!(waiting.entries[0].changes, ["storageEncrypted: false → true"]);
        assert_eq!(waiting.entries[0].data.as_deref(), Some("lost"));
        assert!(waiting.entries.iter().all(|entry| entry.approve.is_none()));
    }

    #[test]
    fn of_a_choice_each_entry_has_its_own_command() {
        let (waiting, commands) = both(&[("db", "Restore", None, "8c1f"), ("db", "Recreate", Some("lost"), "11ab")]);
        assert_eq!(waiting.approve, None);
        let own: Vec<_> = waiting.entries.into_iter().filter_map(|entry| entry.approve).collect();
        assert_eq!(own, commands);
    }
}
