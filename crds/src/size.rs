//! Sizes of storage in Gi or Ti, as several tiers take them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A size in Gi or Ti, such as `400Gi`. Kept as it was written; known to be well formed.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(try_from = "String", into = "String")]
pub struct StorageSize(String);

impl StorageSize {
    /// At most five digits and the unit.
    const MAX_LENGTH: usize = 7;

    /// So many GiB.
    pub(crate) fn of_gib(gib: u32) -> Self {
        Self(format!("{gib}Gi"))
    }

    /// The size in GiB, the unit of the RDS API and the ElastiCache API, which write it GB.
    pub fn gib(&self) -> u32 {
        Self::parse(&self.0).unwrap_or_default()
    }

    fn parse(text: &str) -> Option<u32> {
        let (digits, unit) = match text.strip_suffix("Gi") {
            Some(digits) => (digits, 1),
            None => (text.strip_suffix("Ti")?, 1024),
        };
        let plain = text.len() <= Self::MAX_LENGTH && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().ok()?.checked_mul(unit)).flatten()
    }
}

impl TryFrom<String> for StorageSize {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match Self::parse(&text) {
            Some(_) => Ok(Self(text)),
            None => Err(format!("{text:?} is no size: write it like 400Gi or 1Ti")),
        }
    }
}

impl From<StorageSize> for String {
    fn from(size: StorageSize) -> Self {
        size.0
    }
}

impl JsonSchema for StorageSize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "StorageSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 3,
            "maxLength": Self::MAX_LENGTH,
            "pattern": "^[0-9]+(Gi|Ti)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_counts_gib() {
        let gib = |text: &str| StorageSize::try_from(text.to_string()).map(|size| size.gib());
        assert_eq!(gib("20Gi"), Ok(20));
        assert_eq!(gib("1Ti"), Ok(1024));
        assert_eq!(gib("65536Gi"), Ok(65536));
        assert_eq!(gib("99999Ti"), Ok(102_398_976));
    }

    #[test]
    fn what_is_no_size_is_refused_and_told_how_to_write_it() {
        for text in ["", "Gi", "20", "20G", "20GiB", "-20Gi", "+20Gi", "1.5Ti", "100000Ti", " 20Gi"] {
            let error = StorageSize::try_from(text.to_string()).unwrap_err();
            assert!(error.contains("400Gi or 1Ti"), "{text}: {error}");
        }
    }

    #[test]
    fn a_size_is_written_back_as_it_was_read() {
        let size: StorageSize = serde_json::from_str("\"1024Gi\"").unwrap();
        assert_eq!(serde_json::to_string(&size).unwrap(), "\"1024Gi\"");
    }
}
