namespace TurnServer.Bench.Journal;

/// <summary>All files of a directory at one moment, by relative name: what a killed process leaves.</summary>
internal sealed class FileImage(IReadOnlyDictionary<string, byte[]> files)
{
    public IReadOnlyDictionary<string, byte[]> Files => files;

    /// <summary>Their total length without trailing zeros.</summary>
    public long UsedBytes => files.Values.Sum(bytes => (long)UsedLength(bytes));

    /// <summary>Reads a directory, which may be open elsewhere but must not be written meanwhile.</summary>
    public static FileImage Take(string directory)
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var path in Directory.GetFiles(directory, "*", SearchOption.AllDirectories))
        {
            // FasterLog deletes the files of old commits in the background.
            if (ReadShared(path) is { } bytes)
                files.Add(Path.GetRelativePath(directory, path), bytes);
        }

        return new FileImage(files);
    }

    /// <summary>The length of a file without trailing zeros.</summary>
    public static int UsedLength(ReadOnlySpan<byte> bytes) => bytes.LastIndexOfAnyExcept((byte)0) + 1;

    /// <summary>A copy with one file replaced, or removed when null.</summary>
    public FileImage With(string name, byte[]? bytes)
    {
        var changed = files.ToDictionary(StringComparer.Ordinal);
        changed.Remove(name);
        if (bytes is not null)
            changed.Add(name, bytes);
        return new FileImage(changed);
    }

    /// <summary>Creates the files in an empty directory, sparse where they end in zeros.</summary>
    public void WriteTo(string directory)
    {
        foreach (var (name, bytes) in files)
        {
            var path = Path.Combine(directory, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            RandomAccess.Write(file, bytes.AsSpan(0, UsedLength(bytes)), 0);
            RandomAccess.SetLength(file, bytes.Length);
        }
    }

    // File.ReadAllBytes does not share with writers.
    private static byte[]? ReadShared(string path)
    {
        try
        {
            // An empty file may be a lock, which cannot be opened.
            if (new FileInfo(path).Length == 0)
                return [];
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
