//! The one comparison of a wish with what is there, steered by the rules of the kind.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::resolve::references;
use crate::resource::{KindSpec, Rule};

/// Keys of keyed maps that we set before, by field.
pub type OwnedKeys = BTreeMap<String, BTreeSet<String>>;

/// What a difference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Effect {
    InPlace,
    Replace,
    /// Never done; the text says what to do instead.
    Refuse(&'static str),
}

/// Whether the new value is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Certainty {
    Changed,
    /// Known only after this output is: `db.endpoint`.
    Unknown(String),
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Field, and key within a keyed map: `instanceClass`, `tags.cost-centre`.
    pub path: String,
    pub from: Value,
    pub to: Value,
    pub effect: Effect,
    pub certainty: Certainty,
}

/// All that differs between a wish and what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff(pub Vec<Change>);

impl Diff {
    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True where the field, or a key within it, is to be changed in place.
    pub fn touches(&self, field: &str) -> bool {
        self.0.iter().any(|change| change.path.split('.').next() == Some(field))
    }

    /// True where any of the fields is to be changed.
    pub fn touches_any(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.touches(field))
    }

    /// Keys of a keyed map that are to be taken away.
    pub fn removed(&self, field: &str) -> Vec<String> {
        let key = |change: &Change| {
            change.path.split_once('.').filter(|(name, _)| *name == field).map(|(_, key)| key.to_owned())
        };
        self.0.iter().filter(|change| change.to.is_null()).filter_map(key).collect()
    }

    /// The changes that force a replacement.
    pub fn forcing(&self) -> impl Iterator<Item = &Change> {
        self.0.iter().filter(|change| change.effect == Effect::Replace)
    }

    /// The first change that is never done, with what to do instead.
    pub fn refused(&self) -> Option<(&Change, &'static str)> {
        self.0.iter().find_map(|change| match change.effect {
            Effect::Refuse(instead) => Some((change, instead)),
            Effect::InPlace | Effect::Replace => None,
        })
    }

    /// True where a new value hangs on an output that is not known yet.
    pub fn is_open(&self) -> bool {
        self.0.iter().any(|change| matches!(change.certainty, Certainty::Unknown(_)))
    }
}

/// AWS never lowers a version (RDS user guide, "Upgrading a DB instance engine version").
const NO_DOWNGRADE: &str = "AWS never lowers a version: set the version that is running, or a higher one";

/// Compares a resolved wish with what is there. `open` names the fields that are not wholly known, and by what.
pub fn diff(spec: &KindSpec, want: &Value, have: &Value, owned: &OwnedKeys, open: &BTreeMap<String, String>) -> Diff {
    let empty = Map::new();
    let (want, have) = (want.as_object().unwrap_or(&empty), have.as_object().unwrap_or(&empty));
    let mut changes = Vec::new();
    for (field, wish) in want.iter().filter(|(_, wish)| !wish.is_null()) {
        let seen = have.get(field).unwrap_or(&Value::Null);
        match spec.rule(field) {
            Some(Rule::OnCreate | Rule::Moves) => {}
            Some(Rule::Keyed) => changes.extend(keyed(field, wish, seen, owned.get(field))),
            rule => changes.extend(compare(field, rule, wish, seen, open.get(field))),
        }
    }
    Diff(changes)
}

fn compare(field: &str, rule: Option<Rule>, want: &Value, have: &Value, open: Option<&String>) -> Option<Change> {
    let certainty = open.map_or(Certainty::Changed, |by| Certainty::Unknown(by.clone()));
    let effect = if open.is_some() {
        if rule == Some(Rule::Replace) { Effect::Replace } else { Effect::InPlace }
    } else if same(want, have) {
        return None;
    } else {
        effect(rule, want, have)?
    };
    Some(Change { path: field.into(), from: have.clone(), to: want.clone(), effect, certainty })
}

/// What a rule makes of two values that differ; `None` where it is satisfied all the same.
fn effect(rule: Option<Rule>, want: &Value, have: &Value) -> Option<Effect> {
    let lower = matches!((want.as_f64(), have.as_f64()), (Some(want), Some(have)) if want < have);
    match rule {
        Some(Rule::Grows) if lower => None,
        Some(Rule::Replace) => Some(Effect::Replace),
        Some(Rule::Refuse(_)) if have.is_null() => Some(Effect::InPlace),
        Some(Rule::Refuse(instead)) if lower || !want.is_number() => Some(Effect::Refuse(instead)),
        Some(Rule::Prefix) => version(want.as_str().unwrap_or_default(), have.as_str().unwrap_or_default()),
        _ => Some(Effect::InPlace),
    }
}

fn version(want: &str, have: &str) -> Option<Effect> {
    if have.strip_prefix(want).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
        return None;
    }
    let numbers = |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    Some(if numbers(want) < numbers(have) { Effect::Refuse(NO_DOWNGRADE) } else { Effect::InPlace })
}

fn keyed(field: &str, want: &Value, have: &Value, owned: Option<&BTreeSet<String>>) -> Vec<Change> {
    let empty = Map::new();
    let (want, have) = (want.as_object().unwrap_or(&empty), have.as_object().unwrap_or(&empty));
    let ours = want.keys().chain(owned.into_iter().flatten().filter(|key| !want.contains_key(*key)));
    ours.filter_map(|key| {
        let (to, from) = (want.get(key).unwrap_or(&Value::Null), have.get(key).unwrap_or(&Value::Null));
        (to != from).then(|| Change {
            path: format!("{field}.{key}"),
            from: from.clone(),
            to: to.clone(),
            effect: Effect::InPlace,
            certainty: certainty(to),
        })
    })
    .collect()
}

