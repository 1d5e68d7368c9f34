using System.Diagnostics;
using System.Net.Sockets;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>What a client sent when something went wrong, or shortly before.</summary>
/// <param name="Index">The input's number.</param>
/// <param name="Input">The input.</param>
internal readonly record struct Sent(ulong Index, HttpInput Input);

/// <summary>
/// Sends a seed's inputs to a server, several at once, while two honest players play beside it. Stops at the first
/// thing that is wrong.
/// </summary>
internal sealed class HttpFuzzer(FuzzedServer server, ulong seed, ulong count)
{
    private const int Clients = 12;

    // What is known to have been sent before a fault shows in the log.
    private const int LastKept = 40;

    private const int KeptPerMille = 700;
    private const int LingeringMax = 32;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Queue<Sent>[] _last = [.. Enumerable.Range(0, Clients).Select(_ => new Queue<Sent>())];
    private readonly Queue<FuzzConnection> _lingering = new();
    private ulong _next;
    private int _answered;
    private volatile string? _fault;

    /// <summary>The input whose reply was wrong; null when it was not a reply that was.</summary>
    public Sent? Culprit { get; private set; }

    /// <summary>What was sent last, whatever showed; once it has stopped.</summary>
    public IReadOnlyList<Sent> Suspects => Culprit is { } one ? [one] : [.. _last.SelectMany(queue => queue)];

    /// <summary>How many replies were the ones that the request's body calls for.</summary>
    public int Answered => _answered;

    /// <summary>Sends all; what went wrong, null when nothing did.</summary>
    public async Task<string?> RunAsync()
    {
        var clients = Enumerable.Range(0, Clients).Select(number => Task.Factory.StartNew(() => Send(number),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        var all = Task.WhenAll(clients);
        while (!all.IsCompleted)
        {
            await Task.WhenAny(all, Task.Delay(LookInterval));
            if (_fault is null && await server.FindBugOrSilenceAsync() is { } bug)
                _fault = bug;
        }

        await all;
        foreach (var connection in _lingering)
            connection.Dispose();
        return _fault ?? await server.FindBugOrSilenceAsync();
    }

    private void Send(int number)
    {
        FuzzConnection? connection = null;
        var random = new SeededRandom(SeededRandom.Derive(seed, (ulong)number + (1UL << 60)));
        while (_fault is null && TakeNext() is { } index)
        {
            var input = HttpInputs.Draw(new SeededRandom(SeededRandom.Derive(seed, index)));
            Keep(number, new Sent(index, input));
            var (wrong, isReply) = Play(ref connection, input, random);
            if (wrong is not null)
                Fail(wrong, isReply ? new Sent(index, input) : null);
        }

        connection?.Dispose();
    }

    private ulong? TakeNext()
    {
        var index = Interlocked.Increment(ref _next) - 1;
        return index < count ? index : null;
    }

    // What is wrong, and whether it is the reply that is: one that does not come may be the fault of what others sent.
    private (string? Wrong, bool IsReply) Play(ref FuzzConnection? connection, HttpInput input, SeededRandom random)
    {
        for (var isSecond = false; ; isSecond = true)
        {
            try
            {
                // A fault is sent over a kept connection too, but nothing whole after a fault.
                if (connection is not { IsKept: true } || isSecond || !random.Is(KeptPerMille))
                {
                    connection?.Reset();
                    connection = new FuzzConnection(server.Child.Port);
                }

                var wrong = connection.Play(input);
                if (input.Expected is not null && wrong is null)
                    Interlocked.Increment(ref _answered);
                if (input.Ending == Ending.Linger)
                    Linger(ref connection);
                return (wrong, IsReply: true);
            }
            catch (SocketException e)
            {
                // A kept connection may be ended at any time. A new one that is given a whole request may not.
                if (input.Expected is null)
                    return default;
                if (isSecond)
                    return ($"a whole request on a new connection was not answered: {e.Message}", IsReply: false);
            }
        }
    }

    private void Linger(ref FuzzConnection? connection)
    {
        lock (_gate)
        {
            _lingering.Enqueue(connection!);
            if (_lingering.Count > LingeringMax)
                _lingering.Dequeue().Dispose();
        }

        connection = null;
    }

    private void Keep(int number, Sent sent)
    {
        _last[number].Enqueue(sent);
        if (_last[number].Count > LastKept)
            _last[number].Dequeue();
    }

    private void Fail(string wrong, Sent? culprit)
    {
        lock (_gate)
        {
            if (_fault is not null)
                return;
            Culprit = culprit;
            _fault = wrong;
        }
    }
}
