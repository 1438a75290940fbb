//! The keys of a JSON object, each of which may stand there once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Of two values of one key a reader of JSON usually takes the last one, and another program the first one.
pub(super) struct Keys(pub(super) Map<String, Value>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object in braces")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Keys, A::Error> {
        let mut keys = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if keys.contains_key(&key) {
                return Err(A::Error::custom(format_args!(
                    "the key '{}' stands there twice",
                    key.escape_debug()
                )));
            }
            keys.insert(key, value);
        }
        Ok(Keys(keys))
    }
}
