//! VPC and subnets against an emulator.

use terrace_aws_ec2::network::{Select, Subnet, Vpc, subnets, vpc};

use crate::bed::{REGION, clients};
use crate::prepare::{self, ec2};

#[tokio::test]
async fn a_vpc_and_its_subnets_are_read_by_ids_and_by_tags() {
    let Some(clients) = clients() else { return };
    let ec2 = ec2(&clients);
    let (here, elsewhere) = (prepare::vpc(&ec2).await, prepare::vpc(&ec2).await);
    let a = prepare::subnet(&ec2, &here, "eu-west-1a", "10.3.1.0/24", ("tier", "database")).await;
    let b = prepare::subnet(&ec2, &here, "eu-west-1b", "10.3.2.0/24", ("tier", "web")).await;
    let foreign = prepare::subnet(&ec2, &elsewhere, "eu-west-1a", "10.3.1.0/24", ("tier", "database")).await;

    let found = vpc(&clients, REGION, &here).await.expect("it can be read");
    assert_eq!(found, Some(Vpc { id: here.clone(), cidr_blocks: ["10.3.0.0/16".to_owned()].into() }));
    assert_eq!(vpc(&clients, REGION, "vpc-00000000000000000").await, Ok(None));

    let all = subnets(&clients, REGION, &here, &Select::Ids([a.clone()].into())).await.expect("it can be read");
    // Of 256 addresses AWS keeps five (VPC user guide, "Subnet CIDR blocks").
    assert!((200..=251).contains(&all[0].available_ip_address_count), "{all:?}");
    let first = Subnet {
        available_ip_address_count: all[0].available_ip_address_count,
        id: a.clone(),
        vpc_id: here.clone(),
        availability_zone: "eu-west-1a".into(),
        cidr_block: "10.3.1.0/24".into(),
    };
    let tags = Select::Tags([("tier".to_owned(), "database".to_owned())].into());
    assert_eq!(subnets(&clients, REGION, &here, &tags).await, Ok(vec![first]));
    let ids = Select::Ids([a.clone(), b.clone(), foreign, "subnet-00000000000000000".to_owned()].into());
    let found = subnets(&clients, REGION, &here, &ids).await.expect("they can be read");
    let mut expected = vec![a, b];
    expected.sort();
    assert_eq!(found.into_iter().map(|subnet| subnet.id).collect::<Vec<_>>(), expected);
}
