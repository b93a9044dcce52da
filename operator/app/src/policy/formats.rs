//! A role with its policies, as JSON, as a CloudFormation template and as Terraform resources.

use serde_json::{Value, json};
use terrace_model::aws::iam::Policy;

/// A role.
pub struct Role {
    pub name: String,
    pub trust: Policy,
    pub policies: Vec<Policy>,
}

impl Role {
    /// The policies by their names: of the role, with a number.
    fn named(&self) -> impl Iterator<Item = (String, &Policy)> {
        self.policies.iter().zip(1..).map(|(policy, number)| (format!("{}-{number}", self.name), policy))
    }
}

/// `AssumeRolePolicyDocument` for `aws iam create-role`, and of `Policies` each for `aws iam create-policy`.
pub fn json(role: &Role) -> String {
    let policy = |(name, policy)| json!({ "PolicyName": name, "PolicyDocument": document(policy) });
    pretty(&json!({
        "RoleName": role.name,
        "AssumeRolePolicyDocument": document(&role.trust),
        "Policies": role.named().map(policy).collect::<Vec<_>>(),
    }))
}

/// A template in JSON, which CloudFormation takes as well as YAML.
pub fn cloudformation(role: &Role) -> String {
    let policy = |(name, policy): (String, &Policy), number: usize| {
        let properties =
            json!({ "ManagedPolicyName": name, "PolicyDocument": document(policy), "Roles": [{ "Ref": "Role" }] });
        (format!("Policy{number}"), json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": properties }))
    };
    let mut resources: serde_json::Map<String, Value> =
        role.named().zip(1..).map(|(named, number)| policy(named, number)).collect();
    let properties = json!({ "RoleName": role.name, "AssumeRolePolicyDocument": document(&role.trust) });
    resources.insert("Role".into(), json!({ "Type": "AWS::IAM::Role", "Properties": properties }));
    pretty(&json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role by which Terrace acts in this account",
        "Resources": resources,
        "Outputs": { "RoleArn": { "Value": { "Fn::GetAtt": ["Role", "Arn"] } } },
    }))
}

/// Resources for Terraform's AWS provider.
pub fn terraform(role: &Role) -> String {
    let id = identifier(&role.name);
    let mut text = format!(
        "resource \"aws_iam_role\" \"{id}\" {{\n  name               = {}\n  assume_role_policy = <<-EOT\n{}\n  EOT\n}}\n",
        Value::from(role.name.as_str()),
        indented(&role.trust),
    );
    for (name, policy) in role.named() {
        let policy_id = identifier(&name);
        text += &format!(
            "\nresource \"aws_iam_policy\" \"{policy_id}\" {{\n  name   = {}\n  policy = <<-EOT\n{}\n  EOT\n}}\n",
            Value::from(name.as_str()),
            indented(policy),
        );
        text += &format!(
            "\nresource \"aws_iam_role_policy_attachment\" \"{policy_id}\" {{\n  role       = aws_iam_role.{id}.name\n  policy_arn = aws_iam_policy.{policy_id}.arn\n}}\n"
        );
    }
    text
}

/// A name that Terraform takes: letters, digits, underscores and dashes, a letter first.
fn identifier(name: &str) -> String {
    let text: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) { text } else { format!("role_{text}") }
}

/// Within a heredoc; `${` and `%{` stand for something else there.
fn indented(policy: &Policy) -> String {
    let text = pretty(&document(policy)).replace("${", "$${").replace("%{", "%%{");
    text.trim_end().lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn document(policy: &Policy) -> Value {
    serde_json::to_value(policy).expect("a policy is JSON")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("it is JSON") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use terrace_model::aws::iam::Statement;

    fn role() -> Role {
        let policy = |action: &str| Policy::of([Statement::allow(&[action], ["*".into()])]);
        Role {
            name: "terrace".into(),
            trust: Policy::trusts_pod_identity(),
            policies: vec![policy("rds:CreateDBInstance"), policy("s3:CreateBucket")],
        }
    }

    #[test]
    fn a_template_makes_the_role_with_each_of_its_policies() {
        let template: Value = serde_json::from_str(&cloudformation(&role())).expect("JSON");
        let resources = &template["Resources"];
        assert_eq!(resources.as_object().map(serde_json::Map::len), Some(3));
        assert_eq!(resources["Role"]["Properties"]["RoleName"], "terrace");
        let second = &resources["Policy2"]["Properties"];
        assert_eq!(second["ManagedPolicyName"], "terrace-2");
        assert_eq!(second["PolicyDocument"]["Statement"][0]["Action"], json!(["s3:CreateBucket"]));
        assert_eq!(second["Roles"], json!([{ "Ref": "Role" }]));
    }

    #[test]
    fn terraforms_resources_refer_to_one_another_and_hold_the_documents_whole() {
        insta::assert_snapshot!(terraform(&Role { name: "2-terrace".into(), ..role() }));
    }

    #[test]
    fn what_terraform_would_take_for_its_own_is_escaped() {
        let statement = Statement::allow(&["s3:GetObject"], ["arn:aws:s3:::home/${aws:username}".into()]);
        assert!(indented(&Policy::of([statement])).contains("home/$${aws:username}"));
    }
}
