using System.Text.Json;
using System.Text.RegularExpressions;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>A test vector for a seat: Vectors/README.md describes it.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Wait">The options, in seconds.</param>
/// <param name="KeepAlive">See <paramref name="Wait"/>.</param>
/// <param name="PollInterval">See <paramref name="Wait"/>.</param>
/// <param name="SavesEachTurn">Whether the app saves each turn.</param>
/// <param name="Saved">Counts and turns of the saved game to resume; null: a new game.</param>
/// <param name="Steps">The steps, an array.</param>
internal sealed record SeatVector(string Name, decimal Wait, decimal KeepAlive, decimal PollInterval,
    bool SavesEachTurn, JsonElement? Saved, JsonElement Steps);

/// <summary>The test vectors of Vectors/seat.json.</summary>
internal static partial class SeatVectors
{
    public static IReadOnlyList<SeatVector> All { get; } = [.. Read()];

    /// <summary>A string of a vector: <c>{x*3}</c> stands for <c>xxx</c>.</summary>
    public static string Expand(JsonElement text) => Expand(text.GetString()!);

    /// <inheritdoc cref="Expand(JsonElement)"/>
    public static string Expand(string text) => Repetition().Replace(text,
        match => new string(match.Groups[1].Value[0], int.Parse(match.Groups[2].Value)));

    private static IEnumerable<SeatVector> Read()
    {
        using var json = JsonDocument.Parse(Repository.Read("TurnServer.Tests/Client/Vectors/seat.json"));
        foreach (var vector in json.RootElement.Clone().EnumerateArray())
        {
            var hasOptions = vector.TryGetProperty("options", out var options);
            yield return new SeatVector(vector.GetProperty("name").GetString()!, Seconds("wait", 15),
                Seconds("keepAlive", 5), Seconds("pollInterval", 1),
                hasOptions && options.TryGetProperty("savesEachTurn", out var saves) && saves.GetBoolean(),
                vector.TryGetProperty("saved", out var saved) ? saved : null, vector.GetProperty("steps"));

            decimal Seconds(string name, decimal defaultValue) =>
                hasOptions && options.TryGetProperty(name, out var value) ? value.GetDecimal() : defaultValue;
        }
    }

    [GeneratedRegex(@"\{(.)\*(\d+)\}")]
    private static partial Regex Repetition();
}
