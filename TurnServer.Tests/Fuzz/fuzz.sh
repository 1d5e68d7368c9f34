#!/usr/bin/env bash
# Fuzzes the parser with AFL++, guided by coverage. Called by ./run.sh fuzz, which has installed afl-fuzz and built the
# tests.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
built=$here/../bin/Release/net10.0
work=$here/../bin/fuzz
sharpfuzz_version=2.3.0
seconds=60

say() { printf 'run.sh: %s\n' "$*" >&2; }

usage() {
    cat <<EOF
Usage: ./run.sh fuzz [--seconds N]

Searches with AFL++ for bodies and headers on which the server's parser and a simple reference parser disagree, for N
seconds (60). Prints statistics and each finding, shrunk and in hexadecimal, ready for a regression test; exits with 1
if there are any. The corpus is kept in TurnServer.Tests/bin/fuzz/state: the next run continues with it.
EOF
}

while [[ $# -gt 0 ]]; do
    case $1 in
        --seconds)
            seconds=${2-}
            [[ $seconds =~ ^[1-9][0-9]{0,5}$ ]] || {
                say "--seconds takes a whole number from 1"
                exit 2
            }
            shift 2
            ;;
        -h | --help)
            usage
            exit
            ;;
        *)
            say "fuzz takes --seconds N, not $1"
            exit 2
            ;;
    esac
done

tool=$work/sharpfuzz-$sharpfuzz_version/sharpfuzz
if [[ ! -x $tool ]]; then
    say "sharpfuzz is missing: installing it here (dotnet tool install SharpFuzz.CommandLine)"
    dotnet tool install --tool-path "$(dirname "$tool")" SharpFuzz.CommandLine --version "$sharpfuzz_version" >&2
fi

# The tool rewrites the assembly, so it gets a copy of the tests' build.
rm -rf "$work/app" "$work/seeds"
mkdir -p "$work/app" "$work/seeds"
cp "$built"/*.dll "$built"/*.json "$work/app"
"$tool" "$work/app/turnserver.dll" TurnServer.Protocol
dotnet "$built/TurnServer.Tests.dll" fuzz-seeds "$work/seeds" "$work/dictionary"

# Findings of an older build may be fixed by now.
rm -rf "$work/state/default/crashes" "$work/state/default/hangs"
from=$work/seeds
[[ -d $work/state/default/queue ]] && from=-
# SharpFuzz reports crashes itself, so core files do not matter. AFL++ runs dotnet, which is not instrumented itself.
export AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1
export AFL_AUTORESUME=1
say "fuzzing for $seconds s"
afl-fuzz -V "$seconds" -i "$from" -x "$work/dictionary" -o "$work/state" -t 10000 -m none \
    dotnet "$work/app/TurnServer.Tests.dll" fuzz-target >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    say "afl-fuzz failed: $work/log"
    exit 1
}

stat() { sed -nE "s/^$1 +: +//p" "$work/state/default/fuzzer_stats"; }
say "$(stat execs_done) inputs in all runs, $(stat execs_per_sec)/s; corpus of $(stat corpus_count)," \
    "$(stat edges_found) edges covered"
shopt -s nullglob
found=("$work/state/default/crashes"/id* "$work/state/default/hangs"/id*)
[[ ${#found[@]} -eq 0 ]] && exit
say "${#found[@]} findings (wrong result or timeout):"
dotnet "$built/TurnServer.Tests.dll" fuzz-show "${found[@]}"
exit 1
