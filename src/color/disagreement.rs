//! How far the samples of a pixel are from agreeing.

/// How far `k` by `k` numbers are from lying in a plane, or a part of their range.
pub(super) fn disagreement(places: &[f32], k: usize) -> f32 {
    let middle = (k - 1) as f32 / 2.0;
    let at = |i: usize| ((i % k) as f32 - middle, (i / k) as f32 - middle);
    let (mut sum, mut x_sum, mut y_sum, mut sqr) = (0.0, 0.0, 0.0, 0.0);
    for (i, &place) in places.iter().enumerate() {
        let (x, y) = at(i);
        (sum, x_sum, y_sum, sqr) = (sum + place, x_sum + x * place, y_sum + y * place, sqr + x * x);
    }
    let (mean, along, down) = (sum / (k * k) as f32, x_sum / sqr, y_sum / sqr);
    let off = places.iter().enumerate().map(|(i, &place)| {
        let (x, y) = at(i);
        (place - (mean + along * x + down * y)).abs()
    });
    off.fold(RANGE * range(places), f32::max)
}

/// The largest number less the least one.
pub(super) fn range(numbers: &[f32]) -> f32 {
    let least = numbers.iter().copied().fold(f32::INFINITY, f32::min);
    numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max) - least
}

/// The part of the range of places that counts as disagreement.
pub(super) const RANGE: f32 = 0.1;
