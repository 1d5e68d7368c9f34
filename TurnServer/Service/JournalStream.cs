using System.Globalization;
using System.Runtime.InteropServices;

namespace TurnServer.Service;

/// <summary>Whether standard error is a stream of the journal.</summary>
internal static partial class JournalStream
{
    private const int Error = 2;

    // fcntl.h and linux/stat.h: AT_EMPTY_PATH, the descriptor itself; STATX_INO.
    private const int EmptyPath = 0x1000;
    private const uint Inode = 0x100;

    /// <summary>By the test that systemd.exec(5) gives: JOURNAL_STREAM names its device and inode.</summary>
    public static bool IsStandardError =>
        Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 } named && named == Identify(Error);

    // "DEVICE:INODE", as fstat has them; null where it cannot be told. statx, as its structure is the same everywhere.
    private static string? Identify(int descriptor) =>
        GetStatus(descriptor, "", EmptyPath, Inode, out var status) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{Device(status)}:{status.Inode}")
            : null;

    // sys/sysmacros.h: makedev.
    private static ulong Device(in Status status)
    {
        var (major, minor) = ((ulong)status.DeviceMajor, (ulong)status.DeviceMinor);
        return ((major & 0xFFFF_F000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFF_FF00) << 12) | (minor & 0xFF);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetStatus(int directory, string path, int flags, uint wanted, out Status status);

    // linux/stat.h: struct statx.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
