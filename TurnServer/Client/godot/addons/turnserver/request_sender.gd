extends RefCounted
## Sends requests, and repeats the same bytes until a reply comes: requests are idempotent (PROTOCOL.md).

const Reply = preload("server_reply.gd")
const TurnFault = preload("turn_fault.gd")

# The longest reply is a full block.
const REPLY_BYTES_MAX = 131072 + 64
# The reply of an abandoned request is most often on its way: waiting for it keeps the connection open.
const ABANDON_GRACE = 1.0
# Do not wait for hours because a proxy says so.
const RETRY_AFTER_MAX = 5
# The first and the last reply code that can answer each symbol. The old server answers 1 and 5 with 10.
const ANSWERS = [[0, 0], [1, 10], [2, 4], [5, 6], [7, 8], [1, 10], [9, 11]]

## Where to send to.
var url := ""

var _options
var _transport
var _calls := []
var _random := RandomNumberGenerator.new()


## A request under way.
class Call:
	extends RefCounted
	## The TurnRequest.
	var request
	## The last ServerReply, with a fault if the request has failed for good; null until then.
	var reply = null
	var is_abandoned := false
	## When to send it again.
	var at := 0.0
	var pause := 0.0
	## When it was first known to be lost; -1 before.
	var failed_at := -1.0
	var exchange = null
	var deadline := 0.0

	func _init(call_request, send_at: float):
		request = call_request
		at = send_at


## options is a TurnOptions. For transport see http_transport.gd.
func _init(options, transport):
	_options = options
	_transport = transport
	_random.randomize()


## Sends a TurnRequest in the next update(), or at that time.
func send(request, at: float = 0.0) -> Call:
	var call := Call.new(request, at)
	_calls.append(call)
	return call


## Ignores the reply of a call.
func abandon(call: Call, now: float) -> void:
	call.is_abandoned = true
	call.deadline = min(call.deadline, now + ABANDON_GRACE)


## Sends and receives.
func update(now: float) -> void:
	var calls := _calls
	_calls = []
	for call in calls:
		if _advance(call, now):
			_calls.append(call)


# Whether the call is still under way.
func _advance(call: Call, now: float) -> bool:
	if call.exchange == null:
		if call.is_abandoned:
			return false
		if now < call.at:
			return true
		_attempt(call, now)
	call.exchange.poll()
	var reply := _lost("no answer within %d s" % int(_options.reply_timeout + call.request.wait))
	if call.exchange.is_done:
		reply = _judge(call.request, call.exchange)
	elif now < call.deadline:
		return true
	call.exchange.cancel()
	call.exchange = null
	if call.is_abandoned:
		return false
	if reply.is_unsettled and _will_repeat(call, reply, now):
		return true
	call.reply = reply
	return false


func _attempt(call: Call, now: float) -> void:
	var headers := ["Content-Type: text/plain"]
	if call.request.wait > 0:
		headers.append("Prefer: wait=%d" % int(call.request.wait))
	if call.request.received_bytes >= 0:
		headers.append("Turn-Received: %d" % call.request.received_bytes)
	call.deadline = now + _options.reply_timeout + call.request.wait
	var body: PackedByteArray = call.request.body.to_utf8_buffer()
	call.exchange = _transport.post(url, PackedStringArray(headers), body, REPLY_BYTES_MAX)


func _will_repeat(call: Call, reply: Reply, now: float) -> bool:
	# Counted from when it was known to be lost: a held reply is given up late.
	if call.failed_at < 0:
		call.failed_at = now
	# With jitter, so that after a restart of the server not all clients come back at the same instant.
	call.at = now + min(reply.retry_after, RETRY_AFTER_MAX) + call.pause * _random.randf_range(0.5, 1.0)
	call.pause = min(2 * call.pause, _options.longest_pause) if call.pause > 0 else _options.first_pause
	return call.at - call.failed_at <= _options.patience


static func _judge(request, exchange) -> Reply:
	if exchange.status == 0:
		return _lost(exchange.loss)
	var status: int = exchange.status
	var reply := Reply.new()
	if exchange.body.size() > REPLY_BYTES_MAX or not reply.parse(exchange.body, exchange.headers):
		return _judge_page(status, exchange.headers)
	var answers: Array = ANSWERS[int(request.body.substr(0, 1))]
	if reply.fault == null and (reply.code < answers[0] or reply.code > answers[1]):
		return _not_turn_server("it answers %d to %s" % [reply.code, request.body.substr(0, 1)])
	return reply


# An answer that is not a reply of the protocol.
static func _judge_page(status: int, headers: Dictionary) -> Reply:
	# From a proxy whose server is down for a moment, or that limits this address's rate.
	if status >= 500 and status != 501 or status == 408 or status == 429:
		return _lost("the answer was %d" % status)
	# From a proxy whose limit is lower than the server's.
	if status == 413:
		var reply := Reply.new()
		reply.refuse(Reply.TOO_LONG)
		return reply
	if headers.has("location"):
		return _not_turn_server("it redirects to " + headers.location)
	return _not_turn_server("it answers %d, but not like a turn server" % status)


static func _lost(why: String) -> Reply:
	var reply := Reply.new()
	reply.fault = TurnFault.new(TurnFault.Kind.UNREACHABLE, "the server cannot be reached: " + why)
	reply.is_unsettled = true
	return reply


static func _not_turn_server(why: String) -> Reply:
	var reply := Reply.new()
	reply.fault = TurnFault.new(TurnFault.Kind.NOT_TURN_SERVER, "this is not a turn server: " + why)
	return reply
