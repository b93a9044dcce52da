//! The credentials of an object that change from time to time: how old they are, and when they are due to change. Pure.

use terrace_engine::outcome::{changed, next_rotation};
use terrace_engine::{Look, Outcome};
use terrace_tiers::Credential;

/// The oldest and the one that is due first, which need not be the same: of what the last looks found, and of those that a
/// procedure of our own changes.
pub fn first(outcome: &Outcome, own: Option<Credential>) -> Option<Credential> {
    let found = outcome.sights.values().filter_map(|look| match look {
        Ok(Look::Present(sight)) => Some(Credential { made: changed(sight), due: next_rotation(sight)? }),
        _ => None,
    });
    found.chain(own).reduce(|one, other| Credential {
        made: [one.made, other.made].into_iter().flatten().min(),
        due: one.due.min(other.due),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tier::testing::outcome;
    use serde_json::{Value, json};
    use terrace_engine::{Error, Sight, State};
    use terrace_model::{Handle, NodeKey, Owner};

    fn looked(looks: impl IntoIterator<Item = Result<Look, Error>>) -> Outcome {
        let key = |index: usize| NodeKey::new(&format!("secret-{index}"), 1);
        outcome(looks.into_iter().enumerate().map(|(index, look)| (key(index), look)))
    }

    fn secret(out: Value) -> Result<Look, Error> {
        let (handle, owner, have) = (Handle("arn:s".into()), Owner::Inherent, json!({}));
        Ok(Look::Present(Box::new(Sight { have, out, handle, owner, state: State::Ready, unread: &[] })))
    }

    fn credential(made: Option<&str>, due: &str) -> Credential {
        let time = |time: &str| time.parse().expect("a time");
        Credential { made: made.map(time), due: time(due) }
    }

    const MADE: &str = "2026-01-01T00:00:00Z";
    const DUE: &str = "2026-01-08T00:00:00Z";

    #[test]
    fn a_secret_that_never_changes_is_no_credential_that_does() {
        assert_eq!(first(&looked([secret(json!({"changed": MADE}))]), None), None);
        assert_eq!(first(&looked([Err(Error::retry("throttled")), Ok(Look::Absent)]), None), None);
    }

    #[test]
    fn the_oldest_and_the_first_that_is_due_are_told() {
        let aws = || secret(json!({"changed": MADE, "nextRotation": DUE}));
        let own = credential(Some("2026-01-03T00:00:00Z"), "2026-01-05T00:00:00Z");
        assert_eq!(first(&looked([aws()]), None), Some(credential(Some(MADE), DUE)));
        assert_eq!(first(&looked([aws()]), Some(own)), Some(credential(Some(MADE), "2026-01-05T00:00:00Z")));
        let unknown = secret(json!({"nextRotation": DUE}));
        assert_eq!(first(&looked([unknown]), None), Some(credential(None, DUE)));
    }
}
