//! Many callers, one call: reads of one kind, account and region are answered from one list, and writes that AWS takes
//! in batches go out together.
//!
//! The first caller goes at once; whoever comes while its call is under way goes together with all the others in the
//! next. Where a call answered several, the next gathers for a moment: what few wait for is quick, what many wait for is
//! cheap.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use terrace_model::identity::Freshness;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::Instant;

use crate::error::{Error, Result};

type Queue<I, O> = Vec<(I, oneshot::Sender<Result<O>>)>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call that answered so many is followed by one that gathers.
const SEVERAL: usize = 3;
/// How long a call after such a one begins after it.
const GATHER: Duration = Duration::from_millis(800);

/// Gathers items that come in while a call is under way, and sends them in the next.
pub struct Batch<I, O> {
    queue: Mutex<Queue<I, O>>,
    /// Holds when the last call that answered several began.
    turn: tokio::sync::Mutex<Option<Instant>>,
    most: usize,
}

impl<I, O> Batch<I, O> {
    /// Batches of at most `most` items.
    pub fn new(most: usize) -> Self {
        Batch { queue: Mutex::default(), turn: tokio::sync::Mutex::default(), most }
    }

    /// Sends `item` with whatever else is waiting. `send` answers each item, in order.
    ///
    /// # Errors
    /// The item's own, as `send` has it; `Retry` where the caller who sent it was cancelled.
    pub async fn submit<F>(&self, item: I, send: impl Fn(Vec<I>) -> F) -> Result<O>
    where
        F: Future<Output = Vec<Result<O>>>,
    {
        let (answer, mut mine) = oneshot::channel();
        lock(&self.queue).push((item, answer));
        tokio::task::yield_now().await;
        let mut turn = self.turn.lock().await;
        loop {
            match mine.try_recv() {
                Ok(result) => return result,
                Err(TryRecvError::Closed) => return Err(Error::retry("the call was interrupted")),
                Err(TryRecvError::Empty) => {}
            }
            if let Some(before) = *turn {
                tokio::time::sleep_until(before + GATHER).await;
            }
            let (items, answers): (Vec<_>, Vec<_>) = self.take().into_iter().unzip();
            *turn = (items.len() >= SEVERAL).then(Instant::now);
            for (answer, result) in answers.into_iter().zip(send(items).await) {
                // Whoever asked may have gone; then nobody wants the answer.
                let _ = answer.send(result);
            }
        }
    }

    fn take(&self) -> Queue<I, O> {
        let mut queue = lock(&self.queue);
        let count = queue.len().min(self.most);
        queue.drain(..count).collect()
    }
}

/// Reads one kind of thing in one account and region.
pub trait Fetch<K, V>: Send + Sync {
    /// Reads these, by filter or one by one. What is absent is left out.
    fn some(&self, keys: &BTreeSet<K>) -> impl Future<Output = Result<BTreeMap<K, V>>> + Send;
    /// Reads all there are, page by page.
    fn all(&self) -> impl Future<Output = Result<BTreeMap<K, V>>> + Send;
}

/// How many are read by themselves, rather than all of their kind.
#[derive(Clone, Copy, Debug)]
pub enum Few {
    /// Up to so many, for one call reads them.
    UpTo(usize),
    /// As many as the last list had pages, for each takes a call.
    Pages,
}

/// What a page usually holds.
const PAGE: usize = 100;

/// Answers single look-ups from filtered or whole lists.
pub struct Listing<K, V> {
    asked: Batch<(K, Freshness), Option<V>>,
    list: Mutex<Option<List<K, V>>>,
    period: Duration,
    few: Few,
}

struct List<K, V> {
    read: Instant,
    items: BTreeMap<K, V>,
}

impl<K: Ord + Clone, V: Clone> Listing<K, V> {
    /// A list that stays recent for `period`; a `few` keys are read by themselves, more by listing all.
    pub fn new(period: Duration, few: Few) -> Self {
        Listing { asked: Batch::new(usize::MAX), list: Mutex::default(), period, few }
    }

