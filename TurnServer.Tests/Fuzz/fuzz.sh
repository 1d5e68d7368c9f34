#!/usr/bin/env bash
# Fuzzes the parser with AFL++, guided by which of its code an input reaches. Called by ./run.sh fuzz, which has
# installed afl-fuzz and built the tests.
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

Has AFL++ look for bodies and headers that the server reads otherwise than a simple parser does, for N seconds (60).
Says what it did; ends with 1 if it found any, each shown in hexadecimal for a test to be made of it. What it learns
is kept in TurnServer.Tests/bin/fuzz/state: the next run goes on from there.
EOF
}

while [[ $# -gt 0 ]]; do
    case $1 in
        --seconds)
            seconds=${2-}
            [[ $seconds =~ ^[1-9][0-9]{0,5}$ ]] || {
                say "--seconds: give a whole number from 1"
                exit 2
            }
            shift 2
            ;;
        --help)
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

# A copy, as the tool changes the server: what each run of the tests starts stays as it is.
rm -rf "$work/app" "$work/seeds"
mkdir -p "$work/app" "$work/seeds"
cp "$built"/*.dll "$built"/*.json "$work/app"
"$tool" "$work/app/turnserver.dll" TurnServer.Protocol
dotnet "$built/TurnServer.Tests.dll" fuzz-seeds "$work/seeds" "$work/dictionary"

# What crashed an older build may not crash this one: judged anew below, not taken from the last run.
rm -rf "$work/state/default/crashes" "$work/state/default/hangs"
from=$work/seeds
[[ -d $work/state/default/queue ]] && from=-
# SharpFuzz reports crashes itself, whatever the system does with core files; what AFL++ runs is dotnet, which it cannot
# know to be prepared.
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
say "$(stat execs_done) inputs in all runs, $(stat execs_per_sec) a second; $(stat corpus_count) reach something of their own," \
    "$(stat edges_found) edges in all"
shopt -s nullglob
found=("$work/state/default/crashes"/id* "$work/state/default/hangs"/id*)
[[ ${#found[@]} -eq 0 ]] && exit
say "${#found[@]} were judged wrong or took too long:"
dotnet "$built/TurnServer.Tests.dll" fuzz-show "${found[@]}"
exit 1
