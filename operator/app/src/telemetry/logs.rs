//! How logs are written: JSON for machines, text for people; one span a reconcile.
//!
//! In JSON a span's own name stands under `name` beside its fields: no field of a span may be called that.

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::traces::Traces;

/// The form of a line (`--log-format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For reading.
    Text,
}

/// Writes logs to standard error from here on, as `RUST_LOG` has it (`info`, `terrace=debug,kube=warn`); from `info` up
/// where it says nothing; and sends traces, where there are to be any. Where logs are set up already, that stays.
pub fn init(format: LogFormat, traces: Option<&Traces>) {
    let colour = std::io::stderr().is_terminal();
    let directives = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let subscriber = subscriber(format, &directives, colour, std::io::stderr, traces);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logs are set up already");
    }
}

/// Directives that make no sense are left out, and said on standard error by the filter.
pub(super) fn subscriber<W>(
    format: LogFormat,
    directives: &str,
    colour: bool,
    writer: W,
    traces: Option<&Traces>,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse_lossy(directives);
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Text => lines.with_ansi(colour).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces.map(Traces::layer))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    /// Takes what is written.
    #[derive(Clone, Default)]
    pub(in crate::telemetry) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        pub(in crate::telemetry) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("nobody panicked").clone()).expect("text")
        }
    }

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panicked").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, directives: &str, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber(format, directives, false, move || writer.clone(), None), log);
        lines.text()
    }

    #[test]
    fn a_line_of_json_names_the_object_by_its_span() {
        let text = written(LogFormat::Json, "", || {
            let _reconcile = tracing::info_span!("reconcile", kind = "DataTier", object = "orders").entered();
            tracing::info!(node = "db", "created");
        });
        let line: serde_json::Value = serde_json::from_str(&text).expect("one line of JSON");
        assert_eq!(
            (&line["level"], &line["message"], &line["node"]),
            (&"INFO".into(), &"created".into(), &"db".into())
        );
        assert_eq!((&line["span"]["kind"], &line["span"]["object"]), (&"DataTier".into(), &"orders".into()));
    }

    #[test]
    fn without_directives_logs_start_at_info_and_with_them_as_they_say() {
        let log = || {
            tracing::debug!("low");
            tracing::info!("middle");
            tracing::warn!("high");
        };
        let heard = |directives| {
            let text = written(LogFormat::Text, directives, log);
            ["low", "middle", "high"].map(|word| text.contains(word))
        };
        assert_eq!(heard(""), [false, true, true]);
        assert_eq!(heard("debug"), [true, true, true]);
        assert_eq!(heard("warn"), [false, false, true]);
    }
}
