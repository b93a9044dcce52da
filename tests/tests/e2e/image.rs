//! The image: its Dockerfile is sound, and what it says of the user and the program is what the chart's pods go by.

use serde_json::json;
use terrace_tests::Bed;
use terrace_tests::tools::checkout;

fn dockerfile() -> String {
    std::fs::read_to_string(checkout().join("Dockerfile")).unwrap()
}

#[tokio::test]
async fn the_dockerfile_is_linted() {
    let bed = Bed::shared().await.unwrap();
    let linted = bed.python.program("hadolint").arg(checkout().join("Dockerfile")).output().unwrap();
    let said = String::from_utf8_lossy(&linted.stdout).into_owned() + &String::from_utf8_lossy(&linted.stderr);
    assert!(linted.status.success() && said.is_empty(), "{said}");
}

#[tokio::test]
async fn the_image_runs_as_whom_the_chart_says() {
    let bed = Bed::shared().await.unwrap();
    let objects = bed.helm.template(&json!({})).await.unwrap();
    let deployment = objects.iter().find(|object| object["kind"] == "Deployment").unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    let (user, group) = (&pod["securityContext"]["runAsUser"], &pod["securityContext"]["runAsGroup"]);
    let last = dockerfile().rsplit("\nFROM ").next().unwrap().to_owned();
    assert!(last.contains(&format!("\nUSER {user}:{group}\n")), "{last}");
    // The pod has arguments and no command: the program is the image's.
    assert!(pod["containers"][0]["command"].is_null() && last.contains("\nENTRYPOINT [\"/terrace\"]"), "{last}");
}

#[test]
fn the_image_is_built_by_the_toolchain_that_tests_run_with() {
    let pinned = std::fs::read_to_string(checkout().join("rust-toolchain.toml")).unwrap();
    let version = pinned.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"').to_owned();
    let dockerfile = dockerfile();
    for line in [format!("FROM rust:{version}-slim-bookworm AS tools"), format!("ENV RUSTUP_TOOLCHAIN={version}")] {
        assert!(dockerfile.contains(&line), "the Dockerfile has no {line}");
    }
}
