//! XaoS: commands `(name argument...)`; `;` begins a comment.
//!
//! `(view re im width height)` is shown with square pixels and contains that box. `(angle degrees)` turns the picture clockwise.

use crate::location::problem::{LocationProblem, Read};
use crate::location::program::Program;
use crate::location::value::{Value, mirrored};
use crate::plane::frame::Extent;
use crate::scene::draft::Draft;

/// The limit of iterations where a file names none.
const MAX_ITER: u32 = 170;

pub(super) fn read(text: &str) -> Read<(Draft, Vec<String>)> {
    let mut draft = Draft { max_iter: Some(MAX_ITER), ..Draft::default() };
    let (mut notes, mut colors) = (Vec::new(), false);
    let mut next = 0;
    while let Some(command) = command(text, &mut next)? {
        let argument = |index: usize| command.argument(index);
        match command.name {
            "view" => {
                let (re, im) = (argument(0)?.decimal()?, argument(1)?.decimal()?);
                notes.clear();
                draft.center = Some(mirrored(Program::Xaos, re, im, &mut notes));
                let (width, height) = (argument(2)?.length()?, argument(3)?.length()?);
                draft.extent = Some(Extent::Contains { width, height });
            }
            "angle" => draft.rotation = Some(argument(0)?.rotation(-1.0)?),
            "maxiter" => draft.max_iter = Some(argument(0)?.max_iter()?),
            "formula" if argument(0)?.text != "'mandel" => {
                return argument(0)?.unsupported("another formula");
            }
            "julia" | "fastjulia" if argument(0)?.text == "#t" => {
                return argument(0)?.unsupported("a Julia set");
            }
            "plane" => argument(0)?.refuse_unless(0.0, "another plane")?,
            "perturbation" => {
                argument(0)?.refuse_unless(0.0, "a start other than 0")?;
                argument(1)?.refuse_unless(0.0, "a start other than 0")?;
            }
            "palette" | "defaultpalette" | "incoloring" | "outcoloring" | "filter" => colors = true,
            _ => {}
        }
    }
    if colors {
        notes.push("its colors and filters are left out".into());
    }
    Ok((draft, notes))
}

struct Command<'a> {
    name: &'a str,
    at: usize,
    /// Each with the byte at which it begins.
    arguments: Vec<(usize, &'a str)>,
}

impl<'a> Command<'a> {
    fn argument(&self, index: usize) -> Read<Value<'a>> {
        match self.arguments.get(index) {
            Some(&(at, text)) => Ok(Value { key: self.name, text, at }),
            None => Err((self.at, LocationProblem::Syntax(format!("({}) needs more values", self.name)))),
        }
    }
}

/// Whether a text that begins like this is a list of commands.
pub(super) fn begins(line: &str) -> bool {
    line.strip_prefix('(')
        .is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// The next command from byte `next` on, and the byte behind it.
fn command<'a>(text: &'a str, next: &mut usize) -> Read<Option<Command<'a>>> {
    let wrong = |at, words: &str| Err((at, LocationProblem::Syntax(words.into())));
    let mut open: Option<usize> = None;
    let mut words: Vec<(usize, &str)> = Vec::new();
    while let Some(c) = text[*next..].chars().next() {
        let (at, rest) = (*next, &text[*next..]);
        *next += match c {
            ';' => rest.find('\n').unwrap_or(rest.len()),
            '(' if open.is_some() => return wrong(at, "a '(' inside of a command"),
            '(' | ')' => 1,
            c if c.is_whitespace() => c.len_utf8(),
            _ if open.is_none() => return wrong(at, "a word outside of a command"),
            '"' => {
                string(rest).ok_or_else(|| (at, LocationProblem::Syntax("a text without an end".into())))?
            }
            _ => rest.find(|c: char| c.is_whitespace() || "();\"".contains(c)).unwrap_or(rest.len()),
        };
        match c {
            '(' => open = Some(at),
            ')' => {
                let Some(start) = open else { return wrong(at, "a ')' without a '('") };
                let Some((_, name)) = words.first().copied() else {
                    return wrong(start, "a command without a name");
                };
                words.remove(0);
                return Ok(Some(Command { name, at: start, arguments: words }));
            }
            c if c == ';' || c.is_whitespace() => {}
            _ => words.push((at, &text[at..*next])),
        }
    }
    match open {
        Some(start) => wrong(start, "a command without a ')'"),
        None => Ok(None),
    }
}

/// How long a text in quotes is, if it ends.
fn string(rest: &str) -> Option<usize> {
    let mut escaped = false;
    rest.char_indices().skip(1).find_map(|(i, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(i + 1)
    })
}
