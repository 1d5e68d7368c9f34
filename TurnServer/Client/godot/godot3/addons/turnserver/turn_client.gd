# Generated from the file of this name for Godot 4.
extends Node
# One player: registers, pairs, loads and plays. Add it to the scene tree, where it works in each frame, also while the
# game is paused; keep it there until the game is over. Each method but waits returns a TurnResult at once.

const HttpTransport = preload("http_transport.gd")
const RequestSender = preload("request_sender.gd")
const SavedGame = preload("saved_game.gd")
const Reply = preload("server_reply.gd")
const TurnFault = preload("turn_fault.gd")
const TurnGame = preload("turn_game.gd")
const TurnOptions = preload("turn_options.gd")
const TurnRequest = preload("turn_request.gd")
const TurnResult = preload("turn_result.gd")
const TurnText = preload("turn_text.gd")

# The server, such as http://localhost:8080/
var url := ""
# Timeouts and intervals.
var options := TurnOptions.new()
# The token of the last registration; "" before. Registering with it again before the game begins, even from another
# process, keeps the place in the queue. Only one player may use it at a time.
var token := ""
# The game; null before.
var game: TurnGame = null

var _sender: RequestSender
# Results that have not been announced.
var _pending := []
var _pairing_key := ""
var _pairing := {}
# The request before the game that is under way, what it leads to, and the method that takes its reply.
var _call = null
var _result: TurnResult = null
var _handler := ""
var _no_news := -1
var _sent_at := 0.0


func _init(transport = null):
	_sender = RequestSender.new(options, transport if transport != null else HttpTransport.new())
	pause_mode = Node.PAUSE_MODE_PROCESS


func _process(_delta: float) -> void:
	update()


# Sends, receives and emits signals. Called in each frame; call it yourself while the game blocks the main loop.
func update() -> void:
	_sender.update(_now())
	if _call != null and _call.reply != null:
		_take_reply(_call.reply)
	if game != null:
		game.update(_now())
	# What was just sent goes out in this frame.
	_sender.update(_now())
	for result in _pending.duplicate():
		if result.is_settled:
			_pending.erase(result)
			result.announce()


# Registers to wait for a partner. player_name: 1 to 64 characters, no control characters, no comma. partner: the name
# of the only partner wanted. pool: to be paired within. own_token: one that was used before. The value is the token.
func register(player_name: String, partner: String = "", pool: String = "", own_token: String = "") -> TurnResult:
	var name_sent := TurnText.trim(player_name)
	var partner_sent := TurnText.trim(partner)
	var fault := _registration_fault(name_sent, partner_sent, pool)
	if fault != null:
		return _settled(fault)
	token = own_token if own_token != "" else TurnText.create_token()
	var key := "*" if pool == "" else "*#" + pool
	return _ask("0,%s,%s,%s,%s" % [name_sent, key, partner_sent if partner != "" else "*", token], "_take_registration")


# Waits for a partner, without a timeout; may be called again at any time before the game. The value is a Dictionary:
# partner, the name, and is_host.
func pair() -> TurnResult:
	return _ask_registered(2, "_take_pairing", Reply.PAIRING)


# Tells the server that this player is loading.
func load() -> TurnResult:
	return _ask_registered(3, "_take_success")


# Tells the server that this player is ready, and waits until the partner is. The value is the TurnGame.
func play() -> TurnResult:
	return _ask_registered(4, "_take_game", Reply.PARTNER_LOAD)


# Gives up the registration, in place of the call under way, whose result stays open.
func unregister() -> TurnResult:
	return _ask_registered(1, "_take_success")


# Comes back to a game that was saved, in this process or another. The value is the TurnGame; the fault says why it is
# over, or that the text is not a saved game.
func resume(text: String) -> TurnResult:
	var saved := SavedGame.new().read(text)
	if saved.has("error"):
		return _settled(TurnFault.new(TurnFault.Kind.INVALID_REQUEST, saved.error))
	_sender.url = saved.url
	game = TurnGame.new(options, _sender, _pending, _now(), saved, saved)
	return game.resume()


static func _now() -> float:
	return OS.get_ticks_msec() / 1000.0


func _registration_fault(player_name: String, partner: String, pool: String) -> TurnFault:
	var what := TurnText.url_fault(url)
	if what != "":
		return TurnFault.new(TurnFault.Kind.INVALID_REQUEST, what)
	# The server would take a comma for the start of another field.
	if player_name.find(",") >= 0:
		return Reply.fault_of(7)
	if partner == "*" or partner.find(",") >= 0:
		return Reply.fault_of(16)
	if pool != "" and not TurnText.is_pool(pool):
		var rule := "invalid pool: 1 to 32 visible ASCII characters, no comma and no #"
		return TurnFault.new(TurnFault.Kind.INVALID_REQUEST, rule, 4, 3)
	return null


func _settled(fault: TurnFault) -> TurnResult:
	var result := TurnResult.new()
	result.settle(null, fault)
	_pending.append(result)
	return result


func _ask_registered(symbol: int, handler: String, no_news: int = -1) -> TurnResult:
	if _pairing_key == "":
		return _settled(TurnFault.new(TurnFault.Kind.INVALID_REQUEST, "this player is not registered: register first"))
	return _ask("%d,*,%s,*,*" % [symbol, _pairing_key], handler, no_news)


# Sends a request of those before the game, in place of the one under way; with no_news, until the reply is another.
func _ask(body: String, handler: String, no_news: int = -1) -> TurnResult:
	if _call != null:
		_sender.abandon(_call, _now())
		_pending.erase(_result)
	_sender.url = url
	_result = TurnResult.new()
	_pending.append(_result)
	_handler = handler
	_no_news = no_news
	_send(body, _now())
	return _result


func _send(body: String, at: float) -> void:
	_sent_at = at
	_call = _sender.send(TurnRequest.new(body, options.held_wait() if _no_news >= 0 else 0.0), at)


func _take_reply(reply: Reply) -> void:
	var body: String = _call.request.body
	_call = null
	if reply.fault == null and reply.code == _no_news:
		# The server does not hold replies, or a second client of this player answers this one's held reply.
		_send(body, max(_sent_at + options.poll_interval, _now()))
		return
	# An earlier attempt to unregister may have succeeded, and its reply was lost.
	var is_gone: bool = reply.fault != null and reply.fault.kind == TurnFault.Kind.REGISTRATION_GONE
	if reply.fault != null and not (is_gone and body.begins_with("1,")):
		_result.settle(null, reply.fault)
	else:
		_result.settle(call(_handler, reply))


func _take_success(_reply: Reply):
	return true


func _take_registration(reply: Reply):
	_pairing_key = reply.text()
	return token


func _take_pairing(reply: Reply):
	_pairing = {partner = reply.text(), is_host = reply.code == Reply.START_SERVER}
	return _pairing


func _take_game(reply: Reply):
	var fields := reply.text().split("|")
	game = TurnGame.new(options, _sender, _pending, _now(), {
		key = fields[0], seat = int(fields[fields.size() - 1]), partner = _pairing.partner, isHost = _pairing.is_host,
	})
	return game
