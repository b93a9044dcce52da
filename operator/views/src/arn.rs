//! Parts of an ARN: `arn:partition:service:region:account:resource` (IAM User Guide, "Identify AWS resources with ARNs").

/// What an ARN says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    /// Empty for what has none.
    pub region: &'a str,
    /// Empty for what needs none, as a bucket.
    pub account: &'a str,
    /// All the rest, as `db:orders` or `role/path/name`.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads an ARN; `None` where it is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (Some("arn"), Some(partition), Some(service), Some(region), Some(account), Some(resource)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        Some(Arn { partition, service, region, account, resource })
    }

    /// The ARN of another resource of the same service, region and account.
    pub fn beside(&self, resource: &str) -> String {
        let Arn { partition, service, region, account, .. } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// What stands after the last of these characters: the name within an ARN, or the whole of what is none.
pub fn last(text: &str) -> &str {
    text.rsplit([':', '/']).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_comes_apart_and_leads_to_its_neighbours() {
        let arn = Arn::parse("arn:aws-cn:rds:cn-north-1:111122223333:db:orders").expect("an ARN");
        assert_eq!((arn.service, arn.region, arn.resource), ("rds", "cn-north-1", "db:orders"));
        assert_eq!(arn.beside("subgrp:main"), "arn:aws-cn:rds:cn-north-1:111122223333:subgrp:main");
        assert_eq!(Arn::parse("arn:aws:s3:::assets").map(|arn| arn.resource), Some("assets"));
        for text in ["", "sg-1", "arn:aws:s3", "arm:aws:s3:::assets"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_is_the_last_part() {
        assert_eq!(last("arn:aws:iam::1:role/service/web"), "web");
        assert_eq!(last("arn:aws:rds:eu-west-1:1:db:orders"), "orders");
        assert_eq!(last("sg-1"), "sg-1");
    }
}
