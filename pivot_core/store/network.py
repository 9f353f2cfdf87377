"""Where the state database is kept if the project is on a network file system: on a local disk.

LMDB shares memory between processes by way of its file. Between machines that breaks, and what one sees of
another's half-written pages can kill it. The state is local anyway.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import xxhash

# (With user space in between, it may be anything: sshfs, a bucket, …)
_IN_USER_SPACE = "fuse."
_NETWORK = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "9p", "afs", "ncpfs", "coda"),
        *("lustre", "gpfs", "beegfs", "ceph", "glusterfs", "orangefs", "pvfs2", "ocfs2", "gfs2"),
    }
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def kind_of(path: Path) -> str:
    """The type of the file system that a resolved path is on, as Linux calls it; "" where nobody tells."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return ""
    places = [(words[1].replace("\\040", " "), words[2]) for words in mounts]
    holding = [(len(place), kind) for place, kind in places if path.is_relative_to(place)]
    return max(holding, default=(0, ""))[1]


def is_network(kind: str) -> bool:
    """Whether a file system may be shared with other machines."""
    return kind in _NETWORK or kind.startswith(_IN_USER_SPACE)


def state_folder(home: Path) -> Path | None:
    """A folder of this user on a local disk for the state of the project whose ``.pivot`` is ``home``. None:
    that is on a local disk itself, or there is no such folder that others can't write in."""
    home = home.resolve()
    there = home if home.exists() else home.parent
    # (A disk of its own has a number.)
    if os.major(there.stat().st_dev) != 0 or not is_network(kind_of(there)):
        return None
    import tempfile

    base = Path(os.path.realpath(tempfile.gettempdir()), f"pivot-state-{os.getuid()}")
    try:
        base.mkdir(mode=0o700, exist_ok=True)
        status = base.lstat()
    except OSError:
        return None
    own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & _OTHERS
    if not own or is_network(kind_of(base)):
        return None
    return base / xxhash.xxh3_64_hexdigest(os.fsencode(home))
