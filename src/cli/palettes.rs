//! `mandel palettes`: the built-in palettes, and those of files.

use std::io::{IsTerminal, stdout};

use mandel::{Draft, Palette, SceneValue};

use crate::cli::failure::{Failure, print};
use crate::cli::palette::{self, PaletteArg};
use crate::cli::terminal::{When, brief, is_dumb};
use crate::cli::value::Named;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Show a palette, or all that are in a file
    ///
    /// A name, colors, or a file as --palette of 'mandel render' takes it.
    #[arg(long, value_name = "NAME|COLORS|FILE", conflicts_with = "convert", hide_possible_values = true, value_parser = Named(palette::palette, palette::names))]
    show: Option<PaletteArg>,
    /// Print a palette as a scene text
    ///
    /// --colors of 'mandel render' takes it.
    #[arg(long, value_name = "NAME|COLORS|FILE", hide_possible_values = true, value_parser = Named(palette::palette, palette::names))]
    convert: Option<PaletteArg>,
    /// Colors in the list
    #[arg(long, value_enum, default_value = "auto")]
    color: When,
}

/// Character cells of a strip; each shows two colors side by side.
const CELLS: usize = 48;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if let Some(palette) = &args.convert {
        return print(&scene_text(palette.palette()?)?);
    }
    let color = match args.color {
        When::Auto => {
            stdout().is_terminal()
                && !is_dumb()
                && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
        When::Always => true,
        When::Never => false,
    };
    let palettes = match &args.show {
        Some(palette) => palette.all()?,
        None => Palette::names().filter_map(Palette::named).map(|p| (p.name().to_string(), p)).collect(),
    };
    let mut text = String::new();
    for (name, palette) in palettes {
        let name = brief(&name);
        if color {
            text += &format!("{name:18}{}\n", strip(&palette));
        } else {
            text += &match palette.own_stops().filter(|_| args.show.is_some()) {
                Some(stops) => format!("{name}: {} colors, {}\n", stops.len(), shape(&palette)),
                None => format!("{name}\n"),
            };
        }
    }
    print(&text)
}

/// How a palette goes on at its end.
fn shape(palette: &Palette) -> &'static str {
    if palette.is_cyclic() { "cyclic" } else { "forth and back" }
}

/// The text of a scene that says nothing but its palette, a line for each of its colors.
fn scene_text(palette: Palette) -> Result<String, Failure> {
    let scene = Draft { palette: Some(palette), ..Draft::default() }.scene()?;
    let tables = scene.entries().into_iter().filter_map(|(_, value)| match value {
        SceneValue::Table(entries) => Some(entries),
        _ => None,
    });
    let value = tables.flatten().find(|(key, _)| *key == "palette").map(|(_, value)| value);
    Ok(match value {
        Some(SceneValue::List(stops)) => {
            let lines: String = stops.iter().map(|stop| format!("  {stop},\n")).collect();
            format!("[color]\npalette = [\n{lines}]\n")
        }
        Some(name) => format!("[color]\npalette = {name}\n"),
        None => String::new(),
    })
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
