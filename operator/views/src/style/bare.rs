//! Text of others, without what a terminal would obey.

use std::borrow::Cow;

/// What stands for a character that is left out.
const LOST: char = '\u{fffd}';

/// The text without control characters, which recolour or move, and without marks that turn its direction: names of
/// images and the words of pods come from whoever may write a WebApp, and are read by whoever looks after all of them.
/// What breaks lines becomes a space. It takes as many columns as before.
pub fn bare(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let harmless = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if is_obeyed(letter) => LOST,
        letter => letter,
    };
    text.chars().map(harmless).collect()
}

fn is_obeyed(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        assert_eq!(bare("image \u{1b}[2Jx\u{202e}y\nz"), "image \u{fffd}[2Jx\u{fffd}y z");
        assert!(matches!(bare("as it is: ✔ → ä"), Cow::Borrowed(_)));
    }
}
