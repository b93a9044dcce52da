//! `rds/DbProxy`: a proxy that pools connections.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_rds::types as sdk;
use terrace_engine::{Disposal, Error, Pace, Provider, Result, Seen};
use terrace_model::aws::rds::{DbProxy, DbProxyOutputs};
use terrace_model::{Diff, Handle, Id, Owner, Val};

use super::status::state;
use super::wish::only;
use super::{NAME, Rds, known, known_list, refused, write_tags};
use crate::errors::already;

/// See the module.
pub struct Proxies(pub Arc<Rds>);

/// A proxy's ARN holds no name, so the name is always the derived one.
fn name(id: &Id) -> String {
    id.name(NAME)
}

fn auth(want: &DbProxy) -> Result<Vec<sdk::UserAuthConfig>> {
    let one = |arn: String| {
        sdk::UserAuthConfig::builder()
            .auth_scheme(sdk::AuthScheme::Secrets)
            .secret_arn(arn)
            .iam_auth(sdk::IamAuthMode::from(want.iam_auth.as_str()))
            .build()
    };
    Ok(known_list(&want.secret_arns)?.into_iter().map(one).collect())
}

fn vals(texts: &[String]) -> BTreeSet<Val<String>> {
    texts.iter().map(|text| text.as_str().into()).collect()
}

/// The proxy in the form of wishes. The mode of IAM is said of each secret; where they differ, it is none that we set.
fn have(seen: &sdk::DbProxy) -> DbProxy {
    let modes: BTreeSet<&str> =
        seen.auth().iter().filter_map(|auth| auth.iam_auth()).map(|mode| mode.as_str()).collect();
    DbProxy {
        engine_family: seen.engine_family().unwrap_or_default().to_owned(),
        role_arn: seen.role_arn().unwrap_or_default().into(),
        secret_arns: seen.auth().iter().filter_map(|auth| auth.secret_arn()).map(Val::from).collect(),
        iam_auth: if modes.len() == 1 { modes.into_iter().collect() } else { String::new() },
        require_tls: seen.require_tls().unwrap_or(false),
        idle_client_timeout: seen.idle_client_timeout().unwrap_or_default(),
        vpc_subnet_ids: seen.vpc_subnet_ids().iter().cloned().collect(),
        vpc_security_group_ids: vals(seen.vpc_security_group_ids()),
        tags: terrace_model::aws::Tags::new(),
    }
}

impl Provider<DbProxy> for Proxies {
    const ACTIONS: &'static [&'static str] = &[
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
        "rds:AddTagsToResource",
        "rds:CreateDBProxy",
        "rds:DeleteDBProxy",
        "rds:DescribeDBProxies",
        "rds:ListTagsForResource",
        "rds:ModifyDBProxy",
        "rds:RemoveTagsFromResource",
        "tag:GetResources",
    ];
    const PASSES_ROLES_TO: &'static [&'static str] = &["rds.amazonaws.com"];
    const PACE: Pace = Pace { usual: Duration::from_secs(240) };

    async fn observe(&self, id: &Id) -> Result<Seen<DbProxy>> {
        let Some(seen) = self.0.proxy(id, &name(id)).await? else { return Ok(Seen::Absent) };
        let arn = seen.db_proxy_arn().unwrap_or_default().to_owned();
        let tags = self.0.tags_of(id, &arn).await?;
        Ok(Seen::Present {
            owner: Owner::from_tags(&tags),
            out: DbProxyOutputs {
                name: seen.db_proxy_name().map(str::to_owned),
                arn: Some(arn.clone()),
                endpoint: seen.endpoint().map(str::to_owned),
            },
            handle: Handle(arn),
            state: state(seen.status().map(|status| status.as_str())),
            have: DbProxy { tags, ..have(&seen) },
        })
    }

    async fn create(&self, id: &Id, want: &DbProxy) -> Result<Handle> {
        let request = self.0.writer(id).create_db_proxy().db_proxy_name(name(id));
        let request = request
            .engine_family(sdk::EngineFamily::from(want.engine_family.as_str()))
            .set_auth(Some(auth(want)?))
            .role_arn(known(&want.role_arn)?)
            .require_tls(want.require_tls)
            .idle_client_timeout(want.idle_client_timeout)
            .set_vpc_subnet_ids(Some(want.vpc_subnet_ids.iter().cloned().collect()))
            .set_vpc_security_group_ids(Some(known_list(&want.vpc_security_group_ids)?))
            .set_tags(Some(write_tags(&want.tags)));
        let made = request.send().await.map_err(refused)?.db_proxy;
        let arn = made.and_then(|proxy| proxy.db_proxy_arn);
        arn.map(Handle).ok_or_else(|| Error::retry("AWS did not say what it made"))
    }

    async fn update(&self, id: &Id, _have: &DbProxy, want: &DbProxy, diff: &Diff) -> Result<()> {
        if diff.touches("tags") {
            let look = self.0.proxy(&super::fresh(id), &name(id)).await?;
            let arn = look.and_then(|proxy| proxy.db_proxy_arn).ok_or_else(|| Error::retry("the proxy is gone"))?;
            self.0.retag(id, &arn, &want.tags, diff).await?;
        }
        let fields = ["roleArn", "secretArns", "iamAuth", "requireTls", "idleClientTimeout", "vpcSecurityGroupIds"];
        if !diff.touches_any(&fields) {
            return Ok(());
        }
        let mut request = only!(self.0.writer(id).modify_db_proxy().db_proxy_name(name(id)), diff, {
            "roleArn" => role_arn(known(&want.role_arn)?),
            "requireTls" => require_tls(want.require_tls),
            "idleClientTimeout" => idle_client_timeout(want.idle_client_timeout),
            "vpcSecurityGroupIds" => set_security_groups(Some(known_list(&want.vpc_security_group_ids)?)),
        });
        if diff.touches_any(&["secretArns", "iamAuth"]) {
            request = request.set_auth(Some(auth(want)?));
        }
        request.send().await.map_err(refused)?;
        Ok(())
    }

    async fn delete(&self, id: &Id, _have: &DbProxy, _disposal: Disposal) -> Result<()> {
        already(self.0.writer(id).delete_db_proxy().db_proxy_name(name(id)).send().await, &["DBProxyNotFoundFault"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_a_set_and_a_mixed_mode_is_none_of_ours() {
        let auth = |arn: &str, mode: sdk::IamAuthMode| {
            sdk::UserAuthConfigInfo::builder().secret_arn(arn).iam_auth(mode).build()
        };
        let seen = |second| {
            let list = vec![auth("arn:b", sdk::IamAuthMode::Disabled), auth("arn:a", second)];
            have(&sdk::DbProxy::builder().set_auth(Some(list)).build())
        };
        let same = seen(sdk::IamAuthMode::Disabled);
        assert_eq!(same.iam_auth, "DISABLED");
        assert_eq!(same.secret_arns, ["arn:a".into(), "arn:b".into()].into());
        assert_eq!(seen(sdk::IamAuthMode::Required).iam_auth, "");
    }
}
