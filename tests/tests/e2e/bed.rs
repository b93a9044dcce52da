//! The test bed keeps what it promises.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use terrace_tests::bed::SOON;
use terrace_tests::scratch::Scratch;
use terrace_tests::wait::ensure;
use terrace_tests::{Account, Bed, Emulator, Inventory, Options, http, until};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

fn deployment(name: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "template": { "metadata": { "labels": { "app": name } },
                          "spec": { "containers": [{ "name": "main", "image": "example.com/shop:1" }] } },
        },
    })
}

#[tokio::test]
async fn a_deployment_of_three_rolls_out() {
    let bed = Bed::shared().await.unwrap();
    let shop = bed.tenant("rollout").await.unwrap().kubectl;
    shop.apply(&deployment("web", 3)).await.unwrap();
    shop.wait_for("deployment", "web", SOON, |web| ensure(web["status"]["readyReplicas"] == 3, &web["status"]))
        .await
        .unwrap();
    let pods = shop.list("pods", "app=web").await.unwrap();
    assert_eq!(pods.len(), 3);
    assert!(pods.iter().all(|pod| pod["status"]["podIP"].is_string() && pod["spec"]["nodeName"].is_string()));
}

#[tokio::test]
async fn the_nodes_are_spread_over_three_zones() {
    let nodes = Bed::shared().await.unwrap().kubectl().list("nodes", "").await.unwrap();
    let mut zones: Vec<&str> =
        nodes.iter().filter_map(|node| node["metadata"]["labels"]["topology.kubernetes.io/zone"].as_str()).collect();
    zones.sort_unstable();
    assert_eq!(zones, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
}

#[tokio::test]
async fn two_beds_stand_side_by_side() {
    let (one, two) = (Bed::shared().await.unwrap(), Bed::start(Options::default()).await.unwrap());
    two.kubectl()
        .apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "only-in-two" } }))
        .await
        .unwrap();
    assert!(two.kubectl().find("namespace", "only-in-two").await.unwrap().is_some());
    assert!(one.kubectl().find("namespace", "only-in-two").await.unwrap().is_none());

    two.aws
        .call("secretsmanager", "create_secret", json!({ "Name": "only-in-two", "SecretString": "x" }))
        .await
        .unwrap();
    assert!(Inventory::of(&one.aws).await.unwrap().names("secretsmanager/Secret").is_empty());
}

#[tokio::test]
async fn accounts_of_an_emulator_do_not_see_each_other() {
    for emulator in Emulator::ALL {
        let bed = Bed::shared_on(emulator).await.unwrap();
        let (a, b) = (bed.tenant("a").await.unwrap(), bed.tenant("b").await.unwrap());
        a.aws.call("secretsmanager", "create_secret", json!({ "Name": "mine", "SecretString": "x" })).await.unwrap();
        assert_eq!(a.changes().await.unwrap(), ["+ secretsmanager/Secret mine"]);
        assert!(b.changes().await.unwrap().is_empty());
        assert_ne!(a.account.vpc, b.account.vpc);
    }
}

