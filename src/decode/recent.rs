//! A cache of a bounded number of values.

use std::collections::HashMap;
use std::hash::Hash;

/// Values that are made when they are asked for; those not asked for the longest go where there are too many.
pub(crate) struct Recent<K, V> {
    most: usize,
    clock: u64,
    values: HashMap<K, (u64, V)>,
}

impl<K: Copy + Eq + Hash, V: Clone> Recent<K, V> {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, clock: 0, values: HashMap::new() }
    }

    /// The value of a key, made where it is not kept.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn get<E>(&mut self, key: K, make: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        self.clock += 1;
        if let Some((used, value)) = self.values.get_mut(&key) {
            *used = self.clock;
            return Ok(value.clone());
        }
        let value = make()?;
        if self.values.len() >= self.most {
            // An eighth at once, so that the search for the oldest is not made for each.
            let mut used: Vec<u64> = self.values.values().map(|(used, _)| *used).collect();
            let (_, oldest, _) = used.select_nth_unstable(self.most / 8);
            let oldest = *oldest;
            self.values.retain(|_, (used, _)| *used > oldest);
        }
        self.values.insert(key, (self.clock, value.clone()));
        Ok(value)
    }

    /// Lets all values go, and keeps half as many from now on.
    pub(crate) fn shrink(&mut self) {
        self.most = (self.values.len() / 2).max(1);
        self.values.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_values_are_kept() {
        let mut recent = Recent::new(4);
        let mut made = 0;
        let mut get = |key: u32| {
            let value: Result<u32, ()> = recent.get(key, || {
                made += 1;
                Ok(10 * key)
            });
            assert_eq!(value, Ok(10 * key));
        };
        [1, 2, 3, 4, 1, 1, 4, 3, 2].into_iter().for_each(&mut get);
        // The oldest one goes, which is 1.
        [5, 2, 3, 4, 5].into_iter().for_each(&mut get);
        get(1);
        assert_eq!(made, 6);
        assert!(recent.values.len() <= 4);
        for most in [2, 1, 1] {
            recent.shrink();
            for key in 0..9 {
                assert_eq!(recent.get(key, || Ok::<_, ()>(key)), Ok(key));
                assert!(recent.values.len() <= most);
            }
        }
    }
}
