//! A scene into any number of files: iterate, color, encode, append.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::color::coloring::{Coloring, Map};
use crate::color::dither::dither;
use crate::color::painter::{Channel, Painter};
use crate::encode::sink::{Append, Band, Encoder, Needs, Out, Piece, Sink, Texts};
use crate::error::Error;
use crate::field::{Distance, Escape};
use crate::kernel::bailout::Kernel;
use crate::kernel::certainty::Prover;
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::plan::Plan;
use crate::pixmap::Pixmap;
use crate::plane::viewport::Viewport;
use crate::render::bands::{bands, default_rows_per_band, lowest};
use crate::render::cancelled::Cancelled;
use crate::render::contrast;
use crate::render::in_order::Sizes;
use crate::render::layout::{detail, layout, piece};
use crate::render::refine::{Buffers, LEVELS, Refinement, Samples, buffers};
use crate::render::stored::Stored;
use crate::scene::scene::Scene;

/// A scene with its kernel and painter, in which nothing is left to be resolved.
pub struct Render {
    scene: Scene,
    kernel: Box<dyn Kernel>,
    painter: Option<Painter>,
    refinement: Option<Refinement>,
    /// Whether the curve of the map is what the view gives, as far as that was found.
    own_curve: bool,
}

/// What a [`Render`] is made with. The picture depends on none of it.
pub struct Making<'a> {
    /// The plan for the samples of the scene.
    pub plan: &'a Plan,
    /// A reference orbit to use if it fits, as of [`auto_max_iter`](crate::auto_max_iter).
    pub known: Option<Arc<ReferenceOrbit>>,
    /// The most iterations of the reference orbit.
    pub max_steps: u64,
    /// Set to the iterations it has so far, for a display of progress.
    pub steps: &'a AtomicU64,
    /// Whether colors are wanted, or a scene of which nothing is left to be found.
    pub colors: bool,
}

/// A file to write: its format, where its bytes go, and the texts in it.
pub struct Target<'a> {
    /// The format.
    pub sink: &'a dyn Sink,
    /// Where the bytes go.
    pub to: &'a mut dyn Out,
    /// Keywords and texts.
    pub texts: Texts<'a>,
}

/// Why a render ended early.
#[derive(Debug)]
pub enum RenderError {
    /// Writing to the target of this index failed.
    Write(usize, io::Error),
    /// The caller cancelled it.
    Cancelled,
}

/// How the caller observes and cancels a render, and whether counts are proven.
pub struct Watch<'a> {
    /// Called with each band, on the thread that made it.
    pub band: &'a (dyn Fn(&Band) + Sync),
    /// Whether to stop before the next band.
    pub cancel: &'a AtomicBool,
    /// What proves counts, for formats that take that.
    pub prover: Option<&'a dyn Prover>,
}

impl Watch<'_> {
    /// Neither observes nor cancels.
    pub fn none() -> Watch<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Watch { band: &|_| (), cancel: &NEVER, prover: None }
    }
}

impl Render {
    /// Makes the kernel, and finds the origin of the coloring if it is open.
    ///
    /// The origin of the logarithmic map is that of the whole lattice, so that a crop has the colors of the whole.
    /// Uses the current rayon pool.
    ///
    /// # Errors
    /// Those of [`Plan::kernel_within`].
    pub fn new(scene: &Scene, making: Making) -> Result<Self, Error> {
        let Making { plan, known, max_steps, steps, colors } = making;
        // One orbit for all lattices, made for the finest.
        let finest = match scene.refines() && colors {
            true => &Plan::new(&scene.finest()?, scene.bailout(), None),
            false => plan,
        };
        let reference = finest.reference(known, max_steps, steps)?;
        let kernel = plan.kernel_along(reference.clone(), max_steps, steps)?;
        Self::with_kernel(scene, kernel, colors, |lattice| {
            Plan::new(lattice, scene.bailout(), None).kernel_along(reference.clone(), max_steps, steps)
        })
    }

