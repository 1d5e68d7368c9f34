# Generated from the file of this name for Godot 4.
extends Reference
# Timeouts and intervals of a client, in seconds. The defaults suit a phone.

# How long the server may hold a reply that has no news, rounded down to whole seconds; 0: the client polls. Keep the
# sum of this and reply_timeout below the server's timeouts (25 s and 30 s).
var wait := 15.0
# How often to poll a server that does not hold replies.
var poll_interval := 1.0
# How long a seat sends nothing while it neither waits for turns nor has any to send.
var keep_alive := 5.0
# Whether the app stores TurnGame.save() after each turn that it has read. Then nothing is sent before the first save,
# and turns that no saved game has are not acknowledged: an app that is killed at any moment misses none.
var saves_each_turn := false
# When a request counts as lost, in addition to the time for which its reply may be held.
var reply_timeout := 5.0
# How long to repeat a lost request, counted from when the first attempt was given up.
var patience := 30.0
# The pause before the second repetition; each further pause is twice as long. The first repetition is immediate.
var first_pause := 0.05
# The longest pause between repetitions.
var longest_pause := 2.0


# wait, as the header Prefer has it.
func held_wait() -> float:
	return floor(wait)
