//! A scene in the numbers that Kalles Fraktaler and Fraktaler-3 write.

use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::plane::frame::{Aspect, Extent, Frame};
use crate::scene::scene::Scene;

/// The numbers of a location whose imaginary axis points down.
pub(super) struct Written {
    /// Digits without a power of ten.
    pub(super) re: String,
    /// Digits without a power of ten.
    pub(super) im: String,
    pub(super) zoom: String,
    pub(super) rotate: f64,
    pub(super) max_iter: u32,
}

impl Written {
    /// The numbers of a scene; `None` where pixels are not square, and for an exponential map.
    pub(super) fn of(scene: &Scene) -> Option<Self> {
        let viewport = scene.viewport().whole();
        let stretched = matches!(viewport.frame(), Frame::Region { aspect: Aspect::Stretch, .. });
        if stretched || matches!(viewport.frame(), Frame::Exponential { .. }) {
            return None;
        }
        let zoom = match viewport.frame() {
            Frame::Centered { extent: Extent::Zoom(zoom), .. } => zoom.clone(),
            _ => Decimal::shortest(FloatExp::from(4.0) / viewport.extent().1)?,
        };
        let center = viewport.center();
        Some(Self {
            re: center.re.positional(),
            im: (-center.im.clone()).positional(),
            zoom: zoom.to_string(),
            rotate: viewport.rotation().degrees(),
            max_iter: scene.bailout().max_iter(),
        })
    }
}
