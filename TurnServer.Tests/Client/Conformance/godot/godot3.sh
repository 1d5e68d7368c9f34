#!/bin/bash
# The test program on Godot 3: `godot3.sh vectors` or `godot3.sh play` (see ../README.md). This process becomes the
# engine's, so that it can be killed. Left out of its output: the two lines that the engine begins with, and a last line
# without its end, as the engine does not write a long line at once.
project=$(dirname "$(realpath "$0")")/godot3
exec godot3-server --path "$project" -l en -s client.gd "$1" \
    > >(exec perl -ne 'BEGIN { $| = 1 } print if $. > 2 && /\n/')
