//! The network that an Environment names: its VPC and subnets, which are looked at and never made.
//!
//! From the EC2 API reference, DescribeVpcs and DescribeSubnets.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{self, Filter};
use terrace_aws::Clients;
use terrace_aws::errors::classify;
use terrace_engine::Result;

use crate::{PAGE, client, filter};

/// IAM actions used.
pub const ACTIONS: &[&str] = &["ec2:DescribeSubnets", "ec2:DescribeVpcs"];

/// A VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    pub id: String,
    /// IPv4 ranges, the first one and those added since.
    pub cidr_blocks: BTreeSet<String>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    pub id: String,
    pub vpc_id: String,
    /// As `eu-west-1a`; which one of them that is differs between accounts.
    pub availability_zone: String,
    /// IPv4 range; empty for a subnet of IPv6 alone.
    pub cidr_block: String,
    /// IPv4 addresses that are free.
    pub available_ip_address_count: i32,
}

/// Which subnets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select {
    Ids(BTreeSet<String>),
    /// All that bear every one of these tags.
    Tags(BTreeMap<String, String>),
}

/// Reads a VPC by id; `None` where there is none in that region.
///
/// # Errors
/// As classified.
pub async fn vpc(clients: &Clients, region: &str, id: &str) -> Result<Option<Vpc>> {
    let request = client(clients, region).describe_vpcs().filters(filter("vpc-id", [id]));
    let vpcs = request.send().await.map_err(classify)?.vpcs.unwrap_or_default();
    Ok(vpcs.into_iter().next().map(read_vpc))
}

/// Reads the subnets of a VPC that are meant, in the order of their ids. One that does not exist, or lies in another
/// VPC, is left out: the caller compares.
///
/// # Errors
/// As classified.
pub async fn subnets(clients: &Clients, region: &str, vpc: &str, select: &Select) -> Result<Vec<Subnet>> {
    let request = client(clients, region).describe_subnets().set_filters(Some(filters(vpc, select)));
    let pages = request.max_results(PAGE).into_paginator().items();
    let found = pages.send().collect::<std::result::Result<Vec<_>, _>>().await.map_err(classify)?;
    let mut subnets: Vec<_> = found.into_iter().map(read_subnet).collect();
    subnets.sort();
    Ok(subnets)
}

fn filters(vpc: &str, select: &Select) -> Vec<Filter> {
    let within = filter("vpc-id", [vpc]);
    match select {
        Select::Ids(ids) => vec![within, filter("subnet-id", ids)],
        Select::Tags(tags) => {
            let tags = tags.iter().map(|(key, value)| filter(["tag", key].join(":"), [value]));
            [within].into_iter().chain(tags).collect()
        }
    }
}

fn read_vpc(vpc: types::Vpc) -> Vpc {
    let blocks = vpc.cidr_block_association_set.unwrap_or_default().into_iter().filter_map(|block| block.cidr_block);
    Vpc { id: vpc.vpc_id.unwrap_or_default(), cidr_blocks: blocks.chain(vpc.cidr_block).collect() }
}

fn read_subnet(subnet: types::Subnet) -> Subnet {
    Subnet {
        id: subnet.subnet_id.unwrap_or_default(),
        vpc_id: subnet.vpc_id.unwrap_or_default(),
        availability_zone: subnet.availability_zone.unwrap_or_default(),
        cidr_block: subnet.cidr_block.unwrap_or_default(),
        available_ip_address_count: subnet.available_ip_address_count.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::VpcCidrBlockAssociation;

    fn names(select: &Select) -> Vec<(String, Vec<String>)> {
        let text = |filter: &Filter| (filter.name().unwrap_or_default().to_owned(), filter.values().to_vec());
        filters("vpc-1", select).iter().map(text).collect()
    }

    #[test]
    fn subnets_are_looked_for_within_their_vpc_only() {
        let owned = |name: &str, values: &[&str]| (name.to_owned(), values.iter().map(|v| (*v).to_owned()).collect());
        let within = owned("vpc-id", &["vpc-1"]);
        let ids = Select::Ids(["subnet-2".to_owned(), "subnet-1".to_owned()].into());
        assert_eq!(names(&ids), [within.clone(), owned("subnet-id", &["subnet-1", "subnet-2"])]);
        let tags = Select::Tags([("tier".to_owned(), "db".to_owned()), ("team".to_owned(), "a".to_owned())].into());
        assert_eq!(names(&tags), [within, owned("tag:team", &["a"]), owned("tag:tier", &["db"])]);
    }

    #[test]
    fn a_vpc_has_all_its_ranges() {
        let more = VpcCidrBlockAssociation::builder().cidr_block("100.64.0.0/16").build();
        let vpc = types::Vpc::builder().vpc_id("vpc-1").cidr_block("10.0.0.0/16").cidr_block_association_set(more);
        let blocks = ["10.0.0.0/16".to_owned(), "100.64.0.0/16".to_owned()].into();
        assert_eq!(read_vpc(vpc.build()), Vpc { id: "vpc-1".into(), cidr_blocks: blocks });
    }
}
