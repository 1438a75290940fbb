//! The automatic map of a film.
//!
//! The curve of a single view would deal the palette among all counts of the film at once, so that each frame showed a small
//! part of it. So the slopes of the curves of many views along the way are averaged, at each count weighed by themselves: where a
//! count is typical of a view, that view's curve is steep there, and decides. Places run on through the palette as the film
//! goes deeper, and a count has one color from the first frame to the last.

use crate::color::curve::Curve;
use crate::error::Error;
use crate::film::zoom::Zoom;
use crate::render::contrast;

/// The most previews.
const MOST: u32 = 1024;
/// Samples of a preview.
const SAMPLES: f64 = 4096.0;
/// What is taken of the slopes. A count is typical of the views of some octaves, and steepest in the deepest of them, for which it is
/// among the lowest; with all of that slope each view would show the palette about twice.
const PART: f64 = 0.5;

/// The curve, from a preview for each octave; nothing where no sample escapes.
pub(super) fn curve(zoom: &Zoom) -> Result<Option<Curve>, Error> {
    let (path, scene) = (&zoom.path, &zoom.scene);
    let (width, height) = (f64::from(scene.viewport().width()), f64::from(scene.viewport().height()));
    let columns = (SAMPLES * width / height).sqrt().round().clamp(2.0, width.max(2.0));
    let rows = (SAMPLES / columns).round().clamp(2.0, height.max(2.0));
    let last = (path.octaves().ceil() as u32).clamp(1, MOST - 1);
    let mut curves = Vec::new();
    for i in 0..=last {
        let above = path.octaves() * f64::from(i) / f64::from(last);
        let view = zoom.view(path.above_last(above), 1.0, (columns as u32, rows as u32))?;
        let kernel = zoom.kernel(&view)?;
        curves.extend(contrast::auto(&view, kernel.as_ref(), scene.bailout().max_iter()));
    }
    // The first preview is that of the last frame, which has no deeper ones. It stands for them too, as steep as the film would be
    // if it went on.
    let beyond =
        curves.first().map(|curve| curve.points().iter().map(|(nu, place)| (*nu, place / PART)).collect());
    curves.extend(beyond.map(Curve::new).transpose()?);
    Ok(merged(&curves, 256 + 8 * last as usize, PART))
}

/// One curve with `part` of the slopes of several: at each count the sum of their squares divided by their sum. It has up to about
/// `points` control points.
fn merged(curves: &[Curve], points: usize, part: f64) -> Option<Curve> {
    // Where slopes change: count, and what is added to the sum of the slopes and to that of their squares.
    let mut changes: Vec<(f64, f64, f64)> = Vec::new();
    for curve in curves {
        for pair in curve.points().windows(2) {
            let ((from, low), (to, high)) = (pair[0], pair[1]);
            let slope = (high - low) / (to - from);
            changes.push((from, slope, slope * slope));
            changes.push((to, -slope, -slope * slope));
        }
    }
    changes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut places: Vec<(f64, f64)> = Vec::with_capacity(changes.len());
    let (mut place, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (i, &(nu, slope, square)) in changes.iter().enumerate() {
        if places.last().is_none_or(|last| last.0 < nu) {
            places.push((nu, place));
        }
        (sum, squares) = (sum + slope, squares + square);
        let Some(next) = changes.get(i + 1) else { break };
        // Rounding may leave a little of slopes that have ended.
        if sum > 1e-12 && squares > 0.0 {
            place += part * (next.0 - nu) * (squares / sum).min(sum);
        }
    }
    let (first, last) = (*places.first()?, *places.last()?);
    let points = points.min(Curve::MAX_POINTS - 2);
    let step = (last.1 - first.1) / points as f64;
    let round = |number: f64, digits: usize| format!("{number:.digits$}").parse().unwrap_or(number);
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (nu, place) in places.iter().copied() {
        if kept.last().is_none_or(|last| place - last.1 >= step) || nu == last.0 {
            kept.push((nu, place));
        }
    }
    let rounded: Vec<(f64, f64)> =
        kept.into_iter().map(|(nu, place)| (round(nu, 6), round(place, 6))).collect();
    let mut points: Vec<(f64, f64)> = Vec::new();
    for point in rounded {
        if points.last().is_none_or(|last| last.0 < point.0) {
            points.push(point);
        }
    }
    Curve::new(points).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64)]) -> Curve {
        Curve::new(points.to_vec()).expect("a curve")
    }

    #[test]
    fn one_view_keeps_its_curve() {
        let points = [(3.0, 0.0), (5.0, 0.5), (9.0, 0.625), (100.0, 1.0)];
        assert_eq!(merged(&[curve(&points)], 256, 1.0), Some(curve(&points)));
        assert_eq!(merged(&[], 256, 1.0), None);
    }

    #[test]
    fn the_steeper_curve_decides_and_places_run_on() {
        // Each view is steep where its counts are.
        let shallow = curve(&[(0.0, 0.0), (100.0, 1.0), (200.0, 1.0)]);
        let deep = curve(&[(0.0, 0.0), (100.0, 0.01), (200.0, 1.01)]);
        let film = merged(&[shallow, deep], 256, 1.0).expect("a curve");
        let last = film.points().last().expect("points").1;
        assert!((1.9..2.1).contains(&last), "{last}");
    }

    #[test]
    fn a_film_of_many_views_has_a_short_curve() {
        let view = |i: u32| {
            let points = (0..100).map(|j| (f64::from(7 * i + j) + f64::from(i) * 1e-3, f64::from(j) / 99.0));
            curve(&points.collect::<Vec<_>>())
        };
        let film = merged(&(0..500).map(view).collect::<Vec<_>>(), 1000, 1.0).expect("a curve");
        assert!((500..=1002).contains(&film.points().len()), "{}", film.points().len());
    }
}
