//! The page that shows a poster: one file, which works without network.
//!
//! It contains OpenSeadragon 6.1.1 (BSD 3-clause), `build/openseadragon/openseadragon.min.js` of its package on npm without the last
//! line, which names a source map; `gzip -9n` has compressed it.

use std::io::{self, Read, Write};

use flate2::read::GzDecoder;
use mandel::{Aspect, Decimal, Frame, Scene};
use serde_json::json;

use crate::cli::command::{LONG, colors};

/// The page. Names between `@@` stand for what is put there.
const PAGE: &str = include_str!("page.html");
const VIEWER: &[u8] = include_bytes!("openseadragon.min.js.gz");
const LICENSE: &str = include_str!("openseadragon.LICENSE");

/// Writes the page for a poster whose tiles are in the folder `tiles` beside it. Without `metadata` it says nothing of the plane.
pub(super) fn write(mut to: impl Write, scene: &Scene, tiles: &str, metadata: bool) -> io::Result<()> {
    let viewport = scene.viewport();
    let data = json!({
        "tiles": tiles,
        "size": [viewport.width(), viewport.height()],
        "plane": metadata.then(|| plane(scene)).flatten(),
    });
    for (i, part) in PAGE.split("@@").enumerate() {
        match part {
            text if i % 2 == 0 => to.write_all(text.as_bytes())?,
            "version" => to.write_all(env!("CARGO_PKG_VERSION").as_bytes())?,
            "title" => to.write_all(escaped(tiles.trim_end_matches("_files")).as_bytes())?,
            "license" => to.write_all(LICENSE.trim_end().as_bytes())?,
            // A text must not end the script.
            "data" => to.write_all(data.to_string().replace('<', "\\u003c").as_bytes())?,
            _ => {
                let mut viewer = String::new();
                GzDecoder::new(VIEWER).read_to_string(&mut viewer)?;
                to.write_all(viewer.as_bytes())?;
            }
        }
    }
    to.flush()
}

/// Where the pixels lie in the plane, with all digits, and the options that make other views look alike.
fn plane(scene: &Scene) -> Option<serde_json::Value> {
    let (viewport, whole) = (scene.viewport(), scene.viewport().whole());
    let (left, top) = viewport.corner();
    let (re, im) = viewport.spacing();
    let options = colors(scene.coloring()).unwrap_or_default().join(" ");
    let options = if options.len() > LONG { String::new() } else { options };
    let stretched = matches!(viewport.frame(), Frame::Region { aspect: Aspect::Stretch, .. });
    Some(json!({
        "center": [viewport.center().re.to_string(), viewport.center().im.to_string()],
        "spacing": [Decimal::shortest(re)?.to_string(), Decimal::shortest(im)?.to_string()],
        "corner": [left, top],
        "whole": [whole.width(), whole.height()],
        "rotate": viewport.rotation().degrees(),
        "stretched": stretched,
        "options": format!("-n {} {options}", scene.bailout().max_iter()).trim_end(),
    }))
}

/// A text as HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
