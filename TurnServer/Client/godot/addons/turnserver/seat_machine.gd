extends RefCounted
## The rules for one seat of a game, without I/O and clock: which request to send next, and what a reply means.
##
## An update acknowledges the previous block, and a late copy of an earlier update may still reach the server and add to
## that block. So each update says how much of the last block has arrived (PROTOCOL.md, "Saying what has arrived").
## That also allows a turn to go out while a reply is held: the held reply is abandoned and its data comes again.

const Reply = preload("server_reply.gd")
const TurnFault = preload("turn_fault.gd")
const TurnRequest = preload("turn_request.gd")
const TurnText = preload("turn_text.gd")

## What to do next.
enum Step { SEND, PAUSE, STOP }

enum State {
	IDLE,
	UPDATING,  # The update is under way.
	CONFIRMING,  # The server lacks an abandoned update: sends the abandoned ones again first.
	FULL,  # The partner's backlog has no room for the update.
	REPEATING,  # Repeats the last update to collect the partner's turns; this acknowledges nothing.
	FREEING,  # Sends an empty update under the refused update's counter, to acknowledge.
	RESUMING,  # Asks for the last counter, and for how many turns the server has taken.
}

const BACKLOG_BYTES_MAX = 131072
# With more than this in the block, the partner's longest update may be refused.
const NEARLY_FULL_BYTES = BACKLOG_BYTES_MAX - 16384
# No seat reaches it: the refusal says which counter was the last (PROTOCOL.md, "Coming back").
const UNREACHABLE_COUNTER = "9223372036854775807"
# How many counters after the last known one an earlier process may have used: of an abandoned update, and the next.
const UNDER_WAY_MAX = 2
# Pauses before an update is repeated while the partner's backlog is full.
const FULL_PAUSE_FIRST = 0.002
const FULL_PAUSE_LONGEST = 0.25

const CANNOT_RESUME = ("the server does not say what it has taken: it, or its part of this game, is older than this "
		+ "client")
const SERVER_BEHIND = "the server has lost turns that it had taken"

## The request to send, after Step.SEND.
var request: TurnRequest = null
## How long to wait unless something happens, in seconds, after Step.PAUSE.
var pause := 0.0
## Why the game is over; null while it continues.
var ended: TurnFault = null
## Whether the game waits for a turn of the partner's.
var is_reading := false
## Whether this player sends nothing more.
var is_last := false
## Whether a saved game is resumed, or over.
var is_resumed := false
## The last counter taken; -1 before the first.
var counter := -1
## How many turns the server has taken, and the last of them, in case the server has lost them.
var taken := 0
var last := []
## How many of the partner's turns have arrived, and how many of them are in the last saved game (-1: none was saved).
var received := 0
var saved_received := -1
## How many of the partner's turns are missing in a resumed game.
var missed := 0

var _options
var _tail: String
var _state: int = State.IDLE
# The next update to be accepted, and the last accepted one.
var _update: TurnRequest = null
var _last_accepted: TurnRequest = null
# Updates whose replies were abandoned; the next update assumes that they were taken.
var _unconfirmed := []
var _confirmed_count := 0
# The turns that the server has not taken, as {text, result}; the first of them travel with the update under way.
var _turns := []
var _batch_count := 0
# Lowered once the server, or a proxy in front of it, has refused a longer one.
var _batch_bytes_max: int = TurnText.TURN_BYTES_MAX
# The partner's turns that have not been read begin at this index.
var _unread := []
var _first_unread := 0
var _unread_bytes := 0
# The lengths of the turns of the last counter's block that have arrived. It follows the acknowledged turns, and begins
# with turns that were known before the game was resumed.
var _block := []
var _acknowledged := 0
var _known := 0
# Empty updates come first, up to this counter: once it is taken, no late update of an earlier process can be.
var _fence := -1
var _can_hold := true
var _last_heard_at := 0.0
var _full_pause := 0.0
var _retry_at := 0.0


## options is a TurnOptions; saved has the fields of a saved game, or none.
func _init(options, key: String, seat: int, now: float, saved: Dictionary = {}):
	_options = options
	_tail = ",%s,%d," % [key, seat]
	_last_heard_at = now
	if saved.size() == 0:
		return
	counter = saved.counter
	_fence = counter + UNDER_WAY_MAX
	taken = saved.taken
	last = saved.last
	for turn in saved.unsent:
		put(turn)
	for turn in saved.unread:
		_add_unread(turn, turn.to_utf8_buffer().size())
	received = saved.received
	saved_received = received
	_ask_what_was_taken()


## Queues a turn. The result learns whether the server takes it; without one, a turn that is too long ends the game.
func put(turn: String, result = null) -> void:
	_turns.append({text = turn, result = result})


