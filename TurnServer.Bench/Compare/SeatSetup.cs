namespace TurnServer.Bench.Compare;

/// <summary>One seat of a game under way, as a client knows it.</summary>
internal readonly record struct PlayedSeat(string Key, char Number)
{
    public override string ToString() => $"{Key},{Number}";
}

/// <summary>Brings games under way on a server over HTTP, and asks how far they have come.</summary>
internal sealed class SeatSetup(int port) : IDisposable
{
    private readonly HttpClient _http = new()
    {
        BaseAddress = new Uri($"http://127.0.0.1:{port}/"),
        Timeout = TimeSpan.FromSeconds(10),
    };

    private int _names;

    public int Port => port;

    /// <summary>New games; the seats of each are neighbours.</summary>
    public async Task<List<PlayedSeat>> StartGamesAsync(int count)
    {
        var seats = new List<PlayedSeat>();
        for (var i = 0; i < count; i++)
        {
            var (a, b) = ($"a{++_names}", $"b{_names}");
            var keyA = await AskAsync($"0,{a},*,{b}", "0/0/");
            var keyB = await AskAsync($"0,{b},*,{a}", "0/0/");
            await AskAsync($"2,*,{keyA},*", "0/3/");
            await AskAsync($"2,*,{keyB},*", "0/4/");
            await AskAsync($"3,*,{keyA},*", "0/5/");
            await AskAsync($"3,*,{keyB},*", "0/6/");
            await AskAsync($"4,*,{keyA},*", "0/7/");
            seats.Add(SeatOf(await AskAsync($"4,*,{keyB},*", "0/8/")));
            seats.Add(SeatOf(await AskAsync($"4,*,{keyA},*", "0/8/")));
        }

        return seats;
    }

    /// <summary>Checks that the last counter that a seat sent is the last that the server took.</summary>
    public async Task CheckCounterAsync(PlayedSeat seat, long lastSent)
    {
        var reply = await PostAsync($"6,,{seat},{lastSent}");
        if (!reply.StartsWith("0/11/", StringComparison.Ordinal))
            throw new BenchException($"the counters did not advance: {reply} to counter {lastSent}, sent again");
    }

    /// <summary>Ends games, so that they do not stay until their timeout.</summary>
    public async Task QuitAsync(List<PlayedSeat> seats)
    {
        foreach (var seat in seats)
            await AskAsync($"5,*,{seat},*", "0/1/");
    }

    public void Dispose() => _http.Dispose();

    private static PlayedSeat SeatOf(string data)
    {
        var parts = data.Split('|');
        return new PlayedSeat(parts[0], parts[1][0]);
    }

    private async Task<string> AskAsync(string body, string expected)
    {
        var reply = await PostAsync(body);
        return reply.StartsWith(expected, StringComparison.Ordinal)
            ? reply[expected.Length..]
            : throw new BenchException($"the server answered {reply} to {body}");
    }

    private async Task<string> PostAsync(string body)
    {
        using var content = new StringContent(body);
        try
        {
            using var response = await _http.PostAsync(new Uri("/", UriKind.Relative), content);
            return await response.Content.ReadAsStringAsync();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            throw new BenchException($"the server on port {port} does not answer: {e.Message}");
        }
    }
}
