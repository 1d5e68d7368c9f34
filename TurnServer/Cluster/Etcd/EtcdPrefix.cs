using System.Runtime.CompilerServices;
using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;

namespace TurnServer.Cluster.Etcd;

/// <summary>Some keys that begin in the same way, few enough to be read at once.</summary>
/// <param name="connection">Not disposed of with this.</param>
/// <param name="prefix">How they begin; it ends in a slash.</param>
internal sealed class EtcdPrefix(EtcdConnection connection, string prefix)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    private readonly ByteString _first = ByteString.CopyFromUtf8(prefix);

    // The slash's successor.
    private readonly ByteString _end = ByteString.CopyFromUtf8(prefix[..^1] + "0");

    /// <summary>The keys that there are.</summary>
    /// <exception cref="LogUnavailableException">etcd does not answer.</exception>
    public Task<RangeResponse> ListAsync(CancellationToken stop)
    {
        var request = new RangeRequest { Key = _first, RangeEnd = _end };
        return connection.ReadAsync(
            (etcd, options) => etcd.Kv.RangeAsync(request, options).ResponseAsync, stop);
    }

    /// <summary>
    /// The keys that there are, each under what follows the prefix: at first, and again whenever one has come, has
    /// gone, or has another value, until <paramref name="stop"/>. While etcd cannot be reached nothing comes.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyDictionary<string, KeyValue>> WatchAsync(
        [EnumeratorCancellation] CancellationToken stop)
    {
        Dictionary<string, KeyValue>? known = null;
        while (true)
        {
            var list = await ListForSureAsync(stop);
            var found = list.Kvs.ToDictionary(NameOf);
            await using var watch = new EtcdWatch(connection, _first, _end, list.Header.Revision + 1, stop);
            do
            {
                if (known is not null && HaveSameValues(known, found))
                    continue;
                known = new Dictionary<string, KeyValue>(found);
                yield return known;
            }
            while (await TryApplyNextAsync(watch, found));
            if (!watch.HasWorked)
                await Task.Delay(RetryPause, stop);
        }
    }

    // Does not give up.
    private async Task<RangeResponse> ListForSureAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                return await ListAsync(stop);
            }
            catch (LogUnavailableException)
            {
                await Task.Delay(RetryPause, stop);
            }
        }
    }

    // False: the watch has ended.
    private async Task<bool> TryApplyNextAsync(EtcdWatch watch, Dictionary<string, KeyValue> found)
    {
        if (await watch.NextAsync() is not { } events)
            return false;
        foreach (var change in events)
        {
            if (change.Type == Event.Types.EventType.Delete)
                found.Remove(NameOf(change.Kv));
            else
                found[NameOf(change.Kv)] = change.Kv;
        }

        return true;
    }

    private string NameOf(KeyValue key) => key.Key.ToStringUtf8()[prefix.Length..];

    private static bool HaveSameValues(Dictionary<string, KeyValue> some, Dictionary<string, KeyValue> others) =>
        some.Count == others.Count
        && some.All(one => others.TryGetValue(one.Key, out var other) && other.Value.Equals(one.Value.Value));
}
