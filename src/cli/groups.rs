//! The control groups of this process.

use std::path::{Path, PathBuf};

/// A version of the interface to control groups.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Version {
    One,
    Two,
}

/// The folders of the groups of a process in which a controller may limit it, and of all groups above them.
///
/// `groups` is the text of `/proc/self/cgroup`, `root` the folder where the groups are mounted. In a container the path
/// may be that of the host, which is not there below `root`: then the folder that is mounted is the group's own.
pub(crate) fn folders(groups: &str, root: &Path, controller: &str) -> Vec<(PathBuf, Version)> {
    let folders = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let (mount, version) = match controllers {
            "" => (root.to_path_buf(), Version::Two),
            list if list.split(',').any(|name| name == controller) => (root.join(controller), Version::One),
            _ => return None,
        };
        // A group outside of the process's namespace begins with "/..", which must not lead out of `root`.
        let names_of_folders = path.split('/').filter(|name| !matches!(*name, "" | "." | ".."));
        let group: PathBuf = names_of_folders.collect();
        Some(group.ancestors().map(|group| (mount.join(group), version)).collect::<Vec<_>>())
    });
    folders.flatten().collect()
}
