//! What a job is: everything that determines its numbers, and nothing else.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, JobProblem};
use crate::field::Detail;
use crate::job::digest::Digest;
use crate::job::keys::Keys;
use crate::job::preview;
use crate::job::tiles::{LEVELS, Tiles, cost, deal};
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::plan::Plan;
use crate::scene::draft::Draft;
use crate::scene::scene::Scene;

/// A large render, cut into shards that can be made anywhere and in any order.
///
/// Colors are no part of it: they are chosen when the shards are stitched.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    scene: Scene,
    kernel: &'static str,
    orbit: Option<Digest>,
    side: u32,
    tiles: Tiles,
    shards: u32,
    detail: Detail,
    /// The predicted cost of each tile, as a level.
    costs: Vec<u8>,
    /// The tiles of each shard.
    dealt: Arc<Vec<Vec<u32>>>,
    id: Digest,
}

/// The digits that levels of costs are written in, one for each tile.
const DIGITS: &[u8; LEVELS as usize] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const KEYS: [&str; 9] =
    ["costs", "distance", "interior", "kernel", "mandel_job", "orbit", "scene", "shards", "side"];

fn wrong<T>(problem: JobProblem) -> Result<T, Error> {
    Err(Error::Job(problem))
}

impl Job {
    /// The most bytes of a job.
    pub const MAX_BYTES: u64 = 1 << 20;

    /// Cuts a scene into `shards` shards of about the same cost, predicted from 1/1024 of its pixels.
    ///
    /// Its shards hold `detail` too. `reference` is the orbit of [`Plan::reference`] and its [digest](super::orbit_digest),
    /// for a deep view. Uses the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Job`] for a picture that is too large, or has fewer tiles than `shards`; those of [`Plan::kernel`].
    pub fn plan(
        scene: &Scene,
        shards: u32,
        detail: Detail,
        reference: Option<(Arc<ReferenceOrbit>, Digest)>,
    ) -> Result<Self, Error> {
        let (orbit, digest) = reference.unzip();
        let (side, costs) = preview::tiles(scene, shards, orbit)?;
        Self::new(scene, shards, detail, digest, side, costs)
    }

    fn new(
        scene: &Scene,
        shards: u32,
        detail: Detail,
        orbit: Option<Digest>,
        side: u32,
        costs: Vec<u8>,
    ) -> Result<Self, Error> {
        let scene = scene.clone().with_coloring(Default::default());
        let kernel = Plan::new(scene.samples(), scene.bailout(), None).order();
        let Some(tiles) = Tiles::new(&scene, side) else { return wrong(JobProblem::TooLarge) };
        let dealt = Arc::new(deal(&costs, shards));
        let id = Digest([0; 32]);
        let mut job = Self { scene, kernel, orbit, side, tiles, shards, detail, costs, dealt, id };
        let text = job.to_text();
        if text.len() as u64 > Self::MAX_BYTES {
            return wrong(JobProblem::TooLarge);
        }
        job.id = Digest::of(text.as_bytes());
        Ok(job)
    }

