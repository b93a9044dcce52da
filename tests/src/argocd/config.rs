//! The part of Argo CD's settings that knows Terrace, written from the Lua files under `argocd`.
//!
//! A key of its own for each kind: Argo CD takes a wildcard only for health, and only in the key `resource.customizations`,
//! which holds the settings for everybody's kinds and which a patch would replace whole.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use terrace_crds::{GROUP, KINDS, Kind};

use crate::tools::checkout;

/// The actions, as Argo CD lists them.
pub const ACTIONS: [&str; 4] = ["approve", "pause", "reconcile", "resume"];

const HEAD: &str = "\
# Health and actions of Terrace's kinds for Argo CD: a patch of its ConfigMap, which leaves all other settings as they are.
# Written from resource_customizations by `make generate`: edit those.
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
  labels:
    app.kubernetes.io/part-of: argocd
data:
";

/// Where the Lua files are, in the layout of Argo CD's own repository.
pub fn customizations() -> PathBuf {
    checkout().join("argocd/resource_customizations/terrace.dev/_")
}

/// Where the patch is kept.
pub fn file() -> PathBuf {
    checkout().join("argocd/argocd-cm.yaml")
}

/// A file of Lua, by its path under [`customizations`].
///
/// # Errors
/// When it cannot be read.
pub fn script(path: &str) -> Result<String> {
    std::fs::read_to_string(customizations().join(path)).with_context(|| path.to_owned())
}

/// Whether there is anything to do with objects of this kind: a grant has no status, and no controller acts on it.
pub fn has_actions(kind: &Kind) -> bool {
    kind.status
}

/// The patch of `argocd-cm`, as YAML.
///
/// # Errors
/// When a Lua file cannot be read.
pub fn patch() -> Result<String> {
    let (health, actions) = (script("health.lua")?, actions()?);
    let mut yaml = HEAD.to_owned();
    for kind in KINDS {
        entry(&mut yaml, "health", kind, &health)?;
    }
    for kind in KINDS.iter().filter(|kind| has_actions(kind)) {
        entry(&mut yaml, "actions", kind, &actions)?;
    }
    Ok(yaml)
}

fn entry(yaml: &mut String, what: &str, kind: &Kind, text: &str) -> Result<()> {
    write!(yaml, "  resource.customizations.{what}.{GROUP}_{}: |\n{}", kind.kind, indented(text, 4))?;
    Ok(())
}

/// What finds out which actions an object has, and the actions.
fn actions() -> Result<String> {
    let mut yaml = format!("discovery.lua: |\n{}definitions:\n", indented(&script("actions/discovery.lua")?, 2));
    for action in ACTIONS {
        let lua = indented(&script(&format!("actions/{action}/action.lua"))?, 4);
        write!(yaml, "- name: {action}\n  action.lua: |\n{lua}")?;
    }
    Ok(yaml)
}

fn indented(text: &str, by: usize) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:by$}{line}\n", "") };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn data() -> Value {
        let patch: Value = serde_saphyr::from_str(&patch().unwrap()).unwrap();
        patch["data"].clone()
    }

    #[test]
    fn the_patch_is_what_the_lua_files_say() {
        let kept = std::fs::read_to_string(file()).unwrap();
        assert!(kept == patch().unwrap(), "argocd/argocd-cm.yaml is stale: make generate");
    }

    #[test]
    fn each_kind_has_the_health_script_as_it_is() {
        let (data, health) = (data(), script("health.lua").unwrap());
        for kind in KINDS {
            let key = format!("resource.customizations.health.terrace.dev_{}", kind.kind);
            assert_eq!(data[&key].as_str(), Some(health.as_str()), "{key}");
        }
    }

    #[test]
    fn each_kind_that_a_controller_acts_on_has_all_actions_as_they_are() {
        let data = data();
        for kind in KINDS {
            let given = &data[format!("resource.customizations.actions.terrace.dev_{}", kind.kind)];
            let Some(given) = given.as_str() else {
                assert_eq!(kind.kind, "TierGrant");
                continue;
            };
            let given: Value = serde_saphyr::from_str(given).unwrap();
            assert_eq!(given["discovery.lua"].as_str(), Some(script("actions/discovery.lua").unwrap().as_str()));
            for (given, action) in given["definitions"].as_array().unwrap().iter().zip(ACTIONS) {
                let lua = script(&format!("actions/{action}/action.lua")).unwrap();
                assert_eq!((given["name"].as_str(), given["action.lua"].as_str()), (Some(action), Some(lua.as_str())));
            }
        }
    }

    #[test]
    fn no_action_is_left_out() {
        let folders = std::fs::read_dir(customizations().join("actions")).unwrap().map(|entry| entry.unwrap().path());
        let mut named: Vec<String> = folders
            .filter(|path| path.join("action.lua").is_file())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        named.sort_unstable();
        assert_eq!(named, ACTIONS);
    }
}
