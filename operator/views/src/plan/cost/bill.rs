//! What one resource costs, as it is added up.

use std::collections::BTreeSet;

use serde_json::Value;

use super::prices::Prices;

/// A resource as it is or is to be, among those of its object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resource<'a> {
    pub kind: &'a str,
    /// As the kind's type in `terrace_model::aws` is written. What is not known yet is null.
    pub fields: &'a Value,
    /// All resources of the object at the same time, this one among them.
    pub all: &'a [Part],
}

/// A resource of an object.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub kind: String,
    pub fields: Value,
}

impl<'a> Resource<'a> {
    /// A text; empty where there is none.
    pub fn text(&self, field: &str) -> &'a str {
        self.fields[field].as_str().unwrap_or_default()
    }

    pub fn number(&self, field: &str) -> Option<f64> {
        self.fields[field].as_f64()
    }

    pub fn is(&self, field: &str) -> bool {
        self.fields[field] == Value::Bool(true)
    }

    /// How many there are in a list or a map.
    pub fn count(&self, field: &str) -> f64 {
        let field = &self.fields[field];
        let count = field.as_array().map_or_else(|| field.as_object().map_or(0, |map| map.len()), Vec::len);
        count as f64
    }

    /// Resources of a kind in the same object.
    pub fn beside(&self, kind: &str) -> impl Iterator<Item = Resource<'a>> {
        let all = self.all;
        all.iter().filter(move |part| part.kind == kind).map(move |part| part.among(all))
    }
}

impl Part {
    /// As a resource among those of its object.
    pub fn among<'a>(&'a self, all: &'a [Part]) -> Resource<'a> {
        Resource { kind: &self.kind, fields: &self.fields, all }
    }
}

/// The sum so far, and what is to be known of it.
#[derive(Clone, Debug)]
pub(super) struct Bill<'a> {
    prices: &'a Prices,
    region: &'a str,
    /// USD a month.
    pub usd: f64,
    /// What could not be priced.
    pub unknown: BTreeSet<String>,
    /// What hangs on use, and counts as nothing.
    pub by_use: BTreeSet<String>,
    pub assumed: BTreeSet<String>,
    /// The days of the prices.
    pub as_of: BTreeSet<String>,
}

impl<'a> Bill<'a> {
    /// An empty one.
    pub fn new(prices: &'a Prices, region: &'a str) -> Self {
        let none = BTreeSet::new;
        Bill { prices, region, usd: 0.0, unknown: none(), by_use: none(), assumed: none(), as_of: none() }
    }

    /// Adds so many of an item that is sold by the hour or the month, for a month.
    pub fn add(&mut self, item: &str, quantity: f64) {
        let rate = self.prices.rate(item, self.region);
        let monthly = rate.and_then(|rate| Some((rate.monthly()?, rate.as_of)));
        match (monthly, rate) {
            _ if quantity == 0.0 => {}
            (Some((monthly, as_of)), _) => {
                self.usd += monthly * quantity;
                self.as_of.insert(as_of.to_string());
            }
            (None, Some(rate)) => {
                self.lacks(format!("the price of {item} is one for each {}, not for each hour or month", rate.unit));
            }
            (None, None) => self.lacks(format!("no price of {item} in {}", self.region)),
        }
    }

    /// Whether there is a price of an item.
    pub fn knows(&self, item: &str) -> bool {
        self.prices.rate(item, self.region).is_some()
    }

    /// Says that something is paid for as it is used, and its price where that is known.
    pub fn by_use(&mut self, words: &str, item: &str) {
        let Some(rate) = self.prices.rate(item, self.region) else {
            self.by_use.insert(words.to_owned());
            return;
        };
        self.by_use.insert(format!("{words} at {} USD for each {}", rate.usd, rate.unit));
        self.as_of.insert(rate.as_of.to_string());
    }

    /// Says that something is paid for elsewhere as it is used.
    pub fn elsewhere(&mut self, words: impl Into<String>) {
        self.by_use.insert(words.into());
    }

    /// Names an assumption.
    pub fn assume(&mut self, words: impl Into<String>) {
        self.assumed.insert(words.into());
    }

    /// Says why the sum is not known.
    pub fn lacks(&mut self, why: impl Into<String>) {
        self.unknown.insert(why.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn prices() -> Prices {
        let file = "as of,2026-11-01\nitem,unit,here\nnode,hour,0.1\ndisk,GiB-month,0.5\nrequests,million requests,0.6";
        Prices::default().with(file).expect("a table")
    }

    #[test]
    fn hours_and_months_are_added_up() {
        let prices = prices();
        let mut bill = Bill::new(&prices, "here");
        bill.add("node", 2.0);
        bill.add("disk", 100.0);
        assert!((bill.usd - 196.0).abs() < 1e-9 && bill.unknown.is_empty());
        assert_eq!(bill.as_of, BTreeSet::from(["2026-11-01".to_owned()]));
    }

    #[test]
    fn what_has_no_price_is_unknown_unless_there_is_none_of_it() {
        let prices = prices();
        let mut bill = Bill::new(&prices, "there");
        bill.add("node", 0.0);
        assert!(bill.unknown.is_empty());
        bill.add("node", 1.0);
        assert_eq!(bill.unknown, BTreeSet::from(["no price of node in there".to_owned()]));
        let mut bill = Bill::new(&prices, "here");
        bill.add("requests", 1.0);
        let why = "the price of requests is one for each million requests, not for each hour or month";
        assert_eq!((bill.usd, bill.unknown), (0.0, BTreeSet::from([why.to_owned()])));
    }

    #[test]
    fn what_hangs_on_use_has_its_price_where_there_is_one() {
        let prices = prices();
        let mut bill = Bill::new(&prices, "here");
        bill.by_use("requests", "requests");
        bill.by_use("traffic", "traffic");
        let said: Vec<_> = bill.by_use.iter().map(String::as_str).collect();
        assert_eq!(said, ["requests at 0.6 USD for each million requests", "traffic"]);
    }

    #[test]
    fn fields_that_are_not_there_or_something_else_are_nothing() {
        let parts = [Part { kind: "a".into(), fields: json!({"n": "x", "list": [1, 2], "b": 1}) }];
        let part = parts[0].among(&parts);
        assert_eq!((part.text("b"), part.number("n"), part.is("b")), ("", None, false));
        assert_eq!((part.count("list"), part.count("n"), part.count("none")), (2.0, 0.0, 0.0));
        assert_eq!((part.beside("a").count(), part.beside("b").count()), (1, 0));
    }
}
