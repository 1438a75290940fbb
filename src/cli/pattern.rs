//! Names of files with fields in them: `out/{name}-{palette}-{index:03}.png`.

use std::path::{Component, Path, PathBuf};

use crate::cli::terminal::brief;

/// A pattern, read once.
pub(crate) struct Pattern(Vec<Part>);

enum Part {
    Text(String),
    Field {
        name: String,
        /// Digits that a whole number is filled up to with zeros.
        width: usize,
    },
}

/// The widest field.
const MAX_WIDTH: usize = 20;

impl Pattern {
    /// Reads a pattern; `{{` and `}}` stand for braces. Errors are in words.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain, mut chars) = (Vec::new(), String::new(), text.chars().peekable());
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.next_if_eq(&c).is_some() => plain.push(c),
                '{' => {
                    let mut inner = String::new();
                    while let Some(c) = chars.next_if(|c| *c != '}') {
                        inner.push(c);
                    }
                    if chars.next().is_none() {
                        return Err("a '{' without its '}'; write '{{' for the character".into());
                    }
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(field(&inner)?);
                }
                '}' => return Err("a '}' without its '{'; write '}}' for the character".into()),
                _ => plain.push(c),
            }
        }
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// The path with the values that `value` gives for its fields, of which none holds a '/'. Errors are in words.
    pub(crate) fn fill(&self, value: impl Fn(&str) -> Result<String, String>) -> Result<PathBuf, String> {
        let mut path = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => path += text,
                Part::Field { name, width } => path += &filled(name, &value(name)?, *width)?,
            }
        }
        Ok(path.into())
    }

    /// The same for a path that lies below the current folder: there is no `..` in it.
    pub(crate) fn path(&self, value: impl Fn(&str) -> Result<String, String>) -> Result<PathBuf, String> {
        let path = self.fill(value)?;
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(inside) {
            let shown = brief(&path.to_string_lossy());
            return Err(format!(
                "'{shown}' leaves the current folder, which a batch writes into; run mandel in the folder that is \
                 to get the files"
            ));
        }
        Ok(path)
    }
}

/// A field from what stands between its braces.
fn field(inner: &str) -> Result<Part, String> {
    let (name, width) = inner.split_once(':').unwrap_or((inner, "01"));
    let digits = width.strip_prefix('0').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let width = digits.and_then(|digits| digits.parse().ok()).filter(|width| (1..=MAX_WIDTH).contains(width));
    match width {
        Some(width) if !name.is_empty() => Ok(Part::Field { name: name.into(), width }),
        _ => Err(format!("cannot read the field '{{{}}}'; examples: {{name}}   {{index:03}}", brief(inner))),
    }
}

/// The value of a field, as a part of a file's name.
fn filled(name: &str, value: &str, width: usize) -> Result<String, String> {
    if let Some(bad) = value.chars().find(|c| *c == '/' || c.is_control()) {
        let (value, bad) = (brief(value), bad.escape_default());
        return Err(format!("'{{{name}}}' is '{value}' here, and no field may hold a '{bad}'"));
    }
    if width > 1 && !value.bytes().all(|b| b.is_ascii_digit()) {
        let value = brief(value);
        return Err(format!("'{{{name}:0{width}}}' is '{value}' here, and only whole numbers have a width"));
    }
    Ok(format!("{value:0>width$}"))
}

/// A folder in one spelling: links are followed as far as it is there.
pub(crate) fn spelled(folder: &Path) -> PathBuf {
    let mut missing = Vec::new();
    for above in folder.ancestors() {
        let there = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        if let Ok(real) = there.canonicalize() {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        missing.extend(above.file_name());
    }
    folder.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(pattern: &str) -> Result<PathBuf, String> {
        let value = |name: &str| match name {
            "index" => Ok("7".to_string()),
            "name" => Ok("a b".to_string()),
            "scene" => Ok("../x".to_string()),
            "dots" => Ok("..".to_string()),
            _ => Err(format!("no {name}")),
        };
        Pattern::read(pattern)?.path(value)
    }

    #[test]
    fn fields_are_filled_in() {
        for (pattern, expected) in [
            ("x.png", "x.png"),
            ("./out/{name}-{index:03}.png", "./out/a b-007.png"),
            ("{{{index}}}.png", "{7}.png"),
            ("{index:01}{index:02}", "707"),
        ] {
            assert_eq!(path(pattern), Ok(PathBuf::from(expected)), "{pattern}");
        }
    }

    #[test]
    fn what_leads_elsewhere_or_cannot_be_read_is_refused() {
        for (pattern, words) in [
            ("{scene}.png", "no field may hold a '/'"),
            ("{dots}/x.png", "leaves the current folder"),
            ("../x.png", "leaves the current folder"),
            ("/x.png", "leaves the current folder"),
            ("{name:03}", "only whole numbers have a width"),
            ("{other}", "no other"),
            ("{", "without its"),
            ("{name", "without its"),
            ("{}", "cannot read the field"),
            ("{index:3}", "cannot read the field"),
            ("{index:099}", "cannot read the field"),
            ("}", "without its"),
        ] {
            let error = path(pattern).expect_err(pattern);
            assert!(error.contains(words), "{pattern}: {error}");
        }
    }
}
