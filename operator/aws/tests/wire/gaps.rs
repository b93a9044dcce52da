//! What each emulator cannot do, so that the rest can be asked of it. Each entry says why.

/// From when on an emulator cannot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The field is not taken as the resource is made; it can be changed afterwards.
    AtCreate,
    /// The field is never kept, or cannot be changed.
    Always,
}
use Gap::{Always, AtCreate};

/// Kind, field, gap, reason.
type Entry = (&'static str, &'static str, Gap, &'static str);

const MINISTACK: &[Entry] = &[];

const MOTO: &[Entry] = &[
    ("rds/DbSubnetGroup", "subnetIds", Always, "ModifyDBSubnetGroup loses the group"),
    ("rds/DbSubnetGroup", "description", Always, "ModifyDBSubnetGroup loses the group"),
    ("rds/DbInstance", "preferredBackupWindow", AtCreate, "x"),
];

/// Emulator, kind, reason: kinds that an emulator does not have at all.
const ABSENT: &[(&str, &str, &str)] = &[];

/// The emulator under test.
pub fn emulator() -> String {
    std::env::var("TERRACE_WIRE_EMULATOR").unwrap_or_else(|_| "ministack".into())
}

/// What this emulator cannot do with a field, and why.
pub fn field(kind: &str, field: &str) -> Option<(Gap, &'static str)> {
    let gaps = if emulator() == "moto" { MOTO } else { MINISTACK };
    gaps.iter().find(|(of, name, ..)| *of == kind && *name == field).map(|(_, _, gap, reason)| (*gap, *reason))
}

/// Why a kind is not tried on this emulator.
pub fn kind(kind: &str) -> Option<&'static str> {
    ABSENT.iter().find(|(with, of, _)| *with == emulator() && *of == kind).map(|(_, _, reason)| *reason)
}
