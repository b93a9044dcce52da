//! Amounts as Kubernetes writes them, in thousandths (Kubernetes, "Quantity").

use serde_json::Value;

/// So many thousandths; nothing where it is no quantity.
pub(super) fn thousandths(value: &Value) -> Option<u128> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<u128> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u128 = match unit {
        "m" => 1,
        "" => 1_000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        "Ti" => 1_000 << 40,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let part = &part[..part.len().min(9)];
    let whole = whole.parse::<u128>().ok()?.checked_mul(unit)?;
    let part = if part.is_empty() {
        0
    } else {
        part.parse::<u128>().ok()?.checked_mul(unit)? / 10_u128.pow(part.len() as u32)
    };
    whole.checked_add(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_quantity_counts_in_thousandths() {
        for (text, expected) in [
            ("250m", 250),
            ("1", 1_000),
            ("1.5", 1_500),
            ("0.25", 250),
            ("2k", 2_000_000),
            ("1Ki", 1_024_000),
            ("1.5Gi", 1_610_612_736_000),
        ] {
            assert_eq!(super::thousandths(&json!(text)), Some(expected), "{text}");
        }
        assert_eq!(super::thousandths(&json!(2)), Some(2_000));
        for text in ["", "Gi", "1GB", "-1", "one"] {
            assert_eq!(super::thousandths(&json!(text)), None, "{text}");
        }
    }
}
