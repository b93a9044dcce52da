//! Says how far building and starting have got: bars at a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// At least so much lies between two plain lines about one piece of work.
const QUIET: Duration = Duration::from_secs(15);

/// No plain line says more than this many characters.
const WIDTH: usize = 100;

/// Where progress goes.
#[derive(Clone, Default)]
pub struct Progress {
    bars: Option<MultiProgress>,
    starts: bool,
}

impl Progress {
    /// Shows everything: building and starting.
    pub fn loud() -> Progress {
        Progress { starts: true, ..Progress::builds_only() }
    }

    /// Shows only what takes long, the building: for tests.
    pub fn builds_only() -> Progress {
        Progress { bars: std::io::stderr().is_terminal().then(MultiProgress::new), starts: false }
    }

    /// One piece of building, of `total` parts where that is known.
    pub fn build(&self, name: &str, total: Option<u64>) -> Step {
        self.step(name, total, false)
    }

    /// One piece of starting.
    pub fn start(&self, name: &str) -> Step {
        self.step(name, None, !self.starts)
    }

    fn step(&self, name: &str, total: Option<u64>, hidden: bool) -> Step {
        let bar = match &self.bars {
            Some(bars) if !hidden => bars.add(ProgressBar::new_spinner()),
            _ => ProgressBar::hidden(),
        };
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        let plain = (self.bars.is_none() && !hidden).then(|| Mutex::new(None));
        let step = Step { name: name.to_owned(), bar, plain, since: Instant::now() };
        step.set_total(total);
        step
    }
}

/// A piece of work that goes on; ends with [`Step::done`], or fails when dropped without.
pub struct Step {
    name: String,
    bar: ProgressBar,
    plain: Option<Mutex<Option<Instant>>>,
    since: Instant,
}

impl Step {
    /// How many parts the work has, once that is known.
    pub fn set_total(&self, total: Option<u64>) {
        let style = match total {
            Some(total) => {
                self.bar.set_length(total);
                "{spinner} {prefix:26} [{bar:24}] {pos:>4}/{len} {wide_msg:.dim}"
            }
            None => "{spinner} {prefix:26} {wide_msg:.dim}",
        };
        self.bar.set_style(ProgressStyle::with_template(style).expect("the template is valid").progress_chars("=> "));
    }

    /// What is being done now.
    pub fn say(&self, what: &str) {
        self.bar.set_message(what.to_owned());
        self.line(what, false);
    }

    /// One part more is done, of this name.
    pub fn part(&self, what: &str) {
        self.bar.inc(1);
        let done = match self.bar.length() {
            Some(total) => format!("{}/{total} {what}", self.bar.position()),
            None => what.to_owned(),
        };
        self.bar.set_message(what.to_owned());
        self.line(&done, false);
    }

    /// The work is done.
    pub fn done(self, what: &str) {
        let took = self.since.elapsed();
        self.bar
            .set_style(ProgressStyle::with_template("✓ {prefix:26} {wide_msg:.dim}").expect("the template is valid"));
        self.bar.finish_with_message(format!("{what} ({:.1} s)", took.as_secs_f64()));
        self.line(&format!("{what} ({:.1} s)", took.as_secs_f64()), true);
    }

    /// A plain line, if no terminal shows a bar and none was written just before. Straight to stderr: the test harness
    /// would hold back what the print macros write until the test has ended.
    fn line(&self, what: &str, always: bool) {
        let Some(last) = &self.plain else { return };
        let mut last = last.lock().expect("nobody panics while holding it");
        if always || last.is_none_or(|at| at.elapsed() > QUIET) {
            *last = Some(Instant::now());
            // Progress that cannot be shown is no reason to stop the work.
            let short: String = what.chars().take(WIDTH).collect();
            let _ = writeln!(std::io::stderr(), "{:26} {short}", self.name);
        }
    }
}
