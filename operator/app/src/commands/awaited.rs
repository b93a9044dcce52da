//! What `terrace wait` knows of the objects that it waits for, as their watches tell: whether they are where they are to be,
//! and whether a person must help. Pure, but for the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use terrace_views::State;
use terrace_views::progress::Progress;
use terrace_views::tree::Scope;
use tokio::time::Instant;

use super::named::Named;
use super::wait::Goal;

/// How long an object may be stalled before that is believed: somebody may have mended it a moment ago.
const GRACE: Duration = Duration::from_secs(10);
/// The most objects that a sentence tells of.
const MOST: usize = 3;

/// One object, or all of a namespace.
pub struct Awaited {
    named: Option<Named>,
    namespace: String,
    goal: Goal,
    /// Those that are there, by kind and name.
    there: BTreeMap<(String, String), Progress>,
    /// Kinds whose objects are not listed yet, and those of a list that has begun.
    unlisted: BTreeSet<String>,
    seen: BTreeSet<(String, String)>,
    /// What was told of the last object that went.
    left: Option<Progress>,
    /// Since when something needs a person.
    stalled: Option<Instant>,
}

impl Awaited {
    /// One object, or all of a namespace.
    pub fn new(named: Option<Named>, namespace: &str, goal: Goal) -> Self {
        let (there, unlisted, seen) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Awaited { named, namespace: namespace.into(), goal, there, unlisted, seen, left: None, stalled: None }
    }

    /// The object that was named.
    pub fn named(&self) -> Option<&Named> {
        self.named.as_ref()
    }

    /// Whether one object was named.
    pub fn is_one(&self) -> bool {
        self.named.is_some()
    }

    /// What a tree of it shows.
    pub fn scope(&self) -> Scope {
        match &self.named {
            Some(named) => Scope::Object(named.key(&self.namespace)),
            None => Scope::Namespace(self.namespace.clone()),
        }
    }

    /// What is waited for.
    pub fn goal(&self) -> Goal {
        self.goal
    }

    /// What people call it.
    pub fn title(&self) -> String {
        self.named().map_or_else(|| format!("namespace {}", self.namespace), Named::title)
    }

    /// What was told of the one object last.
    pub fn last(&self) -> Option<Progress> {
        self.there.values().next().or(self.left.as_ref()).cloned()
    }

    /// What was told of each that is there.
    pub fn all(&self) -> Vec<Progress> {
        self.there.values().cloned().collect()
    }

    /// Nothing is known before the objects of these kinds are listed.
    pub fn expect<'a>(&mut self, kinds: impl Iterator<Item = &'a str>) {
        self.unlisted = kinds.map(str::to_owned).collect();
    }

    /// A list of a kind begins, the first or one after the watch broke off.
    pub fn begins(&mut self, kind: &str) {
        self.seen.retain(|(of, _)| of != kind);
    }

    /// That list is at its end: what was not in it is gone.
    pub fn listed(&mut self, kind: &str) {
        self.unlisted.remove(kind);
        let seen = &self.seen;
        self.there.retain(|key, _| key.0 != kind || seen.contains(key));
        self.judge();
    }

    /// An object stands like this; gives it back where that is news.
    pub fn stands(&mut self, kind: &str, now: Progress) -> Option<Progress> {
        let key = (kind.to_owned(), now.object.name.clone());
        self.seen.insert(key.clone());
        let before = self.there.insert(key, now.clone());
        self.judge();
        (before.as_ref() != Some(&now)).then_some(now)
    }

    /// An object is gone.
    pub fn gone(&mut self, kind: &str, name: &str) {
        self.left = self.there.remove(&(kind.to_owned(), name.to_owned())).or(self.left.take());
        self.judge();
    }

    /// Notes since when a person is needed.
    fn judge(&mut self) {
        let needed = self.there.values().any(needs_somebody);
        self.stalled = needed.then(|| self.stalled.unwrap_or_else(Instant::now));
    }

    /// Whether a person must help, as far as was told.
    pub fn is_stalled(&self) -> bool {
        self.stalled.is_some()
    }

    /// When that is believed.
    pub fn believed(&self) -> Instant {
        self.stalled.unwrap_or_else(Instant::now) + GRACE
    }

    /// What everybody is told then.
    pub fn needs_somebody(&self) -> String {
        let stalled = self.there.values().find(|one| needs_somebody(one));
        stalled.map(|one| format!("{} needs a person: {}", title(one), one.words())).unwrap_or_default()
    }

    /// What is not where it is to be yet, and why.
    pub fn open(&self) -> String {
        let open: Vec<&Progress> = self.there.values().filter(|one| !self.is_there(one)).collect();
        let told = open.iter().take(MOST).map(|one| match self.is_one() {
            true => one.words(),
            false => format!("{}: {}", title(one), one.words()),
        });
        let more = open.len().saturating_sub(MOST);
        let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
        told.collect::<Vec<_>>().join("; ") + &rest
    }

    fn is_there(&self, one: &Progress) -> bool {
        self.goal == Goal::Ready && one.state == State::Ready && !one.deleting
    }

    /// What was reached, once it is.
    ///
    /// # Errors
    /// It can never be: what is to be Ready is not there.
    pub fn reached(&self) -> Result<Option<&'static str>, String> {
        if !self.unlisted.is_empty() {
            return Ok(None);
        }
        match (self.goal, self.there.is_empty()) {
            (Goal::Deleted, gone) => Ok(gone.then_some("gone")),
            (Goal::Ready, false) => Ok(self.there.values().all(|one| self.is_there(one)).then_some("Ready")),
            (Goal::Ready, true) => Err(match (&self.named, &self.left) {
                (Some(_), Some(_)) => format!("{} was deleted", self.title()),
                (None, Some(_)) => format!("everything in {} was deleted", self.title()),
                (Some(named), None) => named.absent(named.within(&self.namespace)),
                (None, None) => format!("there is nothing in namespace {}: --namespace names another", self.namespace),
            }),
        }
    }

    /// What is said in the end.
    pub fn ended(&self, reached: &str) -> String {
        match (self.is_one(), self.there.len()) {
            (true, _) => format!("{} is {reached}\n", self.title()),
            (false, 0) => format!("Everything in {} is {reached}\n", self.title()),
            (false, 1) => format!("The one object in {} is {reached}\n", self.title()),
            (false, many) => format!("All {many} objects in {} are {reached}\n", self.title()),
        }
    }
}

