using System.Runtime.InteropServices;

namespace TurnServer.Journal.Disk;

/// <summary>A file's identity, independent of its path: its device and inode.</summary>
internal readonly partial record struct FileStatus(ulong Device, ulong Inode)
{
    // fcntl.h and linux/stat.h: AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, STATX_TYPE, STATX_INO.
    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint TypeWanted = 0x1;
    private const uint InodeWanted = 0x100;

    // sys/stat.h: S_IFMT, S_IFREG.
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;

    /// <summary>The file behind a descriptor; null when it cannot be determined.</summary>
    public static FileStatus? Of(int descriptor) => Of(descriptor, "", EmptyPath);

    /// <summary>The file that a path leads to, links followed; null when there is none.</summary>
    public static FileStatus? Of(string path) => Of(CurrentDirectory, path, 0);

    /// <summary>Whether the path names a regular file: not a directory, link, pipe or device.</summary>
    public static bool IsRegularFile(string path) =>
        GetStatus(CurrentDirectory, path, NoFollow, TypeWanted, out var status) == 0
        && (status.Mode & TypeMask) == RegularFile;

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

    // statx, because its structure is the same on every architecture.
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
