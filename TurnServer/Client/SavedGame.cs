using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TurnServer.Client;

/// <summary>
/// What a client needs to come back to a game, as one line of JSON that <see cref="TurnGame.Save"/> hands out. Clients
/// in other languages use the same names.
/// </summary>
internal sealed record SavedGame
{
    /// <summary>The version of these fields: 1.</summary>
    public required int Version { get; init; }

    public required Uri Url { get; init; }

    /// <summary>The seat key, as text: JavaScript reads numbers as doubles.</summary>
    public required string Key { get; init; }

    public required int Seat { get; init; }

    public required string Partner { get; init; }

    public required bool IsHost { get; init; }

    /// <summary>The last counter taken, as far as the client knows; −1 before the first.</summary>
    public required long Counter { get; init; }

    /// <summary>How many turns the server has taken.</summary>
    public required long Taken { get; init; }

    /// <summary>The last of those that were taken with one update.</summary>
    public required IReadOnlyList<string> Last { get; init; }

    /// <summary>The turns after them.</summary>
    public required IReadOnlyList<string> Unsent { get; init; }

    /// <summary>How many of the partner's turns have arrived.</summary>
    public required long Received { get; init; }

    /// <summary>The last of those, which have not been read.</summary>
    public required IReadOnlyList<string> Unread { get; init; }

    [JsonIgnore]
    public OutboxContent Outbox => new(Taken, Bytes(Last), Bytes(Unsent));

    [JsonIgnore]
    public InboxContent Inbox => new(Received, Bytes(Unread));

    public static IReadOnlyList<string> Texts(IEnumerable<ReadOnlyMemory<byte>> turns) =>
        [.. turns.Select(turn => Encoding.UTF8.GetString(turn.Span))];

    public string Write() => JsonSerializer.Serialize(this, SavedGameJson.Relaxed.SavedGame);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else; the message says what.</exception>
    public static SavedGame Read(string text)
    {
        SavedGame? saved;
        try
        {
            saved = JsonSerializer.Deserialize(text, SavedGameJson.Relaxed.SavedGame);
        }
        catch (JsonException e)
        {
            throw new FormatException($"This is not a saved game: {e.Message}", e);
        }

        var fault = saved is null ? "it is null" : FaultOf(saved);
        return fault is null ? saved! : throw new FormatException($"This is not a saved game: {fault}.");
    }

    private static string? FaultOf(SavedGame saved)
    {
        if (saved.Version != 1)
            return $"its version is {saved.Version}, not 1";
        if (ServerUrl.FindFault(saved.Url) is { } fault)
            return fault;
        if (saved.Key.Length == 0 || !saved.Key.All(char.IsAsciiDigit) || saved.Seat is not (0 or 1))
            return "its key or seat is malformed";
        // The serializer does not check the elements of lists.
        if (saved.Last.Concat(saved.Unsent).Concat(saved.Unread).Any(turn => turn is null))
            return "one of its turns is null";
        if (saved.Counter < -1 || saved.Taken < saved.Last.Count || saved.Received < saved.Unread.Count)
            return "its counts are inconsistent";
        return saved.Last.Concat(saved.Unsent).Any(turn => turn.Length == 0 || turn.Contains('|'))
            ? "one of its turns is empty or contains |"
            : null;
    }

    private static IReadOnlyList<ReadOnlyMemory<byte>> Bytes(IReadOnlyList<string> turns) =>
        [.. turns.Select(turn => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(turn))];
}

[JsonSerializable(typeof(SavedGame))]
internal sealed partial class SavedGameJson : JsonSerializerContext
{
    /// <summary>Leaves letters beyond ASCII as they are: the text goes into a file, not into a page.</summary>
    public static SavedGameJson Relaxed { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectNullableAnnotations = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
