using System.Globalization;
using System.Net.Sockets;
using System.Text;
using TurnServer.Bench.Client;
using TurnServer.Rules;

namespace TurnServer.Bench.Cluster.Faults;

/// <summary>
/// A game with an update that is on its way into the owner when that is frozen. Another server takes over, the update
/// is repeated there and the game goes on; then the first owner wakes up with the update. It must not answer it from
/// the table that it had.
/// </summary>
internal sealed class FrozenOwnerProbe : IDisposable
{
    // An owner that has been started not long ago may own one of 64 shards only: one in a hundred such probes finds no
    // game.
    private const int RoundsMax = 18;
    private const int GamesAtATime = 16;

    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(3) };
    private readonly TcpClient _frozen = new() { NoDelay = true };
    private readonly IReadOnlyList<Uri> _urls;
    private readonly byte[] _buffer = new byte[4096];
    private PlayedSeat _one;
    private PlayedSeat _other;

    private FrozenOwnerProbe(IReadOnlyList<Uri> urls) => _urls = urls;

    /// <summary>Whether the server that is to be frozen owns the game; otherwise it passes requests on.</summary>
    public bool MeetsOwner { get; private set; }

    /// <summary>Begins a game, with a connection to the owner.</summary>
    /// <param name="urls">All servers.</param>
    /// <param name="owner">The server that is to be frozen.</param>
    /// <param name="gameShards">How many shards the games are spread over; 0: there is one table.</param>
    /// <param name="owned">
    /// The shards that it owns, the lobby included; the game is in one of them, if it owns games. Null: all.
    /// </param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="BenchException">The servers do not answer as they should.</exception>
    public static async Task<FrozenOwnerProbe> BeginAsync(IReadOnlyList<Uri> urls, Site owner, int gameShards,
        IReadOnlySet<int>? owned, CancellationToken stop)
    {
        var probe = new FrozenOwnerProbe(urls);
        try
        {
            await probe.BeginGameAsync(gameShards, owned, stop);
            await probe._frozen.ConnectAsync(owner.Host, owner.Port, stop);
            await probe.SendAsync("turn 0", 0, stop);
            var reply = await probe.ReadAsync(stop);
            return reply is { } text && text.Contains("0/10/", StringComparison.Ordinal)
                ? probe
                : throw new BenchException($"the owner answered {reply ?? "nothing"} to an update");
        }
        catch
        {
            probe.Dispose();
            throw;
        }
    }

    /// <summary>Sends an update to the owner, which is frozen.</summary>
    public Task AskFrozenAsync(CancellationToken stop) => SendAsync("turn 1", 1, stop);

    /// <summary>Repeats the update at the new owner, sends the next one; the partner must get all.</summary>
    /// <exception cref="BenchException">A turn is lost or doubled, or a reply is wrong.</exception>
    public async Task GoOnAsync(Uri owner, CancellationToken stop)
    {
        // 10, or 11 if a reply came too late and the probe has asked again.
        await AskAsync([owner, .. _urls], $"6,turn 1,{_one},1", "0/1", stop);
        await AskAsync([owner, .. _urls], $"6,turn 2,{_one},2", "0/1", stop);
        var turns = await AskAsync([owner, .. _urls], $"6,,{_other},0", "0/", stop);
        if (!turns.EndsWith("/turn 0|turn 1|turn 2", StringComparison.Ordinal))
            throw new BenchException($"the partner of a player of a frozen owner got {turns}");
    }

    /// <summary>Reads what the woken server answers. Returns what is wrong with it; null: nothing.</summary>
    public async Task<string?> CheckAsync(CancellationToken stop)
    {
        var reply = await ReadAsync(stop);
        var more = await AskAsync(_urls, $"6,,{_other},1", "0/", stop);
        await QuitAsync(_one, _other, stop);
        if (more is not ("10/*" or "11/*"))
            return $"after a frozen owner had woken up, the partner got {more}";
        // 18: the new owner has had this counter and a later one.
        var isRight = reply is null || reply.StartsWith("HTTP/1.1 50", StringComparison.Ordinal)
            || reply.Contains("\r\n\r\n18/", StringComparison.Ordinal);
        return isRight ? null : $"a frozen owner answered, when it woke up: {reply}";
    }

    public void Dispose()
    {
        _frozen.Dispose();
        _http.Dispose();
    }

    // A game's shard is drawn when it begins: games in other shards are ended again.
    private async Task BeginGameAsync(int gameShards, IReadOnlySet<int>? owned, CancellationToken stop)
    {
        var count = owned is not null && owned.Any(shard => shard > 0) ? GamesAtATime : 1;
        for (var round = 1; ; round++)
        {
            var games = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => PairAsync(stop)));
            var found = Array.FindIndex(games, game => owned is null
                || owned.Contains(ShardRole.Lobby(gameShards).ShardOfSeat(NumberOf(game.One.Key))));
            var isOver = found >= 0 || count == 1 || round == RoundsMax;
            if (isOver)
                (_one, _other) = games[Math.Max(found, 0)];
            MeetsOwner = found >= 0;
            await Task.WhenAll(games.Where(game => !isOver || game.One != _one)
                .Select(game => QuitAsync(game.One, game.Other, stop)));
            if (isOver)
                return;
        }
    }

    private async Task QuitAsync(PlayedSeat one, PlayedSeat other, CancellationToken stop)
    {
        await AskAsync(_urls, $"5,*,{one},*", "0/", stop);
        await AskAsync(_urls, $"5,*,{other},*", "0/", stop);
    }

    private async Task<(PlayedSeat One, PlayedSeat Other)> PairAsync(CancellationToken stop)
    {
        var number = Random.Shared.Next(0x1000000);
        var (a, b) = ($"probe-{number:x6}-a", $"probe-{number:x6}-b");
        // As GameSetup does.
        var keyA = await AskAsync(_urls, $"0,{a},*,{b}", "0/0/", stop);
        var keyB = await AskAsync(_urls, $"0,{b},*,{a}", "0/0/", stop);
        await AskAsync(_urls, $"2,*,{keyA},*", "0/3/", stop);
        await AskAsync(_urls, $"2,*,{keyB},*", "0/4/", stop);
        await AskAsync(_urls, $"3,*,{keyA},*", "0/5/", stop);
        await AskAsync(_urls, $"3,*,{keyB},*", "0/6/", stop);
        await AskAsync(_urls, $"4,*,{keyA},*", "0/7/", stop);
        var other = SeatOf(await AskAsync(_urls, $"4,*,{keyB},*", "0/8/", stop));
        return (SeatOf(await AskAsync(_urls, $"4,*,{keyA},*", "0/8/", stop)), other);
    }

    private static PlayedSeat SeatOf(string data) => data.Split('|') is var parts
        ? new PlayedSeat(parts[0], parts[1][0])
        : default;

    private static ulong NumberOf(string key) => ulong.Parse(key, NumberStyles.None, CultureInfo.InvariantCulture);

    private Task SendAsync(string turn, int counter, CancellationToken stop)
    {
        var body = $"6,{turn},{_one},{counter}";
        return _frozen.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST / HTTP/1.1\r\nHost: probe\r\nContent-Length: {body.Length}\r\n\r\n{body}"), stop).AsTask();
    }

    // Null: the connection was closed, or nothing came.
    private async Task<string?> ReadAsync(CancellationToken stop)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(AskTimeout);
        try
        {
            var length = 0;
            while (true)
            {
                var count = await _frozen.GetStream().ReadAsync(_buffer.AsMemory(length), timeout.Token);
                if (count == 0)
                    return null;
                length += count;
                if (ReplyHead.TryParse(_buffer.AsSpan(0, length), out var head)
                    && length >= head.Length + head.BodyLength)
                {
                    return Encoding.ASCII.GetString(_buffer, 0, length);
                }
            }
        }
        catch (Exception e) when (e is IOException
            || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return null;
        }
    }

    // Asks one server after the other until there is a reply.
    private async Task<string> AskAsync(IReadOnlyList<Uri> urls, string body, string expected, CancellationToken stop)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(AskTimeout);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
                using var response = await _http.PostAsync(urls[attempt % urls.Count], content, timeout.Token);
                var reply = await response.Content.ReadAsStringAsync(timeout.Token);
                if (reply.StartsWith(expected, StringComparison.Ordinal))
                    return reply[expected.Length..];
                if ((int)response.StatusCode < 500)
                    throw new BenchException($"the server answered {reply}, not {expected}, to a probe's {body[..1]}");
            }
            catch (HttpRequestException)
            {
                // The next server.
            }
            catch (OperationCanceledException) when (!timeout.IsCancellationRequested)
            {
                // The same.
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                throw new BenchException($"no server answered a probe within {AskTimeout.TotalSeconds:0} s");
            }

            await Task.Delay(RetryPause, stop);
        }
    }
}
