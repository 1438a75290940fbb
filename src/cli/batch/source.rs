//! A jobs file as keys and values, each with its place in the text: TOML, or JSON Lines.
//!
//! Numbers keep the digits that stand in the text.

use std::fmt::{self, Display};
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::failure::Failure;
use crate::cli::scene_file;
use crate::cli::terminal::brief;

/// The key of the list of jobs.
pub(super) const JOB: &str = "job";

/// A key and its value.
pub(super) struct Entry {
    pub(super) key: String,
    /// The byte that the key begins at.
    pub(super) at: usize,
    pub(super) value: Value,
}

/// A value, and the byte that it begins at.
pub(super) struct Value {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// A text, or the digits of a number.
    Text(String),
    Switch(bool),
    List(Vec<Value>),
    /// Entries in the order of the text.
    Table(Vec<Entry>),
    /// What no key takes: a date, a null, a number in other digits than decimal ones.
    Other,
}

/// The text of a jobs file.
pub(super) struct Source {
    /// The name for messages.
    name: String,
    text: String,
}

impl Source {
    /// Reads a file of at most 1 MiB; `-` is standard input.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = scene_file::text(path, "a file of jobs has at most that; a matrix says much in a line")?;
        Ok(Self::of(scene_file::name(path), &text))
    }

    /// A text, and its name for messages.
    pub(super) fn of(name: String, text: &str) -> Self {
        Self { name, text: text.strip_prefix('\u{feff}').unwrap_or(text).into() }
    }

    /// File, line and column of a byte.
    pub(super) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.name, scene_file::place(&self.text.as_bytes()[..at.min(self.text.len())]))
    }

    /// A mistake at a byte of the text.
    pub(super) fn wrong(&self, at: usize, words: impl Display) -> Failure {
        let words = words.to_string();
        // A mark under a text keeps its column, which counts from behind "error: ".
        let blank = if words.contains('\n') { "\n       " } else { " " };
        Failure::Usage(format!("{}:{blank}{words}", self.place(at)))
    }

    /// The entries of the whole text: of JSON Lines, each of which is a job, as of TOML that lists them.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, Failure> {
        if self.text.trim_start().starts_with('{') { self.json_lines() } else { self.toml() }
    }

    fn toml(&self) -> Result<Vec<Entry>, Failure> {
        let root = DeTable::parse(&self.text)
            .map_err(|error| self.wrong(error.span().map_or(0, |span| span.start), brief(error.message())))?;
        Ok(toml_entries(root.get_ref()))
    }

    fn json_lines(&self) -> Result<Vec<Entry>, Failure> {
        let mut jobs = Vec::new();
        for object in serde_json::Deserializer::from_str(&self.text).into_iter::<Object>() {
            let object = object.map_err(|error| self.json_error(&error))?;
            let at = object.0.first().map_or(0, |(key, _)| self.offset(key));
            jobs.push(Value { at, kind: Kind::Table(self.json_entries(object)?) });
        }
        let jobs = Value { at: 0, kind: Kind::List(jobs) };
        Ok(vec![Entry { key: JOB.into(), at: 0, value: jobs }])
    }

    fn json_error(&self, error: &serde_json::Error) -> Failure {
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        // Columns of the parser are bytes from 1.
        let line: usize = self.text.split_inclusive('\n').take(error.line().max(1) - 1).map(str::len).sum();
        self.wrong(line + error.column().max(1) - 1, brief(words))
    }

    /// Where a part of the text begins.
    fn offset(&self, part: &RawValue) -> usize {
        (part.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn json_entries(&self, object: Object) -> Result<Vec<Entry>, Failure> {
        let mut entries: Vec<Entry> = Vec::new();
        for (key, value) in object.0 {
            let at = self.offset(key);
            let key: String = self.json(key, at)?;
            if entries.iter().any(|entry| entry.key == key) {
                return Err(self.wrong(at, format_args!("duplicate key '{}'", brief(&key))));
            }
            entries.push(Entry { key, at, value: self.json_value(value)? });
        }
        Ok(entries)
    }

    fn json_value(&self, raw: &RawValue) -> Result<Value, Failure> {
        let (text, at) = (raw.get(), self.offset(raw));
        let kind = match text.as_bytes().first() {
            Some(b'"') => Kind::Text(self.json(raw, at)?),
            Some(b't') => Kind::Switch(true),
            Some(b'f') => Kind::Switch(false),
            Some(b'[') => {
                let values: Vec<&RawValue> = self.json(raw, at)?;
                Kind::List(values.into_iter().map(|value| self.json_value(value)).collect::<Result<_, _>>()?)
            }
            Some(b'{') => Kind::Table(self.json_entries(self.json(raw, at)?)?),
            Some(b'n') | None => Kind::Other,
            Some(_) => Kind::Text(text.into()),
        };
        Ok(Value { at, kind })
    }

    fn json<'a, T: Deserialize<'a>>(&self, raw: &'a RawValue, at: usize) -> Result<T, Failure> {
        serde_json::from_str(raw.get()).map_err(|error| self.wrong(at, brief(&error.to_string())))
    }
}

/// The pairs of a JSON object, as they stand in the text.
struct Object<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of keys and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn toml_entries(table: &DeTable) -> Vec<Entry> {
    let entry = |(key, value): (&Spanned<_>, _)| {
        let key: &Spanned<std::borrow::Cow<str>> = key;
        Entry { key: key.get_ref().to_string(), at: key.span().start, value: toml_value(value) }
    };
    let mut entries: Vec<Entry> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn toml_value(value: &Spanned<DeValue>) -> Value {
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(whole) if whole.radix() == 10 => Kind::Text(whole.as_str().into()),
        DeValue::Float(float) => Kind::Text(float.as_str().into()),
        DeValue::Boolean(switch) => Kind::Switch(*switch),
        DeValue::Array(values) => Kind::List(values.iter().map(toml_value).collect()),
        DeValue::Table(table) => Kind::Table(toml_entries(table)),
        DeValue::Integer(_) | DeValue::Datetime(_) => Kind::Other,
    };
    Value { at: value.span().start, kind }
}
