using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Fuzz;

/// <summary>Looks for the one input that makes a server fail, makes it as short as it can be, and says so.</summary>
internal static class HttpFinding
{
    // Where several together do it, or it takes luck, none is found: then all are listed.
    private const int Repeats = 5;
    private const int ShownMax = 60;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan LogPatience = TimeSpan.FromMilliseconds(60);

    /// <summary>What there is to say of it.</summary>
    /// <param name="seed">What the inputs were drawn from.</param>
    /// <param name="wrong">What went wrong.</param>
    /// <param name="suspects">What was sent before.</param>
    public static async Task<string> DescribeAsync(ulong seed, string wrong, IReadOnlyList<Sent> suspects)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"Seed {seed}: {wrong}");
        var watch = Stopwatch.StartNew();
        await using var scene = new Scene();
        foreach (var sent in suspects.OrderByDescending(sent => sent.Index).TakeWhile(_ => watch.Elapsed < Patience))
        {
            if (await scene.JudgeAsync(sent.Input) is not { } bug)
                continue;
            var input = sent.Input.Expected is null ? await ShrinkAsync(scene, sent.Input, watch) : sent.Input;
            text.AppendLine(CultureInfo.InvariantCulture, $"Input {sent.Index} alone does it: {bug}");
            text.AppendLine(CultureInfo.InvariantCulture, $"shrunk from {sent.Input.Bytes.Length} bytes: {input}");
            text.AppendLine(Simulation.Printable.Of(input.Bytes));
            return text.ToString();
        }

        text.AppendLine("None of the inputs does it alone; the last were:");
        foreach (var sent in suspects.OrderByDescending(sent => sent.Index).Take(ShownMax))
            text.AppendLine(CultureInfo.InvariantCulture, $"{sent.Index}: {sent.Input}");
        return text.ToString();
    }

    /// <summary>What is wrong after this input was sent, a few times, to this server; null when all is well.</summary>
    public static async Task<string?> JudgeAsync(FuzzedServer server, HttpInput input)
    {
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            try
            {
                using var connection = new FuzzConnection(server.Child.Port);
                if (connection.Play(input) is { } wrong)
                    return wrong;
            }
            catch (SocketException)
            {
                // The server says why, or is gone.
                break;
            }
        }

        var startedAt = Stopwatch.GetTimestamp();
        string? bug;
        while ((bug = await server.FindBugOrSilenceAsync()) is null
            && Stopwatch.GetElapsedTime(startedAt) < LogPatience)
        {
            await Task.Yield();
        }

        return bug;
    }

    // Of the bytes as one packet, where it fails so too.
    private static async Task<HttpInput> ShrinkAsync(Scene scene, HttpInput input, Stopwatch watch)
    {
        var whole = input with { Pieces = [input.Bytes] };
        if (await scene.JudgeAsync(whole) is null)
            return input;
        var shrunk = await Task.Run(() => ByteShrinker.Shrink(whole.Bytes, bytes => watch.Elapsed < Patience
            && scene.JudgeAsync(input with { Pieces = [bytes] }).GetAwaiter().GetResult() is not null));
        return input with { Pieces = [shrunk] };
    }

    // A server to try things on: another when it has failed.
    private sealed class Scene : IAsyncDisposable
    {
        private FuzzedServer? _server;

        public async Task<string?> JudgeAsync(HttpInput input)
        {
            _server ??= await FuzzedServer.StartAsync();
            var bug = await HttpFinding.JudgeAsync(_server, input);
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
