using TurnServer.Client;
using TurnServer.Protocol;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>A partner that leaves before the game, at a certain step of the other player's.</summary>
internal sealed class EarlyLeaver : IDisposable
{
    private readonly HttpClient _http = TurnClient.CreateHttp();
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TurnClient _client;
    private readonly Symbol _step;

    private EarlyLeaver(Uri server, Symbol step) =>
        (_client, _step) = (new TurnClient(_http, server), step);

    /// <summary>Registers a partner.</summary>
    /// <param name="server">The server's URL.</param>
    /// <param name="name">The partner's name.</param>
    /// <param name="proxy">What the other player's requests pass through.</param>
    /// <param name="step">The request of the other player's at which this one leaves.</param>
    /// <param name="partner">The other player's name, if that one has named this one.</param>
    public static async Task<EarlyLeaver> RegisterAsync(Uri server, string name, FaultyProxy proxy, Symbol step,
        string? partner = null)
    {
        var leaver = new EarlyLeaver(server, step);
        proxy.Plan = request => request.Body.StartsWith($"{(int)step},", StringComparison.Ordinal)
            ? leaver.PlanStep()
            : default;
        Assert.That(await leaver._client.RegisterAsync(name, partner), Is.Null);
        return leaver;
    }

    /// <summary>Is paired with the other player, who must be registered, and leaves at the step.</summary>
    public async Task LeaveAsync()
    {
        var pairing = await TestWait.ForAsync(_client.PairAsync());
        Assert.That(pairing.Fault, Is.Null);
        await TestWait.UntilAsync(() => _seen.Task.IsCompleted, $"the other player sends a {_step}");
        Assert.That(await _client.UnregisterAsync(), Is.Null);
        _left.SetResult();
    }

    public void Dispose() => _http.Dispose();

    // The reply to a MAP_READY is held until this player leaves. The others arrive after that.
    private ProxyPlan PlanStep()
    {
        _seen.TrySetResult();
        return _step == Symbol.MapReady ? default : new ProxyPlan(NetworkFault.DelayRequest, _left.Task);
    }
}
