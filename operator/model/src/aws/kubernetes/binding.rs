//! The Secret by which a workload finds a database, a cache or a bucket.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::super::Tags;
use crate::resource::{Out, Resource, Rule};
use crate::val::{SecretRef, Val};

/// A Secret by which a workload finds a database, a cache or a bucket: the well-known entries of servicebinding.io, type
/// `servicebinding.io/<type>`. Any text may be empty, as where an output of another object says "none": an entry without
/// a value is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingSecret {
    /// `metadata.name`, in the owner's namespace.
    pub name: String,
    /// As `postgresql`; the API server lets nobody change the type of a Secret.
    pub r#type: Val<String>,
    /// As `aws-rds`.
    pub provider: Val<String>,
    pub host: Val<String>,
    /// A number; a text of digits is taken for one, since outputs of other objects are texts.
    #[serde(default, deserialize_with = "or_text")]
    pub port: Option<Val<i32>>,
    pub reader_host: Option<Val<String>>,
    pub database: Option<Val<String>>,
    /// Empty where the service knows no users.
    pub username: Val<String>,
    /// Where the password comes from; the Secret holds the value, the graph never does. Its ARN and version are empty where
    /// there is none ([`BindingSecret::NO_PASSWORD`]).
    pub password: SecretRef,
    /// Whether clients are to connect by TLS, where that is for them to choose. The text `true` is taken for the value.
    #[serde(default, deserialize_with = "or_text", skip_serializing_if = "Option::is_none")]
    pub tls: Option<Val<bool>>,
    /// Entries of services that have others, as `bucket`, `region` and `endpoint` of S3.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub entries: BTreeMap<String, Val<String>>,
    /// Annotations of ours: they say whose it is, as tags do in AWS.
    pub tags: Tags,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingSecretOutputs {
    pub name: Option<String>,
    /// The version of the password as it was applied, empty where there is none: it changes after the Secret has.
    pub version: Option<String>,
}

impl BindingSecret {
    /// The password of a service that asks for none.
    pub const NO_PASSWORD: SecretRef = SecretRef { arn: Val::Known(String::new()), version: Val::Known(String::new()) };
    pub const NAME: Out<Self, String> = Out::new("name");
    pub const VERSION: Out<Self, String> = Out::new("version");

    /// A binding of this name and type that has no entries yet.
    pub fn new(name: impl Into<String>, r#type: impl Into<Val<String>>, provider: impl Into<Val<String>>) -> Self {
        BindingSecret {
            name: name.into(),
            r#type: r#type.into(),
            provider: provider.into(),
            host: "".into(),
            port: None,
            reader_host: None,
            database: None,
            username: "".into(),
            password: BindingSecret::NO_PASSWORD,
            tls: None,
            entries: BTreeMap::new(),
            tags: Tags::new(),
        }
    }
}

impl Resource for BindingSecret {
    const KIND: &'static str = "kubernetes/BindingSecret";
    const FIELDS: &'static [(&'static str, Rule)] =
        &[("name", Rule::Replace), ("type", Rule::Replace), ("tags", Rule::Keyed)];
    const ADDRESS: &'static [&'static str] = &["name"];
    type Outputs = BindingSecretOutputs;
}

/// A value, late or known, or the text of one. An empty text is none.
fn or_text<'de, T, D>(deserializer: D) -> Result<Option<Val<T>>, D::Error>
where
    T: FromStr + DeserializeOwned,
    D: Deserializer<'de>,
{
    match Value::deserialize(deserializer)? {
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => match text.parse() {
            Ok(value) => Ok(Some(Val::Known(value))),
            Err(_) => Err(D::Error::custom(format!("{text} is not a value of this field"))),
        },
        other => Option::deserialize(other).map_err(D::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wire(change: impl FnOnce(&mut Value)) -> Result<BindingSecret, String> {
        let mut wire = serde_json::to_value(BindingSecret::new("b", "postgresql", "aws-rds")).expect("JSON");
        change(&mut wire);
        serde_json::from_value(wire).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_known_is_plain_and_what_has_no_value_is_left_out_or_null() {
        let wire = serde_json::to_value(BindingSecret::new("b", "postgresql", "aws-rds")).expect("JSON");
        let expected = json!({"name": "b", "type": "postgresql", "provider": "aws-rds", "host": "", "port": null,
            "readerHost": null, "database": null, "username": "", "password": {"arn": "", "version": ""}, "tags": {}});
        assert_eq!(wire, expected);
    }

    #[test]
    fn outputs_of_other_objects_are_texts_and_count_as_what_they_say() {
        let read = wire(|wire| {
            wire["port"] = json!("5432");
            wire["tls"] = json!("true");
        })
        .expect("a binding");
        assert_eq!((read.port, read.tls), (Some(5432.into()), Some(true.into())));
        let none = wire(|wire| {
            wire["port"] = json!("");
            wire["tls"] = json!("");
        })
        .expect("a binding");
        assert_eq!((none.port, none.tls), (None, None));
        assert!(wire(|wire| wire["port"] = json!("many")).expect_err("no number").contains("many"));
    }

    #[test]
    fn every_entry_may_be_late() {
        let late = |output: &str| Val::<String>::of_object("DataTier/shop/orders", output);
        let binding = BindingSecret {
            port: Some(Val::of_object("DataTier/shop/orders", "port")),
            tls: Some(Val::of_object("DataTier/shop/orders", "tls")),
            database: Some(late("database")),
            entries: [("bucket".to_owned(), late("bucket"))].into(),
            ..BindingSecret::new("b", late("bindingType"), late("provider"))
        };
        let wire = serde_json::to_value(&binding).expect("JSON");
        assert_eq!(crate::resolve::references(&wire).len(), 6);
        assert_eq!(serde_json::from_value::<BindingSecret>(wire).expect("a binding"), binding);
    }
}