/// Whether nothing goes on before a person does something.
fn needs_somebody(one: &Progress) -> bool {
    matches!(one.state, State::Stalled | State::Paused)
}

/// As `DataTier/orders`.
fn title(one: &Progress) -> String {
    format!("{}/{}", one.object.kind, one.object.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrace_tiers::ObjectKey;

    fn one(name: &str, state: State) -> Progress {
        let key = ObjectKey::new("DataTier", "shop", name);
        let mut one = Progress::unknown(&key);
        (one.state, one.reason) = (state, state.word().into());
        one
    }

    fn all(goal: Goal) -> Awaited {
        let mut awaited = Awaited::new(None, "shop", goal);
        awaited.expect(["DataTier", "WebApp"].into_iter());
        awaited
    }

    fn of(object: &str, goal: Goal) -> Awaited {
        let mut awaited = Awaited::new(Some(Named::of(object).unwrap()), "shop", goal);
        awaited.expect(["DataTier"].into_iter());
        awaited
    }

    #[test]
    fn all_are_ready_once_all_kinds_are_listed_and_each_object_is() {
        let mut awaited = all(Goal::Ready);
        assert!(awaited.stands("DataTier", one("a", State::Ready)).is_some());
        awaited.listed("DataTier");
        assert_eq!(awaited.reached(), Ok(None), "the WebApps are not known yet");
        awaited.listed("WebApp");
        awaited.stands("DataTier", one("b", State::Reconciling));
        assert_eq!((awaited.reached(), awaited.open()), (Ok(None), "DataTier/b: Reconciling".into()));
        assert!(awaited.stands("DataTier", one("b", State::Reconciling)).is_none(), "that is no news");
        awaited.stands("DataTier", one("b", State::Ready));
        assert_eq!(awaited.reached(), Ok(Some("Ready")));
        assert_eq!(awaited.ended("Ready"), "All 2 objects in namespace shop are Ready\n");
    }

    #[test]
    fn what_went_while_the_watch_was_broken_is_gone() {
        let mut awaited = all(Goal::Deleted);
        awaited.stands("DataTier", one("a", State::Ready));
        awaited.listed("DataTier");
        awaited.listed("WebApp");
        assert_eq!(awaited.reached(), Ok(None));
        awaited.begins("DataTier");
        awaited.listed("DataTier");
        assert_eq!(awaited.reached(), Ok(Some("gone")));
        assert_eq!(awaited.ended("gone"), "Everything in namespace shop is gone\n");
    }

    #[test]
    fn what_is_not_there_is_not_waited_for_and_what_went_is_told() {
        let (mut none, mut absent, mut went) =
            (all(Goal::Ready), of("dt/orders", Goal::Ready), of("dt/orders", Goal::Ready));
        none.listed("DataTier");
        none.listed("WebApp");
        assert!(none.reached().unwrap_err().starts_with("there is nothing in namespace shop"));
        absent.listed("DataTier");
        assert!(absent.reached().unwrap_err().starts_with("there is no DataTier orders in namespace shop"));
        went.stands("DataTier", one("orders", State::Reconciling));
        went.listed("DataTier");
        went.gone("DataTier", "orders");
        assert_eq!(went.reached(), Err("DataTier/orders was deleted".into()));
        assert_eq!(went.last().map(|last| last.state), Some(State::Reconciling));
    }

    #[test]
    fn a_person_is_needed_as_long_as_something_is_stalled_or_paused() {
        let mut awaited = all(Goal::Ready);
        for state in [State::Stalled, State::Paused] {
            awaited.stands("DataTier", one("a", state));
            assert!(awaited.is_stalled() && awaited.needs_somebody().starts_with("DataTier/a needs a person: "));
        }
        awaited.stands("DataTier", one("a", State::Reconciling));
        assert!(!awaited.is_stalled() && awaited.needs_somebody().is_empty());
    }

    #[test]
    fn of_many_that_are_open_the_first_are_told() {
        let mut awaited = all(Goal::Ready);
        for name in ["a", "b", "c", "d", "e"] {
            awaited.stands("DataTier", one(name, State::Unknown));
        }
        assert!(awaited.open().ends_with("DataTier/c: Unknown; and 2 more"), "{}", awaited.open());
    }
}
