//! Whether an installation is in order: what was looked at, what is missing, and the command that mends it.

use serde::Serialize;

use crate::style::{Mark, Paint, Style};

/// What is in order and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it is of, as `cluster` or `Environment prod`.
    pub of: String,
    /// What was looked at, as `permissions`.
    pub what: &'static str,
    pub health: Health,
    pub message: String,
    /// The command that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// How it stands, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Health {
    /// Something does not work before it is mended.
    Missing,
    /// It could not be looked at.
    Unknown,
    /// It works, and soon may not.
    Concern,
    Ok,
}

impl Health {
    fn mark(self) -> Mark {
        match self {
            Health::Missing => Mark::Stalled,
            Health::Unknown => Mark::Unknown,
            Health::Concern => Mark::Concern,
            Health::Ok => Mark::Ready,
        }
    }
}

impl Finding {
    /// Something that was looked at, with nothing to mend.
    pub fn new(of: &str, what: &'static str, health: Health, message: impl Into<String>) -> Self {
        Finding { of: of.into(), what, health, message: message.into(), mend: None }
    }

    /// With the command that mends it.
    #[must_use]
    pub fn mended_by(self, command: impl Into<String>) -> Self {
        Finding { mend: Some(command.into()), ..self }
    }
}

impl Report {
    /// True where something does not work.
    pub fn is_missing(&self) -> bool {
        self.findings.iter().any(|finding| finding.health == Health::Missing)
    }

    /// In a sentence.
    pub fn sentence(&self) -> String {
        let count = |health: Health| self.findings.iter().filter(|finding| finding.health == health).count();
        let parts = [
            (count(Health::Missing), "to mend"),
            (count(Health::Concern), "to look after"),
            (count(Health::Unknown), "not looked at"),
        ];
        let told: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
        match told.is_empty() {
            true => format!("Everything is in order: {} checks.", self.findings.len()),
            false => format!("{} checks: {}.", self.findings.len(), told.join(", ")),
        }
    }

    /// As text, what belongs together under one heading.
    pub fn text(&self, style: &Style) -> String {
        let width = self.findings.iter().map(|finding| finding.what.len()).max().unwrap_or_default();
        let (mut lines, mut of) = (Vec::new(), None);
        for finding in &self.findings {
            if of != Some(&finding.of) {
                lines.push(style.paint(Paint::Bold, &finding.of));
                of = Some(&finding.of);
            }
            lines.extend(self::finding(finding, width, style));
        }
        lines.push(String::new());
        lines.push(style.paint(Paint::Bold, &self.sentence()));
        lines.join("\n") + "\n"
    }
}

/// A finding, its message within the terminal's width, and beneath it what mends it, which is never broken.
fn finding(finding: &Finding, width: usize, style: &Style) -> Vec<String> {
    let indent = width + 6;
    let mark = style.mark(finding.health.mark());
    let room = style.width.map(|columns| columns.saturating_sub(indent).max(20));
    let message = style.paint(Paint::Plain, &finding.message);
    let mut rows = match room {
        Some(room) => crate::style::wrap(&message, room),
        None => vec![message],
    }
    .into_iter();
    let mut lines = vec![format!("  {mark} {:width$}  {}", finding.what, rows.next().unwrap_or_default())];
    lines.extend(rows.map(|row| format!("{}{row}", " ".repeat(indent))));
    lines.extend(finding.mend.as_ref().map(|mend| {
        format!("{}{} {}", " ".repeat(indent), style.paint(Paint::Dim, "mend:"), style.paint(Paint::Yellow, mend))
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn report() -> Report {
        let found = |of, what, health, message: &str| Finding::new(of, what, health, message);
        Report {
            findings: vec![
                found("cluster", "API server", Health::Ok, "Kubernetes v1.34.1"),
                found(
                    "cluster",
                    "definitions",
                    Health::Missing,
                    "2 of 7 are not as this version has them: DataTier, WebApp",
                )
                .mended_by("kubectl apply --server-side -f crds/yaml"),
                found(
                    "Environment prod",
                    "permissions",
                    Health::Unknown,
                    "nobody here may simulate policies (AccessDenied)",
                ),
                found("Environment prod", "quotas", Health::Concern, "DB instances: 38 of 40 are in use"),
            ],
        }
    }

    #[test]
    fn what_is_missing_comes_with_the_command_that_mends_it() {
        let text = "cluster\n  ✔ API server   Kubernetes v1.34.1\n  ✖ definitions  2 of 7 are not as this version has them: \
                    DataTier, WebApp\n                 mend: kubectl apply --server-side -f crds/yaml\nEnvironment prod\n  \
                    ? permissions  nobody here may simulate policies (AccessDenied)\n  ! quotas       DB instances: 38 of 40 \
                    are in use\n\n4 checks: 1 to mend, 1 to look after, 1 not looked at.\n";
        assert_eq!(report().text(&Style::plain(Timestamp::UNIX_EPOCH)), text);
        assert!(report().is_missing());
    }

    #[test]
    fn where_all_is_well_it_says_so() {
        let well = Report { findings: vec![Finding::new("cluster", "API server", Health::Ok, "v1.34.1")] };
        assert_eq!(well.sentence(), "Everything is in order: 1 checks.");
        assert!(!well.is_missing());
    }

    #[test]
    fn on_a_narrow_terminal_messages_are_wrapped_and_commands_are_not() {
        let narrow = Style { width: Some(50), ..Style::plain(Timestamp::UNIX_EPOCH) };
        let text = report().text(&narrow);
        let findings = text.lines().filter(|line| line.starts_with(' ') && !line.contains("mend:"));
        assert!(findings.clone().count() > 4 && findings.clone().all(|line| line.chars().count() <= 50), "{text}");
        assert!(text.contains("kubectl apply --server-side -f crds/yaml"));
    }
}
