using System.Text.Json;
using TurnServer.Actor;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Admin.Status;

/// <summary>
/// Writes <c>/status.json</c> (Admin/README.md). No key is in it, not even a part of one: whoever has a key can
/// play in another's place.
/// </summary>
internal static class StatusJson
{
    // One noisy second is not "now".
    private static readonly TimeSpan NowSpan = TimeSpan.FromSeconds(5);

    public static void Write(Utf8JsonWriter json, StatusSnapshot status)
    {
        var last = status.Samples[^1];
        var before = status.Samples.First(sample => sample.At >= last.At - NowSpan);
        var rates = before == last ? null : Rates.Between(before, last);
        var limits = status.Sources.Limits;
        json.WriteStartObject();
        json.WriteString("version", status.Sources.Version);
        json.WriteString("machine", Environment.MachineName);
        json.WriteNumber("processId", Environment.ProcessId);
        json.WriteString("time", status.Time.UtcDateTime);
        json.WriteString("startedAt", status.StartedAt.UtcDateTime);
        json.WriteNumber("uptimeSeconds", Math.Round(status.Uptime.TotalSeconds));
        json.WriteBoolean("isActorAnswering", last.Actor is not null);
        WriteHealth(json, Health.Of(status.Samples, limits));
        WriteNow(json, last, rates);
        WriteLimits(json, limits);
        WriteTotals(json, last);
        SeriesJson.Write(json, status.History, status.Range);
        RegistryJson.Write(json, status.Matches);
        WriteSettings(json, status.Sources.Settings);
        json.WriteEndObject();
    }

    private static void WriteHealth(Utf8JsonWriter json, IReadOnlyList<Finding> findings)
    {
        json.WriteStartObject("health");
        json.WriteString("state", Word(Health.StateOf(findings)));
        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("state", Word(finding.State));
            json.WriteString("text", finding.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNow(Utf8JsonWriter json, Sample last, Rates? rates)
    {
        json.WriteStartObject("now");
        json.WriteRounded("requestsPerSecond", rates?.RequestsPerSecond);
        json.WriteRounded("turnsPerSecond", rates?.TurnsPerSecond);
        json.WriteRounded("turnBytesPerSecond", rates?.TurnBytesPerSecond);
        json.WriteRounded("refusalsPerSecond", rates?.RefusalsPerSecond);
        json.WriteRounded("rateLimitedPerSecond", rates?.RateLimitedPerSecond);
        json.WriteRounded("servedMicroseconds", rates?.ServedMicroseconds);
        json.WriteRounded("cores", rates?.Cores);
        json.WriteRounded("gcPauseShare", rates?.GcPauseShare);
        json.WriteRounded("actorBusyShare", rates?.ActorBusyShare);
        WriteActor(json, last.Actor);
        json.WriteNumber("requestsUnderWay", last.Http.UnderWay);
        json.WriteOptional("connections", last.Http.Connections);
        json.WriteNumber("descriptors", last.Process.Descriptors);
        json.WriteNumber("residentBytes", last.Process.ResidentBytes);
        json.WriteNumber("heapBytes", last.Process.HeapBytes);
        json.WriteNumber("poolThreads", last.Process.PoolThreads);
        json.WriteEndObject();
    }

    private static void WriteActor(Utf8JsonWriter json, ActorStatistics? actor)
    {
        json.WriteOptional("players", actor?.Table.Players);
        json.WriteStartObject("playersByStatus");
        foreach (var status in Enum.GetValues<PlayerStatus>())
            json.WriteOptional(Word(status), actor?.Table.PlayersByStatus[(int)status]);
        json.WriteEndObject();
        json.WriteOptional("games", actor?.Table.Games);
        json.WriteOptional("heldReplies", actor?.HeldReplies);
        json.WriteOptional("mailboxMessages", actor?.MailboxDepth);
        json.WriteOptional("backlogBytes", actor?.Table.BacklogBytes);
    }

    private static void WriteLimits(Utf8JsonWriter json, StatusLimits limits)
    {
        json.WriteStartObject("limits");
        json.WriteNumber("players", limits.Players);
        json.WriteNumber("games", limits.Games);
        json.WriteNumber("mailboxMessages", limits.MailboxMessages);
        json.WriteNumber("connections", limits.Connections);
        json.WriteNumber("descriptors", limits.Descriptors);
        json.WriteNumber("memoryBytes", limits.MemoryBytes);
        json.WriteNumber("cores", limits.Cores);
        json.WriteEndObject();
    }

    private static void WriteTotals(Utf8JsonWriter json, Sample last)
    {
        var table = last.Actor?.Table;
        json.WriteStartObject("total");
        json.WriteNumber("requests", last.Http.Requests);
        json.WriteNumber("refusals", last.Http.RefusalsByCode.Sum());
        json.WriteNumber("rateLimited", Rates.RateLimited(last));
        json.WriteOptional("registrations", table?.Registrations);
        json.WriteOptional("games", table?.GamesStarted);
        json.WriteOptional("turns", table?.Turns);
        json.WriteOptional("turnBytes", table?.TurnBytes);
        json.WriteRounded("cpuSeconds", last.Process.Cpu.TotalSeconds);
        json.WriteStartArray("refusalsByCode");
        for (var code = 0; code < last.Http.RefusalsByCode.Count; code++)
        {
            if (last.Http.RefusalsByCode[code] == 0)
                continue;
            json.WriteStartObject();
            json.WriteNumber("code", code);
            json.WriteString("name", WireNames.Of((ErrorCode)code));
            json.WriteNumber("count", last.Http.RefusalsByCode[code]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("dropsByCause");
        foreach (var cause in Enum.GetValues<DropCause>())
            json.WriteOptional(Word(cause), table?.DropsByCause[(int)cause]);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSettings(Utf8JsonWriter json, IReadOnlyList<Setting> settings)
    {
        json.WriteStartArray("settings");
        foreach (var setting in settings)
        {
            json.WriteStartObject();
            json.WriteString("name", setting.Name);
            json.WriteString("group", setting.Group);
            json.WriteString("value", setting.Value);
            json.WriteString("default", setting.Default);
            json.WriteBoolean("isDefault", setting.IsDefault);
            json.WriteString("help", setting.Help);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName($"{value}");
}
