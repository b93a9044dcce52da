//! A temporary folder of the bed's own, gone with the process that made it.

use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use anyhow::{Context, Result};

/// Waits for the end of its input, which is the end of whoever holds the other end of the pipe, and removes the folder;
/// more than once, because processes that are being killed may still write.
const JANITOR: &str =
    r#"cat >/dev/null; n=0; until rm -rf -- "$1" || [ $n -ge 200 ]; do n=$((n + 1)); done 2>/dev/null"#;

/// A folder that is removed when this is dropped, and also when its process is killed. With `TERRACE_KEEP` set it stays.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    janitor: Option<Child>,
}

impl Scratch {
    /// A new, empty folder under the system's temporary folder, for this user alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> Result<Scratch> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let name = format!("terrace-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = env::temp_dir().join(name);
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Scratch { janitor: janitor(&path)?, path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).with_context(|| format!("create {}", path.display())),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn janitor(path: &Path) -> Result<Option<Child>> {
    if env::var_os("TERRACE_KEEP").is_some_and(|value| !value.is_empty()) {
        return Ok(None);
    }
    let mut command = Command::new("sh");
    command.args(["-c", JANITOR, "janitor"]).arg(path).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Some(command.spawn().context("start sh")?))
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(janitor) = &mut self.janitor {
            drop(janitor.stdin.take());
            // It has ended or it will; there is nobody left to tell.
            let _ = janitor.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_gone_with_its_owner() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        fs::create_dir_all(path.join("a/b")).unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
