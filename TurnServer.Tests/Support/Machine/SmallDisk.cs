using System.Runtime.InteropServices;

namespace TurnServer.Tests.Support;

/// <summary>A file system of a few MiB in memory, which can be filled. Only root can have one.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int DetachLater = 2;

    private SmallDisk(string path) => Path = path;

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>An empty one of so many MiB.</summary>
    public static SmallDisk Mount(int mebibytes)
    {
        if (!Environment.IsPrivilegedProcess)
            Tool.Miss("Only root can mount a disk.");
        var path = Directory.CreateTempSubdirectory("turnserver-disk-").FullName;
        if (MountFileSystem("tmpfs", path, "tmpfs", 0, $"size={mebibytes}m") != 0)
            throw new IOException($"mount: {Marshal.GetLastPInvokeErrorMessage()}");
        return new SmallDisk(path);
    }

    /// <summary>Takes all the room that is left.</summary>
    public void Fill()
    {
        using var file = new FileStream(Ballast, FileMode.Append);
        var page = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(page);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // That was the last.
        }
    }

    /// <summary>Gives all of it back.</summary>
    public void MakeRoom() => File.Delete(Ballast);

    /// <summary>Gives so much of it back.</summary>
    public void MakeRoom(int mebibytes)
    {
        using var file = File.OpenWrite(Ballast);
        file.SetLength(file.Length - (mebibytes << 20));
    }

    public void Dispose()
    {
        _ = UnmountFileSystem(Path, DetachLater);
        Directory.Delete(Path);
    }

    [DllImport("libc", EntryPoint = "mount", SetLastError = true, CharSet = CharSet.Ansi)]
    private static extern int MountFileSystem(string source, string target, string type, ulong flags, string data);

    [DllImport("libc", EntryPoint = "umount2", SetLastError = true, CharSet = CharSet.Ansi)]
    private static extern int UnmountFileSystem(string target, int flags);
}
