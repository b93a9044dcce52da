//! `terrace drift-rule`: EventBridge's rules that feed a queue, of the services and calls of the kinds that Terrace makes.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use terrace_aws::clients::worldwide;
use terrace_aws::sqs::{self, QueueArn};
use terrace_aws::{Clients, secretsmanager};
use terrace_engine::Registry;

use super::services::{Names, SERVICES, Service, TAGGING};
use crate::cloud::of_aws;

/// Flags of `terrace drift-rule`.
#[derive(Clone, Debug, Args)]
pub struct Flags {
    /// The queue. EventBridge's rules are of its region; what is worldwide tells of itself in us-east-1 alone.
    #[arg(long)]
    pub queue_arn: QueueArn,
    /// What is printed. CloudFormation and Terraform make the queue as well.
    #[arg(short, long, value_enum, default_value_t = Form::Json)]
    pub output: Form,
}

/// What the rules are printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// The parts by themselves: the queue's attributes, the rules, and what the operator must be allowed.
    Json,
    /// A template.
    Cloudformation,
    /// A configuration, in Terraform's JSON syntax: for a file that ends in .tf.json.
    Terraform,
}

/// A rule of EventBridge's.
struct Rule {
    name: String,
    pattern: Value,
}

/// What nobody fetched within an hour, the resync has found.
const RETENTION: u32 = 3600;
/// The most characters of a queue's name in the name of a rule, which has room for 64.
const MOST: usize = 34;
/// How calls begin that change nothing.
const READS: [&str; 4] = ["BatchGet", "Describe", "Get", "List"];
/// A right that is no call.
const PASS_ROLE: &str = "PassRole";

/// All of it, in the form that is asked for.
pub fn print(flags: &Flags) -> String {
    let queue = &flags.queue_arn;
    let rules = rules(queue, &registry());
    let printed = match flags.output {
        Form::Json => parts(queue, &rules),
        Form::Cloudformation => template(queue, &rules),
        Form::Terraform => configuration(queue, &rules),
    };
    format!("{printed:#}\n")
}

fn registry() -> Registry {
    let clients = Clients::unconnected();
    of_aws(&clients, &secretsmanager::Values::new(&clients))
}

/// Two a service at most: a pattern holds 2,048 characters (EventBridge user guide, "Quotas").
fn rules(queue: &QueueArn, registry: &Registry) -> Vec<Rule> {
    let here = |service: &&Service| !service.worldwide || queue.region == worldwide(&queue.partition);
    let name = |what: &str| format!("{}-{what}", prefix(queue));
    let of = |service: &Service| {
        let calls = Rule { name: name(service.source), pattern: calls(service, registry) };
        let told = || Rule { name: name(&format!("{}-tells", service.source)), pattern: told(service) };
        [Some(calls), (!service.tells.is_empty()).then(told)].into_iter().flatten()
    };
    SERVICES.iter().chain([&TAGGING]).filter(here).flat_map(of).collect()
}

fn prefix(queue: &QueueArn) -> String {
    queue.name.chars().take(MOST).collect()
}

/// The calls of a service that change something, where AWS did not refuse them.
fn calls(service: &Service, registry: &Registry) -> Value {
    let made = made(service, registry);
    let exact = made.iter().map(String::as_str).chain(service.more.iter().copied());
    let begin = |name: &str| json!({ "prefix": name });
    let names: Vec<Value> = match service.names {
        Names::Actions => exact.map(Value::from).collect(),
        Names::Versioned => exact.map(begin).collect(),
        Names::Begin(names) => names.iter().map(|name| begin(name)).collect(),
    };
    json!({
        "source": [format!("aws.{}", service.source)],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": [format!("{}.amazonaws.com", service.source)],
            "eventName": names,
            "errorCode": [{ "exists": false }],
        },
    })
}

/// What its providers call to change something.
fn made(service: &Service, registry: &Registry) -> BTreeSet<String> {
    let prefix = format!("{}:", service.iam);
    let own = |kind: &str| kind.split_once('/').is_some_and(|(kinds, _)| kinds == service.kinds);
    let providers = registry.iter().filter(|provider| own(provider.spec().kind));
    let actions = providers.flat_map(|provider| provider.actions()).filter_map(|action| action.strip_prefix(&prefix));
    let changes = |action: &&str| *action != PASS_ROLE && !READS.iter().any(|read| action.starts_with(read));
    actions.filter(changes).map(str::to_owned).collect()
}

