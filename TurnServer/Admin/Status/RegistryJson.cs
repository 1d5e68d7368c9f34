using System.Text.Json;
using TurnServer.Rules;

namespace TurnServer.Admin.Status;

/// <summary>
/// Writes both registries, without their keys. Names are users' input: the writer escapes all but plain ASCII.
/// </summary>
internal static class RegistryJson
{
    public static void Write(Utf8JsonWriter json, TableMatches? matches)
    {
        if (matches is null)
        {
            json.WriteNull("players");
            json.WriteNull("games");
            return;
        }

        WriteHead("players", matches.View.PlayerCount, matches.PlayersMatching);
        foreach (var player in matches.View.Players)
            Write(json, player);
        json.WriteEndArray();
        json.WriteEndObject();
        WriteHead("games", matches.View.GameCount, matches.GamesMatching);
        foreach (var game in matches.View.Games)
            Write(json, game);
        json.WriteEndArray();
        json.WriteEndObject();

        void WriteHead(string name, int count, int matching)
        {
            json.WriteStartObject(name);
            json.WriteNumber("count", count);
            json.WriteNumber("matching", matching);
            json.WriteStartArray("rows");
        }
    }

    private static void Write(Utf8JsonWriter json, PlayerView player)
    {
        json.WriteStartObject();
        json.WriteString("name", player.Name);
        json.WriteString("address", player.Address);
        json.WriteString("status", player.Status.ToString().ToLowerInvariant());
        if (player.IsHost is { } isHost)
            json.WriteBoolean("hosts", isHost);
        else
            json.WriteNull("hosts");
        json.WriteString("partner", player.Partner);
        json.WriteRounded("ageSeconds", player.Age.TotalSeconds);
        json.WriteRounded("timeLeftSeconds", player.TimeLeft?.TotalSeconds);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, GameView game)
    {
        json.WriteStartObject();
        json.WriteRounded("ageSeconds", game.Age.TotalSeconds);
        json.WriteStartArray("seats");
        Write(json, game.Seat0);
        Write(json, game.Seat1);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SeatView seat)
    {
        json.WriteStartObject();
        json.WriteString("name", seat.Name);
        json.WriteString("address", seat.Address);
        json.WriteNumber("counter", seat.Counter);
        json.WriteNumber("backlogBytes", seat.BacklogBytes);
        json.WriteString("left", seat.Left);
        json.WriteRounded("timeLeftSeconds", seat.TimeLeft?.TotalSeconds);
        json.WriteEndObject();
    }
}
