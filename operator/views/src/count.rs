//! How often something was done, for tests of how work grows with what there is to do: a count is the same on every
//! machine, and a time is not.

use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static COUNTS: RefCell<BTreeMap<&'static str, usize>> = const { RefCell::new(BTreeMap::new()) };
}

/// So much of it was done.
pub fn add(what: &'static str, times: usize) {
    COUNTS.with_borrow_mut(|counts| *counts.entry(what).or_default() += times);
}

/// How often it is done in the course of something.
pub fn during<T>(what: &str, course: impl FnOnce() -> T) -> usize {
    COUNTS.with_borrow_mut(BTreeMap::clear);
    course();
    COUNTS.with_borrow(|counts| counts.get(what).copied().unwrap_or_default())
}
