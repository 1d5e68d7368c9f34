namespace TurnServer.Bench.Journal;

/// <summary>A new directory, deleted with all that is in it.</summary>
internal sealed class ScratchDirectory(string root) : IDisposable
{
    public string Path { get; } = Directory.CreateDirectory(
        System.IO.Path.Combine(root, System.IO.Path.GetRandomFileName())).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
