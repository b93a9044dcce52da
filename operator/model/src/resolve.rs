//! Puts known outputs in the place of references, in a wish without its type.

use serde_json::{Map, Value};

use crate::val::{Ref, is_literal, marked};
use serde::Deserialize;

/// A wish as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    pub value: Value,
    /// What is still open: top-level field and reference.
    pub open: Vec<(String, Ref)>,
}

/// Resolves every reference of `want` for which `lookup` has a value that is not null.
pub fn resolve(want: &Value, lookup: &dyn Fn(&Ref) -> Option<Value>) -> Resolved {
    let mut open = Vec::new();
    let value = match want {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| {
                let mut refs = Vec::new();
                let value = one(field, lookup, &mut refs);
                open.extend(refs.into_iter().map(|reference| (name.clone(), reference)));
                (name.clone(), value)
            })
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    };
    Resolved { value, open }
}

fn one(value: &Value, lookup: &dyn Fn(&Ref) -> Option<Value>, open: &mut Vec<Ref>) -> Value {
    if let Some(late) = marked(value) {
        if is_literal(late) {
            return value.clone();
        }
        if let Some(parts) = late.get("join").and_then(Value::as_array) {
            return join(value, parts, lookup, open);
        }
        if let Ok(reference) = Ref::deserialize(late) {
            return lookup(&reference).filter(|found| !found.is_null()).unwrap_or_else(|| {
                open.push(reference);
                value.clone()
            });
        }
    }
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (name.clone(), one(field, lookup, open))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(|item| one(item, lookup, open)).collect(),
        other => other.clone(),
    }
}

fn join(whole: &Value, parts: &[Value], lookup: &dyn Fn(&Ref) -> Option<Value>, open: &mut Vec<Ref>) -> Value {
    let before = open.len();
    let texts: Vec<Value> = parts.iter().map(|part| one(part, lookup, open)).collect();
    if open.len() > before {
        return whole.clone();
    }
    texts.iter().map(|text| text.as_str().map_or_else(|| text.to_string(), str::to_owned)).collect::<String>().into()
}

/// All references of a wish.
pub fn references(want: &Value) -> Vec<Ref> {
    resolve(want, &|_| None).open.into_iter().map(|(_, reference)| reference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::val::{Opaque, Source, Val};
    use serde_json::json;

    fn db(output: &str) -> Val<String> {
        Val::Ref(Ref { source: Source::Node("db".into()), output: output.into() })
    }

    fn wish() -> Value {
        json!({
            "host": db("endpoint"),
            "url": Val::join(["postgres://".into(), db("endpoint"), ":".into(), db("port")]),
            "list": [db("endpoint"), "fixed"],
            "template": Opaque(json!({"$terrace": {"node": "db", "output": "endpoint"}})),
        })
    }

    fn known(reference: &Ref) -> Option<Value> {
        match reference.output.as_str() {
            "endpoint" => Some(json!("db.example")),
            "port" => Some(json!(5432)),
            _ => None,
        }
    }

    #[test]
    fn what_is_known_is_put_in_place() {
        let resolved = resolve(&wish(), &known);
        assert_eq!(resolved.open, vec![]);
        assert_eq!(resolved.value["url"], "postgres://db.example:5432");
        assert_eq!(resolved.value["list"], json!(["db.example", "fixed"]));
        assert_eq!(resolved.value["template"], wish()["template"]);
    }

    #[test]
    fn what_is_open_stays_and_is_named() {
        let resolved = resolve(&wish(), &|reference| {
            if reference.output == "port" { None } else { known(reference) }
        });
        assert_eq!(resolved.open.len(), 1);
        assert_eq!(resolved.open[0].0, "url");
        assert_eq!(resolved.value["url"], wish()["url"]);
        assert_eq!(resolved.value["host"], "db.example");
    }

    #[test]
    fn an_output_that_is_null_is_not_known() {
        assert_eq!(resolve(&wish(), &|_| Some(Value::Null)).open.len(), references(&wish()).len());
    }
}
