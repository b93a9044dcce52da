//! Waiting for a condition, with a deadline.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, sleep, timeout_at};

/// Between the first look and the second. Each pause is half as long again as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Asks `look` until it answers a value, and gives that value back. `what` names the condition for the error.
///
/// `look` answers `Ok` with the value once the condition holds, and until then `Err` with what it sees instead.
///
/// # Errors
/// When `deadline` passes first: what was waited for, and what was last seen.
pub async fn until<T>(what: &str, deadline: Duration, mut look: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let end = Instant::now() + deadline;
    let mut pause = FIRST_PAUSE;
    let mut seen = anyhow::anyhow!("nothing: the first look did not end");
    loop {
        match timeout_at(end, look()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(other)) if Instant::now() < end => seen = other,
            Ok(Err(other)) => return Err(other).with_context(|| late(what, deadline)),
            Err(_) => return Err(seen).with_context(|| late(what, deadline)),
        }
        sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        pause = LONGEST_PAUSE.min(pause.mul_f64(1.5));
    }
}

/// What is said of something that did not come to pass in time.
pub(crate) fn late(what: &str, deadline: Duration) -> String {
    format!("{what}: not within {deadline:?}; last seen")
}

/// `Ok` when `holds`; an error that says what is seen otherwise. For the conditions of [`until`].
///
/// # Errors
/// When `holds` is false.
pub fn ensure(holds: bool, seen: impl std::fmt::Display) -> Result<()> {
    if holds { Ok(()) } else { bail!("{seen}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_value_is_given_back_once_the_condition_holds() {
        let mut looks = 0;
        let got = until("three looks", Duration::from_secs(10), async || {
            looks += 1;
            ensure(looks == 3, looks)?;
            Ok(looks)
        })
        .await;
        assert_eq!(got.unwrap(), 3);
    }

    #[tokio::test]
    async fn past_the_deadline_the_error_says_what_was_last_seen() {
        let error =
            until("Ready", Duration::from_millis(120), async || ensure(false, "Reconciling")).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "Ready: not within 120ms; last seen: Reconciling");
    }

    #[tokio::test]
    async fn a_look_that_never_ends_does_not_outlast_the_deadline() {
        let error = until("a reply", Duration::from_millis(60), std::future::pending::<Result<()>>).await.unwrap_err();
        assert!(format!("{error:#}").contains("the first look did not end"), "{error:#}");
    }
}
