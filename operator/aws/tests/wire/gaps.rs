//! What each emulator cannot do, so that the rest can be asked of it. Each entry says why.

/// Kind, field, reason. The field is left at its first value on that emulator.
const MINISTACK: &[(&str, &str, &str)] = &[];

/// Kind, field, reason.
const MOTO: &[(&str, &str, &str)] = &[];

/// Kinds that an emulator does not have at all.
const ABSENT: &[(&str, &str, &str)] = &[];

/// The emulator under test.
pub fn emulator() -> String {
    std::env::var("TERRACE_WIRE_EMULATOR").unwrap_or_else(|_| "ministack".into())
}

/// Why a field is not tried on this emulator.
pub fn field(kind: &str, field: &str) -> Option<&'static str> {
    let gaps = if emulator() == "moto" { MOTO } else { MINISTACK };
    gaps.iter().find(|(of, name, _)| *of == kind && *name == field).map(|(_, _, reason)| *reason)
}

/// Why a kind is not tried on this emulator.
pub fn kind(kind: &str) -> Option<&'static str> {
    ABSENT.iter().find(|(emulator_of, of, _)| *emulator_of == emulator() && *of == kind).map(|(_, _, reason)| *reason)
}
