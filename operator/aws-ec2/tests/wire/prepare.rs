//! What a test needs to be there before it begins, made with EC2 itself.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use aws_sdk_ec2::{Client, config};
use terrace_aws::Clients;

use crate::bed::REGION;

/// EC2 itself.
pub fn ec2(clients: &Clients) -> Client {
    Client::from_conf(config::Builder::from(&clients.config(REGION)).build())
}

/// A new VPC.
pub async fn vpc(ec2: &Client) -> String {
    let made = ec2.create_vpc().cidr_block("10.3.0.0/16").send().await.expect("a VPC is made");
    made.vpc.and_then(|vpc| vpc.vpc_id).expect("it has an id")
}

/// A new subnet with one tag.
pub async fn subnet(ec2: &Client, vpc: &str, zone: &str, cidr: &str, tag: (&str, &str)) -> String {
    let tag = Tag::builder().key(tag.0).value(tag.1).build();
    let tags = TagSpecification::builder().resource_type(ResourceType::Subnet).tags(tag).build();
    let request = ec2.create_subnet().vpc_id(vpc).availability_zone(zone).cidr_block(cidr).tag_specifications(tags);
    let made = request.send().await.expect("a subnet is made");
    made.subnet.and_then(|subnet| subnet.subnet_id).expect("it has an id")
}
