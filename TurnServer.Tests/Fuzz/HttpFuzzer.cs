using System.Diagnostics;
using System.Net.Sockets;
using TurnServer.Tests.Simulation;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>An input that has been sent.</summary>
/// <param name="Index">The input's number.</param>
/// <param name="Input">The input.</param>
internal readonly record struct SentInput(ulong Index, HttpInput Input);

/// <summary>
/// Sends a seed's inputs to a server over several connections at once. Stops at the first failure.
/// </summary>
internal sealed class HttpFuzzer(FuzzedServer server, ulong seed, ulong count)
{
    private const int Clients = 12;

    // Inputs remembered per client, as a bug may show in the log only after some more.
    private const int LastKept = 40;

    private const int KeptPerMille = 700;
    private const int LingeringMax = 32;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly Queue<SentInput>[] _last = [.. Enumerable.Range(0, Clients).Select(_ => new Queue<SentInput>())];
    private readonly Queue<FuzzConnection> _lingering = new();
    private ulong _next;
    private int _answered;
    private volatile string? _failure;

    /// <summary>The input with the wrong reply; null if the failure was not in a reply.</summary>
    public SentInput? Culprit { get; private set; }

    /// <summary>The inputs that may have caused the failure. Valid after the run.</summary>
    public IReadOnlyList<SentInput> Suspects => Culprit is { } one ? [one] : [.. _last.SelectMany(queue => queue)];

    /// <summary>How many complete requests got the expected reply.</summary>
    public int Answered => _answered;

    /// <summary>Sends all inputs. Returns the failure, or null.</summary>
    public async Task<string?> RunAsync()
    {
        var clients = Enumerable.Range(0, Clients).Select(number => Task.Factory.StartNew(() => Send(number),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
        var all = Task.WhenAll(clients);
        while (!all.IsCompleted)
        {
            await Task.WhenAny(all, Task.Delay(PollInterval));
            if (_failure is null && await server.FindBugOrSilenceAsync() is { } bug)
                _failure = bug;
        }

        await all;
        foreach (var connection in _lingering)
            connection.Dispose();
        return _failure ?? await server.FindBugOrSilenceAsync();
    }

    private void Send(int number)
    {
        FuzzConnection? connection = null;
        var random = new SeededRandom(SeededRandom.Derive(seed, (ulong)number + (1UL << 60)));
        while (_failure is null && TakeNext() is { } index)
        {
            var input = HttpInputs.Draw(new SeededRandom(SeededRandom.Derive(seed, index)));
            Keep(number, new SentInput(index, input));
            var (failure, isReply) = Play(ref connection, input, random);
            if (failure is not null)
                Fail(failure, isReply ? new SentInput(index, input) : null);
        }

        connection?.Dispose();
    }

    private ulong? TakeNext()
    {
        var index = Interlocked.Increment(ref _next) - 1;
        return index < count ? index : null;
    }

    // The failure, and whether it is a wrong reply; a missing one may be due to other inputs.
    private (string? Failure, bool IsReply) Play(ref FuzzConnection? connection, HttpInput input, SeededRandom random)
    {
        for (var isSecond = false; ; isSecond = true)
        {
            try
            {
                // Malformed inputs may use a kept connection, but nothing is sent after them.
                if (connection is not { IsKept: true } || isSecond || !random.Is(KeptPerMille))
                {
                    connection?.Reset();
                    connection = new FuzzConnection(server.Child.Port);
                }

                var failure = connection.Play(input);
                if (input.Expected is not null && failure is null)
                    Interlocked.Increment(ref _answered);
                if (input.Ending == Ending.Linger)
                    Linger(ref connection);
                return (failure, IsReply: true);
            }
            catch (SocketException e)
            {
                // The server may close a kept connection at any time, but not a new one with a complete request.
                if (input.Expected is null)
                    return default;
                if (isSecond)
                    return ($"no reply to a complete request on a new connection: {e.Message}", IsReply: false);
            }
        }
    }

    private void Linger(ref FuzzConnection? connection)
    {
        lock (_lock)
        {
            _lingering.Enqueue(connection!);
            if (_lingering.Count > LingeringMax)
                _lingering.Dequeue().Dispose();
        }

        connection = null;
    }

    private void Keep(int number, SentInput sent)
    {
        _last[number].Enqueue(sent);
        if (_last[number].Count > LastKept)
            _last[number].Dequeue();
    }

    private void Fail(string failure, SentInput? culprit)
    {
        lock (_lock)
        {
            if (_failure is not null)
                return;
            Culprit = culprit;
            _failure = failure;
        }
    }
}
