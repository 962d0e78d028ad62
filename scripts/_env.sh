# Sourced by the other scripts: makes .venv match the checkout, then leaves the shell in the checkout's root.
# The work is skipped by stamps in .venv that hold a hash of what each step was made from; a second run costs hashing.
#
# The checkout is linked by a plain .pth file and the compiled core is built straight into src/rushes/_native; pip
# installs only the metadata and the command. A whole install was rejected because each edit of a Python file would need
# a copy, and pip install -e because the build backend's import hooks win over PYTHONPATH, do not know modules that were
# added later, and cannot be followed by type checkers.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ROOT=$PWD
VENV=$ROOT/.venv
PY=$VENV/bin/python

# System packages, by what needs them. Nothing here is needed to install or to run.
SYSTEM_PACKAGES_SCREEN="xvfb xdotool"
SYSTEM_PACKAGES_VIDEO="ffmpeg"
SYSTEM_PACKAGES_RTSP="gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
SYSTEM_PACKAGES_NET="iproute2 nftables"
SYSTEM_PACKAGES_BROWSER="chromium"
SYSTEM_PACKAGES_QT="libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0 libxcb-icccm4 libxcb-keysyms1 libxcb-cursor0 libxcb-image0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0"
SYSTEM_PACKAGES_LONG="spin"
SYSTEM_PACKAGES_BENCH="libturbojpeg0"

say() { printf 'rushes: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

fingerprint() { # of the words and files given, so that a renamed file counts as a change
    { printf '%s\n' "$@"; cat -- "$@" 2>/dev/null || true; } | sha256sum | cut -d' ' -f1
}

fresh() { [[ -f $VENV/.stamp-$1 && $(<"$VENV/.stamp-$1") == "$2" ]]; }
stamp() { printf '%s\n' "$2" >"$VENV/.stamp-$1"; }

make_venv() {
    # The second test finds a checkout that was moved or copied: commands in .venv/bin name the place they were made at.
    if [[ -x $PY ]] && "$PY" -c 'import pip' 2>/dev/null && grep -qF "$VENV/bin" "$VENV/bin/pip"; then return; fi
    local python=${PYTHON:-python3}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        die "Python 3.11 or newer is needed; set PYTHON to one (tried: $python)"
    say "making .venv"
    "$python" -m venv --clear "$VENV" || die "python3 -m venv failed; on Debian and Ubuntu install python3-venv"
}

install_locked() {
    local want
    want=$(fingerprint requirements.lock "$VENV")
    if fresh lock "$want"; then return; fi
    say "installing the locked requirements"
    "$PY" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock >&2
    stamp lock "$want"
}

link_checkout() {
    local want
    want=$(fingerprint pyproject.toml "$ROOT")
    if fresh link "$want"; then return; fi
    say "linking the checkout"
    RUSHES_BUILD_METADATA_ONLY=1 "$PY" -m pip install --quiet --disable-pip-version-check --no-build-isolation \
        --no-deps --force-reinstall . >&2
    printf '%s\n' "$ROOT/src" >"$("$PY" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rushes-checkout.pth"
    stamp link "$want"
}

core_is_built() { compgen -G 'src/rushes/_native/_core.*.so' >/dev/null; }

# A core left from an older source would make tests pass that should not.
go_pure() { rm -f src/rushes/_native/_core.*.so; say "$1: running on the pure-Python core"; }

configure_core() {
    PATH=$VENV/bin:$PATH cmake -S . -B build/native -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_COMPILER="$1" -DPython_EXECUTABLE="$PY"
}

# Returns 1 only when the sources do not compile, which is a developer's to mend. What the machine lacks (a compiler,
# Python's headers) is reported and done without, as an install does.
build_core() {
    local want log=build/native.log compiler=${CXX:-}
    if [[ ${RUSHES_CORE:-} == pure ]]; then return 0; fi
    [[ -n $compiler ]] || compiler=$(command -v c++ g++ clang++ | head -n 1 || true)
    if [[ -z $compiler ]] || ! command -v "$compiler" >/dev/null; then
        go_pure "no C++ compiler"
        return 0
    fi
    # shellcheck disable=SC2046  # file names in native/ hold no spaces
    want=$(fingerprint "$compiler" CMakeLists.txt requirements.lock $(find native -maxdepth 1 -name '*.[ch]pp' | sort))
    if fresh native "$want" && core_is_built; then return 0; fi
    say "building the compiled core"
    # Another compiler or a moved checkout spoils what CMake remembers, hence the second try from nothing.
    if ! { configure_core "$compiler" || { rm -rf build/native && configure_core "$compiler"; }; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        go_pure "the build could not be configured (whole log: $log)"
        return 0
    fi
    if { PATH=$VENV/bin:$PATH cmake --build build/native &&
        PATH=$VENV/bin:$PATH cmake --install build/native --prefix src; } >>"$log" 2>&1; then
        stamp native "$want"
        return 0
    fi
    tail -n 40 "$log" >&2
    go_pure "the compiled core does not compile (whole log: $log)"
    return 1
}

# setup [--tolerant]: with --tolerant a core that does not compile is only reported, as the program runs without it.
setup() {
    mkdir -p build
    # Two scripts started at once would install into one .venv at the same time.
    exec 9>build/.setup.lock
    if command -v flock >/dev/null; then flock 9; fi
    make_venv
    install_locked
    link_checkout
    if ! build_core && [[ ${1:-} != --tolerant ]]; then exit 1; fi
    exec 9>&-
}

# need_system COMMAND PACKAGES, need_library NAME PACKAGES: 0 when it is there, installing it when root on Debian or
# Ubuntu; else says why.
need_system() { command -v "$1" >/dev/null || install_system "$1" "$2"; }

need_rtsp_server() {
    /usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null ||
        install_system "GStreamer's RTSP server" "$SYSTEM_PACKAGES_RTSP"
}

need_library() { ldconfig -p 2>/dev/null | grep -qF "$1" || install_system "$1" "$2"; }

install_system() {
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        say "installing system packages: $2"
        # shellcheck disable=SC2086  # a list of words
        if { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $2; } \
            </dev/null >&2; then return 0; fi
        say "installing $2 failed"
    else
        say "$1 is missing (Debian and Ubuntu: apt-get install $2)"
    fi
    return 1
}
