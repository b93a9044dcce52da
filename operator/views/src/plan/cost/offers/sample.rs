//! Offer files as AWS writes them, for tests.

/// The columns that rules look at, among others, in AWS's order.
const HEADING: &[&str] = &[
    "SKU",
    "OfferTermCode",
    "RateCode",
    "TermType",
    "PriceDescription",
    "EffectiveDate",
    "StartingRange",
    "EndingRange",
    "Unit",
    "PricePerUnit",
    "Currency",
    "RelatedTo",
    "LeaseContractLength",
    "PurchaseOption",
    "Product Family",
    "serviceCode",
    "Location",
    "Location Type",
    "Instance Type",
    "vCPU",
    "Cache Engine",
    "Database Engine",
    "License Model",
    "Deployment Option",
    "Group",
    "usageType",
    "operation",
    "Region Code",
    "serviceName",
];

/// What a row says where nothing else is said.
const USUAL: &[(&str, &str)] = &[
    ("OfferTermCode", "JRTCKXETXF"),
    ("TermType", "OnDemand"),
    ("PriceDescription", "$0.29 per hour, \"\"as it is\"\""),
    ("StartingRange", "0"),
    ("EndingRange", "Inf"),
    ("Unit", "Hrs"),
    ("PricePerUnit", "0.2900000000"),
    ("Currency", "USD"),
    ("Location", "EU (Frankfurt)"),
    ("Location Type", "AWS Region"),
    ("Region Code", "eu-central-1"),
];

/// The file of a service that was published on a day in September, with these rows.
pub(super) fn offer(code: &str, rows: &[&[(&str, &str)]]) -> String {
    offer_of(code, "2026-09-04", rows)
}

/// The file of a service that was published on a day, with these rows.
pub(super) fn offer_of(code: &str, day: &str, rows: &[&[(&str, &str)]]) -> String {
    let disclaimer = "This pricing list is for informational purposes only.";
    let head = [
        ("FormatVersion", "v1.0"),
        ("Disclaimer", disclaimer),
        ("Publication Date", &format!("{day}T23:11:17Z")),
        ("Version", "20260904231117"),
        ("OfferCode", code),
    ];
    let head: String = head.iter().map(|(key, value)| format!("\"{key}\",\"{value}\"\n")).collect();
    let heading: Vec<String> = HEADING.iter().map(|column| format!("\"{column}\"")).collect();
    let rows: String = (1..).zip(rows).map(|(number, said)| row(number, said)).collect();
    format!("{head}{}\n{rows}", heading.join(","))
}

fn row(number: usize, said: &[(&str, &str)]) -> String {
    let sku = format!("SKU{number}");
    let field = |column: &&str| {
        let known = said.iter().chain(USUAL).find(|(name, _)| name == column).map(|(_, value)| *value);
        format!("\"{}\"", known.unwrap_or(if *column == "SKU" { &sku } else { "" }))
    };
    HEADING.iter().map(field).collect::<Vec<_>>().join(",") + "\n"
}
