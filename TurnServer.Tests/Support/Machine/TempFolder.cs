namespace TurnServer.Tests.Support;

/// <summary>A temporary directory, deleted on dispose.</summary>
/// <param name="prefix">The beginning of its name, such as <c>turnserver-state-</c>.</param>
internal class TempFolder(string prefix) : IDisposable
{
    /// <summary>The directory's absolute path.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory(prefix).FullName;

    /// <summary>The path of a file in the directory.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
