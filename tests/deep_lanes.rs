//! Deep views: however many samples are in flight, each has the result that it has alone.

use std::ops::Range;

use mandel::{Bailout, Decimal, Escape, Grid, Kernel, KernelChoice, Viewport, parse_complex, plan};

/// Center, height, steps; each deep in its own way.
const VIEWS: [(&str, &str, u32); 11] = [
    // The reference ends at a period of the view.
    ("-1.759817130804847813610825010561798,-0.012593310799849", "4e-15", 4036),
    // Mostly blocks of few steps, and nothing escapes.
    ("-1.941512096352034463944,0.0066349874011302470652", "2.6e-16", 20_000),
    // A branch point, so that the reference goes round on the spot.
    ("0,1", "3e-15", 2000),
    ("0,1", "2e-113", 2000),
    // Deltas on both sides of the end of `f64`.
    ("0,1", "1e-272", 3000),
    ("0,1", "5e-322", 3000),
    // The tip of the set, where |z| stays next to 2 for long.
    ("-2,0", "1e-60", 500),
    ("-2,0", "4e-329", 2000),
    ("-2,1e-330", "4e-329", 2000),
    // A small copy of the set, of period 20.
    ("-1.999999999986535470632367364290770788593810253,0", "1.2e-22", 1000),
    ("-1.999999999986535470632367364290770788593810253,3e-23", "1e-25", 5000),
];

fn viewport((center, height, _): (&str, &str, u32), size: (u32, u32)) -> Viewport {
    let height = height.parse::<Decimal>().expect("valid").to_floatexp();
    Viewport::with_height(parse_complex(center).expect("valid"), height, Grid::Centers, size).expect("valid")
}

/// The kernels that this machine has, one by one first.
fn kernels(view: &Viewport, bailout: Bailout) -> Vec<Box<dyn Kernel>> {
    let make = |choice| {
        let plan = plan(view, bailout, choice);
        assert!(plan.name.starts_with("perturbation-1") && plan.name.ends_with(&choice.to_string()));
        plan.kernel()
    };
    let avx2 = make(KernelChoice::Avx2);
    [KernelChoice::Scalar, KernelChoice::Portable]
        .map(|choice| make(choice).expect("valid"))
        .into_iter()
        .chain(avx2)
        .collect()
}

fn iterate(kernel: &dyn Kernel, columns: Range<u32>, rows: Range<u32>) -> Vec<Escape> {
    let mut out = vec![Escape::new(0, -1.0); columns.len() * rows.len()];
    kernel.iterate(columns, rows, &mut out);
    out
}

#[test]
fn all_kernels_agree() {
    for view in VIEWS {
        for escape_radius in [Bailout::COUNTS_ALONE, Bailout::ESCAPE_RADIUS] {
            let bailout = Bailout { max_iter: view.2, escape_radius };
            let size = (23, 17);
            let kernels = kernels(&viewport(view, size), bailout);
            let truth = iterate(kernels[0].as_ref(), 0..size.0, 0..size.1);
            for kernel in &kernels[1..] {
                assert_eq!(iterate(kernel.as_ref(), 0..size.0, 0..size.1), truth, "{view:?}");
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_rectangle() {
    for view in VIEWS {
        let bailout = Bailout::new(view.2).expect("valid");
        let (width, height) = (13, 9);
        for kernel in kernels(&viewport(view, (width, height)), bailout) {
            let whole = iterate(kernel.as_ref(), 0..width, 0..height);
            let rows: Vec<_> = [0..1, 1..6, 6..9]
                .into_iter()
                .flat_map(|rows| iterate(kernel.as_ref(), 0..width, rows))
                .collect();
            assert_eq!(rows, whole, "{view:?}");
            for (x, y) in [(0, 0), (6, 4), (12, 8)] {
                let alone = iterate(kernel.as_ref(), x..x + 1, y..y + 1);
                assert_eq!(alone[0], whole[(y * width + x) as usize], "{view:?}: {x}, {y}");
            }
        }
    }
}

#[test]
fn counts_end_at_max_iter() {
    for view in VIEWS {
        let (width, height) = (9, 7);
        let place = viewport(view, (width, height));
        let all = |kernel: &dyn Kernel| iterate(kernel, 0..width, 0..height);
        let whole = all(kernels(&place, Bailout::new(view.2).expect("valid"))[0].as_ref());
        let Some(lowest) = whole.iter().filter_map(|escape| escape.n()).min() else { continue };
        let some = whole[(width * 2 + 3) as usize].n().unwrap_or(lowest);
        for max_iter in [lowest.max(2) - 1, lowest, some.max(2) - 1, some] {
            let kernels = kernels(&place, Bailout::new(max_iter).expect("valid"));
            let truth = all(kernels[0].as_ref());
            for (cut, escape) in truth.iter().zip(&whole) {
                assert_eq!(cut.n(), escape.n().filter(|n| *n <= max_iter), "{view:?}: {max_iter}");
            }
            for kernel in &kernels[1..] {
                assert_eq!(all(kernel.as_ref()), truth, "{view:?}: {max_iter}");
            }
        }
    }
}
