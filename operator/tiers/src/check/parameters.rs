//! Engine parameters: whether the engine's family has them, and takes their values.

use std::collections::BTreeMap;

use crate::facts::Parameter;
use crate::{Facts, Invalid};

/// Checks the parameters that a spec sets; without a family it is not known what there is.
pub(crate) fn check(parameters: &BTreeMap<String, String>, family: &str, facts: &Facts, invalid: &mut Invalid) {
    let Some(known) = facts.parameters.as_ref().filter(|_| !family.is_empty()) else {
        return;
    };
    for (name, value) in parameters {
        let field = format!("spec.parameters.{name}");
        match known.get(name) {
            None => invalid.add(&field, format!("{family} has no such parameter: check its name")),
            Some(parameter) if !parameter.modifiable => {
                invalid.add(&field, format!("AWS does not let it be set in {family}: leave it out"));
            }
            Some(parameter) if !admits(parameter, value) => {
                let allowed = parameter.allowed_values.as_deref().unwrap_or_default();
                invalid.add(&field, format!("{value} is not among the values that {family} takes: {allowed}"));
            }
            Some(_) => {}
        }
    }
}

/// Whether AWS takes this value. A formula, as `{DBInstanceClassMemory/32768}`, is AWS's to judge.
fn admits(parameter: &Parameter, value: &str) -> bool {
    let Some(allowed) = parameter.allowed_values.as_deref().filter(|_| !value.contains('{')) else {
        return true;
    };
    let one = |value: &str| allowed.split(',').any(|choice| choice.trim() == value || in_range(choice.trim(), value));
    match parameter.data_type.as_deref() {
        Some("list") => value.split(',').all(|item| one(item.trim())),
        _ => one(value),
    }
}

/// Whether a range, as `10-1000` or `-1-2147483647`, holds this number.
fn in_range(range: &str, value: &str) -> bool {
    // The first character may be the sign of the lower bound, never the dash between the bounds.
    let Some(dash) = range.char_indices().skip(1).find(|(_, c)| *c == '-').map(|(index, _)| index) else {
        return false;
    };
    let (low, high) = (range[..dash].parse::<f64>(), range[dash + 1..].parse::<f64>());
    matches!((low, high, value.parse::<f64>()), (Ok(low), Ok(high), Ok(value)) if low <= value && value <= high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_as_the_api_lists_them() {
        let takes = |allowed: &str, data_type: &str, value: &str| {
            let parameter =
                Parameter { modifiable: true, allowed_values: Some(allowed.into()), data_type: Some(data_type.into()) };
            admits(&parameter, value)
        };
        assert!(takes("0,1", "boolean", "1") && !takes("0,1", "boolean", "2"));
        assert!(takes("10-1000", "integer", "10") && !takes("10-1000", "integer", "1001"));
        assert!(takes("-1-2147483647", "integer", "-1") && !takes("-1-2147483647", "integer", "-2"));
        assert!(takes("-1,100-200", "integer", "-1") && takes("-1,100-200", "integer", "150"));
        assert!(takes("0.0-1.0", "float", "0.5") && !takes("0.0-1.0", "float", "high"));
        assert!(takes("a,b,c", "list", "a,c") && !takes("a,b,c", "list", "a,d") && !takes("a,b,c", "string", "a,c"));
        assert!(takes("1-10", "integer", "{DBInstanceClassMemory/9531392}"));
        assert!(takes("utf-8,latin-1", "string", "utf-8"));
        assert!(admits(&Parameter { modifiable: true, ..Parameter::default() }, "anything"));
    }
}
