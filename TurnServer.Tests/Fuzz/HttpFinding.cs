using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>Finds the input that makes a server fail, shrinks it and describes the failure.</summary>
internal static class HttpFinding
{
    // Each suspect is tried this often. If the failure takes several inputs or a race, all suspects are listed.
    private const int Repeats = 5;
    private const int ShownMax = 60;

    private static readonly TimeSpan SearchTimeout = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan LogDelayMax = TimeSpan.FromMilliseconds(60);

    /// <summary>Describes a failure.</summary>
    /// <param name="seed">The seed of the inputs.</param>
    /// <param name="failure">The failure seen.</param>
    /// <param name="suspects">The last inputs before it.</param>
    public static async Task<string> DescribeAsync(ulong seed, string failure, IReadOnlyList<SentInput> suspects)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"Seed {seed}: {failure}");
        var watch = Stopwatch.StartNew();
        await using var trial = new TrialServer();
        foreach (var sent in suspects.OrderByDescending(sent => sent.Index)
            .TakeWhile(_ => watch.Elapsed < SearchTimeout))
        {
            if (await trial.CheckAsync(sent.Input) is not { } bug)
                continue;
            var input = sent.Input.Expected is null ? await ShrinkAsync(trial, sent.Input, watch) : sent.Input;
            text.AppendLine(CultureInfo.InvariantCulture, $"Input {sent.Index} alone makes it fail: {bug}");
            text.AppendLine(CultureInfo.InvariantCulture, $"Shrunk from {sent.Input.Bytes.Length} bytes: {input}");
            text.AppendLine(Simulation.Printable.Of(input.Bytes));
            return text.ToString();
        }

        text.AppendLine("No single input makes it fail; the last ones were:");
        foreach (var sent in suspects.OrderByDescending(sent => sent.Index).Take(ShownMax))
            text.AppendLine(CultureInfo.InvariantCulture, $"{sent.Index}: {sent.Input}");
        return text.ToString();
    }

    /// <summary>Sends an input several times to a server. Returns the failure, or null.</summary>
    public static async Task<string?> CheckAsync(FuzzedServer server, HttpInput input)
    {
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            try
            {
                using var connection = new FuzzConnection(server.Child.Port);
                if (connection.Play(input) is { } failure)
                    return failure;
            }
            catch (SocketException)
            {
                // The server's log or health shows the failure.
                break;
            }
        }

        var startedAt = Stopwatch.GetTimestamp();
        string? bug;
        while ((bug = await server.FindBugOrSilenceAsync()) is null
            && Stopwatch.GetElapsedTime(startedAt) < LogDelayMax)
        {
            await Task.Yield();
        }

        return bug;
    }

    // Shrinks the input in one packet, if it fails that way too.
    private static async Task<HttpInput> ShrinkAsync(TrialServer trial, HttpInput input, Stopwatch watch)
    {
        var whole = input with { Pieces = [input.Bytes] };
        if (await trial.CheckAsync(whole) is null)
            return input;
        var shrunk = await Task.Run(() => ByteShrinker.Shrink(whole.Bytes, bytes => watch.Elapsed < SearchTimeout
            && trial.CheckAsync(input with { Pieces = [bytes] }).GetAwaiter().GetResult() is not null));
        return input with { Pieces = [shrunk] };
    }

    // A server to try inputs on, replaced after each failure.
    private sealed class TrialServer : IAsyncDisposable
    {
        private FuzzedServer? _server;

        public async Task<string?> CheckAsync(HttpInput input)
        {
            _server ??= await FuzzedServer.StartAsync();
            var bug = await HttpFinding.CheckAsync(_server, input);
            if (bug is not null)
                await DisposeAsync();
            return bug;
        }

        public async ValueTask DisposeAsync()
        {
            if (_server is { } server)
                await server.DisposeAsync();
            _server = null;
        }
    }
}
