//! The answer as text: the sentence, and under it what is known, a label each. Nothing is cut or wrapped: whoever copies
//! AWS's words has them whole.

use jiff::Timestamp;

use super::{Because, Entry, Events, Link, ResourceName, Usual, Why};
use crate::ObjectName;
use crate::style::{Line, Paint, Style, columns, since};

/// The column in which what is known begins, after two spaces and a label.
const VALUE: usize = 10;
/// The most objects that are named; of more, the number.
pub const MOST: usize = 5;

impl Why {
    /// The answer as text.
    pub fn text(&self, style: &Style) -> String {
        let head = Line::new().mark(style, self.mark).then(Paint::Bold, &self.answer);
        let known: String = self.known(style).iter().map(|line| format!("  {}\n", line.text(style))).collect();
        match known.is_empty() {
            true => format!("{}\n", head.text(style)),
            false => format!("{}\n\n{known}", head.text(style)),
        }
    }

    /// What is known: since when and how often, how it hangs together, what to do, and what else there is.
    fn known(&self, style: &Style) -> Vec<Line> {
        let chain = if self.objects() > 1 { "chain" } else { "resource" };
        let run = if self.is_choice() { "choose" } else { "run" };
        let todo = Some(self.todo.clone()).filter(|todo| !todo.is_empty());
        let mut lines: Vec<Line> = [
            labelled("since", Paint::Plain, self.since.map(|time| since(time, style.now))),
            labelled("events", Paint::Plain, self.events_in_words(style)),
            labelled(chain, Paint::Plain, self.chain_in_words(style)),
            labelled("also", Paint::Plain, titles("waits for ", &self.also, 0)),
            labelled("holds up", Paint::Plain, titles("", &self.others_held(), self.more_held)),
            labelled("usually", Paint::Plain, self.usual.as_ref().map(usual)),
            labelled("plan", Paint::Plain, self.plan_in_words()),
            labelled("do", Paint::Bold, todo),
            self.commands(run),
            labelled("read", Paint::Plain, self.runbook.clone()),
        ]
        .concat();
        for remark in &self.remarks {
            let since = remark.since.map(|time| format!(", since {}", since(time, style.now))).unwrap_or_default();
            lines.extend(labelled(
                &remark.about.to_lowercase(),
                Paint::Plain,
                Some(format!("{}{since}", remark.message)),
            ));
        }
        lines
    }

    /// Whether one of several commands is to be run, and not all of them.
    fn is_choice(&self) -> bool {
        self.because == Because::Approval && self.commands.len() > 1
    }

    fn events_in_words(&self, style: &Style) -> Vec<String> {
        let Some(Events { reason, count, first, last, request_id }) = &self.events else { return Vec::new() };
        let ago = |word: &str, time: &Option<Timestamp>| {
            time.map(|time| format!(", {word}{} ago", style.age(time))).unwrap_or_default()
        };
        let times = match count {
            1 => format!("{reason} once{}", ago("", last)),
            many => format!("{reason} {many} times{}{}", ago("first ", first), ago("last ", last)),
        };
        let request = request_id.as_ref().map(|id| format!("AWS's request {id}"));
        [times].into_iter().chain(request).collect()
    }

    /// How many of the chain are objects, and not a resource of the last.
    fn objects(&self) -> usize {
        self.chain.iter().filter(|link| link.resource.is_none()).count()
    }

    /// The chain from the object on; where it is that alone, the resource.
    fn chain_in_words(&self, style: &Style) -> Vec<String> {
        let alone = self.objects() < 2;
        let links = self.chain.iter().filter(|link| !alone || link.resource.is_some()).enumerate();
        let line = |(number, link): (usize, &Link)| {
            let arrow = if number == 0 { String::new() } else { format!("{} ", style.to()) };
            format!("{arrow}{}", link_in_words(link, style))
        };
        links.map(line).collect()
    }

    /// Whom the cause holds up besides those of the chain.
    fn others_held(&self) -> Vec<ObjectName> {
        let chained = |name: &&ObjectName| !self.chain.iter().any(|link| link.object == **name);
        self.holds_up.iter().filter(chained).cloned().collect()
    }

    /// The plan; where it is a choice, the commands say what each comes to.
    fn plan_in_words(&self) -> Vec<String> {
        let entry = |entry: &Entry| {
            let data = entry.data.as_ref().map(|data| format!("; data {data}")).unwrap_or_default();
            let changes = entry.changes.iter().map(|change| format!("  {change}"));
            let head = format!("{} {} ({}){data}", entry.action, entry.id, entry.kind);
            [head].into_iter().chain(changes).collect::<Vec<_>>()
        };
        if self.is_choice() { Vec::new() } else { self.plan.iter().flat_map(entry).collect() }
    }

    /// The commands; of several, what each comes to.
    fn commands(&self, label: &str) -> Vec<Line> {
        let lines = labelled(label, Paint::Plain, self.commands.iter().map(|command| command.run.clone()));
        let widest = self.commands.iter().map(|command| columns(&command.run)).max().unwrap_or_default();
        let with_effect = |(line, command): (Line, &super::Command)| {
            line.at(VALUE + widest + 2).then(Paint::Dim, &format!("# {}", command.effect))
        };
        match self.commands.len() {
            0 | 1 => lines,
            _ => lines.into_iter().zip(&self.commands).map(with_effect).collect(),
        }
    }
}

/// Lines of which the first one has a label.
fn labelled(label: &str, paint: Paint, values: impl IntoIterator<Item = String>) -> Vec<Line> {
    let line = |(number, value): (usize, String)| {
        let label = if number == 0 { format!("{label:VALUE$}") } else { " ".repeat(VALUE) };
        Line::new().then(Paint::Dim, &label).joined(paint, &value)
    };
    values.into_iter().enumerate().map(line).collect()
}

fn link_in_words(link: &Link, style: &Style) -> String {
    let reason = link.reason.as_ref().filter(|reason| **reason != link.state);
    let stands = [Some(&link.state), reason].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ");
    if let Some(ResourceName { id, kind, name, handle }) = &link.resource {
        let known = handle.as_ref().or(name.as_ref()).map(|known| format!(": {known}")).unwrap_or_default();
        return format!("{id} ({kind}), {stands}{known}");
    }
    let lasting = link.since.map(|since| format!(" for {}", style.age(since))).unwrap_or_default();
    let by = link.by.as_ref().map(|by| format!(", by {} ({})", by.field, by.access)).unwrap_or_default();
    format!("{}{by}: {stands}{lasting}", link.object.title())
}

/// The first few, and how many more, with those that are not among the names.
fn titles(lead: &str, names: &[ObjectName], further: usize) -> Option<String> {
    let shown = names.iter().take(MOST).map(ObjectName::title).collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(MOST) + further {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!names.is_empty()).then(|| format!("{lead}{shown}{more}"))
}

fn usual(usual: &Usual) -> String {
    let Usual { takes, source, overdue } = usual;
    let (Some(takes), Some(source)) = (takes, source) else {
        return "not known: AWS's documentation does not say".to_owned();
    };
    let late = if *overdue { "; this one has taken longer already" } else { "" };
    format!("{takes}{late} ({source})")
}
