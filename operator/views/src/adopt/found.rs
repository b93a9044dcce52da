//! What was found in AWS or in a state, in Terrace's own terms, and how its attributes are read.

use serde_json::{Map, Value};

/// One existing resource that Terrace has a kind for.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// As `rds/DbInstance`.
    pub kind: String,
    /// As the kind's provider gives it out, and `spec.adopt.resources` takes it: an ARN, or an id of EC2's.
    pub handle: String,
    /// Where it is, if that is known.
    pub region: Option<String>,
    pub origin: Origin,
    /// What is known of it, by the fields of the kind's type in `terrace_model::aws`; what is not known is absent.
    pub attributes: Map<String, Value>,
    /// What it has that those fields have no word for, a clause each.
    pub beyond: Vec<String>,
}

/// Who looks after it so far, if that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    #[default]
    Nobody,
    /// Terraform, under this address, as `module.db.aws_db_instance.orders`.
    Terraform(String),
    /// AWS Controllers for Kubernetes, by this object, as `dbinstance/orders`.
    Ack(String),
}

impl Origin {
    /// What it is called there.
    pub fn name(&self) -> Option<&str> {
        match self {
            Origin::Nobody => None,
            Origin::Terraform(name) | Origin::Ack(name) => Some(name),
        }
    }
}

impl Found {
    /// A text that is not empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.attributes.get(field)?.as_str().filter(|text| !text.is_empty())
    }

    /// A whole number.
    pub fn number(&self, field: &str) -> Option<i64> {
        self.attributes.get(field)?.as_i64()
    }

    /// A number that is more than nothing.
    pub fn positive(&self, field: &str) -> Option<i64> {
        self.number(field).filter(|number| *number > 0)
    }

    /// Whether something is so.
    pub fn flag(&self, field: &str) -> Option<bool> {
        self.attributes.get(field)?.as_bool()
    }

    /// The texts of a list.
    pub fn texts(&self, field: &str) -> Vec<&str> {
        let list = self.attributes.get(field).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The entries of a map.
    pub fn map(&self, field: &str) -> impl Iterator<Item = (&str, &Value)> {
        let entries = self.attributes.get(field).and_then(Value::as_object).into_iter().flatten();
        // In the order of their names, whatever that of the file is.
        entries.map(|(key, value)| (key.as_str(), value)).collect::<std::collections::BTreeMap<_, _>>().into_iter()
    }

    /// The name within the handle.
    pub fn name(&self) -> &str {
        crate::arn::last(&self.handle)
    }
}
