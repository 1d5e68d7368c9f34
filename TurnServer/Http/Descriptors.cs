using System.Globalization;

namespace TurnServer.Http;

/// <summary>How many connections the process may have, from the limit on its file descriptors.</summary>
internal static class Descriptors
{
    /// <summary>
    /// What is left when all connections are open: every assembly that is loaded later keeps two, every thread needs
    /// two for a moment when it starts, and the runtime does not survive it when there are none.
    /// </summary>
    public const int Reserve = 64;

    // Where the limit cannot be read: the smallest that a Linux distribution sets.
    private const int LimitUnknown = 1024;

    // "unlimited" is the kernel's fs.nr_open, by default this.
    private const int LimitUnlimited = 1_048_576;

    /// <summary>The soft limit of this process, which .NET raises to the hard one at start.</summary>
    public static int Limit()
    {
        try
        {
            var line = File.ReadLines("/proc/self/limits")
                .First(text => text.StartsWith("Max open files", StringComparison.Ordinal));
            var soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
            return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
                ? limit
                : LimitUnlimited;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return LimitUnknown;
        }
    }

    /// <summary>
    /// The most connections that leave the process the descriptors it needs for itself; possibly below 1.
    /// </summary>
    public static int ConnectionsPossible(int limit) => limit - InUse() - Reserve;

    /// <summary>
    /// 0.8 of the limit, or less where the limit is so small that the process itself needs more than the rest.
    /// </summary>
    /// <param name="limit">The limit on descriptors.</param>
    /// <param name="others">Connections to be kept free for others.</param>
    public static int ConnectionsByDefault(int limit, int others) =>
        Math.Max(1, Math.Min(limit / 5 * 4, ConnectionsPossible(limit) - others));

    /// <summary>How many descriptors the process has open; an estimate where that cannot be read.</summary>
    public static int InUse()
    {
        try
        {
            return Directory.GetFileSystemEntries("/proc/self/fd").Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return LimitUnknown / 8;
        }
    }
}
