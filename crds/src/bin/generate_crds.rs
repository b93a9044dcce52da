//! `generate-crds DIRECTORY`: writes the definition of every kind to `DIRECTORY/<plural>.yaml`.

use std::{env, error::Error, fs, path::PathBuf};

use terrace_crds::KINDS;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(env::args_os().nth(1).ok_or("usage: generate-crds DIRECTORY")?);
    fs::create_dir_all(&directory)?;
    for kind in KINDS {
        fs::write(directory.join(format!("{}.yaml", kind.plural)), kind.yaml())?;
    }
    Ok(())
}
