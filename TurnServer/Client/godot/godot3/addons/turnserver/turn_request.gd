# Generated from the file of this name for Godot 4.
extends Reference
# A request, which is repeated until it is answered.

# The body.
var body: String
# For how many seconds the server may hold the reply; 0: not at all.
var wait: float
# How many bytes of the last block have arrived; -1 if there was none, or the request is not an update.
var received_bytes: int
# The partner's turns in these bytes.
var received_turns: int


func _init(text: String, wait_seconds: float = 0.0, bytes: int = -1, turns: int = 0):
	body = text
	wait = wait_seconds
	received_bytes = bytes
	received_turns = turns
