//! The definitions kept as YAML are those that the types give.

use std::{collections::BTreeSet, fs, path::Path};

use terrace_crds::KINDS;

#[test]
fn the_yaml_is_what_the_types_give() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("yaml");
    for kind in KINDS {
        let file = format!("{}.yaml", kind.plural);
        let kept = fs::read_to_string(directory.join(&file)).unwrap_or_default();
        assert!(kept == kind.yaml(), "crds/yaml/{file} is stale: run `make generate`");
    }
}

#[test]
fn there_is_no_yaml_without_a_kind() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("yaml");
    let kept: BTreeSet<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let wanted: BTreeSet<_> = KINDS.iter().map(|kind| format!("{}.yaml", kind.plural)).collect();
    assert_eq!(kept, wanted);
}
