using TurnServer.Cluster;
using TurnServer.Cluster.Etcd;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cluster.Etcd;

/// <summary>Tests that share one server of etcd; each has keys of its own.</summary>
public abstract class EtcdFixture
{
    private readonly List<EtcdConnection> _connections = [];
    private int _tests;

    private protected EtcdCluster Cluster { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartEtcd() => Cluster = await EtcdCluster.StartAsync(1);

    [OneTimeTearDown]
    public async Task StopEtcd() => await (Cluster?.DisposeAsync() ?? default);

    [SetUp]
    public void TakeKeys() => _tests++;

    [TearDown]
    public void Disconnect()
    {
        _connections.ForEach(connection => connection.Dispose());
        _connections.Clear();
    }

    /// <summary>A connection to the keys of this test, until its end.</summary>
    private protected EtcdConnection Connect(TimeProvider? time = null)
    {
        var connection = new EtcdConnection(Cluster.PatientOptions with { Name = $"test-{_tests}" }, time);
        _connections.Add(connection);
        return connection;
    }

    private protected EtcdShardLog OpenLog(ShardRole role = default) => Connect().OpenLog(role);

    /// <param name="capacity">See <see cref="EtcdShardLog.Capacity"/>.</param>
    /// <param name="compactor">Null: one of its own.</param>
    private protected EtcdShardLog OpenLog(int capacity, EtcdCompactor? compactor = null)
    {
        var connection = Connect();
        return new EtcdShardLog(connection, compactor ?? new EtcdCompactor(connection), capacity: capacity);
    }

    /// <summary>Appends batches of a few bytes, of which each tells its position, and returns the head.</summary>
    private protected static async Task<ShardHead> AppendAsync(IShardLog log, ShardHead head, int count)
    {
        for (; count > 0; count--)
        {
            Assert.That(await log.TryAppendAsync(head, head.Next(), BatchAt(head.Position + 1), default), Is.True);
            head = head.Next();
        }

        return head;
    }

    /// <summary>Takes an empty log over.</summary>
    private protected static async Task<ShardHead> TakeOverAsync(IShardLog log, ShardHead head, string owner = "a")
    {
        var next = head.TakenOverBy(owner);
        Assert.That(await log.TryAppendAsync(head, next, BatchAt(next.Position), default), Is.True);
        return next;
    }

    /// <summary>The next batches, as they come.</summary>
    private protected static async Task<IReadOnlyList<LogBatch>> TakeAsync(IShardLog log, long after, int count)
    {
        using var stop = new CancellationTokenSource(TestWait.Timeout);
        var batches = new List<LogBatch>();
        await foreach (var batch in log.ReadOnAsync(after, stop.Token))
        {
            batches.Add(batch);
            if (batches.Count == count)
                break;
        }

        return batches;
    }

    /// <summary>Checks that these are in order and without a gap, each with its position.</summary>
    private protected static void AssertPositions(IReadOnlyList<LogBatch> batches, long from)
    {
        Assert.That(batches.Select(batch => batch.Position),
            Is.EqualTo(Enumerable.Range(0, batches.Count).Select(index => from + index)));
        Assert.That(batches.Select(batch => batch.Content.ToArray()),
            Is.EqualTo(batches.Select(batch => BatchAt(batch.Position))));
    }

    private protected static byte[] BatchAt(long position) => BitConverter.GetBytes(position);
}
