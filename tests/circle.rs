//! Samples on and next to the circle |c| = 2, the one place where the first iteration decides: exact at any depth.

use mandel::{Bailout, Decimal, Escape, FloatExp, Grid, Level, Plan, Viewport, exact_escape, parse_complex};
use num_complex::Complex;

/// Whether the sample at this offset from the center escapes in the first iteration.
fn is_outside(center: &Complex<Decimal>, offset: (FloatExp, FloatExp)) -> bool {
    let (re, im) = (Decimal::from(offset.0), Decimal::from(offset.1));
    let c = Complex::new(center.re.clone() + re, center.im.clone() + im);
    exact_escape(&c, Bailout::new(1).expect("a limit")).expect("a proof").escape.n().is_some()
}

#[test]
fn samples_on_the_circle_are_decided_exactly() {
    const SIDE: u32 = 13;
    for text in ["-2", "2", "2i", "1.2+1.6i", "-1.6-1.2i", "0.56-1.92i", "1.2000000000000000001+1.6i"] {
        for zoom in ["1e14", "1e18", "1e60", "1e154", "1e200", "1e330", "1e1000"] {
            let center = parse_complex(text).expect("a point");
            let height = FloatExp::from(4.0) / zoom.parse::<Decimal>().expect("a number").to_floatexp();
            let view =
                Viewport::with_height(center.clone(), height, Grid::Centers, (SIDE, SIDE)).expect("a view");
            let places = || (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
            let truth: Vec<bool> =
                places().map(|(x, y)| is_outside(&center, view.offset(x, y).parts())).collect();
            for smooth in [false, true] {
                let bailout = Bailout::new(100).expect("a limit");
                let bailout = if smooth { bailout } else { bailout.counts_alone() };
                for level in Level::all() {
                    let kernel = Plan::new(&view, bailout, Some(level)).kernel().expect("a kernel");
                    let mut escapes = vec![Escape::NONE; (SIDE * SIDE) as usize];
                    kernel.iterate(0..SIDE, 0..SIDE, &mut escapes);
                    let found: Vec<bool> = escapes.iter().map(|escape| escape.n() == Some(1)).collect();
                    assert_eq!(found, truth, "{text} {zoom} {level}");
                }
            }
        }
    }
}

/// On the real line the set ends at -2, and a column through it is a tangent.
#[test]
fn the_tip_is_inside_and_its_tangent_outside() {
    let height = FloatExp::from(4.0) / "1e200".parse::<Decimal>().expect("a number").to_floatexp();
    let view = Viewport::with_height(parse_complex("-2").expect("a point"), height, Grid::Centers, (5, 5));
    let view = view.expect("a view");
    let kernel = Plan::new(&view, Bailout::new(100).expect("a limit"), None).kernel().expect("a kernel");
    let mut escapes = [Escape::NONE; 5];
    kernel.iterate(2..3, 0..5, &mut escapes);
    assert_eq!(escapes.map(Escape::n), [Some(1), Some(1), None, Some(1), Some(1)]);
}
