//! The `provider` blocks of an export: one for each account and region, with aliases where there are several.

use std::collections::BTreeSet;

use super::hcl;

/// An account, where it is known, and a region.
pub type Place = (Option<String>, String);

/// All accounts and regions of an export.
pub struct Providers(BTreeSet<Place>);

impl Providers {
    /// Of these places, in any order.
    pub fn new(places: impl IntoIterator<Item = Place>) -> Self {
        Providers(places.into_iter().collect())
    }

    /// What an `import` block says of its provider: `aws.eu_west_1`, with the account where there are several; nothing where
    /// there is one provider only.
    pub fn reference(&self, place: &Place) -> Option<String> {
        self.alias(place).map(|alias| format!("aws.{alias}"))
    }

    fn alias(&self, (account, region): &Place) -> Option<String> {
        let accounts: BTreeSet<_> = self.0.iter().map(|(account, _)| account).collect();
        match (self.0.len(), accounts.len(), account) {
            (0 | 1, ..) => None,
            (_, 2.., Some(account)) => Some(hcl::name(&["account", account, region])),
            _ => Some(hcl::name(&[region])),
        }
    }

    /// The blocks.
    pub fn blocks(&self) -> String {
        let block = |place: &Place| {
            let mut lines = Vec::new();
            lines.extend(self.alias(place).map(|alias| ("alias", hcl::text(&alias))));
            lines.push(("region", hcl::text(&place.1)));
            lines.extend(place.0.as_ref().map(|account| ("allowed_account_ids", format!("[{}]", hcl::text(account)))));
            format!("provider \"aws\" {{\n{}}}\n\n", fields(&lines))
        };
        self.0.iter().map(block).collect()
    }
}

/// The fields of a block, with their equals signs one below the other, as `terraform fmt` has it.
pub fn fields(fields: &[(&str, String)]) -> String {
    let longest = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    fields.iter().map(|(name, value)| format!("  {name:longest$} = {value}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(account: &str, region: &str) -> Place {
        (Some(account.into()), region.into())
    }

    #[test]
    fn one_place_needs_no_alias() {
        let one = Providers::new([place("111122223333", "eu-west-1"), place("111122223333", "eu-west-1")]);
        assert_eq!(one.reference(&place("111122223333", "eu-west-1")), None);
        let block = "provider \"aws\" {\n  region              = \"eu-west-1\"\n  allowed_account_ids = [\"111122223333\"]\n}\n\n";
        assert_eq!(one.blocks(), block);
    }

    #[test]
    fn several_regions_have_aliases_and_several_accounts_are_told_apart_in_them() {
        let regions = Providers::new([place("1", "eu-west-1"), place("1", "us-east-1")]);
        assert_eq!(regions.reference(&place("1", "us-east-1")).as_deref(), Some("aws.us_east_1"));
        assert!(regions.blocks().contains("alias               = \"us_east_1\""));
        let accounts = Providers::new([place("1", "eu-west-1"), place("2", "eu-west-1")]);
        assert_eq!(accounts.reference(&place("2", "eu-west-1")).as_deref(), Some("aws.account_2_eu_west_1"));
    }
}
