//! The API server's errors, by what is to be done about them.
//!
//! The texts stand in conditions: nothing in them changes from try to try, and nothing in them quotes what was sent.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::Status;
use terrace_engine::{Error, reason};

/// Somebody else manages a field that we would set.
pub const FIELD_CONFLICT: &str = "FieldConflict";

/// The cluster has no such kind of object, as where a custom resource definition is not installed.
pub const NOT_SERVED: &str = "NotServed";

/// What stands for a wish, or is named by one, is not there.
pub const NOT_FOUND: &str = "NotFound";

const MISSING_KIND: &str = "the cluster does not serve this kind in this version: install what defines it, as the AWS \
     Load Balancer Controller does for a TargetGroupBinding, or have the administrator correct the Environment";

/// What is to be done about an error; `what` names the object for whoever reads the message, as `Secret shop/orders`.
pub fn classify(what: &str, error: kube::Error) -> Error {
    match error {
        kube::Error::Api(status) => by_status(what, &status),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            Error::retry(format!("{what}: the API server's answer cannot be read"))
        }
        kube::Error::BuildRequest(error) => Error::invalid(format!("{what}: {error}")),
        kube::Error::Auth(_) => Error::retry(format!("{what}: no credentials for the API server")),
        _ => Error::retry(format!("{what}: the API server cannot be reached")),
    }
}

fn by_status(what: &str, status: &Status) -> Error {
    let has_cause = |cause: &str| causes(status).any(|(reason, _, _)| reason == cause);
    let message = || format!("{what}: {}", status.message);
    if has_cause("FieldManagerConflict") {
        return field_conflict(what, status);
    }
    match status.code {
        // https://kubernetes.io/docs/concepts/policy/resource-quotas: refused by the quota's admission plugin.
        403 if status.message.contains("exceeded quota") => Error::blocked(reason::QUOTA, message()),
        403 if has_cause("NamespaceTerminating") => Error::wait(reason::DELETING, message()),
        401 | 403 => Error::blocked(reason::ACCESS_DENIED, message()),
        // An answer without details is none about an object: the API server knows no such kind.
        404 if status.details.is_none() => Error::blocked(NOT_SERVED, format!("{what}: {MISSING_KIND}")),
        // Made, changed or deleted by somebody else since it was looked at: the next look says what is to be done.
        404 | 409 => Error::retry(format!("{what} was changed by somebody else at the same time")),
        422 if is_another(status) => Error::retry(format!("{what} was made anew by somebody else at the same time")),
        500 if status.message.starts_with(NO_SUCH_FIELD) => Error::invalid(format!("{what}: {}", mismatch(status))),
        400 | 405 | 406 | 413 | 415 | 422 => Error::invalid(message()),
        _ => Error::retry(format!("{what}: the API server is not able to answer ({})", status.code)),
    }
}

/// How the API server begins when an apply does not fit the schema of its kind (apimachinery, `managedfields`,
/// `structuredmerge.go`); it calls that an internal error.
const NO_SUCH_FIELD: &str = "failed to create typed patch object";

/// What does not fit, without the value that was sent.
fn mismatch(status: &Status) -> String {
    let lines = status.message.lines().map(|line| line.split(", got ").next().unwrap_or(line).trim());
    let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    let said = text.split_once("): ").map_or(text.as_str(), |(_, said)| said);
    said.trim_start_matches("errors:; ").to_owned()
}

/// The object is no longer the one whose UID we sent.
fn is_another(status: &Status) -> bool {
    causes(status).any(|(_, _, field)| field == "metadata.uid")
}

fn causes(status: &Status) -> impl Iterator<Item = (&str, &str, &str)> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| (cause.reason.as_str(), cause.message.as_str(), cause.field.as_str()))
}

/// Names each manager and its fields, and says how to end the conflict.
fn field_conflict(what: &str, status: &Status) -> Error {
    let mut fields = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (_, message, field) in causes(status).filter(|(cause, ..)| *cause == "FieldManagerConflict") {
        fields.entry(manager(message)).or_default().insert(field);
    }
    let named = fields.iter().map(|(manager, fields)| {
        let fields = fields.iter().copied().collect::<Vec<_>>().join(", ");
        format!("{manager} has set {fields}")
    });
    let named = named.collect::<Vec<_>>().join("; ");
    let mend = "take these fields out of what that manager sets, or delete the object: it is then made anew";
    Error::blocked(FIELD_CONFLICT, format!("{what}: {named}: {mend}"))
}

