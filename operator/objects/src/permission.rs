//! What a provider of a Kubernetes kind may do there: its `ACTIONS`, which the chart's RBAC is generated from.

/// Marks a permission in Kubernetes among the IAM actions of the other providers: no AWS service has this prefix.
const PREFIX: &str = "kubernetes";

/// One verb on one resource, written `kubernetes:<group>/<resource>:<verb>`. The core group is `core`; a subresource
/// follows its resource, as in `kubernetes:apps/deployments/scale:patch`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The API group as RBAC has it: empty for the core group.
    pub group: String,
    /// As `secrets`.
    pub resource: String,
    /// As `get`.
    pub verb: String,
}

impl Permission {
    /// Reads an action; `None` for an IAM action.
    pub fn parse(action: &str) -> Option<Self> {
        let (target, verb) = action.strip_prefix(PREFIX)?.strip_prefix(':')?.rsplit_once(':')?;
        let (group, resource) = target.split_once('/')?;
        let group = if group == "core" { "" } else { group };
        let whole = !resource.is_empty() && !verb.is_empty();
        whole.then(|| Permission { group: group.into(), resource: resource.into(), verb: verb.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_told_from_an_iam_action() {
        let permission = |group: &str, resource: &str, verb: &str| {
            Some(Permission { group: group.into(), resource: resource.into(), verb: verb.into() })
        };
        assert_eq!(Permission::parse("kubernetes:core/secrets:get"), permission("", "secrets", "get"));
        assert_eq!(
            Permission::parse("kubernetes:apps/deployments/scale:patch"),
            permission("apps", "deployments/scale", "patch")
        );
        for action in
            ["secretsmanager:GetSecretValue", "kubernetes:secrets:get", "kubernetes:core/secrets", "kubernetes"]
        {
            assert_eq!(Permission::parse(action), None, "{action}");
        }
    }
}
