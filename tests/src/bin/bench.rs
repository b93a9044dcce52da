//! Prints the benchmark's figures: how long, how many calls, how much memory, with and without latency of AWS.
//!
//! Every figure is measured from outside: by a watch on the objects, by the checker's counters, and from /proc.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::progress::Progress;
use terrace_tests::watch::Watch;
use terrace_tests::{Bed, Operator, Options, Tenant, operator, until, wait};

/// How long nothing may happen before a measurement is given up.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long the operator makes no call until it counts as at rest.
const QUIET: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    for latency in [Duration::ZERO, Duration::from_millis(100)] {
        println!("\n{} ms added to each AWS call", latency.as_millis());
        one_by_one(latency).await?;
        slow_database(latency).await?;
        many(latency, 200, &["--aws-rate-limits", "lifted"]).await?;
        many(latency, 200, &[]).await?;
    }
    println!("\n1,000 DataTiers");
    at_rest(1000).await
}

/// A bed with an operator and one tenant whose Environment is Ready.
struct Bench<'b> {
    bed: &'b Bed,
    tenant: Tenant<'b>,
    operator: Operator,
}

impl<'b> Bench<'b> {
    async fn start(bed: &'b Bed, latency: Duration, args: &[&str]) -> Result<Bench<'b>> {
        let tenant = bed.tenant("bench").await?;
        for account in [tenant.account.id.as_str(), operator::ACCOUNT] {
            bed.checker.add_latency(account, latency).await?;
        }
        let operator = bed.start_operator(args).await?;
        tenant.apply_environment(PATIENCE).await?;
        let bench = Bench { bed, tenant, operator };
        bench.until_quiet().await?;
        Ok(bench)
    }

    async fn apply(&self, tiers: &[String]) -> Result<()> {
        let items: Vec<Value> = tiers.iter().map(|name| self.tenant.data_tier(name)).collect();
        self.tenant.kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items })).await.map(drop)
    }

    /// Waits until the operator has made no call in the tenant's account for a while.
    async fn until_quiet(&self) -> Result<()> {
        until("the end of all calls", PATIENCE, async || {
            let idle = self.tenant.calls().await?.idle_seconds;
            wait::ensure(idle.is_none_or(|idle| idle > QUIET.as_secs_f64()), format_args!("idle for {idle:?} s"))
        })
        .await
    }

    fn process(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.operator.pid_file())?.trim().to_owned())
    }
}

async fn bed() -> Result<Bed> {
    Bed::start(Options { progress: Progress::builds_only(), ..Options::default() }).await
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("tier-{n}")).collect()
}

fn print(what: &str, figure: impl std::fmt::Display) {
    println!("  {what:64} {figure:>12}");
}

/// From the moment that the object is seen to the moment that it is Ready, one after the other; and calls per create, per
/// quiet time and per delete.
async fn one_by_one(latency: Duration) -> Result<()> {
    let bed = bed().await?;
    let bench = Bench::start(&bed, latency, &[]).await?;
    bench.tenant.mark().await?;
    let mut took = Vec::new();
    for name in names(11) {
        let mut watch = Watch::start(&bench.tenant.kubectl, "datatiers")?;
        let asked = SystemTime::now();
        bench.apply(std::slice::from_ref(&name)).await?;
        took.push(watch.until_ready([name], PATIENCE).await?.duration_since(asked)?);
    }
    took.sort();
    print("apply to Ready, median of 11, kubectl apply included", format!("{:.2} s", took[5].as_secs_f64()));
    bench.until_quiet().await?;
    print("AWS calls per create", format!("{:.1}", bench.tenant.calls().await?.calls as f64 / 11.0));
    bench.tenant.mark().await?;
    for name in names(11) {
        bench.tenant.kubectl.patch("datatier", &name, &json!({ "spec": { "deletionPolicy": "Delete" } })).await?;
        bench.tenant.kubectl.delete("datatier", &name).await?;
        bench.tenant.kubectl.wait_until_gone("datatier", &name, PATIENCE).await?;
    }
    print("AWS calls per delete", format!("{:.1}", bench.tenant.calls().await?.calls as f64 / 11.0));
    Ok(())
}

