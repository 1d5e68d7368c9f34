#!/usr/bin/env bash
# Runs the turn server, its tests and its benchmarks; builds what is missing first. ./run.sh help tells more.
set -euo pipefail

top=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
sdk_version=10
sdk_package=dotnet-sdk-10.0
server=$top/TurnServer/bin/Release/net10.0/turnserver.dll
published=$top/TurnServer/bin/service
bench=$top/TurnServer.Bench/bin/Release/net10.0/TurnServer.Bench.dll
tests=$top/TurnServer.Tests/bin/Release/net10.0/TurnServer.Tests.dll

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
own_dotnet=${HOME-/root}/.dotnet

say() { printf 'run.sh: %s\n' "$*" >&2; }

usage() {
    cat <<EOF
Usage:
  ./run.sh [flags]         run the server; ./run.sh --help lists its flags
  ./run.sh connect [...]   pass data between two machines; ./run.sh connect --help tells how
  ./run.sh install         install the server as a service of systemd, or upgrade it; --dry-run shows how
  ./run.sh uninstall       undo that, all but its state
  ./run.sh deb             build a Debian package in the current directory
  ./run.sh publish DIR     build the binary that those install: it needs no .NET
  ./run.sh test [--all]    run the tests; --all adds the slow ones, and those of the binary
  ./run.sh simulate [...]  play the rules against a simulated network and crowd; --help lists the flags
  ./run.sh fuzz            look for requests that the parser reads wrongly, with AFL++; --help lists the flags
  ./run.sh bench [filter]  run the micro-benchmarks, all or some
  ./run.sh bench compare   compare with a bare HttpListener and a bare Kestrel
  ./run.sh bench publish   compare the ways to publish the server
  ./run.sh bench restart   how long a server with its games takes to come back
  ./run.sh bench soak      ten minutes of play: is memory flat?
  ./run.sh bench journal   compare the state's files with FasterLog and SQLite; --survive damages them
  ./run.sh bench --help    list all benchmarks
  ./run.sh stress URL      simulate players; ./run.sh stress --help lists the flags
  ./run.sh help            this page

It builds when sources are newer than the build, and installs the .NET $sdk_version SDK when it is missing; for install,
deb, publish and test --all a linker too.
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

platform() {
    case $(uname -m) in
        x86_64) echo linux-x64 ;;
        aarch64) echo linux-arm64 ;;
        *)
            say "there is no build for $(uname -m), only for x86_64 and aarch64"
            return 1
            ;;
    esac
}

# gcc names a file that it does not find without a path.
has_linker() { command -v gcc objcopy >/dev/null && [[ $(gcc -print-file-name=crt1.o) == /* ]]; }

# What the compiler leaves to do after it has turned the server into machine code.
ensure_linker() {
    has_linker && return
    if command -v apt-get >/dev/null; then
        say "a linker is missing: installing it (apt-get install gcc libc6-dev)"
        as_root apt-get update -qq >&2 || say "apt-get update failed; going by the lists that are here"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >&2
        has_linker && return
    fi
    say "a linker is missing: install gcc, binutils and the C library's development files, and start again."
    exit 1
}

publish() {
    local to=${1-} output rid
    if [[ $# -ne 1 || $to == -* ]]; then
        say "publish takes a directory"
        exit 2
    fi
    ensure_sdk
    is_stale "$to/turnserver" "$top/TurnServer" || return 0
    ensure_linker
    rid=$(platform)
    say "compiling the server for $rid: a minute or so"
    if ! output=$(dotnet publish "$top/TurnServer" -c Release -r "$rid" -o "$to" --nologo -v quiet 2>&1); then
        printf '%s\n' "$output" >&2
        say "the build failed"
        exit 1
    fi
    touch "$to/turnserver"
}

run_server() {
    ensure_sdk
    if is_stale "$server" "$top/TurnServer"; then
        build "$top/TurnServer"
        touch "$server"
    fi
    # As in the unit, which says why.
    export DOTNET_GCgen0size=${DOTNET_GCgen0size-4000000}
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

build_tests() {
    ensure_sdk
    if is_stale "$tests" "$top/TurnServer" "$top/TurnServer.Bench" "$top/TurnServer.Tests"; then
        build "$top/TurnServer.Tests"
        touch "$tests"
    fi
}

run_simulation() {
    build_tests
    exec dotnet "$tests" "$@"
}

ensure_afl() {
    command -v afl-fuzz >/dev/null && return
    if command -v apt-get >/dev/null; then
        say "AFL++ is missing: installing it (apt-get install afl++)"
        as_root apt-get update -qq >&2 || say "apt-get update failed; going by the lists that are here"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends afl++ >&2
        command -v afl-fuzz >/dev/null && return
    fi
    say "AFL++ is missing: install it so that afl-fuzz is found, and start again."
    exit 1
}

run_fuzz() {
    if [[ ${1-} != --help ]]; then
        build_tests
        ensure_afl
    fi
    exec "$top/TurnServer.Tests/Fuzz/fuzz.sh" "$@"
}

run_dotnet_test() {
    local log=$1 filter=$2
    dotnet test "$top/TurnServer.sln" -c Release --no-build --nologo ${filter:+--filter "$filter"} 2>&1 | tee -a "$log"
}

# Of all runs in a log, such as "212 passed, 0 failed, 0 skipped".
count_tests() {
    sed -nE 's/^(Passed|Failed)! +- Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+),.*/\3 \2 \4/p' "$1" |
        awk '{ p += $1; f += $2; s += $3 } END { if (NR) print p " passed, " f " failed, " s " skipped" }'
}

# Ends with a line such as "212 passed, 0 failed, 0 skipped".
run_tests() {
    local filter='TestCategory!=Slow' log status=0
    case ${1-} in
        '') ;;
        --all) filter= ;;
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
    if [[ $filter ]]; then
        run_dotnet_test "$log" "$filter" || status=$?
    else
        publish "$published"
        # Slow tests that start the server run with the published binary alone.
        TEST_PUBLISHED=$published/turnserver run_dotnet_test "$log" 'TestCategory!=Slow|TestCategory!=Process' ||
            status=$?
        say "running the tests that start the server again, with the published binary"
        TEST_SERVER=$published/turnserver run_dotnet_test "$log" TestCategory=Process || status=$?
    fi
    count_tests "$log"
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
    simulate)
        run_simulation "$@"
        ;;
    fuzz)
        shift
        run_fuzz "$@"
        ;;
    bench)
        shift
        run_bench "$@"
        ;;
    stress)
        run_bench "$@"
        ;;
    install | uninstall)
        exec "$top/TurnServer/Service/install.sh" "$@"
        ;;
    deb)
        shift
        exec "$top/TurnServer/Service/package.sh" "$@"
        ;;
    publish)
        shift
        publish "$@"
        ;;
    *)
        run_server "$@"
        ;;
esac
