//! The current values of many secrets, twenty in a call.
//!
//! From the Secrets Manager API reference, BatchGetSecretValue: up to 20 secrets by ARN or name, each in the version
//! staged as `AWSCURRENT`; those that cannot be read are told apart in `Errors`. It does not lag.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use terrace_engine::coalesce::Batch;
use terrace_engine::{Error, Result};
use terrace_model::SecretRef;

use super::value::{self, password};
use crate::Clients;
use crate::errors::classify;

/// The most that one call takes.
const MOST: usize = 20;

/// What a secret holds now.
#[derive(Clone)]
pub struct Current {
    pub version: String,
    value: SecretString,
}

/// Region and ARN.
type Key = (String, String);

/// Reads current values for whoever asks, together. Cheap to clone: clones share their calls.
#[derive(Clone)]
pub struct Values(Arc<Inner>);

struct Inner {
    clients: Clients,
    batch: Batch<Key, Option<Current>>,
    /// What was read to learn its version, for the one who next needs the value.
    kept: Mutex<BTreeMap<Key, (Instant, Current)>>,
}

/// How long a value is kept for whoever needs it: that is the next step of the same pass.
const KEPT: Duration = Duration::from_secs(5);

impl Values {
    /// The values of an account's secrets.
    pub fn new(clients: &Clients) -> Self {
        Values(Arc::new(Inner { clients: clients.clone(), batch: Batch::new(MOST), kept: Mutex::default() }))
    }

    /// What a secret holds now; `None` where that cannot be read, for whatever reason: not all roles may read many at once.
    ///
    /// # Errors
    /// `Retry`, where the call may succeed the next time.
    pub async fn current(&self, region: &str, arn: &str) -> Result<Option<Current>> {
        let key = (region.to_owned(), arn.to_owned());
        let current = match self.0.batch.submit(key.clone(), |keys| self.read_all(keys)).await {
            Err(error) if !matches!(error, Error::Retry { .. }) => return Ok(None),
            answer => answer?,
        };
        if let Some(current) = &current {
            self.kept().insert(key, (Instant::now(), current.clone()));
        }
        Ok(current)
    }

