//! How wide text is and how it is made to fit, in a font with the widths of Helvetica.

use std::ops::RangeInclusive;

/// The widths of the printable characters of ASCII, in thousandths of the font's size (Adobe's metrics of Helvetica).
#[rustfmt::skip]
const WIDTHS: [i32; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

const PRINTABLE: RangeInclusive<char> = ' '..='~';

/// A size of text, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Font {
    pub size: i32,
    pub bold: bool,
}

impl Font {
    /// Text of a size.
    pub const fn plain(size: i32) -> Self {
        Font { size, bold: false }
    }

    /// Bold text of a size.
    pub const fn bold(size: i32) -> Self {
        Font { size, bold: true }
    }

    /// How wide the text is, in pixels, with a little room for fonts that are wider.
    pub fn width(self, text: &str) -> i32 {
        let thousandths: i32 = text.chars().map(width).sum();
        let percent = if self.bold { 112 } else { 104 };
        (thousandths * percent * self.size + 99_999) / 100_000
    }

    /// The text, its end left out where it is wider.
    pub fn clip(self, text: &str, most: i32) -> String {
        self.shorten(text, most, |all, keep| (all[..keep].iter().collect(), String::new()))
    }

    /// The text, its middle left out where it is wider: of names, the end often tells them apart.
    pub fn clip_middle(self, text: &str, most: i32) -> String {
        self.shorten(text, most, |all, keep| {
            let tail = keep / 3;
            (all[..keep - tail].iter().collect(), all[all.len() - tail..].iter().collect())
        })
    }

    fn shorten(self, text: &str, most: i32, parts: impl Fn(&[char], usize) -> (String, String)) -> String {
        if self.width(text) <= most {
            return text.to_owned();
        }
        let all: Vec<char> = text.chars().collect();
        let mut shortened = (0..all.len()).rev().map(|keep| {
            let (head, tail) = parts(&all, keep);
            format!("{}…{tail}", head.trim_end())
        });
        shortened.find(|text| self.width(text) <= most).unwrap_or_default()
    }

    /// Words in lines, `between` them; what does not go into `lines` is left out with a mark.
    pub fn wrap(self, words: &[String], between: &str, most: i32, lines: usize) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for word in words {
            match all.last_mut() {
                Some(line) if self.width(&format!("{line}{between}{word}")) <= most => {
                    line.push_str(between);
                    line.push_str(word);
                }
                _ => all.push(self.clip(word, most)),
            }
        }
        let left_out = all.len() > lines;
        all.truncate(lines);
        if let Some(last) = all.last_mut().filter(|_| left_out) {
            *last = self.clip(&format!("{last} …"), most);
        }
        all
    }
}

/// The text in so many characters at most, its middle left out: for forms that lay out text themselves.
pub fn shorten(text: &str, most: usize) -> String {
    let all: Vec<char> = text.chars().collect();
    if all.len() <= most {
        return text.to_owned();
    }
    let (head, tail) = (most * 2 / 3, most - most * 2 / 3);
    let (head, tail) = (&all[..head.saturating_sub(1)], &all[all.len() - tail..]);
    format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}

/// What is not known is taken to be as wide as it is high.
fn width(character: char) -> i32 {
    match character {
        _ if PRINTABLE.contains(&character) => WIDTHS[character as usize - *PRINTABLE.start() as usize],
        '·' => 278,
        '×' => 584,
        _ => 1_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FONT: Font = Font::plain(11);

    #[test]
    fn wider_characters_and_bold_ones_take_more_room() {
        assert_eq!(FONT.width(""), 0);
        assert!(FONT.width("iiii") < FONT.width("mmmm"));
        assert!(FONT.width("orders") < Font::bold(11).width("orders"));
        assert!(FONT.width("orders") < Font::plain(13).width("orders"));
        assert!(FONT.width("注文") > FONT.width("or"));
    }

    #[test]
    fn what_does_not_fit_is_left_out_at_the_end_or_in_the_middle() {
        assert_eq!(FONT.clip("orders", 100), "orders");
        assert_eq!(FONT.clip("orders and sessions", 70), "orders and…");
        assert_eq!(FONT.clip_middle("customer-orders-v2", 80), "customer…-v2");
        assert_eq!((FONT.clip("orders", 3), FONT.clip_middle("orders", 0)), (String::new(), String::new()));
        for most in 0..120 {
            let long = "x".repeat(200);
            assert!(FONT.width(&FONT.clip(&long, most)) <= most && FONT.width(&FONT.clip_middle(&long, most)) <= most);
        }
    }

    #[test]
    fn long_text_is_cut_to_a_number_of_characters() {
        assert_eq!((shorten("orders", 6), shorten("注文注文注文注", 6)), ("orders".into(), "注文注…文注".into()));
        assert_eq!((shorten("orders", 1).chars().count(), shorten("", 0)), (2, String::new()));
    }

    #[test]
    fn words_go_into_lines_and_what_is_left_over_is_marked() {
        let words: Vec<String> = ["Route 53", "ACM", "WAF", "CloudFront"].map(str::to_owned).into();
        assert_eq!(FONT.wrap(&words, " · ", 400, 2), ["Route 53 · ACM · WAF · CloudFront"]);
        assert_eq!(FONT.wrap(&words, " · ", 92, 2), ["Route 53 · ACM", "WAF · CloudFront"]);
        assert_eq!(FONT.wrap(&words, " · ", 104, 1), ["Route 53 · ACM …"]);
        assert_eq!(FONT.wrap(&[], " · ", 90, 1), [""; 0]);
        assert_eq!(FONT.wrap(&["x".repeat(99)], " · ", 40, 2).len(), 1);
    }
}
