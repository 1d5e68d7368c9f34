using System.Globalization;
using TurnServer.Journal.Disk;

namespace TurnServer.Service;

/// <summary>Whether standard error is connected to systemd's journal.</summary>
internal static class JournalStream
{
    private const int Error = 2;

    /// <summary>systemd.exec(5): JOURNAL_STREAM holds the device and inode of the stream.</summary>
    public static bool IsStandardError =>
        Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 } stream && stream == Identify(Error);

    // "DEVICE:INODE" from fstat; null if that fails.
    private static string? Identify(int descriptor) => FileStatus.Of(descriptor) is { } file
        ? string.Create(CultureInfo.InvariantCulture, $"{file.Device}:{file.Inode}")
        : null;
}