fn told(service: &Service) -> Value {
    json!({ "source": [format!("aws.{}", service.source)], "detail-type": service.tells })
}

/// Lets these rules, and nobody else, put something in.
fn queue_policy(queue: &QueueArn) -> Value {
    let QueueArn { partition, region, account, .. } = queue;
    let rules = format!("arn:{partition}:events:{region}:{account}:rule/{}-*", prefix(queue));
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "EventBridge",
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": queue.to_string(),
            "Condition": { "ArnLike": { "aws:SourceArn": rules } },
        }],
    })
}

/// What the Environment's identity must be allowed.
fn operator_policy(queue: &QueueArn) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "Drift", "Effect": "Allow", "Action": sqs::ACTIONS, "Resource": queue.to_string() }],
    })
}

/// For `aws sqs create-queue --attributes`, `aws events put-rule` and `aws events put-targets`.
fn parts(queue: &QueueArn, rules: &[Rule]) -> Value {
    let targets = json!([{ "Id": "terrace", "Arn": queue.to_string() }]);
    let rule = |rule: &Rule| json!({ "Name": rule.name, "EventPattern": rule.pattern, "Targets": targets });
    json!({
        "QueueAttributes": {
            "MessageRetentionPeriod": RETENTION.to_string(),
            "SqsManagedSseEnabled": "true",
            "Policy": queue_policy(queue).to_string(),
        },
        "Rules": rules.iter().map(rule).collect::<Vec<_>>(),
        "OperatorPolicy": operator_policy(queue),
    })
}

fn template(queue: &QueueArn, rules: &[Rule]) -> Value {
    let rule = |rule: &Rule| {
        let properties = json!({
            "Name": rule.name,
            "EventPattern": rule.pattern,
            "Targets": [{ "Id": "terrace", "Arn": { "Fn::GetAtt": ["Queue", "Arn"] } }],
        });
        json!({ "Type": "AWS::Events::Rule", "Properties": properties })
    };
    let id = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let mut resources: Map<String, Value> =
        rules.iter().map(|one| (format!("Rule{}", id(&one.name[prefix(queue).len()..])), rule(one))).collect();
    let made = json!({
        "QueueName": queue.name, "MessageRetentionPeriod": RETENTION, "SqsManagedSseEnabled": true,
    });
    let policy = json!({ "Queues": [{ "Ref": "Queue" }], "PolicyDocument": queue_policy(queue) });
    resources.insert("Queue".into(), json!({ "Type": "AWS::SQS::Queue", "Properties": made }));
    resources.insert("QueuePolicy".into(), json!({ "Type": "AWS::SQS::QueuePolicy", "Properties": policy }));
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("Tells Terrace of changes in AWS: queue {queue} and the rules that feed it"),
        "Resources": resources,
        "Outputs": { "OperatorPolicy": { "Value": operator_policy(queue).to_string() } },
    })
}

