//! `cloudfront/OriginAccessControl`.

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::types as sdk;
use terrace_engine::{Error, Result};
use terrace_model::aws::Tags;
use terrace_model::aws::cloudfront::OriginAccessControl;

use super::untagged::{Untagged, Untaggeds};
use super::{etag, refused, whole};
use crate::errors::{absent, classify, code};

/// Its provider.
pub type OriginAccessControls = Untaggeds<OriginAccessControl>;

const GONE: &str = "NoSuchOriginAccessControl";

impl Untagged for OriginAccessControl {
    type Config = sdk::OriginAccessControlConfig;
    const WORD: &'static str = "origin-access-control";
    const ACTIONS: &'static [&'static str] = &[
        "cloudfront:CreateOriginAccessControl",
        "cloudfront:DeleteOriginAccessControl",
        "cloudfront:GetOriginAccessControl",
        "cloudfront:ListOriginAccessControls",
        "cloudfront:UpdateOriginAccessControl",
    ];

    async fn list(client: &Client) -> Result<Vec<(String, Self::Config)>> {
        let (mut all, mut marker) = (Vec::new(), None);
        loop {
            let answer = client.list_origin_access_controls().set_marker(marker).send().await.map_err(classify)?;
            let Some(page) = answer.origin_access_control_list else { return Ok(all) };
            for item in page.items.unwrap_or_default() {
                let built = sdk::OriginAccessControlConfig::builder().name(item.name).description(item.description);
                let built = built.signing_protocol(item.signing_protocol).signing_behavior(item.signing_behavior);
                let built = built.origin_access_control_origin_type(item.origin_access_control_origin_type);
                all.push((item.id, built.build().map_err(whole)?));
            }
            marker = page.next_marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    async fn get(client: &Client, id: &str) -> Result<Option<(Self::Config, String)>> {
        let answer = absent(client.get_origin_access_control().id(id).send().await, &[GONE])?;
        let Some(answer) = answer else { return Ok(None) };
        let config = answer.origin_access_control.and_then(|control| control.origin_access_control_config);
        config.map(|config| Ok((config, etag(answer.e_tag)?))).transpose()
    }

    async fn create(client: &Client, config: Self::Config) -> Result<String> {
        let request = client.create_origin_access_control().origin_access_control_config(config);
        let made = request.send().await.map_err(refused)?.origin_access_control;
        made.map(|made| made.id).ok_or_else(|| Error::retry("AWS did not say what it made"))
    }

    async fn update(client: &Client, id: &str, version: String, config: Self::Config) -> Result<()> {
        let request = client.update_origin_access_control().id(id).if_match(version);
        request.origin_access_control_config(config).send().await.map(drop).map_err(refused)
    }

    async fn delete(client: &Client, id: &str, version: String) -> Result<()> {
        match client.delete_origin_access_control().id(id).if_match(version).send().await {
            Err(error) if code(&error) == Some(GONE) => Ok(()),
            answer => answer.map(drop).map_err(refused),
        }
    }

    fn name(config: &Self::Config) -> &str {
        config.name()
    }

    fn comment(config: &Self::Config) -> &str {
        config.description().unwrap_or_default()
    }

    fn read(config: &Self::Config, tags: Tags) -> Self {
        OriginAccessControl {
            origin_type: config.origin_access_control_origin_type().as_str().to_owned(),
            signing_behavior: config.signing_behavior().as_str().to_owned(),
            signing_protocol: config.signing_protocol().as_str().to_owned(),
            tags,
        }
    }

    fn new(name: &str, comment: String, want: &Self) -> Result<Self::Config> {
        let built = sdk::OriginAccessControlConfig::builder().name(name).description(comment);
        let built = built.signing_protocol(want.signing_protocol.as_str().into());
        let built = built.signing_behavior(want.signing_behavior.as_str().into());
        built.origin_access_control_origin_type(want.origin_type.as_str().into()).build().map_err(whole)
    }

    fn put(config: &mut Self::Config, comment: String, want: &Self) -> Result<()> {
        config.description = Some(comment);
        config.signing_protocol = want.signing_protocol.as_str().into();
        config.signing_behavior = want.signing_behavior.as_str().into();
        config.origin_access_control_origin_type = want.origin_type.as_str().into();
        Ok(())
    }

    fn tags(&self) -> &Tags {
        &self.tags
    }
}
