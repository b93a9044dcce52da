//! Builds Go programs out of the small modules under `tools`, into the cache.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

use crate::cache::Entry;
use crate::progress::{Progress, Step};

/// Programs that are built from one Go module.
#[derive(Debug)]
pub struct Build {
    /// The module's folder under `tools`; also the entry's name in the cache.
    pub module: &'static str,
    /// The program's name, where it is not its package's last part; then there is one package.
    pub program: Option<&'static str>,
    /// The packages to build, each a program.
    pub packages: &'static [&'static str],
    /// Build tags, by which a program leaves out what is not needed here.
    pub tags: &'static str,
    /// Flags of the linker.
    pub ldflags: &'static str,
    /// Files to keep beside the programs: (module they are in, paths in it).
    pub files: Option<(&'static str, &'static [&'static str])>,
}

impl Build {
    /// The folder with the programs, built if it is not there.
    ///
    /// # Errors
    /// When Go is missing or refuses.
    pub async fn get(&self, tools: &Path, cache: &Path, progress: &Progress) -> Result<PathBuf> {
        let module = tools.join(self.module);
        let (sums, lines) = (std::fs::read(module.join("go.sum"))?, std::fs::read(module.join("go.mod"))?);
        let recipe = format!("{self:?}");
        Entry::new(cache, self.module, &[&lines, &sums, recipe.as_bytes()])
            .get(async |folder: &Path| self.build(&module, folder, progress).await)
            .await
    }

    /// The files that are kept beside the programs in `folder`.
    pub fn kept(&self, folder: &Path) -> Vec<PathBuf> {
        let files = self.files.map_or(&[][..], |(_, files)| files);
        files.iter().map(|file| folder.join(name(file))).collect()
    }

    async fn build(&self, module: &Path, folder: &Path, progress: &Progress) -> Result<()> {
        let step = progress.build(&format!("build {}", self.module), None);
        let packages = go(module, ["list", "-deps", "-tags", self.tags].iter().chain(self.packages), &step).await?;
        step.set_total(Some(packages.lines().count() as u64));
        let out = self
            .program
            .map_or_else(|| format!("{}/", folder.display()), |name| format!("{}/{name}", folder.display()));
        let flags = ["build", "-v", "-trimpath", "-tags", self.tags, "-ldflags", self.ldflags, "-o", &out];
        go(module, flags.iter().chain(self.packages), &step).await?;
        if let Some((from, files)) = self.files {
            // One that no program is made from is not there yet.
            go(module, &["mod", "download", from], &step).await?;
            let source = go(module, &["list", "-m", "-f", "{{.Dir}}", from], &step).await?;
            for file in files {
                std::fs::write(folder.join(name(file)), std::fs::read(Path::new(source.trim()).join(file))?)?;
            }
        }
        step.done("built");
        Ok(())
    }
}

fn name(file: &str) -> &OsStr {
    Path::new(file).file_name().expect("a file has a name")
}

/// Runs `go` in `module` and gives back its output; what it reports meanwhile is shown as parts of `step`.
async fn go<'a>(module: &Path, args: impl IntoIterator<Item = &'a &'a str>, step: &Step) -> Result<String> {
    let mut command = Command::new("go");
    command.args(args).current_dir(module).env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly").env("GOWORK", "off");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().context("start go: is Go (1.26 or newer) installed?")?;
    let mut out = child.stdout.take().context("stdout is piped")?;
    let mut said = BufReader::new(child.stderr.take().context("stderr is piped")?).lines();
    let collect = async {
        let mut text = String::new();
        out.read_to_string(&mut text).await.map(|_| text)
    };
    let follow = async {
        let mut last = Vec::new();
        while let Some(line) = said.next_line().await? {
            match line.strip_prefix("go: ") {
                Some(what) => step.say(what),
                None => step.part(&line),
            }
            last.push(line);
        }
        std::io::Result::Ok(last)
    };
    let (text, last) = tokio::try_join!(collect, follow)?;
    if !child.wait().await?.success() {
        bail!("go failed in {}:\n{}", module.display(), last[last.len().saturating_sub(20)..].join("\n"));
    }
    Ok(text)
}
