//! What the providers of every service do with ids, wishes and snapshots.

use std::collections::BTreeSet;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use terrace_engine::{Backup, Error, Result};
use terrace_model::identity::Freshness;
use terrace_model::{Id, Val};

/// The physical name: of what was found or adopted, the name that it has, in lower case as AWS keeps it; else the derived
/// one, of at most `longest` characters.
pub fn name_of(id: &Id, longest: usize) -> String {
    let known =
        id.handle.as_ref().filter(|handle| handle.0.starts_with("arn:")).and_then(|handle| handle.0.rsplit(':').next());
    known.map_or_else(|| id.name(longest), str::to_lowercase)
}

/// An id, to be looked at afresh.
pub fn fresh(id: &Id) -> Id {
    Id { freshness: Freshness::Now, ..id.clone() }
}

/// How fresh a look must be at what lies in something else: it is known without one only by its handle.
pub fn freshness(id: &Id) -> Freshness {
    if id.handle.is_some() { id.freshness } else { Freshness::Now }
}

/// The value of a resolved wish.
pub fn known(value: &Val<String>) -> Result<String> {
    value.get().cloned().map_err(Error::invalid)
}

/// The same, where there may be none.
pub fn known_option(value: Option<&Val<String>>) -> Result<Option<String>> {
    value.map(known).transpose()
}

/// The same, of several.
pub fn known_list(values: &BTreeSet<Val<String>>) -> Result<Vec<String>> {
    values.iter().map(known).collect()
}

/// A snapshot that something can be made from; `None` where it cannot, or not yet.
pub fn backup(name: Option<&str>, taken: Option<&DateTime>, status: Option<&str>) -> Option<Backup> {
    let (name, taken) = (name?, taken?);
    let taken_at = taken.fmt(Format::DateTime).ok()?;
    (status == Some("available")).then(|| Backup { name: name.to_owned(), taken_at })
}

/// In the order in which they are offered.
pub fn newest_first(mut backups: Vec<Backup>) -> Vec<Backup> {
    backups.sort_by(|a, b| b.taken_at.cmp(&a.taken_at));
    backups
}

/// AWS refuses empty lists.
pub fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// Says to a request that changes something only what differs.
macro_rules! only {
    ($request:expr, $diff:expr, { $($field:literal => $set:ident($value:expr),)* }) => {{
        let mut request = $request;
        $(
            if $diff.touches($field) {
                request = request.$set($value);
            }
        )*
        request
    }};
}
pub(crate) use only;
