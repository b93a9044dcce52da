//! Whose a record is: a TXT record beside it says so, since Route 53 tags no records.
//!
//! As external-dns does it (its documentation, "The TXT registry"), and in a form that external-dns leaves alone. The TXT
//! record has a name of its own, derived from what it speaks of: beside a CNAME nothing may bear the same name. It is always
//! a simple record, whatever the routing of what it speaks of.

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use terrace_engine::Result;
use terrace_model::aws::Tags;
use terrace_model::identity::short_hash;
use terrace_model::{Id, Owner, OwnerRef};

use super::read::Records;
use super::shape::{plain_record, values};

/// Begins each of our texts.
const HERITAGE: &str = "heritage=terrace";
const OTHERS: &str = "heritage=external-dns";
/// Begins each of our names.
pub const PREFIX: &str = "_terrace-";
/// Nobody resolves them.
const TTL: i64 = 300;
/// The most characters in one string of a TXT record (developer guide, "TXT record type").
const STRING: usize = 255;
/// What stands as it is: a comma, a quote or a backslash never does.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/').remove(b':');

/// The name of the TXT record that says whose a record is.
pub fn name(record: &str, kind: &str, set: Option<&str>) -> String {
    let kind = kind.to_lowercase();
    let set = set.map(|set| format!("-{}", short_hash(&[set]))).unwrap_or_default();
    match record.strip_prefix("*.") {
        // Anywhere but at the front of a name a star is a letter like any other.
        Some(parent) => format!("{PREFIX}{kind}{set}-any.{parent}"),
        None => format!("{PREFIX}{kind}{set}.{record}"),
    }
}

/// The first label of the TXT records that one node leaves beside what it shares with others.
pub fn label(id: &Id) -> String {
    format!("{PREFIX}{}", short_hash(&[&id.default_name()]))
}

/// A TXT record that says these.
pub fn write(name: &str, pairs: &Tags) -> Result<ResourceRecordSet> {
    let encode = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
    let pairs = pairs.iter().map(|(key, value)| format!(",{}={}", encode(key), encode(value)));
    let text: String = std::iter::once(HERITAGE.to_owned()).chain(pairs).collect();
    let strings = text.as_bytes().chunks(STRING).map(|part| format!("\"{}\"", String::from_utf8_lossy(part)));
    plain_record(name, RrType::Txt, TTL, strings.collect::<Vec<_>>().join(" "))
}

/// What a TXT record says, if it is one of ours.
pub fn read(record: &ResourceRecordSet) -> Option<Tags> {
    pairs(record, HERITAGE)
}

fn pairs(record: &ResourceRecordSet, heritage: &str) -> Option<Tags> {
    let texts = values(record).map(|value| value.split('"').skip(1).step_by(2).collect::<String>());
    let text = texts.into_iter().find(|text| text.split(',').next() == Some(heritage))?;
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = text.split(',').skip(1).filter_map(|pair| pair.split_once('='));
    Some(pairs.map(|(key, value)| (decode(key), decode(value))).collect())
}

/// Whose a record is, and what the TXT record beside it says.
pub fn owner(records: &Records, name: &str, kind: &str, set: Option<&str>) -> (Owner, Tags) {
    match records.text(&self::name(name, kind, set)).and_then(read) {
        Some(tags) => (Owner::from_tags(&tags), tags),
        None => (external_dns(records, name, kind).unwrap_or(Owner::Untagged), Tags::new()),
    }
}

/// Who else looks after a record: external-dns, by the names that it gives its TXT records unless it is told otherwise, the
/// type of the record in front, or none in older versions.
fn external_dns(records: &Records, name: &str, kind: &str) -> Option<Owner> {
    let names = [format!("{}-{name}", kind.to_lowercase()), format!("cname-{name}"), name.to_owned()];
    let said = names.iter().filter_map(|name| records.text(name)).find_map(|text| pairs(text, OTHERS))?;
    let resource = said.get("external-dns/resource").cloned().unwrap_or_default();
    let mut parts = resource.splitn(3, '/').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    let kind = format!("external-dns, for {}", part());
    let owner = OwnerRef {
        cluster: said.get("external-dns/owner").cloned().unwrap_or_default(),
        kind,
        namespace: part(),
        name: part(),
        uid: String::new(),
    };
    Some(Owner::Tagged { owner, node: String::new(), incarnation: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route53::testing::{text, zone};
    use crate::testing;
    use terrace_model::aws::route53::RecordSet;
    use terrace_model::identity::tag;

    #[test]
    fn each_record_has_a_text_of_its_own() {
        let names = [
            name("www.example.com", "A", None),
            name("www.example.com", "AAAA", None),
            name("www.example.com", "A", Some("blue")),
            name("www.example.com", "A", Some("green")),
            name("example.com", "A", None),
            name("*.example.com", "A", None),
            name("*.example.com", "A", Some("blue")),
        ];
        assert_eq!(names[0], "_terrace-a.www.example.com");
        assert_eq!(names[5], "_terrace-a-any.example.com");
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| name.split('.').all(|label| label.len() <= 63)));
    }

    #[test]
    fn a_text_reads_back_however_long_it_is_and_whatever_is_in_it() {
        let mut tags = testing::id::<RecordSet>("record").owner_tags();
        tags.insert("note".into(), "a \"b\", c=d \\ 100% ü".into());
        tags.insert("long".into(), "x".repeat(600));
        let record = write("_terrace-a.example.com", &tags).expect("it is whole");
        let value = values(&record).next().expect("it has a value");
        assert!(value.split("\" \"").all(|string| string.trim_matches('"').len() <= STRING), "{value}");
        assert_eq!(read(&record), Some(tags));
    }

    #[test]
    fn a_record_is_ours_by_its_text_alone() {
        let id = testing::id::<RecordSet>("record");
        let claim = write("_terrace-a.www.example.com", &id.owner_tags()).expect("it is whole");
        let records = zone([claim]);
        let ours = Owner::Tagged { owner: id.owner.clone(), node: "record".into(), incarnation: 1 };
        assert_eq!(owner(&records, "www.example.com", "A", None), (ours, id.owner_tags()));
        assert_eq!(owner(&records, "www.example.com", "AAAA", None).0, Owner::Untagged);
        assert_eq!(id.owner_tags()[tag::UID], "uid-1");
    }

    #[test]
    fn what_external_dns_looks_after_is_said_to_be_its() {
        let said = "\"heritage=external-dns,external-dns/owner=blue,external-dns/resource=ingress/shop/web\"";
        for name in ["a-www.example.com", "cname-www.example.com", "www.example.com"] {
            let (owner, tags) = owner(&zone([text(name, said)]), "www.example.com", "A", None);
            let Owner::Tagged { owner, .. } = owner else { panic!("{name}: {owner:?}") };
            assert_eq!(owner.to_string(), "external-dns, for ingress shop/web of cluster blue", "{name}");
            assert!(tags.is_empty());
        }
        assert_eq!(owner(&zone([text("a-api.example.com", said)]), "www.example.com", "A", None).0, Owner::Untagged);
    }
}
