# Generated from the file of this name for Godot 4.
extends Reference
# Lines of the test program: fields with escapes (../../README.md).

const TurnText = preload("res://addons/turnserver/turn_text.gd")


static func encode(text: String) -> String:
	if text == "":
		return "-"
	if text == "-":
		return "%2D"
	text = text.replace("%", "%25").replace(" ", "%20")
	for code in range(1, 32):
		text = text.replace(char(code), "%%%02X" % code)
	return text.replace(char(127), "%7F")


static func decode(field: String) -> String:
	if field == "-":
		return ""
	var parts := field.split("%")
	var bytes := parts[0].to_utf8()
	for i in range(1, parts.size()):
		bytes.append(("0x" + parts[i].substr(0, 2)).hex_to_int())
		bytes.append_array(parts[i].substr(2).to_utf8())
	return TurnText.decode(bytes)


static func decode_list(field: String) -> Array:
	return [] if field == "-" else Array(decode(field).split("|"))
