//! An offer file of AWS: what its first lines say of it, and its rows, whose columns are found by their headings.
//!
//! The AWS Billing User Guide describes the form ("AWS Price List Bulk API").

use std::collections::HashMap;

use csv::{Reader, ReaderBuilder, StringRecord};
use jiff::civil::Date;

/// Where one is to be had from.
pub(super) const WHERE: &str =
    "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonRDS/current/eu-central-1/index.csv";

/// Without these columns nothing can be said.
const COLUMNS: &[&str] = &["SKU", "TermType", "Unit", "PricePerUnit", "Currency", "usageType", "Region Code"];

/// A file that was opened.
pub(super) struct File<'a> {
    pub name: &'a str,
    /// Which service it is of, as `AmazonRDS`.
    pub code: String,
    pub published: Date,
    columns: HashMap<String, usize>,
    rows: Reader<&'a [u8]>,
}

/// A price, of one tier, with all that is said of what it is for.
pub(super) struct Row<'a> {
    fields: &'a StringRecord,
    columns: &'a HashMap<String, usize>,
}

impl<'a> File<'a> {
    /// Reads the first lines.
    ///
    /// # Errors
    /// What is wrong with the file, and what to do, in a sentence.
    pub fn open(name: &'a str, text: &'a str) -> Result<Self, String> {
        // A mark of the byte order is none of its fields.
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().starts_with('{') {
            return Err(format!("{name} is in JSON: fetch the file that ends in index.csv in the place of index.json"));
        }
        let none =
            || format!("{name} is not an offer file of AWS's price list: fetch index.csv of a service, as {WHERE}");
        let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let (mut fields, mut said) = (StringRecord::new(), HashMap::new());
        loop {
            let more = rows.read_record(&mut fields).map_err(|_| none())?;
            match (fields.get(0), fields.get(1)) {
                (Some("SKU"), _) => break,
                (Some(key), Some(value)) if more && fields.len() == 2 => said.insert(key.to_owned(), value.to_owned()),
                _ => return Err(none()),
            };
        }
        let code = said.remove("OfferCode").ok_or_else(none)?;
        let published = said.get("Publication Date").and_then(|date| date.get(..10)?.parse().ok());
        let published = published.ok_or_else(|| format!("{name} bears no Publication Date: fetch it anew"))?;
        let columns: HashMap<_, _> = fields.iter().map(str::to_owned).zip(0..).collect();
        if let Some(lacking) = COLUMNS.iter().find(|column| !columns.contains_key(**column)) {
            return Err(format!("{name} has no column {lacking:?}: fetch it anew, AWS's present files have one"));
        }
        Ok(File { name, code, published, columns, rows })
    }

    /// Calls on every row.
    ///
    /// # Errors
    /// The first that the callee answers, with the file and the line; or that the file is not whole.
    pub fn each(&mut self, mut take: impl FnMut(&Row) -> Result<(), String>) -> Result<(), String> {
        let (name, mut fields) = (self.name, StringRecord::new());
        loop {
            let more = self.rows.read_record(&mut fields).map_err(|error| format!("{name}: {error}: fetch it anew"))?;
            if !more {
                return Ok(());
            }
            let line = fields.position().map_or(0, csv::Position::line);
            if fields.len() < self.columns.len() {
                return Err(format!("{name} breaks off in line {line}: fetch it anew, it did not come whole"));
            }
            let row = Row { fields: &fields, columns: &self.columns };
            take(&row).map_err(|why| format!("{name}, line {line}: {why}"))?;
        }
    }
}

impl Row<'_> {
    /// A field; empty where the file has no such column.
    pub fn get(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|at| self.fields.get(*at)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "\"FormatVersion\",\"v1.0\"\n\"Disclaimer\",\"This pricing list is for information, only.\"\n\
        \"Publication Date\",\"2026-09-04T23:11:17Z\"\n\"Version\",\"20260904231117\"\n\"OfferCode\",\"AmazonRDS\"\n";
    const HEADING: &str = "\"SKU\",\"TermType\",\"Unit\",\"PricePerUnit\",\"Currency\",\"usageType\",\"Region Code\"\n";

    fn open(text: &str) -> Result<(), String> {
        File::open("rds.csv", text).map(|_| ())
    }

    #[test]
    fn its_first_lines_say_what_it_is_and_columns_go_by_their_headings() {
        let text = format!("{HEAD}{HEADING}\"A\",\"OnDemand\",\"Hrs\",\"0.29\",\"USD\",\"U\",\"eu-central-1\"\n\n");
        let mut file = File::open("rds.csv", &text).expect("a file");
        assert_eq!((file.code.as_str(), file.published.to_string().as_str()), ("AmazonRDS", "2026-09-04"));
        let mut seen = Vec::new();
        file.each(|row| {
            seen.push((row.get("PricePerUnit").to_owned(), row.get("Group").to_owned()));
            Ok(())
        })
        .expect("rows");
        assert_eq!(seen, [("0.29".to_owned(), String::new())]);
    }

    #[test]
    fn what_is_no_offer_file_is_told_with_what_to_do() {
        assert!(open("{\n \"formatVersion\" : \"v1.0\"").is_err_and(|why| why.contains("in JSON: fetch the file")));
        for text in ["", "as of,2026-10-02\nitem,unit,x\n", "<html>", HEAD, HEADING, "\"a"] {
            let why = open(text).expect_err("no file");
            assert!(why.starts_with("rds.csv is not an offer file of AWS's price list: fetch index.csv"), "{why}");
        }
        let undated = format!("{HEAD}{HEADING}").replace("2026-09", "soon");
        assert_eq!(open(&undated), Err("rds.csv bears no Publication Date: fetch it anew".to_owned()));
        let old = format!("{HEAD}{HEADING}").replace(",\"Region Code\"", "");
        assert!(open(&old).is_err_and(|why| why.starts_with("rds.csv has no column \"Region Code\": ")));
    }

    #[test]
    fn what_did_not_come_whole_is_told_with_its_line() {
        for end in ["\"A\",\"OnDemand\",\"Hrs\",\"0.2", "\"A\",\"OnDemand\",\"Hrs\""] {
            let text = format!("{HEAD}{HEADING}{end}");
            let why = File::open("rds.csv", &text).expect("its head").each(|_| Ok(())).expect_err("it is cut");
            assert_eq!(why, "rds.csv breaks off in line 7: fetch it anew, it did not come whole");
        }
        let text = format!("{HEAD}{HEADING}\"A\",\"B\",\"C\",\"D\",\"E\",\"F\",\"G\"");
        let why = File::open("rds.csv", &text).expect("its head").each(|_| Err("no".into()));
        assert_eq!(why, Err("rds.csv, line 7: no".to_owned()));
    }
}