/// Of a value in a map: the others in it may be known.
fn certainty(value: &Value) -> Certainty {
    let open = references(&json!({ "value": value })).into_iter().next();
    open.map_or(Certainty::Changed, |reference| Certainty::Unknown(reference.to_string()))
}

/// Equal, where a null within the wish is not ours to say.
fn same(want: &Value, have: &Value) -> bool {
    match (want, have) {
        (Value::Object(want), Value::Object(have)) => {
            want.iter()
                .filter(|(_, wish)| !wish.is_null())
                .all(|(name, wish)| same(wish, have.get(name).unwrap_or(&Value::Null)))
                && have.iter().all(|(name, seen)| seen.is_null() || want.contains_key(name))
        }
        (Value::Number(want), Value::Number(have)) => want.as_f64() == have.as_f64(),
        _ => want == have,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Novelty;

    const FIELDS: &[(&str, Rule)] = &[
        ("engine", Rule::Replace),
        ("storage", Rule::Refuse("it cannot shrink")),
        ("readers", Rule::Grows),
        ("version", Rule::Prefix),
        ("seed", Rule::OnCreate),
        ("port", Rule::Moves),
        ("tags", Rule::Keyed),
    ];

    fn spec() -> KindSpec {
        KindSpec {
            kind: "test/Thing",
            fields: FIELDS,
            replace: crate::Replace::DeleteFirst,
            holds_data: false,
            snapshots: false,
            read_only: false,
            address: &[],
            restores: None,
            carries: &[],
            novelty: Novelty::Looked,
            visible_after: std::time::Duration::ZERO,
            normalise: |value| Ok(value.clone()),
            outputs: || Value::Null,
        }
    }

    fn effects(want: Value, have: Value) -> Vec<(String, Effect)> {
        let diff = diff(&spec(), &want, &have, &OwnedKeys::new(), &BTreeMap::new());
        diff.0.into_iter().map(|change| (change.path, change.effect)).collect()
    }

    #[test]
    fn of_a_map_only_the_values_that_wait_for_something_are_not_known() {
        let late = json!({ "$terrace": { "node": "role", "output": "arn" } });
        let want = json!({ "tags": { "role": late, "team": "a" } });
        let open = [("tags".to_owned(), "role.arn".to_owned())].into();
        let found = diff(&spec(), &want, &json!({ "tags": {} }), &OwnedKeys::new(), &open);
        let certainties: Vec<_> = found.0.into_iter().map(|change| (change.path, change.certainty)).collect();
        let unknown = Certainty::Unknown("role.arn".into());
        assert_eq!(certainties, [("tags.role".into(), unknown), ("tags.team".into(), Certainty::Changed)]);
    }

    #[test]
    fn each_rule_decides_what_a_difference_leads_to() {
        let refuse = Effect::Refuse("it cannot shrink");
        for (want, have, expected) in [
            (json!({"class": "a"}), json!({"class": "b"}), Some(("class", Effect::InPlace))),
            (json!({"class": "a"}), json!({}), Some(("class", Effect::InPlace))),
            (json!({"class": null}), json!({"class": "b"}), None),
            (json!({"engine": "a"}), json!({"engine": "b"}), Some(("engine", Effect::Replace))),
            (json!({"storage": 30}), json!({"storage": 20}), Some(("storage", Effect::InPlace))),
            (json!({"storage": 10}), json!({"storage": 20}), Some(("storage", refuse))),
            (json!({"readers": 1}), json!({"readers": 3}), None),
            (json!({"readers": 4}), json!({"readers": 3}), Some(("readers", Effect::InPlace))),
            (json!({"version": "17"}), json!({"version": "17.5"}), None),
            (json!({"version": "1"}), json!({"version": "17.5"}), Some(("version", Effect::Refuse(NO_DOWNGRADE)))),
            (json!({"version": "18"}), json!({"version": "17.5"}), Some(("version", Effect::InPlace))),
            (json!({"version": "8.10"}), json!({"version": "8.9.1"}), Some(("version", Effect::InPlace))),
            (json!({"seed": "a"}), json!({"seed": "b"}), None),
            (json!({"port": 1}), json!({"port": 2}), None),
            (json!({"nested": {"a": 1, "b": null}}), json!({"nested": {"a": 1.0, "b": 2}}), None),
            (json!({"nested": {"a": 1}}), json!({"nested": {"a": 1, "c": 2}}), Some(("nested", Effect::InPlace))),
        ] {
            let seen = effects(want.clone(), have.clone());
            let expected: Vec<_> = expected.into_iter().map(|(path, effect)| (path.to_owned(), effect)).collect();
            assert_eq!(seen, expected, "{want} against {have}");
        }
    }

    #[test]
    fn of_a_keyed_map_only_our_keys_count() {
        let owned = OwnedKeys::from([("tags".to_owned(), BTreeSet::from(["old".to_owned(), "kept".to_owned()]))]);
        let want = json!({"tags": {"kept": "1", "new": "2"}});
        let have = json!({"tags": {"kept": "1", "old": "3", "theirs": "4"}});
        let diff = diff(&spec(), &want, &have, &owned, &BTreeMap::new());
        let paths: Vec<_> = diff.0.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["tags.new", "tags.old"]);
        assert_eq!(diff.removed("tags"), ["old"]);
        assert!(diff.touches("tags") && !diff.touches("class"));
    }

    #[test]
    fn an_unknown_in_a_field_that_forces_replacement_plans_one() {
        let late = json!({"$terrace": {"node": "group", "output": "name"}});
        let open = BTreeMap::from([("engine".to_owned(), "group.name".to_owned())]);
        let diff = diff(&spec(), &json!({"engine": late}), &json!({"engine": "b"}), &OwnedKeys::new(), &open);
        assert_eq!(diff.forcing().count(), 1);
        assert!(diff.is_open());
    }
}
