using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;

namespace TurnServer.Tests.Support;

/// <summary>Plays scenarios against a server over HTTP, in real time.</summary>
/// <param name="client">A client with the server's base address; owned by this object.</param>
internal sealed class HttpScenarioServer(HttpClient client) : IScenarioServer, IDisposable
{
    // Time for a started request to reach the server.
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(150);

    private static readonly TimeSpan TimerResolution = TimeSpan.FromMilliseconds(1);

    private readonly Dictionary<string, Task<ScenarioReply>> _started = [];

    /// <summary>Plays scenarios against the server at this address.</summary>
    public HttpScenarioServer(Uri url)
        : this(new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = url,
            Timeout = TimeSpan.FromSeconds(60),
        })
    {
    }

    /// <summary>
    /// How late the slowest step was. With timeouts of one second, a long stall of the machine invalidates a scenario.
    /// </summary>
    public TimeSpan LongestDelay { get; private set; }

    public bool IsRealTime => true;

    public async Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds)
    {
        var watch = Stopwatch.StartNew();
        var reply = await PostAsync(body, waitSeconds);
        NoteDelay(watch.Elapsed - TimeSpan.FromSeconds(waitSeconds));
        return reply;
    }

    public async Task StartAsync(string id, byte[] body, int waitSeconds)
    {
        _started[id] = PostAsync(body, waitSeconds);
        await SleepAsync(StartPause);
    }

    public bool IsPending(string id) => !_started[id].IsCompleted;

    public async Task<ScenarioReply?> JoinAsync(string id, TimeSpan within)
    {
        var reply = _started[id];
        return await Task.WhenAny(reply, Task.Delay(within)) == reply ? await reply : null;
    }

    public async Task SleepAsync(TimeSpan time)
    {
        var watch = Stopwatch.StartNew();
        // Timers count on a coarse clock, and may elapse some milliseconds early.
        for (var left = time; left > TimeSpan.Zero; left = time - watch.Elapsed)
            await Task.Delay(left + TimerResolution);
        NoteDelay(watch.Elapsed - time);
    }

    public Task<string> GetWaitingAsync(string pool) =>
        client.GetStringAsync(pool.Length == 0 ? "/waiting" : $"/waiting?pool={Uri.EscapeDataString(pool)}");

    public void Dispose() => client.Dispose();

    private async Task<ScenarioReply> PostAsync(byte[] body, int waitSeconds)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        if (waitSeconds > 0)
            request.Headers.Add("Prefer", $"wait={waitSeconds}");
        try
        {
            using var response = await client.SendAsync(request);
            return new ScenarioReply((int)response.StatusCode,
                WireText.Of(await response.Content.ReadAsByteArrayAsync()),
                ScenarioHeaders.Read(name => Number(response, name)));
        }
        catch (HttpRequestException e)
        {
            return new ScenarioReply(0, $"<{e.Message}>");
        }
    }

    private static long? Number(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out var values)
            ? long.Parse(values.Single(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
            : null;

    private void NoteDelay(TimeSpan delay) => LongestDelay = delay > LongestDelay ? delay : LongestDelay;
}
