# Sourced by common.sh: configures and builds, and shows what CMake and ninja say in the words of the checkout.
# shellcheck shell=bash

# Two compilers a core keep no machine busier; each may take 1.5 GB with the sanitizers on, so memory bounds them too.
build_jobs() {
    local by_memory by_core
    by_memory=$(awk '/^MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
    by_core=$(nproc)
    ((by_memory > by_core)) && by_memory=$by_core
    ((by_memory < 1)) && by_memory=1
    printf '%s' "$by_memory"
}

known_presets() { sed -n '/"buildPresets"/,/\]/s/.*"name": "\([^"]*\)".*/\1/p' "$ROOT/CMakePresets.json"; }

# ---- configure ------------------------------------------------------------------------------------------------------

# is_foreign TREE: it was configured for another checkout, or elsewhere: a copied or moved checkout brings one, which would go
# on compiling the sources of the old place. The same folder under another name (a symbolic link) is not foreign.
is_foreign() {
    local cache=$1/CMakeCache.txt sources place
    [[ -f $cache ]] || return 1
    sources=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache")
    place=$(sed -n 's/^CMAKE_CACHEFILE_DIR:INTERNAL=//p' "$cache")
    ! [[ $sources -ef $ROOT && $place -ef $1 ]]
}

# configure PRESET: runs CMake only when there is no build tree of this checkout, or a build description is newer than it.
configure() {
    local preset=$1 tree=$BUILD_ROOT/$1
    if is_foreign "$tree"; then
        say "${tree#"$ROOT"/} was made by another checkout, or by this one in another place: it is made anew"
        rm -rf "$tree"
    fi
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

# ---- how long -------------------------------------------------------------------------------------------------------

# Seconds of one core that a source takes which this tree has not compiled yet.
usual_seconds=3

# build_estimate TREE JOBS TARGET...: "FILES SECONDS", of what ninja would compile now. A file takes what it took here the last
# time; one that came out of ccache then (below 0.4 s) or was not compiled yet takes what the others do.
build_estimate() {
    local tree=$1 jobs=$2
    shift 2
    # Under its absolute name ninja does not know the manifest for something to make anew first, after which -n would end.
    NINJA_STATUS='' ninja -C "$tree" -f "$tree/build.ninja" -n "$@" 2>/dev/null |
        awk -v log_file="$tree/.ninja_log" -v jobs="$jobs" -v usual="$usual_seconds" '
            BEGIN {
                FS = "\t"
                while ((getline <log_file) > 0) if ($4 ~ /\.(o|pch)$/) took[$4] = ($2 - $1) / 1000
                for (file in took) if (took[file] >= 0.4) { sum += took[file]; known++ }
                if (known >= 10) usual = sum / known
                FS = " "
            }
            $1 == "Building" && $NF ~ /\.(o|pch)$/ {
                files++
                seconds += took[$NF] >= 0.4 ? took[$NF] : usual
            }
            END { printf "%d %d\n", files, seconds / jobs + 0.5 }'
}

# about SECONDS: as one says it.
about() {
    local seconds=$1
    if ((seconds >= 100)); then
        printf 'about %d min' $(((seconds + 30) / 60))
    elif ((seconds >= 10)); then
        printf 'about %d s' $(((seconds + 5) / 10 * 10))
    else
        printf 'some seconds'
    fi
}

# announce_build PRESET TREE JOBS TARGET...: how much there is to compile, before it begins; nothing is said of nothing.
announce_build() {
    local preset=$1 jobs=$3 files seconds less=''
    shift
    read -r files seconds < <(build_estimate "$@") || return 0
    ((files > 0)) || return 0
    ((files < 10)) || less=', less where ccache knows the files'
    say "building $preset: $files file$( ((files == 1)) || echo s) to compile, $(about "$seconds") with $jobs at a time$less"
}

# ---- what the build says --------------------------------------------------------------------------------------------

# show_build PRESET TREE: ninja's output on its standard input. Progress is a line that is written over on a terminal, elsewhere a
# line each tenth, or after 15 s. Of a failure the file, the line and the message are left, in paths of the checkout: the command,
# a screenful, only with VERBOSE=1 (--verbose of bin/build and bin/dev).
show_build() {
    local preset=$1 tree=$2 began=$SECONDS live=0 width=0 up line escape=$'\e''\[[0-9;]*[mK]'
    local hidden=0 next_is_command=0 shown_tenth=-1 shown_at=$SECONDS
    up=$(realpath -m --relative-to="$tree" "$ROOT")/
    if [[ -t 1 ]]; then live=1 width=$(tput cols 2>/dev/null || echo 80); fi
    while IFS= read -r line; do
        if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]]; then
            show_progress "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        elif [[ $line =~ ^($escape)*'FAILED: '($escape)*(.*)$ ]]; then
            show_line "${red}failed: $(source_of "${BASH_REMATCH[3]}")${plain}"
            next_is_command=1
        elif ((next_is_command)); then
            next_is_command=0
            if [[ -n ${VERBOSE:-} ]]; then show_line "$line"; else hidden=1; fi
        elif [[ $line != 'ninja: Entering directory'* && $line != 'ninja: no work to do.' && $line != '-- '* ]]; then
            line=${line//"$up"/}
            show_line "${line//"$ROOT/"/}"
        fi
    done
    ((!live)) || printf '\r\e[K'
    ((!hidden)) || say "${dim}the whole command: bin/build --verbose $preset${plain}"
}

# Those below are of show_build, and read its variables.
show_line() {
    ((!live)) || printf '\r\e[K'
    printf '%s\n' "$1"
}

show_progress() {
    local done=$1 all=$2 text tenth elapsed=$((SECONDS - began))
    text="building $preset $done/$all"
    # A rate is one after a while.
    ((elapsed < 5 || done * 20 < all || done == all)) || text+=", $(about $((elapsed * (all - done) / done))) left"
    if ((live)); then
        printf '\r\e[K%s' "${text:0:width-1}"
        return
    fi
    tenth=$((done * 10 / all))
    ((tenth != shown_tenth || SECONDS - shown_at >= 15)) || return 0
    shown_tenth=$tenth shown_at=$SECONDS
    printf '%s\n' "$text"
}

# "src/base/CMakeFiles/base.dir/money.cpp.o" → "src/base/money.cpp"
source_of() {
    local made=${1%% *}
    if [[ $made =~ ^(.*/)?CMakeFiles/[^/]+\.dir/(.*)\.o$ ]]; then
        printf '%s' "${BASH_REMATCH[1]}${BASH_REMATCH[2]}"
    else
        printf '%s' "${made#"$ROOT/"}"
    fi
}

# build PRESET [TARGET...]
build() {
    local preset=$1 tree=$BUILD_ROOT/$1 jobs
    shift
    configure "$preset"
    jobs=$(build_jobs)
    announce_build "$preset" "$tree" "$jobs" "$@"
    # What looks at a pipe leaves its colours out; ours goes to the terminal in the end.
    [[ -z $plain ]] || local -x CLICOLOR_FORCE=1
    NINJA_STATUS='[%f/%t] ' ninja -C "$tree" -j "$jobs" "$@" 2>&1 | show_build "$preset" "$tree"
}
