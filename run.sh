#!/usr/bin/env bash
# Runs the turn server, its tests and its benchmarks, and builds what is missing. ./run.sh help lists the commands.
set -euo pipefail

top=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
server=$top/TurnServer/bin/Release/net10.0/turnserver.dll
published=$top/TurnServer/bin/service
bench=$top/TurnServer.Bench/bin/Release/net10.0/TurnServer.Bench.dll
tests=$top/TurnServer.Tests/bin/Release/net10.0/TurnServer.Tests.dll
commands=(serve connect install uninstall deb publish test simulate fuzz bench stress help)

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# Builds need no ICU, and leave no compiler server or MSBuild node behind.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 UseSharedCompilation=false MSBUILDDISABLENODEREUSE=1

say() { printf 'run.sh: %s\n' "$*" >&2; }

# shellcheck source=TurnServer/Service/tools.sh
. "$top/TurnServer/Service/tools.sh"

usage() {
    cat <<EOF
Usage: ./run.sh [options]            run the server, for example: ./run.sh --port 8080
       ./run.sh COMMAND [arguments]

The server
  serve [options]      run it (the default command); ./run.sh serve --help lists the options
  connect URL          pass data between two machines through a server
  install, uninstall   install it as a systemd service, or upgrade it; remove it
  deb                  build a Debian package in the current directory
  publish DIR          build the binary that install and deb use: it needs no .NET

Tests and benchmarks
  test [--all]         run the tests; --all adds the slow ones
  simulate             test the rules in random histories, against a model
  fuzz                 fuzz the request parser with AFL++
  bench                run the benchmarks; ./run.sh bench --help lists them
  stress URL           load a running server with simulated players

  help [COMMAND]       this page, or a command's; ./run.sh COMMAND --help is the same

Commands first build what is out of date. A missing .NET $sdk_channel SDK is installed from the distribution's
packages, or else into ~/.dotnet with Microsoft's dotnet-install.sh. TURNSERVER_DOTNET_INSTALL names another
script to use instead: a file, or an https:// URL.
EOF
}

usage_of_test() {
    cat <<EOF
Usage: ./run.sh test [--all]

Builds everything and runs the tests, about two minutes. A test whose program is not installed is skipped.

  --all    also run the slow tests, half an hour or so; those that start the server run again with the published binary
EOF
}

usage_of_publish() {
    cat <<EOF
Usage: ./run.sh publish DIR

Compiles the server ahead of time into DIR/turnserver, one binary that needs no .NET, for this machine's architecture.
./run.sh install --binary DIR/turnserver installs it, on another machine too.
EOF
}

wants_help() { [[ ${1-} == --help || ${1-} == -h || ${1-} == '-?' ]]; }

usage_error() {
    say "$*"
    exit 2
}