fn configuration(queue: &QueueArn, rules: &[Rule]) -> Value {
    let (mut events, mut targets) = (Map::new(), Map::new());
    for rule in rules {
        let id = format!("terrace{}", &rule.name[prefix(queue).len()..]);
        targets.insert(
            id.clone(),
            json!({ "rule": format!("${{aws_cloudwatch_event_rule.{id}.name}}"), "arn": "${aws_sqs_queue.terrace.arn}" }),
        );
        events.insert(id, json!({ "name": rule.name, "event_pattern": rule.pattern.to_string() }));
    }
    let made = json!({
        "name": queue.name, "message_retention_seconds": RETENTION, "sqs_managed_sse_enabled": true,
    });
    let policy = json!({ "queue_url": "${aws_sqs_queue.terrace.id}", "policy": queue_policy(queue).to_string() });
    json!({
        "resource": {
            "aws_sqs_queue": { "terrace": made },
            "aws_sqs_queue_policy": { "terrace": policy },
            "aws_cloudwatch_event_rule": events,
            "aws_cloudwatch_event_target": targets,
        },
        "output": { "terrace_drift_operator_policy": { "value": operator_policy(queue).to_string() } },
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{SAMPLES, sample};
    use super::*;

    fn queue(region: &str) -> QueueArn {
        format!("arn:aws:sqs:{region}:111122223333:terrace-drift").parse().expect("an ARN")
    }

    fn of(region: &str) -> Vec<Rule> {
        rules(&queue(region), &registry())
    }

    /// As EventBridge matches (its user guide, "Event patterns"), as far as these patterns go.
    fn admits(pattern: &Value, event: Option<&Value>) -> bool {
        match pattern {
            Value::Object(members) => {
                members.iter().all(|(name, pattern)| admits(pattern, event.and_then(|event| event.get(name))))
            }
            Value::Array(alternatives) => alternatives.iter().any(|alternative| match alternative {
                Value::Object(matching) if matching.contains_key("exists") => event.is_none(),
                Value::Object(matching) => {
                    let text = event.and_then(Value::as_str).unwrap_or_default();
                    matching["prefix"].as_str().is_some_and(|prefix| text.starts_with(prefix))
                }
                literal => event == Some(literal),
            }),
            other => panic!("no pattern: {other}"),
        }
    }

    fn is_fed(body: &str, region: &str) -> bool {
        let event: Value = serde_json::from_str(body).expect("JSON");
        of(region).iter().any(|rule| admits(&rule.pattern, Some(&event)))
    }

    #[test]
    fn every_recorded_event_comes_to_the_queue_but_what_aws_refused() {
        for (name, body, _) in SAMPLES {
            assert_eq!(is_fed(body, "us-east-1"), *name != "ec2_refused", "{name}");
        }
    }

    #[test]
    fn what_changes_nothing_that_terrace_makes_does_not() {
        for (sample, from, to) in [
            ("rds_modify", "ModifyDBInstance", "DescribeDBInstances"),
            ("ec2_revoke", "RevokeSecurityGroupIngress", "RunInstances"),
            ("s3_delete_policy", "DeleteBucketPolicy", "PutObject"),
            ("rds_modify", "aws.rds", "aws.dynamodb"),
        ] {
            assert!(!is_fed(&super::super::samples::sample(sample).replace(from, to), "us-east-1"), "{to}");
        }
    }

    #[test]
    fn what_is_worldwide_is_asked_for_in_its_own_region_alone() {
        for name in ["cloudfront_update", "iam_put_role_policy", "route53_change", "shield_delete"] {
            assert!(!is_fed(&sample(name), "eu-west-1") && is_fed(&sample(name), "us-east-1"), "{name}");
        }
        let china = "arn:aws-cn:sqs:cn-northwest-1:111122223333:terrace".parse().expect("an ARN");
        assert!(rules(&china, &registry()).iter().any(|rule| rule.name == "terrace-route53"));
    }

    #[test]
    fn every_kind_that_terrace_changes_is_in_a_rule_that_eventbridge_takes() {
        let registry = registry();
        for service in SERVICES {
            assert!(!made(service, &registry).is_empty() || !service.more.is_empty(), "{service:?}");
        }
        for rule in of("us-east-1") {
            assert!(rule.pattern.to_string().len() <= 2048, "{}: {}", rule.name, rule.pattern.to_string().len());
            assert!(rule.name.len() <= 64, "{}", rule.name);
        }
        let long = format!("arn:aws:sqs:us-east-1:111122223333:{}", "q".repeat(80)).parse().expect("an ARN");
        assert!(rules(&long, &registry).iter().all(|rule| rule.name.len() <= 64));
    }

    #[test]
    fn each_form_holds_the_queue_its_policy_and_every_rule() {
        let count = of("eu-west-1").len();
        let printed = |output| -> Value {
            let flags = Flags { queue_arn: queue("eu-west-1"), output };
            serde_json::from_str(&print(&flags)).expect("JSON")
        };
        let parts = printed(Form::Json);
        assert_eq!(parts["Rules"].as_array().map(Vec::len), Some(count));
        assert!(
            parts["QueueAttributes"]["Policy"].as_str().is_some_and(|policy| policy.contains("rule/terrace-drift-*"))
        );
        assert_eq!(parts["OperatorPolicy"]["Statement"][0]["Action"], json!(sqs::ACTIONS));
        let template = printed(Form::Cloudformation);
        assert_eq!(template["Resources"].as_object().map(Map::len), Some(count + 2));
        assert_eq!(template["Resources"]["Queue"]["Properties"]["QueueName"], "terrace-drift");
        let configuration = printed(Form::Terraform);
        for kind in ["aws_cloudwatch_event_rule", "aws_cloudwatch_event_target"] {
            assert_eq!(configuration["resource"][kind].as_object().map(Map::len), Some(count), "{kind}");
        }
    }
}
