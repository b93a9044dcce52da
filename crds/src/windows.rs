//! Daily and weekly windows (backups, snapshots, maintenance) as minutes, to see how long they are and whether they overlap.

use std::ops::Range;

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The daily window that backups have where nothing is said.
pub(crate) fn nightly() -> String {
    "02:00-03:00".into()
}

/// The weekly window that maintenance has where nothing is said; it is apart from [`nightly`].
pub(crate) fn sunday() -> String {
    "sun:03:00-sun:04:00".into()
}

/// A span of the week in minutes since Monday 00:00 UTC; it may run past the end of the week.
pub type Span = Range<u32>;

/// The daily window `hh:mm-hh:mm`, as the span it takes on Monday. `None` when it is not written so.
pub fn daily(window: &str) -> Option<Span> {
    let (start, end) = window.split_once('-')?;
    Some(span(time(start)?, time(end)?, DAY))
}

/// The weekly window `ddd:hh:mm-ddd:hh:mm`. `None` when it is not written so.
pub fn weekly(window: &str) -> Option<Span> {
    let (start, end) = window.split_once('-')?;
    Some(span(day_and_time(start)?, day_and_time(end)?, WEEK))
}

/// Whether a daily window, on any day, overlaps a weekly one.
pub fn overlap(daily: &Span, weekly: &Span) -> bool {
    (0..=14).any(|day| {
        let start = daily.start + day * DAY;
        let end = daily.end + day * DAY;
        let meets = |shift: u32| start < weekly.end + shift && weekly.start + shift < end;
        meets(0) || meets(WEEK)
    })
}

/// From start to the next end; a window that ends where it starts goes all the way round.
fn span(start: u32, end: u32, period: u32) -> Span {
    start..if end > start { end } else { end + period }
}

fn day_and_time(text: &str) -> Option<u32> {
    let (day, clock) = text.split_once(':')?;
    let day = DAYS.iter().position(|name| *name == day)?;
    Some(u32::try_from(day).ok()? * DAY + time(clock)?)
}

fn time(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_spans_of_minutes_also_past_midnight() {
        assert_eq!(daily("02:00-03:30"), Some(120..210));
        assert_eq!(daily("23:30-00:30"), Some(1410..1470));
        assert_eq!(weekly("mon:01:00-mon:02:00"), Some(60..120));
        assert_eq!(weekly("sun:23:30-mon:00:30"), Some(10050..10110));
    }

    #[test]
    fn what_is_no_window_is_none() {
        for text in ["", "02:00", "02:00-24:00", "2-3", "02:60-03:00"] {
            assert_eq!(daily(text), None, "{text}");
        }
        for text in ["", "02:00-03:00", "day:02:00-day:03:00", "mon:02:00"] {
            assert_eq!(weekly(text), None, "{text}");
        }
    }

    #[test]
    fn windows_overlap_when_they_share_a_minute() {
        let overlaps = |a: &str, b: &str| overlap(&daily(a).unwrap(), &weekly(b).unwrap());
        assert!(!overlaps("02:00-03:00", "sun:03:00-sun:04:00"));
        assert!(overlaps("02:00-03:01", "sun:03:00-sun:04:00"));
        assert!(overlaps("03:15-03:45", "wed:03:00-wed:04:00"));
        assert!(overlaps("23:30-00:30", "mon:00:00-mon:00:45"));
        assert!(overlaps("00:00-00:30", "sun:23:30-mon:00:15"));
        assert!(!overlaps("01:00-02:00", "sun:23:30-mon:00:15"));
    }
}
