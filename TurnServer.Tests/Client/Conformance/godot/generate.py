#!/usr/bin/env python3
"""Writes the Godot 3 files of the client and of its test program from those for Godot 4.

    generate.py            writes them
    generate.py --check    exits with 1 if they differ from what it would write

What differs is named differently (NAMES), or follows its line in a comment: `code  # Godot 3: other code`.
"""

import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent
CLIENT = TESTS.parents[3] / "TurnServer" / "Client" / "godot"
FOLDERS = [
    (CLIENT / "addons" / "turnserver", CLIENT / "godot3" / "addons" / "turnserver"),
    (TESTS / "godot4", TESTS / "godot3"),
]

HEAD = "# Generated from the file of this name for Godot 4.\n"
NAMES = [
    (r"\bRefCounted\b", "Reference"),
    (r"\bPacked(Byte|String)Array\b", r"Pool\1Array"),
    (r"\bTime\.get_ticks_msec\b", "OS.get_ticks_msec"),
    (r"\.to_utf8_buffer\(\)", ".to_utf8()"),
    (r"\bSTATUS_TLS_HANDSHAKE_ERROR\b", "STATUS_SSL_HANDSHAKE_ERROR"),
    (r'\bhas_feature\("web"\)', 'has_feature("HTML5")'),
    (r"(^|\t|  )##", r"\1#"),
]


def to_godot3(text):
    lines = []
    for line in text.splitlines():
        match = re.match(r"(\t*).*\S  # Godot 3: (.*)$", line)
        if match:
            line = match[1] + match[2]
        for pattern, replacement in NAMES:
            line = re.sub(pattern, replacement, line)
        lines.append(line)
    return HEAD + "\n".join(lines) + "\n"


def main():
    is_check = sys.argv[1:] == ["--check"]
    stale = []
    for source, target in FOLDERS:
        wanted = {target / file.name: to_godot3(file.read_text("utf-8")) for file in source.glob("*.gd")}
        present = {file: file.read_text("utf-8") for file in target.glob("*.gd")}
        present = {file: text for file, text in present.items() if text.startswith(HEAD) or file in wanted}
        stale += [file for file in wanted.keys() | present.keys() if wanted.get(file) != present.get(file)]
        if is_check:
            continue
        target.mkdir(parents=True, exist_ok=True)
        for file in present.keys() - wanted.keys():
            file.unlink()
        for file, text in wanted.items():
            file.write_text(text, "utf-8")
    for file in sorted(stale) if is_check else []:
        print(f"{file} differs from what generate.py writes")
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
