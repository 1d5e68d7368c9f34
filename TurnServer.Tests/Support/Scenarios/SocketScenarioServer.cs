using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Support;

/// <summary>
/// Plays scenarios against a server over one WebSocket for all players. A reply's parameters are what its headers are
/// over HTTP; its status follows from its error.
/// </summary>
/// <param name="open">Opens a WebSocket.</param>
/// <param name="http">For GET; owned by this object.</param>
internal sealed class SocketScenarioServer(Func<Task<RawWebSocket>> open, HttpScenarioServer http)
    : IScenarioServer, IAsyncDisposable
{
    // Time for a started request to reach the server.
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(150);

    private readonly ConcurrentDictionary<int, TaskCompletionSource<ScenarioReply>> _sent = [];
    private readonly Dictionary<string, Task<ScenarioReply>> _started = [];
    private RawWebSocket? _socket;
    private Task _reading = Task.CompletedTask;
    private int _tag;

    /// <inheritdoc cref="HttpScenarioServer.LongestDelay"/>
    public TimeSpan LongestDelay { get; private set; }

    public bool IsRealTime => true;

    public async Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds)
    {
        var watch = Stopwatch.StartNew();
        var reply = await TestWait.ForAsync(await PostAsync(body, waitSeconds));
        NoteDelay(watch.Elapsed - TimeSpan.FromSeconds(waitSeconds));
        return reply;
    }

    public async Task StartAsync(string id, byte[] body, int waitSeconds)
    {
        _started[id] = await PostAsync(body, waitSeconds);
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
        await Task.Delay(time + HttpScenarioServer.TimerSlack);
        NoteDelay(watch.Elapsed - time);
    }

    public Task<string> GetWaitingAsync(string pool) => http.GetWaitingAsync(pool);

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await CloseAsync();
    }

    private async Task<Task<ScenarioReply>> PostAsync(byte[] body, int waitSeconds)
    {
        var tag = ++_tag;
        var head = waitSeconds > 0 ? $"{tag};wait={waitSeconds} " : $"{tag} ";
        var message = SocketFrame.Encode(Opcode.Text, [.. Encoding.ASCII.GetBytes(head), .. body]);
        if (!IsUtf8(body))
        {
            // 2 over HTTP; here it costs the connection (RFC 6455, 8.1).
            await using var other = await open();
            await other.SendBytesAsync(message);
            var close = await other.ReadCloseAsync();
            return Task.FromResult(close?.Code == 1007
                ? new ScenarioReply(400, "2/*/*")
                : new ScenarioReply(0, $"<{close}>"));
        }

        if (_socket is null)
        {
            _socket = await open();
            _reading = ReadAllAsync(_socket);
        }

        var source = new TaskCompletionSource<ScenarioReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        _sent[tag] = source;
        await _socket.SendBytesAsync(message);
        return source.Task;
    }

    private static bool IsUtf8(byte[] body) => System.Text.Unicode.Utf8.IsValid(body);

    private async Task ReadAllAsync(RawWebSocket socket)
    {
        while (await socket.ReadFrameAsync(Timeout.InfiniteTimeSpan) is { } frame)
        {
            if (frame.Opcode == Opcode.Ping)
                await socket.SendBytesAsync(SocketFrame.Encode(Opcode.Pong, frame.Payload));
            else if (frame.Opcode == Opcode.Text && frame.Text.Split(' ', 2) is [var head, var text])
                Complete(head.Split(';'), text);
        }

        foreach (var source in _sent.Values)
            source.TrySetResult(new ScenarioReply(0, "<connection closed>"));
    }

    private void Complete(string[] head, string text)
    {
        var parameters = head.Skip(1).Select(parameter => parameter.Split('=')).ToDictionary(pair => pair[0],
            pair => long.Parse(pair[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        var status = text.Split('/')[0] switch { "0" => 200, "22" => 429, "23" => 503, _ => 400 };
        if (!_sent.TryRemove(int.Parse(head[0], CultureInfo.InvariantCulture), out var source))
            return;
        source.SetResult(new ScenarioReply(status, text, ScenarioHeaders.Read(header =>
            parameters.TryGetValue(NameOf(header), out var value) ? value : null)));
    }

    private static string NameOf(string header) => header switch
    {
        ReplyHeaders.TurnCounter => "counter",
        ReplyHeaders.TurnsTaken => "taken",
        ReplyHeaders.TurnsAcknowledged => "acknowledged",
        ReplyHeaders.PartnerSilent => "silent",
        _ => throw new ArgumentOutOfRangeException(nameof(header), header, "Unknown header."),
    };

    private async Task CloseAsync()
    {
        if (_socket is null)
            return;
        await _socket.SendCloseAsync();
        await TestWait.ForAsync(_reading);
        await _socket.DisposeAsync();
    }

    private void NoteDelay(TimeSpan delay) => LongestDelay = delay > LongestDelay ? delay : LongestDelay;
}
