#!/usr/bin/env bash
# Fuzzes the parsers with AFL++, guided by code coverage. Called by ./run.sh fuzz, which has installed afl-fuzz and
# built the tests.
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

Fuzzes the request and header parsers with AFL++ and compares them with the reference parsers. Prints each failing
input, shrunk, in hexadecimal. The corpus is kept in TurnServer.Tests/bin/fuzz/state; the next run continues from it.

Options:
  --seconds N   duration [60]
  --help        this page

Exit codes:
  0  no failing input
  1  failing inputs, or afl-fuzz failed
  2  an option is wrong
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
        -h | --help)
            usage
            exit
            ;;
        *)
            say "fuzz: unknown option $1; ./run.sh fuzz --help lists the options"
            exit 2
            ;;
    esac
done

tool=$work/sharpfuzz-$sharpfuzz_version/sharpfuzz
if [[ ! -x $tool ]]; then
    say "installing sharpfuzz into TurnServer.Tests/bin/fuzz (dotnet tool install SharpFuzz.CommandLine)"
    dotnet tool install --tool-path "$(dirname "$tool")" SharpFuzz.CommandLine --version "$sharpfuzz_version" >&2
fi

# A copy, as sharpfuzz instruments the assembly in place.
rm -rf "$work/app" "$work/seeds"
mkdir -p "$work/app" "$work/seeds"
cp "$built"/*.dll "$built"/*.json "$work/app"
"$tool" "$work/app/turnserver.dll" TurnServer.Protocol
dotnet "$built/TurnServer.Tests.dll" fuzz-seeds "$work/seeds" "$work/dictionary"

# Crashes of an older build may not be crashes of this one.
rm -rf "$work/state/default/crashes" "$work/state/default/hangs"
from=$work/seeds
[[ -d $work/state/default/queue ]] && from=-
# SharpFuzz reports crashes itself, without core files; and AFL++ cannot see that the program behind dotnet is
# instrumented.
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
say "$(stat execs_done) inputs in all runs, $(stat execs_per_sec)/s; corpus of $(stat corpus_count) inputs," \
    "$(stat edges_found) edges covered"
shopt -s nullglob
found=("$work/state/default/crashes"/id* "$work/state/default/hangs"/id*)
[[ ${#found[@]} -eq 0 ]] && exit
say "${#found[@]} inputs fail or time out:"
dotnet "$built/TurnServer.Tests.dll" fuzz-show "${found[@]}"
exit 1
