namespace TurnServer.Bench.Rivals;

/// <summary>Results of one run of one server.</summary>
/// <param name="PerSecond">Turns a second.</param>
/// <param name="CpuMicroseconds">The server's CPU time for each.</param>
/// <param name="ClientMicroseconds">The client's CPU time for each.</param>
/// <param name="P50Milliseconds">From sending a turn to its arrival: the median.</param>
/// <param name="P99Milliseconds">The same: p99.</param>
internal readonly record struct RunFigures(double PerSecond, double CpuMicroseconds, double ClientMicroseconds,
    double P50Milliseconds, double P99Milliseconds);

/// <summary>Results of one server in one round.</summary>
/// <param name="Fast">At full speed.</param>
/// <param name="Paced">At the pace of a game.</param>
internal readonly record struct RoundFigures(RunFigures Fast, RunFigures Paced);
