//! Ages as kubectl prints them.

use jiff::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// How long ago `time` is, as `45s`, `3h2m` or `5d`: two units while the second one still tells something
/// (k8s.io/apimachinery, util/duration: HumanDuration). What lies ahead, by a clock that differs, is `0s`.
pub fn age(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(time.as_second()).max(0);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=599 => two(seconds, (MINUTE, "m"), (1, "s")),
        600..=10_799 => format!("{}m", seconds / MINUTE),
        10_800..=28_799 => two(seconds, (HOUR, "h"), (MINUTE, "m")),
        28_800..=172_799 => format!("{}h", seconds / HOUR),
        172_800..=691_199 => two(seconds, (DAY, "d"), (HOUR, "h")),
        691_200..=63_071_999 => format!("{}d", seconds / DAY),
        63_072_000..=252_287_999 => two(seconds, (YEAR, "y"), (DAY, "d")),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// A moment with its age: `2026-07-27T02:48:11Z, 12m ago`.
pub fn since(time: Timestamp, now: Timestamp) -> String {
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    format!("{whole}, {} ago", age(time, now))
}

fn two(seconds: i64, (large, one): (i64, &str), (small, other): (i64, &str)) -> String {
    match seconds % large / small {
        0 => format!("{}{one}", seconds / large),
        rest => format!("{}{one}{rest}{other}", seconds / large),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectl_prints_them() {
        let start: Timestamp = "2026-07-27T03:00:00Z".parse().expect("a time");
        for (seconds, text) in [
            (-30, "0s"),
            (0, "0s"),
            (45, "45s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (10 * MINUTE, "10m"),
            (179 * MINUTE, "179m"),
            (3 * HOUR + 2 * MINUTE, "3h2m"),
            (8 * HOUR + MINUTE, "8h"),
            (47 * HOUR, "47h"),
            (5 * DAY, "5d"),
            (5 * DAY + 4 * HOUR, "5d4h"),
            (8 * DAY + 4 * HOUR, "8d"),
            (800 * DAY, "2y70d"),
            (9 * YEAR, "9y"),
        ] {
            let now = Timestamp::from_second(start.as_second() + seconds).expect("a time");
            assert_eq!(age(start, now), text, "{seconds}");
        }
    }

    #[test]
    fn a_moment_is_given_with_its_age_and_without_fractions() {
        let time: Timestamp = "2026-07-27T02:48:11.25Z".parse().expect("a time");
        let now: Timestamp = "2026-07-27T03:00:12Z".parse().expect("a time");
        assert_eq!(since(time, now), "2026-07-27T02:48:11Z, 12m ago");
    }
}