    /// Reads a job.
    ///
    /// # Errors
    /// [`Error::Job`], also where this program has another order of operations for the view than the job names.
    pub fn read(text: &str) -> Result<Self, Error> {
        let Keys(keys) =
            &serde_json::from_str(text).map_err(|error| Error::Job(JobProblem::Syntax(error.to_string())))?;
        match keys.get("mandel_job") {
            Some(Value::Number(version)) if version.as_u64() == Some(1) => {}
            Some(Value::Number(other)) => return wrong(JobProblem::Version(other.to_string())),
            _ => return wrong(JobProblem::Value { key: "mandel_job", expected: "the number 1" }),
        }
        if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return wrong(JobProblem::UnknownKey(key.clone()));
        }
        let scene = text_of(keys, "scene", "the text of a scene")?;
        let scene = Draft::read(scene).and_then(Draft::scene);
        let scene = scene.map_err(|error| Error::Job(JobProblem::Scene(Box::new(error))))?;
        let orbit = match keys.get("orbit") {
            Some(Value::Null) => None,
            Some(Value::String(digits)) if digits.parse::<Digest>().is_ok() => digits.parse().ok(),
            _ => {
                return wrong(JobProblem::Value { key: "orbit", expected: "null, or 64 hexadecimal digits" });
            }
        };
        let plan = Plan::new(scene.samples(), scene.bailout(), None);
        let kernel = text_of(keys, "kernel", "the name of a kernel")?;
        if kernel != plan.order() {
            return wrong(JobProblem::Kernel { job: kernel.into(), here: plan.order().into() });
        }
        if orbit.is_some() != plan.is_deep() {
            return wrong(JobProblem::Value {
                key: "orbit",
                expected: "there for a deep view, and for no other",
            });
        }
        let side = number(keys, "side")?;
        let Some(tiles) = Tiles::new(&scene, side) else {
            return wrong(JobProblem::Value {
                key: "side",
                expected: "pixels of a tile that suits the size",
            });
        };
        let digits = text_of(keys, "costs", "a letter for each tile")?;
        let levels = digits.bytes().map(|digit| DIGITS.iter().position(|known| *known == digit));
        let costs: Option<Vec<u8>> = levels.map(|level| Some(level? as u8)).collect();
        let Some(costs) = costs.filter(|costs| costs.len() as u64 == u64::from(tiles.count())) else {
            return wrong(JobProblem::Value { key: "costs", expected: "a letter for each tile" });
        };
        let shards = number(keys, "shards")?;
        if !(1..=tiles.count()).contains(&shards) {
            return wrong(JobProblem::Shards { shards, tiles: tiles.count() });
        }
        // Left out where there are none, so that the text of such a job is what it was before there were any.
        let detail = Detail { distances: is_said(keys, "distance")?, interiors: is_said(keys, "interior")? };
        Self::new(&scene, shards, detail, orbit, side, costs)
    }

    /// The job as JSON: sorted keys, no blanks, no floats; the same bytes for the same job.
    pub fn to_text(&self) -> String {
        let costs: String = self.costs.iter().map(|&level| char::from(DIGITS[usize::from(level)])).collect();
        let orbit = self.orbit.map_or(Value::Null, |digest| digest.to_string().into());
        let values: [Value; 9] = [
            costs.into(),
            self.detail.distances.into(),
            self.detail.interiors.into(),
            self.kernel.into(),
            1.into(),
            orbit,
            self.scene.numbers_text().into(),
            self.shards.to_string().into(),
            self.side.to_string().into(),
        ];
        let said = |(_, value): &(&str, Value)| *value != Value::Bool(false);
        object(KEYS.into_iter().zip(values).filter(said))
    }

    /// The SHA-256 of the text.
    pub fn id(&self) -> Digest {
        self.id
    }

    /// The scene, in default colors.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// The order of operations.
    pub fn kernel(&self) -> &'static str {
        self.kernel
    }

    /// The digest of the reference orbit of a deep view.
    pub fn orbit(&self) -> Option<Digest> {
        self.orbit
    }

    /// How many shards there are; the first is number 1.
    pub fn shards(&self) -> u32 {
        self.shards
    }

    /// What its shards hold beside counts.
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether they hold fractions, or periods in their place.
    pub(super) fn has_fractions(&self) -> bool {
        self.scene.bailout().is_smooth() || self.detail.interiors
    }

    /// How many tiles there are.
    pub fn tile_count(&self) -> u32 {
        self.tiles.count()
    }

    /// Pixels along a tile.
    pub fn side(&self) -> u32 {
        self.side
    }

    pub(crate) fn tiles(&self) -> Tiles {
        self.tiles
    }

    /// The tiles of each shard, of which the first is number 0 here.
    pub(crate) fn dealt(&self) -> &[Vec<u32>] {
        &self.dealt
    }

    /// The predicted cost of each shard, in a unit of their own.
    pub fn costs(&self) -> Vec<u64> {
        let of = |tiles: &Vec<u32>| tiles.iter().map(|&tile| cost(self.costs[tile as usize])).sum();
        self.dealt.iter().map(of).collect()
    }

    /// How many tiles, and how many samples, these shards have together.
    pub fn extent(&self, shards: &[u32]) -> (u64, u64) {
        let tiles = || shards.iter().flat_map(|&shard| &self.dealt[shard as usize - 1]);
        (tiles().count() as u64, tiles().map(|&tile| self.tiles.rect(tile).samples() as u64).sum())
    }

    /// The file name of a shard.
    pub fn shard_name(shard: u32) -> String {
        format!("shard-{shard}.mshd")
    }

    /// Shards for a render on one machine that is to be continued after an interruption, which costs what is unfinished of
    /// one: about 128 by 128 pixels each, and at most 4096 files.
    pub fn shards_to_resume(scene: &Scene) -> u32 {
        const PIXELS: u64 = 128 * 128;
        const MOST: u64 = 1 << 12;
        let pixels = u64::from(scene.viewport().width()) * u64::from(scene.viewport().height());
        (pixels / PIXELS).clamp(1, MOST) as u32
    }
}

/// A JSON object without blanks, with its keys in the given order.
pub(super) fn object<'a>(entries: impl Iterator<Item = (&'a str, Value)>) -> String {
    Value::Object(entries.map(|(key, value)| (key.to_string(), value)).collect::<Map<_, _>>()).to_string()
}

fn text_of<'a>(
    keys: &'a Map<String, Value>,
    key: &'static str,
    expected: &'static str,
) -> Result<&'a str, Error> {
    match keys.get(key) {
        Some(Value::String(text)) => Ok(text),
        _ => wrong(JobProblem::Value { key, expected }),
    }
}

fn is_said(keys: &Map<String, Value>, key: &'static str) -> Result<bool, Error> {
    match keys.get(key) {
        None => Ok(false),
        Some(Value::Bool(true)) => Ok(true),
        _ => wrong(JobProblem::Value { key, expected: "true, or left out" }),
    }
}

fn number(keys: &Map<String, Value>, key: &'static str) -> Result<u32, Error> {
    let digits = text_of(keys, key, "a whole number in quotes")?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|_| plain)
        .map_or_else(|| wrong(JobProblem::Value { key, expected: "a whole number in quotes" }), Ok)
}
