//! The commands and manifests that the documentation shows, so that tests use them and not copies.

use anyhow::{Context, Result};

use crate::tools::checkout;

/// The fenced blocks of this language on a page, in their order. The page is named as from the checkout.
///
/// # Errors
/// When the page cannot be read.
pub fn blocks(page: &str, language: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(checkout().join(page)).with_context(|| page.to_owned())?;
    Ok(fenced(&text, language))
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
    }
}
