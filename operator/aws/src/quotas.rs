//! How much of an account's quotas is in use, of those that AWS tells with their use: for `terrace doctor`.
//!
//! From the RDS API reference, DescribeAccountAttributes: quotas with their use, per region.

use terrace_engine::Result;

use crate::Clients;
use crate::errors::classify;

/// One quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// AWS's own name, as `DBInstances`.
    pub name: String,
    pub used: i64,
    pub most: i64,
}

impl Quota {
    /// True where four fifths are in use.
    pub fn is_near(&self) -> bool {
        self.most > 0 && self.used * 5 >= self.most * 4
    }
}

/// The quotas of RDS in a region.
///
/// # Errors
/// As classified; the caller needs rds:DescribeAccountAttributes.
pub async fn rds(clients: &Clients, region: &str) -> Result<Vec<Quota>> {
    let answer = clients.rds(region).describe_account_attributes().send().await.map_err(classify)?;
    let quota = |quota: &aws_sdk_rds::types::AccountQuota| Quota {
        name: quota.account_quota_name().unwrap_or_default().to_owned(),
        used: quota.used().unwrap_or_default(),
        most: quota.max().unwrap_or_default(),
    };
    Ok(answer.account_quotas().iter().map(quota).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{REGION, clients};
    use aws_sdk_rds::Client;
    use aws_sdk_rds::operation::describe_account_attributes::DescribeAccountAttributesOutput;
    use aws_sdk_rds::types::AccountQuota;
    use aws_smithy_mocks::{mock, mock_client};

    #[tokio::test]
    async fn a_quota_that_is_used_by_four_fifths_is_near() {
        let rule = mock!(Client::describe_account_attributes).then_output(|| {
            let quota = |name, used, max| AccountQuota::builder().account_quota_name(name).used(used).max(max).build();
            DescribeAccountAttributesOutput::builder()
                .account_quotas(quota("DBInstances", 32, 40))
                .account_quotas(quota("DBSubnetGroups", 31, 40))
                .build()
        });
        let clients = clients().with_client(REGION, mock_client!(aws_sdk_rds, [&rule]));
        let quotas = rds(&clients, REGION).await.unwrap();
        assert_eq!(quotas.iter().map(Quota::is_near).collect::<Vec<_>>(), [true, false]);
        assert_eq!(quotas[0], Quota { name: "DBInstances".into(), used: 32, most: 40 });
    }
}
