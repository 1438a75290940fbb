//! Good inputs for each parser: files of the repository, and small ones that the program makes.

use std::path::{Path, PathBuf};
use std::{fs, io};

use mandel::Plan;
use mandel::job::{make_shards, write_orbit};

use crate::folder::Folder;
use crate::parsers::{deep_orbit, deep_scene, shard_job};

/// The files of a folder of `tests/data` whose names end so.
pub(crate) fn data(folder: &str, suffixes: &[&str]) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    // The order of a folder differs from machine to machine.
    paths.sort();
    let fits =
        |path: &&PathBuf| path.extension().is_some_and(|end| suffixes.iter().any(|suffix| end == *suffix));
    paths.iter().filter(fits).map(|path| fs::read(path).expect("a file")).collect()
}

pub(crate) fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// What `mandel render` writes into files of these names: a small lit view, with distances where a file has them.
pub(crate) fn rendered(names: &[&str], options: &str) -> Vec<Vec<u8>> {
    let folder = Folder::new();
    let mut command = folder.command(env!("CARGO_BIN_EXE_mandel"));
    command.args("render --at mini -s 9x5 -n 60 --supersample 1 -q".split(' '));
    command.args(options.split_whitespace());
    command.args(names.iter().flat_map(|name| ["-o", name]));
    assert!(command.status().expect("the program starts").success(), "{names:?}");
    names.iter().map(|name| fs::read(folder.path(name)).expect(name)).collect()
}

pub(crate) fn numbers() -> Vec<Vec<u8>> {
    texts(&[
        "-0.75+0.1i",
        "-0.75,0.1",
        "-1.74976",
        "0.1i",
        "(-7.453e-1 + 1.127e-1j)",
        "Re = -0.7453 Im = 0.1127",
        "x: -1.76073289118247272627, y: 0.01302137831089206469",
        "1e30",
        "10^30",
        "2^100",
        "1,000,000",
        "0.000_000_1",
        "\u{2212}0.16 + 1.03 i",
        "1.5e-99999",
    ])
}

pub(crate) fn scenes() -> Vec<Vec<u8>> {
    let mut scenes = texts(&[
        "[view]\nsize = \"90x60\"\ncrop = [10, 7, 33, 21]\n",
        "[view]\nregion = \"-2,1,-1.5,1.5\"\naspect = \"stretch\"\ngrid = \"endpoints\"\nrotate = 30.5\n",
        "[color]\nmap = \"linear\"\ninterior = \"period\"\npalette = \"#001,#fff,#fa0,#001\"\n",
    ]);
    let folder = Folder::new();
    for options in
        ["--at mini --light 135 --edge 0.7,white --dither", "-c i -z 1e300 -n 99 --supersample auto"]
    {
        let mut command = folder.command(env!("CARGO_BIN_EXE_mandel"));
        let output = command.args("render -s 9x5 --dry-run -q".split(' ')).args(options.split(' ')).output();
        scenes.push(output.expect("the program starts").stdout);
    }
    scenes
}

pub(crate) fn locations() -> Vec<Vec<u8>> {
    let mut all = data("foreign", &["ini", "par", "toml", "kfr", "xpf"]);
    all.extend(texts(&[
        "https://mandelbrot.site/?re=-0.75&im=0.1&z=12.5&i=800&e=2",
        "{\"re\": -0.75, \"im\": \"0.1\", \"z\": 9, \"i\": 500, \"e\": 2}",
    ]));
    all
}

/// A map of Kalles Fraktaler: 3 by 2 samples, no colors but one.
pub(crate) fn kfb() -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let fractions = [0.25_f32, 0.5, 0.75, 0.0, 0.125, 1.0].map(f32::to_bits);
    [
        &b"KFB"[..],
        &words(&[3, 2, 10, 20, 30, 40, 50, 60]),
        &words(&[1, 1]),
        &[1, 2, 3],
        &words(&[60]),
        &words(&fractions),
    ]
    .concat()
}

/// The files of NumPy that others write: types and versions beside ours.
pub(crate) fn npy() -> Vec<Vec<u8>> {
    let array = |kind: &str, shape: &str, bytes: &[u8]| {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [&b"\x93NUMPY\x01\0"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes(), bytes].concat()
    };
    let mut all = rendered(&["a.npy"], "");
    all.extend(rendered(&["b.npy"], "--values smooth"));
    all.push(array("<f4", "(1, 2)", &[0, 0, 128, 64, 0, 0, 192, 127]));
    all.push(array("<i8", "(2, 1)", &[7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]));
    all
}

pub(crate) fn png_chunks() -> Vec<Vec<u8>> {
    texts(&[
        "tEXtComment\0a text",
        "iTXtmandel\0\0\0\0\0[view]\nzoom = \"1\"\n",
        "zTXtComment\0\0x\u{1}K\u{4}\0\0b\0b",
        "iTXtmandel\0\u{1}\0en\0word\0x\u{1}K\u{4}\0\0b\0b",
        "IDATx",
    ])
}

pub(crate) fn jobs() -> Vec<Vec<u8>> {
    vec![shard_job().to_text().into_bytes()]
}

pub(crate) fn shards() -> Vec<Vec<u8>> {
    let (job, mut shards) = (shard_job(), Vec::new());
    let plan = Plan::new(job.scene().samples(), job.scene().bailout(), None);
    let done = |_, shard: Vec<u8>, _, _| {
        shards.push(shard);
        io::Result::Ok(())
    };
    let kernel = plan.kernel().expect("a kernel");
    make_shards(job, kernel.as_ref(), &[1], |_| Ok(Vec::new()), done, |_| ()).expect("a shard");
    shards
}

pub(crate) fn orbits() -> Vec<Vec<u8>> {
    let mut orbit = Vec::new();
    write_orbit(deep_scene(), deep_orbit(), &mut orbit).expect("an orbit");
    vec![orbit]
}
