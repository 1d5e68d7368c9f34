using System.Runtime.InteropServices;

namespace TurnServer.Journal;

/// <summary>Which file it is, whatever it is called: the same one has the same device and inode.</summary>
internal readonly partial record struct FileStatus(ulong Device, ulong Inode)
{
    // fcntl.h and linux/stat.h: AT_FDCWD, paths as everywhere; AT_EMPTY_PATH, the descriptor itself;
    // AT_SYMLINK_NOFOLLOW; STATX_TYPE and STATX_INO.
    private const int AsEverywhere = -100;
    private const int EmptyPath = 0x1000;
    private const int NotFollowed = 0x100;
    private const uint TypeWanted = 0x1;
    private const uint InodeWanted = 0x100;

    // sys/stat.h: S_IFMT, S_IFREG.
    private const int TypeMask = 0xF000;
    private const int OrdinaryType = 0x8000;

    /// <summary>The file behind a descriptor; null where it cannot be told.</summary>
    public static FileStatus? Of(int descriptor) => Of(descriptor, "", EmptyPath);

    /// <summary>The file that a path leads to; null where there is none.</summary>
    public static FileStatus? Of(string path) => Of(AsEverywhere, path, 0);

    /// <summary>Whether there is a file under this path, and no directory, link, pipe or device.</summary>
    public static bool IsOrdinaryFile(string path) =>
        GetStatus(AsEverywhere, path, NotFollowed, TypeWanted, out var status) == 0
        && (status.Mode & TypeMask) == OrdinaryType;

    private static FileStatus? Of(int directory, string path, int flags) =>
        GetStatus(directory, path, flags, InodeWanted, out var status) == 0
            ? new FileStatus(DeviceOf(status), status.Inode)
            : null;

    // sys/sysmacros.h: makedev.
    private static ulong DeviceOf(in Status status)
    {
        var (major, minor) = ((ulong)status.DeviceMajor, (ulong)status.DeviceMinor);
        return ((major & 0xFFFF_F000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFF_FF00) << 12) | (minor & 0xFF);
    }

    // statx, as its structure is the same everywhere.
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetStatus(int directory, string path, int flags, uint wanted, out Status status);

    // linux/stat.h: struct statx.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
