//! Which Environment serves an object. Pure.

use std::collections::BTreeMap;

use kube::{Resource, ResourceExt};
use terrace_crds::{Environment, EnvironmentPin};

use crate::problem::Problem;

/// What an object says about its Environment.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub kind: &'a str,
    pub namespace: &'a str,
    /// Labels of the namespace.
    pub labels: &'a BTreeMap<String, String>,
    /// `spec.environmentRef.name`.
    pub named: Option<&'a str>,
    /// The Environment that the object has since its first intent.
    pub pin: Option<&'a EnvironmentPin>,
    pub deleting: bool,
}

/// The one Environment that serves the object.
///
/// # Errors
/// A sentence that names what is missing or ambiguous, and says what to do.
pub fn choose<'e>(environments: &'e [Environment], asking: &Asking) -> Result<&'e Environment, Problem> {
    if let Some(pin) = asking.pin {
        return pinned(environments, asking, pin);
    }
    let environment = match asking.named {
        Some(name) => named(environments, asking, name)?,
        None => only(environments, asking)?,
    };
    admitted(environment, asking)?;
    if environment.meta().deletion_timestamp.is_some() {
        let name = environment.name_any();
        let message =
            format!("Environment {name} is being deleted, and takes in nobody new: an administrator must make another");
        return Err(Problem::stalled("EnvironmentDeleting", message));
    }
    Ok(environment)
}

fn pinned<'e>(
    environments: &'e [Environment],
    asking: &Asking,
    pin: &EnvironmentPin,
) -> Result<&'e Environment, Problem> {
    let found = environments.iter().find(|environment| environment.uid().as_ref() == Some(&pin.uid));
    let Some(environment) = found else {
        return Err(Problem::stalled(
            "EnvironmentMissing",
            format!(
                "this object was made with Environment {} (uid {}), which is gone: restore it, since it says how AWS is reached",
                pin.name, pin.uid
            ),
        ));
    };
    if let Some(other) = asking.named.filter(|name| *name != pin.name && !asking.deleting) {
        return Err(Problem::stalled(
            "EnvironmentChanged",
            format!(
                "spec.environmentRef names {other}, but this object was made with {}: an object keeps its Environment; make another object",
                pin.name
            ),
        ));
    }
    if !asking.deleting {
        admitted(environment, asking)?;
    }
    Ok(environment)
}

fn named<'e>(environments: &'e [Environment], asking: &Asking, name: &str) -> Result<&'e Environment, Problem> {
    environments.iter().find(|environment| environment.name_any() == name).ok_or_else(|| {
        let message = format!(
            "spec.environmentRef names {name}, and there is no such Environment: ask your administrator for its name"
        );
        Problem::stalled("NoEnvironment", format!("{message} (object in namespace {})", asking.namespace))
    })
}

fn only<'e>(environments: &'e [Environment], asking: &Asking) -> Result<&'e Environment, Problem> {
    let serving: Vec<&Environment> =
        environments.iter().filter(|environment| environment.spec.admits_namespace(asking.labels)).collect();
    match serving.as_slice() {
        [one] => Ok(one),
        [] => Err(Problem::stalled(
            "NoEnvironment",
            format!(
                "no Environment admits namespace {}: an administrator must make one, or label the namespace so that spec.namespaces of one selects it",
                asking.namespace
            ),
        )),
        several => {
            let names: Vec<String> = several.iter().map(|environment| environment.name_any()).collect();
            Err(Problem::stalled(
                "AmbiguousEnvironment",
                format!(
                    "namespace {} is admitted by {}: set spec.environmentRef.name to one of them",
                    asking.namespace,
                    names.join(" and ")
                ),
            ))
        }
    }
}

