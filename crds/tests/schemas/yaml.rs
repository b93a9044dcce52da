//! The definitions kept as YAML, beside the types and in the chart, are those that the types give.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use terrace_crds::KINDS;

fn directories() -> [PathBuf; 2] {
    ["yaml", "../charts/terrace/files/crds"].map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
}

#[test]
fn the_yaml_is_what_the_types_give() {
    for directory in directories() {
        for kind in KINDS {
            let file = directory.join(format!("{}.yaml", kind.plural));
            let kept = fs::read_to_string(&file).unwrap_or_default();
            assert!(kept == kind.yaml(), "{} is stale: run `make generate`", file.display());
        }
    }
}

#[test]
fn there_is_no_yaml_without_a_kind() {
    let wanted: BTreeSet<_> = KINDS.iter().map(|kind| format!("{}.yaml", kind.plural)).collect();
    for directory in directories() {
        let kept: BTreeSet<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(kept, wanted);
    }
}