    /// Takes a value that was read a moment ago, so that it is read once for its version and its holder.
    fn take(&self, region: &str, arn: &str, version: &str) -> Option<SecretString> {
        let (_, current) = self.kept().remove(&(region.to_owned(), arn.to_owned()))?;
        (current.version == version).then_some(current.value)
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<Key, (Instant, Current)>> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (read, _)| read.elapsed() < KEPT);
        kept
    }

    /// The password in one version of a secret, as [`value::read`] reads it.
    ///
    /// # Errors
    /// Those of [`value::read`].
    pub async fn read(&self, region: &str, secret: &SecretRef) -> Result<SecretString> {
        let (arn, version) = (secret.arn.get().map_err(Error::invalid)?, secret.version.get().map_err(Error::invalid)?);
        if let Some(value) = self.take(region, arn, version) {
            return Ok(value);
        }
        let current = self.current(region, arn).await?;
        drop(self.take(region, arn, version));
        match current {
            Some(current) if current.version == *version => Ok(current.value),
            // By itself, a secret says what stands in the way.
            _ => value::read(&self.0.clients, region, secret).await,
        }
    }

    /// The password that a secret holds now, whichever version that is.
    ///
    /// # Errors
    /// Those of [`value::current`].
    pub async fn password(&self, region: &str, arn: &str) -> Result<SecretString> {
        match self.current(region, arn).await? {
            Some(current) => Ok(current.value),
            // By itself, a secret says what stands in the way.
            None => value::current(&self.0.clients, region, arn).await,
        }
    }

    async fn read_all(&self, keys: Vec<Key>) -> Vec<Result<Option<Current>>> {
        let regions: BTreeSet<&str> = keys.iter().map(|(region, _)| region.as_str()).collect();
        let calls = regions.into_iter().map(|region| {
            let arns = keys.iter().filter(|key| key.0 == region).map(|(_, arn)| arn.as_str()).collect();
            async move { (region, self.call(region, arns).await) }
        });
        let answers: BTreeMap<&str, _> = futures::future::join_all(calls).await.into_iter().collect();
        let answer = |(region, arn): &Key| match &answers[region.as_str()] {
            Ok(found) => Ok(found.get(arn).cloned()),
            Err(error) => Err(error.clone()),
        };
        keys.iter().map(answer).collect()
    }

    async fn call(&self, region: &str, arns: BTreeSet<&str>) -> Result<BTreeMap<String, Current>> {
        let request = self.0.clients.secretsmanager(region).batch_get_secret_value();
        let ids = arns.into_iter().map(str::to_owned).collect();
        let answer = request.set_secret_id_list(Some(ids)).send().await.map_err(classify)?;
        let found = answer.secret_values.unwrap_or_default().into_iter();
        let current = found.filter_map(|found| {
            let current = Current { version: found.version_id?, value: password(found.secret_string?) };
            Some((found.arn?, current))
        });
        Ok(current.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients};
    use aws_sdk_secretsmanager::Client;
    use aws_sdk_secretsmanager::error::ErrorMetadata;
    use aws_sdk_secretsmanager::operation::batch_get_secret_value::{
        BatchGetSecretValueError, BatchGetSecretValueOutput,
    };
    use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
    use aws_sdk_secretsmanager::types::SecretValueEntry;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use secrecy::ExposeSecret;

    fn secret(arn: &str, version: &str) -> SecretRef {
        SecretRef { arn: arn.into(), version: version.into() }
    }

    fn entry(arn: &str) -> SecretValueEntry {
        SecretValueEntry::builder()
            .arn(arn)
            .version_id("v1")
            .secret_string(format!(r#"{{"password": "of {arn}"}}"#))
            .build()
    }

    #[tokio::test]
    async fn many_are_read_twenty_in_a_call_and_each_gets_its_own() {
        let batch = mock!(Client::batch_get_secret_value).then_compute_output(|input| {
            let ids = input.secret_id_list();
            assert!(ids.len() <= MOST, "{} at once", ids.len());
            BatchGetSecretValueOutput::builder()
                .set_secret_values(Some(ids.iter().map(|arn| entry(arn)).collect()))
                .build()
        });
        let values = Values::new(
            &clients().with_client(REGION, mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, [&batch])),
        );
        let arns: Vec<String> = (0..50).map(|n| format!("arn:{n}")).collect();
        let secrets: Vec<SecretRef> = arns.iter().map(|arn| secret(arn, "v1")).collect();
        let reads = secrets.iter().map(|secret| values.read(REGION, secret));
        for (arn, read) in arns.iter().zip(futures::future::join_all(reads).await) {
            assert_eq!(read.expect("it is read").expose_secret(), format!("of {arn}"));
        }
        assert_eq!(batch.num_calls(), 3);
    }

    #[tokio::test]
    async fn what_the_batch_does_not_say_is_asked_of_the_secret_itself() {
        let batch = mock!(Client::batch_get_secret_value)
            .then_output(|| BatchGetSecretValueOutput::builder().secret_values(entry("arn:a")).build());
        let single = mock!(Client::get_secret_value)
            .then_output(|| GetSecretValueOutput::builder().secret_string("single").build());
        let client = mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, [&batch, &single]);
        let values = Values::new(&clients().with_client(REGION, client));
        for (asked, expected) in
            [(secret("arn:a", "v1"), "of arn:a"), (secret("arn:a", "v2"), "single"), (secret("arn:b", "v1"), "single")]
        {
            assert_eq!(values.read(REGION, &asked).await.expect("it is read").expose_secret(), expected);
        }
        assert_eq!(single.num_calls(), 2);
    }

    #[tokio::test]
    async fn a_value_that_was_read_for_its_version_is_not_read_again_for_its_holder_and_is_kept_for_one() {
        let batch = mock!(Client::batch_get_secret_value)
            .then_output(|| BatchGetSecretValueOutput::builder().secret_values(entry("arn:a")).build());
        let client = mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, [&batch]);
        let values = Values::new(&clients().with_client(REGION, client));
        assert!(values.current(REGION, "arn:a").await.expect("it is read").is_some());
        for calls in [1, 2, 3] {
            let read = values.read(REGION, &secret("arn:a", "v1")).await.expect("it is read");
            assert_eq!((read.expose_secret(), batch.num_calls()), ("of arn:a", calls));
        }
    }

    #[tokio::test]
    async fn a_role_that_may_only_read_one_by_one_does() {
        let batch = mock!(Client::batch_get_secret_value).then_error(|| {
            let denied = ErrorMetadata::builder().code("AccessDeniedException").message("no").build();
            BatchGetSecretValueError::generic(denied)
        });
        let single = mock!(Client::get_secret_value)
            .then_output(|| GetSecretValueOutput::builder().secret_string("single").build());
        let client = mock_client!(aws_sdk_secretsmanager, RuleMode::MatchAny, [&batch, &single]);
        let values = Values::new(&clients().with_client(REGION, client));
        assert_eq!(values.read(REGION, &secret("arn:a", "v1")).await.expect("it is read").expose_secret(), "single");
        assert!(values.current(REGION, "arn:a").await.expect("nobody need mend anything").is_none());
    }
}
