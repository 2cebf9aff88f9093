# Sourced by everything in bin/: paths, colours, steps, configure and build. Not run by itself.
# shellcheck shell=bash

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=$ROOT/.cache
BUILD_ROOT=${BACKEND_API_BUILD_ROOT:-$ROOT/build}
cd "$ROOT"
mkdir -p "$CACHE"
export PATH="$ROOT/node_modules/.bin:$PATH"
# Paths below the checkout do not count, so that a second clone compiles nothing twice.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=true

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
else
    bold='' dim='' red='' green='' yellow='' plain=''
fi

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "${yellow}$*${plain}" >&2; }
die() {
    printf '%s\n' "${red}$*${plain}" >&2
    exit 1
}

# usage FILE: the comment block at the head of the script is its --help.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"; }

duration() {
    local seconds=$1
    if ((seconds >= 60)); then printf '%dm%02ds' $((seconds / 60)) $((seconds % 60)); else printf '%ds' "$seconds"; fi
}

# ---- steps: header, duration, summary -------------------------------------------------------------------------------

step_summary=()
step_skip_reason=''

# A step calls this and returns when it cannot run here; CI has no excuse, so there it fails.
skip_step() {
    [[ -z ${CI:-} ]] || die "$1 (never skipped in CI)"
    step_skip_reason=$1
    warn "skipped: $1"
}

# run_step TITLE COMMAND...: the summary gets a line; a failure prints the summary and ends the script.
run_step() {
    local title=$1 began=$SECONDS
    shift
    printf '\n%s\n' "${bold}==> $title${plain}"
    step_skip_reason=''
    step_running=$title step_began=$began
    # Plainly, not behind `||` or `if`: those would switch errexit off inside the step.
    "$@"
    step_running=''
    if [[ -n $step_skip_reason ]]; then
        step_summary+=("${yellow}skipped${plain}  $title: $step_skip_reason")
    else
        step_summary+=("${green}ok${plain}       $title ($(duration $((SECONDS - began))))")
    fi
}

# try_step TITLE COMMAND...: as run_step, but a failure is noted in step_failures and the next step still runs.
# With step_quiet its output is shown only then.
step_failures=0 step_quiet=0
try_step() {
    local title=$1 began=$SECONDS status output
    shift
    output=$(mktemp)
    ((step_quiet)) || printf '\n%s\n' "${bold}==> $title${plain}"
    set +e # around, not `if (...)`: that would switch errexit off inside
    if ((step_quiet)); then exec 8>"$output"; else exec 8>&1; fi
    (
        set -e
        "$@"
    ) >&8 2>&1
    status=$?
    exec 8>&-
    set -e
    if ((status != 0 && step_quiet)); then
        printf '%s\n' "${bold}==> $title${plain}"
        cat "$output"
    fi
    rm -f "$output"
    if ((status == 0)); then
        step_summary+=("${green}ok${plain}       $title ($(duration $((SECONDS - began))))")
    else
        step_summary+=("${red}FAILED${plain}   $title ($(duration $((SECONDS - began))))")
        step_failures=$((step_failures + 1))
    fi
}

# For the EXIT trap of scripts made of steps: says what had passed when one fails.
print_summary_on_failure() {
    local status=$?
    if ((status != 0)) && [[ -n ${step_running:-} ]]; then
        printf '\n'
        ((${#step_summary[@]} == 0)) || printf '%s\n' "${step_summary[@]}"
        printf '%s\n' "${red}FAILED${plain}   $step_running ($(duration $((SECONDS - step_began))))"
    fi
    return "$status"
}

print_summary() { printf '%s\n' "${step_summary[@]}"; }

# ---- build ----------------------------------------------------------------------------------------------------------

# Two compilers a core keep no machine busier; each may take 1.5 GB with the sanitizers on, so memory bounds them too.
build_jobs() {
    local by_memory by_core
    by_memory=$(awk '/^MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
    by_core=$(nproc)
    ((by_memory > by_core)) && by_memory=$by_core
    ((by_memory < 1)) && by_memory=1
    printf '%s' "$by_memory"
}

# configure PRESET: runs CMake only when there is no build tree or a build description is newer than it.
configure() {
    local preset=$1 tree=$BUILD_ROOT/$1
    if [[ -f $tree/build.ninja && -f $tree/CMakeCache.txt ]]; then
        [[ -n $(find CMakeLists.txt CMakePresets.json cmake src pos examples fuzz bench -newer "$tree/build.ninja" \
            \( -name CMakeLists.txt -o -name '*.cmake' -o -name CMakePresets.json \) -print -quit 2>/dev/null) ]] || return 0
    fi
    say "${dim}configuring $preset${plain}"
    local log=$CACHE/configure-$preset.log
    if ! cmake --preset "$preset" -B "$tree" >"$log" 2>&1; then
        cat "$log" >&2
        die "cmake --preset $preset failed"
    fi
    # A rerun that changes nothing leaves build.ninja untouched; without this every later call would configure again.
    touch "$tree/build.ninja"
}

# build PRESET [TARGET...]: one live line on a terminal; elsewhere a line each tenth and whatever the compiler says.
build() {
    local preset=$1 tree=$BUILD_ROOT/$1
    shift
    configure "$preset"
    local -a command=(ninja -C "$tree" -j "$(build_jobs)" "$@")
    if [[ -t 1 ]]; then
        # No pipe: ninja draws its live line only when it sees the terminal itself.
        (cd "$tree" && NINJA_STATUS="building $preset [%f/%t] " ninja -j "$(build_jobs)" "$@")
        return
    fi
    NINJA_STATUS='[%f/%t] ' "${command[@]}" 2>&1 | awk -v preset="$preset" '
        /^ninja: (Entering directory|no work to do)/ { next }
        match($0, /^\[[0-9]+\/[0-9]+\] /) {
            split(substr($0, 2, RLENGTH - 3), part, "/")
            tenth = int(part[1] * 10 / part[2])
            if (tenth != last) { printf "building %s %d/%d\n", preset, part[1], part[2]; last = tenth; fflush() }
            next
        }
        { print; fflush() }'
}

# has_target PRESET TARGET: whether the build tree knows it.
has_target() { ninja -C "$BUILD_ROOT/$1" -t query "$2" >/dev/null 2>&1; }

# ---- Node -----------------------------------------------------------------------------------------------------------

node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || printf 0; }
node_is_new_enough() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 18 || (a === 18 && b >= 18) ? 0 : 1)' \
        2>/dev/null && command -v npm >/dev/null
}
