namespace TurnServer.Tests.Abuse;

/// <summary>
/// The most memory that an abuse may make the server take, from the limits that it runs under: what is alive, times
/// what the collector needs for it, and the collector's own.
/// </summary>
internal static class MemoryBound
{
    /// <summary>
    /// An open connection: the listener's buffer of 8 KiB, its objects and the socket's, and those of a request under
    /// way or of a part of a head; 11 to 13 KB have been measured.
    /// </summary>
    public const int ConnectionBytes = 14 * 1024;

    /// <summary>The least that a body takes that is on its way, and the most.</summary>
    public const int BodyBytesMin = 1024;
    public const int BodyBytesMax = 16_384;

    /// <summary>
    /// All turns that may wait for one seat, and the most that a reply has to say; one that is being sent is there once
    /// more in the listener, with its head.
    /// </summary>
    public const int BacklogBytesMax = 131_072;

    // What is allocated between two collections of the youngest generation, thread stacks, and the code that the abuse
    // is the first to run: 30 MB, at any number of requests.
    private const long FixedBytes = 64L * 1024 * 1024;

    // Until it collects, as much again may have come as is alive.
    private const int StandingFactor = 2;

    // What lives long enough to get into the oldest generation dies there uncollected until that has grown by as much
    // again, and while it is collected as much comes once more.
    private const int PassingFactor = 3;

    /// <summary>For so many bytes at once that come and stay.</summary>
    public static long OfStanding(long aliveBytes) => FixedBytes + (StandingFactor * aliveBytes);

    /// <summary>For so many bytes at once that come and go.</summary>
    public static long OfPassing(long aliveBytes) => FixedBytes + (PassingFactor * aliveBytes);

    /// <summary>For a heap that the runtime has been told not to let grow past this.</summary>
    public static long OfHeap(long heapBytesMax) => FixedBytes + heapBytesMax;
}
