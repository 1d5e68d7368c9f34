extends Node
## The test program on Godot 4, in a web page: see godot4.js, whose page has the functions that are called here.

const Play = preload("res://tests/play.gd")
const Vectors = preload("res://tests/vectors.gd")

var _vectors = null
var _play = null


func _ready() -> void:
	if OS.get_cmdline_user_args()[0] == "vectors":
		_vectors = Vectors.new()
	else:
		_play = Play.new()
		_play.said.connect(_print)
		add_child(_play)


func _process(_delta: float) -> void:
	var lines = JavaScriptBridge.eval("takeLines()")
	for line in lines.split("\n", false):
		if _play != null:
			_play.add(line)
		else:
			_print(_vectors.answer(line))


func _print(line: String) -> void:
	print("> ", line)
