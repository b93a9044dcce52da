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

/// Types the commands of a page as [`typed`] does, and compares what each block prints with the text that follows it on the
/// page. There `…` stands for anything within a line, and alone for any number of lines.
///
/// # Errors
/// What was printed, where that is another, or a command fails.
pub async fn followed(page: &str, mut bash: Command) -> Result<usize> {
    let text = std::fs::read_to_string(checkout().join(page)).with_context(|| page.to_owned())?;
    let steps = steps(&text);
    ensure!(!steps.is_empty(), "{page} has no commands");
    // What a block prints ends with a record separator.
    let script: String = steps.iter().map(|(commands, _)| format!("{commands}printf '\\036'\n")).collect();
    bash.args(["-euo", "pipefail", "-c", &script]).stdin(Stdio::null()).kill_on_drop(true);
    let output = bash.output().await.context("start bash")?;
    let (printed, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{page}: {complaints}\n{printed}");
    for ((commands, shown), printed) in steps.iter().zip(printed.split('\u{1e}')) {
        let Some(shown) = shown else { continue };
        let (expected, found): (Vec<&str>, Vec<&str>) = (shown.lines().collect(), printed.lines().collect());
        ensure!(is_like(&expected, &found), "{page} shows of\n{commands}\n{shown}\nand it is\n{printed}\n{complaints}");
    }
    Ok(steps.iter().map(|(commands, _)| commands.lines().count()).sum())
}

/// The blocks of commands, each with the text that follows it.
fn steps(page: &str) -> Vec<(String, Option<String>)> {
    let mut steps: Vec<(String, Option<String>)> = Vec::new();
    for (language, block) in fences(page) {
        match (language, steps.last_mut()) {
            ("sh", _) => steps.push((block, None)),
            ("text", Some((_, shown))) => *shown = Some(block),
            _ => {}
        }
    }
    steps
}

/// All fenced blocks, each with its language.
fn fences(text: &str) -> Vec<(&str, String)> {
    let (mut found, mut open): (Vec<(&str, String)>, bool) = (Vec::new(), false);
    for line in text.lines() {
        match (open, line.strip_prefix("```"), found.last_mut()) {
            (false, Some(language), _) => {
                open = true;
                found.push((language.trim(), String::new()));
            }
            (true, Some(_), _) => open = false,
            (true, None, Some((_, block))) => *block += &format!("{line}\n"),
            _ => {}
        }
    }
    found
}

/// Whether lines are as shown.
fn is_like(shown: &[&str], found: &[&str]) -> bool {
    match (shown, found) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=found.len()).any(|from| is_like(rest, &found[from..])),
        ([line, shown @ ..], [first, found @ ..]) => is_line_like(line, first) && is_like(shown, found),
        _ => false,
    }
}

fn is_line_like(shown: &str, found: &str) -> bool {
    let Some((before, after)) = shown.split_once('…') else { return shown.trim_end() == found.trim_end() };
    let Some(rest) = found.strip_prefix(before) else { return false };
    let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.any(|at| is_line_like(after, &rest[at..]))
}

fn fenced(text: &str, language: &str) -> Vec<String> {
    fences(text).into_iter().filter(|(of, _)| *of == language).map(|(_, block)| block).collect()
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
    fn what_is_printed_is_compared_with_what_is_shown_but_for_what_changes() {
        let page = "```sh\nls\n```\n\nand so\n\n```text\na …\n…\nz\n```\n\n```sh\npwd\n```\n";
        let steps = steps(page);
        assert_eq!(steps, [("ls\n".into(), Some("a …\n…\nz\n".into())), ("pwd\n".into(), None)]);
        for (found, like) in
            [("a b\nz", true), ("a b\nc\nd\nz", true), ("b\nz", false), ("a b\nc", false), ("a b\nz\n y", false)]
        {
            let (shown, found): (Vec<&str>, Vec<&str>) = (vec!["a …", "…", "z"], found.lines().collect());
            assert_eq!(is_like(&shown, &found), like, "{found:?}");
        }
        assert!(is_line_like("a…c…", "abbcd") && !is_line_like("a…c", "abbcd"));
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
