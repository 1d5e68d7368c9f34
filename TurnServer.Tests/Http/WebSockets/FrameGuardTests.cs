using System.Text;
using Microsoft.Extensions.Time.Testing;
using TurnServer.Http.WebSockets;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http.WebSockets;

/// <summary>The limits of frames, which .NET's WebSocket has not.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FrameGuardTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);
    private static readonly byte[] Ping = SocketFrame.Encode(Opcode.Ping, "still there?"u8);
    private static readonly byte[] Message = SocketFrame.Message("1 1,*,1,*,*");

    private readonly FakeTimeProvider _clock = new();
    private readonly ScriptedStream _client = new();
    private readonly List<SocketEnd> _closed = [];
    private readonly FrameGuard _guard;

    public FrameGuardTests() => _guard = new FrameGuard(_client, Timeout, _clock)
    {
        Closing = end =>
        {
            _closed.Add(end);
            return Task.CompletedTask;
        },
    };

    public void Dispose() => _guard.Dispose();

    [Test]
    public async Task Messages_pass_unchanged_in_whatever_pieces([Values(1, 3, 100, 4096)] int pieceBytes)
    {
        var sent = Enumerable.Range(0, 500).SelectMany(i => SocketFrame.Message($"{i} {new string('x', i)}")).ToArray();
        var read = new List<byte>();
        foreach (var piece in sent.Chunk(pieceBytes))
            read.AddRange(await ReadAsync(piece));
        Assert.That(read, Is.EqualTo(sent));
        Assert.That(_guard.Fault, Is.Null);
    }

    [Test]
    public async Task A_hundred_small_frames_pass_at_once_and_ten_a_second_after_that()
    {
        for (var i = 0; i < FrameGuard.SmallFramesMax; i++)
            await ReadAsync(Ping);
        for (var second = 0; second < 30; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            for (var i = 0; i < FrameGuard.SmallFramesPerSecond; i++)
                await ReadAsync(Ping);
        }

        await ReadAsync(Message);
        await AssertEndsAsync(Ping, SocketEnd.Flooding);
    }

    [Test]
    public async Task Frames_of_one_read_count_together([Values] bool isOneTooMany)
    {
        var count = FrameGuard.SmallFramesMax + (isOneTooMany ? 1 : 0);
        var pings = Enumerable.Repeat(Ping, count).SelectMany(bytes => bytes).ToArray();
        if (isOneTooMany)
            await AssertEndsAsync(pings, SocketEnd.Flooding);
        else
            Assert.That(await ReadAsync(pings), Has.Length.EqualTo(pings.Length));
    }

    [Test]
    public async Task After_a_long_silence_no_more_than_a_hundred_pass()
    {
        await ReadAsync(Ping);
        _clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < FrameGuard.SmallFramesMax; i++)
            await ReadAsync(Ping);
        await AssertEndsAsync(Ping, SocketEnd.Flooding);
    }

    [TestCase(Opcode.Ping, true, 0, true)]
    [TestCase(Opcode.Pong, true, 125, true)]
    [TestCase(Opcode.Text, false, 511, true)]
    [TestCase(Opcode.Text, false, 512, false)]
    [TestCase(Opcode.Continuation, false, 0, true)]
    [TestCase(Opcode.Continuation, false, 70_000, false)]
    [TestCase(Opcode.Continuation, true, 0, false)]
    [TestCase(Opcode.Text, true, 0, false)]
    public void Small_are_control_frames_and_short_fragments_but_the_last(int opcode, bool isFinal, int length,
        bool isSmall)
    {
        var scanner = default(FrameScanner);
        var frame = SocketFrame.Encode(opcode, new byte[length], isFinal);
        for (var i = 0; i < frame.Length; i++)
        {
            scanner.Scan(frame.AsSpan(i, 1));
            Assert.That(scanner.IsWithinFrame, Is.EqualTo(i < frame.Length - 1), $"after {i + 1} bytes");
        }

        Assert.That((scanner.Frames, scanner.SmallFrames), Is.EqualTo((1, isSmall ? 1 : 0)));
    }

    [Test]
    public async Task A_frame_without_a_mask_is_seen_with_its_second_byte()
    {
        await ReadAsync(Message);
        var frame = SocketFrame.Encode(Opcode.Text, [], isMasked: false);
        await ReadAsync(frame[..1]);
        await AssertEndsAsync(frame[1..], SocketEnd.Malformed);
    }

    [Test]
    public async Task Between_frames_a_client_may_be_silent_for_ever()
    {
        await ReadAsync(Message);
        var reading = BeginRead();
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.That(reading.IsCompleted, Is.False);
        _client.Send(Message);
        Assert.That(await TestWait.ForAsync(reading), Is.EqualTo(Message));
    }

    [Test]
    public async Task A_frame_has_its_time_however_it_is_spread()
    {
        await ReadAsync(Message[..1]);
        for (var i = 1; i < 5; i++)
        {
            var reading = BeginRead();
            _clock.Advance((Timeout / 4) - Instant);
            Assert.That(reading.IsCompleted, Is.False);
            _client.Send(Message[i..(i + 1)]);
            await TestWait.ForAsync(reading);
        }

        var last = BeginRead();
        _clock.Advance(5 * Instant);
        Assert.That(async () => await TestWait.ForAsync(last), Throws.TypeOf<IOException>());
        Assert.That(_guard.Fault, Is.EqualTo(SocketEnd.Slow));
        Assert.That(_closed, Is.Empty, "it does not read a close frame either");
    }

    // As while 512 requests are under way: the client is not to blame.
    [Test]
    public async Task Time_in_which_the_server_does_not_read_does_not_count()
    {
        await ReadAsync(Message[..3]);
        _clock.Advance(TimeSpan.FromHours(1));
        var reading = BeginRead();
        _clock.Advance(Timeout - Instant);
        Assert.That(reading.IsCompleted, Is.False);
        _client.Send(Message[3..]);
        Assert.That(await TestWait.ForAsync(reading), Is.EqualTo(Message[3..]));
        Assert.That(_guard.Fault, Is.Null);
    }

    [Test]
    public async Task Each_frame_has_its_own_time()
    {
        for (var frame = 0; frame < 3; frame++)
        {
            await ReadAsync(Message[..3]);
            var reading = BeginRead();
            _clock.Advance(Timeout - Instant);
            _client.Send(Message[3..]);
            Assert.That(await TestWait.ForAsync(reading), Is.EqualTo(Message[3..]), $"frame {frame}");
        }
    }

    private async Task AssertEndsAsync(byte[] bytes, SocketEnd end)
    {
        Assert.That(async () => await ReadAsync(bytes), Throws.TypeOf<IOException>());
        Assert.That((_guard.Fault, _closed), Is.EqualTo((end, new[] { end })));
        await Task.CompletedTask;
    }

    private async Task<byte[]> ReadAsync(byte[] bytes)
    {
        _client.Send(bytes);
        return await TestWait.ForAsync(BeginRead());
    }

    private async Task<byte[]> BeginRead()
    {
        var buffer = new byte[4096];
        return buffer[..await _guard.ReadAsync(buffer)];
    }

    /// <summary>A stream that has what the test sends, each piece in a read of its own.</summary>
    private sealed class ScriptedStream : MemoryStream
    {
        private readonly System.Threading.Channels.Channel<byte[]> _pieces =
            System.Threading.Channels.Channel.CreateUnbounded<byte[]>();

        public void Send(byte[] piece) => Assert.That(_pieces.Writer.TryWrite(piece), Is.True);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer,
            CancellationToken cancellationToken = default)
        {
            var piece = await _pieces.Reader.ReadAsync(cancellationToken);
            piece.CopyTo(buffer);
            return piece.Length;
        }
    }
}
