//! Maps that follow the picture: where its structure is, there the palette goes.

use crate::color::curve::Curve;
use crate::field::Escape;
use crate::kernel::bailout::Kernel;
use crate::plane::viewport::Viewport;
use crate::render::stored::Stored;

/// Samples of the preview.
const PREVIEW: f64 = 16384.0;
/// Control points at equal shares of the structure.
const SHARES: u32 = 64;
/// The part of the palette that is dealt by structure, and the part for each unit of ln(1 + nu - nu_min). The second keeps a
/// gradient where there is no structure, such as far outside of the set.
const BY_STRUCTURE: f64 = 0.85;
const BY_LOGARITHM: f64 = 0.135;
/// What a sample without any structure around it weighs.
const LEAST_WEIGHT: f64 = 0.1;
/// Between two control points 1 + nu - nu_min grows at most by e to this power, so that a cubic follows the logarithm.
const STEP: f64 = 0.25;

/// The lattice that [`auto`] looks at: about 2^14 samples over the whole of a view, whatever its size in pixels, but never
/// finer than its samples.
pub(crate) fn preview(whole: &Viewport) -> Viewport {
    let (width, height) = (f64::from(whole.width()), f64::from(whole.height()));
    let columns = (PREVIEW * width / height).sqrt().round().clamp(1.0, width.min(PREVIEW));
    let rows = (PREVIEW / columns).round().clamp(1.0, height);
    whole.resampled(columns as u32, rows as u32)
}

/// The curve of the automatic map, from the results of its preview; nothing where no sample escapes.
///
/// With x = ln(1 + nu - nu_min) the place in the palette is 0.85 F(x) + 0.135 x. F rises from 0 to 1 as the share of the structure
/// below x: each sample of the preview weighs by how far nu is from linear around it, which [`bend`] measures. So skies
/// take little of the palette, however large they are, and flat regions with detail in them take much.
pub(crate) fn auto(lattice: &Viewport, kernel: &dyn Kernel, max_iter: u32) -> Option<Curve> {
    let (width, height) = (lattice.width() as usize, lattice.height() as usize);
    let counts: Vec<Option<f64>> = Stored::all(lattice, kernel).into_iter().map(Escape::smooth).collect();
    let mut weighed: Vec<(f64, f64)> = Vec::new();
    for (i, count) in counts.iter().enumerate() {
        let Some(nu) = *count else { continue };
        let (x, y) = (i % width, i / width);
        let across = (0 < x && x + 1 < width).then(|| [counts[i - 1], counts[i + 1]]);
        let down = (0 < y && y + 1 < height).then(|| [counts[i - width], counts[i + width]]);
        let structure =
            [across, down].into_iter().flatten().map(|beside| bend(nu, beside)).fold(0.0, f64::max);
        weighed.push((nu, LEAST_WEIGHT + (1.0 - LEAST_WEIGHT) * structure));
    }
    curve(weighed, max_iter, SHARES, BY_STRUCTURE, BY_LOGARITHM)
}

/// The curve that equalizes the histogram: places are the share of samples with lower counts.
pub(crate) fn histogram(escapes: &[Escape], max_iter: u32) -> Option<Curve> {
    /// So many that a place is off by at most two entries of a palette's table.
    const SHARES: u32 = 2048;
    let mut counts = Vec::with_capacity(escapes.len());
    counts.extend(escapes.iter().filter_map(|escape| escape.smooth()).map(|nu| (nu, 1.0)));
    curve(counts, max_iter, SHARES, 1.0, 0.0)
}

/// How far counts along a line are from linear: 0 where they are, 1 at an extremum, about 1/2 where they are without any order.
/// A neighbor that does not escape counts as the edge that it is.
fn bend(nu: f64, beside: [Option<f64>; 2]) -> f64 {
    let [Some(before), Some(after)] = beside else { return 0.5 };
    let (first, second) = ((after - before).abs() / 2.0, (before - 2.0 * nu + after).abs());
    if second > 0.0 { second / (first + second) } else { 0.0 }
}