    /// The same with the results of `kernel`, wherever it has them from. `other` makes a kernel for another lattice over the whole of
    /// the view, with which the map is found: no finer than the samples. Uses the current rayon pool.
    ///
    /// # Errors
    /// Those of `other`.
    pub fn with_kernel(
        scene: &Scene,
        kernel: Box<dyn Kernel>,
        colors: bool,
        other: impl Fn(&Viewport) -> Result<Box<dyn Kernel>, Error>,
    ) -> Result<Self, Error> {
        if !colors {
            return Ok(Self {
                scene: scene.clone(),
                kernel,
                painter: None,
                refinement: None,
                own_curve: true,
            });
        }
        let refinement = scene.refines().then(|| Refinement::new(scene, &other)).transpose()?;
        let (coloring, kernel, own_curve) = map_of(scene, kernel, other)?;
        let painter =
            Some(Painter::new(&coloring, scene.bailout().max_iter(), scene.viewport().whole().height()));
        Ok(Self { scene: scene.clone().with_coloring(coloring), kernel, painter, refinement, own_curve })
    }

    /// [`Render::new`] with the fastest kernel, a reference orbit of any length, and colors.
    ///
    /// # Errors
    /// Those of [`Plan::kernel_within`].
    pub fn of(scene: &Scene) -> Result<Self, Error> {
        let plan = Plan::new(scene.samples(), scene.bailout(), None);
        let steps = &AtomicU64::new(0);
        Self::new(scene, Making { plan: &plan, known: None, max_steps: u64::MAX, steps, colors: true })
    }

    /// The origin that the logarithmic map has where the coloring names none: the lowest smooth count in view. Not for
    /// crops, whose origin is that of the whole.
    pub fn origin_of_view(&self) -> Option<Escape> {
        lowest(self.scene.samples(), self.kernel())
    }

    /// Whether the curve of the map, if there is one, is that of the automatic map of this view, so that it need not be named.
    pub fn has_own_curve(&self) -> bool {
        self.own_curve
    }

    /// The scene, with the origin of its coloring.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The kernel.
    pub fn kernel(&self) -> &dyn Kernel {
        self.kernel.as_ref()
    }

    /// Replaces `pixels` by the sRGB bytes of whole rows of pixels at the top of the picture. Does nothing if colors were not asked
    /// for. The distances may be left out where
    /// [`Coloring::detail`] says that nobody takes them.
    pub fn paint(&self, escapes: &[Escape], distances: &[Distance], pixels: &mut Vec<u8>) {
        let (k, width) = (self.scene.supersample(), self.scene.viewport().width());
        let rows = 0..(escapes.len() / (k * k) as usize / width as usize) as u32;
        let band = Band { rows, escapes, distances, ..Band::default() };
        let mut colors = Colors { bytes: std::mem::take(pixels), light: Vec::new() };
        self.paint_band(&band, Needs { colors: true, ..Needs::default() }, &mut colors, &mut buffers());
        *pixels = colors.bytes;
    }

    /// Paints a band: replaces `colors` by its pixels, in the kinds that are `wanted`. Returns how many samples were added where
    /// pixels needed more.
    fn paint_band(&self, band: &Band, wanted: Needs, colors: &mut Colors, buffers: &mut [Buffers]) -> u64 {
        let Some(painter) = &self.painter else { return 0 };
        let dithers = wanted.colors && self.scene.coloring().dither;
        let mut added = 0;
        if wanted.colors && !dithers {
            added = self.paint_as(painter, band, &mut colors.bytes, buffers);
        }
        if wanted.light || dithers {
            added = self.paint_as(painter, band, &mut colors.light, buffers);
        }
        if dithers {
            let (channels, viewport) = (painter.channels(), self.scene.viewport());
            let ((left, top), row) = (viewport.corner(), channels * viewport.width() as usize);
            colors.bytes.resize(colors.light.len(), 0);
            let rows = colors.bytes.chunks_exact_mut(row).zip(colors.light.chunks_exact(row));
            for (y, (bytes, light)) in band.rows.clone().zip(rows) {
                dither(light, channels, (left, top + y), bytes);
            }
        }
        added
    }

