//! What AWS asks: a dated table of list prices, and files that say otherwise.

use std::collections::BTreeMap;

use jiff::civil::Date;

/// The table that travels with Terrace; its first lines say where its figures are from.
const SHIPPED: &str = include_str!("prices.csv");

/// The column of what costs the same everywhere.
pub(super) const ANYWHERE: &str = "*";

/// A month in hours, as AWS counts it in its own calculator.
pub const HOURS: f64 = 730.0;

/// List prices in USD. Of several tables that have a price, the first holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices(Vec<Table>);

#[derive(Clone, Debug, PartialEq)]
struct Table {
    as_of: Date,
    /// What the lines are sold by, by item.
    units: BTreeMap<String, String>,
    /// USD by item and region.
    usd: BTreeMap<(String, String), f64>,
}

/// A price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate<'a> {
    pub usd: f64,
    /// As `hour` or `GiB-month`.
    pub unit: &'a str,
    pub as_of: Date,
}

impl Prices {
    /// The table that travels with Terrace. No price is known in the regions that it does not name.
    pub fn shipped() -> Self {
        // That it can be read is tested.
        Prices(Table::read(SHIPPED).into_iter().collect())
    }

    /// With the prices of a file before these; `prices.csv` beside this source shows the form.
    ///
    /// # Errors
    /// The number of the line that is none, and what is wrong with it, in a sentence.
    pub fn with(mut self, file: &str) -> Result<Self, String> {
        self.0.insert(0, Table::read(file)?);
        Ok(self)
    }

    pub(super) fn rate(&self, item: &str, region: &str) -> Option<Rate<'_>> {
        let of = |table: &'_ Table, region: &str| table.usd.get(&(item.to_owned(), region.to_owned())).copied();
        self.0.iter().find_map(|table| {
            let usd = of(table, region).or_else(|| of(table, ANYWHERE))?;
            Some(Rate { usd, unit: table.units.get(item)?, as_of: table.as_of })
        })
    }
}

/// The items of the table that travels with Terrace, and what each is sold by.
pub(super) fn shipped_units() -> BTreeMap<String, String> {
    Table::read(SHIPPED).map(|table| table.units).unwrap_or_default()
}

impl Rate<'_> {
    /// USD a month for one; none for what is not sold by the hour or the month.
    pub fn monthly(&self) -> Option<f64> {
        match self.unit.rsplit('-').next() {
            Some("hour") => Some(self.usd * HOURS),
            Some("month") => Some(self.usd),
            _ => None,
        }
    }
}

impl Table {
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let mut lines = (1..).zip(text.lines().map(fields)).filter(|(_, fields)| fields.is_some());
        let mut next = || lines.next().and_then(|(number, fields)| Some((number, fields?)));
        let as_of = date(next())?;
        let regions = heading(next())?;
        let mut table = Table { as_of, units: BTreeMap::new(), usd: BTreeMap::new() };
        while let Some((number, fields)) = next() {
            table.add(&fields, &regions).map_err(|why| format!("line {number}: {why}"))?;
        }
        Ok(table)
    }

    fn add(&mut self, fields: &[&str], regions: &[String]) -> Result<(), String> {
        let [item, unit, prices @ ..] = fields else {
            return Err("an item, a unit and prices are expected, between commas".into());
        };
        if item.is_empty() || unit.is_empty() {
            return Err("an item and the unit that it is sold by are expected before the prices".into());
        }
        if prices.len() > regions.len() {
            return Err(format!("there are {} prices, and {} regions in the heading", prices.len(), regions.len()));
        }
        if self.units.insert((*item).to_owned(), (*unit).to_owned()).is_some() {
            return Err(format!("{item} has a line already"));
        }
        for (price, region) in prices.iter().zip(regions).filter(|(price, _)| !price.is_empty()) {
            let usd = price.parse().ok().filter(|usd: &f64| usd.is_finite() && *usd >= 0.0);
            let usd = usd.ok_or_else(|| format!("{price:?} is not a price in USD, as 0.0225"))?;
            self.usd.insert(((*item).to_owned(), region.clone()), usd);
        }
        Ok(())
    }
}

/// What stands between the commas; none where there is nothing but a remark. Spreadsheets put quotes about it.
fn fields(line: &str) -> Option<Vec<&str>> {
    let line = line.trim();
    let blank = line.is_empty() || line.trim_start_matches('"').starts_with('#') || line.chars().all(|c| c == ',');
    (!blank).then(|| line.split(',').map(|field| field.trim().trim_matches('"').trim()).collect())
}

type Line<'a> = Option<(usize, Vec<&'a str>)>;

fn date(line: Line) -> Result<Date, String> {
    let expected = |number| format!("line {number}: as of,YYYY-MM-DD is expected first, the day of the prices");
    let Some((number, fields)) = line else { return Err(expected(1)) };
    match fields[..] {
        ["as of", day, ..] => day.parse().map_err(|_| expected(number)),
        _ => Err(expected(number)),
    }
}