## The turns that the server has not taken.
func unsent() -> Array:
	return _texts(_turns.size())


## The partner's turns that have not been read.
func unread() -> Array:
	var turns := []
	for i in range(_first_unread, _unread.size()):
		turns.append(_unread[i])
	return turns


func has_unread() -> bool:
	return _first_unread < _unread.size()


## The partner's next turn.
func take_unread() -> String:
	var turn: String = _unread[_first_unread]
	_unread[_first_unread] = null
	_first_unread += 1
	_unread_bytes -= turn.to_utf8_buffer().size() + 1
	if not has_unread():
		_unread = []
		_first_unread = 0
		_unread_bytes = 0
	return turn


## Whether to abandon the held reply, because there is something to send.
func should_abandon() -> bool:
	return _turns.size() > _batch_count or is_last


## What to do next: a Step.
func next(now: float) -> int:
	if _state == State.IDLE:
		return _begin(now)
	if _state == State.FULL and now < _retry_at:
		return _pause_for(_retry_at - now)
	if _state == State.FULL and _has_room() and counter >= 0:
		return _go(State.REPEATING, _last_accepted)
	if _state == State.FULL:
		return _send_update()
	return Step.SEND


## The request of the last step has been answered, or has failed for good.
func complete(reply: Reply, now: float) -> void:
	if request.wait > 0:
		# With other codes * is a turn.
		var is_empty := reply.code == Reply.NO_DATA or reply.code == Reply.REDUNDANT and reply.is_asterisk()
		_can_hold = reply.is_held or _can_hold and not is_empty
	match _state:
		State.UPDATING:
			_complete_update(reply, now)
		State.CONFIRMING:
			_confirm(reply, now)
		State.REPEATING:
			_complete_repetition(reply, now)
		State.FREEING:
			_free_counter(reply, now)
		State.RESUMING:
			_resume(reply, now)


## The request of the last step, whose reply was held, has been abandoned.
func abandon(now: float) -> void:
	request = _without_wait(request)
	# The result of these turns must be known before others are sent.
	if _batch_count > 0:
		return
	_unconfirmed.append(request)
	var assumed := Reply.new()
	assumed.code = Reply.NO_DATA
	_finish(assumed, now)


## Tells senders that the game is over.
func drop() -> void:
	for turn in _turns:
		if turn.result != null and not turn.result.is_settled:
			turn.result.settle(null, ended)


func _go(state: int, next_request: TurnRequest) -> int:
	_state = state
	request = next_request
	return Step.SEND


func _pause_for(seconds: float) -> int:
	pause = seconds
	return Step.PAUSE


func _begin(now: float) -> int:
	if ended != null or is_last and _turns.size() == 0:
		return Step.STOP
	# Nothing is sent before the first save: until then the registration's token leads back to the game.
	if _options.saves_each_turn and saved_received < 0 and not is_last:
		return _pause_for(_options.keep_alive)
	if counter < _fence:
		return _start_update(0.0)
	if _turns.size() > 0 and (_has_room() or is_last):
		_full_pause = FULL_PAUSE_FIRST
		# Ask for a held reply only if neither a sender nor further turns wait for this update's result.
		var is_awaited := _take_batch() or _turns.size() > _batch_count or is_last
		return _start_update(0.0 if is_awaited else _options.held_wait())
	var is_waiting := is_reading and not has_unread()
	# No reply is held while there are turns that no saved game has.
	var can_receive := _has_room() and _acknowledgeable() == _block.size()
	var silence := _silence_max(is_waiting and can_receive) - (now - _last_heard_at)
	if silence > 0:
		return _pause_for(silence)
	if counter >= 0 and not can_receive:
		return _go(State.REPEATING, _last_accepted)
	return _start_update(_options.held_wait() if is_waiting else 0.0)


# How long to send nothing after the last reply.
func _silence_max(is_waiting: bool) -> float:
	if not is_waiting:
		return _options.keep_alive
	if _can_hold and _options.held_wait() > 0:
		return 0.0
	return min(_options.poll_interval, _options.keep_alive)


# Whether there is room for another block: there is never more than this and one more.
func _has_room() -> bool:
	return _unread_bytes < BACKLOG_BYTES_MAX


# How many turns of the block the next update acknowledges: with saves_each_turn, none that no saved game has.
func _acknowledgeable() -> int:
	# A resumed game takes no further blocks while there is no room.
	if counter < _fence and not _has_room():
		return 0
	if not _options.saves_each_turn:
		return _block.size()
	return int(clamp(saved_received - _acknowledged, 0, _block.size()))


# How many bytes the block's first turns fill.
func _bytes_of(turn_count: int) -> int:
	var bytes := -1
	for i in range(turn_count):
		bytes += _block[i] + 1
	return bytes if turn_count > 0 else 0


