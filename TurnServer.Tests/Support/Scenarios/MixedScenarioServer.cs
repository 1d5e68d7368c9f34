namespace TurnServer.Tests.Support;

/// <summary>Plays scenarios over HTTP and a WebSocket by turns.</summary>
internal sealed class MixedScenarioServer(HttpScenarioServer http, SocketScenarioServer socket) : IScenarioServer
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

    public Task<string> GetWaitingAsync(string pool) => http.GetWaitingAsync(pool);

    public Task SleepAsync(TimeSpan time) => http.SleepAsync(time);

    private IScenarioServer Next() => _requests++ % 2 == 0 ? http : socket;
}