    /// Paints a band with channels of one kind.
    fn paint_as<T: Channel + Default>(
        &self,
        painter: &Painter,
        band: &Band,
        out: &mut Vec<T>,
        buffers: &mut [Buffers],
    ) -> u64 {
        let (k, width) = (self.scene.supersample(), self.scene.viewport().width() as usize);
        let (samples, row) = ((k * k) as usize * width, painter.channels() * width);
        out.resize(band.rows.len() * row, T::default());
        let mut added = 0;
        for (i, (y, pixels)) in band.rows.clone().zip(out.chunks_exact_mut(row)).enumerate() {
            let place = i * samples..(i + 1) * samples;
            let distances = band.distances.get(place.clone()).unwrap_or_default();
            let samples = Samples { escapes: &band.escapes[place], distances, k };
            painter.paint(samples.escapes, distances, k as usize, pixels);
            if let Some(refinement) = &self.refinement {
                added += refinement.refine(painter, y, samples, pixels, buffers);
            }
        }
        added
    }

    /// The whole scene as a picture, on the current rayon pool.
    ///
    /// # Panics
    /// Where colors were not asked for.
    pub fn pixmap(&self) -> Pixmap {
        assert!(self.painter.is_some(), "a painter for a picture");
        let scene = &self.scene;
        let (width, height, alpha) =
            (scene.viewport().width(), scene.viewport().height(), layout(scene).alpha);
        let mut bytes = Vec::with_capacity(layout(scene).channels() * width as usize * height as usize);
        let rows = default_rows_per_band(scene, rayon::current_num_threads());
        let result: Result<(), std::convert::Infallible> = bands(
            (scene, self.kernel()),
            (rows, scene.coloring().detail()),
            // The whole picture is in memory anyway.
            Sizes { most: 0, of: |_: &Vec<u8>| 0 },
            || (Colors::default(), buffers()),
            |(colors, buffers), rows, escapes, distances| {
                let band = Band { rows, escapes, distances, ..Band::default() };
                self.paint_band(&band, Needs { colors: true, ..Needs::default() }, colors, buffers);
                std::mem::take(&mut colors.bytes)
            },
            |pixels: Vec<u8>| {
                bytes.extend(pixels);
                Ok(())
            },
        );
        let Ok(()) = result;
        Pixmap { width, height, alpha, bytes }
    }

    /// The kinds of colors that formats want, which are checked to go with bands of so many rows and with this render.
    fn wanted(&self, sinks: &[&dyn Sink], rows_per_band: u32) -> Needs {
        let whole = rows_per_band >= self.scene.viewport().height();
        sinks.iter().map(|sink| sink.needs()).fold(Needs::default(), |all, needs| {
            assert!(whole || rows_per_band.is_multiple_of(needs.rows), "bands of whole strips");
            assert!(self.painter.is_some() || !needs.is_picture(), "a painter for formats with colors");
            Needs {
                colors: all.colors | needs.colors,
                light: all.light | needs.light,
                certain: all.certain | needs.certain,
                ..all
            }
        })
    }

