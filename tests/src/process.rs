//! Processes that are gone when the bed is, however it ends.
//!
//! Each runs under a guard, a small shell that reads a pipe of which only the bed holds the other end. A line in the
//! pipe is the name of a signal for the process; the end of the pipe, which comes also when the bed is killed, ends the
//! guard's whole process group. (A parent-death signal would need `unsafe`, and fires when the *thread* that started
//! the process ends.)

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::time::timeout;

use crate::wait::until;

const GUARD: &str = r#"
pid_file=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
echo "$child" >"$pid_file.new" && mv "$pid_file.new" "$pid_file"
{
    while read -r signal; do kill -s "$signal" "$child"; done
    kill -s KILL 0
} <&3 3<&- >/dev/null 2>&1 &
exec 3<&-
wait "$child"; status=$?
trap '' TERM
kill -s TERM 0
exit "$status"
"#;

/// How long a process may take to end when asked, before it is killed.
const GRACE: Duration = Duration::from_secs(20);

/// A running process of the bed.
#[derive(Debug)]
pub struct Process {
    name: String,
    guard: Child,
    pipe: Option<ChildStdin>,
    log: PathBuf,
    pid_file: PathBuf,
}

impl Process {
    /// Starts `command` as `name`, with `NAME.log` and `NAME.pid` in `folder`.
    ///
    /// # Errors
    /// When the log cannot be written or the guard not be started. A program that does not exist shows as a process
    /// that ends.
    pub fn start(name: &str, command: &Command, folder: &Path) -> Result<Process> {
        let log = log_file(name, folder);
        let out =
            File::options().create(true).append(true).open(&log).with_context(|| format!("open {}", log.display()))?;
        Process::spawn(name, command, folder, out.try_clone()?.into(), out.into())
    }

    /// As [`start`](Self::start), but what it writes goes where this program's own output goes, and its log stays empty.
    ///
    /// # Errors
    /// When the guard cannot be started.
    pub fn attached(name: &str, command: &Command, folder: &Path) -> Result<Process> {
        Process::spawn(name, command, folder, Stdio::inherit(), Stdio::inherit())
    }

