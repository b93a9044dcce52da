//! What AWS lists nowhere whole, such as database parameters, is read about once an hour, and whenever it matters.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use terrace_engine::Result;
use terrace_model::identity::{Freshness, hash};
use tokio::time::Instant;

const SHORTEST: Duration = Duration::from_secs(45 * 60);
const SPREAD_SECONDS: u64 = 30 * 60;

/// Remembers answers for 45 to 75 minutes, each for another time, so that they do not all run out at once.
pub struct Hourly<V> {
    seen: Mutex<BTreeMap<String, (Instant, V)>>,
    /// When it was first asked about what has not been read yet.
    waiting: Mutex<BTreeMap<String, Instant>>,
}

impl<V> Default for Hourly<V> {
    fn default() -> Self {
        Hourly { seen: Mutex::default(), waiting: Mutex::default() }
    }
}

impl<V: Clone> Hourly<V> {
    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, (Instant, V)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer for `key`, from memory where that is recent enough.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn get<F>(&self, key: &str, freshness: Freshness, read: impl FnOnce() -> F) -> Result<V>
    where
        F: Future<Output = Result<V>>,
    {
        let remembered =
            self.seen().get(key).filter(|(at, _)| at.elapsed() < lifetime(key)).map(|(_, value)| value.clone());
        if let (Freshness::Recent, Some(value)) = (freshness, remembered) {
            return Ok(value);
        }
        let at = Instant::now();
        let value = read().await?;
        self.seen().insert(key.to_owned(), (at, value.clone()));
        Ok(value)
    }

    /// As [`Hourly::get`], but what was never read waits for its turn within the hour, so that a process with a thousand
    /// of them does not begin with a thousand reads. `None` until then.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn get_in_turn<F>(&self, key: &str, freshness: Freshness, read: impl FnOnce() -> F) -> Result<Option<V>>
    where
        F: Future<Output = Result<V>>,
    {
        if freshness == Freshness::Recent && !self.seen().contains_key(key) && !self.is_due(key) {
            return Ok(None);
        }
        self.get(key, freshness, read).await.map(Some)
    }

    fn is_due(&self, key: &str) -> bool {
        let mut waiting = self.waiting();
        let due = waiting.entry(key.to_owned()).or_insert_with(Instant::now).elapsed() >= turn(key);
        if due {
            waiting.remove(key);
        }
        due
    }

    /// Forgets an answer: it was changed, or is gone.
    pub fn forget(&self, key: &str) {
        self.seen().remove(key);
        self.waiting().remove(key);
    }
}

/// How long an answer about `key` is remembered: 45 to 75 minutes, always the same for one key.
pub fn lifetime(key: &str) -> Duration {
    SHORTEST + Duration::from_secs(number(key) % SPREAD_SECONDS)
}

/// When within the first hour what is under `key` is read, the earliest after a minute.
fn turn(key: &str) -> Duration {
    Duration::from_secs(60 + number(key) % (59 * 60))
}

fn number(key: &str) -> u64 {
    u64::from_str_radix(&hash(&[key])[..8], 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    #[tokio::test(start_paused = true)]
    async fn it_is_read_once_an_hour_and_whenever_it_must_be_fresh() {
        let (hourly, reads) = (Hourly::default(), AtomicU32::new(0));
        let get = |freshness| hourly.get("a", freshness, || async { Ok(reads.fetch_add(1, Relaxed)) });
        for _ in 0..10 {
            assert_eq!(get(Freshness::Recent).await, Ok(0));
        }
        assert_eq!(get(Freshness::Now).await, Ok(1));
        assert_eq!(get(Freshness::Recent).await, Ok(1));
        hourly.forget("a");
        assert_eq!(get(Freshness::Recent).await, Ok(2));
        tokio::time::advance(Duration::from_secs(76 * 60)).await;
        assert_eq!(get(Freshness::Recent).await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_never_read_waits_for_its_turn_unless_it_must_be_fresh() {
        let (hourly, reads) = (Hourly::default(), AtomicU32::new(0));
        let get = |key, freshness| hourly.get_in_turn(key, freshness, || async { Ok(reads.fetch_add(1, Relaxed)) });
        assert_eq!(get("a", Freshness::Recent).await, Ok(None));
        assert_eq!(get("b", Freshness::Now).await, Ok(Some(0)));
        assert_eq!(get("b", Freshness::Recent).await, Ok(Some(0)));
        tokio::time::advance(Duration::from_secs(60 * 60)).await;
        assert_eq!(get("a", Freshness::Recent).await, Ok(Some(1)));
    }

    #[test]
    fn answers_run_out_at_different_times_around_an_hour() {
        let lives: std::collections::BTreeSet<_> = (0..50).map(|n| lifetime(&n.to_string()).as_secs()).collect();
        assert!(lives.len() > 40);
        assert!(lives.iter().all(|seconds| (45 * 60..75 * 60).contains(seconds)));
    }
}
