//! The Python environment of the emulators and of the bed's own scripts, in the cache.

use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::cache::{self, Entry};
use crate::progress::{Progress, Step};
use crate::tools::tools_folder;

/// Python with the emulators, and the bed's own scripts.
#[derive(Debug, Clone)]
pub struct Python {
    interpreter: PathBuf,
    scripts: PathBuf,
}

impl Python {
    /// The environment that holds what `tools/python/requirements.txt` pins, made if it is not there.
    ///
    /// An environment of another Python version is another entry of the cache. It may be moved as long as its programs
    /// are run as `python -m`, not by their scripts.
    ///
    /// # Errors
    /// When Python 3 or its `venv` module is missing, or a package cannot be had.
    pub async fn get(progress: &Progress) -> Result<Python> {
        let scripts = tools_folder().join("python");
        let requirements = scripts.join("requirements.txt");
        let version =
            Command::new("python3").arg("-VV").output().await.context("start python3: is Python 3 installed?")?;
        let pinned = std::fs::read(&requirements).with_context(|| format!("read {}", requirements.display()))?;
        let entry = Entry::new(&cache::root()?, "python", &[&pinned, &version.stdout]);
        let made = entry.get(async |folder: &Path| build(folder, &requirements, progress).await).await?;
        Ok(Python { interpreter: made.join("bin/python"), scripts })
    }

    /// A program of the environment, with these arguments.
    pub fn module(&self, name: &str, args: &[&str]) -> process::Command {
        let mut command = process::Command::new(&self.interpreter);
        command.args(["-m", name]).args(args);
        command
    }

    /// A program that a package brought, which is no Python.
    pub fn program(&self, name: &str) -> process::Command {
        process::Command::new(self.interpreter.with_file_name(name))
    }

    /// A script of the bed's own.
    pub fn script(&self, name: &str) -> process::Command {
        let mut command = process::Command::new(&self.interpreter);
        command.arg(self.scripts.join(name));
        command
    }
}

async fn build(folder: &Path, requirements: &Path, progress: &Progress) -> Result<()> {
    let step = progress.build("install the emulators", None);
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder);
    run(venv, &step).await.context("python3 -m venv (Debian: the package python3-venv)")?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--no-deps", "--disable-pip-version-check", "-r"]).arg(requirements);
    run(pip, &step).await?;
    step.done("installed");
    Ok(())
}

async fn run(mut command: Command, step: &Step) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut said = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
    let follow = async {
        while let Some(line) = said.next_line().await? {
            step.say(line.trim());
        }
        std::io::Result::Ok(())
    };
    let mut errors = BufReader::new(child.stderr.take().context("stderr is piped")?);
    let mut text = String::new();
    tokio::try_join!(follow, tokio::io::AsyncReadExt::read_to_string(&mut errors, &mut text))?;
    if !child.wait().await?.success() {
        bail!("{text}");
    }
    Ok(())
}
