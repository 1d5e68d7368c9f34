# Generated from the file of this name for Godot 4.
extends Reference
# Posts over Godot's HTTPClient, without threads, and uses a connection again. HTTPRequest would open a new one for
# each request, and cancel_request() with use_threads would block the game until a held reply comes.
#
# A transport of your own needs post(). What that returns has poll(), cancel(), is_done, status (0: lost), loss (why),
# headers (names in lower case) and body.

# The server closes connections that are idle for 15 s: close them before, to avoid the race.
const IDLE_MAX = 10000

# Connections as {client, origin, since}, shared with the exchanges that give them back.
var _idle := []


# One request and its reply.
class Exchange:
	extends Reference
	const TurnText = preload("turn_text.gd")
	const CHUNK_BYTES = 65536

	# Whether there is a reply, or it is lost.
	var is_done := false
	# The status; 0 if the reply is lost.
	var status := 0
	# Why it is lost.
	var loss := ""
	# The headers, with names in lower case.
	var headers := {}
	# The body, cut where it is longer than the longest one.
	var body := PoolByteArray()

	var _url: Dictionary
	var _origin: String
	var _request_headers: PoolStringArray
	var _request_body: PoolByteArray
	var _bytes_max: int
	var _idle: Array
	var _client: HTTPClient = null
	var _is_reused := false
	var _is_sent := false
	var _ends_with_connection := false

	func _init(url: String, head: PoolStringArray, content: PoolByteArray, bytes_max: int, idle: Array):
		_url = TurnText.split_url(url)
		_origin = "%s|%s|%d" % [_url.is_secure, _url.host, _url.port]
		_request_headers = head
		_request_body = content
		_bytes_max = bytes_max
		_idle = idle
		for connection in idle:
			if connection.origin == _origin and _client == null:
				_client = connection.client
				_is_reused = true
				idle.erase(connection)
				break
		if _client == null:
			_connect()

	# Sends and receives what it can without waiting.
	func poll() -> void:
		while not is_done and _advance():
			pass

	# Ends the request, if it is under way.
	func cancel() -> void:
		if not is_done:
			_lose("cancelled")

	func _connect() -> void:
		_client = HTTPClient.new()
		_client.set_read_chunk_size(CHUNK_BYTES)
		var tls = _url.is_secure
		if _client.connect_to_host(_url.host, _url.port, tls) != OK:
			_lose("no connection to %s" % _url.host)

	# Whether something has happened, so that there may be more to do.
	func _advance() -> bool:
		var before := _client.get_status()
		if before == HTTPClient.STATUS_BODY:
			return _read()
		_client.poll()
		var now := _client.get_status()
		match now:
			HTTPClient.STATUS_RESOLVING, HTTPClient.STATUS_CONNECTING, HTTPClient.STATUS_REQUESTING:
				return now != before
			HTTPClient.STATUS_BODY:
				_take_head()
			HTTPClient.STATUS_CONNECTED:
				if _is_sent:
					_take_head()
					_finish()
				else:
					_send()
			_:
				_fail(now)
		return true

	func _send() -> void:
		_is_sent = true
		if _client.request_raw(HTTPClient.METHOD_POST, _url.path, _request_headers, _request_body) != OK:
			_lose("the request cannot be sent")

	# Without poll(), which reports a server that closes the connection behind its reply as an error.
	func _read() -> bool:
		var chunk := _client.read_response_body_chunk()
		body.append_array(chunk)
		var now := _client.get_status()
		if now == HTTPClient.STATUS_CONNECTED or body.size() > _bytes_max:
			_finish()
		elif now != HTTPClient.STATUS_BODY:
			_fail(now)
		return chunk.size() > 0

	# The connection has failed or is closed.
	func _fail(now: int) -> void:
		if not _is_sent and _is_reused:
			# Closed while it was idle.
			_is_reused = false
			_connect()
		elif now == HTTPClient.STATUS_DISCONNECTED and _ends_with_connection and not _is_cut():
			_finish()
		elif now == HTTPClient.STATUS_CANT_RESOLVE:
			_lose("no such host: %s" % _url.host)
		elif now == HTTPClient.STATUS_CANT_CONNECT:
			_lose("no connection to %s" % _url.host)
		elif now == HTTPClient.STATUS_SSL_HANDSHAKE_ERROR:
			_lose("no TLS, as https:// asks for")
		else:
			_lose("the connection was closed")

	# Browsers take headers that are cut for all of them.
	func _is_cut() -> bool:
		return body.size() == 0 and not headers.has("content-length")

	func _finish() -> void:
		is_done = true
		var is_open := _client.get_status() == HTTPClient.STATUS_CONNECTED
		if not is_open or headers.get("connection", "").to_lower() == "close":
			_client.close()
			return
		_idle.append({client = _client, origin = _origin, since = OS.get_ticks_msec()})
		_client = null

	# Before the body, since the client forgets it with the connection.
	func _take_head() -> void:
		status = _client.get_response_code()
		# On the web each body ends so. Elsewhere only one of unknown length does: all others are cut.
		var has_end := _client.is_response_chunked() or _client.get_response_body_length() >= 0
		_ends_with_connection = OS.has_feature("HTML5") or not has_end
		for line in _client.get_response_headers():
			var colon: int = line.find(":")
			headers[line.substr(0, colon).to_lower()] = line.substr(colon + 1).strip_edges()

	func _lose(why: String) -> void:
		status = 0
		loss = why
		is_done = true
		_client.close()


# Posts a body; the result is complete once is_done is true. Call its poll() in each frame.
func post(url: String, headers: PoolStringArray, body: PoolByteArray, bytes_max: int) -> Exchange:
	var now := OS.get_ticks_msec()
	while _idle.size() > 0 and now - _idle[0].since > IDLE_MAX:
		_idle.pop_front().client.close()
	return Exchange.new(url, headers, body, bytes_max, _idle)
