//! `mandel point`: one point, iterated.

use mandel::{Bailout, Shortcuts, escape, kernel};
use num_complex::Complex;
use serde_json::json;

use super::scene::{point, whole};
use super::{Failure, print, say};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The point: -0.75+0.1i, -0.75,0.1, 0.1i or -1.75
    #[arg(value_name = "C", allow_hyphen_values = true)]
    c: String,
    /// Steps after which the point is given up
    #[arg(short = 'n', long, value_name = "N", default_value = "1000", allow_hyphen_values = true)]
    max_iter: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Decimal digits beyond which a point is not told from its neighbours by f64.
const F64_DIGITS: usize = 17;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let c = point("point", &args.c)?;
    let max_iter = whole("--max-iter", &args.max_iter, 1, Bailout::MAX_ITER, "")?;
    let digits = c.re.digits().max(c.im.digits());
    if digits > F64_DIGITS {
        say(format_args!(
            "note: {digits} digits were given, and f64 keeps about {F64_DIGITS}; the count is that of the nearest f64"
        ));
    }
    let nearest = Complex::new(c.re.to_f64(), c.im.to_f64());
    if !(nearest.re.is_finite() && nearest.im.is_finite()) {
        return Err(super::usage("the point lies beyond the largest f64, about 1.8e308").into());
    }
    let result = escape(nearest, Bailout::new(max_iter)?, Shortcuts::ALL);
    let smooth = result.n().map(|n| f64::from(n) + f64::from(result.fraction()));
    let text = if args.json {
        let object = json!({
            "re": c.re.to_string(),
            "im": c.im.to_string(),
            "max_iter": max_iter,
            "escaped": result.n().is_some(),
            "n": result.n(),
            "smooth": smooth,
            "kernel": kernel::F64_FMA_1,
        });
        format!("{object}\n")
    } else {
        let im = c.im.to_string();
        let sign = if im.starts_with('-') { "" } else { "+" };
        let found = match (result.n(), smooth) {
            (Some(n), Some(smooth)) => format!("count   {n}\nsmooth  {smooth:.6}"),
            _ => {
                format!("did not escape within {max_iter} iteration{}", if max_iter == 1 { "" } else { "s" })
            }
        };
        format!("c       {}{sign}{im}i\n{found}\n", c.re)
    };
    print(&text)
}
