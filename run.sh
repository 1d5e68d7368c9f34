#!/usr/bin/env bash
# Runs the turn server, its tests and its benchmarks; builds what is missing first. ./run.sh help tells more.
set -euo pipefail

top=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
sdk_version=10
sdk_package=dotnet-sdk-10.0
server=$top/TurnServer/bin/Release/net10.0/turnserver.dll
bench=$top/TurnServer.Bench/bin/Release/net10.0/TurnServer.Bench.dll

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
own_dotnet=${HOME-/root}/.dotnet

say() { printf 'run.sh: %s\n' "$*" >&2; }

usage() {
    cat <<EOF
Usage:
  ./run.sh [flags]         run the server; ./run.sh --help lists its flags
  ./run.sh connect [...]   pass data between two machines; ./run.sh connect --help tells how
  ./run.sh test [--all]    run the tests; --all adds the slow ones
  ./run.sh bench [filter]  run the micro-benchmarks, all or some
  ./run.sh bench compare   compare with a bare HttpListener and a bare Kestrel
  ./run.sh bench --help    list all benchmarks
  ./run.sh stress URL      simulate players; ./run.sh stress --help lists the flags
  ./run.sh help            this page

It builds when sources are newer than the build, and installs the .NET $sdk_version SDK when it is missing.
EOF
}

lists_sdk() {
    local sdks
    sdks=$("$1" --list-sdks 2>/dev/null) && [[ $'\n'$sdks == *$'\n'$sdk_version.* ]]
}

# An SDK that was installed for this user alone is found too, even beside an older one of the system's.
has_sdk() {
    lists_sdk dotnet && return
    lists_sdk "$own_dotnet/dotnet" || return
    export PATH=$own_dotnet:$PATH DOTNET_ROOT=$own_dotnet
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "this needs root, and there is no sudo here; as root: $*"
        return 1
    fi
}

offers_sdk() { [[ $(apt-cache policy "$sdk_package" 2>/dev/null) =~ Candidate:\ [0-9] ]]; }

# Takes the SDK from the distribution where it has one; otherwise says what to do, as no other source is ours to choose.
ensure_sdk() {
    has_sdk && return
    if command -v apt-get >/dev/null; then
        if ! offers_sdk; then
            say "the .NET $sdk_version SDK is missing: looking whether this distribution has it (apt-get update)"
            as_root apt-get update -qq >&2 || say "apt-get update failed; going by the lists that are here"
        fi
        if offers_sdk; then
            say "the .NET $sdk_version SDK is missing: installing it (apt-get install $sdk_package)"
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$sdk_package" >&2
            has_sdk && return
        fi
    fi
    say "the .NET $sdk_version SDK is missing and this system's packages do not have it."
    say "Install it as https://learn.microsoft.com/dotnet/core/install/linux says for this system"
    say "(package $sdk_package, or into $own_dotnet with dotnet-install.sh --channel $sdk_version.0), and start again."
    exit 1
}

# Whether a source of the projects named is newer than what was built of them.
is_stale() {
    local built=$1
    shift
    [[ ! -f $built ]] && return 0
    [[ -n $(find "$top"/*.props "$top/global.json" "$@" \( -name bin -o -name obj \) -prune \
        -o -type f -newer "$built" -print -quit) ]]
}

# Builds quietly; only a failure is shown.
build() {
    local project=$1 output
    say "building $(basename "$project")"
    if ! output=$(dotnet build "$project" -c Release --nologo -v quiet 2>&1); then
        printf '%s\n' "$output" >&2
        say "the build failed"
        exit 1
    fi
}

run_server() {
    ensure_sdk
    if is_stale "$server" "$top/TurnServer"; then
        build "$top/TurnServer"
        touch "$server"
    fi
    # In place of this shell, so that signals reach the server.
    exec dotnet "$server" "$@"
}

run_bench() {
    ensure_sdk
    if is_stale "$bench" "$top/TurnServer" "$top/TurnServer.Bench"; then
        build "$top/TurnServer.Bench"
        touch "$bench"
    fi
    exec dotnet "$bench" "$@"
}

# Ends with a line such as "212 passed, 0 failed".
run_tests() {
    local filter='TestCategory!=Slow' log status=0
    case ${1-} in
        '') ;;
        --all) filter='' ;;
        *)
            say "test takes --all or nothing, not $1"
            exit 2
            ;;
    esac
    ensure_sdk
    build "$top/TurnServer.sln"
    log=$(mktemp)
    # Expanded now: the variable is local.
    # shellcheck disable=SC2064
    trap "rm -f '$log'" EXIT
    dotnet test "$top/TurnServer.sln" -c Release --no-build --nologo ${filter:+--filter "$filter"} 2>&1 | tee "$log" ||
        status=$?
    sed -nE 's/^(Passed|Failed)! +- Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+),.*/\3 passed, \2 failed, \4 skipped/p' "$log"
    exit "$status"
}

case ${1-} in
    help)
        usage
        ;;
    test)
        shift
        run_tests "$@"
        ;;
    bench)
        shift
        run_bench "$@"
        ;;
    stress)
        run_bench "$@"
        ;;
    *)
        run_server "$@"
        ;;
esac
