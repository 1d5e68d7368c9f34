namespace TurnServer.Tests.Abuse;

/// <summary>
/// How much memory an abuse may take, given the server's limits: live objects times a factor for garbage, plus a fixed
/// part.
/// </summary>
internal static class MemoryBound
{
    /// <summary>
    /// An open connection: the listener's buffer of 8 KiB, the objects of listener and socket, and those of a request
    /// in progress or part of a head; measured: 11 to 13 KB.
    /// </summary>
    public const int ConnectionBytes = 14 * 1024;

    /// <summary>The smallest and the largest buffer of a body that is being received.</summary>
    public const int BodyBytesMin = 1024;
    public const int BodyBytesMax = 16_384;

    /// <summary>
    /// The longest backlog of a seat, and so the longest reply; while it is sent the listener holds a second copy, with
    /// its head.
    /// </summary>
    public const int BacklogBytesMax = 131_072;

    // Allocations between two collections of the youngest generation, thread stacks, and code that runs for the first
    // time: 30 MB, whatever the number of requests.
    private const long FixedBytes = 64L * 1024 * 1024;

    // Before a collection there may be as much garbage as there are live objects.
    private const int LongLivedFactor = 2;

    // Objects that reach the oldest generation are collected only when it has doubled, and during that collection as
    // much is allocated again.
    private const int ShortLivedFactor = 3;

    /// <summary>The bound for this many bytes that are allocated and stay alive.</summary>
    public static long ForLongLived(long aliveBytes) => FixedBytes + (LongLivedFactor * aliveBytes);

    /// <summary>The bound for this many live bytes that are continually replaced.</summary>
    public static long ForShortLived(long aliveBytes) => FixedBytes + (ShortLivedFactor * aliveBytes);

    /// <summary>The bound for a heap of limited size.</summary>
    public static long ForHeapLimit(long heapBytesMax) => FixedBytes + heapBytesMax;
}
