"""What is executed of the subject ``packaging``."""

from packaging import markers, requirements, specifiers, utils, version

VERSIONS = ["1.0", "1.0.post1", "1!2.0rc1", "2.0.dev3", "1.0+local.7", "0.9a2", "3.14.0"]
ENVIRONMENT = {"python_version": "3.12", "sys_platform": "linux", "extra": "test", "os_name": "posix"}


def s(text):
    parsed = sorted(map(version.Version, VERSIONS))
    sets = [specifiers.SpecifierSet(one) for one in (">=1,<3", "~=1.0", "!=2.0.*", "==1.0.*", ">0.9a1")]
    kept = [[str(v) for v in one.filter(parsed, prereleases=True)] for one in sets]
    marks = ['python_version >= "3.8" and sys_platform == "linux"', 'extra == "test" or os_name == "nt"']
    asked = [markers.Marker(mark).evaluate(ENVIRONMENT) for mark in marks]
    wanted = requirements.Requirement('Foo.Bar[a,b]>=1.2,<2; python_version<"3.9"')
    try:
        version.Version("1.x")
    except version.InvalidVersion as error:
        wrong = str(error)
    return (
        [(str(v), v.base_version, v.is_prerelease, v.public, v.local, v.release) for v in parsed],
        kept,
        asked,
        str(wanted),
        sorted(wanted.extras),
        str(wanted.marker),
        wrong,
        utils.canonicalize_name("Foo._Bar"),
        utils.canonicalize_version("1.0.0"),
        utils.parse_wheel_filename("foo-1.0-1-py3-none-any.whl")[:3],
        utils.parse_sdist_filename("foo-2.0.tar.gz"),
        str(sets[0] & sets[2]),
    )
