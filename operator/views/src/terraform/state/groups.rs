//! Parameter groups, subnet groups and security groups, in the words of their types in [`terrace_model::aws`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::attributes::Attributes;

/// `aws_db_parameter_group`, `aws_elasticache_parameter_group`.
pub fn parameters(attributes: &Attributes) -> Map<String, Value> {
    let mut known = attributes.renamed(&[("family", "family"), ("description", "description")]);
    let pair = |block: &Attributes| Some((block.text("name")?.to_owned(), block.get("value")?.as_str()?.to_owned()));
    let values: BTreeMap<String, String> = attributes.blocks("parameter").iter().filter_map(pair).collect();
    known.insert("parameters".into(), values.into_iter().map(|(name, value)| (name, Value::from(value))).collect());
    known.insert("tags".into(), attributes.tags());
    known
}

/// `aws_db_subnet_group`, `aws_elasticache_subnet_group`.
pub fn subnets(attributes: &Attributes) -> Map<String, Value> {
    let mut known = attributes.renamed(&[("description", "description"), ("subnet_ids", "subnetIds")]);
    known.insert("tags".into(), attributes.tags());
    known
}

/// `aws_security_group`, without its rules.
pub fn security(attributes: &Attributes) -> Map<String, Value> {
    let mut known = attributes.renamed(&[("description", "description"), ("vpc_id", "vpcId")]);
    known.insert("tags".into(), attributes.tags());
    known
}
