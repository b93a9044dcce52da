//! The value of a secret, for the call that needs it and nobody else.

use secrecy::SecretString;
use serde::Deserialize;
use terrace_engine::{Error, Result, reason};
use terrace_model::SecretRef;

use crate::Clients;
use crate::errors::absent;

/// IAM actions used; the key of a secret that has one of its own is asked to decrypt.
pub const READ_ACTIONS: &[&str] =
    &["kms:Decrypt", "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"];

/// The field that holds the password, in the secrets of RDS as in ours.
pub(super) const PASSWORD: &str = "password";

#[derive(Deserialize)]
struct Document {
    password: String,
}

/// The password of a secret: its field `password`, or all of it where it is no such document.
///
/// # Errors
/// `Wait` where that version is gone, having been rotated away: the next look finds the one that took its place.
/// Others as classified.
pub async fn read(clients: &Clients, region: &str, secret: &SecretRef) -> Result<SecretString> {
    let (arn, version) = (secret.arn.get().map_err(Error::invalid)?, secret.version.get().map_err(Error::invalid)?);
    let request = clients.secretsmanager(region).get_secret_value().secret_id(arn).version_id(version);
    let value = absent(request.send().await, &["ResourceNotFoundException"])?.and_then(|value| value.secret_string);
    value
        .map(password)
        .ok_or_else(|| Error::wait(reason::NOT_READY, format!("secret {arn} has no version {version} any more")))
}

/// The password that a secret holds now, in the version staged as `AWSCURRENT` (GetSecretValue takes that one where none is
/// named).
///
/// # Errors
/// `Wait` where there is no such secret, or no value in it. Others as classified.
pub async fn current(clients: &Clients, region: &str, arn: &str) -> Result<SecretString> {
    let request = clients.secretsmanager(region).get_secret_value().secret_id(arn);
    let value = absent(request.send().await, &["ResourceNotFoundException"])?.and_then(|value| value.secret_string);
    value.map(password).ok_or_else(|| Error::wait(reason::NOT_READY, format!("secret {arn} has no current version")))
}

/// The password in a document, or all of a value that is none.
pub(super) fn password(value: String) -> SecretString {
    serde_json::from_str(&value).map_or(value, |Document { password }| password).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_password_is_a_field_or_the_whole() {
        for (value, expected) in [
            (r#"{"username": "admin", "password": "p"}"#, "p"),
            ("plain", "plain"),
            (r#"{"token": "t"}"#, r#"{"token": "t"}"#),
            ("12", "12"),
        ] {
            assert_eq!(password(value.to_owned()).expose_secret(), expected);
        }
    }
}