# Moves the next turn, and as many more as fit, to the batch. Returns whether a sender waits for one of them.
func _take_batch() -> bool:
	var is_awaited := false
	var bytes := 0
	while _batch_count < _turns.size():
		var turn: Dictionary = _turns[_batch_count]
		var length: int = turn.text.to_utf8_buffer().size()
		if _batch_count > 0 and bytes + length > _batch_bytes_max:
			break
		bytes += length + 1
		_batch_count += 1
		is_awaited = is_awaited or turn.result != null
	return is_awaited


func _texts(count: int) -> Array:
	var texts := []
	for i in range(count):
		texts.append(_turns[i].text)
	return texts


func _joined_batch() -> String:
	var joined := ""
	for i in range(_batch_count):
		joined += ("|" if i > 0 else "") + _turns[i].text
	return joined


func _start_update(wait: float) -> int:
	_update = _compose(_joined_batch(), wait)
	return _send_update()


func _send_update() -> int:
	_confirmed_count = 0
	return _resend_update()


# Not held any more once other turns wait for its result.
func _resend_update() -> int:
	return _go(State.UPDATING, _without_wait(_update) if should_abandon() else _update)


func _compose(data: String, wait: float) -> TurnRequest:
	var turn_count := _acknowledgeable() if counter >= 0 else 0
	var bytes := _bytes_of(turn_count) if counter >= 0 else -1
	return TurnRequest.new("6,%s%s%d" % [data, _tail, counter + 1], wait, bytes, turn_count)


func _without_wait(held: TurnRequest) -> TurnRequest:
	return TurnRequest.new(held.body, 0.0, held.received_bytes, held.received_turns)


func _complete_update(reply: Reply, now: float) -> void:
	if _confirmed_count == 0 and _unconfirmed.size() > 0 and reply.error == Reply.AHEAD:
		_go(State.CONFIRMING, _unconfirmed[0])
	elif _is_overtaken(reply):
		_ask_what_was_taken()
	else:
		# Length is checked before the counter: this refusal tells nothing about earlier updates.
		if reply.error != Reply.TOO_LONG:
			_unconfirmed = []
		_finish(reply, now)


func _confirm(reply: Reply, now: float) -> void:
	_confirmed_count += 1
	# Behind: this update arrived late after all, and then a late copy of the refused one was accepted.
	if reply.fault != null and reply.error != Reply.BEHIND:
		_finish(reply, now)
	elif _confirmed_count < _unconfirmed.size():
		_go(State.CONFIRMING, _unconfirmed[_confirmed_count])
	else:
		_resend_update()


func _finish(reply: Reply, now: float) -> void:
	if _batch_count > 0 and reply.error == Reply.BACKLOG_FULL:
		# A late copy of the update may still be taken, so the very same update is repeated until it is
		# (PROTOCOL.md, "Rules for clients").
		_state = State.FULL
		_retry_at = now + _full_pause
		_full_pause = min(2 * _full_pause, FULL_PAUSE_LONGEST)
	elif _batch_count > 1 and reply.error == Reply.TOO_LONG:
		# For the server or a proxy: the turns are split up.
		_last_heard_at = now
		_batch_bytes_max = _batch_bytes() >> 1
		_return_batch()
	elif _batch_count == 1 and reply.error == Reply.TOO_LONG and _turns[0].result != null:
		_last_heard_at = now
		_complete_batch(reply.fault)
	else:
		_take(_update, reply, now)
		_complete_batch(reply.fault)


func _batch_bytes() -> int:
	return _joined_batch().to_utf8_buffer().size() - (_batch_count - 1)


func _complete_repetition(reply: Reply, now: float) -> void:
	if _batch_count == 0 and _is_overtaken(reply):
		_ask_what_was_taken()
		return
	# The refused update has been taken after all; repeating it will show that.
	var is_taken: bool = _batch_count > 0 and reply.error == Reply.BEHIND
	if not is_taken:
		_deliver(reply, now)
	if _batch_count == 0 or ended != null:
		is_resumed = true
		_complete_batch(ended)
	elif not is_taken and reply.taken != null and _acknowledgeable() > 0 and _is_nearly_full():
		# Both backlogs may be full, and only an update that is taken acknowledges (PROTOCOL.md, "Rules for clients").
		_go(State.FREEING, _compose("", 0.0))
	else:
		_send_update()


# Whether the partner may be unable to send until this block is acknowledged.
func _is_nearly_full() -> bool:
	return _bytes_of(_block.size()) > NEARLY_FULL_BYTES


