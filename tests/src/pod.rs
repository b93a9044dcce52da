//! What a container would see, worked out from the API server as the kubelet does it: kwok runs none.
//!
//! Environment: `value`, `valueFrom` with a Secret, a ConfigMap or a field, and `envFrom`. Files: volumes of Secrets,
//! ConfigMaps and projections of them. What a pod would not start for is an error here too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::kubectl::Kubectl;

/// The environment of a container, and where its files lie.
#[derive(Debug, Default)]
pub struct Sight {
    pub env: BTreeMap<String, String>,
    /// Files by the path that they have in the container.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Sight {
    /// What the container `name` of `pod` would see.
    ///
    /// # Errors
    /// What keeps the container from starting.
    pub async fn of(kubectl: &Kubectl, pod: &Value, name: &str) -> Result<Sight> {
        let containers = pod["spec"]["containers"].as_array().context("a pod has containers")?;
        let container = containers.iter().find(|container| container["name"] == name);
        let container = container.with_context(|| format!("there is no container {name}"))?;
        let reader = Reader { kubectl, pod };
        let mut sight = Sight::default();
        for source in items(&container["envFrom"]) {
            let prefix = source["prefix"].as_str().unwrap_or_default();
            let all = reader.whole(source).await?;
            sight.env.extend(
                all.into_iter()
                    .filter_map(|(key, value)| Some((format!("{prefix}{key}"), String::from_utf8(value).ok()?))),
            );
        }
        for variable in items(&container["env"]) {
            let name = text(&variable["name"])?.to_owned();
            if let Some(value) = reader.variable(variable).await.with_context(|| name.clone())? {
                sight.env.insert(name, value);
            }
        }
        for mount in items(&container["volumeMounts"]) {
            let (volume, at) = (text(&mount["name"])?, Path::new(text(&mount["mountPath"])?));
            let volumes = items(&pod["spec"]["volumes"]);
            let found = volumes.iter().find(|candidate| candidate["name"] == volume);
            let found = found.with_context(|| format!("there is no volume {volume}"))?;
            let files = reader.volume(found).await.with_context(|| format!("volume {volume}"))?;
            sight.files.extend(files.into_iter().map(|(path, content)| (at.join(path), content)));
        }
        Ok(sight)
    }

    /// An argument, or a variable, in which the path of a file leads to where that is laid out under `folder`.
    pub fn within(&self, folder: &Path, text: &str) -> String {
        let (flag, path) = text.split_once('=').map_or(("", text), |(flag, path)| (flag, path));
        let leads = Path::new(path).is_absolute() && self.files.keys().any(|file| file.starts_with(path));
        match (leads, flag) {
            (false, _) => text.to_owned(),
            (true, "") => under(folder, Path::new(path)).display().to_string(),
            (true, flag) => format!("{flag}={}", under(folder, Path::new(path)).display()),
        }
    }

    /// Lays the files out under `folder` as if that were the container's root, and gives the environment in which paths
    /// that begin with a mount lead there.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn lay_out(&self, folder: &Path) -> Result<BTreeMap<String, String>> {
        for (path, content) in &self.files {
            let file = under(folder, path);
            fs::create_dir_all(file.parent().context("a file lies in a folder")?)?;
            fs::write(&file, content)?;
        }
        Ok(self.env.iter().map(|(name, value)| (name.clone(), self.within(folder, value))).collect())
    }
}

fn under(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path.strip_prefix("/").unwrap_or(path))
}

struct Reader<'a> {
    kubectl: &'a Kubectl,
    pod: &'a Value,
}

