//! Worked examples at the end of the long help of each command.
//!
//! A line that begins with a dollar sign is one that a shell takes as it is; the tests read each of them back.

pub(crate) const MANDEL: &str = "\
Examples:
  The whole set, into mandel.png
  $ mandel render
  A deep place that is built in, as a wallpaper
  $ mandel render --at wreath -s 4k -o wreath.png
  Which places there are
  $ mandel views
  How fast this machine is
  $ mandel bench
  What to say in a report of a mistake
  $ mandel -vV
  All options of a command, with examples
  $ mandel help render";

pub(crate) const RENDER: &str = "\
Examples:
  A place that is built in, in other colors
  $ mandel render --at seahorse -p ember -o seahorse.png
  Any place, at any depth; the limit of iterations is found from the view
  $ mandel render -c -0.743643887037151+0.131825904205330i -z 1e11 -n auto -o spirals.png
  Exact counts for NumPy, on the grid of numpy.linspace
  $ mandel render --region -2,1,-1.5,1.5 -s 800 --grid endpoints -o counts.npy
  A picture and its numbers from one computation
  $ mandel render --at elephant -o elephant.png -o elephant.npz
  The same picture again, larger, from the scene that is in it
  $ mandel render --scene elephant.png -s 8k -o large.png
  A picture for another program
  $ mandel render -s 640x360 -o - --format ppm | cjpeg -outfile set.jpg";

pub(crate) const COLOR: &str = "\
Examples:
  Another palette, without iterating again
  $ mandel color numbers.npz -p ember -o ember.png
  The palette where the structure is, twice as fast
  $ mandel color numbers.npz --map histogram --density 2 -o even.png
  Counts that NumPy saved, of which the limit is known
  $ mandel color counts.npy -n 1000 -p \"#001,#fff,#fa0,#001\" -o counts.png
  A file of Kalles Fraktaler
  $ mandel color place.kfb -p ultra -o place.png
  The colors of another picture
  $ mandel color numbers.exr --colors poster.png -o alike.png";

pub(crate) const ZOOM: &str = "\
Examples:
  A frame for each file
  $ mandel zoom --at mini --frames 300 -s hd -o frames/{index:04}.png
  A short film as one file
  $ mandel zoom --at seahorse --seconds 4 --fps 25 -s 320x180 -o seahorse.gif
  A film of any length, through an encoder
  $ mandel zoom --at wreath --seconds 60 -s fhd -o - | ffmpeg -i - wreath.mp4
  What it would take
  $ mandel zoom --at star --seconds 120 -s 4k --dry-run
  Go on where it was stopped
  $ mandel zoom --at mini --frames 300 -s hd -o frames/{index:04}.png --resume";

pub(crate) const BATCH: &str = "\
Examples:
  All jobs of a file
  $ mandel batch jobs.toml
  Make again only what is missing or differs
  $ mandel batch jobs.toml --resume
  Jobs that another program writes
  $ python3 jobs.py | mandel batch -
  Two threads, and a summary for a program
  $ mandel batch jobs.toml -t 2 -q --json > done.json";

pub(crate) const PLAN: &str = "\
Examples:
  A render of a gigapixel, cut into 64 shards
  $ mandel plan --at seahorse -s 40000x25000 --shards 64 -o job.json
  One of its shards, on any machine
  $ mandel render --job job.json --shard 1/64 --out-dir shards
  All of them on a Slurm cluster
  $ mandel plan --at seahorse -s 40000x25000 --shards 64 --emit slurm > run.sh
  How well 16 workers would be kept busy
  $ mandel plan --at seahorse -s 40000x25000 --shards 64 --simulate 16
  A picture of all shards
  $ mandel stitch job.json shards -o seahorse.png";

pub(crate) const STITCH: &str = "\
Examples:
  A picture of all shards
  $ mandel stitch job.json shards -o picture.png
  Shards of several machines, in other colors
  $ mandel stitch job.json shards-a shards-b -p ember -o picture.png
  Which shards to make again, for an array of Slurm
  $ mandel stitch job.json shards --missing --format array
  Compute one row in a hundred again before they are trusted
  $ mandel stitch job.json shards --recheck 1 -o picture.png";

pub(crate) const BENCH: &str = "\
Examples:
  One thread, two, four, ... on the default view
  $ mandel bench
  Certain numbers of threads, on a harder view
  $ mandel bench --at seahorse -s fhd -t 1,2,4
  Chunk sizes, and a fixed share of the rows for each thread
  $ mandel bench --schedule dynamic,static --rows-per-chunk 1,8,64
  The measurements and a chart, as files
  $ mandel bench --json bench.json --svg bench.svg
  What vector instructions bring
  $ mandel bench --kernel scalar -t 1";

pub(crate) const STATS: &str = "\
Examples:
  Of a scene, which is iterated
  $ mandel stats scene.toml
  Of a picture that mandel made
  $ mandel stats seahorse.png
  Of numbers in a file
  $ mandel stats numbers.npz
  Of a scene, and how many of its counts no rounding can have changed
  $ mandel stats --certainty scene.toml
  Of counts of which the limit is known, for a program
  $ mandel stats counts.npy -n 1000 --json";

