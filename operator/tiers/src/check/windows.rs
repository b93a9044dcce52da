//! Backup and maintenance windows: long enough, and apart from each other (`CreateDBInstance` and
//! `CreateReplicationGroup`: PreferredBackupWindow, SnapshotWindow, PreferredMaintenanceWindow).

use terrace_crds::windows::{Span, daily, overlap, weekly};

use crate::Invalid;

/// The field of the weekly window, in every tier that has one.
const MAINTENANCE: &str = "spec.maintenance.window";

/// The windows of a spec, and what the service asks of them.
pub(crate) struct Windows<'a> {
    pub daily: Option<Daily<'a>>,
    pub maintenance: Option<&'a str>,
    /// Minutes.
    pub shortest: usize,
}

/// When something is done each day.
#[derive(Clone, Copy)]
pub(crate) struct Daily<'a> {
    /// As `spec.backup.window`.
    pub field: &'static str,
    /// As `backup window`.
    pub noun: &'static str,
    pub window: &'a str,
}

/// Checks them.
pub(crate) fn check(windows: &Windows, invalid: &mut Invalid) {
    let Windows { shortest, .. } = *windows;
    let each_day = windows.daily.and_then(|each| {
        let span = span(each.field, each.window, "02:00-03:00", daily(each.window), shortest, invalid)?;
        Some((each, span))
    });
    let each_week = windows.maintenance.and_then(|window| {
        let span = span(MAINTENANCE, window, "sun:03:00-sun:04:00", weekly(window), shortest, invalid)?;
        Some((window, span))
    });
    if let (Some((each, daily)), Some((maintenance, weekly))) = (each_day, each_week)
        && overlap(&daily, &weekly)
    {
        let Daily { noun, window, .. } = each;
        invalid.add(
            MAINTENANCE,
            format!("{maintenance} overlaps the {noun} {window}, which AWS refuses: move one of them"),
        );
    }
}

fn span(
    field: &str,
    text: &str,
    example: &str,
    span: Option<Span>,
    shortest: usize,
    invalid: &mut Invalid,
) -> Option<Span> {
    match &span {
        None => invalid.add(field, format!("{text} is no window: write it like {example}")),
        Some(span) if span.len() < shortest => {
            invalid.add(field, format!("{text} is shorter than {shortest} minutes: make it longer"));
        }
        Some(_) => {}
    }
    span
}