fn admitted(environment: &Environment, asking: &Asking) -> Result<(), Problem> {
    let name = environment.name_any();
    if !environment.spec.admits_namespace(asking.labels) {
        return Err(Problem::stalled(
            "NamespaceNotAdmitted",
            format!(
                "Environment {name} does not admit namespace {}: an administrator must label the namespace so that spec.namespaces selects it",
                asking.namespace
            ),
        ));
    }
    if !environment.spec.admits_kind(asking.kind) {
        return Err(Problem::stalled(
            "KindNotAdmitted",
            format!(
                "Environment {name} does not admit {}: an administrator must add it to spec.limits.kinds",
                asking.kind
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn environment(name: &str, stage: &str) -> Environment {
        serde_json::from_value(json!({
            "apiVersion": "terrace.dev/v1alpha1", "kind": "Environment", "metadata": { "name": name, "uid": format!("uid-{name}") },
            "spec": {
                "account": "111122223333", "region": "eu-west-1", "cluster": { "name": "prod" },
                "namespaces": { "matchLabels": { "stage": stage } }, "limits": { "kinds": ["DataTier"] },
            },
        }))
        .expect("an Environment")
    }

    fn decide(environments: &[Environment], change: impl Fn(&mut Asking)) -> Result<String, &'static str> {
        let labels = BTreeMap::from([("stage".to_owned(), "prod".to_owned())]);
        let mut asking =
            Asking { kind: "DataTier", namespace: "shop", labels: &labels, named: None, pin: None, deleting: false };
        change(&mut asking);
        choose(environments, &asking).map(ResourceExt::name_any).map_err(|problem| {
            assert!(problem.stalled);
            problem.reason
        })
    }

    /// For an object of the namespace that has this Environment.
    fn decide_pinned(
        environments: &[Environment],
        pin: &EnvironmentPin,
        deleting: bool,
    ) -> Result<String, &'static str> {
        let labels = BTreeMap::from([("stage".to_owned(), "prod".to_owned())]);
        let asking =
            Asking { kind: "DataTier", namespace: "shop", labels: &labels, named: None, pin: Some(pin), deleting };
        choose(environments, &asking).map(ResourceExt::name_any).map_err(|problem| problem.reason)
    }

    #[test]
    fn the_one_that_admits_the_namespace_serves_it() {
        let both = [environment("prod", "prod"), environment("test", "test")];
        assert_eq!(decide(&both, |_| {}), Ok("prod".into()));
        assert_eq!(decide(&both[1..], |_| {}), Err("NoEnvironment"));
        assert_eq!(decide(&both, |asking| asking.kind = "EdgeTier"), Err("KindNotAdmitted"));
    }

    #[test]
    fn one_that_is_being_deleted_serves_those_that_it_has_and_nobody_new() {
        let mut going = [environment("prod", "prod")];
        going[0].metadata.deletion_timestamp = serde_json::from_value(json!("2026-07-01T10:00:00Z")).expect("a time");
        assert_eq!(decide(&going, |_| {}), Err("EnvironmentDeleting"));
        let pin = EnvironmentPin { name: "prod".into(), uid: "uid-prod".into() };
        assert_eq!(decide_pinned(&going, &pin, false), Ok("prod".into()));
    }

    #[test]
    fn where_two_do_the_object_decides() {
        let both = [environment("a", "prod"), environment("b", "prod")];
        assert_eq!(decide(&both, |_| {}), Err("AmbiguousEnvironment"));
        assert_eq!(decide(&both, |asking| asking.named = Some("b")), Ok("b".into()));
        assert_eq!(decide(&both, |asking| asking.named = Some("c")), Err("NoEnvironment"));
        let other = [environment("test", "test")];
        assert_eq!(decide(&other, |asking| asking.named = Some("test")), Err("NamespaceNotAdmitted"));
    }

    #[test]
    fn an_object_keeps_its_environment_and_goes_with_it_whatever_the_selector_says() {
        let pin = EnvironmentPin { name: "test".into(), uid: "uid-test".into() };
        let both = [environment("prod", "prod"), environment("test", "test")];
        assert_eq!(decide_pinned(&both, &pin, false), Err("NamespaceNotAdmitted"));
        assert_eq!(decide_pinned(&both, &pin, true), Ok("test".into()));
        let gone = EnvironmentPin { name: "test".into(), uid: "another".into() };
        assert_eq!(decide_pinned(&both, &gone, true), Err("EnvironmentMissing"));
    }
}
