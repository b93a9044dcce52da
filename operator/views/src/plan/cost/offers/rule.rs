//! One rule: which rows of an offer file are the price of which item.

use super::file::Row;
use crate::plan::cost::prices::ANYWHERE;

/// Columns besides the usage type, and what one of them may say.
pub(super) type Also = &'static [(&'static str, &'static [&'static str])];

/// The mark of what is sold in regions, and before CloudFront, which has none.
const GLOBAL: &str = "Global-";
/// Where an item says the class of an instance or the type of a node.
const CLASS: &str = "{class}";

/// Rows of these are of something else that is sold by the same usage: an old version's support, another product.
const OTHERS: &[&str] = &["ExtendedSupport", "Outpost", "SyncDurability", "LimitlessPreview", "Reserved"];

/// A rule. A usage type is the surest sign of what a row is for: AWS bills by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// As `prices.csv` names it, with [`CLASS`] in the place of what the row says.
    pub item: &'static str,
    /// As `prices.csv` says it.
    pub unit: &'static str,
    /// Without the mark of the region before it, as in `EUC1-NodeUsage:cache.t4g.micro`. What ends in `*` goes on.
    pub usage: &'static str,
    pub also: Also,
    /// How many of AWS's units one of the item's is.
    pub many: f64,
    /// The same in every region: AWS gives no region, and no mark before the usage type.
    pub anywhere: bool,
}

/// A rule of something that is sold in regions.
pub(super) const fn of(item: &'static str, unit: &'static str, usage: &'static str, also: Also) -> Rule {
    Rule { item, unit, usage, also, many: 1.0, anywhere: false }
}

/// A rule of something that costs the same everywhere.
pub(super) const fn anywhere(item: &'static str, unit: &'static str, usage: &'static str) -> Rule {
    Rule { item, unit, usage, also: &[], many: 1.0, anywhere: true }
}

impl Rule {
    /// AWS sells it by one, `prices.csv` by so many.
    pub const fn by(self, many: f64) -> Self {
        Rule { many, ..self }
    }

    /// The item that a row is the price of, and where; none of another's.
    pub fn takes(&self, row: &Row) -> Option<(String, String)> {
        let usage = row.get("usageType");
        let plain = if self.anywhere { usage } else { without_region(usage.strip_prefix(GLOBAL).unwrap_or(usage)) };
        let fits = match self.usage.strip_suffix('*') {
            Some(begin) => plain.starts_with(begin),
            None => plain == self.usage,
        };
        let also = |(column, values): &(&str, &[&str])| values.contains(&row.get(column));
        if !fits || OTHERS.iter().any(|other| usage.contains(other)) || !self.also.iter().all(also) {
            return None;
        }
        if !is_sold_by(self.unit, row.get("Unit")) || row.get("License Model") == "Bring your own license" {
            return None;
        }
        let item = self.item.replace(CLASS, row.get("Instance Type"));
        Some((item, self.place(row)?.to_owned()))
    }

    /// Where a row's price holds. A local zone and an outpost are no region.
    fn place<'r>(&self, row: &'r Row) -> Option<&'r str> {
        match (row.get("Location Type"), row.get("Region Code")) {
            _ if self.anywhere || row.get("usageType").starts_with(GLOBAL) => Some(ANYWHERE),
            ("AWS Region", region) => Some(region).filter(|region| region.contains('-')),
            _ => None,
        }
    }

    /// USD for one of the item's units, of a row's price. RDS sells the throughput of a disk by MiB a second, EC2 by GiB.
    pub fn usd(&self, usd: f64, unit: &str) -> f64 {
        let share = if unit.to_ascii_lowercase().starts_with("gibps") { 1.0 / 1024.0 } else { 1.0 };
        (usd * self.many * share * 1e10).round() / 1e10
    }

    /// Whether an item is of this rule.
    pub fn names(&self, item: &str) -> bool {
        match self.item.split_once(CLASS) {
            None => item == self.item,
            Some((before, after)) => {
                let class = item.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                class.is_some_and(|class| class.contains('.') && !class.contains('/'))
            }
        }
    }
}

/// A usage type without the mark of its region: `EU` for Ireland, else letters and a number; Virginia often has none.
fn without_region(usage: &str) -> &str {
    let is_mark = |mark: &str| {
        let plain = mark.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        mark == "EU" || (mark.len() == 4 && plain && mark.ends_with(|last: char| last.is_ascii_digit()))
    };
    usage.split_once('-').filter(|(mark, _)| is_mark(mark)).map_or(usage, |(_, usage)| usage)
}

