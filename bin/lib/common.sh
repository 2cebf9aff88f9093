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

# usage SCRIPT: the comment block at its head is its --help. Its path may be relative to where it was called.
usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$ROOT/bin/${1##*/}"; }

# known_options SCRIPT: those that its --help explains: of lines that begin with one, or with the script's own name.
known_options() {
    usage "$1" | sed -nE "s,^ *((bin/${1##*/}|--).*),\1,p" | sed 's/   .*//' | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

# bad_usage SCRIPT MESSAGE: what was wrong with the command line, and what it may have. 64 is EX_USAGE of sysexits.h.
bad_usage() {
    local name=bin/${1##*/}
    printf '%s\n' "${red}$name: $2${plain}" "known options: $({ known_options "$1"; echo --help; } | sort -u | paste -sd ' ')" \
        "what they do: $name --help" >&2
    exit 64
}
unknown_argument() {
    local kind=argument
    [[ $2 != -* ]] || kind=option
    bad_usage "$1" "unknown $kind $2"
}

# refuse_unknown_options SCRIPT ARGUMENT...: for a script that hands its arguments on, so that it starts nothing in vain.
refuse_unknown_options() {
    local script=$1 argument
    for argument in "${@:2}"; do
        [[ $argument != --?* ]] || grep -qxF -- "${argument%%=*}" <(known_options "$script") || unknown_argument "$script" "$argument"
    done
}

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

source "$ROOT/bin/lib/build.sh"

# ---- Node -----------------------------------------------------------------------------------------------------------

node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || printf 0; }
node_is_new_enough() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 18 || (a === 18 && b >= 18) ? 0 : 1)' \
        2>/dev/null && command -v npm >/dev/null
}
