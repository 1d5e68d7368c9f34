namespace TurnServer.Bench;

/// <summary>A benchmark or load test cannot be run or has failed; the message, without a full stop, says why.</summary>
internal sealed class BenchException(string message) : Exception(message);
