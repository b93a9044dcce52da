//! Tags as a text beside a user, which bears none: whose it is, and the secret whose password it has.

use terrace_engine::{Error, Result};
use terrace_model::aws::Tags;
use terrace_model::aws::sql::{Authentication, User};
use terrace_model::identity::tag;
use terrace_model::{SecretRef, Val};

/// No secret that anybody could wish for: nothing is recorded of it.
pub const UNKNOWN: SecretRef = SecretRef { arn: Val::Known(String::new()), version: Val::Known(String::new()) };

/// The text for a wish; `None` where there is nothing to say, as when the user is released.
///
/// # Errors
/// Where the wish is not resolved.
pub fn write(want: &User) -> Result<Option<String>> {
    let mut tags = want.tags.clone();
    if let (Authentication::Password(secret), true) = (&want.authentication, tags.contains_key(tag::UID)) {
        let get = |value: &Val<String>| value.get().cloned().map_err(Error::invalid);
        tags.insert(tag::SECRET.into(), get(&secret.arn)?);
        tags.insert(tag::SECRET_VERSION.into(), get(&secret.version)?);
    }
    if tags.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(&tags).map(Some).map_err(Error::invalid)
}

/// The tags in a text; none where it is somebody else's.
pub fn read(text: Option<&str>) -> Tags {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The secret whose password was applied last.
pub fn secret(tags: &Tags) -> Option<SecretRef> {
    let get = |key| tags.get(key).cloned();
    Some(SecretRef { arn: get(tag::SECRET)?.into(), version: get(tag::SECRET_VERSION)?.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::wish;

    #[test]
    fn tags_and_secret_read_back_and_a_user_that_is_released_has_none() {
        let mut want = wish();
        let read_back = read(write(&want).expect("a text").as_deref());
        assert!(want.tags.iter().all(|(key, value)| read_back.get(key) == Some(value)));
        let Authentication::Password(applied) = want.authentication.clone() else { panic!("a password") };
        assert_eq!(secret(&read_back), Some(applied));
        want.tags.clear();
        assert_eq!(write(&want), Ok(None));
        want.tags.insert("team".into(), "shop".into());
        assert_eq!(secret(&read(write(&want).expect("a text").as_deref())), None);
    }

    #[test]
    fn a_comment_of_somebody_elses_holds_no_tags() {
        for text in [None, Some("the app's user"), Some("[1]"), Some(r#"{"a": 1}"#)] {
            assert_eq!(read(text), Tags::new());
        }
    }
}