pub(crate) const VERIFY: &str = "\
Examples:
  A scene: 200 of its samples, iterated and counted again with proof
  $ mandel verify --at seahorse
  The numbers in a file that names its scene
  $ mandel verify field.npz
  Counts that name none
  $ mandel verify counts.npy --at seahorse -n 4000
  A check in a script: exit code 1 unless 95 percent are proven right, within a minute
  $ mandel verify picture.png --sample 1000 --require 95 --limit 60";

pub(crate) const INFO: &str = "\
Examples:
  The scene of a picture
  $ mandel info seahorse.png
  A location of another program, as a scene
  $ mandel info place.kfr > place.toml
  One entry of a Fractint file
  $ mandel info places.par:seahorse
  For a program
  $ mandel info seahorse.png --json
  What this machine offers
  $ mandel info --system";

pub(crate) const CONVERT: &str = "\
Examples:
  A picture's place for Kalles Fraktaler
  $ mandel convert seahorse.png -o seahorse.kfr
  And for Fraktaler-3
  $ mandel convert seahorse.png -o seahorse.f3.toml
  A location of another program as a scene text
  $ mandel convert place.kfr -o place.toml
  Of one that comes through a pipe
  $ curl -s https://example.org/place.kfr | mandel convert - -o place.toml";

pub(crate) const POINT: &str = "\
Examples:
  A point that escapes
  $ mandel point 0.26
  One that takes long
  $ mandel point -0.75+1e-4i -n 100000
  One that never escapes
  $ mandel point -1
  For a program
  $ mandel point 0.3+0.5i -n 5000 --json";

pub(crate) const FIND: &str = "\
Examples:
  The minibrot of lowest period in a view, and the command that renders it
  $ mandel find -c -1.75 -z 20
  In a view of the seahorse valley, for a program
  $ mandel find -c -0.7453+0.1127i --height 0.0065 --json
  Five of a view, by their periods
  $ mandel find -c -1.75 -z 20 --count 5
  A deep place by chance, as a scene
  $ mandel find --explore 7 > place.toml
  The lowest Misiurewicz point in a view
  $ mandel find -c 0.4+0.6i -z 10 --misiurewicz
  One of a certain preperiod and period
  $ mandel find -c 1i -z 10 --misiurewicz 2,2";

pub(crate) const PALETTES: &str = "\
Examples:
  All that are built in
  $ mandel palettes
  One of them, with its colors
  $ mandel palettes --show ember
  Colors of your own
  $ mandel palettes --show \"#001,#fff,#fa0,#001\"
  As a text, to change it and use it with --colors
  $ mandel palettes --convert ultra > mine.toml";

pub(crate) const VIEWS: &str = "\
Examples:
  All that are built in
  $ mandel views
  What two of them look like
  $ mandel views seahorse mini --preview
  For a program
  $ mandel views --json
  Render one of them
  $ mandel render --at crown -o crown.png";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  Bash, into the folder of the package bash-completion (mkdir -p makes it)
  $ mandel completions bash > ~/.local/share/bash-completion/completions/mandel
  Zsh, where the folder is one of those in $fpath
  $ mandel completions zsh > ~/.zfunc/_mandel
  Fish
  $ mandel completions fish > ~/.config/fish/completions/mandel.fish
  PowerShell, in its profile
  $ mandel completions powershell >> $PROFILE
  Elvish
  $ mandel completions elvish >> ~/.config/elvish/rc.elv";

pub(crate) const MAN: &str = "\
Examples:
  Read the main page
  $ mandel man | man -l -
  Install a page of each command, for 'man mandel-render'
  $ mandel man ~/.local/share/man/man1
  For all users
  $ mandel man /usr/local/share/man/man1
  As text
  $ mandel man | groff -man -T utf8";

#[cfg(test)]
mod tests {

    use crate::cli::args::Args;

    /// The words of a line, without what a shell does with its input and output.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                _ => words.last_mut().expect("begins with one").push(c),
            }
        }
        let commands = words.split(|word| word == "|");
        let ours = commands.into_iter().find(|words| words[0] == "mandel").expect("a command of mandel");
        ours.iter().take_while(|word| !word.starts_with('>')).cloned().collect()
    }

    #[test]
    fn every_example_is_understood() {
        let mut whole = Args::command();
        whole.build();
        let pages = whole.get_subcommands().filter(|command| command.get_name() != "help");
        for command in pages.chain([&whole]) {
            let name = command.get_name();
            let help =
                command.get_after_long_help().unwrap_or_else(|| panic!("{name}: no examples")).to_string();
            let lines: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  $ ")).collect();
            assert!((4..=6).contains(&lines.len()), "{name}: {} examples", lines.len());
            assert!(help.lines().all(|line| line.len() <= 100), "{name}: a long line");
            for line in lines {
                match Args::command().try_get_matches_from(words(line)) {
                    Ok(_) => {}
                    Err(error) => assert!(!error.use_stderr(), "{line}: {error}"),
                }
            }
        }
    }
}