fn heading(line: Line) -> Result<Vec<String>, String> {
    let expected = |number| format!("line {number}: item,unit and the regions that follow are expected as the heading");
    let Some((number, fields)) = line else { return Err(expected(2)) };
    let ["item", "unit", regions @ ..] = &fields[..] else { return Err(expected(number)) };
    let twice = (1..regions.len()).find(|at| regions[..*at].contains(&regions[*at]));
    match twice {
        _ if regions.is_empty() || regions.contains(&"") => Err(expected(number)),
        Some(at) => Err(format!("line {number}: {} has two columns", regions[at])),
        None => Ok(regions.iter().map(|region| (*region).to_owned()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(prices: &Prices, item: &str, region: &str) -> Option<f64> {
        prices.rate(item, region).map(|rate| rate.usd)
    }

    #[test]
    fn the_table_that_is_shipped_can_be_read_and_has_both_regions() {
        let table = Table::read(SHIPPED).expect("a table");
        assert!(table.usd.len() > 150, "{}", table.usd.len());
        let prices = Prices::shipped();
        assert_eq!(usd(&prices, "elbv2/application", "us-east-1"), Some(0.0225));
        assert_eq!(usd(&prices, "elbv2/application", "eu-west-1"), Some(0.0252));
        assert_eq!(usd(&prices, "elbv2/application", "mars-north-1"), None);
        assert_eq!(usd(&prices, "wafv2/rule", "mars-north-1"), Some(1.0));
        for (item, unit) in &table.units {
            assert!(table.usd.keys().any(|(priced, _)| priced == item), "{item} has no price at all");
            assert!(unit.chars().all(|c| c.is_alphanumeric() || c == '-' || c == ' '), "{item}: {unit}");
        }
    }

    #[test]
    fn valkey_costs_a_fifth_less_than_redis_oss_wherever_both_are_listed() {
        let table = Table::read(SHIPPED).expect("a table");
        let pairs = table.usd.iter().filter_map(|((item, region), redis)| {
            let valkey = item.strip_prefix("elasticache/redis/").map(|node| format!("elasticache/valkey/{node}"))?;
            Some((item, redis, table.usd.get(&(valkey, region.clone()))?))
        });
        for (item, redis, valkey) in pairs {
            assert!((redis * 0.8 - valkey).abs() < 1e-4, "{item}: {redis} and {valkey}");
        }
    }

    #[test]
    fn a_file_says_otherwise_and_leaves_the_rest() {
        let file = "\u{feff}# ours\r\nas of,2026-11-01,\r\n\r\nitem,unit,us-east-1,ap-south-1\r\n\
                    \"elbv2/application\",hour,0.02,\r\nown/thing, GiB-month ,,\"0.5\"\r\n";
        let prices = Prices::shipped().with(file).expect("a file");
        assert_eq!(usd(&prices, "elbv2/application", "us-east-1"), Some(0.02));
        assert_eq!(usd(&prices, "elbv2/application", "eu-west-1"), Some(0.0252));
        assert_eq!(usd(&prices, "own/thing", "us-east-1"), None);
        let own = prices.rate("own/thing", "ap-south-1").expect("a price");
        assert_eq!((own.unit, own.as_of.to_string().as_str(), own.monthly()), ("GiB-month", "2026-11-01", Some(0.5)));
    }

    #[test]
    fn what_is_sold_by_the_hour_is_sold_for_730_hours_a_month() {
        let monthly = |unit| Rate { usd: 2.0, unit, as_of: Date::constant(2026, 1, 1) }.monthly();
        assert_eq!(["hour", "vCPU-hour", "month", "IOPS-month"].map(monthly), [1460.0, 1460.0, 2.0, 2.0].map(Some));
        assert_eq!(["GB", "million requests", "hours", ""].map(monthly), [None; 4]);
    }

    #[test]
    fn what_is_no_table_is_told_with_the_line_and_never_a_panic() {
        let read = |text: &str| Prices::default().with(text).map(|_| ()).expect_err("no table");
        let head = "as of,2026-11-01\nitem,unit,us-east-1\n";
        assert_eq!(read(""), "line 1: as of,YYYY-MM-DD is expected first, the day of the prices");
        assert_eq!(read("# a\nas of,soon"), "line 2: as of,YYYY-MM-DD is expected first, the day of the prices");
        assert!(read("as of,2026-11-01").starts_with("line 2: item,unit and the regions"));
        assert!(read("as of,2026-11-01\n\nitem,unit").starts_with("line 3: item,unit and the regions"));
        assert_eq!(read("as of,2026-11-01\nitem,unit,a,b,a"), "line 2: a has two columns");
        assert_eq!(read(&format!("{head}x,hour,cheap")), "line 3: \"cheap\" is not a price in USD, as 0.0225");
        for price in ["-1", "inf", "NaN", "1e999", "1 USD"] {
            assert!(read(&format!("{head}# r\n\nx,hour,{price}")).starts_with("line 5: "), "{price}");
        }
        assert_eq!(read(&format!("{head}x,hour,1,2")), "line 3: there are 2 prices, and 1 regions in the heading");
        assert_eq!(read(&format!("{head}x,hour,1\nx,hour,2")), "line 4: x has a line already");
        assert!(read(&format!("{head}x")).starts_with("line 3: an item, a unit and prices"));
        assert!(read(&format!("{head},hour,1")).starts_with("line 3: an item and the unit"));
    }
}
