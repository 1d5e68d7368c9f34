namespace TurnServer.Bench.Journal;

/// <summary>A temporary directory, deleted with its contents on disposal.</summary>
internal sealed class ScratchDirectory(string root) : IDisposable
{
    public string Path { get; } = Directory.CreateDirectory(
        System.IO.Path.Combine(root, System.IO.Path.GetRandomFileName())).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
