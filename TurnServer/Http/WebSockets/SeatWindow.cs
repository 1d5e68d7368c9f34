using System.Runtime.InteropServices;

namespace TurnServer.Http.WebSockets;

/// <summary>
/// Limits how many updates of one seat are under way on a connection. Only their replies are long, up to the whole
/// block of 128 KiB, and 512 of those would be ready before one of them counts as unsent.
/// </summary>
internal sealed class SeatWindow
{
    /// <summary>The most updates of one seat under way. A client has no reason for more than two.</summary>
    public const int UpdatesMax = 4;

    private const int FieldsBehindData = 3;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, int> _underWay = [];
    private int _awaited;
    private TaskCompletionSource? _free;

    /// <summary>
    /// A number for the seat of a request: a hash of its key, as two seats may share a place in the window now and
    /// then. Null when the request is no update.
    /// </summary>
    public static int? SeatOf(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("6,"u8))
            return null;
        var key = line;
        for (var field = 1; field < FieldsBehindData; field++)
            key = key[..Math.Max(0, key.LastIndexOf((byte)','))];
        var hash = new HashCode();
        hash.AddBytes(key[(key.LastIndexOf((byte)',') + 1)..]);
        return hash.ToHashCode();
    }

    /// <summary>Completes when an update of the seat may go on its way. One caller at a time.</summary>
    public Task EnterAsync(int seat)
    {
        lock (_lock)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_underWay, seat, out _);
            if (count < UpdatesMax)
            {
                count++;
                return Task.CompletedTask;
            }

            _awaited = seat;
            _free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _free.Task;
        }
    }

    /// <summary>An update of the seat is no longer under way.</summary>
    public void Leave(int seat)
    {
        lock (_lock)
        {
            if (_free is { } free && _awaited == seat)
            {
                // Its place goes to the one that waits.
                _free = null;
                free.SetResult();
            }
            else if (--CollectionsMarshal.GetValueRefOrNullRef(_underWay, seat) == 0)
            {
                _underWay.Remove(seat);
            }
        }
    }
}
