//! `mandel views`: the built-in views.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mandel::render::{Making, Render, RenderError, Target, Watch, layout};
use mandel::{Decimal, Error, FloatExp, Location, Plan};
use serde_json::json;

use crate::cli::failure::{Failure, print, usage};
use crate::cli::memory;
use crate::cli::place::{names, place};
use crate::cli::preview::Preview;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::resolved::Resolved;
use crate::cli::scene::SceneArgs;
use crate::cli::terminal::say;
use crate::cli::threads;
use crate::cli::value::Named;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Views to list [default: all]
    #[arg(value_name = "NAME", hide_possible_values = true, value_parser = Named(place, names))]
    views: Vec<Location>,
    /// Draw each in the terminal, as a small picture
    ///
    /// A deep view takes a while: its reference orbit is as long as for a large picture.
    #[arg(long, conflicts_with = "json")]
    preview: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Pixels of a small picture.
const SIZE: (u32, u32) = (192, 108);
/// The most characters of it, across and down, and one line for what follows.
const WINDOW: (u32, u32) = (49, 15);

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let views = if args.views.is_empty() { &Location::ALL[..] } else { &args.views[..] };
    if args.preview {
        return draw(views);
    }
    if args.json {
        let views: Result<Vec<_>, Failure> = views.iter().map(described).collect();
        return print(&format!("{}\n", json!({ "views": views? })));
    }
    print(&table(views)?)
}

/// The magnification: that of a picture no higher than wide.
fn zoom(place: &Location) -> Result<FloatExp, Failure> {
    Ok(FloatExp::from(4.0) / place.height.parse::<Decimal>()?.to_floatexp())
}

fn described(place: &Location) -> Result<serde_json::Value, Failure> {
    Ok(json!({
        "name": place.name,
        "center": place.center.trim(),
        "height": place.height,
        "zoom": zoom(place)?.to_string(),
        "max_iter": place.max_iter,
        "about": place.about,
        "credit": place.credit,
    }))
}

fn table(views: &[Location]) -> Result<String, Failure> {
    let mut rows = vec![["name", "zoom", "max_iter", "what there is to see", "credit"].map(String::from)];
    for place in views {
        let zoom = zoom(place)?.to_string();
        let texts = [place.name, &zoom, &place.max_iter.to_string(), place.about, place.credit];
        rows.push(texts.map(String::from));
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(width).collect();
    let line = |[name, zoom, max_iter, about, credit]: &[String; 5]| {
        format!(
            "{name:<0$}  {zoom:<1$}  {max_iter:>2$}  {about:<3$}  {credit}\n",
            widths[0], widths[1], widths[2], widths[3]
        )
    };
    Ok(rows.iter().map(line).collect())
}

/// Draws each view below a line that names it.
fn draw(views: &[Location]) -> Result<(), Failure> {
    if !stderr().is_terminal() {
        return Err(usage("--preview draws in a terminal, and standard error is none; leave it out"));
    }
    let pool = threads::pool(threads::count(None)?, 0, true)?;
    views.iter().try_for_each(|place| {
        say(format_args!("{}: {}", place.name, place.about));
        pool.install(|| draw_one(*place))
    })
}

fn draw_one(place: Location) -> Result<(), Failure> {
    let resolved = SceneArgs::of_place(place, SIZE).resolve(None, Progress::Auto, 1)?;
    let Resolved { scene, reference, .. } = resolved;
    let preview = Preview::within(layout(&scene), Some(WINDOW));
    let (steps, plan) = (Arc::default(), Plan::new(scene.samples(), scene.bailout(), None));
    let making = Making {
        plan: &plan,
        known: reference,
        max_steps: memory::max_steps(0),
        steps: &steps,
        colors: true,
    };
    let shown = if plan.is_deep() { Progress::Auto } else { Progress::Never };
    let meter = Meter::start(shown, Stage::Reference, Arc::clone(&steps));
    let render = Render::new(&scene, making)?;
    drop(meter);
    let mut to = stderr();
    let mut targets = [Target { sink: &preview, to: &mut to, texts: &[] }];
    let watch = Watch { band: &|_| {}, cancel: &AtomicBool::new(false), prover: None };
    render.run(&mut targets, 4, watch).map_err(|error| match error {
        RenderError::Write(_, error) => Failure::stdout(&error),
        RenderError::Cancelled => Failure::Error(Error::Internal("the render was cancelled".into())),
    })
}
