using System.Text.Json;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>
/// A player whose client is a program: what it sends and has received, over kills of the program. What was stored last
/// counts, as it does for an app.
/// </summary>
internal sealed class ConformancePlayer : IAsyncDisposable
{
    private readonly string _options;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _alive = new(1);
    private readonly List<string> _received = [];
    private readonly List<string[]> _events = [];
    private ClientProgram _program;
    private ClientProcess _child;
    private Task _reading;
    private string? _saved;
    private int _storedCount;
    private bool _isBeingKilled;

    private ConformancePlayer(ClientProgram program, ClientProcess child, string options)
    {
        (_program, _child, _options) = (program, child, options);
        child.Write(options);
        _reading = ReadAsync(child);
    }

    /// <summary>The partner's turns.</summary>
    public IReadOnlyList<string> Received
    {
        get
        {
            lock (_lock)
                return [.. _received];
        }
    }

    /// <summary>How many turns have been received.</summary>
    public int ReceivedCount
    {
        get
        {
            lock (_lock)
            {
                Check();
                return _received.Count;
            }
        }
    }

    /// <summary>How many turns have been sent, or will be after it has come back.</summary>
    public int SentCount { get; private set; }

    /// <summary>How often the program has been killed.</summary>
    public int KillCount { get; private set; }

    /// <summary>Starts a program.</summary>
    /// <param name="program">The client.</param>
    /// <param name="options">Such as <c>wait=3 patience=60</c>.</param>
    public static async Task<ConformancePlayer> StartAsync(ClientProgram program, string options) =>
        new(program, await program.StartAsync("play"), $"options {options}");

    /// <summary>Registers to be paired, and begins to play as soon as it is.</summary>
    public void Register(Uri url, string name, string partner = "", string pool = "", string token = "") =>
        _child.Write(ProgramLine.Of("register", url.ToString(), name, partner, pool, token));

    /// <summary>Sends the next turn.</summary>
    /// <param name="command"><c>send</c> or <c>post</c>.</param>
    /// <param name="turns">All turns of this player, in order.</param>
    public async Task SendNextAsync(string command, IReadOnlyList<string> turns)
    {
        await _alive.WaitAsync();
        try
        {
            _child.Write(ProgramLine.Of(command, turns[SentCount]));
            SentCount++;
        }
        finally
        {
            _alive.Release();
        }
    }

    public void Quit() => _child.Write("quit");

    /// <summary>Waits for an event and returns its second field, or "" if there is none.</summary>
    /// <param name="names">Any of these.</param>
    public async Task<string> WaitForAsync(params string[] names)
    {
        string? value = null;
        await TestWait.UntilAsync(() => (value = Find(names)) is not null,
            $"{_program} says {string.Join(" or ", names)} (its last events: {Last()})");
        return value!;
    }

    /// <summary>As <see cref="WaitForAsync"/>; then forgets this event.</summary>
    public async Task<string> TakeAsync(string name)
    {
        var value = await WaitForAsync(name);
        lock (_lock)
            _events.RemoveAt(_events.FindIndex(fields => fields[0] == name));
        return value;
    }

    /// <summary>Waits until the stored game has all turns that have been sent.</summary>
    public Task WaitUntilStoredAsync() => TestWait.UntilAsync(() =>
    {
        lock (_lock)
        {
            Check();
            return _saved is not null && StoredSentCount(_saved) == SentCount;
        }
    }, "the game is stored");

    /// <summary>Whether it has said this.</summary>
    public bool HasSaid(string name) => Find(name) is not null;

    /// <summary>The second field of an event, or "" if it has none; null if there was no such event.</summary>
    public string? ValueOf(string name) => Find(name);

    /// <summary>Kills the program, and starts it anew.</summary>
    /// <param name="successor">The program to start instead of it; null: the same.</param>
    public async Task KillAsync(ClientProgram? successor = null)
    {
        lock (_lock)
            _isBeingKilled = true;
        await _child.KillAsync();
        await TestWait.ForAsync(_reading);
        await _child.DisposeAsync();
        lock (_lock)
        {
            _events.Clear();
            _isBeingKilled = false;
        }

        KillCount++;
        _program = successor ?? _program;
        _child = await _program.StartAsync("play");
        _child.Write(_options);
        _reading = ReadAsync(_child);
    }

    /// <summary>Kills the program and comes back to the game as it was stored last.</summary>
    /// <param name="successor">As in <see cref="KillAsync"/>.</param>
    public async Task KillAndResumeAsync(ClientProgram? successor = null)
    {
        await _alive.WaitAsync();
        try
        {
            await KillAsync(successor);
            Assert.That(_saved, Is.Not.Null, "a game was saved");
            using var saved = JsonDocument.Parse(_saved!);
            var stored = saved.RootElement;
            lock (_lock)
            {
                var readCount = stored.GetProperty("received").GetInt32()
                    - stored.GetProperty("unread").GetArrayLength();
                Assert.That(readCount, Is.EqualTo(_storedCount), "the saved game has the turns before it");
                _received.RemoveRange(_storedCount, _received.Count - _storedCount);
            }

            SentCount = StoredSentCount(_saved!);
            _child.Write(ProgramLine.Of("resume", _saved!));
            var outcome = await WaitForAsync("started", "failed");
            Assert.That(HasSaid("failed"), Is.False, outcome);
        }
        finally
        {
            _alive.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        await TestWait.ForAsync(_reading);
        _alive.Dispose();
    }

    private static int StoredSentCount(string saved)
    {
        using var game = JsonDocument.Parse(saved);
        return game.RootElement.GetProperty("taken").GetInt32()
            + game.RootElement.GetProperty("unsent").GetArrayLength();
    }

    private async Task ReadAsync(ClientProcess child)
    {
        await foreach (var fields in child.Events.ReadAllAsync())
        {
            lock (_lock)
            {
                if (fields[0] == "turn")
                    _received.Add(fields[1]);
                else
                    _events.Add(fields);
                if (fields[0] == "save")
                    (_saved, _storedCount) = (fields[1], _received.Count);
            }
        }

        lock (_lock)
            _events.Add(["error", "the program has ended"]);
    }

    private string? Find(params string[] names)
    {
        lock (_lock)
        {
            Check();
            return _events.Find(fields => names.Contains(fields[0])) is { } found
                ? found.ElementAtOrDefault(1) ?? ""
                : null;
        }
    }

    // Fails the test if the program has failed or ended.
    private void Check()
    {
        if (!_isBeingKilled && _events.Find(fields => fields[0] == "error") is { } error)
            Assert.Fail($"{_program}: {string.Join(' ', error)} {_child.Errors}");
    }

    private string Last()
    {
        lock (_lock)
            return string.Join(", ", _events.TakeLast(3).Select(fields => fields[0])) + _child.Errors;
    }
}
