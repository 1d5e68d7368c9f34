using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Abuse;

/// <summary>Random keys, sent in the hope of hitting another player's.</summary>
[Category("Process")]
[Category("Slow"), NonParallelizable]
internal sealed class KeyGuessingTests
{
    private const int GuessCount = 30_000;
    private const long KeyEnd = 1L << 53;
    private const int Seed = 20_26;

    // Each request that takes a key, and the refusal of a wrong one.
    private static readonly (string Before, string After, string Refusal)[] Kinds =
    [
        ("1,*,", ",*,*", "5/*/*"), ("2,*,", ",*,*", "5/*/*"), ("3,*,", ",*,*", "5/*/*"), ("4,*,", ",*,*", "5/*/*"),
        ("5,*,", ",0,*", "13/*/*"), ("6,mine,", ",1,0", "13/*/*"),
    ];

    [Test]
    public async Task Random_keys_are_refused_and_change_nothing()
    {
        await using var abused = await AbusedServer.StartAsync("--pairing-timeout", "300", "--load-timeout", "300",
            "--game-timeout", "300");
        await using var waiting = await RawHttp.ConnectAsync(abused.Port);
        await using var pair = await RawPair.StartAsync(abused.Port, "Guessed");
        var key = await waiting.RegisterAsync("0,Waiting,*,Nobody,*");
        await pair.Players[0].PostAsync(pair.Update(0, 0, "kept"));
        var wrong = new List<string>();
        var startedAt = Stopwatch.GetTimestamp();
        await ClientSwarm.OnThreadsAsync(GuessCount, i =>
        {
            // Seeded per guess, so that threads do not matter.
            var guess = new Random(Seed + i).NextInt64(KeyEnd);
            var (before, after, refusal) = Kinds[i % Kinds.Length];
            var reply = Ask(abused.Port, i, string.Create(CultureInfo.InvariantCulture, $"{before}{guess}{after}"));
            if (!reply.EndsWith("\r\n\r\n" + refusal, StringComparison.Ordinal))
            {
                lock (wrong)
                    wrong.Add($"{before}{guess}{after} (seed {Seed}): {reply}");
            }
        });
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        Assert.That(wrong, Is.Empty);
        // A valid key with the number of the other seat.
        Assert.That(Ask(abused.Port, 0, $"6,mine,{pair.Keys[0]},{1 - pair.Seats[0]},1"), Does.EndWith("14/*/*"));
        // A pairing key used as a seat key, and the reverse.
        Assert.That(Ask(abused.Port, 0, $"6,mine,{key},0,0"), Does.EndWith("13/*/*"));
        Assert.That(Ask(abused.Port, 0, $"1,*,{pair.Keys[0]},*,*"), Does.EndWith("5/*/*"));
        await using var player = await RawHttp.ConnectAsync(abused.Port);
        Assert.That((await player.PostAsync($"2,*,{key},*,*")).Body, Is.EqualTo("0/2/*"), "still waits");
        Assert.That((await player.PostAsync(pair.Update(1, 0, "too"))).Body, Is.EqualTo("0/9/kept"), "still plays");
        Assert.That((await player.PostAsync(pair.Update(0, 1, ""))).Body, Is.EqualTo("0/9/too"), "as does its partner");
        await abused.CheckAsync(string.Create(CultureInfo.InvariantCulture,
            $"{GuessCount} keys guessed, {GuessCount / seconds:0} a second"), MemoryBound.ForLongLived(0));
    }

    // A refusal closes its connection.
    private static string Ask(int port, int address, string body)
    {
        using var socket = ClientSwarm.Connect(port, address);
        socket.Send(RawHttp.Post(body));
        var reply = new StringBuilder();
        var buffer = new byte[1024];
        int count;
        while ((count = socket.Receive(buffer)) > 0)
            reply.Append(Encoding.ASCII.GetString(buffer, 0, count));
        return reply.ToString();
    }
}
