//! Prices as they are found in one file after another.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

/// An item and where its price holds.
pub(super) type Key = (String, String);

/// What the files had.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The services, the days on which their files were published, and the regions that they had prices of.
    pub services: BTreeMap<String, Service>,
    prices: BTreeMap<Key, Tiers>,
}

/// What there was of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct Service {
    pub published: BTreeSet<Date>,
    pub places: BTreeSet<String>,
}

/// The tiers of an item's price: of each product the one that is paid for first.
#[derive(Clone, Debug, Default)]
struct Tiers {
    unit: &'static str,
    first: BTreeMap<String, Tier>,
}

/// From how many on, and the prices there, as bits: more than one where rows disagree.
#[derive(Clone, Debug)]
struct Tier {
    from: f64,
    usd: BTreeSet<u64>,
}

impl Found {
    /// Notes a file of a service.
    pub fn open(&mut self, service: &str, published: Date) {
        self.services.entry(service.to_owned()).or_default().published.insert(published);
    }

    /// Notes a price: that of a product, from so many on, in USD. Nothing is no price: it is that of a free share, which a
    /// tier that is paid for follows, or of what a reservation has paid for.
    pub fn add(&mut self, service: &str, key: Key, unit: &'static str, (sku, from, usd): (&str, f64, f64)) {
        if usd <= 0.0 {
            return;
        }
        self.services.entry(service.to_owned()).or_default().places.insert(key.1.clone());
        let tiers = self.prices.entry(key).or_default();
        tiers.unit = unit;
        let tier = tiers.first.entry(sku.to_owned()).or_insert_with(|| Tier { from, usd: BTreeSet::new() });
        if from < tier.from {
            *tier = Tier { from, usd: BTreeSet::new() };
        }
        if from <= tier.from {
            tier.usd.insert(usd.to_bits());
        }
    }

    /// The prices that are beyond doubt, each with its unit, and the items and places of which AWS's rows say two.
    pub fn settled(&self) -> (BTreeMap<Key, (&'static str, f64)>, Vec<&Key>) {
        let (mut settled, mut disputed) = (BTreeMap::new(), Vec::new());
        for (key, tiers) in &self.prices {
            let usd: BTreeSet<u64> = tiers.first.values().flat_map(|tier| &tier.usd).copied().collect();
            match usd.first() {
                Some(usd_bits) if usd.len() == 1 => {
                    settled.insert(key.clone(), (tiers.unit, f64::from_bits(*usd_bits)));
                }
                _ => disputed.push(key),
            }
        }
        (settled, disputed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(rows: &[(&str, f64, f64)]) -> Result<f64, usize> {
        let mut found = Found::default();
        for row in rows {
            found.add("S", ("item".to_owned(), "here".to_owned()), "hour", *row);
        }
        let (settled, disputed) = found.settled();
        settled.values().next().map(|(_, usd)| *usd).ok_or(disputed.len())
    }

    #[test]
    fn the_first_tier_that_is_paid_for_is_the_price() {
        assert_eq!(settled(&[("A", 51_200.0, 0.022), ("A", 0.0, 0.023), ("A", 512_000.0, 0.021)]), Ok(0.023));
        assert_eq!(settled(&[("A", 0.0, 0.0), ("A", 50.0, 0.5)]), Ok(0.5));
        assert_eq!(settled(&[("A", 0.0, 0.0)]), Err(0));
    }

    #[test]
    fn products_that_agree_have_a_price_and_those_that_do_not_have_none() {
        assert_eq!(settled(&[("A", 0.0, 0.1), ("B", 0.0, 0.1)]), Ok(0.1));
        assert_eq!(settled(&[("A", 0.0, 0.1), ("B", 0.0, 0.2)]), Err(1));
        assert_eq!(settled(&[("A", 0.0, 0.1), ("A", 0.0, 0.2)]), Err(1));
    }
}
