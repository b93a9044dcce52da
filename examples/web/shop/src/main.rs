//! The shop's own program: finds its database, its cache and its bucket where Terrace puts them, and says what is missing.
//!
//! It reads what every program in a pod can read: environment variables named after the binding, and the same entries as
//! files under `$SERVICE_BINDING_ROOT/<binding>` (servicebinding.io, "Workload Projection").

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// A binding, and the entries without which the shop cannot do its work.
struct Binding {
    name: &'static str,
    r#type: &'static str,
    entries: &'static [&'static str],
}

const BINDINGS: &[Binding] = &[
    Binding { name: "db", r#type: "postgresql", entries: &["host", "port", "database", "username", "password"] },
    Binding { name: "cache", r#type: "valkey", entries: &["host", "port", "username", "password", "tls"] },
    Binding { name: "uploads", r#type: "s3", entries: &["bucket", "region"] },
];

/// What must not be shown.
const SECRET: &str = "password";

fn main() -> ExitCode {
    let root = env::var("SERVICE_BINDING_ROOT").unwrap_or_default();
    let mut missing = Vec::new();
    for binding in BINDINGS {
        for entry in ["type", "provider"].iter().chain(binding.entries) {
            match find(&root, binding.name, entry) {
                Ok(value) if *entry == "type" && value != binding.r#type => {
                    missing
                        .push(format!("{} is of type {value}, and the shop speaks {}", binding.name, binding.r#type));
                }
                Ok(_) if *entry == SECRET => println!("{} {entry}: found", binding.name),
                Ok(value) => println!("{} {entry}: {value}", binding.name),
                Err(why) => missing.push(why),
            }
        }
    }
    for why in &missing {
        eprintln!("{why}");
    }
    if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The entry of a binding, which must say the same in the environment and in its file.
fn find(root: &str, binding: &str, entry: &str) -> Result<String, String> {
    let variable = format!("{binding}_{entry}").to_uppercase().replace('-', "_");
    let file = Path::new(root).join(binding).join(entry);
    let value = env::var(&variable).map_err(|_| format!("{variable} is not set"))?;
    let written = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    match (value.is_empty(), value == written) {
        (true, _) => Err(format!("{variable} is empty")),
        (false, false) => Err(format!("{variable} and {} differ", file.display())),
        (false, true) => Ok(value),
    }
}
