//! A scene as JSON: the same tables and keys as its text.

use mandel::{Scene, SceneValue};
use serde_json::Value;

pub(crate) fn scene_json(scene: &Scene) -> Value {
    table(scene.entries())
}

fn table(entries: Vec<(&'static str, SceneValue)>) -> Value {
    entries.into_iter().map(|(key, value)| (key.to_string(), json(value))).collect()
}

fn json(value: SceneValue) -> Value {
    match value {
        SceneValue::Text(text) => text.into(),
        // The digits of the text are valid JSON.
        SceneValue::Number(digits) => serde_json::from_str(&digits).unwrap_or(Value::String(digits)),
        SceneValue::Bool(bool) => bool.into(),
        SceneValue::List(values) => values.into_iter().map(json).collect(),
        SceneValue::Table(entries) => table(entries),
    }
}
