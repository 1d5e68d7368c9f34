namespace TurnServer.Bench.Journal.Survival;

/// <summary>A reader's process for each contender.</summary>
internal sealed class ReaderPool(string root) : IDisposable
{
    private readonly Dictionary<IContender, ReaderProcess> _readers = [];

    public ReaderProcess Of(IContender contender)
    {
        if (!_readers.TryGetValue(contender, out var reader))
            _readers.Add(contender, reader = new ReaderProcess(contender, root));
        return reader;
    }

    public void Dispose()
    {
        foreach (var reader in _readers.Values)
            reader.Dispose();
    }
}
