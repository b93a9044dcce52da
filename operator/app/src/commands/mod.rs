//! What a person asks of the program: it reads the cluster and AWS, and prints.

pub mod act;
mod assume;
mod cluster;
pub mod drift;
pub mod look;
mod manifests;
pub mod plan;
mod schema;
pub mod shell;
mod stage;
pub mod wait;
mod world;
pub mod write;

/// A kind, as kubectl takes it, and a name.
fn named(text: &str) -> Result<(String, String), String> {
    let (kind, name) = text.split_once('/').ok_or(format!("{text}: say KIND/NAME, as DataTier/orders"))?;
    let lower = kind.to_lowercase();
    let is = |known: &&terrace_crds::Kind| {
        [known.kind.to_lowercase().as_str(), known.plural, known.short_name].contains(&lower.as_str())
    };
    let known = terrace_crds::KINDS.iter().find(is);
    let known = known.ok_or_else(|| {
        let kinds: Vec<&str> = terrace_crds::KINDS.iter().map(|known| known.kind).collect();
        format!("{text}: there is no kind {kind}: there are {}", kinds.join(", "))
    })?;
    Ok((known.kind.into(), name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_as_kubectl_takes_it() {
        for text in ["DataTier/orders", "datatiers/orders", "dt/orders"] {
            assert_eq!(named(text), Ok(("DataTier".into(), "orders".into())));
        }
        assert!(named("orders").unwrap_err().contains("say KIND/NAME"));
        assert!(named("database/orders").unwrap_err().contains("there is no kind database"));
    }
}
