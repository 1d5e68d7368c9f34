namespace TurnServer.Tests.Support;

/// <summary>Plays scenarios against the rules alone; a sleep advances the clock.</summary>
internal sealed class TableScenarioServer(TableDriver table) : IScenarioServer
{
    private readonly Dictionary<string, HeldReply> _started = [];

    public bool IsRealTime => false;

    public async Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds)
    {
        const string Sent = "";
        await StartAsync(Sent, body, waitSeconds);
        var reply = await JoinAsync(Sent, TimeSpan.FromSeconds(waitSeconds));
        return reply ?? new ScenarioReply(0, "<no reply>");
    }

    public Task StartAsync(string id, byte[] body, int waitSeconds)
    {
        _started[id] = table.Hold(body, TimeSpan.FromSeconds(waitSeconds));
        return Task.CompletedTask;
    }

    public bool IsPending(string id) => _started[id].IsHeld;

    public Task<ScenarioReply?> JoinAsync(string id, TimeSpan within)
    {
        var reply = _started[id];
        var end = table.Now + within;
        while (reply.IsHeld && table.Table.NextDeadline is { } next && next <= end)
            table.Advance(next - table.Now);
        ScenarioReply? answer = reply.Text is { } text
            ? new ScenarioReply(reply.Status, text, reply.Headers)
            : null;
        return Task.FromResult(answer);
    }

    public Task<string> GetWaitingAsync(string pool) =>
        Task.FromResult(table.Table.GetWaiting(pool.Length == 0 ? null : pool).ToString());

    public Task SleepAsync(TimeSpan time)
    {
        table.Advance(time);
        return Task.CompletedTask;
    }
}
