//! AWS STS: who we are.

use terrace_engine::Result;

use crate::Clients;
use crate::errors::classify;

/// IAM actions used. AWS needs no permission for it; it is listed so that the list is whole.
pub const ACTIONS: &[&str] = &["sts:GetCallerIdentity"];

/// The identity that AWS sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    pub arn: String,
}

/// Asks AWS who we are, in a region.
///
/// # Errors
/// As classified; `Blocked` where the role cannot be assumed.
pub async fn caller(clients: &Clients, region: &str) -> Result<Caller> {
    let answer = clients.sts(region).get_caller_identity().send().await.map_err(classify)?;
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Ok(Caller { account: text(answer.account()), arn: text(answer.arn()) })
}
