//! The cache folder: what is built once and used by every bed after that.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The folder that everything cached is under: `$TERRACE_CACHE`, or `terrace` in the user's cache folder.
///
/// # Errors
/// When neither `TERRACE_CACHE` nor `XDG_CACHE_HOME` nor `HOME` is set.
pub fn root() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("TERRACE_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?.join("terrace")))
        .context("no cache folder: set TERRACE_CACHE or HOME")
}

/// An entry of the cache: a folder named after what it is made from, there as a whole or not at all.
#[derive(Debug, Clone)]
pub struct Entry {
    root: PathBuf,
    name: String,
}

impl Entry {
    /// The entry `kind` that is made from `inputs`: other inputs, other entry.
    pub fn new(root: &Path, kind: &str, inputs: &[&[u8]]) -> Entry {
        let mut hash = Sha256::new();
        for input in inputs {
            hash.update((input.len() as u64).to_be_bytes());
            hash.update(input);
        }
        let hex: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Entry { root: root.to_owned(), name: format!("{kind}-{hex}") }
    }

    /// Where the entry is, or will be.
    pub fn path(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    /// The entry's folder, made by `build` in a folder beside it if it is missing. Whoever else asks meanwhile, in this
    /// process or another, waits.
    ///
    /// # Errors
    /// What `build` answers, or what the file system does.
    pub async fn get(&self, build: impl AsyncFnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let done = self.path();
        if done.is_dir() {
            return Ok(done);
        }
        let _locked = lock(self.root.join("locks").join(&self.name)).await?;
        if done.is_dir() {
            return Ok(done);
        }
        let partial = self.root.join(format!("{}.partial", self.name));
        if partial.exists() {
            fs::remove_dir_all(&partial).with_context(|| format!("clear {}", partial.display()))?;
        }
        fs::create_dir_all(&partial).with_context(|| format!("create {}", partial.display()))?;
        build(&partial).await?;
        fs::rename(&partial, &done).with_context(|| format!("complete {}", done.display()))?;
        Ok(done)
    }
}

/// An exclusive lock on `file`, made if missing; let go when the answer is dropped, or its process ends.
///
/// # Errors
/// When the file cannot be opened or locked.
pub async fn lock(file: PathBuf) -> Result<File> {
    tokio::task::spawn_blocking(move || {
        fs::create_dir_all(file.parent().context("a lock needs a folder")?)?;
        let opened = File::options()
            .create(true)
            .append(true)
            .open(&file)
            .with_context(|| format!("open {}", file.display()))?;
        opened.lock().with_context(|| format!("lock {}", file.display()))?;
        Ok(opened)
    })
    .await?
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn other_inputs_are_another_entry() {
        let of = |inputs: &[&[u8]]| Entry::new(Path::new("/c"), "kwok", inputs).path();
        assert_eq!(of(&[b"a", b"b"]), of(&[b"a", b"b"]));
        assert_ne!(of(&[b"a", b"b"]), of(&[b"ab"]));
        assert_ne!(of(&[b"a", b"b"]), of(&[b"a", b"c"]));
    }

    #[tokio::test]
    async fn two_who_ask_at_once_build_once() {
        let scratch = Scratch::new().unwrap();
        let entry = Entry::new(scratch.path(), "thing", &[b"1"]);
        let built = AtomicUsize::new(0);
        let ask = || {
            entry.get(async |folder: &Path| {
                built.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(fs::write(folder.join("file"), "whole")?)
            })
        };
        let (one, two) = tokio::join!(ask(), ask());
        assert_eq!(one.unwrap(), two.unwrap());
        assert_eq!(built.load(Ordering::SeqCst), 1);
        assert_eq!(fs::read_to_string(entry.path().join("file")).unwrap(), "whole");
    }

    #[tokio::test]
    async fn a_build_that_failed_leaves_no_entry_and_is_done_again() {
        let scratch = Scratch::new().unwrap();
        let entry = Entry::new(scratch.path(), "thing", &[b"1"]);
        let failed = entry
            .get(async |folder: &Path| {
                fs::write(folder.join("half"), "")?;
                anyhow::bail!("no compiler")
            })
            .await;
        assert_eq!(failed.unwrap_err().to_string(), "no compiler");
        assert!(!entry.path().exists());

        let path = entry.get(async |folder: &Path| Ok(fs::write(folder.join("whole"), "")?)).await.unwrap();
        assert!(path.join("whole").exists() && !path.join("half").exists());
    }
}
