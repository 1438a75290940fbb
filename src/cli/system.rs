//! `mandel info --system`: what this machine offers, and what the program makes of it.

use std::fs::read_to_string;
use std::path::Path;

use mandel::Level;
use serde_json::Value;

use crate::cli::failure::{Failure, print};
use crate::cli::groups::{Version, folders};
use crate::cli::terminal::bytes;
use crate::cli::{memory, threads, version};

/// Names and values, in the order in which they are printed.
type Facts = Vec<(&'static str, Value)>;

/// Prints what is known.
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let facts = facts()?;
    if json {
        let object: serde_json::Map<String, Value> =
            facts.into_iter().map(|(name, value)| (name.into(), value)).collect();
        return print(&format!("{}\n", Value::Object(object)));
    }
    let lines = facts.into_iter().map(|(name, value)| format!("{name:<10} {}\n", shown(name, &value)));
    print(&lines.collect::<String>())
}

fn facts() -> Result<Facts, Failure> {
    let levels: Vec<String> = Level::all().iter().map(Level::to_string).collect();
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    let affinity = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).map(str::trim);
    let online = read_to_string("/sys/devices/system/cpu/online").ok();
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    Ok(vec![
        ("version", version::VERSION.into()),
        ("commit", version::COMMIT.into()),
        ("target", version::TARGET.into()),
        ("compiler", version::COMPILER.into()),
        ("kernel", Level::best().to_string().into()),
        ("kernels", levels.into()),
        ("online", online.map(|list| list.trim().to_string()).into()),
        ("affinity", affinity.into()),
        ("quota", quota(&groups, Path::new("/sys/fs/cgroup")).into()),
        ("cpus", num_cpus::get().into()),
        ("threads", threads::count(None)?.into()),
        ("memory", memory::available().into()),
    ])
}

/// A value for people.
fn shown(name: &str, value: &Value) -> String {
    match (name, value) {
        ("quota", Value::Null) => "none".into(),
        (_, Value::Null) => "not known".into(),
        ("online", Value::String(list)) => format!("CPUs {list}"),
        ("affinity", Value::String(list)) => format!("CPUs {list} are allowed"),
        ("quota", quota) => format!("{quota} CPUs"),
        ("cpus", count) => format!("{count} usable, by affinity and quota, which is rounded up"),
        ("threads", count) => format!("{count} where --threads does not say otherwise"),
        ("memory", Value::Number(free)) => format!("{} free", bytes(free.as_u64().unwrap_or(0))),
        (_, Value::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            names.join(", ")
        }
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// The least number of CPUs whose time the control groups grant, if any of them limits it.
fn quota(groups: &str, root: &Path) -> Option<f64> {
    let granted = |(group, version): (std::path::PathBuf, Version)| {
        let read = |file: &str| read_to_string(group.join(file)).ok();
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let (quota, period) = match version {
            Version::One => (number(&read("cpu.cfs_quota_us")?)?, number(&read("cpu.cfs_period_us")?)?),
            Version::Two => {
                let text = read("cpu.max")?;
                let (quota, period) = text.trim().split_once(' ')?;
                (number(quota)?, number(period)?)
            }
        };
        // -1 stands for none in version 1, as "max" does in version 2.
        (quota > 0.0 && period > 0.0).then_some(quota / period)
    };
    folders(groups, root, "cpu").into_iter().filter_map(granted).reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_least_quota_of_all_groups_counts() {
        let root = tempfile::tempdir().expect("a folder");
        let group = |folder: &str, file: &str, text: &str| {
            let folder = root.path().join(folder);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(file), text).expect("a file");
        };
        group("a/b", "cpu.max", "max 100000\n");
        group("a", "cpu.max", "150000 100000\n");
        group("cpu/c", "cpu.cfs_quota_us", "50000\n");
        group("cpu/c", "cpu.cfs_period_us", "100000\n");
        group("cpu/d", "cpu.cfs_quota_us", "-1\n");
        group("cpu/d", "cpu.cfs_period_us", "100000\n");
        let quota = |groups| quota(groups, root.path());
        assert_eq!(quota("0::/a/b\n"), Some(1.5));
        assert_eq!(quota("0::/a/b\n4:cpu,cpuacct:/c\n"), Some(0.5));
        assert_eq!(quota("4:cpu,cpuacct:/d\n"), None);
        assert_eq!(quota(""), None);
    }
}
