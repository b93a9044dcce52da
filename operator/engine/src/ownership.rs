//! Whose a resource is: decided here and nowhere else, the same way for every kind.

use std::collections::BTreeMap;

use terrace_model::{Entry, Handle, NodeKey, Owner, OwnerRef};

use crate::provider::Sight;

/// What an object may take over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopt {
    /// What an earlier object of this cluster, namespace, kind and name left, whose UID is no longer alive.
    pub same_object: bool,
    /// Resources named on the object, by logical id, and admitted by its Environment.
    pub handles: BTreeMap<String, Handle>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Title {
    Ours,
    /// Not ours yet, and to be made so.
    Adoptable,
    /// Perhaps ours: its tags may not be visible yet.
    Unproven,
    /// Never touched; the text says whose it is and what can be done.
    Theirs(String),
}

/// Decides. A tag is evidence, not authority: it must agree with the UID and with the recorded handle.
pub fn title(
    owner: &OwnerRef,
    key: &NodeKey,
    entry: Option<&Entry>,
    sight: &Sight,
    adopt: &Adopt,
    doubtful: bool,
) -> Title {
    let recorded = entry.and_then(|entry| entry.handle.as_ref());
    match &sight.owner {
        Owner::Inherent => Title::Ours,
        Owner::Tagged { owner: tagged, node, incarnation } if tagged == owner => {
            let same_node = *node == key.id && *incarnation == key.incarnation;
            if same_node && recorded.is_none_or(|handle| *handle == sight.handle) {
                Title::Ours
            } else {
                Title::Theirs(format!(
                    "{} bears this object's tags but is not what it made as {key}: remove it or its terrace.dev tags",
                    sight.handle.0
                ))
            }
        }
        Owner::Tagged { owner: tagged, .. } => earlier_or_other(owner, tagged, sight, adopt),
        Owner::Untagged if recorded == Some(&sight.handle) => Title::Ours,
        Owner::Untagged if adopt.handles.get(&key.id) == Some(&sight.handle) => Title::Adoptable,
        Owner::Untagged if doubtful && entry.is_some() && recorded.is_none() => Title::Unproven,
        Owner::Untagged => Title::Theirs(format!(
            "{} exists and was not made by Terrace: rename this object, remove the resource, or list it under spec.adopt",
            sight.handle.0
        )),
    }
}

fn earlier_or_other(owner: &OwnerRef, tagged: &OwnerRef, sight: &Sight, adopt: &Adopt) -> Title {
    let earlier = OwnerRef { uid: owner.uid.clone(), ..tagged.clone() } == *owner;
    match (earlier, adopt.same_object) {
        (true, true) => Title::Adoptable,
        (true, false) => Title::Theirs(format!(
            "{} belongs to an earlier object of this name: set spec.adopt.policy to SameObject to take it over, or remove it",
            sight.handle.0
        )),
        (false, _) => Title::Theirs(format!(
            "{} belongs to {tagged}: name another here, or have that one give it up",
            sight.handle.0
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::State;
    use crate::testing::{entry, owner};
    use serde_json::Value;

    fn seen(owner: Owner) -> Sight {
        Sight { have: Value::Null, out: Value::Null, handle: "arn:db".into(), owner, state: State::Ready, unread: &[] }
    }

    fn tagged(owner: OwnerRef, incarnation: u32) -> Sight {
        seen(Owner::Tagged { owner, node: "db".into(), incarnation })
    }

    fn decide(entry: Option<&Entry>, sight: &Sight, adopt: &Adopt) -> Title {
        title(&owner(), &NodeKey::new("db", 1), entry, sight, adopt, true)
    }

    #[test]
    fn tags_of_ours_make_it_ours_unless_the_record_disagrees() {
        let mut record = entry("db");
        let ours = tagged(owner(), 1);
        assert_eq!(decide(None, &ours, &Adopt::default()), Title::Ours);
        record.handle = Some("arn:db".into());
        assert_eq!(decide(Some(&record), &ours, &Adopt::default()), Title::Ours);
        record.handle = Some("arn:another".into());
        assert!(matches!(decide(Some(&record), &ours, &Adopt::default()), Title::Theirs(_)));
        assert!(matches!(decide(None, &tagged(owner(), 2), &Adopt::default()), Title::Theirs(_)));
    }

    #[test]
    fn what_an_earlier_object_left_is_taken_over_only_when_asked() {
        let earlier = tagged(OwnerRef { uid: "gone".into(), ..owner() }, 1);
        assert!(
            matches!(decide(None, &earlier, &Adopt::default()), Title::Theirs(text) if text.contains("SameObject"))
        );
        assert_eq!(decide(None, &earlier, &Adopt { same_object: true, ..Adopt::default() }), Title::Adoptable);
        let other = tagged(OwnerRef { name: "billing".into(), ..owner() }, 1);
        assert!(matches!(decide(None, &other, &Adopt { same_object: true, ..Adopt::default() }), Title::Theirs(_)));
    }

    #[test]
    fn without_tags_the_record_decides() {
        let (bare, mut record) = (seen(Owner::Untagged), entry("db"));
        assert!(matches!(decide(None, &bare, &Adopt::default()), Title::Theirs(_)));
        assert_eq!(decide(Some(&record), &bare, &Adopt::default()), Title::Unproven);
        record.handle = Some("arn:db".into());
        assert_eq!(decide(Some(&record), &bare, &Adopt::default()), Title::Ours);
        let named = Adopt { handles: [("db".into(), "arn:db".into())].into(), ..Adopt::default() };
        assert_eq!(decide(None, &bare, &named), Title::Adoptable);
        assert_eq!(decide(None, &seen(Owner::Inherent), &Adopt::default()), Title::Ours);
    }
}
