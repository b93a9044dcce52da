//! Listens until it is told to stop: receives, deals with it, and tries again, further and further apart, where that fails.

use std::future::Future;

use terrace_engine::{Error, Result};
use tokio::sync::oneshot;

/// Goes on until the other end of `stop` is dropped. `tell` learns how each turn ended, and how many failed before it in a
/// row.
///
/// What is being waited for is given up at once then; what was received is dealt with.
pub async fn listen<T, R, D>(
    mut stop: oneshot::Receiver<()>,
    receive: impl Fn() -> R,
    deal: impl Fn(T) -> D,
    tell: impl Fn(Option<&Error>, u32),
) where
    R: Future<Output = Result<T>>,
    D: Future<Output = Result<()>>,
{
    let mut failures = 0;
    loop {
        let received = tokio::select! {
            biased;
            _ = &mut stop => return,
            received = receive() => received,
        };
        let done = match received {
            Ok(batch) => deal(batch).await,
            Err(error) => Err(error),
        };
        tell(done.as_ref().err(), failures);
        let Err(error) = done else {
            failures = 0;
            continue;
        };
        tokio::select! {
            _ = &mut stop => return,
            () = tokio::time::sleep(error.next_try(failures)) => failures += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::time::Duration;
    use tokio::time::Instant;

    /// What was told: the failures in a row, or that it went well.
    fn noting(told: &RefCell<Vec<Option<u32>>>) -> impl Fn(Option<&Error>, u32) {
        |error, failures| told.borrow_mut().push(error.map(|_| failures))
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_tried_again_further_and_further_apart_and_never_end_it() {
        let (stop, stopped) = oneshot::channel();
        let (begun, times, told) = (Instant::now(), RefCell::new(Vec::new()), RefCell::default());
        let stop = Cell::new(Some(stop));
        let receive = async || {
            times.borrow_mut().push(begun.elapsed().as_secs());
            let turn = times.borrow().len();
            if turn == 6 {
                stop.take();
            }
            if turn == 4 { Ok(()) } else { Err(Error::retry("reset")) }
        };
        listen(stopped, receive, async |()| Ok(()), noting(&told)).await;
        assert_eq!(*times.borrow(), [0, 1, 3, 7, 7, 8]);
        assert_eq!(*told.borrow(), [Some(0), Some(1), Some(2), None, Some(0), Some(1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_dealt_with_is_a_failure_too() {
        let (stop, stopped) = oneshot::channel();
        let (stop, told) = (Cell::new(Some(stop)), RefCell::default());
        let deal = async |()| {
            stop.take();
            Err(Error::retry("not deleted"))
        };
        listen(stopped, async || Ok(()), deal, noting(&told)).await;
        assert_eq!(*told.borrow(), [Some(0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_stops_at_once_and_what_was_received_is_dealt_with_first() {
        let (stop, stopped) = oneshot::channel();
        let (stop, dealt, begun) = (Cell::new(Some(stop)), Cell::new(0), Instant::now());
        let deal = async |()| {
            stop.take();
            tokio::time::sleep(Duration::from_secs(1)).await;
            dealt.set(dealt.get() + 1);
            Ok(())
        };
        listen(stopped, async || Ok(()), deal, |_, _| {}).await;
        assert_eq!((dealt.get(), begun.elapsed()), (1, Duration::from_secs(1)));

        let (stop, stopped) = oneshot::channel();
        drop(stop);
        let never = async || std::future::pending::<Result<()>>().await;
        listen(stopped, never, async |()| Ok(()), |_, _| {}).await;
    }
}
