extends SceneTree
# The test program on Godot 3: see ../../README.md. Its standard input is read in a thread, by a child process: Godot 3
# has no function for it, and opens files only.

const Play = preload("play.gd")
const Vectors = preload("vectors.gd")

const READ = "dd bs=65536 count=1 | base64 -w 0"

var _input := Thread.new()
var _mutex := Mutex.new()
var _lines := []
var _is_at_end := false
var _vectors = null
var _play = null


func _init() -> void:
	# More than a game has, so that the tests do not wait for frames.
	OS.low_processor_usage_mode = false
	Engine.target_fps = 500
	if OS.get_cmdline_args()[-1] == "vectors":
		_vectors = Vectors.new()
	else:
		_play = Play.new()
		_play.connect("said", self, "_print")
		root.add_child(_play)
	_input.start(self, "_read")


func _idle(_delta: float) -> bool:
	_mutex.lock()
	var lines := _lines
	_lines = []
	var is_at_end := _is_at_end
	_mutex.unlock()
	for line in lines:
		if _play != null:
			_play.add(line)
		else:
			print(_vectors.answer(line))
	if is_at_end:
		quit()
	return false


func _finalize() -> void:
	_input.wait_to_finish()


func _print(line: String) -> void:
	print(line)


func _read(_nothing) -> void:
	var begun := PoolByteArray()
	while true:
		var output := []
		OS.execute("sh", ["-c", READ], true, output)
		if output[0] == "":
			break
		var chunk := Marshalls.base64_to_raw(output[0])
		begun.append_array(chunk)
		if chunk[chunk.size() - 1] != 10:
			continue
		var lines := Array(begun.get_string_from_utf8().split("\n", false))
		begun = PoolByteArray()
		_mutex.lock()
		_lines += lines
		_mutex.unlock()
	_mutex.lock()
	_is_at_end = true
	_mutex.unlock()
