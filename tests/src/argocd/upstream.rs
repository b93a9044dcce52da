//! The way to Argo CD's own repository, as `argocd/README.md` says it: what comes of it is what Argo CD looks for.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use terrace_crds::KINDS;

use super::config::{ACTIONS, has_actions};
use crate::docs::blocks;
use crate::scratch::Scratch;
use crate::tools::checkout;

/// A checkout of Argo CD after the commands of the README, as far as they concern it.
fn contributed() -> Scratch {
    let scratch = Scratch::new().unwrap();
    std::fs::create_dir(scratch.path().join("resource_customizations")).unwrap();
    let commands = blocks("argocd/README.md", "sh").unwrap().concat();
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", &commands]).current_dir(checkout()).env("ARGO_CD", scratch.path());
    assert!(shell.status().unwrap().success(), "{commands}");
    scratch
}

fn group(scratch: &Scratch) -> std::path::PathBuf {
    scratch.path().join("resource_customizations/terrace.dev")
}

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_wildcard_has_the_health_and_each_kind_its_actions() {
    let scratch = contributed();
    let group = group(&scratch);
    assert!(group.join("_/health.lua").is_file() && group.join("_/health_test.yaml").is_file());
    assert!(!group.join("_/actions").exists(), "nobody looks there");
    for kind in KINDS {
        let actions = group.join(kind.kind).join("actions");
        assert_eq!(actions.join("discovery.lua").is_file(), has_actions(kind), "{}", kind.kind);
        for action in ACTIONS {
            assert_eq!(actions.join(action).join("action.lua").is_file(), has_actions(kind), "{} {action}", kind.kind);
        }
    }
}

#[test]
fn each_case_finds_its_objects_and_its_scripts_there() {
    let scratch = contributed();
    let group = group(&scratch);
    let folder = group.join("DataTier/actions");
    let tests = yaml(&folder.join("action_test.yaml"));
    let mut cases = 0;
    for case in ["discoveryTests", "actionTests"].iter().flat_map(|list| tests[list].as_array().unwrap()) {
        let object = yaml(&folder.join(case["inputPath"].as_str().unwrap()));
        let scripts = group.join(object["kind"].as_str().unwrap()).join("actions");
        assert!(scripts.join("discovery.lua").is_file(), "{case}");
        if let Some(wanted) = case["expectedOutputPath"].as_str() {
            assert!(folder.join(wanted).is_file(), "{case}");
        }
        cases += 1;
    }
    assert!(cases > 5);
}