/// How late a database is seen that took 60 to 90 seconds.
async fn slow_database(latency: Duration) -> Result<()> {
    let bed = bed().await?;
    let bench = Bench::start(&bed, latency, &[]).await?;
    for creating in [60, 75, 90] {
        let name = format!("slow-{creating}");
        bed.checker.slow_databases(&bench.tenant.account.id, Duration::from_secs(creating)).await?;
        bench.tenant.mark().await?;
        let mut watch = Watch::start(&bench.tenant.kubectl, "datatiers")?;
        bench.apply(std::slice::from_ref(&name)).await?;
        let ready = watch.until_ready([name], PATIENCE).await?.duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64();
        let requests = bed.checker.requests()?;
        let made =
            requests.iter().rev().find(|request| request.op == "CreateDBInstance").context("no CreateDBInstance")?;
        let late = ready - made.t - latency.as_secs_f64() - creating as f64;
        let calls = bench.tenant.calls().await?.calls;
        print(&format!("Ready after a database of {creating} s is available"), format!("{late:.2} s"));
        print("  in AWS calls", calls);
    }
    Ok(())
}

/// Many at once.
async fn many(latency: Duration, count: usize, args: &[&str]) -> Result<()> {
    let bed = bed().await?;
    let bench = Bench::start(&bed, latency, args).await?;
    bench.tenant.mark().await?;
    let mut watch = Watch::start(&bench.tenant.kubectl, "datatiers")?;
    let started = SystemTime::now();
    bench.apply(&names(count)).await?;
    let took = watch.until_ready(names(count), PATIENCE).await?.duration_since(started)?;
    let how = if args.is_empty() { "within the published rates" } else { "limiter lifted" };
    print(&format!("{count} databases at once, {how}"), format!("{:.1} s", took.as_secs_f64()));
    print("  AWS calls each", format!("{:.1}", bench.tenant.calls().await?.calls as f64 / count as f64));
    Ok(())
}

/// What many cost that nobody touches: memory, processor, and calls after a restart.
async fn at_rest(count: usize) -> Result<()> {
    let bed = bed().await?;
    let bench = Bench::start(&bed, Duration::ZERO, &["--aws-rate-limits", "lifted"]).await?;
    let mut watch = Watch::start(&bench.tenant.kubectl, "datatiers")?;
    bench.apply(&names(count)).await?;
    watch.until_ready(names(count), PATIENCE).await?;
    bench.until_quiet().await?;
    print("memory", format!("{} MiB", memory_kib(&bench.process()?)? / 1024));

    let (before, since) = (cpu_seconds(&bench.process()?)?, Instant::now());
    until("a minute", PATIENCE, async || wait::ensure(since.elapsed() > Duration::from_secs(60), "early")).await?;
    let share = (cpu_seconds(&bench.process()?)? - before) / since.elapsed().as_secs_f64();
    print("processor at rest, of one core", format!("{:.2} %", share * 100.0));

    bench.operator.stop().await?;
    for account in [bench.tenant.account.id.as_str(), operator::ACCOUNT] {
        bench.bed.checker.mark(account).await?;
    }
    bench.operator.restart().await?;
    bench.until_quiet().await?;
    let own = bench.bed.checker.counters(operator::ACCOUNT).await?.calls;
    let calls = bench.tenant.calls().await?;
    print("AWS calls after a restart", calls.calls + own);
    print("  of which change something", calls.mutating);
    print("memory after a restart", format!("{} MiB", memory_kib(&bench.process()?)? / 1024));
    Ok(())
}

/// The resident memory of a process, in KiB (`VmRSS` of proc(5)).
fn memory_kib(pid: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    line.trim().trim_end_matches(" kB").parse().context("VmRSS is a number")
}

/// The processor time of a process, in seconds: `utime` and `stime` of proc(5), in hundredths.
fn cpu_seconds(pid: &str) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit(") ").next().context("stat has a name")?;
    let ticks = |field: usize| after_name.split(' ').nth(field).and_then(|text| text.parse::<f64>().ok());
    Ok((ticks(11).context("utime")? + ticks(12).context("stime")?) / 100.0)
}
