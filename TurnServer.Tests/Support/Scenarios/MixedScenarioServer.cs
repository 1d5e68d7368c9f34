namespace TurnServer.Tests.Support;

/// <summary>
/// Plays scenarios in several ways by turns, such as over HTTP and a WebSocket, or through several servers.
/// </summary>
/// <param name="ways">The ways; the first one begins.</param>
internal sealed class MixedScenarioServer(params IReadOnlyList<IScenarioServer> ways) : IScenarioServer
{
    private readonly Dictionary<string, IScenarioServer> _started = [];
    private int _requests;

    public bool IsRealTime => true;

    public Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds) => Next().SendAsync(body, waitSeconds);

    public Task StartAsync(string id, byte[] body, int waitSeconds)
    {
        _started[id] = Next();
        return _started[id].StartAsync(id, body, waitSeconds);
    }

    public bool IsPending(string id) => _started[id].IsPending(id);

    public Task<ScenarioReply?> JoinAsync(string id, TimeSpan within) => _started[id].JoinAsync(id, within);

    public Task<string> GetWaitingAsync(string pool) => ways[0].GetWaitingAsync(pool);

    public Task SleepAsync(TimeSpan time) => ways[0].SleepAsync(time);

    private IScenarioServer Next() => ways[_requests++ % ways.Count];
}
