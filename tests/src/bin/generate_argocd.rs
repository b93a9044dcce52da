//! `generate-argocd`: writes `argocd/argocd-cm.yaml` from the Lua files beside it.

use anyhow::{Context, Result};
use terrace_tests::argocd::config;

fn main() -> Result<()> {
    std::fs::write(config::file(), config::patch()?).with_context(|| config::file().display().to_string())
}