impl Reader<'_> {
    async fn variable(&self, variable: &Value) -> Result<Option<String>> {
        let from = &variable["valueFrom"];
        if from.is_null() {
            return Ok(Some(variable["value"].as_str().unwrap_or_default().to_owned()));
        }
        if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
            let pointer = format!("/{}", path.replace('.', "/"));
            return Ok(self.pod.pointer(&pointer).and_then(Value::as_str).map(str::to_owned));
        }
        for (member, kind) in [("secretKeyRef", "secret"), ("configMapKeyRef", "configmap")] {
            let wanted = &from[member];
            if wanted.is_null() {
                continue;
            }
            let (name, key) = (text(&wanted["name"])?, text(&wanted["key"])?);
            let found = self.read(kind, name, wanted["optional"] == true).await?.remove(key);
            ensure!(found.is_some() || wanted["optional"] == true, "{kind} {name} has no {key}");
            return found.map(|value| Ok(String::from_utf8(value)?)).transpose();
        }
        bail!("this source is not known here: {from}")
    }

    /// All entries of what `envFrom` names.
    async fn whole(&self, source: &Value) -> Result<BTreeMap<String, Vec<u8>>> {
        for (member, kind) in [("secretRef", "secret"), ("configMapRef", "configmap")] {
            if let Some(name) = source[member]["name"].as_str() {
                return self.read(kind, name, source[member]["optional"] == true).await;
            }
        }
        bail!("this source is not known here: {source}")
    }

    async fn volume(&self, volume: &Value) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut files = BTreeMap::new();
        let secret = &volume["secret"];
        if let Some(name) = secret["secretName"].as_str() {
            files.extend(chosen(self.read("secret", name, secret["optional"] == true).await?, secret)?);
        }
        for source in items(&volume["projected"]["sources"]).iter().chain([volume]) {
            for (member, kind) in [("secret", "secret"), ("configMap", "configmap")] {
                let wanted = &source[member];
                if let Some(name) = wanted["name"].as_str() {
                    files.extend(chosen(self.read(kind, name, wanted["optional"] == true).await?, wanted)?);
                }
            }
        }
        Ok(files)
    }

    async fn read(&self, kind: &str, name: &str, optional: bool) -> Result<BTreeMap<String, Vec<u8>>> {
        let object = match self.kubectl.get(kind, name).await {
            Err(_) if optional => return Ok(BTreeMap::new()),
            object => object.with_context(|| format!("{kind} {name}"))?,
        };
        let entries = object["data"].as_object().cloned().unwrap_or_default();
        let decode = |value: &str| match kind {
            "secret" => decoded(value),
            _ => Ok(value.as_bytes().to_vec()),
        };
        entries.into_iter().map(|(key, value)| Ok((key, decode(text(&value)?)?))).collect()
    }
}

/// The entries that `items` selects, under their paths; all where it selects none.
fn chosen(entries: BTreeMap<String, Vec<u8>>, source: &Value) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let selected = items(&source["items"]);
    if selected.is_empty() {
        return Ok(entries.into_iter().map(|(key, value)| (key.into(), value)).collect());
    }
    let mut files = Vec::new();
    for item in selected {
        let (key, path) = (text(&item["key"])?, text(&item["path"])?);
        match entries.get(key) {
            Some(value) => files.push((path.into(), value.clone())),
            None => ensure!(source["optional"] == true, "there is no entry {key}"),
        }
    }
    Ok(files)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("no text: {value}"))
}

/// Base64, as the API server writes Secrets.
fn decoded(text: &str) -> Result<Vec<u8>> {
    let secret: k8s_openapi::ByteString = serde_json::from_value(Value::from(text))?;
    Ok(secret.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_projection_takes_the_entries_that_it_selects_and_fails_for_one_that_is_missing() {
        let entries = || BTreeMap::from([("host".to_owned(), b"db".to_vec()), ("port".to_owned(), b"5432".to_vec())]);
        let all = chosen(entries(), &json!({})).expect("all of it");
        assert_eq!(all.len(), 2);
        let one = json!({ "items": [{ "key": "host", "path": "db/host" }] });
        assert_eq!(chosen(entries(), &one).expect("one"), [(PathBuf::from("db/host"), b"db".to_vec())]);
        let missing = json!({ "items": [{ "key": "user", "path": "user" }] });
        assert!(chosen(entries(), &missing).is_err());
        let optional = json!({ "optional": true, "items": [{ "key": "user", "path": "user" }] });
        assert_eq!(chosen(entries(), &optional).expect("nothing"), []);
    }

    #[test]
    fn a_path_in_the_environment_leads_to_the_files_laid_out() {
        let folder = crate::scratch::Scratch::new().expect("a folder");
        let sight = Sight {
            env: [("SERVICE_BINDING_ROOT", "/bindings"), ("DB_HOST", "db"), ("OTHER", "/etc")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            files: [(PathBuf::from("/bindings/db/host"), b"db".to_vec())].into(),
        };
        let env = sight.lay_out(folder.path()).expect("it is laid out");
        let host = Path::new(&env["SERVICE_BINDING_ROOT"]).join("db/host");
        assert_eq!(fs::read_to_string(host).expect("the file"), "db");
        assert_eq!((env["DB_HOST"].as_str(), env["OTHER"].as_str()), ("db", "/etc"));
        let moved = format!("--host={}", folder.path().join("bindings/db/host").display());
        assert_eq!(sight.within(folder.path(), "--host=/bindings/db/host"), moved);
        assert_eq!(sight.within(folder.path(), "--other=/etc"), "--other=/etc");
    }
}
