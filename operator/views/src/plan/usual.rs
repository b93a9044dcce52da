//! How long AWS usually takes for a step, where that is minutes or more and its documentation says.

use serde::Serialize;

use super::{Field, Verb};
use crate::usual::{Doing, Row, TABLE};

/// What AWS's documentation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usual {
    pub takes: &'static str,
    /// Where it says so.
    pub source: &'static str,
}

/// How long a step takes.
pub(super) fn usual(kind: &str, verb: Verb, changes: &[Field]) -> Option<Usual> {
    let making = matches!(verb, Verb::Create | Verb::Replace);
    let done = |doing: Doing| match doing {
        Doing::Making => making,
        Doing::MakingOrChanging => making || verb == Verb::Update,
        Doing::Changing(fields) => {
            verb == Verb::Update && changes.iter().any(|change| fields.contains(&change.path.as_str()))
        }
        Doing::Deleting => verb == Verb::Delete,
    };
    let long = |row: &Row| row.minutes.is_none_or(|most| most > 1);
    let row = TABLE.iter().find(|row| row.kinds.contains(&kind) && done(row.doing))?;
    long(row).then_some(Usual { takes: row.takes, source: row.source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn takes(kind: &str, verb: Verb, path: &str) -> &'static str {
        let change = Field {
            path: path.into(),
            from: Value::Null,
            to: Value::Null,
            known_after: None,
            forces_replacement: false,
        };
        usual(kind, verb, &[change]).map_or("not told", |usual| usual.takes)
    }

    #[test]
    fn what_is_usual_goes_by_the_kind_and_by_what_is_done() {
        assert!(takes("rds/DbInstance", Verb::Create, "").starts_with("up to 20 minutes"));
        assert!(takes("rds/DbInstance", Verb::Replace, "").starts_with("up to 20 minutes"));
        assert!(takes("rds/DbInstance", Verb::Update, "iops").starts_with("several hours"));
        assert!(takes("rds/DbCluster", Verb::Delete, "").starts_with("it depends"));
        assert!(takes("cloudfront/Distribution", Verb::Update, "comment").starts_with("minutes"));
        assert!(takes("acm/Certificate", Verb::Create, "").contains("72 hours"));
    }

    #[test]
    fn of_what_is_short_of_what_nothing_is_said_and_of_what_stays_nothing_is_told() {
        for (kind, verb, path) in [
            ("route53/RecordSet", Verb::Create, ""),
            ("rds/DbInstance", Verb::Update, "tags.team"),
            ("rds/DbInstance", Verb::Keep, "iops"),
            ("acm/Certificate", Verb::Delete, ""),
            ("elasticache/ReplicationGroup", Verb::Create, ""),
        ] {
            assert_eq!(takes(kind, verb, path), "not told", "{kind} {verb:?}");
        }
    }
}
