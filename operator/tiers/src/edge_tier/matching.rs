//! What a rule of the firewall matches, in AWS WAF's statements.

use terrace_crds::edge_tier::{FirewallRule, TextMatch};
use terrace_model::Val;
use terrace_model::aws::wafv2::{FieldToMatch, IpSet, Statement};

use super::GLOBAL;
use super::design::Design;
use super::firewall::SCOPE;
use crate::draft::Draft;

/// All that the rule says must be so.
pub(super) fn statement(draft: &mut Draft, design: &Design, rule: &FirewallRule) -> Statement {
    let what = &rule.match_;
    let mut all: Vec<Statement> = Vec::new();
    all.extend(addresses(draft, design, rule));
    if !what.countries.is_empty() {
        all.push(Statement::GeoMatch { country_codes: what.countries.iter().cloned().collect() });
    }
    if let Some(method) = &what.method {
        all.push(Statement::ByteMatch {
            field_to_match: FieldToMatch::Method,
            search_string: method.clone(),
            positional_constraint: "EXACTLY".into(),
            text_transformations: vec!["NONE".into()],
        });
    }
    all.extend(what.path.as_ref().map(|path| text(FieldToMatch::UriPath, path, true)));
    all.extend(what.query_string.as_ref().map(|query| match &query.name {
        Some(name) => text(FieldToMatch::SingleQueryArgument(name.to_lowercase()), &query.text, true),
        None => text(FieldToMatch::QueryString, &query.text, true),
    }));
    let header = what.header.as_ref();
    all.extend(header.map(|one| text(FieldToMatch::SingleHeader(one.name.to_lowercase()), &one.text, false)));
    together(all, Statement::And)
}

/// A statement of several; AWS takes no junction of one.
fn together(mut all: Vec<Statement>, junction: fn(Vec<Statement>) -> Statement) -> Statement {
    if all.len() == 1 { all.remove(0) } else { junction(all) }
}

/// A set holds addresses of one version of IP.
fn addresses(draft: &mut Draft, design: &Design, rule: &FirewallRule) -> Option<Statement> {
    let (v6, v4): (Vec<&String>, Vec<&String>) = rule.match_.ip.iter().partition(|block| block.contains(':'));
    let mut sets = Vec::new();
    for (suffix, version, blocks) in [("v4", "IPV4", v4), ("v6", "IPV6", v6)] {
        if blocks.is_empty() {
            continue;
        }
        let want = IpSet {
            scope: SCOPE.into(),
            description: design.title(),
            ip_address_version: version.into(),
            addresses: blocks.into_iter().cloned().collect(),
            tags: draft.tags(),
        };
        let arn: Val<String> = draft.add_in(GLOBAL, &format!("addresses-{}-{suffix}", rule.name), want).out(IpSet::ARN);
        sets.push(Statement::IpSetReference { arn });
    }
    (!sets.is_empty()).then(|| together(sets, Statement::Or))
}

/// Lower or upper case does not matter; what is encoded for a URL is decoded first.
fn text(field_to_match: FieldToMatch, wished: &TextMatch, encoded: bool) -> Statement {
    let ways = [
        ("EXACTLY", &wished.exact),
        ("STARTS_WITH", &wished.starts_with),
        ("ENDS_WITH", &wished.ends_with),
        ("CONTAINS", &wished.contains),
    ];
    let said = ways.into_iter().find_map(|(way, text)| Some((way, text.as_ref()?)));
    let (way, text) = said.map_or(("EXACTLY", ""), |(way, text)| (way, text.as_str()));
    let transformations: &[&str] = if encoded { &["URL_DECODE", "LOWERCASE"] } else { &["LOWERCASE"] };
    Statement::ByteMatch {
        field_to_match,
        search_string: text.to_lowercase(),
        positional_constraint: way.into(),
        text_transformations: transformations.iter().map(|name| (*name).to_owned()).collect(),
    }
}
