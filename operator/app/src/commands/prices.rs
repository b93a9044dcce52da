//! `--prices`: what AWS asks, where it is not what the table that travels with Terrace says.

use std::path::PathBuf;

use clap::Args;
use terrace_views::plan::Prices;

/// The flag of every command that says what things cost.
#[derive(Clone, Debug, Default, Args)]
#[group(id = "priced")]
pub struct Flags {
    /// A file of prices that go before those that travel with Terrace, in the same form.
    #[arg(long)]
    pub prices: Option<PathBuf>,
}

impl Flags {
    /// All prices that are known.
    ///
    /// # Errors
    /// A sentence on what is wrong with the file.
    pub fn read(&self) -> Result<Prices, String> {
        let Some(file) = &self.prices else { return Ok(Prices::shipped()) };
        let said = |error: &dyn std::fmt::Display| format!("--prices {}: {error}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| said(&error))?;
        Prices::shipped().with(&text).map_err(|error| said(&error))
    }
}
