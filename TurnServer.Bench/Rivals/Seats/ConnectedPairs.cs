using System.Text;
using System.Text.Json;
using TurnServer.Bench.Client;

namespace TurnServer.Bench.Rivals.Seats;

/// <summary>Connected players; the two seats of a pair are neighbours in the list.</summary>
/// <param name="seats">The seats.</param>
/// <param name="end">What else is to be done at the end; null: nothing.</param>
internal sealed class ConnectedPairs(IReadOnlyList<RivalSeat> seats, Action? end = null) : IDisposable
{
    // The first bytes of Colyseus's messages, and the short strings of MessagePack.
    private const byte JoinRoom = 10;
    private const byte RoomData = 13;
    private const byte ShortString = 0xA0;

    // Names are never used twice, so that no server pairs a new player with an old one.
    private static int _pairs;

    public IReadOnlyList<RivalSeat> Seats => seats;

    public void Dispose()
    {
        foreach (var seat in seats)
            seat.Dispose();
        end?.Invoke();
    }

    /// <summary>Seats of games on this server, each with a WebSocket.</summary>
    /// <exception cref="BenchException">The server does not answer as it should.</exception>
    public static ConnectedPairs OfThisServer(int port, int pairs)
    {
        var games = new GameSetup(port);
        var seats = games.Start(pairs);
        return Connect(seats, seat => new ProtocolSeat(new FrameConnection(port, "/", "turn.1"), seat),
            () => games.Quit(seats));
    }

    /// <summary>Seats of games on this server, each with a connection for HTTP.</summary>
    /// <exception cref="BenchException">The server does not answer as it should.</exception>
    public static ConnectedPairs OfThisServerByHttp(int port, int pairs)
    {
        var games = new GameSetup(port);
        var seats = games.Start(pairs);
        return Connect(seats, seat => new HeldUpdateSeat(new DrivenSeat(port, seat)), () => games.Quit(seats));
    }

    /// <summary>Clients of a relay that pairs by the path.</summary>
    /// <exception cref="BenchException">The server does not accept a WebSocket.</exception>
    public static ConnectedPairs OfRelay(int port, int pairs) =>
        Connect(Names(pairs), name => new FrameSeat(new FrameConnection(port, $"/{name}")));

    /// <summary>Clients of socket.io, by the WebSocket transport alone.</summary>
    /// <exception cref="BenchException">The server does not answer as it should.</exception>
    public static ConnectedPairs OfSocketIo(int port, int pairs) => Connect(Names(pairs), name =>
    {
        var connection = new FrameConnection(port, $"/socket.io/?EIO=4&transport=websocket&room={name}");
        // Engine.IO opens; then Socket.IO connects to the namespace /.
        Expect(connection.Receive(), "0{");
        connection.Send(FrameConnection.Text, "40"u8);
        Expect(connection.Receive(), "40{");
        return new FrameSeat(connection, FrameConnection.Text, [.. "42[\"turn\",\""u8], [.. "\"]"u8]);
    });

    /// <summary>Clients of HTTP servers that reply at once.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="pairs">How many pairs.</param>
    /// <param name="reply">The reply; null: the body of the request.</param>
    public static ConnectedPairs OfEcho(int port, int pairs, byte[]? reply = null) =>
        new([.. Enumerable.Range(0, 2 * pairs).Select(_ => new EchoSeat(port, reply))]);

    /// <summary>Clients of Colyseus.</summary>
    /// <exception cref="BenchException">The server does not answer as it should.</exception>
    public static ConnectedPairs OfColyseus(int port, int pairs)
    {
        using var http = new HttpClient();
        return Connect(Names(pairs), name => JoinColyseus(http, port, name));
    }

    private static FrameSeat JoinColyseus(HttpClient http, int port, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post,
            new Uri($"http://127.0.0.1:{port}/matchmake/joinOrCreate/pair"))
        {
            Content = new StringContent($$"""{"name":"{{name}}"}""", Encoding.UTF8, "application/json"),
        };
        string path;
        try
        {
            using var response = http.Send(request);
            using var body = JsonDocument.Parse(response.EnsureSuccessStatusCode().Content.ReadAsStream());
            path = $"/{Property("processId")}/{Property("roomId")}?sessionId={Property("sessionId")}";

            string? Property(string property) => body.RootElement.GetProperty(property).GetString();
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or KeyNotFoundException)
        {
            throw new BenchException($"Colyseus does not let a player join: {e.Message}");
        }

        var connection = new FrameConnection(port, path);
        var joined = connection.Receive();
        if (joined is not [JoinRoom, ..])
            throw new BenchException($"Colyseus sent {Convert.ToHexString(joined)} to a player that joined");
        connection.Send(FrameConnection.Binary, [JoinRoom]);
        return new FrameSeat(connection, FrameConnection.Binary,
            [RoomData, ShortString | 4, .. "turn"u8, ShortString | RivalSeat.TurnBytes]);
    }

    private static void Expect(ReadOnlySpan<byte> message, string start)
    {
        var text = Encoding.UTF8.GetString(message);
        if (!text.StartsWith(start, StringComparison.Ordinal))
            throw new BenchException($"the server sent {text}, not {start}");
    }

    // Each name twice: for both players of the pair.
    private static IEnumerable<string> Names(int pairs)
    {
        for (var i = 0; i < pairs; i++)
        {
            var name = $"pair{++_pairs}";
            yield return name;
            yield return name;
        }
    }

    private static ConnectedPairs Connect<T>(IEnumerable<T> players, Func<T, RivalSeat> connect, Action? end = null)
    {
        var seats = new List<RivalSeat>();
        try
        {
            foreach (var player in players)
                seats.Add(connect(player));
            return new ConnectedPairs(seats, end);
        }
        catch
        {
            seats.ForEach(seat => seat.Dispose());
            throw;
        }
    }
}
