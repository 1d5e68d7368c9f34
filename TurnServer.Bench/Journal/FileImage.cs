namespace TurnServer.Bench.Journal;

/// <summary>All files of a directory at one time, by their names in it: what a process that is killed leaves.</summary>
internal sealed class FileImage(IReadOnlyDictionary<string, byte[]> files)
{
    public IReadOnlyDictionary<string, byte[]> Files => files;

    /// <summary>Without the zeros at the end of each file.</summary>
    public long UsedBytes => files.Values.Sum(bytes => (long)UsedLength(bytes));

    /// <summary>Reads a directory, which may be in use. What is written must not change meanwhile.</summary>
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

    /// <summary>How long a file is up to its last byte that is not 0.</summary>
    public static int UsedLength(ReadOnlySpan<byte> bytes) => bytes.LastIndexOfAnyExcept((byte)0) + 1;

    /// <summary>The same, with one file replaced, or without it.</summary>
    public FileImage With(string name, byte[]? bytes)
    {
        var changed = files.ToDictionary(StringComparer.Ordinal);
        changed.Remove(name);
        if (bytes is not null)
            changed.Add(name, bytes);
        return new FileImage(changed);
    }

    /// <summary>Makes the files in an empty directory; zeros at their ends are left out of what is written.</summary>
    public void Put(string directory)
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

    // File.ReadAllBytes does not share with a writer.
    private static byte[]? ReadShared(string path)
    {
        try
        {
            // Not opened when there is nothing in it: a lock cannot be.
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
