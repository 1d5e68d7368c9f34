# Generated from the file of this name for Godot 4.
extends Reference
# Texts and bytes: names, tokens, turns, URLs.

# The longest turn, in bytes: the longest body minus what its other fields can take.
const TURN_BYTES_MAX = 16384 - 64

const SEPARATOR = 0x7C  # |
const BYTE_ORDER_MARK = "\ufeff"

# What JavaScript's String.prototype.trim removes, so that all clients trim alike.
const SPACES = ("\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
		+ "\u2028\u2029\u202f\u205f\u3000\ufeff")


# A part of the bytes: from the first index to before the second.
static func slice(bytes: PoolByteArray, from: int, to: int) -> PoolByteArray:
	if from >= to:
		return PoolByteArray()
	return bytes.subarray(from, to - 1)


# The text in UTF-8. Godot leaves out a byte order mark at the beginning, which may be part of a turn.
static func decode(bytes: PoolByteArray) -> String:
	var has_mark := bytes.size() >= 3 and bytes[0] == 0xEF and bytes[1] == 0xBB and bytes[2] == 0xBF
	return (BYTE_ORDER_MARK if has_mark else "") + bytes.get_string_from_utf8()


# The index of the next separator of turns; the end of the bytes if there is none.
static func find_separator(bytes: PoolByteArray, from: int) -> int:
	for i in range(from, bytes.size()):
		if bytes[i] == SEPARATOR:
			return i
	return bytes.size()


# The text without surrounding white space.
static func trim(text: String) -> String:
	var first := 0
	var end := text.length()
	while first < end and SPACES.find(text[first]) >= 0:
		first += 1
	while end > first and SPACES.find(text[end - 1]) >= 0:
		end -= 1
	return text.substr(first, end - first)


# Whether these are decimal digits and nothing else.
static func is_number(text: String) -> bool:
	for character in text:
		if character < "0" or character > "9":
			return false
	return text != ""


# What is wrong with this as a turn; "": nothing.
static func turn_fault(turn: String) -> String:
	var bytes := turn.to_utf8()
	if bytes.size() == 0 or bytes.size() > TURN_BYTES_MAX:
		return "a turn has 1 to %d bytes of UTF-8, not %d" % [TURN_BYTES_MAX, bytes.size()]
	if turn.find("|") >= 0:
		return "a turn cannot contain |, which separates turns on the wire"
	if bytes.size() > turn.length() and has_surrogate(bytes):
		return "a turn must be valid Unicode, without halves of surrogate pairs"
	return ""


# Whether there is half of a surrogate pair, which UTF-8 cannot hold.
static func has_surrogate(bytes: PoolByteArray) -> bool:
	for i in range(bytes.size() - 1):
		if bytes[i] == 0xED and bytes[i + 1] >= 0xA0:
			return true
	return false


# Whether this may name a pool: 1 to 32 visible ASCII characters, no comma and no #.
static func is_pool(text: String) -> bool:
	for character in text:
		if character < "!" or character > "~" or character == "," or character == "#":
			return false
	return text.length() >= 1 and text.length() <= 32


# What is wrong with this as the URL of a turn server; "": nothing.
static func url_fault(url: String) -> String:
	var parts := split_url(url)
	if parts.has_user:
		return "the URL has a user name or a password, which a turn server does not ask for: leave them out"
	if parts.host == "":
		return "the URL has to begin with http:// or https://, such as http://localhost:8080/"
	return ""


# Splits a URL: is_secure, host, port and path. The host is empty if it is not a URL of http or https.
static func split_url(url: String) -> Dictionary:
	var parts := {is_secure = url.to_lower().begins_with("https://"), host = "", has_user = false}
	if not parts.is_secure and not url.to_lower().begins_with("http://"):
		return parts
	var rest := url.substr(url.find("://") + 3)
	var end := rest.length()
	for mark in ["/", "?", "#"]:
		var at := rest.find(mark)
		end = at if at >= 0 and at < end else end
	var path := rest.substr(end).split("#")[0]
	parts.path = path if path.begins_with("/") else "/" + path
	var host := rest.substr(0, end)
	parts.has_user = host.find("@") >= 0
	# The colons of an IPv6 address stand in brackets.
	var colon := host.rfind(":")
	parts.port = 443 if parts.is_secure else 80
	if colon > host.rfind("]"):
		parts.port = int(host.substr(colon + 1)) if is_number(host.substr(colon + 1)) else 0
		host = host.substr(0, colon)
	if host.begins_with("[") and host.ends_with("]"):
		host = host.substr(1, host.length() - 2)
	var is_valid: bool = parts.port > 0 and parts.port < 65536 and host.find(" ") < 0
	parts.host = host if is_valid else ""
	return parts


# Draws a random registration token.
static func create_token() -> String:
	var text := Marshalls.raw_to_base64(Crypto.new().generate_random_bytes(16))
	return text.replace("+", "-").replace("/", "_").replace("=", "")
