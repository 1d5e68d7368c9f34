# Generated from the file of this name for Godot 4.
extends Reference
# Why a call failed, or why a game is over.

# Kinds of faults, by what a player can do about them.
enum Kind {
	UNREACHABLE,  # No answer within the option patience.
	NOT_TURN_SERVER,  # The reply is not from a turn server: check the URL.
	INVALID_REQUEST,  # The server will never take this: correct the name or the request.
	SERVER_FULL,  # The server has no room for more players or games: register again later.
	SERVER_BUSY,  # The server was busy, or this address over its rate limit, for all of the patience.
	REGISTRATION_GONE,  # The registration is gone: register again.
	PARTNER_LEFT_EARLY,  # The partner left before the game; this player still waits: pair again.
	PARTNER_LEFT,  # The partner has left; everything it sent before has been received.
	SEAT_GONE,  # The server no longer has this player's seat: register again for another game.
	OUT_OF_STEP,  # Client and server disagree: one of them has a bug, or two clients share a seat.
}

# What can be done about it: a Kind.
var kind: int
# A message for users, without a full stop.
var meaning: String
# The server's error (PROTOCOL.md, "Reply"); 0 if it did not come from the server.
var error: int
# The detail of the server's error; null if it has none.
var detail = null


func _init(fault_kind: int, fault_meaning: String, error_code: int = 0, error_detail = null):
	kind = fault_kind
	meaning = fault_meaning
	error = error_code
	detail = error_detail
