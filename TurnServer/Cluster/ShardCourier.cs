using System.Threading.Channels;
using TurnServer.Actor;
using TurnServer.Rules.Shards;

namespace TurnServer.Cluster;

/// <summary>
/// Sends the messages of an owned shard to the owners of others, one frame after the other to each, until they have
/// applied them; and tells the own actor so.
/// </summary>
internal sealed class ShardCourier : IShardCourier
{
    // Until a shard that has no owner, or whose owner is out of reach, is tried again.
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    // Nothing waits for what the lobby learns of its messages, as the answers to them say the same: it is told late, so
    // that it has few records of that.
    private static readonly TimeSpan LateInterval = TimeSpan.FromSeconds(1);
    private const int LateMessages = 64;

    private readonly Dictionary<int, Lane> _lanes;
    private readonly Func<int, ReadOnlyMemory<byte>, ValueTask<long?>> _send;
    private readonly Func<ReadOnlyMemory<byte>, Task<long>> _receive;
    private readonly TimeProvider _clock;

    /// <param name="self">The number of the own shard.</param>
    /// <param name="peers">Those of the other ones.</param>
    /// <param name="send">
    /// Sends a frame to the owner of a shard. The number of the last message that it has applied; null: none was
    /// reached, and whether it has applied some is unknown.
    /// </param>
    /// <param name="receive">Gives a frame to the own actor; see <see cref="TurnActor.ReceiveAsync"/>.</param>
    /// <param name="clock">Measures pauses.</param>
    public ShardCourier(int self, IEnumerable<int> peers, Func<int, ReadOnlyMemory<byte>, ValueTask<long?>> send,
        Func<ReadOnlyMemory<byte>, Task<long>> receive, TimeProvider clock)
    {
        _send = send;
        _receive = receive;
        _clock = clock;
        _lanes = peers.ToDictionary(peer => peer, peer => new Lane(self, peer));
    }

    /// <summary>How many messages wait until another shard has applied them. Any thread.</summary>
    public int Waiting => _lanes.Values.Sum(lane => lane.Count);

    /// <summary>For how long the oldest of these waits; zero: there is none. Any thread.</summary>
    public TimeSpan LongestWait => _lanes.Values.Select(lane => lane.LongestWait(_clock)).DefaultIfEmpty().Max();

    /// <inheritdoc/>
    public void Send(int peer, in ShardFrame frame) => _lanes[peer].Add(frame, _clock.GetTimestamp());

    /// <summary>Sends until <paramref name="stop"/>; fails only on a bug.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(_lanes.Values.Select(lane => RunAsync(lane, stop)));

    private async Task RunAsync(Lane lane, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                if (!await lane.WaitAsync(_clock, stop))
                    await TellAsync(lane);
                while (lane.NextFrame() is { } frame)
                {
                    if (await _send(lane.Peer, frame.ToBytes()) is not { } applied)
                        await Task.Delay(RetryPause, _clock, stop);
                    else if (lane.Acknowledge(applied))
                        await TellAsync(lane);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The shard is another server's from now on.
        }
    }

    private async Task TellAsync(Lane lane)
    {
        var applied = lane.Applied;
        try
        {
            await _receive(ShardFrame.Acknowledging(lane.Peer, applied).ToBytes());
            lane.Told = applied;
        }
        catch (Exception e) when (e is ActorBusyException or ActorFailedException or OwnershipLostException)
        {
            // Told with the next one; or there is nobody to tell any more.
        }
    }

    /// <summary>What is under way to one shard.</summary>
    private sealed class Lane(int self, int peer)
    {
        private readonly Lock _gate = new();
        private readonly Queue<byte[]> _messages = [];
        private readonly Queue<long> _addedAt = [];
        private readonly Channel<bool> _news = Channel.CreateBounded<bool>(1);
        private long _first = 1;
        private long _appliedHere;

        public int Peer => peer;

        /// <summary>The last message that the other shard is known to have applied.</summary>
        public long Applied { get; private set; }

        /// <summary>The last one of them that the own shard knows of.</summary>
        public long Told { get; set; }

        public int Count
        {
            get
            {
                lock (_gate)
                    return _messages.Count;
            }
        }

        public TimeSpan LongestWait(TimeProvider clock)
        {
            lock (_gate)
                return _addedAt.TryPeek(out var oldest) ? clock.GetElapsedTime(oldest) : TimeSpan.Zero;
        }

        public void Add(in ShardFrame frame, long now)
        {
            lock (_gate)
            {
                if (_messages.Count == 0)
                    _first = frame.First;
                foreach (var message in frame.Messages)
                {
                    _messages.Enqueue(message);
                    _addedAt.Enqueue(now);
                }

                _appliedHere = frame.Applied;
            }

            _news.Writer.TryWrite(true);
        }

        /// <summary>Waits for messages. False: it is time to tell what has been applied.</summary>
        public async ValueTask<bool> WaitAsync(TimeProvider clock, CancellationToken stop)
        {
            if (Applied > Told)
            {
                using var late = new CancellationTokenSource(LateInterval, clock);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
                try
                {
                    return await _news.Reader.ReadAsync(either.Token);
                }
                catch (OperationCanceledException) when (!stop.IsCancellationRequested)
                {
                    return false;
                }
            }

            return await _news.Reader.ReadAsync(stop);
        }

        public ShardFrame? NextFrame()
        {
            lock (_gate)
            {
                return _messages.Count == 0
                    ? null
                    : new ShardFrame(self, _appliedHere, _first, ShardFrame.Fitting(_messages));
            }
        }

        /// <summary>Notes what has been applied. Returns whether to tell the own shard now.</summary>
        public bool Acknowledge(long applied)
        {
            lock (_gate)
            {
                for (; _first <= applied && _messages.TryDequeue(out _); _first++)
                {
                    // It need not be sent again.
                    _addedAt.Dequeue();
                }
            }

            Applied = Math.Max(Applied, applied);
            return self > 0 || Applied - Told >= LateMessages;
        }
    }
}