func _free_counter(reply: Reply, now: float) -> void:
	if reply.taken != null and reply.taken > taken:
		# The refused update has been taken after all: repeating it gets its block.
		_send_update()
		return
	_take(request, reply, now)
	if ended != null:
		_complete_batch(ended)
	else:
		# The counter has carried an empty update, so the turns go out under the next one.
		_return_batch()


func _ask_what_was_taken() -> void:
	_go(State.RESUMING, TurnRequest.new("6," + _tail + UNREACHABLE_COUNTER))


# Whether a late update of an earlier process has been taken meanwhile, beyond the counter of this request.
func _is_overtaken(reply: Reply) -> bool:
	return counter < _fence and reply.error == Reply.BEHIND


# The refusal says where the game stands; then the last block comes again.
func _resume(reply: Reply, now: float) -> void:
	_last_heard_at = now
	_state = State.IDLE
	if reply.counter == null or reply.taken == null:
		var is_older: bool = reply.fault == null or reply.error == Reply.AHEAD
		ended = TurnFault.new(TurnFault.Kind.OUT_OF_STEP, CANNOT_RESUME) if is_older else reply.fault
	elif _set_taken(reply.taken):
		counter = reply.counter
		_fence = counter + UNDER_WAY_MAX if counter + UNDER_WAY_MAX > _fence else _fence
		_acknowledged = reply.acknowledged
		_block = []
		_known = received - _acknowledged if received > _acknowledged else 0
		if _acknowledged > received:
			missed += _acknowledged - received
			received = _acknowledged
		_last_accepted = TurnRequest.new("6,%s%d" % [_tail, counter])
		if counter >= 0:
			_go(State.REPEATING, _last_accepted)
	is_resumed = is_resumed or _state == State.IDLE


func _take(update: TurnRequest, reply: Reply, now: float) -> void:
	if reply.fault == null:
		counter += 1
		_last_accepted = _without_wait(update)
		if reply.code == Reply.REDUNDANT and reply.taken != null:
			# This counter was taken before: by this update, or by one that an earlier process sent under it.
			_acknowledge(int(clamp(reply.acknowledged - _acknowledged, 0, _block.size())))
			_set_taken(reply.taken)
		else:
			_acknowledge(update.received_turns)
	_deliver(reply, now)


# The rest of the block begins the next one.
func _acknowledge(turn_count: int) -> void:
	_acknowledged += turn_count
	_known = _known - turn_count if _known > turn_count else 0
	var rest := []
	for i in range(turn_count, _block.size()):
		rest.append(_block[i])
	_block = rest


# A block only grows: whatever follows the turns that have arrived is new.
func _deliver(reply: Reply, now: float) -> void:
	_last_heard_at = now
	if reply.fault != null:
		ended = reply.fault
		return
	# As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are acknowledged, a
	# real turn comes again.
	if reply.code == Reply.NO_DATA or reply.code == Reply.REDUNDANT and reply.is_asterisk():
		return
	var from := _bytes_of(_block.size()) + 1 if _block.size() > 0 else 0
	while from <= reply.data.size():
		var end := TurnText.find_separator(reply.data, from)
		_block.append(end - from)
		if _block.size() > _known:
			_add_unread(TurnText.decode(TurnText.slice(reply.data, from, end)), end - from)
		from = end + 1


func _add_unread(turn: String, length: int) -> void:
	_unread.append(turn)
	_unread_bytes += length + 1
	received += 1


# Puts the batch back, ahead of all other turns.
func _return_batch() -> void:
	_batch_count = 0
	_state = State.IDLE


# The server has taken the whole batch, or refused it.
func _complete_batch(refusal: TurnFault) -> void:
	var count := _batch_count
	_return_batch()
	if count == 0:
		return
	if refusal == null:
		taken += count
		last = _texts(count)
	# If the game is over, its turns stay for a saved game: who could not reach the server may come back.
	var stays := refusal != null and refusal.error != Reply.TOO_LONG
	var rest := []
	for i in range(_turns.size()):
		var turn = _turns[i]
		if i >= count:
			rest.append(turn)
			continue
		if stays:
			rest.append({text = turn.text, result = null})
		if turn.result != null:
			turn.result.settle(refusal == null, refusal)
	_turns = rest


# The server says how many turns it has taken since the game began. Returns false if it has lost more than are known.
func _set_taken(count: int) -> bool:
	var lost := taken - count
	if lost > last.size():
		_batch_count = 0
		ended = TurnFault.new(TurnFault.Kind.OUT_OF_STEP, SERVER_BEHIND)
		return false
	for i in range(lost):
		_turns.push_front({text = last[last.size() - 1 - i], result = null})
	if lost > 0:
		last = []
	_batch_count = int(clamp(-lost, 0, _turns.size()))
	_complete_batch(null)
	# More may have been taken than were saved.
	taken = count
	return true
