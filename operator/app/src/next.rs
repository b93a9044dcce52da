//! When an object is looked at again: what kube's `Action` says, and does not show.

use std::time::Duration;

use kube::runtime::controller::Action;

/// When an object is looked at again, if nothing wakes it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    After(Duration),
    /// Not before it changes.
    OnChange,
}

impl From<Next> for Action {
    fn from(next: Next) -> Self {
        match next {
            Next::After(duration) => Action::requeue(duration),
            Next::OnChange => Action::await_change(),
        }
    }
}
