//! `mandel point`: one point, its count proven.

use mandel::{Bailout, Decimal, ExactEscape, Shortcuts, escape, exact_escape};
use num_complex::Complex;
use serde_json::json;

use crate::cli::failure::{Failure, print};
use crate::cli::value::{Worded, point, whole};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The point: -0.75+0.1i, -0.75,0.1, 0.1i or -1.75
    #[arg(value_name = "C", allow_hyphen_values = true, value_parser = Worded(|text| point("point", text)))]
    c: Complex<Decimal>,
    /// Iterations after which the point is given up
    #[arg(short = 'n', long, value_name = "N", default_value = "1000", allow_hyphen_values = true, value_parser = Worded(max_iter))]
    max_iter: Bailout,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn max_iter(text: &str) -> Result<Bailout, Failure> {
    Ok(Bailout::new(whole("--max-iter", text, 1, Bailout::MAX_ITER, "")?)?)
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (c, bailout) = (&args.c, args.max_iter);
    let max_iter = bailout.max_iter();
    let ExactEscape { escape: found, bits } = exact_escape(c, bailout)?;
    let smooth = found.n().map(|n| f64::from(n) + f64::from(found.fraction()));
    let nearest = Complex::new(c.re.to_f64(), c.im.to_f64());
    let f64_count = escape(nearest, bailout, Shortcuts::ALL).n();
    let text = if args.json {
        let object = json!({
            "re": c.re.to_string(),
            "im": c.im.to_string(),
            "max_iter": max_iter,
            "escaped": found.n().is_some(),
            "n": found.n(),
            "smooth": smooth,
            "kernel": "exact",
            "bits": bits,
            "proven": true,
            "f64_count": f64_count,
        });
        format!("{object}\n")
    } else {
        let im = c.im.to_string();
        let sign = if im.starts_with('-') { "" } else { "+" };
        let none =
            format!("did not escape within {max_iter} iteration{}", if max_iter == 1 { "" } else { "s" });
        let mut text = match (found.n(), smooth) {
            (Some(n), Some(smooth)) => format!("count   {n}\nsmooth  {smooth:.6}\n"),
            _ => format!("{none}\n"),
        };
        text += &match bits {
            0 => "proven  by exact arithmetic\n".to_string(),
            bits => format!("proven  by ball arithmetic of {bits} bits\n"),
        };
        if f64_count != found.n() {
            let count = f64_count.map_or(none, |n| n.to_string());
            text += &format!("f64     {count} (what a picture in double precision shows)\n");
        }
        format!("c       {}{sign}{im}i\n{text}", c.re)
    };
    print(&text)
}
