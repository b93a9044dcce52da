//! As whom the operator acts, by which its own changes are told from those of others. Pure.
//!
//! What Terrace changes it looks at itself, when it has changed it: an event of its own wakes nobody.

use terrace_crds::environment::{Identity, IdentityType};

/// The caller that AWS sees (`GetCallerIdentity`), as CloudTrail has it in `userIdentity.arn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    arn: String,
    /// Sessions of the role by other names are the operator's as well.
    any_session: bool,
}

impl Own {
    /// The caller with this identity. A role that is assumed for an Environment has sessions of a fixed name; those of the
    /// operator's own role (IRSA, Pod Identity) are named anew each time.
    pub fn new(identity: &Identity, caller: &str) -> Self {
        let any_session = identity.type_ == IdentityType::Operator && caller.contains(":assumed-role/");
        let arn = match caller.rsplit_once('/') {
            Some((role, _)) if any_session => format!("{role}/"),
            _ => caller.to_owned(),
        };
        Own { arn, any_session }
    }

    /// Whether that is who acts.
    pub fn is(&self, arn: &str) -> bool {
        if self.any_session { arn.starts_with(&self.arn) } else { arn == self.arn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(type_: IdentityType) -> Identity {
        Identity { type_, assume_role: None }
    }

    #[test]
    fn a_role_that_is_assumed_acts_in_sessions_of_one_name() {
        let session = |name: &str| format!("arn:aws:sts::111122223333:assumed-role/terrace/{name}");
        let own = Own::new(&identity(IdentityType::AssumeRole), &session("terrace-prod"));
        assert!(own.is(&session("terrace-prod")));
        assert!(!own.is(&session("jane")), "somebody who uses the same role by hand is somebody else");
    }

    #[test]
    fn the_operators_own_role_acts_in_sessions_of_any_name() {
        let session = |role: &str, name: &str| format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}");
        let own = Own::new(&identity(IdentityType::Operator), &session("terrace", "web-identity-token-1"));
        assert!(own.is(&session("terrace", "web-identity-token-2")));
        assert!(!own.is(&session("terrace-admin", "web-identity-token-1")));
    }

    #[test]
    fn a_user_is_itself_alone() {
        let own = Own::new(&identity(IdentityType::Operator), "arn:aws:iam::111122223333:user/ops/terrace");
        assert!(own.is("arn:aws:iam::111122223333:user/ops/terrace"));
        assert!(!own.is("arn:aws:iam::111122223333:user/ops/jane"));
    }
}
