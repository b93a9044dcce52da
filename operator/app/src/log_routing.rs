//! Where the logs of pods on Fargate go: the ConfigMap `aws-observability/aws-logging`, which EKS reads for the whole
//! cluster (EKS user guide, "Start AWS Fargate logging for your cluster").
//!
//! It is the cluster's and no object's: where there is none, the first object whose pods run on Fargate makes it; where
//! there is one, it is somebody's choice and stays as it is, and it stays when the object goes. A pod has it from its start
//! on, so it is there before the profile is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, ObjectMeta, PostParams};
use kube::{Client, Error};
use terrace_objects::owned::MANAGED_BY;

const NAMESPACE: &str = "aws-observability";
const NAME: &str = "aws-logging";
/// A namespace without this label is not looked at.
const ENABLED: (&str, &str) = ("aws-observability", "enabled");
/// How long CloudWatch Logs keeps what pods wrote, in days.
const RETENTION_DAYS: u32 = 30;

/// What is done for the whole cluster.
pub const ACTIONS: &[&str] =
    &["kubernetes:core/configmaps:create", "kubernetes:core/configmaps:get", "kubernetes:core/namespaces:create"];

/// When it was last seen to be there.
#[derive(Default)]
pub struct LogRouting(Mutex<Option<Timestamp>>);

impl LogRouting {
    /// Sees to it that the logs of pods on Fargate go somewhere; asks again after `period`. What a person must mend is
    /// returned as a sentence: pods run without logs.
    pub async fn ensure(
        &self,
        client: &Client,
        region: &str,
        cluster: &str,
        now: Timestamp,
        period: Duration,
    ) -> Option<String> {
        let seen = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_some_and(|seen| now < seen + period) {
            return None;
        }
        match route(client, region, cluster).await {
            Ok(()) => {
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                None
            }
            Err(error) => Some(format!(
                "the logs of its pods go nowhere, since ConfigMap {NAMESPACE}/{NAME} can be neither seen nor made: {error}"
            )),
        }
    }
}

async fn route(client: &Client, region: &str, cluster: &str) -> Result<(), Error> {
    let maps = Api::<ConfigMap>::namespaced(client.clone(), NAMESPACE);
    if maps.get_metadata_opt(NAME).await?.is_some() {
        return Ok(());
    }
    let namespaces = Api::<Namespace>::all(client.clone());
    unless_there(namespaces.create(&PostParams::default(), &namespace()).await)?;
    unless_there(maps.create(&PostParams::default(), &config(region, cluster)).await)
}

/// Somebody who was quicker has made it as well as we would have.
fn unless_there<T>(made: Result<T, Error>) -> Result<(), Error> {
    match made {
        Err(Error::Api(status)) if status.is_already_exists() => Ok(()),
        made => made.map(drop),
    }
}

fn metadata(name: &str, labels: &[(&str, &str)]) -> ObjectMeta {
    let labels = [MANAGED_BY].iter().chain(labels);
    let labels = labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ObjectMeta { name: Some(name.into()), labels: Some(labels), ..ObjectMeta::default() }
}

fn namespace() -> Namespace {
    Namespace { metadata: metadata(NAMESPACE, &[ENABLED]), ..Namespace::default() }
}

/// What Fluent Bit is told. The log group is one that the role of every profile of ours may write to.
fn config(region: &str, cluster: &str) -> ConfigMap {
    let output = format!(
        "[OUTPUT]\n    Name cloudwatch_logs\n    Match kube.*\n    region {region}\n    log_group_name /aws/eks/{cluster}/fargate\n    log_stream_prefix fargate-\n    log_retention_days {RETENTION_DAYS}\n    auto_create_group true\n"
    );
    let data = [("output.conf", output.as_str()), ("filters.conf", FILTERS), ("parsers.conf", PARSERS)];
    let data: BTreeMap<_, _> = data.into_iter().map(|(key, text)| (key.to_owned(), text.to_owned())).collect();
    ConfigMap { metadata: metadata(NAME, &[]), data: Some(data), ..ConfigMap::default() }
}

/// The lines of containerd as they were written, with the pod that wrote them.
const FILTERS: &str = "\
[FILTER]
    Name parser
    Match *
    Key_name log
    Parser crio
[FILTER]
    Name kubernetes
    Match kube.*
    Merge_Log On
    Keep_Log Off
    Buffer_Size 0
    Kube_Meta_Cache_TTL 300s
";

const PARSERS: &str = "\
[PARSER]
    Name crio
    Format Regex
    Regex ^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>P|F) (?<log>.*)$
    Time_Key time
    Time_Format %Y-%m-%dT%H:%M:%S.%L%z
";

#[cfg(test)]
mod tests {
    use super::*;
    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::{Value, json};
    use tower_test::mock;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A cluster that gives these answers in turn, and what it was asked.
    fn cluster(answers: Vec<(u16, Value)>) -> (Client, tokio::task::JoinHandle<Vec<String>>) {
        let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
        let asked = tokio::spawn(async move {
            let mut asked = Vec::new();
            for (status, answer) in answers {
                let (request, send) = handle.next_request().await.expect("it asks");
                asked.push(format!("{} {}", request.method(), request.uri().path()));
                let body = Body::from(answer.to_string().into_bytes());
                send.send_response(Response::builder().status(status).body(body).expect("an answer"));
            }
            asked
        });
        (Client::new(service, "default"), asked)
    }

    fn failure(code: u16, reason: &str) -> (u16, Value) {
        (
            code,
            json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason }),
        )
    }

    fn made(kind: &str, name: &str) -> (u16, Value) {
        (201, json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name } }))
    }

    #[tokio::test]
    async fn where_there_is_none_it_is_made_and_not_asked_for_again_for_a_while() {
        let absent = failure(404, "NotFound");
        let (client, asked) = cluster(vec![absent, made("Namespace", NAMESPACE), made("ConfigMap", NAME)]);
        let (routing, now) = (LogRouting::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(routing.ensure(&client, "eu-west-1", "prod", now, HOUR).await, None);
        assert_eq!(routing.ensure(&client, "eu-west-1", "prod", now + HOUR / 2, HOUR).await, None);
        let maps = "/api/v1/namespaces/aws-observability/configmaps";
        let expected = [format!("GET {maps}/aws-logging"), "POST /api/v1/namespaces".into(), format!("POST {maps}")];
        assert_eq!(asked.await.expect("it ends"), expected);
    }

    #[tokio::test]
    async fn what_somebody_else_made_stays() {
        let (client, asked) = cluster(vec![made("ConfigMap", NAME)]);
        let there = LogRouting::default().ensure(&client, "eu-west-1", "prod", Timestamp::UNIX_EPOCH, HOUR).await;
        assert_eq!(there, None);
        assert_eq!(asked.await.expect("it ends").len(), 1);
    }

    #[tokio::test]
    async fn what_may_not_be_made_is_said() {
        let (client, _asked) = cluster(vec![failure(404, "NotFound"), failure(403, "Forbidden")]);
        let said = LogRouting::default().ensure(&client, "eu-west-1", "prod", Timestamp::UNIX_EPOCH, HOUR).await;
        assert!(said.expect("a sentence").contains("aws-observability/aws-logging"));
    }

    #[test]
    fn it_sends_to_the_group_that_the_role_may_write_to() {
        let data = config("eu-west-1", "prod").data.expect("data");
        let output = data.get("output.conf").expect("an output");
        assert!(output.contains("log_group_name /aws/eks/prod/fargate\n") && output.contains("region eu-west-1\n"));
    }
}
