using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Connect;

/// <summary>Data that passes two <c>connect</c> processes and a server.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Process")]
internal sealed partial class ConnectTests
{
    private const double LossShare = 0.01;
    private const int Mebibyte = 1 << 20;

    // The runtime alone takes about 50 MiB; buffering the transfer would exceed this.
    private const long ResidentBytesMax = 160L * Mebibyte;

    private static readonly TimeSpan LongPatience = TimeSpan.FromMinutes(4);

    [TestCase(Transports.Http)]
    [TestCase(Transports.WebSocket)]
    public async Task Text_arrives_unchanged_both_ways(string scheme)
    {
        var text = DifficultText();
        await using var server = await ServerChild.StartAsync();
        var url = server.Url.Over(scheme);
        await using var ann = ConnectChild.Start(url, "Ann");
        await using var bob = ConnectChild.Start(url, "Bob");
        var others = "from the other side\nno end"u8.ToArray();
        Task[] writing = [ann.WriteAsync(text), bob.WriteAsync(others)];
        var read = await Task.WhenAll(ann.ReadToEndAsync(), bob.ReadToEndAsync());
        await Task.WhenAll(writing);
        Assert.That(read[1].AsSpan().SequenceEqual(text), Is.True, "Bob reads what Ann writes");
        Assert.That(read[0], Is.EqualTo(others));
        await AssertDoneAsync(ann, bob);
        Assert.That(ann.Errors, Does.Contain($"waiting for a partner at {url}").Or.Contain("paired with Bob"));
        Assert.That(ann.Errors + bob.Errors, Does.Contain("paired with Ann").And.Contain("paired with Bob"));
    }

    [Test]
    public async Task A_line_arrives_at_once_and_partners_may_be_named()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann", "--partner", "Bob");
        await ann.WaitForMessageAsync($"waiting for Bob at {server.Url}, who must name Ann");
        await using var bob = ConnectChild.Start(server.Url, "Bob", "--partner", "Ann");
        foreach (var (from, to) in new[] { (ann, bob), (bob, ann), (ann, bob) })
        {
            await from.Input.WriteAsync("a | b\n"u8.ToArray());
            await from.Input.FlushAsync();
            Assert.That(await to.ReadAsync("a | b\n".Length), Is.EqualTo("a | b\n"));
        }

