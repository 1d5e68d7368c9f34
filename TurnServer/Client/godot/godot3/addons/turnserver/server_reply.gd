# Generated from the file of this name for Godot 4.
extends Reference
# A parsed reply: `0/CODE/DATA` or `ERROR/DETAIL/DATA` (PROTOCOL.md, "Reply").

const TurnFault = preload("turn_fault.gd")
const TurnText = preload("turn_text.gd")

# Reply codes and errors.
const PAIRING = 2
const START_SERVER = 3
const PARTNER_LOAD = 7
const NO_DATA = 10
const REDUNDANT = 11
const BEHIND = 18
const AHEAD = 19
const TOO_LONG = 20
const BACKLOG_FULL = 21
const RATE_LIMITED = 22
const SERVER_BUSY = 23

const NAME_RULE = ": 1 to 64 characters, no control characters, no comma"

# The kind and the meaning of each error.
const ERRORS = {
	1: [TurnFault.Kind.INVALID_REQUEST, "the request had no usable length"],
	2: [TurnFault.Kind.INVALID_REQUEST, "the request was empty or not UTF-8"],
	3: [TurnFault.Kind.INVALID_REQUEST, "the server does not know this player's address"],
	4: [TurnFault.Kind.INVALID_REQUEST, "the request is malformed"],
	5: [TurnFault.Kind.REGISTRATION_GONE, "the server does not know this registration (any more)"],
	7: [TurnFault.Kind.INVALID_REQUEST, "invalid name" + NAME_RULE],
	9: [TurnFault.Kind.PARTNER_LEFT_EARLY, "the partner left before the game"],
	10: [TurnFault.Kind.REGISTRATION_GONE, "the server dropped this player for being out of step"],
	11: [TurnFault.Kind.SERVER_FULL, "the server has no room for more players"],
	12: [TurnFault.Kind.SERVER_FULL, "the server has no room for more games"],
	13: [TurnFault.Kind.SEAT_GONE, "the server does not know this game (any more)"],
	14: [TurnFault.Kind.SEAT_GONE, "this player has left the game, or was silent too long"],
	15: [TurnFault.Kind.PARTNER_LEFT, "the partner has left, or fell silent and was dropped"],
	16: [TurnFault.Kind.INVALID_REQUEST, "invalid name of the partner" + NAME_RULE],
	17: [TurnFault.Kind.REGISTRATION_GONE, "the requested partner left before the game, which ended this registration"],
	18: [TurnFault.Kind.OUT_OF_STEP, "the server has taken a later turn of this player"],
	19: [TurnFault.Kind.OUT_OF_STEP, "the server has not taken this player's last turn"],
	20: [TurnFault.Kind.INVALID_REQUEST, "the request is longer than the server or a proxy in front of it accepts"],
	21: [TurnFault.Kind.SERVER_BUSY, "the partner has not collected what was sent before"],
	22: [TurnFault.Kind.SERVER_BUSY, "too many requests or players from this address"],
	23: [TurnFault.Kind.SERVER_BUSY, "the server is overloaded or cannot write its state"],
}

# The reply code; -1 if the request was refused.
var code := -1
# Why the request was refused; 0 when it was not, or the server did not answer.
var error := 0
# What follows the second slash.
var data := PoolByteArray()
# Whether the server held it (Preference-Applied).
var is_held := false
# The header Turn-Counter; null if it is missing.
var counter = null
# The headers Turns-Taken and Turns-Acknowledged; null if one is missing.
var taken = null
var acknowledged = null
# The header Partner-Silent, in seconds; null if it is missing.
var silent = null
# A TurnFault: the server has refused the request, or has not answered. Null when it took the request.
var fault = null
# Whether to repeat the request, because it is not known, or not settled, what became of it.
var is_unsettled := false
# The header Retry-After, in seconds.
var retry_after := 0


# Parses a reply, with the names of its headers in lower case; false if it is not a turn server's.
func parse(body: PoolByteArray, headers: Dictionary) -> bool:
	var first := _find_slash(body, 0)
	var second := _find_slash(body, first + 1)
	if first < 0 or second < 0:
		return false
	var number := _number(body, 0, first)
	var detail := _number(body, first + 1, second)
	data = TurnText.slice(body, second + 1, body.size())
	if number == 0 and detail >= 0 and detail <= REDUNDANT:
		code = detail
	elif ERRORS.has(number) and is_asterisk() and (detail >= 0 or body[first + 1] == 0x2A and second == first + 2):
		refuse(number, detail if detail >= 0 else null)
	else:
		return false
	is_held = headers.has("preference-applied")
	counter = _header(headers, "turn-counter")
	taken = _header(headers, "turns-taken")
	acknowledged = _header(headers, "turns-acknowledged")
	if taken == null or acknowledged == null or taken < 0 or acknowledged < 0:
		taken = null
		acknowledged = null
	silent = _header(headers, "partner-silent")
	is_unsettled = error == RATE_LIMITED or error == SERVER_BUSY
	var pause = _header(headers, "retry-after")
	retry_after = pause if pause != null and pause > 0 and is_unsettled else 0
	return true


# Makes this the refusal with an error of the server.
func refuse(error_code: int, detail = null) -> void:
	error = error_code
	fault = fault_of(error_code, detail)


# The fault for an error of the server.
static func fault_of(error_code: int, detail = null) -> TurnFault:
	return TurnFault.new(ERRORS[error_code][0], ERRORS[error_code][1], error_code, detail)


# Whether the data is a single asterisk.
func is_asterisk() -> bool:
	return data.size() == 1 and data[0] == 0x2A


# The data as text.
func text() -> String:
	return TurnText.decode(data)


# A field before the data has at most three characters.
static func _find_slash(body: PoolByteArray, from: int) -> int:
	for i in range(from, from + 4 if from + 4 < body.size() else body.size()):
		if body[i] == 0x2F:
			return i
	return -1


# -1 if it is not a number below 256.
static func _number(body: PoolByteArray, from: int, to: int) -> int:
	var number := 0
	for i in range(from, to):
		if body[i] < 0x30 or body[i] > 0x39:
			return -1
		number = number * 10 + body[i] - 0x30
	return number if from < to and number < 256 else -1


# Null if there is no such header, or something on the way has made it unreadable.
static func _header(headers: Dictionary, name: String):
	var digits: String = headers.get(name, "")
	var is_negative := digits.begins_with("-")
	if is_negative:
		digits = digits.substr(1)
	if not TurnText.is_number(digits) or digits.length() > 18:
		return null
	return -int(digits) if is_negative else int(digits)