# True if a source in the given directories is newer than what was built from them.
is_stale() {
    local built=$1
    shift
    [[ ! -f $built ]] && return 0
    [[ -n $(find "$top"/*.props "$top/global.json" "$@" \( -name bin -o -name obj \) -prune \
        -o -type f -newer "$built" -print -quit) ]]
}

# Prints the output only if the command fails.
dotnet_quietly() {
    local output
    if ! output=$(dotnet "$@" --nologo -v quiet 2>&1); then
        printf '%s\n' "$output" >&2
        fail "the build failed"
    fi
}

build() {
    say "building $(basename "$1")"
    dotnet_quietly build "$1" -c Release
}

platform() {
    case $(uname -m) in
        x86_64) echo linux-x64 ;;
        aarch64) echo linux-arm64 ;;
        *) fail "the server is built for x86_64 and aarch64, not for $(uname -m)" ;;
    esac
}

publish() {
    local to=${1-} rid
    if wants_help "$@"; then
        usage_of_publish
        exit
    fi
    [[ $# -eq 1 && $to != -* && $to ]] || usage_error "publish takes a directory; ./run.sh publish --help"
    ensure_sdk
    is_stale "$to/turnserver" "$top/TurnServer" || return 0
    ensure_linker
    rid=$(platform)
    say "compiling the server for $rid, about a minute"
    dotnet_quietly publish "$top/TurnServer" -c Release -r "$rid" -o "$to"
    touch "$to/turnserver"
}

run_server() {
    ensure_sdk
    if is_stale "$server" "$top/TurnServer"; then
        build "$top/TurnServer"
        touch "$server"
    fi
    # As in turnserver.service, which gives the reasons.
    export DOTNET_GCgen0size=${DOTNET_GCgen0size-4000000} DOTNET_EnableDiagnostics=${DOTNET_EnableDiagnostics-0}
    # Not a setting of the server, which would warn about it.
    unset TURNSERVER_DOTNET_INSTALL
    # Replaces this shell, so that signals reach the server.
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

run_fuzz() {
    if ! wants_help "$@"; then
        build_tests
        ensure_afl
    fi
    exec "$top/TurnServer.Tests/Fuzz/fuzz.sh" "$@"
}

dotnet_test() {
    local filter=$1
    dotnet test "$top/TurnServer.sln" -c Release --no-build --nologo --filter "$filter" 2>&1 | tee -a "$results/log"
}

# Adds up the runs: how many tests passed, failed and were skipped. A run that crashed prints no totals.
count_tests() {
    sed -nE 's/^(Passed|Failed)! +- Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+),.*/\3 \2 \4/p' \
        "$results/log" | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }'
}

# Support/Tool.cs writes the name of each missing package.
explain_skipped() {
    local skipped=$1 packages
    [[ $skipped -gt 0 ]] || return 0
    packages=$(touch "$results/missing" && sort -u "$results/missing" | paste -sd ' ')
    [[ -z $packages ]] ||
        say "some of the $skipped skipped tests need packages that .ci/run installs: apt-get install $packages"
    [[ $EUID -eq 0 ]] || say "some of the $skipped skipped tests need root"
}

# Ends with a line such as "212 passed, 0 failed, 0 skipped".
run_tests() {
    local status=0 passed failed skipped
    if wants_help "$@"; then
        usage_of_test
        exit
    fi
    [[ $# -eq 0 || $* == --all ]] || usage_error "test takes --all or nothing, not $*; ./run.sh test --help"
    ensure_sdk
    build "$top/TurnServer.sln"
    results=$(mktemp -d)
    trap 'rm -rf "$results"' EXIT
    export TEST_MISSING=$results/missing
    if [[ $# -eq 0 ]]; then
        dotnet_test 'TestCategory!=Slow' || status=$?
    else
        publish "$published"
        # Slow tests that start the server run with the published binary alone.
        TEST_PUBLISHED=$published/turnserver dotnet_test 'TestCategory!=Slow|TestCategory!=Process' || status=$?
        say "running the tests that start the server again, with the published binary"
        TEST_SERVER=$published/turnserver dotnet_test TestCategory=Process || status=$?
    fi
    read -r passed failed skipped < <(count_tests)
    explain_skipped "$skipped"
    if [[ $status -ne 0 && $failed -eq 0 ]]; then
        failed=1
        say "a test run ended before its totals (see above); counted as one failure"
    fi
    echo "$passed passed, $failed failed, $skipped skipped"
    exit "$status"
}

# The closest command: one that the word extends or abbreviates, or else within two edits.
nearest_command() {
    printf '%s\n' "${commands[@]}" | awk -v word="$1" '
        function smallest(a, b, c) { return a < b ? (a < c ? a : c) : (b < c ? b : c) }
        {
            for (j = 0; j <= length(word); j++) row[j] = j
            for (i = 1; i <= length($0); i++) {
                corner = row[0]
                row[0] = i
                for (j = 1; j <= length(word); j++) {
                    above = row[j]
                    row[j] = smallest(corner + (substr($0, i, 1) != substr(word, j, 1)), above + 1, row[j - 1] + 1)
                    corner = above
                }
            }
            edits = index($0, word) == 1 || index(word, $0) == 1 ? 0 : row[length(word)]
            if (NR == 1 || edits < fewest) { fewest = edits; name = $0 }
        }
        END { if (fewest <= 2) print name }'
}

unknown_command() {
    local near
    near=$(nearest_command "$1")
    say "unknown command $1${near:+; did you mean $near?}"
    usage_error "./run.sh help lists the commands"
}

case ${1-} in
    help)
        [[ $# -eq 1 || $2 == help ]] || exec "$top/run.sh" "$2" --help
        usage
        ;;
    -h | '-?' | --help) usage ;;
    serve) run_server "${@:2}" ;;
    test) run_tests "${@:2}" ;;
    simulate) run_simulation "$@" ;;
    fuzz) run_fuzz "${@:2}" ;;
    bench) run_bench "${@:2}" ;;
    stress) run_bench "$@" ;;
    install | uninstall) exec "$top/TurnServer/Service/install.sh" "$@" ;;
    deb) exec "$top/TurnServer/Service/package.sh" "${@:2}" ;;
    publish) publish "${@:2}" ;;
    '' | -* | @* | connect) run_server "$@" ;;
    *) unknown_command "$1" ;;
esac
