using TurnServer.Bench.Processes;

namespace TurnServer.Bench.Journal.Survival;

/// <summary>Reads damaged files in a child process, restarted after a crash or a hang.</summary>
internal sealed class ReaderProcess(IContender contender, string root) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private ChildProcess? _process;

    /// <summary>Has the child read these files and judge the result.</summary>
    public async Task<Outcome> ReadAsync(FileImage files, int promised, bool powerWasLost)
    {
        using var directory = new ScratchDirectory(root);
        files.WriteTo(directory.Path);
        _process ??= JournalChild.Start(JournalChild.Reader, contender.Name);
        try
        {
            await _process.Input.WriteLineAsync($"{promised} {powerWasLost} {directory.Path}");
            await _process.Input.FlushAsync();
            if (await _process.OutputReader.ReadLineAsync().WaitAsync(Timeout) is { } line)
                return Enum.Parse<Outcome>(line);
            Dispose();
            return Outcome.Crashed;
        }
        catch (TimeoutException)
        {
            Dispose();
            return Outcome.Hung;
        }
    }

    /// <summary>Ends the process. The next read starts another.</summary>
    public void Dispose()
    {
        _process?.Dispose();
        _process = null;
    }
}

/// <summary>A reader process for each contender.</summary>
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
