"""What is executed of the subject ``pathspec``."""

import pathspec

LINES = [
    "*.py",
    "!keep.py",
    "build/",
    "/root.txt",
    "docs/**/api",
    "a?c",
    "[x-z]*.log",
    "# note",
    "\\#hash",
    "**/tmp/*",
]
PATHS = [
    "a.py",
    "keep.py",
    "build/x",
    "sub/build/y",
    "root.txt",
    "sub/root.txt",
    "docs/1/2/api",
    "docs/api/z",
    "abc",
    "ac",
    "xa.log",
    "wa.log",
    "#hash",
    "q/tmp/r",
    "tmp/s",
]


def s(text):
    found = []
    for kind in ("gitignore", "gitwildmatch"):
        try:
            spec = pathspec.PathSpec.from_lines(kind, LINES)
        except (LookupError, ValueError) as error:
            found.append(str(error))
            continue
        found.append([spec.match_file(path) for path in PATHS])
        found.append(sorted(spec.match_files(PATHS, negate=True)))
        found.append([(c.file, c.include, c.index) for c in spec.check_files(PATHS)])
    git = pathspec.GitIgnoreSpec.from_lines(LINES)
    return found, [git.match_file(path) for path in PATHS], len(git), git == git + git, bool(git)
