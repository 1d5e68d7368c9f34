extends RefCounted
## One seat of a game. Turns arrive exactly once and in order, even if requests and replies are lost. Get one from
## TurnClient.play() or TurnClient.resume(), whose node drives it.

const SavedGame = preload("saved_game.gd")
const SeatMachine = preload("seat_machine.gd")
const Reply = preload("server_reply.gd")
const TurnFault = preload("turn_fault.gd")
const TurnRequest = preload("turn_request.gd")
const TurnResult = preload("turn_result.gd")
const TurnText = preload("turn_text.gd")

## The partner's next turn. While nobody is connected, turns wait for receive().
signal turn_received(turn)
## Why the game is over: a TurnFault, after all of the partner's turns. Not after quit().
signal game_ended(fault)

## The number of this player's seat: 0 if it was ready last, 1 if it was ready first.
var seat: int
## The partner's name.
var partner: String
## Whether this player hosts: its request made the pair.
var is_host: bool
## Why the game is over: a TurnFault; null while it is on.
var ended: TurnFault = null
## For how many seconds the server had not heard from the partner when it sent its last reply; -1 before the first.
var partner_silent := -1
## How many of the partner's turns were acknowledged after the game was saved, and are lost to a resumed game.
var missed := 0

var _sender
var _pending: Array
var _key: String
var _machine: SeatMachine
var _call = null
var _leaving = null
var _reader: TurnResult = null
var _resumed: TurnResult = null
var _quit: TurnResult = null
var _is_stopped := false
var _is_leaving := false
var _is_told := false


# For TurnClient: saved has the fields of a saved game. pending takes the results of calls, which its owner announces.
func _init(options, sender, pending: Array, now: float, game: Dictionary, saved: Dictionary = {}):
	_sender = sender
	_pending = pending
	_key = game.key
	seat = game.seat
	partner = game.partner
	is_host = game.isHost
	_machine = SeatMachine.new(options, _key, seat, now, saved)


## Sends a turn: 1 to 16320 bytes of UTF-8 without |. The result is true once the server has taken it, or a fault. With
## the error 20 the turn is too long for the server or a proxy, and the game continues. It also continues if the turn is
## invalid.
func send(turn: String) -> TurnResult:
	var result := _new_result()
	var fault := _put_fault(turn)
	if fault != null:
		result.settle(null, fault)
	else:
		_machine.put(turn, result)
	return result


## Queues a turn; the request that carries it also waits for the partner's next turn. If the server refuses it as too
## long, the game is over. Returns null, or a TurnFault: the turn is invalid, or the game is over.
func post(turn: String) -> TurnFault:
	var fault := _put_fault(turn)
	if fault == null:
		_machine.put(turn)
	return fault


## The partner's next turn, or why the game is over. One call at a time.
func receive() -> TurnResult:
	_reader = TurnResult.new()
	return _reader


## What is needed to come back to this game with TurnClient.resume(), as one line of text. Store it together with the
## state of your game after each turn that you have read, and before each that you send: save(turn) includes that turn,
## which is then sent once, now or by the resumed game. Then call saved(text). Whoever has the text can play this seat.
func save(next_turn: String = "") -> String:
	var unsent := _machine.unsent()
	var what := TurnText.turn_fault(next_turn) if next_turn != "" else ""
	if what != "":
		push_error(what)
	elif next_turn != "":
		unsent.append(next_turn)
	return SavedGame.write({
		version = 1, url = _sender.url, key = _key, seat = seat, partner = partner, isHost = is_host,
		counter = _machine.counter, taken = _machine.taken, last = _machine.last, unsent = unsent,
		received = _machine.received, unread = _machine.unread(),
	})


## The app has stored what save() returned: see TurnOptions.saves_each_turn.
func saved(text: String) -> void:
	var stored := SavedGame.new().read(text)
	if stored.has("error"):
		push_error(stored.error)
	else:
		_machine.saved_received = stored.received


## Leaves once the server has taken all queued turns. The result is true, or why the game had ended before.
func quit() -> TurnResult:
	_machine.is_last = true
	if _quit == null:
		_quit = _new_result()
	return _quit


# For TurnClient.
func resume() -> TurnResult:
	_resumed = _new_result()
	return _resumed


# For TurnClient, in each frame: delivers what has arrived, and sends the next request.
func update(now: float) -> void:
	if _call != null and _call.reply != null:
		_complete(_call.reply, now)
	if _leaving != null and _leaving.reply != null:
		_complete_leaving(_leaving.reply)
	if not _is_stopped:
		_step(now)
	if _is_stopped and _quit != null and not _is_leaving:
		_leave()
	_tell()


func _new_result() -> TurnResult:
	var result := TurnResult.new()
	_pending.append(result)
	return result


func _put_fault(turn: String) -> TurnFault:
	if _machine.ended != null:
		return _machine.ended
	var what := "this player has left the game" if _machine.is_last else TurnText.turn_fault(turn)
	return TurnFault.new(TurnFault.Kind.INVALID_REQUEST, what) if what != "" else null


func _complete(reply: Reply, now: float) -> void:
	_call = null
	if reply.silent != null:
		partner_silent = reply.silent
	_machine.complete(reply, now)


# Sends the next request if none is under way, or in place of one whose reply is held.
func _step(now: float) -> void:
	if _call != null:
		if _call.request.wait == 0 or not _machine.should_abandon():
			return
		_sender.abandon(_call, now)
		_call = null
		_machine.abandon(now)
	_machine.is_reading = _is_reading()
	match _machine.next(now):
		SeatMachine.Step.SEND:
			_call = _sender.send(_machine.request)
		SeatMachine.Step.STOP:
			_is_stopped = true
			_machine.drop()


func _is_reading() -> bool:
	return _reader != null or get_signal_connection_list("turn_received").size() > 0


func _leave() -> void:
	_is_leaving = true
	var fault := _machine.ended
	# The sender has tried for long enough.
	if fault != null and (fault.kind == TurnFault.Kind.UNREACHABLE or fault.kind == TurnFault.Kind.NOT_TURN_SERVER):
		_quit.settle(null, fault)
	else:
		_leaving = _sender.send(TurnRequest.new("5,*,%s,%d,*" % [_key, seat]))


func _complete_leaving(reply: Reply) -> void:
	_leaving = null
	# An earlier attempt whose reply was lost may have ended it, or the partner left first.
	var is_gone: bool = reply.fault != null and reply.fault.kind == TurnFault.Kind.SEAT_GONE
	_quit.settle(true, _machine.ended if is_gone or _machine.ended != null else reply.fault)


# Hands out what has happened. Whoever gets it may call this game, so state is up to date before.
func _tell() -> void:
	ended = _machine.ended
	missed = _machine.missed
	if _resumed != null and _machine.is_resumed:
		# A game that is over may still have turns to read.
		_is_told = ended != null and not _machine.has_unread()
		_resumed.settle(self, ended if _is_told else null)
		_resumed = null
		# Its owner has not seen it yet.
		return
	while _machine.has_unread() and _is_reading():
		var turn := _machine.take_unread()
		if _reader == null:
			emit_signal("turn_received", turn)
		else:
			_answer_reader(turn, null)
	if not _is_stopped or _machine.has_unread():
		return
	if _reader != null:
		_answer_reader(null, ended)
	if not _is_told and not _machine.is_last:
		_is_told = true
		emit_signal("game_ended", ended)


func _answer_reader(turn, fault) -> void:
	var reader := _reader
	_reader = null
	reader.settle(turn, fault)
	reader.announce()
