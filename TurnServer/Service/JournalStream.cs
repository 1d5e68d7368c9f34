using System.Globalization;
using TurnServer.Journal.Disk;

namespace TurnServer.Service;

/// <summary>Whether standard error is a stream of the journal.</summary>
internal static class JournalStream
{
    private const int Error = 2;

    /// <summary>By the test that systemd.exec(5) gives: JOURNAL_STREAM names its device and inode.</summary>
    public static bool IsStandardError =>
        Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 } named && named == Identify(Error);

    // "DEVICE:INODE", as fstat has them; null where it cannot be told.
    private static string? Identify(int descriptor) => FileStatus.Of(descriptor) is { } file
        ? string.Create(CultureInfo.InvariantCulture, $"{file.Device}:{file.Inode}")
        : null;
}
