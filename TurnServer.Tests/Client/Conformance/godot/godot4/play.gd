extends Node
## The mode `play` of the test program: carries out commands in order, and passes event lines to say().

signal said(line)

const Line = preload("program_line.gd")
const TurnClient = preload("res://addons/turnserver/turn_client.gd")
const TurnFault = preload("res://addons/turnserver/turn_fault.gd")

const OPTIONS = {
	"wait": "wait", "keepAlive": "keep_alive", "pollInterval": "poll_interval", "replyTimeout": "reply_timeout",
	"patience": "patience", "firstPause": "first_pause", "longestPause": "longest_pause",
}

var _client := TurnClient.new()
var _game = null
var _commands := []
# register, resume and quit hold up what follows.
var _is_busy := false


func _ready() -> void:
	add_child(_client)


func _process(_delta: float) -> void:
	while _commands.size() > 0 and not _is_busy:
		_do(_commands.pop_front().split(" "))


func add(line: String) -> void:
	_commands.append(line)


func _say(event: String, field: String = "") -> void:
	emit_signal("said", event if field == "" else event + " " + field)


func _do(fields) -> void:
	match fields[0]:
		"options":
			for i in range(1, fields.size()):
				_set_option(fields[i].split("="))
		"register":
			_register(fields)
		"resume":
			_resume(Line.decode(fields[1]))
		"send":
			_save(Line.decode(fields[1]))
			_send(fields[1])
		"post":
			_save(Line.decode(fields[1]))
			if _game != null:
				_game.post(Line.decode(fields[1]))
		"quit":
			_quit()
		_:
			_say("error", "not%20a%20command")


func _set_option(option) -> void:
	if option[0] == "savesEachTurn":
		_client.options.saves_each_turn = option[1] == "1"
	else:
		_client.options.set(OPTIONS[option[0]], float(option[1]))


func _register(fields) -> void:
	_is_busy = true
	_client.url = Line.decode(fields[1])
	var registering = _client.register(
			Line.decode(fields[2]), Line.decode(fields[3]), Line.decode(fields[4]), Line.decode(fields[5]))
	var registered = await registering.completed  # Godot 3: var registered = yield(registering, "completed")
	if registered.fault != null:
		_fail(registered.fault)
		return
	_say("registered", Line.encode(registered.value))
	var result = null
	while result == null or result.fault != null and result.fault.kind == TurnFault.Kind.PARTNER_LEFT_EARLY:
		result = await _client.pair().completed  # Godot 3: result = yield(_client.pair(), "completed")
		if result.fault == null:
			_say("paired", Line.encode(result.value.partner))
			result = await _client.load().completed  # Godot 3: result = yield(_client.load(), "completed")
		if result.fault == null:
			result = await _client.play().completed  # Godot 3: result = yield(_client.play(), "completed")
	_start(result)


func _resume(text: String) -> void:
	_is_busy = true
	_start(await _client.resume(text).completed)  # Godot 3: _start(yield(_client.resume(text), "completed"))


func _start(started) -> void:
	if started.fault != null:
		_fail(started.fault)
		return
	_is_busy = false
	_game = started.value
	_say("started", str(_game.seat))
	_save()
	_game.turn_received.connect(_on_turn)  # Godot 3: _game.connect("turn_received", self, "_on_turn")
	_game.game_ended.connect(_on_ended)  # Godot 3: _game.connect("game_ended", self, "_on_ended")


func _on_turn(turn: String) -> void:
	_say("turn", Line.encode(turn))
	_save()


func _on_ended(fault: TurnFault) -> void:
	_game = null
	_say("ended", _kind_of(fault))


func _send(field: String) -> void:
	if _game == null:
		return
	var sending = _game.send(Line.decode(field))
	var sent = await sending.completed  # Godot 3: var sent = yield(sending, "completed")
	if sent.fault == null:
		_say("taken", field)
	elif sent.fault.error == 20:
		_say("refused", field)
		_save()


func _quit() -> void:
	if _game != null:
		_is_busy = true
		await _game.quit().completed  # Godot 3: yield(_game.quit(), "completed")
	_is_busy = false
	_game = null
	_say("left")


# What is printed is stored.
func _save(next_turn: String = "") -> void:
	if _game == null or not _client.options.saves_each_turn:
		return
	var text: String = _game.save(next_turn)
	_say("save", Line.encode(text))
	_game.saved(text)


func _fail(fault: TurnFault) -> void:
	_is_busy = false
	_say("failed", _kind_of(fault))


# The name of the kind as the tests spell it.
static func _kind_of(fault: TurnFault) -> String:
	printerr(fault.meaning)
	var name: String = TurnFault.Kind.keys()[fault.kind].to_lower().capitalize().replace(" ", "")
	return name[0].to_lower() + name.substr(1)
