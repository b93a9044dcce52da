//! Tags, to and from the types of the SDKs, which all look alike and are all different.

use std::future::Future;

use terrace_engine::Result;
use terrace_model::Diff;
use terrace_model::SecretRef;
use terrace_model::aws::Tags;
use terrace_model::identity::tag;

/// Tags of this prefix are AWS's own: nobody else can set or remove them.
const RESERVED: &str = "aws:";

/// Reads tags from key and value of each; leaves out AWS's own.
pub fn read<'a>(pairs: impl IntoIterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Tags {
    pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key?, value.unwrap_or_default())))
        .filter(|(key, _)| !key.starts_with(RESERVED))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Writes tags, each by `tag` from key and value.
pub fn write<'a, T>(tags: impl IntoIterator<Item = (&'a String, &'a String)>, tag: impl Fn(&str, &str) -> T) -> Vec<T> {
    tags.into_iter().map(|(key, value)| tag(key, value)).collect()
}

/// Takes away the tags that left the wish and sets those that differ, each by the service's own call; makes none where
/// there is nothing to do. Taking away goes first: AWS counts 50 tags a resource, and IAM takes no two keys that differ
/// in case only.
///
/// # Errors
/// Those of the calls.
pub async fn retag<S, R>(
    want: &Tags,
    diff: &Diff,
    set: impl FnOnce(Tags) -> S,
    remove: impl FnOnce(Vec<String>) -> R,
) -> Result<()>
where
    S: Future<Output = Result<()>>,
    R: Future<Output = Result<()>>,
{
    let removed = diff.removed("tags");
    if !removed.is_empty() {
        remove(removed).await?;
    }
    let changed = changed(want, diff);
    if changed.is_empty() { Ok(()) } else { set(changed).await }
}

/// The tags of the wish that differ.
pub fn changed(want: &Tags, diff: &Diff) -> Tags {
    let differs = |key: &str| diff.0.iter().any(|change| change.path.strip_prefix("tags.") == Some(key));
    want.iter().filter(|(key, _)| differs(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The secret that was applied last, as its tags say.
pub fn secret(tags: &Tags) -> Option<SecretRef> {
    let get = |key| tags.get(key).cloned();
    Some(SecretRef { arn: get(tag::SECRET)?.into(), version: get(tag::SECRET_VERSION)?.into() })
}

/// The tags that record a secret as applied.
///
/// # Errors
/// Where the reference is not resolved.
pub fn of_secret(secret: &SecretRef) -> Result<Tags> {
    let get = |value: &terrace_model::Val<String>| value.get().cloned().map_err(terrace_engine::Error::invalid);
    Ok([(tag::SECRET.to_owned(), get(&secret.arn)?), (tag::SECRET_VERSION.to_owned(), get(&secret.version)?)].into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrace_model::{Certainty, Change, Effect};

    #[test]
    fn tags_of_aws_itself_are_not_seen() {
        let pairs = [(Some("aws:cloudformation:stack"), Some("x")), (Some("team"), None), (None, Some("y"))];
        assert_eq!(read(pairs), [("team".to_owned(), String::new())].into());
    }

    #[tokio::test]
    async fn what_left_the_wish_goes_before_what_differs_is_set_and_the_rest_is_left_alone() {
        let change = |path: &str, to: serde_json::Value| Change {
            path: path.into(),
            from: "old".into(),
            to,
            effect: Effect::InPlace,
            certainty: Certainty::Changed,
        };
        let want: Tags = ["kept", "terrace.dev/uid"].map(|key| (key.to_owned(), "new".to_owned())).into();
        let calls = std::sync::Mutex::new(Vec::new());
        let log = |call: String| {
            calls.lock().expect("nobody panicked").push(call);
            std::future::ready(Ok(()))
        };
        let run = async |diff: Diff| {
            let (set, remove) = (|tags: Tags| log(format!("set {tags:?}")), |keys| log(format!("remove {keys:?}")));
            retag(&want, &diff, set, remove).await.expect("it is done");
            std::mem::take(&mut *calls.lock().expect("nobody panicked"))
        };
        let both = Diff(vec![
            change("tags.terrace.dev/uid", "new".into()),
            change("tags.gone", serde_json::Value::Null),
            change("description", "new".into()),
        ]);
        assert_eq!(run(both).await, [r#"remove ["gone"]"#, r#"set {"terrace.dev/uid": "new"}"#]);
        assert!(run(Diff(vec![change("description", "new".into())])).await.is_empty());
    }

    #[test]
    fn an_applied_secret_reads_back_from_its_tags() {
        let secret = SecretRef { arn: "arn:a".into(), version: "v1".into() };
        let tags = of_secret(&secret).expect("it is resolved");
        assert_eq!(super::secret(&tags), Some(secret));
        assert_eq!(super::secret(&Tags::new()), None);
    }
}
