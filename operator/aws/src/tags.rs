//! Tags, to and from the types of the SDKs, which all look alike and are all different.

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

/// The secret that was applied last, as its tags say.
pub fn secret(tags: &Tags) -> Option<SecretRef> {
    let get = |key| tags.get(key).cloned();
    Some(SecretRef { arn: get(tag::SECRET)?.into(), version: get(tag::SECRET_VERSION)?.into() })
}

/// The tags that record a secret as applied.
///
/// # Errors
/// Where the reference is not resolved.
pub fn of_secret(secret: &SecretRef) -> terrace_engine::Result<Tags> {
    let get = |value: &terrace_model::Val<String>| value.get().cloned().map_err(terrace_engine::Error::invalid);
    Ok([(tag::SECRET.to_owned(), get(&secret.arn)?), (tag::SECRET_VERSION.to_owned(), get(&secret.version)?)].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_aws_itself_are_not_seen() {
        let pairs = [(Some("aws:cloudformation:stack"), Some("x")), (Some("team"), None), (None, Some("y"))];
        assert_eq!(read(pairs), [("team".to_owned(), String::new())].into());
    }

    #[test]
    fn an_applied_secret_reads_back_from_its_tags() {
        let secret = SecretRef { arn: "arn:a".into(), version: "v1".into() };
        let tags = of_secret(&secret).expect("it is resolved");
        assert_eq!(super::secret(&tags), Some(secret));
        assert_eq!(super::secret(&Tags::new()), None);
    }
}