/// The curve with places `by_share` F(x) + `by_logarithm` x, where F is the share of the weights below x.
fn curve(
    mut weighed: Vec<(f64, f64)>,
    max_iter: u32,
    shares: u32,
    by_share: f64,
    by_logarithm: f64,
) -> Option<Curve> {
    weighed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (least, most) = (weighed.first()?.0, weighed.last()?.0);
    let total: f64 = weighed.iter().map(|(_, weight)| weight).sum();
    // Counts at equal shares of the total weight; each sample stands at the middle of its own weight.
    let mut quantiles: Vec<(f64, f64)> = vec![(least, 0.0)];
    let (mut below, mut previous) = (0.0, (least, 0.0));
    for (nu, weight) in weighed {
        let here = (nu, (below + weight / 2.0) / total);
        below += weight;
        while quantiles.len() < shares as usize && here.1 >= quantiles.len() as f64 / f64::from(shares) {
            let share = quantiles.len() as f64 / f64::from(shares);
            let part = (share - previous.1) / (here.1 - previous.1);
            quantiles.push((previous.0 + part * (here.0 - previous.0), share));
        }
        previous = here;
    }
    quantiles.push((most, 1.0));
    // A share that lies at one count is a step there, as steep as the numbers below can say.
    let digits = digits_for((most - least) / 1e6);
    let round = |number: f64, digits: usize| format!("{number:.digits$}").parse().unwrap_or(number);
    let logarithm = |nu: f64| libm::log(1.0 + nu - least);
    let end = f64::from(max_iter).max(most) + 1.0;
    let steps = (1..).map(|i| f64::from(i) * STEP).take_while(|x| *x < logarithm(end));
    let mut counts: Vec<f64> = quantiles.iter().map(|(nu, _)| *nu).chain([end]).collect();
    if by_logarithm > 0.0 {
        counts.extend(steps.map(|x| least + libm::exp(x) - 1.0));
    }
    counts.iter_mut().for_each(|nu| *nu = round(*nu, digits));
    counts.sort_unstable_by(f64::total_cmp);
    counts.dedup();
    let share = |nu: f64| {
        // The last of equal counts, so that all of them are below.
        let above = quantiles.partition_point(|(quantile, _)| *quantile <= nu);
        match (above.checked_sub(1).map(|i| quantiles[i]), quantiles.get(above)) {
            (Some((from, low)), Some((to, high))) => low + (high - low) * (nu - from) / (to - from),
            (None, _) => 0.0,
            (_, None) => 1.0,
        }
    };
    let place = |nu: f64| round(by_share * share(nu) + by_logarithm * logarithm(nu.max(least)), 6);
    Curve::new(counts.into_iter().map(|nu| (nu, place(nu))).collect()).ok()
}

/// Digits behind the point that tell numbers apart that differ by this much, 0 to 9.
fn digits_for(difference: f64) -> usize {
    (0..9).find(|&digits| libm::exp10(-f64::from(digits)) <= difference).unwrap_or(9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(curve: &Curve, at: &[f64]) -> Vec<f64> {
        let points = curve.points();
        let place = |nu: f64| {
            let i = points.partition_point(|point| point.0 <= nu).clamp(1, points.len() - 1);
            let ((a, low), (b, high)) = (points[i - 1], points[i]);
            low + (high - low) * (nu - a) / (b - a)
        };
        at.iter().map(|nu| (place(*nu) * 1e3).round() / 1e3).collect()
    }

    #[test]
    fn a_histogram_is_equalized() {
        let escapes = (0..10_000_u32).map(|i| Escape::new(10 + i / 100, (i % 100) as f32 / 100.0));
        let curve = histogram(&escapes.chain([Escape::NONE]).collect::<Vec<_>>(), 500).expect("a curve");
        assert_eq!(places(&curve, &[10.0, 35.0, 60.0, 85.0, 110.0]), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(histogram(&[Escape::NONE], 500), None);
        // One count alone, and two.
        let alone = histogram(&[Escape::new(7, 0.5); 9], 500).expect("a curve");
        assert_eq!(alone.points().len(), 2);
        let two = [Escape::new(7, 0.0), Escape::new(9, 0.0), Escape::new(9, 0.0), Escape::new(9, 0.0)];
        let two = histogram(&two, 500).expect("a curve");
        assert_eq!(two.points().last().map(|point| point.1), Some(1.0));
    }

    #[test]
    fn counts_in_a_line_have_no_structure() {
        assert_eq!(bend(2.0, [Some(1.0), Some(3.0)]), 0.0);
        assert_eq!(bend(2.0, [Some(2.0), Some(2.0)]), 0.0);
        assert_eq!(bend(5.0, [Some(1.0), Some(1.0)]), 1.0);
        assert_eq!(bend(5.0, [None, Some(1.0)]), 0.5);
    }
}
