//! Everything there is in an AWS account, so that a test can show that it is as it was before.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::aws::{self, Aws};
use crate::lists::{LISTS, List};

/// Members that change with nobody's doing.
const VOLATILE: [&str; 6] = [
    "LatestRestorableTime",
    "LastAccessedDate",
    "LastChangedDate",
    "RoleLastUsed",
    "PasswordLastUsed",
    "AvailableIpAddressCount",
];

/// What is in an account, by kind and by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory {
    items: BTreeMap<&'static str, BTreeMap<String, Value>>,
    unlisted: BTreeSet<&'static str>,
}

impl Inventory {
    /// Takes stock of the account and region of `aws`.
    ///
    /// # Errors
    /// When a list is refused for another reason than that the emulator does not know it.
    pub async fn of(aws: &Aws) -> Result<Inventory> {
        let mut inventory = Inventory::default();
        for list in LISTS {
            let aws = list.region.map_or_else(|| aws.clone(), |region| aws.in_region(region));
            match aws.list(list.service, list.op, (list.args)(), list.items).await {
                Ok(items) => drop(inventory.items.insert(list.kind, by_name(list, items)?)),
                // There is no cluster that these would be of.
                Err(error) if aws::code(&error) == Some("ResourceNotFoundException") => {
                    inventory.items.insert(list.kind, BTreeMap::new());
                }
                Err(error) if unknown_to_the_emulator(&error) => drop(inventory.unlisted.insert(list.kind)),
                Err(error) => return Err(error).with_context(|| format!("list {}", list.kind)),
            }
        }
        Ok(inventory)
    }

    /// The names of a kind that there are, such as `rds/DBInstance`.
    pub fn names(&self, kind: &str) -> Vec<&str> {
        self.items.get(kind).into_iter().flat_map(|items| items.keys().map(String::as_str)).collect()
    }

    /// The kinds that the emulator cannot list.
    pub fn unlisted(&self) -> impl Iterator<Item = &'static str> {
        self.unlisted.iter().copied()
    }

    /// What `later` has more (`+`), less (`-`) and otherwise (`~`), one line each: empty when all is as before.
    pub fn changes(&self, later: &Inventory) -> Vec<String> {
        let mut lines = Vec::new();
        for kind in LISTS.iter().map(|list| list.kind) {
            let empty = BTreeMap::new();
            let (was, is) = (self.items.get(kind).unwrap_or(&empty), later.items.get(kind).unwrap_or(&empty));
            for name in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
                match (was.get(name), is.get(name)) {
                    (None, Some(_)) => lines.push(format!("+ {kind} {name}")),
                    (Some(_), None) => lines.push(format!("- {kind} {name}")),
                    (Some(a), Some(b)) if a != b => lines.push(format!("~ {kind} {name}: {a} became {b}")),
                    _ => {}
                }
            }
        }
        lines.extend(
            self.unlisted.symmetric_difference(&later.unlisted).map(|kind| format!("! {kind} was listed only once")),
        );
        lines
    }
}

/// How ministack and moto answer to an operation that they lack: by one of these codes, by words, or, moto of ElastiCache,
/// by the page of a web server.
fn unknown_to_the_emulator(error: &anyhow::Error) -> bool {
    let codes = ["InvalidAction", "400", "404", "501", "NotImplemented", "UnknownOperationException"];
    aws::code(error).is_some_and(|code| codes.contains(&code))
        || ["<title>500 Internal Server Error</title>", "No route for "]
            .iter()
            .any(|words| format!("{error:#}").contains(words))
}

fn by_name(list: &List, items: Vec<Value>) -> Result<BTreeMap<String, Value>> {
    let mut named = BTreeMap::new();
    for mut item in items {
        let mut name = &item;
        for part in list.key.split('.').filter(|part| !part.is_empty()) {
            name = &name[part];
        }
        let name = name.as_str().with_context(|| format!("{} without {}: {item}", list.kind, list.key))?.to_owned();
        // What AWS itself keeps ready, from the first use on.
        if !name.starts_with("default.") {
            normalise(&mut item);
            named.insert(name, item);
        }
    }
    Ok(named)
}

/// Takes out what changes by itself, and puts lists, whose order means nothing here, in order.
fn normalise(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !VOLATILE.contains(&name.as_str()));
            members.values_mut().for_each(normalise);
        }
        Value::Array(items) => {
            items.iter_mut().for_each(normalise);
            items.sort_by_key(Value::to_string);
        }
        _ => {}
    }
}

/// Whether what is left of the example is meant to be: secrets are kept for their recovery window, and a last snapshot of
/// what held data is what the deletion policy asks for.
pub fn is_kept(change: &str) -> bool {
    ["+ secretsmanager/Secret ", "+ rds/DBSnapshot ", "+ elasticache/Snapshot "]
        .iter()
        .any(|kind| change.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(kind: &'static str, name: &str, value: Value) -> Inventory {
        Inventory {
            items: BTreeMap::from([(kind, BTreeMap::from([(name.to_owned(), value)]))]),
            unlisted: BTreeSet::new(),
        }
    }

    #[test]
    fn what_came_went_and_changed_is_named() {
        let (before, after) = (one("rds/DBInstance", "a", json!(1)), one("rds/DBInstance", "b", json!(1)));
        assert_eq!(before.changes(&after), ["- rds/DBInstance a", "+ rds/DBInstance b"]);
        assert_eq!(before.changes(&one("rds/DBInstance", "a", json!(2))), ["~ rds/DBInstance a: 1 became 2"]);
        assert!(before.changes(&before).is_empty());
    }

    #[test]
    fn order_and_times_do_not_count() {
        let mut one = json!({ "Tags": [{ "Key": "b" }, { "Key": "a" }], "LatestRestorableTime": 1 });
        let mut two = json!({ "Tags": [{ "Key": "a" }, { "Key": "b" }], "LatestRestorableTime": 2 });
        normalise(&mut one);
        normalise(&mut two);
        assert_eq!(one, two);
    }

    #[test]
    fn a_list_that_failed_once_is_a_change() {
        let failed = Inventory { unlisted: BTreeSet::from(["iam/Role"]), ..Inventory::default() };
        assert_eq!(Inventory::default().changes(&failed), ["! iam/Role was listed only once"]);
    }
}
