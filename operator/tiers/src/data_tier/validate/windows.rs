//! Backup and maintenance windows: long enough, and apart from each other (`CreateDBInstance`, PreferredBackupWindow,
//! PreferredMaintenanceWindow).

use terrace_crds::DataTierSpec;
use terrace_crds::data_tier::windows::{Span, daily, overlap, weekly};

use crate::Invalid;

/// Minutes.
const SHORTEST: u32 = 30;

pub(super) fn check(spec: &DataTierSpec, invalid: &mut Invalid) {
    let (backup, maintenance) = (&spec.backup.window, &spec.maintenance.window);
    let daily = span("spec.backup.window", backup, "02:00-03:00", daily(backup), invalid);
    let weekly = span("spec.maintenance.window", maintenance, "sun:03:00-sun:04:00", weekly(maintenance), invalid);
    if let (Some(daily), Some(weekly)) = (daily, weekly)
        && overlap(&daily, &weekly)
    {
        invalid.add(
            "spec.maintenance.window",
            format!("{maintenance} overlaps the backup window {backup}, which AWS refuses: move one of them"),
        );
    }
}

fn span(field: &str, text: &str, example: &str, span: Option<Span>, invalid: &mut Invalid) -> Option<Span> {
    match &span {
        None => invalid.add(field, format!("{text} is no window: write it like {example}")),
        Some(span) if span.len() < SHORTEST as usize => {
            invalid.add(field, format!("{text} is shorter than {SHORTEST} minutes: make it longer"));
        }
        Some(_) => {}
    }
    span
}
