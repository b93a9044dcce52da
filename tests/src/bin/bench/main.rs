//! Prints the benchmark's figures: how long, how many calls, how much memory, with and without latency of AWS.
//!
//! Every figure is measured from outside: by a watch on the objects, by the checker's counters, and from /proc.

mod commands;

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use terrace_tests::progress::Progress;
use terrace_tests::watch::Watch;
use terrace_tests::{Bed, Operator, Options, Tenant, leaders, operator, until, wait};
use tokio::try_join;

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

/// Without an argument all parts, else those named: `one`, `slow`, `many`, `plan`, `rest`, `resync`, `leaders`.
async fn run() -> Result<()> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    for latency in [Duration::ZERO, Duration::from_millis(100)] {
        println!("\n{} ms added to each AWS call", latency.as_millis());
        if wanted("one") {
            one_by_one(latency).await?;
        }
        if wanted("slow") {
            slow_database(latency).await?;
        }
        if wanted("many") {
            many(latency, Shape::Lean, &["--aws-rate-limits", "lifted"]).await?;
            many(latency, Shape::Usual, &["--aws-rate-limits", "lifted"]).await?;
            many(latency, Shape::Lean, &[]).await?;
        }
    }
    if wanted("plan") {
        println!("\nexamples/web, as a person plans it");
        commands::plan().await?;
    }
    println!("\n1,000 DataTiers");
    if wanted("rest") {
        at_rest(1000).await?;
    }
    if wanted("resync") {
        resync(1000).await?;
    }
    if wanted("leaders") {
        println!("\nexamples/web, whose operator is lost");
        leaders(50).await?;
    }
    Ok(())
}

