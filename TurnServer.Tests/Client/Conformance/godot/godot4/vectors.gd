extends RefCounted
## The mode `vectors` of the test program: answers each command with one line.

const Line = preload("program_line.gd")
const Reply = preload("res://addons/turnserver/server_reply.gd")
const SeatMachine = preload("res://addons/turnserver/seat_machine.gd")
const TurnFault = preload("res://addons/turnserver/turn_fault.gd")
const TurnOptions = preload("res://addons/turnserver/turn_options.gd")
const TurnResult = preload("res://addons/turnserver/turn_result.gd")

var _options: TurnOptions
var _key: String
var _seat: int
var _machine: SeatMachine
var _now := 0.0
var _sent := {}


func answer(line: String) -> String:
	var fields := line.split(" ")
	match fields[0]:
		"new":
			_options = TurnOptions.new()
			_options.wait = float(fields[3])
			_options.keep_alive = float(fields[4])
			_options.poll_interval = float(fields[5])
			_options.saves_each_turn = fields[6] == "1"
			_key = fields[1]
			_seat = int(fields[2])
			_begin({})
		"resume":
			_begin({
				counter = int(fields[1]), taken = int(fields[2]), received = int(fields[3]),
				last = Line.decode_list(fields[4]), unsent = Line.decode_list(fields[5]),
				unread = Line.decode_list(fields[6]),
			})
		"send":
			var turn := Line.decode(fields[1])
			_sent[turn] = TurnResult.new()
			_machine.put(turn, _sent[turn])
		"post":
			_machine.put(Line.decode(fields[1]))
		"receive":
			_machine.is_reading = true
		"quit":
			_machine.is_last = true
		"saved":
			_machine.saved_received = _machine.received
		"elapse":
			_now += float(fields[1])
		"reply":
			return _reply(fields)
		"unreachable":
			var lost := Reply.new()
			lost.fault = TurnFault.new(TurnFault.Kind.UNREACHABLE, "lost")
			_machine.complete(lost, _now)
		"abandon":
			if not _machine.should_abandon():
				return "error it%20does%20not%20abandon%20the%20reply"
			_machine.abandon(_now)
		_:
			return _query(fields)
	return "ok"


func _begin(saved: Dictionary) -> void:
	_now = 0.0
	_sent = {}
	_machine = SeatMachine.new(_options, _key, _seat, _now, saved)


func _reply(fields) -> String:
	var names := ["turn-counter", "turns-taken", "turns-acknowledged"]
	var headers := {}
	if fields[2] == "1":
		headers["preference-applied"] = "wait=1"
	for i in range(3):
		if fields[3 + i] != "-":
			headers[names[i]] = fields[3 + i]
	var reply := Reply.new()
	if not reply.parse(Line.decode(fields[1]).to_utf8_buffer(), headers):
		return "error this%20is%20not%20a%20reply"
	_machine.complete(reply, _now)
	return "ok"


func _query(fields) -> String:
	match fields[0]:
		"next":
			return _next()
		"read":
			var turns := ""
			while _machine.has_unread():
				turns += "|" + _machine.take_unread()
			_machine.is_reading = false
			return "turns " + Line.encode(turns.substr(1))
		"save":
			var numbers := "%d %d %d" % [_machine.counter, _machine.taken, _machine.received]
			return "save %s %s %s %s" % [numbers, _list(_machine.last), _list(_machine.unsent()),
				_list(_machine.unread())]
		"outcome":
			var result: TurnResult = _sent[Line.decode(fields[1])]
			if not result.is_settled:
				return "pending"
			return "taken" if result.fault == null else "refused"
		"ended":
			return "ended %d" % (_machine.ended.error if _machine.ended != null else 0)
		"missed":
			return "missed %d" % _machine.missed
	return "error not%20a%20command"


func _next() -> String:
	match _machine.next(_now):
		SeatMachine.Step.SEND:
			var request := _machine.request
			var received := str(request.received_bytes) if request.received_bytes >= 0 else "-"
			return "request %s %s %s" % [Line.encode(request.body), _seconds(request.wait), received]
		SeatMachine.Step.PAUSE:
			return "pause " + _seconds(_machine.pause)
	_machine.drop()
	return "stop"


static func _list(turns: Array) -> String:
	var joined := ""
	for turn in turns:
		joined += "|" + turn
	return Line.encode(joined.substr(1))


# Without the errors of sums of floats.
static func _seconds(value: float) -> String:
	var microseconds := int(round(value * 1000000.0))
	return ("%d.%06d" % [microseconds / 1000000, microseconds % 1000000])
