//! What a film will be: frames, way, time and size, from parts of some of its frames.

use std::time::Instant;

use mandel::encode::encode;
use mandel::film::Film;
use serde_json::json;

use crate::cli::failure::{Failure, print};
use crate::cli::terminal::bytes;

/// Frames that are tried.
const TRIED: u32 = 7;

/// Prints it; without time and size where frames are not iterated but `cut` out of a file.
pub(super) fn tell(film: &Film, cut: bool, as_json: bool) -> Result<(), Failure> {
    let (path, viewport) = (film.path(), film.scene().viewport());
    let frames = path.frames();
    let (mut seconds, mut size, mut samples) = (0.0, 0.0, 0.0);
    let tried = if cut { 0 } else { TRIED.min(frames) };
    for i in 0..tried {
        let start = Instant::now();
        let frame = u64::from(frames - 1) * u64::from(i) / u64::from((tried - 1).max(1));
        let (pixmap, part) = film.middle(frame as u32)?;
        seconds += start.elapsed().as_secs_f64();
        samples += part;
        size += encode(&pixmap).map_or(0.0, |png| png.len() as f64) / f64::from(pixmap.width * pixmap.height);
    }
    let pixels = f64::from(viewport.width()) * f64::from(viewport.height()) * f64::from(frames);
    let time = seconds / samples * film.samples();
    let size = size / f64::from(tried) * pixels;
    if as_json {
        let object = json!({
            "frames": frames,
            "size": [viewport.width(), viewport.height()],
            "octaves": path.octaves(),
            "way": film.way().to_string(),
            "samples": film.samples(),
            "seconds": (!cut).then_some(time),
            "png_bytes": (!cut).then_some(size),
            "scene": crate::cli::scene_json::scene_json(film.scene()),
        });
        return print(&format!("{object:#}\n"));
    }
    let outlook = match cut {
        true => "cut out of the strip, without iterating".into(),
        false => format!(
            "{:.2e} samples, about {} on this machine now, and {} as PNG",
            film.samples(),
            duration(time),
            bytes(size as u64)
        ),
    };
    print(&format!(
        "{frames} frame{} of {}x{}, {:.1} octaves, from {} to {}\nway {}, max_iter {}\n{outlook}\n",
        if frames == 1 { "" } else { "s" },
        viewport.width(),
        viewport.height(),
        path.octaves(),
        path.from(),
        path.to(),
        film.way(),
        film.scene().bailout().max_iter(),
    ))
}

/// A time for people.
fn duration(seconds: f64) -> String {
    match seconds {
        ..100.0 => format!("{seconds:.1} s"),
        ..6000.0 => format!("{:.0} minutes", seconds / 60.0),
        _ => format!("{:.1} hours", seconds / 3600.0),
    }
}
