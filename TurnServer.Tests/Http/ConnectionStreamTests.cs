using System.Net;
using System.Net.Sockets;
using TurnServer.Http;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Http;

/// <summary>A connection's stream, used as the listener uses it, with a client at the other end.</summary>
internal sealed class ConnectionStreamTests
{
    // More than the send buffer and the client's receive buffer hold.
    private const int LongBytes = 32 * 1024 * 1024;

    private Socket _client = null!;
    private Socket _socket = null!;
    private ConnectionStream _stream = null!;

    [SetUp]
    public void Connect()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _client.Connect(listener.LocalEndPoint!);
        _socket = listener.Accept();
        _stream = new ConnectionStream(_socket);
    }

    [TearDown]
    public void Close()
    {
        _client.Dispose();
        _socket.Dispose();
        _stream.Dispose();
    }

    [Test]
    public async Task Reads_return_what_was_sent_and_then_the_end()
    {
        var pending = ReadAsync(new byte[8]);
        _client.Send("turn"u8);
        Assert.That(await pending, Is.EqualTo(4));
        _client.Send("more"u8);
        await TestWait.UntilAsync(() => _socket.Available == 4, "it has arrived");
        var rest = new byte[8];
        Assert.That((await ReadAsync(rest), rest[..4]), Is.EqualTo((4, "more"u8.ToArray())));
        _client.Shutdown(SocketShutdown.Send);
        Assert.That(await ReadAsync(rest), Is.Zero);
    }

    [Test]
    public async Task A_reset_reads_as_end_of_stream([Values] bool isReadPending)
    {
        var read = isReadPending ? ReadAsync(new byte[8]) : null;
        Reset();
        if (!isReadPending)
            await TestWait.UntilAsync(() => _socket.Poll(0, SelectMode.SelectRead), "it has arrived");
        Assert.That(await (read ?? ReadAsync(new byte[8])), Is.Zero);
        Assert.That(_stream.HasLostWrite, Is.False);
    }

    [Test]
    public async Task A_write_after_a_reset_sets_HasLostWrite_and_does_not_throw()
    {
        await WriteAsync("reply"u8.ToArray());
        Assert.That(_stream.HasLostWrite, Is.False);
        var pending = ReadAsync(new byte[8]);
        Reset();
        await pending;
        await WriteAsync("reply"u8.ToArray());
        Assert.That(_stream.HasLostWrite, Is.True);
    }

    [Test]
    public async Task A_closed_socket_reads_as_end_of_stream_and_loses_writes()
    {
        _socket.Dispose();
        Assert.That(await ReadAsync(new byte[8]), Is.Zero);
        await WriteAsync("reply"u8.ToArray());
        Assert.That(_stream.HasLostWrite, Is.True);
    }

    [Test]
    public async Task Closing_the_socket_completes_a_pending_read_and_write()
    {
        var read = ReadAsync(new byte[8]);
        var write = WriteAsync(new byte[LongBytes]);
        Assert.That((read.IsCompleted, write.IsCompleted), Is.EqualTo((false, false)));
        _socket.Dispose();
        Assert.That(await read, Is.Zero);
        await write;
        Assert.That(_stream.HasLostWrite, Is.True);
    }

    [Test]
    public async Task A_long_write_completes_when_all_of_it_has_been_sent()
    {
        var write = WriteAsync(new byte[LongBytes]);
        Assert.That(write.IsCompleted, Is.False);
        var buffer = new byte[64 * 1024];
        for (var received = 0; received < LongBytes;)
        {
            var count = await _client.ReceiveAsync(buffer).WaitAsync(TestWait.Timeout);
            Assert.That(count, Is.GreaterThan(0));
            received += count;
        }

        await write;
        Assert.That(_stream.HasLostWrite, Is.False);
    }

    [Test]
    public async Task A_second_pending_read_gets_what_follows()
    {
        var (first, second) = (new byte[1], new byte[1]);
        var reads = Task.WhenAll(ReadAsync(first), ReadAsync(second));
        _client.Send("ab"u8);
        Assert.That(await reads, Is.All.EqualTo(1));
        Assert.That(new[] { first[0], second[0] }, Is.EquivalentTo("ab"u8.ToArray()));
    }

    // The listener does this with the rest of a body.
    [Test]
    public void A_read_without_a_callback_can_be_waited_for()
    {
        var read = _stream.BeginRead(new byte[8], 0, 8, null, null);
        _client.Send("rest"u8);
        Assert.That(read.AsyncWaitHandle.WaitOne(TestWait.Timeout));
        Assert.That(_stream.EndRead(read), Is.EqualTo(4));
    }

    [Test]
    public async Task A_callback_may_begin_the_next_read_and_a_reset_ends_that_too()
    {
        const int Count = 1000;
        var done = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var allRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var left = Count;
        var buffer = new byte[1];
        _stream.BeginRead(buffer, 0, 1, Next, null);
        _client.Send(new byte[Count]);
        await allRead.Task.WaitAsync(TestWait.Timeout);
        Reset();
        Assert.That(await done.Task.WaitAsync(TestWait.Timeout), Is.Zero);

        void Next(IAsyncResult result)
        {
            try
            {
                if (left == 0)
                {
                    done.SetResult(_stream.EndRead(result));
                    return;
                }

                left -= _stream.EndRead(result);
                _stream.BeginRead(buffer, 0, 1, Next, null);
                if (left == 0)
                    allRead.TrySetResult();
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        }
    }

    [Test]
    public async Task A_written_buffer_is_not_kept_alive()
    {
        var buffer = await WriteOneAsync();
        GC.Collect();
        Assert.That(buffer.IsAlive, Is.False);

        // In a separate stack frame, so that no local keeps the buffer alive.
        async Task<WeakReference> WriteOneAsync()
        {
            var bytes = new byte[100];
            await WriteAsync(bytes);
            return new WeakReference(bytes);
        }
    }

    [Test]
    public void A_write_in_step_to_a_client_that_is_gone_shows_and_does_not_throw()
    {
        _stream.Write("reply"u8.ToArray(), 0, 5);
        Assert.That(_stream.HasLostWrite, Is.False);
        Assert.That(_client.Receive(new byte[8]), Is.EqualTo(5));
        _socket.Dispose();
        _stream.Write("reply"u8.ToArray(), 0, 5);
        Assert.That(_stream.HasLostWrite, Is.True);
    }

    // The listener reads again from its callback, which would nest one level deeper with each read.
    [Test]
    public async Task Synchronously_completed_reads_do_not_overflow_the_stack()
    {
        const int Count = 100_000;
        var bytes = new byte[Count];
        var sending = Task.Run(() => _client.Send(bytes));
        await TestWait.UntilAsync(() => _socket.Available > 0, "some bytes have arrived");
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var left = Count;
        // A stack for about a hundred levels, where there could be a hundred thousand.
        var reader = new Thread(() => _stream.BeginRead(bytes, 0, 1, Next, null), 256 * 1024);
        reader.Start();
        await done.Task.WaitAsync(TestWait.Timeout);
        await sending;
        reader.Join();
        Assert.That(left, Is.Zero);

        void Next(IAsyncResult result)
        {
            left -= _stream.EndRead(result);
            if (left == 0)
                done.SetResult();
            else
                _stream.BeginRead(bytes, 0, 1, Next, null);
        }
    }

    [Test]
    public async Task A_complete_head_is_passed_on()
    {
        var (connection, buffer) = (new object(), new byte[64]);
        using var stream = new ConnectionStream(_socket, connection);
        Assert.That(stream.HeadSince, Is.GreaterThan(0));
        var read = ReadHeadAsync(stream, connection, buffer);
        _client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\nbody"u8);
        Assert.That(await read, Is.EqualTo("GET / HTTP/1.1\r\nHost: x\r\n\r\nbody".Length));
        Assert.That(stream.HeadSince, Is.Zero);
    }

    private static Task<int> ReadHeadAsync(ConnectionStream stream, object connection, byte[] buffer) => Task.Factory
        .FromAsync(stream.BeginRead, stream.EndRead, buffer, 0, buffer.Length, connection)
        .WaitAsync(TestWait.Timeout);

    private void Reset()
    {
        _client.LingerState = new LingerOption(true, 0);
        _client.Close();
    }

    private Task<int> ReadAsync(byte[] buffer) => Task.Factory
        .FromAsync(_stream.BeginRead, _stream.EndRead, buffer, 0, buffer.Length, null).WaitAsync(TestWait.Timeout);

    private Task WriteAsync(byte[] bytes) => Task.Factory
        .FromAsync(_stream.BeginWrite, _stream.EndWrite, bytes, 0, bytes.Length, null).WaitAsync(TestWait.Timeout);
}
