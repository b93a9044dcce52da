//! What was found, written as a table, and what was not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;

use super::super::prices::{ANYWHERE, shipped_units};
use super::found::{Found, Key};
use super::{file, rules};
use crate::style::some;

/// A price table, and what is to be known of it: what `-o json` prints. Fields may be added to it; none is renamed or taken
/// away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DrawnPrices {
    /// The table, in the form of `prices.csv`.
    pub table: String,
    /// How many prices it has.
    pub prices: usize,
    /// The regions that it has prices of.
    pub regions: Vec<String>,
    /// What has no price because AWS's rows say two of it, as `rds/aurora/acu in eu-central-1`.
    pub disputed: Vec<String>,
    /// What the table that travels with Terrace has and this one lacks, by service.
    pub missing: Vec<MissingPrices>,
}

/// What was not found of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingPrices {
    /// Its code in the price list, as `AmazonRDS`: the name of its files' directory.
    pub service: &'static str,
    /// Whether a file of it was among those given.
    pub given: bool,
    /// Items, with their region where there is one, as `rds/postgres/db.r8g.large in eu-central-1`.
    pub items: Vec<String>,
}

/// How many items a remark names.
const NAMED: usize = 5;

impl DrawnPrices {
    /// What is to be known of the table, a line each: how much it has, and what it lacks.
    pub fn remarks(&self) -> Vec<String> {
        let mut lines = vec![format!("{} prices, for {}", self.prices, listed(&self.regions))];
        if !self.disputed.is_empty() {
            lines.push(format!("AWS's rows say two prices, and so none is taken, of {}", some(&self.disputed, NAMED)));
        }
        let (given, absent): (Vec<_>, Vec<_>) = self.missing.iter().partition(|missing| missing.given);
        lines.extend(
            given.iter().map(|missing| format!("{} has no price of {}", missing.service, some(&missing.items, NAMED))),
        );
        if !absent.is_empty() {
            let services: Vec<String> = absent.iter().map(|missing| missing.service.to_owned()).collect();
            lines.push(format!("no file was given of {}", listed(&services)));
        }
        lines
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "no region in particular".into() } else { names.join(", ") }
}

type Prices = BTreeMap<Key, (&'static str, f64)>;

/// Writes the table.
///
/// # Errors
/// That there was nothing to be written.
pub(super) fn draw(found: &Found) -> Result<DrawnPrices, String> {
    let (mut prices, disputed) = found.settled();
    let as_of = found.services.values().filter_map(|service| service.published.first()).min();
    let (Some(as_of), false) = (as_of, prices.is_empty()) else {
        let fetch = format!("fetch index.csv of a service in a region, as {}", file::WHERE);
        return Err(format!("the files have no price that Terrace reckons with: {fetch}"));
    };
    drop_doubles(&mut prices);
    let places: BTreeSet<&str> = prices.keys().map(|(_, place)| place.as_str()).collect();
    let regions: Vec<&str> = places.iter().copied().filter(|place| *place != ANYWHERE).collect();
    let columns: Vec<&str> = regions.iter().copied().chain(places.get(ANYWHERE).copied()).collect();
    let mut csv = format!("as of,{as_of}\n{}item,unit,{}\n", remark(found), columns.join(","));
    lines(&prices, &columns, &mut csv);
    Ok(DrawnPrices {
        table: csv,
        prices: prices.len(),
        regions: regions.into_iter().map(str::to_owned).collect(),
        disputed: disputed.into_iter().map(|(item, place)| at(item, place)).collect(),
        missing: missing(found, &prices),
    })
}

/// A Multi-AZ instance costs two of Single-AZ where no table says otherwise, so it need not be said. Where the table that
/// travels with Terrace has the item, it must be: that one's price would hold.
fn drop_doubles(prices: &mut Prices) {
    let (single, shipped) = (prices.clone(), shipped_units());
    prices.retain(|(item, place), (_, usd)| {
        let one = item.strip_suffix("/multi-az").and_then(|one| single.get(&(one.to_owned(), place.clone())));
        shipped.contains_key(item) || one.is_none_or(|(_, one)| (one * 2.0 - *usd).abs() > 1e-9)
    });
}

/// Where the prices are from.
fn remark(found: &Found) -> String {
    let mut text = String::from(
        "# List prices of AWS in USD, on demand, without taxes, discounts, free tiers and commitments, from its price list:\n",
    );
    for (code, service) in &found.services {
        let days: Vec<String> = service.published.iter().map(ToString::to_string).collect();
        // A String takes all that is written to it.
        let _ = writeln!(text, "# {code} as published on {}", days.join(" and "));
    }
    text
}

fn lines(prices: &Prices, columns: &[&str], csv: &mut String) {
    let units: BTreeMap<&str, &str> = prices.iter().map(|((item, _), (unit, _))| (item.as_str(), *unit)).collect();
    for (item, unit) in units {
        let price = |place: &&str| prices.get(&(item.to_owned(), (*place).to_owned()));
        let fields = columns.iter().map(|place| price(place).map_or(String::new(), |(_, usd)| usd.to_string()));
        let _ = writeln!(csv, "{item},{unit},{}", fields.collect::<Vec<_>>().join(","));
    }
}

/// What the table that is shipped has and no file gave.
fn missing(found: &Found, prices: &Prices) -> Vec<MissingPrices> {
    let mut missing: BTreeMap<&'static str, MissingPrices> = BTreeMap::new();
    for item in shipped_units().into_keys() {
        let given = rules::services(&item).find(|service| found.services.contains_key(*service));
        let Some(service) = given.or_else(|| rules::services(&item).next()) else { continue };
        let entry = MissingPrices { service, given: given.is_some(), items: Vec::new() };
        let items = &mut missing.entry(service).or_insert(entry).items;
        items.extend(lacking(&item, found.services.get(service).map(|service| &service.places), prices));
    }
    missing.into_values().filter(|missing| !missing.items.is_empty()).collect()
}

/// An item where it has no price, of the places that its service has prices of.
fn lacking(item: &str, places: Option<&BTreeSet<String>>, prices: &Prices) -> Vec<String> {
    let has = |place: &str| prices.contains_key(&(item.to_owned(), place.to_owned()));
    let regions = || places.into_iter().flatten().filter(|place| *place != ANYWHERE);
    if has(ANYWHERE) {
        Vec::new()
    } else if regions().next().is_none() {
        vec![item.to_owned()]
    } else {
        regions().filter(|place| !has(place)).map(|place| at(item, place)).collect()
    }
}

fn at(item: &str, place: &str) -> String {
    if place == ANYWHERE { item.to_owned() } else { format!("{item} in {place}") }
}
