//! Whose something is that bears no tags: a mark in its comment, read and written as if it were the owner's tags.
//!
//! The mark is `terrace:`, a hash of all that the owner's tags say but the UID, and the UID. It says whose the thing is to
//! whoever knows the owner already, and nothing else.

use terrace_model::Id;
use terrace_model::aws::Tags;
use terrace_model::identity::{short_hash, tag};

const PREFIX: &str = "terrace:";

/// Of cluster, namespace, kind and name of the owner, node, incarnation and kind.
fn place(id: &Id) -> String {
    let tags = id.owner_tags();
    let parts: Vec<&String> = tags.iter().filter(|(key, _)| *key != tag::UID).map(|(_, value)| value).collect();
    short_hash(&parts)
}

/// The comment that says what `tags` say: at most 55 characters for a UID of Kubernetes; empty where they name no owner.
pub fn write(id: &Id, tags: &Tags) -> String {
    tags.get(tag::UID).map_or_else(String::new, |uid| format!("{PREFIX}{}:{uid}", place(id)))
}

/// The owner's tags, where a comment says that it is `id`'s or an earlier object's of its name; else none.
pub fn read(id: &Id, comment: &str) -> Tags {
    let said = comment.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':'));
    match said {
        Some((hash, uid)) if hash == place(id) => {
            let mut tags = id.owner_tags();
            tags.insert(tag::UID.to_owned(), uid.to_owned());
            tags
        }
        _ => Tags::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::id;
    use terrace_model::aws::cloudfront::CachePolicy;
    use terrace_model::{Owner, OwnerRef};

    #[test]
    fn a_mark_reads_back_and_tells_an_earlier_object_from_another() {
        let ours = id::<CachePolicy>("cache");
        let mark = write(&ours, &ours.owner_tags());
        assert!(mark.len() <= 55, "{mark}");
        assert_eq!(read(&ours, &mark), ours.owner_tags());

        let later = Id { owner: OwnerRef { uid: "uid-2".into(), ..ours.owner.clone() }, ..ours.clone() };
        let owner = Owner::from_tags(&read(&later, &mark));
        assert_eq!(owner, Owner::Tagged { owner: ours.owner.clone(), node: "cache".into(), incarnation: 1 });

        for other in [Id { incarnation: 2, ..ours.clone() }, Id { node: "other".into(), ..ours.clone() }] {
            assert!(read(&other, &mark).is_empty());
        }
    }

    #[test]
    fn what_names_no_owner_bears_no_mark() {
        let ours = id::<CachePolicy>("cache");
        assert_eq!(write(&ours, &Tags::new()), "");
        for foreign in ["", "terrace", "terrace:", "somebody else's"] {
            assert!(read(&ours, foreign).is_empty());
        }
    }
}