        await ann.WriteAsync(default);
        await bob.WaitForMessageAsync("Ann has no more to send");
        await ann.WaitForMessageAsync("end of input; waiting for Bob to end too");
        await bob.WriteAsync(default);
        await AssertDoneAsync(ann, bob);
    }

    [Test]
    public async Task Partners_meet_within_their_pool()
    {
        await using var server = await ServerChild.StartAsync();
        await using var zoe = ConnectChild.Start(server.Url, "Zoe");
        await zoe.WaitForMessageAsync("waiting for a partner at");
        await using var ann = ConnectChild.Start(server.Url, "Ann", "--pool", "<b>\"'&*");
        await ann.WaitForMessageAsync($"waiting for a partner in the pool <b>\"'&* at {server.Url}");
        await using var bob = ConnectChild.Start(server.Url, "Bob", "--pool", "<b>\"'&*");
        await Task.WhenAll(ann.WriteAsync("hello\n"u8.ToArray()), bob.WriteAsync(default));
        Assert.That(Encoding.UTF8.GetString(await bob.ReadToEndAsync()), Is.EqualTo("hello\n"));
        await AssertDoneAsync(ann, bob);
        Assert.That(zoe.Errors, Does.Not.Contain("paired"));
    }

    // macOS sends the accent as a separate character.
    [Test, Category("Slow")]
    public async Task Canonically_equivalent_names_are_equal()
    {
        await using var server = await ServerChild.StartAsync();
        await using var jose = ConnectChild.Start(server.Url, "Jose\u0301 ", "--partner", "Ann");
        await using var ann = ConnectChild.Start(server.Url, " Ann", "--partner", "Jos\u00e9");
        await Task.WhenAll(jose.WriteAsync("hello\n"u8.ToArray()), ann.WriteAsync(default));
        Assert.That(Encoding.UTF8.GetString(await ann.ReadToEndAsync()), Is.EqualTo("hello\n"));
        await AssertDoneAsync(jose, ann);
        Assert.That(ann.Errors, Does.Contain("paired with Jos\u00e9"));
    }

    [Test]
    public async Task Escape_sequences_do_not_reach_a_terminal()
    {
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann");
        await using var bob = ConnectChild.StartOnTerminal(server.Url, "Bob", "--no-input");
        await ann.WriteAsync("a\u001b[2Jb\n"u8.ToArray());
        var shown = Encoding.UTF8.GetString(await bob.ReadToEndAsync());
        Assert.That(shown, Does.Contain(@"a\x1b[2Jb").And.Not.Contain("\u001b[2J"));
    }

    [Test]
    public async Task Bytes_arrive_both_ways_with_a_checksum()
    {
        byte[][] data = [RandomNumberGenerator.GetBytes(3 * Mebibyte), RandomNumberGenerator.GetBytes(Mebibyte + 1)];
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann", "--raw");
        await using var bob = ConnectChild.Start(server.Url, "Bob", "--raw");
        Task[] writing = [ann.WriteAsync(data[0]), bob.WriteAsync(data[1])];
        var read = await Task.WhenAll(ann.ReadToEndAsync(), bob.ReadToEndAsync());
        await Task.WhenAll(writing);
        Assert.That(read[1].AsSpan().SequenceEqual(data[0]), Is.True, "Bob gets what Ann sends");
        Assert.That(read[0].AsSpan().SequenceEqual(data[1]), Is.True, "Ann gets what Bob sends");
        await AssertDoneAsync(ann, bob);
        Assert.That(ann.LastLine,
            Does.StartWith($"all has arrived: {data[0].Length} bytes sent, {data[1].Length} received"));
        Assert.That(bob.LastLine,
            Does.StartWith($"all has arrived: {data[1].Length} bytes sent, {data[0].Length} received"));
    }

    [TestCase(false, Category = "Slow")]
    [TestCase(true, Category = "Slow")]
    public async Task Empty_inputs_are_passed(bool isRaw)
    {
        string[] flags = isRaw ? ["--raw", "--no-input"] : ["--no-input"];
        await using var server = await ServerChild.StartAsync();
        await using var ann = ConnectChild.Start(server.Url, "Ann", flags);
        await using var bob = ConnectChild.Start(server.Url, "Bob", flags);
        var read = await Task.WhenAll(ann.ReadToEndAsync(), bob.ReadToEndAsync());
        Assert.That(read, Has.All.Empty);
        await AssertDoneAsync(ann, bob);
    }

    [Test]
    public async Task A_receiver_that_does_not_read_blocks_the_sender_and_loses_nothing()
    {
        // Twice the size of all buffers: pipes, clients, server.
        var data = RandomNumberGenerator.GetBytes(2 * Mebibyte);
        await using var server = await ServerChild.StartAsync("--verbose", "0.1");
        await using var ann = ConnectChild.Start(server.Url, "Ann", "--raw");
        await using var bob = ConnectChild.Start(server.Url, "Bob", "--raw", "--no-input");
        var writing = ann.Input.WriteAsync(data).AsTask();
        await TestWait.UntilAsync(() => FullBacklog().IsMatch(server.Output), "the backlog is full");
        Assert.That(writing.IsCompleted, Is.False, "the sender is blocked");
        var reading = bob.ReadToEndAsync();
        await writing.WaitAsync(TestWait.Timeout);
        await ann.WriteAsync(default);
        Assert.That((await reading).AsSpan().SequenceEqual(data), Is.True);
        await AssertDoneAsync(ann, bob);
    }

    [TestCase(false, Transports.Http)]
    [TestCase(true, Transports.Http, Category = "Slow")]
    [TestCase(false, Transports.WebSocket)]
    [TestCase(true, Transports.WebSocket, Category = "Slow")]
    public async Task Lost_replies_lose_no_data(bool isRaw, string scheme)
    {
        const int Seed = 20;
        string[] flags = isRaw ? ["--raw"] : [];
        var data = isRaw ? RandomNumberGenerator.GetBytes(Mebibyte) : DifficultText();
        await using var server = await ServerChild.StartAsync();
        await using var proxy = new LossyProxy(server.Port, isRaw ? 10 * LossShare : 0.3, Seed);
        await using var ann = ConnectChild.Start(proxy.Url.Over(scheme), "Ann", flags);
        await using var bob = ConnectChild.Start(proxy.Url.Over(scheme), "Bob", flags);
        Task[] writing = [ann.WriteAsync(data), bob.WriteAsync(data)];
        var read = await Task.WhenAll(ann.ReadToEndAsync(), bob.ReadToEndAsync());
        await Task.WhenAll(writing);
        Assert.That(read.Select(bytes => bytes.AsSpan().SequenceEqual(data)), Has.All.True, $"seed {Seed}");
        await AssertDoneAsync(ann, bob);
        Assert.That(proxy.Lost, Is.GreaterThan(1));
    }

    [Test, Category("Slow")]
    public async Task Hundred_mebibytes_arrive_in_constant_memory_although_one_reply_in_a_hundred_is_lost()
    {
        const int Seed = 21;
        const int Length = 100 * Mebibyte;
        await using var server = await ServerChild.StartAsync();
        await using var proxy = new LossyProxy(server.Port, LossShare, Seed);
        await using var ann = ConnectChild.Start(proxy.Url, "Ann", "--raw");
        await using var bob = ConnectChild.Start(proxy.Url, "Bob", "--raw");
        using var sent = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var received = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var writing = WriteRandomAsync(ann.Input, Length, sent);
        var buffer = new byte[Mebibyte];
        for (var left = Length; left > 0;)
        {
            var length = await bob.Output.ReadAsync(buffer).AsTask().WaitAsync(LongPatience);
            Assert.That(length, Is.Positive, $"seed {Seed}: {bob.Errors}");
            received.AppendData(buffer.AsSpan(0, length));
            left -= length;
        }

        await writing;
        Assert.That(received.GetCurrentHash(), Is.EqualTo(sent.GetCurrentHash()), $"seed {Seed}");
        // Read before Bob ends, while both processes run.
        var peaks = new[] { ann.ResidentBytesPeak, bob.ResidentBytesPeak };
        await bob.WriteAsync(default);
        await AssertDoneAsync(ann, bob);
        TestContext.Out.WriteLine($"{ann.LastLine}; {proxy.Lost} replies lost; peaks of memory "
            + string.Join(" and ", peaks.Select(peak => $"{peak / Mebibyte} MiB")));
        Assert.That(peaks, Has.All.LessThan(ResidentBytesMax));
        Assert.That(proxy.Lost, Is.GreaterThan(50));
    }

    // The length of seven or eight of the longest turns, in the output of --verbose.
    [GeneratedRegex(" 1[123][0-9]{4} B")]
    private static partial Regex FullBacklog();

    private static async Task AssertDoneAsync(ConnectChild ann, ConnectChild bob)
    {
        Assert.That(await ann.ExitCodeAsync(), Is.Zero, ann.Errors);
        Assert.That(await bob.ExitCodeAsync(), Is.Zero, bob.Errors);
    }

    // Everything that a turn cannot contain, a line that is longer than a turn, and characters at every cut.
    private static byte[] DifficultText()
    {
        var longLine = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("é|\\", 20_000)));
        return
        [
            .. "one|two\\three\r\n\n\n*\n\\.\n\\e\n0/11/*,1,2\n"u8, 0xff, 0xc3, (byte)'\n', 0xe2, 0x82, .. "\n"u8,
            .. longLine, .. "\n\0\t\u0085 🎲\n"u8, .. "no end"u8,
        ];
    }

    private static async Task WriteRandomAsync(Stream to, int length, IncrementalHash hash)
    {
        var buffer = new byte[Mebibyte];
        for (var left = length; left > 0; left -= buffer.Length)
        {
            RandomNumberGenerator.Fill(buffer);
            hash.AppendData(buffer);
            await to.WriteAsync(buffer).AsTask().WaitAsync(LongPatience);
        }

        await to.DisposeAsync();
    }
}