    /// Looks one up; `None` where it is absent.
    ///
    /// # Errors
    /// What the read that answered it ran into.
    pub async fn get(&self, key: K, freshness: Freshness, fetch: &impl Fetch<K, V>) -> Result<Option<V>> {
        if freshness == Freshness::Recent
            && let Some(answer) = self.recent(&key)
        {
            return Ok(answer);
        }
        self.asked.submit((key, freshness), |asked| self.read(asked, fetch)).await
    }

    fn recent(&self, key: &K) -> Option<Option<V>> {
        let list = lock(&self.list);
        list.as_ref().filter(|list| list.read.elapsed() < self.period).map(|list| list.items.get(key).cloned())
    }

    async fn read(&self, asked: Vec<(K, Freshness)>, fetch: &impl Fetch<K, V>) -> Vec<Result<Option<V>>> {
        let recent = asked.iter().any(|(_, freshness)| *freshness == Freshness::Recent);
        if recent && asked.iter().all(|(key, freshness)| *freshness == Freshness::Recent && self.recent(key).is_some())
        {
            return asked.iter().map(|(key, _)| Ok(self.recent(key).flatten())).collect();
        }
        let keys: BTreeSet<K> = asked.iter().map(|(key, _)| key.clone()).collect();
        let read = Instant::now();
        let whole = recent || keys.len() > self.few();
        let result = if whole { self.all(read, fetch).await } else { fetch.some(&keys).await };
        if let Ok(items) = &result {
            self.refresh(&keys, items);
        }
        asked
            .into_iter()
            .map(|(key, _)| result.as_ref().map(|items| items.get(&key).cloned()).map_err(Clone::clone))
            .collect()
    }

    fn few(&self) -> usize {
        match self.few {
            Few::UpTo(few) => few,
            Few::Pages => lock(&self.list).as_ref().map_or(1, |list| list.items.len().div_ceil(PAGE).max(1)),
        }
    }

    async fn all(&self, read: Instant, fetch: &impl Fetch<K, V>) -> Result<BTreeMap<K, V>> {
        let items = fetch.all().await?;
        *lock(&self.list) = Some(List { read, items: items.clone() });
        Ok(items)
    }

    /// Puts what was just read into the list, so that a later recent look is no older than this one.
    fn refresh(&self, keys: &BTreeSet<K>, items: &BTreeMap<K, V>) {
        if let Some(list) = lock(&self.list).as_mut() {
            for key in keys {
                match items.get(key) {
                    Some(item) => list.items.insert(key.clone(), item.clone()),
                    None => list.items.remove(key),
                };
            }
        }
    }
}

/// One [`Listing`] a region.
pub struct Regional<K, V> {
    listings: Mutex<BTreeMap<String, Arc<Listing<K, V>>>>,
    period: Duration,
    few: Few,
}

impl<K: Ord + Clone, V: Clone> Regional<K, V> {
    /// See [`Listing::new`].
    pub fn new(period: Duration, few: Few) -> Self {
        Regional { listings: Mutex::default(), period, few }
    }

