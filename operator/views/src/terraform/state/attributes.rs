//! The attributes of one resource of a state, and how they come under other names.

use serde_json::{Map, Value};

/// What a state says of a resource, by Terraform's names. What is null or missing is not known.
#[derive(Clone, Debug, Default)]
pub struct Attributes(Map<String, Value>);

impl Attributes {
    /// Of a JSON object; of anything else there are none.
    pub fn new(value: Option<&Value>) -> Self {
        Attributes(value.and_then(Value::as_object).cloned().unwrap_or_default())
    }

    /// What is known.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A whole number. Some attributes have numbers as texts.
    pub fn number(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// Whether something is so. Some attributes say it as a text.
    pub fn flag(&self, name: &str) -> Option<bool> {
        let value = self.get(name)?;
        value.as_bool().or_else(|| value.as_str()?.parse().ok())
    }

    /// The blocks of a name: a nested block stands as a list, even where there can be one only.
    pub fn blocks(&self, name: &str) -> Vec<Attributes> {
        let list = self.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter(|block| block.is_object()).map(|block| Attributes::new(Some(block))).collect()
    }

    /// The first block of a name.
    pub fn block(&self, name: &str) -> Option<Attributes> {
        self.blocks(name).into_iter().next()
    }

    /// The tags that are people's: not AWS's own, nor Terrace's of old.
    pub fn tags(&self) -> Value {
        let tags = self.get("tags_all").or(self.get("tags")).and_then(Value::as_object);
        let ours = |key: &str| key.starts_with("aws:") || key.starts_with(terrace_model::identity::tag::PREFIX);
        let kept = tags.into_iter().flatten().filter(|(key, _)| !ours(key));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>().into()
    }

    /// Those of these, each under its other name.
    pub fn renamed(&self, names: &[(&str, &str)]) -> Map<String, Value> {
        let known = |(theirs, ours): &(&str, &str)| Some(((*ours).to_owned(), self.get(theirs)?.clone()));
        names.iter().filter_map(known).filter(|(_, value)| value.as_str() != Some("")).collect()
    }
}

/// Adds what is known.
pub fn put(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.into(), value.into());
    }
}
