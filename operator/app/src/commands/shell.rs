//! `terrace completions` and `terrace man`: what a shell and a reader of manuals want to know of the command line.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;

/// Flags of `terrace completions`.
#[derive(Clone, Debug, Args)]
pub struct Completions {
    /// The shell that they are for.
    pub shell: Shell,
}

/// Flags of `terrace man`.
#[derive(Clone, Debug, Args)]
pub struct Manual {
    /// The folder that the pages are written into, one a command.
    pub folder: PathBuf,
}

/// The completions of a shell, to be sourced.
///
/// # Errors
/// None but a defect: names of commands are text.
pub fn completions(flags: &Completions) -> Result<String, String> {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut Cli::command(), "terrace", &mut script);
    String::from_utf8(script).map_err(|error| error.to_string())
}

/// Writes the manual, and says how many pages there are.
///
/// # Errors
/// When the folder cannot be written.
pub fn manual(flags: &Manual) -> Result<String, String> {
    let Manual { folder } = flags;
    let said = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(said)?;
    let mut program = Cli::command();
    program.build();
    let mut pages = 0;
    write(&program, "terrace", folder).map_err(said)?;
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        write(command, &format!("terrace-{}", command.get_name()), folder).map_err(said)?;
        pages += 1;
    }
    Ok(format!("{} pages are in {}\n", pages + 1, folder.display()))
}

fn write(command: &clap::Command, name: &str, folder: &Path) -> std::io::Result<()> {
    let mut page = Vec::new();
    Man::new(command.clone()).title(name.to_owned()).render(&mut page)?;
    std::fs::write(folder.join(format!("{name}.1")), page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_is_told_of_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = completions(&Completions { shell }).unwrap();
            for command in ["plan", "tree", "why", "graph", "approve", "policy"] {
                assert!(script.contains(command), "{shell} does not know {command}");
            }
        }
    }

    #[test]
    fn every_command_has_a_page() {
        let folder = std::env::temp_dir().join(format!("terrace-man-{}", std::process::id()));
        let said = manual(&Manual { folder: folder.clone() }).unwrap();
        let page = std::fs::read_to_string(folder.join("terrace-plan.1")).unwrap();
        let pages = std::fs::read_dir(&folder).unwrap().count();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(page.contains("detailed") && said.starts_with(&format!("{pages} pages")), "{said}");
    }
}
