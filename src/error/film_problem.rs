//! What can be wrong with a film.

/// Why a scene and a path make no film.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FilmProblem {
    /// It has no frame.
    #[error("a film of no frames")]
    NoFrames,
    /// The last frame shows more of the plane than the first.
    #[error("the film ends at a lower magnification than it begins at")]
    Outwards,
    /// The part of the time in which the speed changes, at either end.
    #[error("easing over {0} of the film")]
    Ease(f64),
    /// The angle by which the picture turns along the way is not finite, or more than 1e6 degrees.
    #[error("a turn of {0} degrees")]
    Turn(f64),
    /// The scene is an exponential map.
    #[error("the scene is an exponential map, which is a film itself")]
    Projection,
    /// The scene is a part of a view.
    #[error("the scene is a part of a view")]
    Crop,
    /// Pixels are not square, or samples lie on the edges.
    #[error("the frames of a film have square pixels, sampled at their centers")]
    Lattice,
    /// Pixels have different numbers of samples.
    #[error("the frames of a film have as many samples in all pixels")]
    Refined,
    /// The map is found from all samples of one picture.
    #[error("the map {0} is that of one picture")]
    Map(String),
    /// What a strip cannot do.
    #[error("a strip cannot {0}")]
    Strip(&'static str),
    /// A view that is not the whole of an exponential map.
    #[error("the samples are no exponential map, or a part of one")]
    NoStrip,
    /// Frames beyond a strip, which has those of these magnifications.
    #[error("the strip has frames from {0} to {1}")]
    Beyond(String, String),
    /// What key frames cannot do.
    #[error("key frames cannot {0}")]
    Keys(&'static str),
}
