//! Public hosted zones, by name or id, with their tags.
//!
//! From the Route 53 API reference: several zones may bear one name; ListHostedZonesByName begins with the name that is asked
//! for, and shows neither tags nor name servers.

use aws_sdk_route53::Client;
use aws_sdk_route53::types::TagResourceType;
use futures::future::try_join_all;
use terrace_engine::{Error, Result};
use terrace_model::aws::route53::plain;

use super::{Existing, Zone};
use crate::errors::{absent, classify};
use crate::{Clients, tags};

/// More zones of one name than anybody has.
const MOST: i32 = 100;

/// A public zone by name, id or ARN. Of several of one name, the one that the asker may use.
pub async fn zone(
    clients: &Clients,
    text: &str,
    admits: &(impl Fn(&Existing) -> bool + Sync),
) -> Result<Option<Existing>> {
    let client = clients.route53();
    let ids = match id(clients, text) {
        Some(id) => vec![id.to_owned()],
        None if text.starts_with("arn:") => Vec::new(),
        None => by_name(&client, &plain(text)).await?,
    };
    let found = try_join_all(ids.iter().map(|id| one(clients, &client, id))).await?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    let admitted: Vec<_> = found.iter().filter(|zone| admits(zone)).collect();
    match &admitted[..] {
        [] => Ok(found.into_iter().next()),
        [zone] => Ok(Some((*zone).clone())),
        several => {
            let ids: Vec<_> =
                several.iter().filter_map(|zone| zone.zone.as_ref()).map(|zone| zone.id.as_str()).collect();
            let message =
                format!("{} hosted zones are called {text}: name one by its id: {}", ids.len(), ids.join(", "));
            Err(Error::blocked("Ambiguous", message))
        }
    }
}

/// The id in an ARN, or an id itself: in capitals, which no name is in.
fn id<'t>(clients: &Clients, text: &'t str) -> Option<&'t str> {
    if let Some(id) = text.strip_prefix(&clients.worldwide_arn("route53", "hostedzone/")) {
        return Some(id);
    }
    let is_id = |text: &str| text.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
    (text.starts_with('Z') && is_id(text)).then_some(text)
}

async fn by_name(client: &Client, name: &str) -> Result<Vec<String>> {
    let answer = client.list_hosted_zones_by_name().dns_name(name).max_items(MOST).send().await.map_err(classify)?;
    let private = |zone: &aws_sdk_route53::types::HostedZone| zone.config().is_some_and(|config| config.private_zone());
    let zones = answer.hosted_zones.into_iter().filter(|zone| plain(zone.name()) == name && !private(zone));
    Ok(zones.map(|zone| last(&zone.id).to_owned()).collect())
}

async fn one(clients: &Clients, client: &Client, id: &str) -> Result<Option<Existing>> {
    let answer = absent(client.get_hosted_zone().id(id).send().await, &["NoSuchHostedZone"])?;
    let Some((found, answer)) = answer.as_ref().and_then(|answer| Some((answer.hosted_zone()?, answer))) else {
        return Ok(None);
    };
    if found.config().is_some_and(|config| config.private_zone()) {
        return Ok(None);
    }
    let request = client.list_tags_for_resource().resource_type(TagResourceType::Hostedzone).resource_id(id);
    let listed = request.send().await.map_err(classify)?;
    let listed = listed.resource_tag_set().map(|set| set.tags()).unwrap_or_default();
    let servers = answer.delegation_set().map(|set| set.name_servers().join(",")).unwrap_or_default();
    Ok(Some(Existing {
        arn: clients.worldwide_arn("route53", &format!("hostedzone/{id}")),
        tags: tags::read(listed.iter().map(|tag| (tag.key(), tag.value()))),
        zone: Some(Zone { id: id.to_owned(), name: plain(found.name()), name_servers: servers }),
        ..Existing::default()
    }))
}

fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}