    /// The listing of a region.
    pub fn of(&self, region: &str) -> Arc<Listing<K, V>> {
        let new = || Arc::new(Listing::new(self.period, self.few));
        lock(&self.listings).entry(region.to_owned()).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    #[derive(Default)]
    struct Shelf {
        some: AtomicUsize,
        all: AtomicUsize,
        broken: bool,
    }

    impl Shelf {
        fn calls(&self) -> (usize, usize) {
            (self.some.load(Relaxed), self.all.load(Relaxed))
        }
    }

    /// Holds 0, 2, 4, … 18.
    impl Fetch<u32, String> for Shelf {
        async fn some(&self, keys: &BTreeSet<u32>) -> Result<BTreeMap<u32, String>> {
            tokio::task::yield_now().await;
            self.some.fetch_add(1, Relaxed);
            Ok(keys.iter().filter(|key| *key % 2 == 0 && **key < 20).map(|key| (*key, key.to_string())).collect())
        }

        async fn all(&self) -> Result<BTreeMap<u32, String>> {
            self.all.fetch_add(1, Relaxed);
            if self.broken {
                return Err(Error::retry("reset"));
            }
            self.some(&(0..20).collect()).await.inspect(|_| {
                self.some.fetch_sub(1, Relaxed);
            })
        }
    }

    async fn look(
        listing: &Listing<u32, String>,
        shelf: &Shelf,
        keys: u32,
        freshness: Freshness,
    ) -> Vec<Option<String>> {
        let looks = (0..keys).map(|key| listing.get(key, freshness, shelf));
        futures::future::join_all(looks).await.into_iter().map(|answer| answer.expect("the shelf answers")).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn one_look_reads_one_and_many_looks_read_a_list() {
        let (listing, shelf) = (Listing::new(Duration::from_secs(60), Few::UpTo(3)), Shelf::default());
        assert_eq!(look(&listing, &shelf, 1, Freshness::Now).await, [Some("0".into())]);
        assert_eq!(shelf.calls(), (1, 0));
        let found = look(&listing, &shelf, 20, Freshness::Now).await;
        assert_eq!((found[2].as_deref(), found[3].as_deref()), (Some("2"), None));
        assert_eq!(shelf.calls(), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_recent_list_answers_until_it_is_old() {
        let (listing, shelf) = (Listing::new(Duration::from_secs(60), Few::UpTo(3)), Shelf::default());
        for _ in 0..5 {
            look(&listing, &shelf, 20, Freshness::Recent).await;
        }
        assert_eq!(shelf.calls(), (0, 1));
        tokio::time::advance(Duration::from_secs(61)).await;
        look(&listing, &shelf, 20, Freshness::Recent).await;
        assert_eq!(shelf.calls(), (0, 2));
        look(&listing, &shelf, 2, Freshness::Now).await;
        assert_eq!(shelf.calls(), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_read_fails_everyone_who_asked_and_nobody_later() {
        let listing = Listing::new(Duration::from_secs(60), Few::UpTo(0));
        let broken = Shelf { broken: true, ..Shelf::default() };
        let answers = futures::future::join_all((0..5).map(|key| listing.get(key, Freshness::Now, &broken))).await;
        assert!(answers.iter().all(Result::is_err));
        assert_eq!(broken.calls(), (0, 1));
        assert_eq!(look(&listing, &Shelf::default(), 1, Freshness::Recent).await, [Some("0".into())]);
    }

    #[tokio::test(start_paused = true)]
    async fn writes_that_come_together_go_together_and_each_has_its_own_answer() {
        let (batch, calls) = (Batch::new(4), AtomicUsize::new(0));
        let send = |items: Vec<u32>| {
            calls.fetch_add(1, Relaxed);
            async move {
                items.into_iter().map(|item| if item == 3 { Err(Error::invalid("3")) } else { Ok(item * 10) }).collect()
            }
        };
        let answers = futures::future::join_all((0..8).map(|item| batch.submit(item, send))).await;
        assert_eq!(calls.load(Relaxed), 2);
        assert_eq!(answers[7], Ok(70));
        assert_eq!(answers[3], Err(Error::invalid("3")));
    }

    #[tokio::test(start_paused = true)]
    async fn few_do_not_wait_and_many_are_gathered() {
        let (batch, calls) = (Batch::new(100), AtomicUsize::new(0));
        let send = |items: Vec<u32>| {
            calls.fetch_add(1, Relaxed);
            async move { items.into_iter().map(Ok).collect() }
        };
        let began = Instant::now();
        for item in 0..10 {
            assert_eq!(batch.submit(item, send).await, Ok(item));
        }
        assert_eq!((calls.load(Relaxed), began.elapsed()), (10, Duration::ZERO));
        let late = |item| {
            let (batch, send) = (&batch, &send);
            async move {
                tokio::time::advance(Duration::from_millis(10)).await;
                batch.submit(item, send).await
            }
        };
        futures::future::join_all((0..5).map(|item| batch.submit(item, send))).await;
        futures::future::join_all((0..20).map(late)).await;
        assert_eq!(calls.load(Relaxed), 12);
        assert_eq!(batch.submit(1, send).await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_pages_more_are_read_by_themselves() {
        let (listing, shelf) = (Listing::new(Duration::from_secs(60), Few::Pages), Shelf::default());
        look(&listing, &shelf, 2, Freshness::Now).await;
        assert_eq!(shelf.calls(), (0, 1));
        lock(&listing.list).as_mut().expect("a list").items.extend((1000..1150).map(|key| (key, String::new())));
        look(&listing, &shelf, 2, Freshness::Now).await;
        assert_eq!(shelf.calls(), (1, 1));
    }
}
