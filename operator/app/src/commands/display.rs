//! What `terrace wait` shows meanwhile, on standard error: at a terminal the tree, drawn again and again, elsewhere a line a
//! change.

use std::time::Duration;

use console::{Term, truncate_str};
use jiff::Timestamp;
use terrace_tiers::ObjectKey;
use terrace_views::World;
use terrace_views::progress::{self, Progress, Waiting};
use terrace_views::style::Style;
use tokio::time::{Instant, sleep};

use super::cluster::Cluster;
use super::named::Named;
use super::wait::Goal;
use super::world;

/// How often the screen is drawn: ages count seconds.
const FRAME: Duration = Duration::from_secs(1);
/// How often the objects about it are read, if nothing happens to the object itself.
const LOOK: Duration = Duration::from_secs(5);

/// Where it is shown, and what was shown last.
pub struct Display<'a> {
    cluster: &'a Cluster,
    object: ObjectKey,
    goal: Goal,
    minutes: u64,
    since: Timestamp,
    style: Style,
    last: Option<Progress>,
    screen: Option<Screen>,
}

/// A terminal, and what is drawn on it.
struct Screen {
    term: Term,
    /// How many lines stand there.
    lines: usize,
    world: World,
    looked: Option<Instant>,
}

impl<'a> Display<'a> {
    /// A screen where standard error is a terminal that can be drawn upon, else lines.
    pub fn of(named: &Named, cluster: &'a Cluster, goal: Goal, minutes: u64, style: &Style) -> Self {
        let term = Term::buffered_stderr();
        let able = term.is_term() && std::env::var("TERM").is_ok_and(|term| term != "dumb");
        let screen = able.then(|| Screen { term, lines: 0, world: World::default(), looked: None });
        let (object, since) = (named.key(&cluster.namespace), Timestamp::now());
        Display { cluster, object, goal, minutes, since, style: *style, last: None, screen }
    }

    /// Shows how far the object is now.
    pub async fn told(&mut self, now: Progress) {
        if self.last.as_ref() == Some(&now) {
            return;
        }
        let line = now.line(&self.style);
        self.last = Some(now);
        match &mut self.screen {
            None => eprint!("{line}"),
            Some(screen) => {
                screen.looked = None;
                self.draw().await;
            }
        }
    }

    /// Until it is time to draw again; for ever where nothing is drawn.
    pub async fn next(&self) {
        match self.screen {
            Some(_) => sleep(FRAME).await,
            None => std::future::pending().await,
        }
    }

    /// Draws the screen. Where the cluster does not answer it stays as it is: the watch says so in the end.
    pub async fn draw(&mut self) {
        let Some(screen) = &mut self.screen else { return };
        if screen.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            if let Ok(world) = world::world(self.cluster).await {
                screen.world = world;
            }
            screen.looked = Some(Instant::now());
        }
        let (rows, columns) = screen.term.size();
        let style = Style { now: Timestamp::now(), width: Some(columns.into()), ..self.style };
        let waiting =
            Waiting { object: &self.object, goal: self.goal.words(), since: self.since, minutes: self.minutes };
        // The last row is the cursor's.
        let rows = usize::from(rows).saturating_sub(1);
        let text = progress::screen(&screen.world, self.last.as_ref(), &waiting, &style, rows);
        screen.show(&text, columns.into());
    }

    /// Why the object is as it was last told to be.
    pub fn words(&self) -> String {
        self.last.as_ref().map(Progress::words).unwrap_or_default()
    }

    /// Takes what is drawn away; gives back what was told last.
    pub fn end(self) -> Option<Progress> {
        if let Some(mut screen) = self.screen {
            screen.show("", usize::MAX);
        }
        self.last
    }
}

impl Screen {
    /// Puts a text in the place of what stands there, each line in a row of its own. A terminal that is gone shows nothing.
    fn show(&mut self, text: &str, columns: usize) {
        let _ = self.term.clear_last_lines(self.lines);
        for line in text.lines() {
            let _ = self.term.write_line(&truncate_str(line, columns, ""));
        }
        let _ = self.term.flush();
        self.lines = text.lines().count();
    }
}
