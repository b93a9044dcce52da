//! A price table drawn from AWS's own price list, in the form of `prices.csv`.
//!
//! AWS publishes its list prices without an account, a file a service and region ("AWS Price List Bulk API" in the AWS
//! Billing User Guide).

mod file;
mod found;
mod rule;
mod rules;
#[cfg(test)]
mod sample;
mod table;
#[cfg(test)]
mod tests;

use file::{File, Row};
use found::Found;
pub use table::{DrawnPrices, MissingPrices};

/// Draws the table from offer files in CSV, each with the name by which a person knows it. Files of several services and
/// regions make one table with a column a region; what costs the same everywhere goes under `*`.
///
/// Prices are on demand and of the first tier that is paid for, so what is free at first is left out. Where AWS's rows say
/// two prices of one item, it has none here.
///
/// # Errors
/// A sentence that names the file, what is wrong with it, and what to do.
pub fn from_offers(files: &[(String, String)]) -> Result<DrawnPrices, String> {
    let mut found = Found::default();
    for (name, text) in files {
        read(&mut File::open(name, text)?, &mut found)?;
    }
    table::draw(&found)
}

fn read(file: &mut File, found: &mut Found) -> Result<(), String> {
    let Some(rules) = rules::of_service(&file.code) else {
        let services: Vec<&str> = rules::SERVICES.iter().map(|(code, _)| *code).collect();
        let (name, code, read) = (file.name, &file.code, services.join(", "));
        return Err(format!("{name} is of {code}, of which Terrace prices nothing: leave it out; it reads {read}"));
    };
    let code = file.code.clone();
    found.open(&code, file.published);
    file.each(|row| {
        if row.get("TermType") != "OnDemand" {
            return Ok(());
        }
        for rule in rules {
            if let Some((item, place)) = rule.takes(row) {
                let (usd, from) = price(row)?;
                found.add(&code, (item, place), rule.unit, (row.get("SKU"), from, rule.usd(usd, row.get("Unit"))));
            }
        }
        Ok(())
    })
}

/// USD for one of AWS's units, and from how many on in a month.
fn price(row: &Row) -> Result<(f64, f64), String> {
    let currency = row.get("Currency");
    if currency != "USD" {
        return Err(format!("its prices are in {currency}, and Terrace reckons in USD alone: leave the file out"));
    }
    let number = |column: &str, text: &str| match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err(format!("{text:?} is no {column}: fetch the file anew")),
    };
    let from = match row.get("StartingRange") {
        "" => 0.0,
        from => number("StartingRange", from)?,
    };
    Ok((number("PricePerUnit", row.get("PricePerUnit"))?, from))
}
