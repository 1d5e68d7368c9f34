using System.Diagnostics;

namespace TurnServer.Bench.Journal.Survival;

/// <summary>Reads damaged files in a process of its own, which is begun anew when it has crashed or hangs.</summary>
internal sealed class ReaderProcess(IContender contender, string root) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private Process? _process;

    /// <summary>What these files are worth, of which so many records are owed.</summary>
    public async Task<Outcome> ReadAsync(FileImage files, int promised, bool powerWasLost)
    {
        using var directory = new ScratchDirectory(root);
        files.Put(directory.Path);
        _process ??= JournalChild.Start(JournalChild.Reader, contender.Name);
        try
        {
            await _process.StandardInput.WriteLineAsync($"{promised} {powerWasLost} {directory.Path}");
            await _process.StandardInput.FlushAsync();
            if (await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience) is { } line)
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

    /// <summary>Ends the process. The next reading begins one anew.</summary>
    public void Dispose()
    {
        if (_process is null)
            return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }
}
