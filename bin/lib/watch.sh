# Sourced by bin/dev: notices what is saved.
# shellcheck shell=bash

# What the service is built from: below these folders, and these files at the top. Tests among them cost a build of nothing.
watched_folders=(src pos cmake)
is_source() {
    [[ $1 =~ ^(src|pos|cmake)/(.*/)?[^./#][^/]*\.(cpp|h|c|lua|sql|json|cmake|in|txt|html|css|js|mjs|svg|png)$ ||
        $1 =~ ^(CMakeLists\.txt|CMakePresets\.json)$ ]]
}

# watch_sources CHECKOUT CHANGED WANTED: calls `CHANGED FILE` after each save, until it fails, or `WANTED`, asked every two seconds,
# does. FILE is one of what was saved together. It says so once it misses nothing any more.
watch_sources() {
    local checkout=$1 changed=$2 wanted=$3 events line file
    local -a folders excluded
    # shellcheck disable=SC2046
    # The whole checkout, since a watched file that an editor replaces is watched no more; but for what is not ours or not built.
    mapfile -t excluded < <(cd "$checkout" && find . -mindepth 1 -maxdepth 1 -type d \
        $(printf -- '! -name %s ' "${watched_folders[@]}") -printf '@./%P\n')
    # Without a filter of its own: with one, inotifywait watches no new folder.
    exec {events}< <(cd "$checkout" && exec setpriv --pdeathsig TERM inotifywait --monitor --recursive --format '@%e@%w%f' \
        --event close_write,create,delete,moved_from,moved_to . "${excluded[@]}" 2>&1)
    while true; do
        read -r -t 2 -u "$events" line || {
            (($? > 128)) && "$wanted" && continue
            return 0
        }
        file='' folders=()
        note_event "$line"
        # Events of one save come in bursts (editors write, rename, delete): wait until a quarter second passes without one.
        while read -r -t 0.25 -u "$events" line; do note_event "$line"; done
        # What was written into a new folder before it was watched is in no event.
        [[ -n $file || ${#folders[@]} -eq 0 ]] || file=$(first_source_in "${folders[@]}")
        [[ -z $file ]] || "$changed" "$file" || return 0
    done
}

# saved_since MARK: the first source below the current folder that is newer than this file; nothing when none is.
saved_since() {
    local path
    while read -r path; do
        ! is_source "$path" || { printf '%s' "$path" && return; }
    done < <(find "${watched_folders[@]}" CMakeLists.txt CMakePresets.json -type f -newer "$1" 2>/dev/null)
}

# Both are of watch_sources, and know its variables.
note_event() {
    local what path
    case $1 in
        @*) ;;
        'Watches established.') say "${dim}watching ${watched_folders[*]}${plain}" && return ;;
        'Setting up watches.'*) return ;;
        *) warn "inotifywait: $1" && return ;; # say, that the system watches no more folders
    esac
    IFS=@ read -r _ what path <<<"$1"
    path=${path#./}
    case $what in
        CREATE,ISDIR | MOVED_TO,ISDIR) folders+=("$path") ;;
        MOVED_FROM,ISDIR) [[ -n $file ]] || ! is_source "$path/CMakeLists.txt" || file=$path ;;
        *ISDIR* | CREATE) ;; # the files of a folder have events of their own, a new file has one when it is written
        *) [[ -n $file ]] || ! is_source "$path" || file=$path ;;
    esac
}
first_source_in() {
    local path
    while read -r path; do
        ! is_source "$path" || { printf '%s' "$path" && return; }
    done < <(cd "$checkout" && find "$@" -type f 2>/dev/null)
}