/// The manager in a cause such as `conflict with "kubectl-edit" using v1`.
fn manager(message: &str) -> &str {
    let name = message.strip_prefix("conflict with ").unwrap_or(message);
    let name = name.split(" using ").next().unwrap_or(name);
    name.split(" with subresource ").next().unwrap_or(name).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn api(status: Value) -> Error {
        let status: Status = serde_json::from_value(status).expect("a Status");
        classify("Secret shop/orders", kube::Error::Api(Box::new(status)))
    }

    fn plain(code: u16, message: &str) -> Error {
        api(json!({"code": code, "message": message}))
    }

    fn caused(code: u16, causes: Value) -> Error {
        api(json!({"code": code, "message": "m", "details": {"causes": causes}}))
    }

    #[test]
    fn each_status_has_its_category() {
        for (code, message, expected) in [
            (401, "Unauthorized", reason::ACCESS_DENIED),
            (403, "secrets is forbidden: User cannot patch", reason::ACCESS_DENIED),
            (403, "secrets \"x\" is forbidden: exceeded quota: few, requested: secrets=1", reason::QUOTA),
            (404, "404 page not found", NOT_SERVED),
            (409, "the object has been modified", reason::RETRYING),
            (422, "type: field is immutable", reason::INVALID),
            (429, "too many requests", reason::RETRYING),
            (500, "etcdserver: leader changed", reason::RETRYING),
            (504, "timeout", reason::RETRYING),
        ] {
            assert_eq!(plain(code, message).reason(), expected, "{code} {message}");
        }
    }

    #[test]
    fn a_namespace_that_is_gone_is_no_missing_kind() {
        let error = api(json!({"code": 404, "message": "m", "details": {"kind": "namespaces", "name": "shop"}}));
        assert_eq!(error.reason(), reason::RETRYING);
    }

    #[test]
    fn a_conflict_names_the_managers_and_their_fields() {
        let cause =
            |message: &str, field: &str| json!({"reason": "FieldManagerConflict", "message": message, "field": field});
        let error = caused(
            409,
            json!([
                cause("conflict with \"kubectl-edit\" using v1", ".data.port"),
                cause("conflict with \"kubectl-edit\" using v1", ".data.host"),
                cause("conflict with \"argocd\" with subresource \"status\" using v1", ".type"),
            ]),
        );
        assert_eq!(error.reason(), FIELD_CONFLICT);
        assert!(error.is_stalled());
        let text = error.to_string();
        assert!(
            text.starts_with("Secret shop/orders: argocd has set .type; kubectl-edit has set .data.host, .data.port: "),
            "{text}"
        );
    }

    #[test]
    fn an_object_that_is_another_by_now_is_looked_at_again() {
        let error =
            caused(422, json!([{"reason": "FieldValueInvalid", "message": "immutable", "field": "metadata.uid"}]));
        assert_eq!(error.reason(), reason::RETRYING);
        assert!(
            caused(422, json!([{"reason": "FieldValueInvalid", "message": "immutable", "field": "type"}])).is_stalled()
        );
    }

    #[test]
    fn a_field_that_its_kind_does_not_have_is_invalid_and_no_value_is_quoted() {
        let unknown = "failed to create typed patch object (shop/shop; apps/v1, Kind=Deployment): errors:\n  \
                       .spec.template.spec.contaners: field not declared in schema\n  .spec.replicas: expected numeric \
                       (int or float), got &value.valueUnstructured{Value:\"hunter2\"}";
        let error = plain(500, unknown);
        assert_eq!(error.reason(), reason::INVALID);
        let expected = "Secret shop/orders: .spec.template.spec.contaners: field not declared in schema; \
                        .spec.replicas: expected numeric (int or float)";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_namespace_on_its_way_out_is_waited_for() {
        let error =
            caused(403, json!([{"reason": "NamespaceTerminating", "message": "", "field": "metadata.namespace"}]));
        assert_eq!(error.reason(), reason::DELETING);
        assert!(!error.is_stalled());
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_not_quoted() {
        let broken = serde_json::from_str::<u8>("\"hunter2\"").expect_err("no number");
        let error = classify("Secret shop/orders", kube::Error::SerdeError(broken));
        assert_eq!(error.to_string(), "Secret shop/orders: the API server's answer cannot be read");
    }
}
