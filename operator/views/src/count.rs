//! How often something is done, for tests of how work grows with what there is to do: a count is the same on every
//! machine, and a time is not.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// How often each was done.
pub type Counts = BTreeMap<&'static str, usize>;

thread_local! {
    static COUNTS: RefCell<Counts> = const { RefCell::new(BTreeMap::new()) };
}

/// So much of it was done.
pub fn add(what: &'static str, times: usize) {
    COUNTS.with_borrow_mut(|counts| *counts.entry(what).or_default() += times);
}

/// How often each is done in the course of something.
pub fn during<T>(course: impl FnOnce() -> T) -> Counts {
    COUNTS.take();
    course();
    COUNTS.take()
}
