using System.Globalization;

namespace TurnServer.Service;

/// <summary>The file descriptors of this process: the limit, and how many are open.</summary>
internal static class FileDescriptors
{
    // Where the limit cannot be read: the lowest default of a Linux distribution.
    private const int LimitUnknown = 1024;

    // "unlimited" means the kernel's fs.nr_open, by default this.
    private const int LimitUnlimited = 1_048_576;

    /// <summary>The soft limit, which .NET raises to the hard limit at start.</summary>
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

    /// <summary>How many are open; an estimate where that cannot be read.</summary>
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
