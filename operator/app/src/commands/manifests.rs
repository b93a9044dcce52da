//! Manifests that a person hands over: files, folders, standard input, or what kustomize makes.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::schema;

/// One document.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Where it stands, for messages.
    pub source: String,
    pub value: Value,
}

/// Reads all of them.
///
/// # Errors
/// A sentence that names the file, the place and what is wrong.
pub fn read(files: &[PathBuf], kustomizations: &[PathBuf]) -> Result<Vec<Manifest>, String> {
    let mut manifests = Vec::new();
    for file in files {
        for (source, text) in texts(file)? {
            manifests.extend(parse(&source, &text)?);
        }
    }
    for folder in kustomizations {
        manifests.extend(parse(&folder.display().to_string(), &kustomized(folder)?)?);
    }
    Ok(manifests)
}

/// What a name on the command line stands for: standard input, a file, or all files of a folder.
fn texts(path: &Path) -> Result<Vec<(String, String)>, String> {
    let said = |error: std::io::Error| format!("{}: {error}", path.display());
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
        return Ok(vec![("standard input".into(), text)]);
    }
    if !path.is_dir() {
        return Ok(vec![(path.display().to_string(), std::fs::read_to_string(path).map_err(said)?)]);
    }
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(path).map_err(said)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known)));
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: there is no .yaml, .yml or .json in it", path.display()));
    }
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok((file.display().to_string(), text))
    };
    files.into_iter().map(read).collect()
}

fn kustomized(folder: &Path) -> Result<String, String> {
    let made = Command::new("kubectl").arg("kustomize").arg(folder).output();
    let made = made.map_err(|error| format!("-k needs kubectl, which cannot be run: {error}"))?;
    if !made.status.success() {
        return Err(format!("{}: {}", folder.display(), String::from_utf8_lossy(&made.stderr).trim()));
    }
    String::from_utf8(made.stdout).map_err(|error| format!("{}: {error}", folder.display()))
}

/// The documents of a text; lists are taken apart. `source` is what messages call it.
///
/// # Errors
/// A sentence that names the source, the place and what is wrong.
pub fn parse(source: &str, text: &str) -> Result<Vec<Manifest>, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| format!("{source} is no YAML: {}", first_line(&error)))?;
    let mut manifests = Vec::new();
    for value in documents.into_iter().filter(|value| !value.is_null()) {
        let items = match (value["kind"].as_str(), value["items"].as_array()) {
            (Some("List"), Some(items)) => items.clone(),
            _ => vec![value],
        };
        for value in items {
            let (Some(_), Some(kind)) = (value["apiVersion"].as_str(), value["kind"].as_str()) else {
                return Err(format!("{source}: a document without apiVersion or kind is no Kubernetes object"));
            };
            let name = value["metadata"]["name"].as_str().unwrap_or_default();
            manifests.push(Manifest { source: format!("{source}: {kind} {name}"), value });
        }
    }
    manifests.iter().try_for_each(schema::check)?;
    Ok(manifests)
}

/// The rest draws the place in the file.
fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_lists_are_taken_apart_and_empty_ones_left_out() {
        let text = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n";
        let sources: Vec<_> = parse("f", text).unwrap().into_iter().map(|manifest| manifest.source).collect();
        assert_eq!(sources, ["f: Namespace a", "f: Secret b"]);
    }

    #[test]
    fn what_cannot_be_read_is_told_in_one_line_with_its_file() {
        for (text, says) in [
            ("a: [1", "f is no YAML: "),
            ("kind: DataTier\n", "f: a document without apiVersion or kind is no Kubernetes object"),
            ("- 1\n", "f: a document without apiVersion or kind"),
        ] {
            let refusal = parse("f", text).unwrap_err();
            assert!(refusal.starts_with(says) && refusal.lines().count() == 1, "{refusal}");
        }
        let missing = read(&["/nowhere/at-all.yaml".into()], &[]).unwrap_err();
        assert!(missing.starts_with("/nowhere/at-all.yaml: No such file"), "{missing}");
    }
}
