//! Answers remembered for a while, and one read for all who ask the same at the same time.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use terrace_engine::Result;
use tokio::time::Instant;

/// No answer is kept longer.
pub const LONGEST: Duration = Duration::from_secs(60 * 60);

type Cell<V> = Arc<tokio::sync::Mutex<Option<(Instant, V)>>>;

/// Remembers answers, and lets those who ask the same wait for one read.
pub struct Memory<V>(pub(super) Mutex<BTreeMap<String, Cell<V>>>);

impl<V> Default for Memory<V> {
    fn default() -> Self {
        Memory(Mutex::default())
    }
}

impl<V: Clone> Memory<V> {
    /// The answer for `key`: the remembered one, where it is younger than `keep` says of it. Errors are not remembered.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn get<F>(&self, key: String, keep: impl Fn(&V) -> Duration, read: impl FnOnce() -> F) -> Result<V>
    where
        F: Future<Output = Result<V>>,
    {
        let cell = self.cell(key);
        let mut cell = cell.lock().await;
        if let Some((_, value)) = cell.as_ref().filter(|(at, value)| at.elapsed() < keep(value)) {
            return Ok(value.clone());
        }
        let at = Instant::now();
        let value = read().await?;
        *cell = Some((at, value.clone()));
        Ok(value)
    }

    /// A new one takes the place of those that ran out.
    fn cell(&self, key: String) -> Cell<V> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !cells.contains_key(&key) {
            let alive = |seen: &Option<(Instant, V)>| seen.as_ref().is_some_and(|(at, _)| at.elapsed() < LONGEST);
            cells.retain(|_, cell| cell.try_lock().map_or(true, |seen| alive(&seen)));
        }
        cells.entry(key).or_default().clone()
    }
}
