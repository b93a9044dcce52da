//! The state as it is written: resources, each with its instances, of which only the managed ones that stand are taken.

use serde_json::Value;

use super::attributes::Attributes;

/// One managed resource.
pub struct Instance {
    /// As `aws_db_instance`.
    pub resource: String,
    /// As `module.db.aws_db_instance.orders["a"]`.
    pub address: String,
    pub attributes: Attributes,
}

/// The version of the format that Terraform has written since 0.12.
const VERSION: i64 = 4;

/// All of a state.
///
/// # Errors
/// A sentence.
pub fn instances(text: &str) -> Result<Vec<Instance>, String> {
    let state: Value = serde_json::from_str(text).map_err(|error| {
        format!("this is no Terraform state: it is not JSON ({error}); give what terraform state pull prints")
    })?;
    if state.get("encrypted_data").is_some() {
        return Err("the state is encrypted: give what tofu state pull prints, which is not".into());
    }
    if state.get("format_version").is_some() {
        return Err("this is what terraform show prints: give what terraform state pull prints".into());
    }
    match state.get("version").map(Value::as_i64) {
        Some(Some(VERSION)) => {}
        Some(Some(other)) => {
            return Err(format!(
                "the state is of version {other}, and only {VERSION} is read: run terraform apply -refresh-only with Terraform 1.0 or later once"
            ));
        }
        _ => return Err("this is no Terraform state: it says no version; give what terraform state pull prints".into()),
    }
    let resources = state.get("resources").and_then(Value::as_array);
    Ok(resources.into_iter().flatten().flat_map(of_resource).collect())
}

fn of_resource(resource: &Value) -> Vec<Instance> {
    let text = |field: &str| resource.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("mode") != "managed" {
        return Vec::new();
    }
    let module = if text("module").is_empty() { String::new() } else { format!("{}.", text("module")) };
    let address = format!("{module}{}.{}", text("type"), text("name"));
    let instances = resource.get("instances").and_then(Value::as_array);
    // A deposed one waits to be destroyed by Terraform.
    let standing = instances.into_iter().flatten().filter(|instance| instance.get("deposed").is_none());
    let one = |instance: &Value| Instance {
        resource: text("type").to_owned(),
        address: format!("{address}{}", index(instance)),
        attributes: Attributes::new(instance.get("attributes")),
    };
    standing.map(one).collect()
}

fn index(instance: &Value) -> String {
    match instance.get("index_key") {
        Some(key @ (Value::String(_) | Value::Number(_))) => format!("[{key}]"),
        _ => String::new(),
    }
}