#[tokio::test]
async fn an_account_is_prepared_as_the_environment_asks() {
    for emulator in Emulator::ALL {
        let bed = Bed::shared_on(emulator).await.unwrap();
        let tenant = bed.tenant("prepared").await.unwrap();
        let Account { vpc, private_subnets, public_subnets, .. } = &tenant.account;
        let filter = |role: &str| json!({ "Filters": [{ "Name": "vpc-id", "Values": [vpc] }, { "Name": format!("tag:{role}"), "Values": ["1"] }] });
        for (role, expected) in
            [("kubernetes.io/role/internal-elb", private_subnets), ("kubernetes.io/role/elb", public_subnets)]
        {
            let subnets = tenant.aws.list("ec2", "describe_subnets", filter(role), "Subnets").await.unwrap();
            let mut zones: Vec<&str> =
                subnets.iter().filter_map(|subnet| subnet["AvailabilityZone"].as_str()).collect();
            zones.sort_unstable();
            assert_eq!(zones, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
            assert!(subnets.iter().all(|subnet| expected.iter().any(|id| subnet["SubnetId"] == **id)));
        }
        let inventory = tenant.inventory().await.unwrap();
        assert_eq!(inventory.names("eks/Cluster"), ["prod"]);
        assert_eq!(inventory.names("iam/Role"), ["eks-cluster", "terrace"]);
        assert!(tenant.changes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_definitions_of_the_custom_resources_are_served() {
    let bed = Bed::shared().await.unwrap();
    bed.apply_crds().await.unwrap();
    let tenant = bed.tenant("served").await.unwrap();
    tenant.kubectl.apply(&tenant.environment()).await.unwrap();
    let made = tenant.kubectl.apply(&tenant.data_tier("orders")).await.unwrap();
    assert_eq!(made["status"]["observedGeneration"], -1);
    tenant.kubectl.delete("dt", "orders").await.unwrap();
    tenant.kubectl.wait_until_gone("dt", "orders", SOON).await.unwrap();
}

/// `bed up` in a process of its own; its children inherit `mark` in their environment.
async fn bed_up(mark: &str) -> (Child, PathBuf) {
    let mut up = Command::new(env!("CARGO_BIN_EXE_bed"))
        .arg("up")
        .env("TERRACE_TEST_MARK", mark)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(up.stdout.take().unwrap()).lines();
    let kubeconfig = loop {
        let line = lines.next_line().await.unwrap().expect("bed up prints where its kubeconfig is");
        if let Some(path) = line.strip_prefix("export KUBECONFIG=") {
            break PathBuf::from(path);
        }
    };
    (up, kubeconfig)
}

/// The processes with this mark in their environment, by name.
fn marked(mark: &str) -> Vec<String> {
    let wanted = format!("TERRACE_TEST_MARK={mark}");
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    processes
        .filter(|path| {
            let environment = std::fs::read(path.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .map(|path| std::fs::read_to_string(path.join("comm")).unwrap_or_default().trim().to_owned())
        .collect()
}

async fn until_nothing_runs(mark: &str) {
    until("the end of everything", SOON, async || ensure(marked(mark).is_empty(), format!("{:?}", marked(mark))))
        .await
        .unwrap();
}

async fn until_nothing_is_left(mark: &str, kubeconfig: &Path) {
    until_nothing_runs(mark).await;
    until("the end of its folder", SOON, async || ensure(!kubeconfig.exists(), "it is there")).await.unwrap();
}

#[tokio::test]
async fn all_is_gone_when_the_bed_is_killed() {
    let mark = format!("killed-{}", std::process::id());
    let (mut up, kubeconfig) = bed_up(&mark).await;
    let names = marked(&mark);
    for part in ["bed", "etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "kwok"] {
        assert!(names.iter().any(|name| name.starts_with(part)), "{part} runs: {names:?}");
    }
    up.kill().await.unwrap();
    until_nothing_is_left(&mark, &kubeconfig).await;
}

#[tokio::test]
async fn all_is_gone_when_the_bed_ends() {
    let mark = format!("ended-{}", std::process::id());
    let (mut up, kubeconfig) = bed_up(&mark).await;
    terminate(&up);
    let status = end(&mut up).await;
    assert!(status.success(), "{status}");
    until_nothing_is_left(&mark, &kubeconfig).await;
}

fn terminate(bed: &Child) {
    let pid = rustix::process::Pid::from_raw(bed.id().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

async fn end(bed: &mut Child) -> ExitStatus {
    tokio::time::timeout(Duration::from_secs(30), bed.wait()).await.unwrap().unwrap()
}

/// `bed emulator` around a shell script, and what the script prints first.
async fn beside(emulator: Emulator, mark: &str, script: &str, arg: &Path) -> (Child, String) {
    let mut bed = Command::new(env!("CARGO_BIN_EXE_bed"))
        .args(["emulator", emulator.name(), "--", "sh", "-c", script, "sh"])
        .arg(arg)
        .env("TERRACE_TEST_MARK", mark)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let line = BufReader::new(bed.stdout.take().unwrap()).lines().next_line().await.unwrap();
    (bed, line.expect("the script prints a line"))
}

#[tokio::test]
async fn a_command_beside_an_emulator_ends_as_it_would_alone() {
    for emulator in Emulator::ALL {
        let mark = format!("beside-{}-{}", emulator.name(), std::process::id());
        let script = r#"echo "$TERRACE_WIRE_EMULATOR $TERRACE_WIRE_ENDPOINT"; exit 7"#;
        let (mut bed, line) = beside(emulator, &mark, script, Path::new("")).await;
        assert!(line.starts_with(&format!("{} http://127.0.0.1:", emulator.name())), "{line}");
        assert_eq!(end(&mut bed).await.code(), Some(7));
        until_nothing_runs(&mark).await;
    }
}

#[tokio::test]
async fn a_command_whose_requests_aws_would_refuse_fails() {
    let (scratch, mark) = (Scratch::new().unwrap(), format!("refused-{}", std::process::id()));
    let gate = scratch.path().join("gate");
    let script = r#"mkfifo "$1"; echo "$TERRACE_WIRE_ENDPOINT"; read -r _ <"$1""#;
    let (mut bed, endpoint) = beside(Emulator::Ministack, &mark, script, &gate).await;
    let scope =
        "AWS4-HMAC-SHA256 Credential=000000000001/20260101/eu-west-1/rds/aws4_request, SignedHeaders=host, Signature=0";
    let wrong = "Version=2014-10-31&Action=ModifyDBInstance&DBInstanceIdentifier=a&MultiAZ=yes";
    http::send("POST", &endpoint, "/", &[("authorization", scope)], wrong).await.unwrap();
    tokio::fs::write(&gate, "go\n").await.unwrap();
    assert_eq!(end(&mut bed).await.code(), Some(1));
}

#[tokio::test]
async fn a_command_and_its_emulator_end_when_they_are_told_to() {
    let mark = format!("told-{}", std::process::id());
    let (mut bed, _) = beside(Emulator::Moto, &mark, "echo up; tail -f /dev/null >/dev/null", Path::new("")).await;
    until("both", SOON, async || {
        let names = marked(&mark);
        let runs = |part: &str| names.iter().any(|name| name.starts_with(part));
        ensure(runs("tail") && runs("python"), format_args!("{names:?}"))
    })
    .await
    .unwrap();
    terminate(&bed);
    assert_eq!(end(&mut bed).await.code(), Some(128 + 15));
    until_nothing_runs(&mark).await;
}
