extends RefCounted
## What a call leads to. Wait for it with `await call().completed`, in Godot 3 with `yield(call(), "completed")`.

## Emitted once, with this result, never before the next frame.
signal completed(result)

## The value; null if there is a fault.
var value = null
## A TurnFault; null if the call has succeeded.
var fault = null
## Whether value or fault is set. The signal follows.
var is_settled := false


## Sets the value, or the fault.
func settle(with_value, with_fault = null) -> void:
	value = with_value if with_fault == null else null
	fault = with_fault
	is_settled = true


## Emits the signal.
func announce() -> void:
	emit_signal("completed", self)
