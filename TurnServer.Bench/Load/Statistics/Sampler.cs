using System.Diagnostics;

namespace TurnServer.Bench.Load.Statistics;

/// <summary>Samples the recorder and the server's process once a second.</summary>
/// <param name="recorder">The recorder.</param>
/// <param name="server">The server's process, if known.</param>
/// <param name="sampled">Called after each second.</param>
internal sealed class Sampler(LoadRecorder recorder, ServerProcess? server, Action<LoadSecond, TimeSpan> sampled)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly List<LoadSecond> _seconds = [];
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private long _requests;
    private long _turns;
    private long[] _kinds = new long[ReplyKinds.KindsMax];
    private double? _cpuSeconds = server?.Usage?.CpuSeconds;
    private TimeSpan _at;

    /// <summary>The samples so far.</summary>
    public IReadOnlyList<LoadSecond> Seconds => _seconds;

    /// <summary>Samples until stopped, and then the rest of the current second.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                Sample();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Sample();
        }
    }

    private void Sample()
    {
        var at = Stopwatch.GetElapsedTime(_startedAt);
        var (requests, turns, kinds) = (recorder.Requests, recorder.TurnsReceived, recorder.CopyKinds());
        var codes = new Dictionary<string, long>();
        for (var kind = 0; kind < kinds.Length; kind++)
        {
            if (kinds[kind] > _kinds[kind])
                codes[ReplyKinds.CodeOf(kind)] = kinds[kind] - _kinds[kind];
        }

        var usage = server?.Usage;
        var share = (usage?.CpuSeconds - _cpuSeconds) / (at - _at).TotalSeconds;
        var second = new LoadSecond(_seconds.Count, requests - _requests, turns - _turns, recorder.Turns.TakeInterval(),
            codes, share, usage?.ResidentMegabytes);
        (_requests, _turns, _kinds, _cpuSeconds, _at) = (requests, turns, kinds, usage?.CpuSeconds, at);
        _seconds.Add(second);
        sampled(second, at);
    }
}