    fn spawn(name: &str, command: &Command, folder: &Path, out: Stdio, err: Stdio) -> Result<Process> {
        let (log, pid_file) = (log_file(name, folder), folder.join(format!("{name}.pid")));
        let mut guarded = tokio::process::Command::new("sh");
        guarded.arg("-c").arg(GUARD).arg("guard").arg(&pid_file);
        guarded.arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => guarded.env(key, value),
                None => guarded.env_remove(key),
            };
        }
        if let Some(dir) = command.get_current_dir() {
            guarded.current_dir(dir);
        }
        guarded.stdin(Stdio::piped()).stdout(out).stderr(err).process_group(0);
        let mut guard = guarded.spawn().context("start sh")?;
        let pipe = guard.stdin.take();
        Ok(Process { name: name.to_owned(), guard, pipe, log, pid_file })
    }

    /// Its name in the bed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that holds its process id, once it runs.
    pub fn pid_file(&self) -> &Path {
        &self.pid_file
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines of its output.
    pub fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Fails if the process has ended, with the last lines of its output.
    ///
    /// # Errors
    /// When it has ended.
    pub fn alive(&mut self) -> Result<()> {
        match self.guard.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}:\n{}", self.name, self.tail()),
        }
    }

    /// Waits for its end. An exit code above 128 is 128 and the number of the signal that ended it.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        self.guard.wait().await.with_context(|| format!("wait for {}", self.name))
    }

    /// Asks it to end (SIGTERM) and waits until it has; kills it when it takes longer than 20 s.
    ///
    /// # Errors
    /// When it had to be killed.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        self.signal("TERM").await?;
        match timeout(GRACE, self.wait()).await {
            Ok(status) => status,
            Err(_) => {
                self.kill().await?;
                bail!("{} did not end within {GRACE:?} of SIGTERM", self.name)
            }
        }
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be signalled or waited for.
    pub async fn kill(&mut self) -> Result<ExitStatus> {
        self.signal("KILL").await?;
        self.wait().await
    }

    /// Sends a signal by its name without `SIG`; nothing happens if the process has ended.
    async fn signal(&mut self, name: &str) -> Result<()> {
        if self.guard.try_wait()?.is_some() {
            return Ok(());
        }
        let pipe = self.pipe.as_mut().context("the guard has no pipe")?;
        match pipe.write_all(format!("{name}\n").as_bytes()).await {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn log_file(name: &str, folder: &Path) -> PathBuf {
    folder.join(format!("{name}.log"))
}

/// Waits until `look` answers, as [`until`] does, but no longer than the processes live.
///
/// # Errors
/// When one of them ends, with its last lines; when the deadline passes first, with the last lines of all.
pub async fn until_up<T>(
    processes: &mut [Process],
    what: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let up = until(what, deadline, async || {
        if let Err(dead) = processes.iter_mut().try_for_each(Process::alive) {
            return Ok(Err(dead));
        }
        look().await.map(Ok)
    })
    .await;
    up.with_context(|| processes.iter().map(Process::tail).collect::<Vec<_>>().join("\n"))?
}

/// Runs a command with this input, to its end.
///
/// # Errors
/// When it cannot be started.
pub async fn fed(command: &mut tokio::process::Command, input: &str) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().context("stdin is piped")?;
    let write = async {
        // Without a reader the exit code says what is wrong.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), write);
    Ok(output?)
}

/// A command with these arguments.
pub fn command<A: AsRef<OsStr>>(program: impl AsRef<OsStr>, args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(program);
    command.args(args);
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use crate::wait::ensure;

    const SOON: Duration = Duration::from_secs(10);

    fn alive(pid: &str) -> bool {
        Path::new("/proc").join(pid).join("cmdline").metadata().is_ok()
            && !std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default().is_empty()
    }

    async fn pid_of(process: &Process) -> String {
        until("the pid file", SOON, async || Ok(std::fs::read_to_string(process.pid_file())?.trim().to_owned()))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn the_exit_code_and_the_output_are_the_process_own() {
        let scratch = Scratch::new().unwrap();
        let mut process =
            Process::start("one", &command("sh", ["-c", "echo out; echo err >&2; exit 7"]), scratch.path()).unwrap();
        assert_eq!(process.wait().await.unwrap().code(), Some(7));
        assert_eq!(process.tail(), "out\nerr");
        assert!(process.alive().unwrap_err().to_string().contains("out\nerr"));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_process_that_has_ended() {
        let scratch = Scratch::new().unwrap();
        let process =
            Process::start("one", &command("sh", ["-c", "echo no such flag >&2; exit 2"]), scratch.path()).unwrap();
        let day = Duration::from_secs(86_400);
        let error =
            until_up(&mut [process], "one", day, async || -> Result<()> { bail!("no answer") }).await.unwrap_err();
        assert!(error.to_string().contains("no such flag"), "{error:#}");
    }

    #[tokio::test]
    async fn stop_lets_the_process_finish_its_work() {
        let scratch = Scratch::new().unwrap();
        let script = "trap 'echo bye; exit 3' TERM; echo up; while :; do read -r _ </dev/zero & wait $!; done";
        let mut process = Process::start("one", &command("sh", ["-c", script]), scratch.path()).unwrap();
        until("up", SOON, async || ensure(process.tail().contains("up"), process.tail())).await.unwrap();
        assert_eq!(process.stop().await.unwrap().code(), Some(3));
        assert!(process.tail().ends_with("bye"), "{}", process.tail());
    }

    #[tokio::test]
    async fn kill_does_not_ask() {
        let scratch = Scratch::new().unwrap();
        let mut process =
            Process::start("one", &command("sh", ["-c", "trap '' TERM; tail -f /dev/null"]), scratch.path()).unwrap();
        pid_of(&process).await;
        assert_eq!(process.kill().await.unwrap().code(), Some(128 + 9));
    }

    #[tokio::test]
    async fn what_the_process_started_goes_with_it() {
        let scratch = Scratch::new().unwrap();
        let script = "tail -f /dev/null & echo $!; wait";
        let process = Process::start("one", &command("sh", ["-c", script]), scratch.path()).unwrap();
        let grandchild = until("the grandchild", SOON, async || {
            let pid = process.tail();
            // For a moment between its fork and its program it has no command line.
            ensure(!pid.is_empty() && alive(&pid), "it is not there")?;
            Ok(pid)
        })
        .await
        .unwrap();
        drop(process);
        until("the end of the grandchild", SOON, async || ensure(!alive(&grandchild), "alive")).await.unwrap();
    }
}
