//! What each emulator does otherwise than AWS, so that the rest can be asked of it. Each entry says what AWS does.

/// Emulator, kind, field, what AWS does: what a whole list leaves out though a look at one shows it.
const UNLISTED: &[(&str, &str, &str, &str)] = &[
    ("ministack", "iam/Role", "permissionsBoundary", "GetAccountAuthorizationDetails shows a role's boundary"),
    ("ministack", "secretsmanager/Secret", "kmsKeyId", "ListSecrets shows a secret's key"),
];

/// Emulator, kind, what AWS does: where taking away what is gone is answered by another code than AWS's.
const MISCALLED: &[(&str, &str, &str)] = &[
    ("moto", "applicationautoscaling/ScalableTarget", "DeregisterScalableTarget answers ObjectNotFoundException"),
    ("moto", "applicationautoscaling/ScalingPolicy", "DeleteScalingPolicy answers ObjectNotFoundException"),
];

/// Emulator, kind, field, reason: what cannot be changed.
const FIXED: &[(&str, &str, &str, &str)] = &[
    ("ministack", "eks/PodIdentityAssociation", "tags", "TagResource knows clusters, node groups and add-ons"),
    ("ministack", "iam/OidcProvider", "clientIds", "there is no AddClientIDToOpenIDConnectProvider"),
    ("ministack", "iam/OidcProvider", "tags", "there is no TagOpenIDConnectProvider"),
    ("ministack", "route53/HealthCheck", "regions", "UpdateHealthCheck keeps the regions that ask"),
    ("moto", "ec2/SecurityGroupRule", "cidrIpv6", "ModifySecurityGroupRules knows IPv4 only"),
    ("moto", "eks/FargateProfile", "tags", "TagResource knows clusters"),
    ("moto", "iam/OidcProvider", "clientIds", "there is no AddClientIDToOpenIDConnectProvider"),
];

/// The emulator under test.
pub fn emulator() -> String {
    std::env::var("TERRACE_WIRE_EMULATOR").unwrap_or_else(|_| "ministack".into())
}

/// The fields of a kind that this emulator's lists leave out.
pub fn unlisted(kind: &str) -> Vec<&'static str> {
    let emulator = emulator();
    let here = UNLISTED.iter().filter(|(with, of, ..)| *with == emulator && *of == kind);
    here.map(|(_, _, field, _)| *field).collect()
}

/// Whether a field can be changed in this emulator.
pub fn changes(kind: &str, field: &str) -> bool {
    let emulator = emulator();
    !FIXED.iter().any(|(with, of, fixed, _)| *with == emulator && *of == kind && *fixed == field)
}

/// How often a resource of a kind can be deleted: a second try must do no harm, where the emulator says what AWS says.
pub fn deletions(kind: &str) -> usize {
    let emulator = emulator();
    if MISCALLED.iter().any(|(with, of, _)| *with == emulator && *of == kind) { 1 } else { 2 }
}
