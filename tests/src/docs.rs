//! The commands and manifests that the documentation shows, so that tests use them and not copies.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::tools::checkout;

/// The fenced blocks of this language on a page, in their order. The page is named as from the checkout.
///
/// # Errors
/// When the page cannot be read.
pub fn blocks(page: &str, language: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(checkout().join(page)).with_context(|| page.to_owned())?;
    Ok(fenced(&text, language))
}

/// Types the commands of a page into `bash`, one after the other, until one fails; says how many there were. The shell is
/// given with its folder and its environment.
///
/// # Errors
/// What was printed, where a command fails; and where the page has none.
pub async fn typed(page: &str, mut bash: Command) -> Result<usize> {
    let commands = blocks(page, "sh")?.concat();
    let count = commands.lines().filter(|line| !line.trim().is_empty()).count();
    ensure!(count > 0, "{page} has no commands");
    bash.args(["-euxo", "pipefail", "-c", &commands]).stdin(Stdio::null()).kill_on_drop(true);
    let output = bash.output().await.context("start bash")?;
    ensure!(output.status.success(), "{page}: {}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
    Ok(count)
}

fn fenced(text: &str, language: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = None;
    for line in text.lines() {
        match (inside, line.strip_prefix("```")) {
            (None, Some(of)) => {
                inside = Some(of.trim() == language);
                found.extend((of.trim() == language).then(String::new));
            }
            (Some(_), Some(_)) => inside = None,
            (Some(true), None) => found.iter_mut().last().into_iter().for_each(|block| *block += &format!("{line}\n")),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_pages_have_synced_is_there() {
        let manifest = |page: &str| -> serde_json::Value {
            serde_saphyr::from_str(&blocks(page, "yaml").unwrap().concat()).unwrap()
        };
        let (flux, argo_cd) = (manifest("docs/flux.md"), manifest("docs/argocd.md"));
        assert_eq!(flux["spec"]["wait"], true);
        for path in [&flux["spec"]["path"], &argo_cd["spec"]["source"]["path"]] {
            assert!(checkout().join(path.as_str().unwrap()).join("kustomization.yaml").is_file(), "{path}");
        }
    }

    #[test]
    fn the_blocks_of_a_language_are_found_and_no_others() {
        let page = "a\n```yaml\nkind: A\n```\n```sh\nls\n```\n```yaml\nkind: B\nname: b\n```\n";
        assert_eq!(fenced(page, "yaml"), ["kind: A\n", "kind: B\nname: b\n"]);
        assert_eq!(fenced(page, "sh"), ["ls\n"]);
        assert!(fenced(page, "json").is_empty());
        let apart = "text\n\n```sh\none\n\ntwo\n```\n\n```yaml\nkind: A\n```\n\n```sh\nthree\n```\n";
        assert_eq!(fenced(apart, "sh"), ["one\n\ntwo\n", "three\n"]);
    }
}
