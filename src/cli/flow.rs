//! Texts that fit the width of a terminal, broken between words.

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

fn options<'a>(width: usize) -> Options<'a> {
    Options::new(width)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
}

/// A text in lines of at most `width`, broken between words; a word longer than that is broken itself.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    textwrap::wrap(text, options(width.max(8))).into_iter().map(Into::into).collect()
}

/// A text whose lines have at most `width` characters where their words allow it: a path or a command is never broken.
/// A continued text is below its own column: the last one that begins in the left half and has room for each word; else
/// it is indented by two more than its line.
pub fn flowed(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        if display_width(line) <= width {
            lines.push(line.to_owned());
            continue;
        }
        let indent = " ".repeat(column(line, width));
        let pieces = textwrap::wrap(line, options(width).subsequent_indent(&indent).break_words(false));
        lines.extend(pieces.into_iter().map(Into::into));
    }
    lines.join("\n")
}

/// Where the text of a line continues below itself.
fn column(line: &str, width: usize) -> usize {
    let behind = |at: usize| line[..at].ends_with("  ") && !line[at..].starts_with(' ');
    let columns = line.char_indices().map(|(at, _)| at).filter(|at| behind(*at));
    let longest = |text: &str| text.split(' ').map(display_width).max().unwrap_or(0);
    let fits = |at: &usize| {
        let before = display_width(&line[..*at]);
        before <= width / 2 && before + longest(&line[*at..]) <= width
    };
    let indent = line.len() - line.trim_start_matches(' ').len();
    let last = columns.filter(|at| *at > indent).rfind(fits);
    last.map_or((indent + 2).min(width * 2 / 3), |at| display_width(&line[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_words_and_keep_their_indent() {
        assert_eq!(wrapped("  one two three", 9), ["  one two", "three"]);
        assert_eq!(wrapped("0123456789abcdef", 8), ["01234567", "89abcdef"]);
        assert_eq!(wrapped("", 8), [""]);
    }

    #[test]
    fn messages_flow_between_words_and_words_stay_whole() {
        assert_eq!(flowed("error: one two three", 12), "error: one\n  two three");
        assert_eq!(flowed("  - /a/long/path/of/a/file is", 10), "  -\n    /a/long/path/of/a/file\n    is");
        assert_eq!(flowed("short\nlines", 40), "short\nlines");
        assert_eq!(flowed("endless text", usize::MAX), "endless text");
    }

    #[test]
    fn a_value_goes_on_below_itself() {
        let status = "  contents   boot loader: U-Boot 1.1.3 (Mar 10)";
        assert_eq!(flowed(status, 34), "  contents   boot loader: U-Boot\n             1.1.3 (Mar 10)");
        // Colours take no width; a column in the right half leaves too little room.
        assert_eq!(flowed("\x1b[1mname\x1b[0m  one two", 12), "\x1b[1mname\x1b[0m  one\n      two");
        assert_eq!(flowed("0x000000  a b c d  left, right", 25), "0x000000  a b c d  left,\n          right");
        // A path that fits whole further left goes there.
        assert_eq!(flowed("  store  /a/path/that/is/long", 22), "  store\n    /a/path/that/is/long");
    }
}