/// How long until another leads, and what is left in the end.
async fn leaders(kills: u32) -> Result<()> {
    let mut lost = leaders::lose(kills).await?;
    lost.takeovers.sort_unstable();
    let seconds = |at: usize| format!("{:.1} s", lost.takeovers[at].as_secs_f64());
    let count = lost.takeovers.len();
    print("leaders lost", count, "");
    print("from the death of one to the next, median", seconds(count / 2), "");
    print("the longest", seconds(count - 1), "< 20 s: a Lease holds for 15");
    print("duplicates and orphans in AWS", lost.left.len(), "0");
    wait::ensure(lost.left.is_empty(), format_args!("left behind: {:#?}", lost.left))
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

    async fn apply(&self, tiers: &[String], shape: Shape) -> Result<()> {
        let items: Vec<Value> = tiers.iter().map(|name| shape.of(self.tenant.data_tier(name))).collect();
        self.tenant.kubectl.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": items })).await.map(drop)
    }

    /// Applies them, and answers when the last of them was told to be Ready. The watch is followed meanwhile: one that nobody
    /// reads stands still.
    async fn ready(&self, tiers: &[String], shape: Shape) -> Result<SystemTime> {
        let mut watch = Watch::all(&self.tenant.kubectl, "datatiers")?;
        let ready = watch.until_ready(tiers.to_vec(), PATIENCE);
        try_join!(self.apply(tiers, shape), ready).map(|((), ready)| ready)
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

/// What is applied.
#[derive(Clone, Copy)]
enum Shape {
    /// The smallest manifest: subnet group, parameter group, security group and rule, monitoring role, instance.
    Usual,
    /// Without enhanced monitoring, and so without its role: what comes nearest to a database and its subnet group.
    Lean,
}

impl Shape {
    fn of(self, mut tier: Value) -> Value {
        if let Shape::Lean = self {
            tier["spec"]["monitoring"] = json!({ "enhancedIntervalSeconds": 0 });
        }
        tier
    }
}

async fn bed() -> Result<Bed> {
    Bed::start(Options { progress: Progress::builds_only(), ..Options::default() }).await
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("tier-{n}")).collect()
}

/// A figure and what it is to be; an empty aim where there is none.
fn print(what: &str, figure: impl std::fmt::Display, aim: &str) {
    println!("  {what:58} {figure:>10}  {aim}");
}

/// From the moment that the API server shows the object to the moment that it shows it Ready, one after the other; and
/// calls per create and per delete.
async fn one_by_one(latency: Duration) -> Result<()> {
    let bed = bed().await?;
    let bench = Bench::start(&bed, latency, &[]).await?;
    bench.tenant.mark().await?;
    let (mut from_seen, mut from_asked) = (Vec::new(), Vec::new());
    for name in names(11) {
        let mut watch = Watch::named(&bench.tenant.kubectl, "datatiers", &name)?;
        let asked = SystemTime::now();
        let watched = async {
            let seen = watch.next(PATIENCE).await?.at;
            Ok((seen, watch.until_ready([name.clone()], PATIENCE).await?))
        };
        let ((), (seen, ready)) = try_join!(bench.apply(std::slice::from_ref(&name), Shape::Usual), watched)?;
        from_seen.push(ready.duration_since(seen)?.as_secs_f64());
        from_asked.push(ready.duration_since(asked)?.as_secs_f64());
    }
    let seconds = |figures| format!("{:.2} s", median(figures));
    print("applied to Ready, median of 11", seconds(from_seen), "< 0.3 s at 0 ms");
    print("the same with the run of kubectl before it", seconds(from_asked), "");
    bench.until_quiet().await?;
    print("AWS calls per create", format!("{:.1}", bench.tenant.calls().await?.calls as f64 / 11.0), "");
    bench.tenant.mark().await?;
    for name in names(11) {
        bench.tenant.kubectl.patch("datatier", &name, &json!({ "spec": { "deletionPolicy": "Delete" } })).await?;
        bench.tenant.kubectl.delete("datatier", &name).await?;
        bench.tenant.kubectl.wait_until_gone("datatier", &name, PATIENCE).await?;
    }
    print("AWS calls per delete", format!("{:.1}", bench.tenant.calls().await?.calls as f64 / 11.0), "");
    Ok(())
}

/// How late a database is seen that took 60 to 90 seconds, one after the other.
async fn slow_database(latency: Duration) -> Result<()> {
    let bed = bed().await?;
    let bench = Bench::start(&bed, latency, &[]).await?;
    let (mut lates, mut all, mut looks) = (Vec::new(), Vec::new(), Vec::new());
    for creating in [75, 60, 90, 67, 82] {
        let name = format!("slow-{creating}");
        bed.checker.slow_databases(&bench.tenant.account.id, Duration::from_secs(creating)).await?;
        bench.tenant.mark().await?;
        let ready = bench.ready(&[name], Shape::Lean).await?.duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64();
        let requests = bed.checker.requests()?;
        let made =
            requests.iter().rev().find(|request| request.op == "CreateDBInstance").context("no CreateDBInstance")?;
        lates.push(ready - made.t - latency.as_secs_f64() - creating as f64);
        let calls = bench.tenant.calls().await?;
        all.push(calls.calls as f64);
        looks.push(calls.operations.get("rds.DescribeDBInstances").copied().unwrap_or_default() as f64);
    }
    print("Ready after a database of 60 to 90 s is available, median", format!("{:.2} s", median(lates)), "< 3 s");
    print("  in AWS calls, all of a DataTier's", median(all), "at most 15");
    print("  of which look at the instance", median(looks), "");
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Many at once.
async fn many(latency: Duration, shape: Shape, args: &[&str]) -> Result<()> {
    let count = 200;
    let bed = bed().await?;
    let bench = Bench::start(&bed, latency, args).await?;
    bench.tenant.mark().await?;
    let started = SystemTime::now();
    let took = bench.ready(&names(count), shape).await?.duration_since(started)?;
    let how = if args.is_empty() { "within the published rates" } else { "limiter lifted" };
    let what = match shape {
        Shape::Usual => "databases",
        Shape::Lean => "databases without monitoring",
    };
    let aim = if args.is_empty() { "" } else { "< 20 s" };
    print(&format!("{count} {what} at once, {how}"), format!("{:.1} s", took.as_secs_f64()), aim);
    let calls = bench.tenant.calls().await?;
    print("  AWS calls each", format!("{:.1}", calls.calls as f64 / count as f64), "at most 6");
    println!("  {:?}", calls.operations);
    Ok(())
}

/// What many cost that nobody touches: memory, processor, and calls after a restart.
async fn at_rest(count: usize) -> Result<()> {
    let bed = bed().await?;
    let bench = Bench::start(&bed, Duration::ZERO, &["--aws-rate-limits", "lifted"]).await?;
    bench.ready(&names(count), Shape::Usual).await?;
    bench.until_quiet().await?;
    print("memory", format!("{} MiB", memory_kib(&bench.process()?)? / 1024), "< 150 MiB");

    let (before, since) = (cpu_seconds(&bench.process()?)?, Instant::now());
    pass_by(Duration::from_secs(60)).await?;
    let share = (cpu_seconds(&bench.process()?)? - before) / since.elapsed().as_secs_f64();
    print("processor at rest, of one core", format!("{:.2} %", share * 100.0), "");

    commands::of_many(&bench).await?;
    bench.operator.stop().await?;
    for account in [bench.tenant.account.id.as_str(), operator::ACCOUNT] {
        bench.bed.checker.mark(account).await?;
    }
    bench.operator.restart().await?;
    // It leads only once the lease of the one before has run out.
    until("the first call after the restart", PATIENCE, async || {
        wait::ensure(bench.tenant.calls().await?.calls > 0, "none")
    })
    .await?;
    bench.until_quiet().await?;
    let own = bench.bed.checker.counters(operator::ACCOUNT).await?.calls;
    let calls = bench.tenant.calls().await?;
    print("AWS calls after a restart", calls.calls + own, "< 50");
    print("  of which change something", calls.mutating, "0");
    print("memory after a restart", format!("{} MiB", memory_kib(&bench.process()?)? / 1024), "");
    println!("  {:?}", calls.operations);
    Ok(())
}

/// What a resync of many costs.
async fn resync(count: usize) -> Result<()> {
    let (bed, period) = (bed().await?, 60);
    let args = ["--aws-rate-limits", "lifted", "--resync-seconds", &period.to_string()];
    let bench = Bench::start(&bed, Duration::ZERO, &args).await?;
    bench.ready(&names(count), Shape::Usual).await?;
    pass_by(Duration::from_secs(2 * period)).await?;
    bench.tenant.mark().await?;
    pass_by(Duration::from_secs(3 * period)).await?;
    let calls = bench.tenant.calls().await?;
    print("AWS calls per resync of all", format!("{:.1}", calls.calls as f64 / 3.0), "0.02 a resource");
    print("  of which change something", calls.mutating, "0");
    Ok(())
}

/// Lets time pass that is measured over.
async fn pass_by(time: Duration) -> Result<()> {
    let since = Instant::now();
    until("time to pass", time + PATIENCE, async || wait::ensure(since.elapsed() > time, "early")).await
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