/// Whether AWS's unit may be ours. AWS writes an hour as `Hrs`, `hours` or `ACU-Hr`, and a month as `GB-Mo`; what is sold by
/// the piece a month bears the piece's name, as `Secrets`.
fn is_sold_by(ours: &str, theirs: &str) -> bool {
    let theirs = theirs.to_ascii_lowercase();
    let (hours, months) = (theirs.contains("hr") || theirs.contains("hour"), theirs.contains("-mo"));
    match ours.rsplit('-').next() {
        Some("hour") => hours,
        Some("month") if ours.contains('-') => months,
        _ => !hours && !months,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::offer;
    use super::*;

    const RULE: Rule =
        of("rds/postgres/{class}", "hour", "InstanceUsage:db.*", &[("Database Engine", &["PostgreSQL"])]);
    const ROW: &[(&str, &str)] = &[
        ("usageType", "EUC1-InstanceUsage:db.r8g.2xl"),
        ("Instance Type", "db.r8g.2xlarge"),
        ("Database Engine", "PostgreSQL"),
        ("License Model", "No license required"),
    ];

    /// What a rule makes of a row that says so, and otherwise something.
    fn taken(rule: Rule, row: &[(&str, &str)], but: (&str, &str)) -> Option<(String, String)> {
        let row: Vec<_> = row.iter().copied().filter(|(column, _)| *column != but.0).chain([but]).collect();
        let text = offer("AmazonRDS", &[&row]);
        let mut file = super::super::file::File::open("f", &text).expect("a file");
        let mut taken = None;
        file.each(|row| {
            taken = rule.takes(row);
            Ok(())
        })
        .expect("a row");
        taken
    }

    #[test]
    fn a_row_is_taken_by_its_usage_type_and_its_other_columns() {
        let found = Some(("rds/postgres/db.r8g.2xlarge".to_owned(), "eu-central-1".to_owned()));
        for usage in ["EUC1-InstanceUsage:db.r8g.2xl", "EU-InstanceUsage:db.r8g.2xl", "InstanceUsage:db.r8g.2xl"] {
            assert_eq!(taken(RULE, ROW, ("usageType", usage)), found, "{usage}");
        }
        for but in [
            ("usageType", "EUC1-Multi-AZUsage:db.r8g.2xl"),
            ("usageType", "EUC1-InstanceUsageIOOptimized:db.r8g.2xl"),
            ("usageType", "ExtendedSupport-InstanceUsage:db.r8g.2xl"),
            ("usageType", "EUC1-InstanceUsage:db.r8g.2xl-SyncDurability"),
            ("Database Engine", "MySQL"),
            ("License Model", "Bring your own license"),
            ("Location Type", "AWS Local Zone"),
            ("Location Type", "AWS Outposts"),
            ("Region Code", ""),
            ("Unit", "GB-Mo"),
        ] {
            assert_eq!(taken(RULE, ROW, but), None, "{but:?}");
        }
    }

    #[test]
    fn what_costs_the_same_everywhere_bears_no_mark_of_a_region() {
        let rule = anywhere("route53/queries", "million queries", "DNS-Queries").by(1e6);
        let row = &[("Unit", "Queries"), ("Region Code", ""), ("Location Type", "AWS Region")];
        assert_eq!(
            taken(rule, row, ("usageType", "DNS-Queries")),
            Some(("route53/queries".to_owned(), "*".to_owned()))
        );
        assert_eq!(taken(rule, row, ("usageType", "EUC1-DNS-Queries")), None);
        assert_eq!((rule.usd(0.000_000_4, "Queries"), RULE.usd(0.0160, "Hrs")), (0.4, 0.016));
    }

    #[test]
    fn units_that_measure_something_else_are_not_taken() {
        for (ours, theirs) in [
            ("hour", "Hrs"),
            ("ACU-hour", "ACU-Hr"),
            ("vCPU-hour", "hours"),
            ("GiB-month", "GB-Mo"),
            ("month", "Secrets"),
            ("month", "Month"),
            ("million requests", "IOs"),
            ("GB", "GB"),
        ] {
            assert!(is_sold_by(ours, theirs), "{ours} {theirs}");
        }
        for (ours, theirs) in [("hour", "Quantity"), ("month", "Hrs"), ("GB", "GB-Mo"), ("IOPS-month", "IOPS-Hrs")] {
            assert!(!is_sold_by(ours, theirs), "{ours} {theirs}");
        }
        let throughput = of("t", "MiBps-month", "t", &[]);
        assert_eq!((throughput.usd(0.08, "MBPS-Mo"), throughput.usd(81.92, "GiBps-mo")), (0.08, 0.08));
    }

    #[test]
    fn the_mark_of_a_region_is_no_part_of_a_usage_type() {
        assert_eq!(without_region("APN2-RDS:GP3-PIOPS"), "RDS:GP3-PIOPS");
        for same in ["Multi-AZUsage:db.m6g.large", "RDS:GP3-PIOPS", "US-DataTransfer-Out-Bytes", "TS-LoadBalancerUsage"]
        {
            assert_eq!(without_region(same), same);
        }
        assert!(RULE.names("rds/postgres/db.t4g.micro") && !RULE.names("rds/postgres/db.t4g.micro/multi-az"));
        assert!(!RULE.names("rds/mysql/db.t4g.micro") && !RULE.names("rds/postgres/x"));
    }
}
