//! What lies in something else and is listed nowhere but there: the listeners of a load balancer, the rules of a listener.
//!
//! A call lists what one parent holds. So for a resync each parent is read about once an hour, and a look that must be
//! fresh is one call for all who ask about the same parent.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use futures::future::join_all;
use terrace_engine::Result;
use terrace_engine::coalesce::Batch;
use terrace_model::identity::Freshness;

use crate::hourly::Hourly;

/// All that a parent holds; `None` where the parent is not there.
pub(super) type Held<T> = Option<Arc<Vec<T>>>;

/// What parents of one kind hold, by the parent's ARN, which names its region too.
pub(super) struct Inside<T> {
    asked: Batch<String, Held<T>>,
    seen: Hourly<Held<T>>,
}

impl<T> Default for Inside<T> {
    fn default() -> Self {
        Inside { asked: Batch::new(usize::MAX), seen: Hourly::default() }
    }
}

impl<T: Send + Sync> Inside<T> {
    /// What `parent` holds; `None` where its turn within the hour has not come.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn get<F>(
        &self,
        parent: &str,
        freshness: Freshness,
        read: impl Fn(String) -> F,
    ) -> Result<Option<Held<T>>>
    where
        F: Future<Output = Result<Option<Vec<T>>>>,
    {
        let read = |parents: Vec<String>| {
            let distinct: BTreeSet<_> = parents.iter().cloned().collect();
            let reads = distinct.into_iter().map(|parent| {
                let held = read(parent.clone());
                async move { (parent, held.await.map(|held| held.map(Arc::new))) }
            });
            let all = join_all(reads);
            async move {
                let held: BTreeMap<_, _> = all.await.into_iter().collect();
                parents.iter().map(|parent| held[parent].clone()).collect()
            }
        };
        self.seen.get_in_turn(parent, freshness, || self.asked.submit(parent.to_owned(), read)).await
    }

    /// Forgets what a parent holds: it is about to change.
    pub fn forget(&self, parent: &str) {
        self.seen.forget(parent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_about_one_parent_at_a_time_share_a_call_and_a_resync_reads_it_once_an_hour() {
        let (inside, calls) = (Inside::<u32>::default(), AtomicUsize::new(0));
        let read = |parent: String| {
            calls.fetch_add(1, Relaxed);
            async move { Ok((parent != "gone").then(|| vec![1, 2])) }
        };
        assert_eq!(inside.get("a", Freshness::Recent, read).await, Ok(None));
        let parents = ["a", "a", "b", "gone", "a"];
        let found = join_all(parents.map(|parent| inside.get(parent, Freshness::Now, read))).await;
        let held = |found: &Result<Option<Held<u32>>>| found.clone().expect("it is read").expect("now").is_some();
        assert_eq!(found.iter().map(held).collect::<Vec<_>>(), [true, true, true, false, true]);
        assert_eq!(calls.load(Relaxed), 3);
        for _ in 0..5 {
            assert!(inside.get("a", Freshness::Recent, read).await.expect("it is remembered").is_some());
        }
        assert_eq!(calls.load(Relaxed), 3);
        tokio::time::advance(Duration::from_secs(76 * 60)).await;
        assert!(inside.get("a", Freshness::Recent, read).await.expect("it is read").is_some());
        assert_eq!(calls.load(Relaxed), 4);
        inside.forget("a");
        assert_eq!(inside.get("a", Freshness::Recent, read).await, Ok(None));
    }
}
