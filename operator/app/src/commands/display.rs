//! What `terrace wait` shows meanwhile, on standard error: at a terminal the tree, drawn again and again, elsewhere a line a
//! change.

use std::time::Duration;

use console::{Term, truncate_str};
use jiff::Timestamp;
use terrace_views::World;
use terrace_views::progress::{self, Progress, Waiting};
use terrace_views::style::Style;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::awaited::Awaited;
use super::cluster::Cluster;
use super::world;

/// How often the screen is drawn, and the objects about it are read at most: ages count seconds.
const FRAME: Duration = Duration::from_secs(1);
/// How often the objects about it are read, if nothing happens to the object itself.
const LOOK: Duration = Duration::from_secs(5);

/// Where it is shown.
pub struct Display<'a> {
    cluster: &'a Cluster,
    minutes: u64,
    since: Timestamp,
    style: Style,
    screen: Option<Screen>,
}

/// A terminal, and what is drawn on it.
struct Screen {
    term: Term,
    /// How many lines stand there.
    lines: usize,
    world: World,
    looked: Option<Instant>,
    frames: Interval,
}

impl<'a> Display<'a> {
    /// A screen where standard error is a terminal that can be drawn upon, else lines.
    pub fn of(cluster: &'a Cluster, minutes: u64, style: &Style) -> Self {
        let term = Term::buffered_stderr();
        let able = term.is_term() && std::env::var("TERM").is_ok_and(|term| term != "dumb");
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let screen = able.then(|| Screen { term, lines: 0, world: World::default(), looked: None, frames });
        Display { cluster, minutes, since: Timestamp::now(), style: *style, screen }
    }

    /// Tells how far an object is now: at once, or on the next screen.
    pub fn told(&mut self, now: &Progress) {
        match &mut self.screen {
            None => eprint!("{}", now.line(&self.style)),
            Some(screen) => screen.looked = None,
        }
    }

    /// Until it is time to draw again; for ever where nothing is drawn.
    pub async fn next(&mut self) {
        match &mut self.screen {
            Some(screen) => screen.frames.tick().await,
            None => std::future::pending().await,
        };
    }

    /// Draws the screen. Where the cluster does not answer it stays as it is: the watch says so in the end.
    pub async fn draw(&mut self, awaited: &Awaited) {
        let Some(screen) = &mut self.screen else { return };
        if screen.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            if let Ok(world) = world::world(self.cluster).await {
                screen.world = world;
            }
            screen.looked = Some(Instant::now());
        }
        let (rows, columns) = screen.term.size();
        let style = Style { now: Timestamp::now(), width: Some(columns.into()), ..self.style };
        let scope = awaited.scope();
        let waiting = Waiting { scope: &scope, goal: awaited.goal().words(), since: self.since, minutes: self.minutes };
        // The last row is the cursor's.
        let rows = usize::from(rows).saturating_sub(1);
        let text = progress::screen(&screen.world, &awaited.all(), &waiting, &style, rows);
        screen.show(&text, columns.into());
    }

    /// Takes what is drawn away.
    pub fn end(self) {
        if let Some(mut screen) = self.screen {
            screen.show("", usize::MAX);
        }
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
