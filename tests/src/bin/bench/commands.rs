//! How long a person waits for the program's own commands.

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;
use terrace_tests::cli::Said;
use terrace_tests::demo::{ACCOUNT, write_overlay};
use terrace_tests::{Tenant, http, wait};

use super::{Bench, PATIENCE, bed, median, print};

/// Runs of each command.
const RUNS: usize = 5;

/// `terrace plan` of the web example: before it is applied, by what AWS shows, and without anybody.
pub async fn plan() -> Result<()> {
    let bed = bed().await?;
    bed.apply_crds().await?;
    let tenant = Tenant::new(&bed, "shop", ACCOUNT).await?;
    tenant.account.make_zone(&tenant.aws, "example.com").await?;
    let overlay = write_overlay(bed.folder(), &tenant.account)?;
    let folder = overlay.to_str().context("a path is text")?;
    // What stands in the cluster beforehand: the namespace and the Environment.
    let _operator = bed.start_operator(&[]).await?;
    let built = tenant.kubectl.run(&["kustomize", folder]).await?;
    let first = |text: &&str| ["kind: Environment", "kind: Namespace"].iter().any(|kind| text.contains(kind));
    let standing: Vec<&str> = built.split("\n---\n").filter(first).collect();
    tenant.kubectl.run_with(&["apply", "-f", "-"], &standing.join("\n---\n")).await?;
    tenant.kubectl.wait_for_condition("environment", "prod", "Ready", "True", PATIENCE).await?;
    let planned = timed(&tenant, &["plan", "-k", folder], "", 0).await?;
    print("terrace plan against the emulator, median of 5", milliseconds(planned), "< 2,000 ms");
    let offline = timed(&tenant, &["plan", "--offline", "-f", "-"], &built, 0).await?;
    print("terrace plan --offline", milliseconds(offline), "< 100 ms");
    let said = tenant.terrace(&["plan", "-k", folder, "-o", "json"], "").await?;
    let plan: serde_json::Value = serde_json::from_str(&said.out).context(said.err)?;
    print("resources in the plan", &plan["summary"]["create"], "");
    Ok(())
}

/// What is shown of very many objects.
pub async fn of_many(bench: &Bench<'_>) -> Result<()> {
    let tree = timed(&bench.tenant, &["tree", "-n", &bench.tenant.name], "", 0).await?;
    print("terrace tree, median of 5", milliseconds(tree), "< 1,000 ms");
    let why = timed(&bench.tenant, &["why", "DataTier/tier-0", "-n", &bench.tenant.name], "", 0).await?;
    print("terrace why of one of them", milliseconds(why), "");
    let (mut server, url) = bench.tenant.page().await?;
    let begun = Instant::now();
    let state = http::get(url.trim_end_matches('/'), "/state").await?;
    let answered = begun.elapsed().as_secs_f64();
    wait::ensure(state.status == 200, &state.body)?;
    print("terrace ui answers with their state in", milliseconds(answered), "");
    print("of", format!("{:.1} MB", state.body.len() as f64 / 1e6), "");
    server.kill().await.context("end terrace ui")?;
    Ok(())
}

fn milliseconds(figure: f64) -> String {
    format!("{:.0} ms", figure * 1000.0)
}

/// The median of several runs, in seconds. The command ends with this code, and prints something.
async fn timed(tenant: &Tenant<'_>, args: &[&str], input: &str, code: i32) -> Result<f64> {
    let mut figures = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let said: Said = tenant.terrace(args, input).await?;
        figures.push(begun.elapsed().as_secs_f64());
        wait::ensure(said.code == code && !said.out.is_empty(), json!({ "ended": said.code, "said": said.err }))?;
    }
    Ok(median(figures))
}