    /// Paints and proves a band of numbers as far as it is wanted, and encodes it for each format.
    fn encode_band(&self, state: &mut State, band: Band, wanted: Needs, watch: &Watch) -> Vec<Vec<Piece>> {
        let State { colors, certain, buffers, encoders } = state;
        let added = self.paint_band(&band, wanted, colors, buffers);
        let (pixels, light) = (&colors.bytes, &colors.light);
        certain.clear();
        if let (true, Some(prover)) = (wanted.certain, watch.prover) {
            let (k, width) = (self.scene.supersample(), self.scene.samples().width());
            let rows = band.rows.start * k..band.rows.end * k;
            let places = rows.flat_map(|y| (0..width).map(move |x| (x, y)));
            let proven = |((x, y), escape): (_, &Escape)| prover.prove(x, y).is_of(escape.n());
            certain.extend(places.zip(band.escapes).map(proven));
        }
        let band = Band { certain, pixels, light, added, ..band };
        (watch.band)(&band);
        let encode = |encoder: &mut Box<dyn Encoder + '_>| {
            let mut pieces = Vec::new();
            encoder.encode(&band, &mut pieces);
            pieces
        };
        encoders.iter_mut().map(encode).collect()
    }

    /// Renders into all targets, on the current rayon pool, in bands of `rows_per_band` rows of pixels.
    ///
    /// # Errors
    /// [`RenderError::Write`] for the first target that cannot be written, [`RenderError::Cancelled`] where
    /// `watch.cancel` was set.
    ///
    /// # Panics
    /// Where a band does not hold whole strips, or colors are needed and were not asked for: see [`rows_per_band`](crate::render::rows_per_band).
    pub fn run(&self, targets: &mut [Target], rows_per_band: u32, watch: Watch) -> Result<(), RenderError> {
        let sinks: Vec<&dyn Sink> = targets.iter().map(|target| target.sink).collect();
        let wanted = self.wanted(&sinks, rows_per_band);
        let detail = detail(&self.scene, sinks.iter().copied());
        let fails = |index| move |error| RenderError::Write(index, error);
        let mut files: Vec<Box<dyn Append + '_>> = Vec::new();
        for (index, target) in targets.iter_mut().enumerate() {
            files.push(target.sink.begin(target.to, target.texts).map_err(fails(index))?);
        }
        let state = || State {
            colors: Colors::default(),
            certain: Vec::new(),
            buffers: buffers(),
            encoders: sinks.iter().map(|sink| sink.encoder()).collect(),
        };
        let kernel = Cancelled { kernel: self.kernel(), cancel: watch.cancel };
        let cancelled = || watch.cancel.load(Ordering::Relaxed);
        let bytes = |pieces: &Vec<Piece>| pieces.iter().map(|piece| piece.bytes.len() as u64).sum::<u64>();
        bands(
            (&self.scene, &kernel),
            (rows_per_band, detail),
            Sizes {
                most: piece(&self.scene, rows_per_band, sinks.iter().copied()),
                of: |pieces: &Vec<Vec<Piece>>| pieces.iter().map(bytes).sum(),
            },
            state,
            |state, rows, escapes, distances| {
                let band = Band { rows, escapes, distances, ..Band::default() };
                if cancelled() { Vec::new() } else { self.encode_band(state, band, wanted, &watch) }
            },
            |pieces| {
                if cancelled() {
                    return Err(RenderError::Cancelled);
                }
                for (index, (file, pieces)) in files.iter_mut().zip(pieces).enumerate() {
                    pieces.into_iter().try_for_each(|piece| file.append(piece)).map_err(fails(index))?;
                }
                Ok(())
            },
        )?;
        for (index, file) in files.into_iter().enumerate() {
            file.finish().map_err(fails(index))?;
        }
        Ok(())
    }
}

/// The coloring with what its map leaves open, found from the whole of the view, so that a crop has its colors; the kernel,
/// whose results may have been stored for that; and whether the curve is that of the automatic map.
fn map_of(
    scene: &Scene,
    kernel: Box<dyn Kernel>,
    other: impl Fn(&Viewport) -> Result<Box<dyn Kernel>, Error>,
) -> Result<(Coloring, Box<dyn Kernel>, bool), Error> {
    let (samples, max_iter) = (scene.samples(), scene.bailout().max_iter());
    let mut coloring = scene.coloring().clone();
    let all = samples.whole();
    let of_all = || if all == *samples { Ok(None) } else { other(&all).map(Some) };
    let mut own_curve = !coloring.map.is_curve();
    match coloring.map {
        Map::Log if coloring.origin.is_none() => {
            coloring.origin = lowest(&all, of_all()?.as_deref().unwrap_or(kernel.as_ref()));
        }
        Map::Auto => {
            let preview = contrast::preview(&all);
            let own = contrast::auto(&preview, other(&preview)?.as_ref(), max_iter);
            coloring.curve = coloring.curve.or(own.clone());
            own_curve = coloring.curve == own;
        }
        Map::Histogram if coloring.curve.is_none() => {
            let escapes = Stored::all(&all, of_all()?.as_deref().unwrap_or(kernel.as_ref()));
            coloring.curve = contrast::histogram(&escapes, max_iter);
            return Ok((coloring, Box::new(Stored::new(escapes, samples, kernel)), own_curve));
        }
        _ => {}
    }
    Ok((coloring, kernel, own_curve))
}

/// The pixels of a band, in the kinds that are wanted.
#[derive(Default)]
struct Colors {
    bytes: Vec<u8>,
    light: Vec<u16>,
}

/// What a thread keeps from band to band.
struct State<'a> {
    colors: Colors,
    certain: Vec<bool>,
    buffers: [Buffers; LEVELS.len()],
    encoders: Vec<Box<dyn Encoder + 'a>>,
}

/// A whole scene as a picture.
///
/// # Errors
/// Those of [`Render::new`].
pub fn pixmap(scene: &Scene) -> Result<Pixmap, Error> {
    Ok(Render::of(scene)?.pixmap())
}
