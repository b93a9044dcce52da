//! Values that may not be known yet: `Val`, the references it holds, and secrets that never become values.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

/// The one key that marks a late value on the wire.
pub const MARK: &str = "$terrace";

/// Where an output comes from: a node of the same graph, or another object of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// The logical id of a node of the same graph.
    Node(String),
    /// `Kind/namespace/name` of another custom resource; its outputs are those of its status.
    Object(String),
}

/// One output of one source, used as soon as it is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ref {
    #[serde(flatten)]
    pub source: Source,
    pub output: String,
}

impl std::fmt::Display for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Source::Node(name) | Source::Object(name)) = &self.source;
        write!(f, "{name}.{}", self.output)
    }
}

/// A field of a wish: known, or the output of something else, or a text joined from both.
///
/// On the wire it is the plain `T`, or `{"$terrace": …}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Val<T> {
    Known(T),
    Ref(Ref),
    Join(Vec<Val<String>>),
}

impl<T> Val<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Val::Known(value) => Some(value),
            Val::Ref(_) | Val::Join(_) => None,
        }
    }

    /// Takes the value out of a resolved wish.
    ///
    /// # Errors
    /// Names the reference that is still open; the engine hands a provider resolved wishes only, so this is a bug.
    pub fn get(&self) -> Result<&T, Unresolved> {
        match self {
            Val::Known(value) => Ok(value),
            Val::Ref(reference) => Err(Unresolved(reference.to_string())),
            Val::Join(_) => Err(Unresolved("a joined value".into())),
        }
    }

    /// The output of another custom resource, named `Kind/namespace/name`.
    pub fn of_object(object: impl Into<String>, output: impl Into<String>) -> Self {
        Val::Ref(Ref { source: Source::Object(object.into()), output: output.into() })
    }
}

/// A value was read before it was resolved.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is not known yet")]
pub struct Unresolved(String);

impl Val<String> {
    /// A text made of several parts, known as soon as all of them are.
    pub fn join(parts: impl IntoIterator<Item = Val<String>>) -> Self {
        Val::Join(parts.into_iter().collect())
    }
}

impl<T> From<T> for Val<T> {
    fn from(value: T) -> Self {
        Val::Known(value)
    }
}

impl From<&str> for Val<String> {
    fn from(value: &str) -> Self {
        Val::Known(value.into())
    }
}

impl<T: Serialize> Serialize for Val<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Val::Known(value) => value.serialize(serializer),
            Val::Ref(reference) => json!({ MARK: reference }).serialize(serializer),
            Val::Join(parts) => json!({ MARK: { "join": parts } }).serialize(serializer),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Val<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match marked(&value) {
            None => T::deserialize(value).map(Val::Known).map_err(D::Error::custom),
            Some(late) => match late.get("join") {
                Some(parts) => Vec::deserialize(parts).map(Val::Join).map_err(D::Error::custom),
                None => Ref::deserialize(late).map(Val::Ref).map_err(D::Error::custom),
            },
        }
    }
}

/// What stands under the mark, where `value` is a marked object and nothing else.
pub(crate) fn marked(value: &Value) -> Option<&Value> {
    let object = value.as_object()?;
    if object.len() == 1 { object.get(MARK) } else { None }
}

/// JSON that Terrace passes on and never looks into, such as a pod template: a mark inside it is a text like any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opaque(pub Value);

impl Serialize for Opaque {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        escape(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Opaque {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Opaque(unescape(Value::deserialize(deserializer)?)))
    }
}

const LITERAL: &str = "literal";

fn escape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let inner: Map<_, _> = fields.iter().map(|(key, field)| (key.clone(), escape(field))).collect();
            let inner = Value::Object(inner);
            if fields.contains_key(MARK) { json!({ MARK: { LITERAL: inner } }) } else { inner }
        }
        Value::Array(items) => items.iter().map(escape).collect(),
        other => other.clone(),
    }
}

fn unescape(value: Value) -> Value {
    if let Some(literal) = marked(&value).and_then(|late| late.get(LITERAL)) {
        return match literal.clone() {
            Value::Object(fields) => unescape_fields(fields),
            other => other,
        };
    }
    match value {
        Value::Object(fields) => unescape_fields(fields),
        Value::Array(items) => items.into_iter().map(unescape).collect(),
        other => other,
    }
}

fn unescape_fields(fields: Map<String, Value>) -> Value {
    Value::Object(fields.into_iter().map(|(key, field)| (key, unescape(field))).collect())
}

/// True for escaped opaque JSON, which holds no references.
pub(crate) fn is_literal(late: &Value) -> bool {
    late.get(LITERAL).is_some()
}

/// A secret, by where it is kept and which version of it: a secret itself is never a value in a graph, a status, a log.
///
/// The provider reads the value inside the call that needs it, and leaves the applied reference in a tag: that is what
/// is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRef {
    /// ARN of the secret in Secrets Manager.
    pub arn: Val<String>,
    /// Version id (`VersionId` of `GetSecretValue`).
    pub version: Val<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late() -> Val<String> {
        Val::Ref(Ref { source: Source::Node("db".into()), output: "endpoint".into() })
    }

    #[test]
    fn a_known_value_is_plain_on_the_wire() {
        assert_eq!(serde_json::to_value(Val::from(5432)).unwrap(), json!(5432));
        assert_eq!(serde_json::from_value::<Val<u16>>(json!(5432)).unwrap(), Val::Known(5432));
    }

    #[test]
    fn references_and_joins_survive_the_wire() {
        let join = Val::join(["https://".into(), late()]);
        let wire = serde_json::to_value(&join).unwrap();
        assert_eq!(wire, json!({MARK: {"join": ["https://", {MARK: {"node": "db", "output": "endpoint"}}]}}));
        assert_eq!(serde_json::from_value::<Val<String>>(wire).unwrap(), join);
        let object = Val::<String>::of_object("DataTier/shop/orders", "endpoint");
        assert_eq!(serde_json::from_value::<Val<String>>(serde_json::to_value(&object).unwrap()).unwrap(), object);
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused() {
        assert!(serde_json::from_value::<Val<u16>>(json!("many")).is_err());
    }

    #[test]
    fn opaque_json_keeps_what_looks_like_a_reference() {
        let inner = json!({"a": [{MARK: {"node": "x", "output": "y"}}], "b": {MARK: {"literal": {MARK: 1}}}});
        let wire = serde_json::to_value(Opaque(inner.clone())).unwrap();
        assert_ne!(wire, inner);
        assert_eq!(serde_json::from_value::<Opaque>(wire).unwrap().0, inner);
    }

    #[test]
    fn an_open_reference_names_itself() {
        assert_eq!(late().get().unwrap_err().to_string(), "db.endpoint is not known yet");
    }
}
