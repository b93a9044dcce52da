//! `generate-crds DIRECTORY…`: writes the definition of every kind to `DIRECTORY/<plural>.yaml`.

use std::{env, error::Error, fs, path::PathBuf};

use terrace_crds::KINDS;

fn main() -> Result<(), Box<dyn Error>> {
    let directories: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    if directories.is_empty() {
        return Err("usage: generate-crds DIRECTORY…".into());
    }
    for directory in directories {
        fs::create_dir_all(&directory)?;
        for kind in KINDS {
            fs::write(directory.join(format!("{}.yaml", kind.plural)), kind.yaml())?;
        }
    }
    Ok(())
}
