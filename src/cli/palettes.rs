//! `mandel palettes`: the built-in palettes.

use std::io::{IsTerminal, stdout};

use mandel::Palette;

use crate::cli::failure::{Failure, print};
use crate::cli::terminal::When;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Colors in the list
    #[arg(long, value_enum, default_value = "auto")]
    color: When,
}

/// Character cells of a strip; each shows two colors side by side.
const CELLS: usize = 48;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let color = match args.color {
        When::Auto => {
            let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
            stdout().is_terminal()
                && !dumb
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
        When::Always => true,
        When::Never => false,
    };
    let mut text = String::new();
    for palette in Palette::names().filter_map(Palette::named) {
        if color {
            text += &format!("{:18}{}\n", palette.name(), strip(&palette));
        } else {
            text += palette.name();
            text.push('\n');
        }
    }
    print(&text)
}

/// Half blocks in true color: the left half of a cell in the foreground, the right in the background.
fn strip(palette: &Palette) -> String {
    let cells = palette.strip(2 * CELLS);
    let mut text = String::new();
    for pair in cells.chunks_exact(2) {
        let ([r, g, b], [s, h, c]) = (pair[0].0, pair[1].0);
        text += &format!("\x1b[38;2;{r};{g};{b};48;2;{s};{h};{c}m\u{258c}");
    }
    text + "\x1b[0m"
}
