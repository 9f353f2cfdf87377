#!/usr/bin/env bash
# The editors that test_emacs.py and test_helix.py try, on Debian and its like, as root; Neovim comes with the packages of
# Python. What can't be had is named, and its test says so and is skipped.
set -uo pipefail
cd "$(dirname "$0")"

updated=
install() {
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
  [ -n "$updated" ] || { apt-get update -qq && updated=yes; }
  apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}
has() { command -v "$1" >/dev/null; }
has_helix() { has hx || [ -x .helix/hx ]; }
has_eglot() { emacs --batch --eval "(progn (package-initialize) (require 'eglot))" 2>/dev/null; }

# Helix from the Debian that has it, with the C library that it needs, in a folder that nothing else looks into. apt
# checks who signed them, so no version is pinned here that would be gone after Debian's next update.
fetch_helix() (
  set -e
  [ "$(dpkg --print-architecture)" = amd64 ]
  rm -rf .helix && mkdir -p .helix/apt/lists/partial .helix/apt/cache/archives/partial .helix/root
  cd .helix
  touch apt/status
  keys=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$keys] http://deb.debian.org/debian trixie main" >apt/sources.list
  cat >apt/apt.conf <<END
Dir::State "$PWD/apt";
Dir::State::status "$PWD/apt/status";
Dir::Cache "$PWD/apt/cache";
Dir::Etc::sourcelist "$PWD/apt/sources.list";
Dir::Etc::sourceparts "-";
Acquire::Languages "none";
APT::Sandbox::User "root";
END
  export APT_CONFIG="$PWD/apt/apt.conf"
  apt-get update -qq
  apt-get download -qq hx libc6 libgcc-s1
  for package in *.deb; do dpkg -x "$package" root; done
  cat >hx.new <<'END'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root/usr/lib
export HELIX_RUNTIME="$root/hx/runtime"
exec "$root/x86_64-linux-gnu/ld-linux-x86-64.so.2" --library-path "$root/x86_64-linux-gnu" "$root/hx/hx" "$@"
END
  chmod +x hx.new
  ./hx.new --version
  rm -rf apt ./*.deb
  mv hx.new hx
)

has tmux || install tmux
has emacs || install emacs-nox
has_eglot || install elpa-eglot # Emacs 28 and older bring none
has_helix || install hx 2>/dev/null || fetch_helix

has tmux || echo "no tmux: Emacs and Helix aren't tried" >&2
has_eglot || echo "no Emacs with eglot: it isn't tried" >&2
has_helix || echo "no Helix: it isn't tried" >&2
