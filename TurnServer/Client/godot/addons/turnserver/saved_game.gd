extends RefCounted
## The text of a saved game: one line of JSON that clients in all languages write and read alike.

const TurnText = preload("turn_text.gd")

const FIELDS = [
	["version", TYPE_INT], ["url", TYPE_STRING], ["key", TYPE_STRING], ["seat", TYPE_INT], ["partner", TYPE_STRING],
	["isHost", TYPE_BOOL], ["counter", TYPE_INT], ["taken", TYPE_INT], ["last", TYPE_ARRAY], ["unsent", TYPE_ARRAY],
	["received", TYPE_INT], ["unread", TYPE_ARRAY],
]

const ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

# Godot's own parser reads numbers as floats, and takes what is not JSON.
var _text: String
var _at := 0
# The next backslash that is not before _at; -1: there is none.
var _escape_at := -1
var _error := ""


## Writes the fields as one line of JSON.
static func write(saved: Dictionary) -> String:
	var members := ""
	for field in FIELDS:
		members += (',"%s":' % field[0]) + _write_value(saved[field[0]])
	return "{" + members.substr(1) + "}"


static func _write_value(value) -> String:
	match typeof(value):
		TYPE_STRING:
			return '"' + _escape(value) + '"'
		TYPE_BOOL:
			return "true" if value else "false"
		TYPE_ARRAY:
			return "[]" if value.size() == 0 else '["' + _escape(_join(value)).replace("|", '","') + '"]'
	return str(value)


# A turn never contains the separator.
static func _join(turns: Array) -> String:
	return "|".join(PackedStringArray(turns))  # Godot 3: return PoolStringArray(turns).join("|")


static func _escape(text: String) -> String:
	text = text.replace("\\", "\\\\").replace('"', '\\"')
	for code in range(1, 32):
		text = text.replace(char(code), "\\u%04x" % code)
	return text


## Reads what write() wrote: the fields, or only `error` with what is wrong.
func read(text: String) -> Dictionary:
	_text = text
	_at = 0
	_escape_at = text.find("\\")
	_error = ""
	var saved := _read_object()
	_skip_space()
	if _error == "" and _at < _text.length():
		_fail("more text")
	if _error == "":
		_error = _find_fault(saved)
	return saved if _error == "" else {error = "this is not a saved game: " + _error}


static func _find_fault(saved: Dictionary) -> String:
	for field in FIELDS:
		if not saved.has(field[0]) or typeof(saved[field[0]]) != field[1]:
			return "its %s is missing or malformed" % field[0]
	if saved.version != 1:
		return "its version is %d, not 1" % saved.version
	if TurnText.url_fault(saved.url) != "":
		return TurnText.url_fault(saved.url)
	if not TurnText.is_number(saved.key) or saved.seat < 0 or saved.seat > 1:
		return "its key or seat is malformed"
	if saved.counter < -1 or saved.taken < saved.last.size() or saved.received < saved.unread.size():
		return "its counts are inconsistent"
	for turn in saved.last + saved.unsent:
		if turn == "" or turn.find("|") >= 0:
			return "one of its turns is empty or contains |"
	return ""


func _fail(what: String):
	if _error == "":
		_error = "%s at character %d" % [what, _at]
	# Nothing follows for the readers that are under way.
	_at = _text.length()
	return null


func _peek() -> String:
	return _text[_at] if _at < _text.length() else ""


func _take(token: String) -> bool:
	if _text.substr(_at, token.length()) != token or _at >= _text.length():
		return false
	_at += token.length()
	return true


func _skip_space() -> void:
	while _peek() != "" and " \t\r\n".find(_peek()) >= 0:
		_at += 1


func _take_token(token: String) -> bool:
	_skip_space()
	return _take(token)


func _read_object() -> Dictionary:
	var object := {}
	if not _take_token("{"):
		_fail("no {")
	while _error == "":
		var name = _read_string() if _take_token('"') else _fail("no name")
		if not _take_token(":"):
			_fail("no :")
		object[name] = _read_value()
		if not _take_token(","):
			break
	if not _take_token("}"):
		_fail("no comma or }")
	return object


func _read_value():
	if _take_token('"'):
		return _read_string()
	if _take("["):
		return _read_strings()
	if _take("true"):
		return true
	if _take("false"):
		return false
	return _read_integer()


# A list of strings: a saved game has no others.
func _read_strings() -> Array:
	var strings := []
	if _take_token("]"):
		return strings
	while _error == "":
		strings.append(_read_string() if _take_token('"') else _fail("no string"))
		if not _take_token(","):
			break
	if not _take_token("]"):
		_fail("no comma or ]")
	return strings


func _read_integer():
	var is_negative := _take("-")
	var from := _at
	while _peek() >= "0" and _peek() <= "9":
		_at += 1
	var digits := _text.substr(from, _at - from)
	# More digits than this do not fit into 64 bits; a fraction or exponent is refused by what must follow.
	if digits == "" or digits.length() > 18 or digits.length() > 1 and digits[0] == "0":
		return _fail("invalid value")
	return -int(digits) if is_negative else int(digits)


func _read_string():
	var text := ""
	while _error == "":
		var end := _text.find('"', _at)
		if end < 0:
			return _fail("unfinished string")
		if _escape_at >= 0 and _escape_at < _at:
			_escape_at = _text.find("\\", _at)
		var part_end := _escape_at if _escape_at >= 0 and _escape_at < end else end
		text += _text.substr(_at, part_end - _at)
		_at = part_end + 1
		if part_end == end:
			break
		text += _read_escape()
	return text


func _read_escape() -> String:
	var letter := _peek()
	_at += 1
	if letter != "u":
		return ESCAPES[letter] if ESCAPES.has(letter) else str(_fail("invalid escape"))
	var code := _read_hex()
	if code >= 0xD800 and code < 0xDC00 and _take("\\u"):
		var low := _read_hex()
		if low >= 0xDC00 and low < 0xE000:
			return char(0x10000 + ((code - 0xD800) << 10) + low - 0xDC00)
		code = low if _error != "" else 0xD800
	if code < 1 or code >= 0xD800 and code < 0xE000:
		return str(_fail("invalid character"))
	return char(code)


func _read_hex() -> int:
	var code := 0
	for _i in range(4):
		var digit := "0123456789abcdef".find(_peek().to_lower())
		if _peek() == "" or digit < 0:
			_fail("invalid escape")
			return -1
		code = code * 16 + digit
		_at += 1
	return code
