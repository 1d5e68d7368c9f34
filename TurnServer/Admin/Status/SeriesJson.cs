using System.Text.Json;

namespace TurnServer.Admin.Status;

/// <summary>Writes the past as series of equal length, the oldest first, null where there is a gap.</summary>
internal static class SeriesJson
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<Sample> samples, HistoryRange range)
    {
        var points = new List<(Sample To, Rates Rates)>();
        for (var i = 1; i < samples.Count; i++)
            points.Add((samples[i], Rates.Between(samples[i - 1], samples[i])));
        var isFine = range == HistoryRange.Minutes;
        var interval = isFine ? History.FineInterval : History.CoarseInterval;
        json.WriteStartObject("history");
        json.WriteString("range", isFine ? "minutes" : "hour");
        json.WriteNumber("intervalSeconds", interval.TotalSeconds);
        json.WriteNumber("spanSeconds", interval.TotalSeconds * (isFine ? History.FineCount : History.CoarseCount));
        Series("secondsAgo", point => (samples[^1].At - point.To.At).TotalSeconds);
        Series("requestsPerSecond", point => point.Rates.RequestsPerSecond);
        Series("turnsPerSecond", point => point.Rates.TurnsPerSecond);
        Series("refusalsPerSecond", point => point.Rates.RefusalsPerSecond);
        Series("servedMicroseconds", point => point.Rates.ServedMicroseconds);
        Series("games", point => point.To.Actor?.Table.Games);
        Series("playersWaiting", point => point.To.Actor?.Table.PlayersByStatus[0]);
        Series("heldReplies", point => point.To.Actor?.HeldReplies);
        Series("cores", point => point.Rates.Cores);
        Series("actorBusyShare", point => point.Rates.ActorBusyShare);
        Series("gcPauseShare", point => point.Rates.GcPauseShare);
        Series("residentBytes", point => point.To.Process.ResidentBytes);
        Series("heapBytes", point => point.To.Process.HeapBytes);
        json.WriteEndObject();

        void Series(string name, Func<(Sample To, Rates Rates), double?> value)
        {
            json.WriteStartArray(name);
            foreach (var point in points)
                json.WriteRoundedValue(value(point));
            json.WriteEndArray();
        }
    }
}

/// <summary>Numbers as people read them: no more digits than mean something, null where there is none.</summary>
internal static class JsonNumbers
{
    private const int Digits = 4;

    public static void WriteOptional(this Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    public static void WriteRounded(this Utf8JsonWriter json, string name, double? value)
    {
        json.WritePropertyName(name);
        json.WriteRoundedValue(value);
    }

    public static void WriteRoundedValue(this Utf8JsonWriter json, double? value)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumberValue(Math.Round((decimal)number, Digits));
        else
            json.WriteNullValue();
    }
}
