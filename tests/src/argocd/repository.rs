//! A git repository that `git daemon` serves, for Argo CD to sync from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::ports::Port;
use crate::process::{Process, command, until_up};

const DEADLINE: Duration = Duration::from_secs(60);

/// A repository, and the daemon that serves it.
pub struct Repository {
    folder: PathBuf,
    /// `git://127.0.0.1:PORT/tiers`
    pub url: String,
    daemon: Process,
    _port: Port,
}

impl Repository {
    /// Makes an empty repository under `scratch` and serves it.
    ///
    /// # Errors
    /// When git refuses, or its daemon does not answer.
    pub async fn serve(scratch: &Path) -> Result<Repository> {
        let (root, port) = (scratch.join("git"), Port::take()?);
        let folder = root.join("tiers");
        fs::create_dir_all(&folder)?;
        git(&folder, &["init", "--quiet", "--initial-branch=main"])?;
        let mut serve = command("git", ["daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1"]);
        serve.arg(format!("--port={}", port.number())).arg(format!("--base-path={}", root.display())).arg(&root);
        let url = format!("git://127.0.0.1:{}/tiers", port.number());
        let daemon = Process::start("git-daemon", &serve, scratch)?;
        let mut repository = Repository { folder, url, daemon, _port: port };
        repository.commit("nothing yet")?;
        let (folder, url) = (repository.folder.clone(), repository.url.clone());
        let daemon = std::slice::from_mut(&mut repository.daemon);
        until_up(daemon, "git daemon", DEADLINE, async || git(&folder, &["ls-remote", &url])).await?;
        Ok(repository)
    }

    /// Its working folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Commits what the working folder holds now, and answers the revision.
    ///
    /// # Errors
    /// When git refuses.
    pub fn commit(&self, message: &str) -> Result<String> {
        git(&self.folder, &["add", "--all"])?;
        git(&self.folder, &["commit", "--quiet", "--allow-empty", "--message", message])?;
        Ok(git(&self.folder, &["rev-parse", "HEAD"])?.trim().to_owned())
    }
}

/// Runs git in a folder, with nobody's settings, and gives back what it prints.
fn git(folder: &Path, args: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=test", "-c", "user.email=test@example.com"]).args(args).current_dir(folder);
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = git.output()?;
    if !output.status.success() {
        bail!("git {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
