//! A walk to a deep place that is worth looking at, from a number.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Search};
use crate::find::nucleus::{Nucleus, Shape};
use crate::number::floatexp::FloatExp;
use crate::plane::location::Location;

/// The highest period that is looked for. Views of a walk have far lower ones.
const MAX_PERIOD: u32 = 100_000;
/// The minibrots of a view among which one is chosen: those of the lowest periods.
const CHOICES: usize = 12;
/// Steps after which a walk ends in any case.
const MOST_STEPS: u32 = 64;

/// A generator of numbers: SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }
}

impl Nucleus {
    /// A minibrot whose embedded Julia set needs at least that magnification, and the minibrots on the way to it.
    ///
    /// The walk begins with a view of the whole set. Of the minibrots in the view that have a higher period than the last one, the twelve of
    /// lowest period are kept, and one of them is chosen by the seed; the next view is that of the Julia set around it. The same seed
    /// leads to the same place on every machine. `found` counts the minibrots while the walk goes on.
    ///
    /// # Errors
    /// [`Error::NotFound`] where a view has no minibrot to go on with.
    pub fn explore(seed: u64, zoom: FloatExp, found: &AtomicU64) -> Result<Vec<Self>, Error> {
        let home = Location::ALL[0];
        let (mut center, mut radius) = (home.center()?, FloatExp::from(1.25));
        let mut random = Random(seed);
        let mut way: Vec<Self> = Vec::new();
        for _ in 0..MOST_STEPS {
            let last = way.last().map_or(1, |nucleus| nucleus.period);
            let mut nuclei = Self::several(&center, radius, MAX_PERIOD)?;
            nuclei.retain(|nucleus| nucleus.shape == Shape::Cardioid && nucleus.period > last);
            nuclei.truncate(CHOICES);
            if nuclei.is_empty() {
                break;
            }
            let nucleus = nuclei.swap_remove(random.below(nuclei.len()));
            let height = nucleus.julia_height();
            (center, radius) = (nucleus.center.clone(), height * FloatExp::from(0.5));
            way.push(nucleus);
            found.fetch_add(1, Ordering::Relaxed);
            if FloatExp::from(4.0) / height >= zoom {
                return Ok(way);
            }
        }
        Err(Error::NotFound(Search::NoWay(way.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_leads_to_one_place() {
        let zoom = FloatExp::from(1e6);
        let found = AtomicU64::new(0);
        let way = Nucleus::explore(1, zoom, &found).expect("a place");
        assert_eq!(found.load(Ordering::Relaxed), way.len() as u64);
        assert!(way.is_sorted_by_key(|nucleus| nucleus.period) && way[0].period > 1);
        let last = way.last().expect("a place");
        assert!(FloatExp::from(4.0) / last.julia_height() >= zoom);
        let again = Nucleus::explore(1, zoom, &found).expect("a place");
        assert_eq!(again.last().expect("a place").center, last.center);
        let other = Nucleus::explore(2, zoom, &found).expect("a place");
        assert_ne!(other.last().expect("a place").center, last.center);
    }
}
