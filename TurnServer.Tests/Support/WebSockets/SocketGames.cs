namespace TurnServer.Tests.Support;

/// <summary>Starts games of players who share one WebSocket.</summary>
internal static class SocketGames
{
    /// <summary>Registers two players who name each other and starts a game. Returns "KEY,PLAYER" of both.</summary>
    public static async Task<(string One, string Other)> StartAsync(RawWebSocket socket, string name)
    {
        var keys = new[]
        {
            await socket.RegisterAsync($"0,{name}1,*,{name}2,*"), await socket.RegisterAsync($"0,{name}2,*,{name}1,*"),
        };
        foreach (var symbol in "234")
        {
            foreach (var key in keys)
                await socket.AskAsync($"{symbol},*,{key},*,*");
        }

        return (await SeatAsync(keys[0]), await SeatAsync(keys[1]));

        async Task<string> SeatAsync(string key)
        {
            var reply = await socket.AskAsync($"4,*,{key},*,*");
            Assert.That(reply, Does.StartWith("0/8/"));
            return reply["0/8/".Length..].Replace('|', ',');
        }
    }
}
