//! `terrace prices`: a table for `--prices`, from the files of AWS's own price list.

use std::path::PathBuf;

use clap::Args;
use terrace_views::plan::from_offers;

use super::look::{Output, written};

/// Flags of `terrace prices`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// Files of AWS's price list in CSV, one of a service and region, as AWS publishes them at
    /// https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonRDS/current/eu-central-1/index.csv
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// How it is written: text is the table, with what it lacks on standard error.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// The table. What is to be known of it is told on standard error.
///
/// # Errors
/// A sentence: a file that cannot be read, or is none of AWS's price list.
pub fn prices(flags: &Flags) -> Result<String, String> {
    let read = |file: &PathBuf| {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
        Ok((name, text))
    };
    let files = flags.files.iter().map(read).collect::<Result<Vec<_>, String>>()?;
    let drawn = from_offers(&files)?;
    if flags.output == Output::Text {
        drawn.remarks().iter().for_each(|remark| eprintln!("{remark}"));
    }
    written(flags.output, &drawn, || drawn.table.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_or_is_none_of_aws_is_refused_in_a_sentence() {
        let of = |file: &str| prices(&Flags { files: vec![file.into()], output: Output::Text }).unwrap_err();
        assert_eq!(of("no/such/file.csv"), "no/such/file.csv: No such file or directory (os error 2)");
        assert!(of("Cargo.toml").starts_with("Cargo.toml is not an offer file of AWS's price list: fetch index.csv"));
    }
}
