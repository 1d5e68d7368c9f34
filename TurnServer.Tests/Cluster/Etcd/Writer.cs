using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>
/// A server that takes the shard over and appends one batch after the other, each with its position as content, until
/// it is stopped. After an unknown outcome it does what an owner has to do.
/// </summary>
internal sealed class Writer : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly EtcdConnection _connection;
    private readonly EtcdShardLog _log;
    private readonly Task _writing;
    private long _position;

    public Writer(EtcdOptions options)
    {
        _connection = new EtcdConnection(options);
        _log = _connection.OpenLog();
        _writing = WriteAsync();
    }

    /// <summary>Waits until so many more batches have been acknowledged, and returns the last one's position.</summary>
    public async Task<long> WaitForMoreAsync(int count)
    {
        var until = Volatile.Read(ref _position) + count;
        await TestWait.UntilAsync(() => _writing.IsCompleted || Volatile.Read(ref _position) >= until, "it appends");
        if (_writing.IsCompleted)
            await _writing;
        return until;
    }

    /// <summary>Returns the position of the last batch.</summary>
    public async Task<long> StopAsync()
    {
        await _stop.CancelAsync();
        await TestWait.ForAsync(_writing);
        return _position;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)_writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _connection.Dispose();
    }

    private async Task WriteAsync()
    {
        var head = ShardHead.None;
        while (!_stop.IsCancellationRequested)
        {
            var next = head.Epoch == 0 ? head.TakenOverBy("writer") : head.Next();
            if (!await AppendAsync(head, next))
                continue;
            head = next;
            Volatile.Write(ref _position, head.Position);
        }
    }

    // False: not stored, as far as is known.
    private async Task<bool> AppendAsync(ShardHead head, ShardHead next)
    {
        try
        {
            if (await _log.TryAppendAsync(head, next, BitConverter.GetBytes(next.Position), default))
                return true;
            // An append whose outcome was unknown may have come after the head was read.
        }
        catch (LogUnavailableException)
        {
            // Unknown.
        }

        while (true)
        {
            try
            {
                var now = await _log.ReadHeadAsync(default);
                Assert.That(now, Is.EqualTo(head).Or.EqualTo(next));
                return now == next;
            }
            catch (LogUnavailableException)
            {
                await Task.Delay(Pause);
            }
        }
    }
}

/// <summary>A standby: reads on from the beginning, and checks that each position comes once and in order.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly EtcdConnection _connection;
    private readonly Task _reading;
    private long _position;

    public Follower(EtcdOptions options)
    {
        _connection = new EtcdConnection(options);
        _reading = ReadAsync(_connection.OpenLog());
    }

    public async Task WaitForAsync(long position)
    {
        await TestWait.UntilAsync(() => _reading.IsCompleted || Volatile.Read(ref _position) >= position,
            $"{position} follows");
        if (_reading.IsCompleted)
            await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _connection.Dispose();
    }

    private async Task ReadAsync(EtcdShardLog log)
    {
        while (true)
        {
            try
            {
                await foreach (var batch in log.ReadOnAsync(_position, _stop.Token))
                {
                    Assert.That(batch.Position, Is.EqualTo(_position + 1));
                    Assert.That(BitConverter.ToInt64(batch.Content.Span), Is.EqualTo(batch.Position));
                    Volatile.Write(ref _position, batch.Position);
                }
            }
            catch (LogUnavailableException)
            {
                await Task.Delay(Pause, _stop.Token);
            }
        }
    }
}
