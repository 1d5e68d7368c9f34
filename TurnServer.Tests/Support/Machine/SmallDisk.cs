using System.Runtime.InteropServices;

namespace TurnServer.Tests.Support;

/// <summary>A tmpfs of a few MiB that a test can fill up. Needs root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int DetachLater = 2;

    private SmallDisk(string path) => Path = path;

    /// <summary>The mount point.</summary>
    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Mounts an empty file system of this size.</summary>
    public static SmallDisk Mount(int mebibytes)
    {
        if (!Environment.IsPrivilegedProcess)
            Tool.SkipOrFail("Only root can mount a file system.");
        var path = Directory.CreateTempSubdirectory("turnserver-disk-").FullName;
        if (MountFileSystem("tmpfs", path, "tmpfs", 0, $"size={mebibytes}m") != 0)
            throw new IOException($"mount: {Marshal.GetLastPInvokeErrorMessage()}");
        return new SmallDisk(path);
    }

    /// <summary>Uses up all free space.</summary>
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
            // Full.
        }
    }

    /// <summary>Frees all space that <see cref="Fill"/> took.</summary>
    public void Free() => File.Delete(Ballast);

    /// <summary>Frees part of the space that <see cref="Fill"/> took.</summary>
    public void Free(int mebibytes)
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
