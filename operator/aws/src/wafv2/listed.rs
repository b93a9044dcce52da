//! Reading IP sets and web ACLs: a list shows that they are there, a look at one what is in it.
//!
//! A list shows a lock token that is another after every change: what it says has changed is read at once, all else about
//! once an hour.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_wafv2::Client;
use aws_sdk_wafv2::types as sdk;
use terrace_engine::Result;
use terrace_engine::coalesce::Fetch;
use terrace_model::Id;
use terrace_model::identity::Freshness;

use super::{GONE, PAGE, Waf, name_of, unsaid};
use crate::errors::{absent, classify};

/// What a list shows.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub scope: sdk::Scope,
    pub name: String,
    pub id: String,
    pub arn: String,
    pub description: String,
    pub lock_token: String,
}

/// The region that has the scope of CloudFront.
const EDGE: &str = "us-east-1";

/// The scopes that a region has.
fn scopes(region: &str) -> &'static [sdk::Scope] {
    const BOTH: &[sdk::Scope] = &[sdk::Scope::Cloudfront, sdk::Scope::Regional];
    if region == EDGE { BOTH } else { &BOTH[1..] }
}

/// Reading one kind: its list, the field of the answer, the look at one, the field of that answer.
macro_rules! listed {
    ($($list:ident: $items:ident, $get:ident -> $item:ident: $type:ident, $lists:ident, $details:ident, $read:ident,
       $hourly:ident;)*) => {
        $(
            /// Reads those of a region, by name.
            struct $lists<'a>(Client, &'a str);

            impl Fetch<String, Listed> for $lists<'_> {
                async fn some(&self, _names: &BTreeSet<String>) -> Result<BTreeMap<String, Listed>> {
                    self.all().await
                }

                async fn all(&self) -> Result<BTreeMap<String, Listed>> {
                    let mut all = BTreeMap::new();
                    for scope in scopes(self.1) {
                        let mut marker = None;
                        loop {
                            let request = self.0.$list().scope(scope.clone()).limit(PAGE).set_next_marker(marker);
                            let answer = request.send().await.map_err(classify)?;
                            let found = answer.$items.unwrap_or_default();
                            // WAF may name a next page where there is none.
                            marker = answer.next_marker.filter(|next| !found.is_empty() && !next.is_empty());
                            all.extend(found.into_iter().filter_map(|item| {
                                let listed = Listed {
                                    scope: scope.clone(),
                                    name: item.name?,
                                    id: item.id?,
                                    arn: item.arn?,
                                    description: item.description.unwrap_or_default(),
                                    lock_token: item.lock_token.unwrap_or_default(),
                                };
                                Some((listed.name.clone(), listed))
                            }));
                            if marker.is_none() {
                                break;
                            }
                        }
                    }
                    Ok(all)
                }
            }

            impl Waf {
                /// One, as a list shows it, as fresh as `id` asks.
                pub(super) async fn $item(&self, id: &Id) -> Result<Option<Listed>> {
                    let (list, region) = ($lists(self.reader(id), &id.place.region), &id.place.region);
                    self.$items.of(region).get(name_of(id), id.freshness, &list).await
                }

                /// One as it is now, with its lock token.
                pub(super) async fn $read(&self, client: &Client, at: &Listed) -> Result<Option<(String, sdk::$type)>> {
                    let request = client.$get().scope(at.scope.clone()).name(&at.name).id(&at.id);
                    let Some(answer) = absent(request.send().await, GONE)? else { return Ok(None) };
                    Ok(Some((answer.lock_token.unwrap_or_default(), answer.$item.ok_or_else(unsaid)?)))
                }

                /// What is in it; `None` where it was not read yet and its turn has not come.
                pub(super) async fn $details(&self, id: &Id, at: &Listed) -> Result<Option<sdk::$type>> {
                    let client = self.reader(id);
                    let read = || async { self.$read(&client, at).await?.ok_or_else(unsaid) };
                    let known = self.$hourly.get_in_turn(&at.arn, id.freshness, read).await?;
                    match known {
                        Some((token, _)) if token != at.lock_token && id.freshness == Freshness::Recent => {
                            Ok(Some(self.$hourly.get(&at.arn, Freshness::Now, read).await?.1))
                        }
                        known => Ok(known.map(|(_, details)| details)),
                    }
                }
            }
        )*
    };
}

listed! {
    list_ip_sets: ip_sets, get_ip_set -> ip_set: IpSet, IpSetLists, ip_set_details, read_ip_set, ip_set_hourly;
    list_web_acls: web_acls, get_web_acl -> web_acl: WebAcl, WebAclLists, web_acl_details, read_web_acl, web_acl_hourly;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_region_has_the_scope_of_cloudfront() {
        assert_eq!(scopes("us-east-1"), [sdk::Scope::Cloudfront, sdk::Scope::Regional]);
        assert_eq!(scopes("eu-west-1"), [sdk::Scope::Regional]);
    }
}
