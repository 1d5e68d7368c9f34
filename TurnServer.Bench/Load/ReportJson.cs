using System.Text.Json;
using System.Text.Json.Serialization;

namespace TurnServer.Bench.Load;

/// <summary>The figures for other programs: a list of runs, the names as in <see cref="LoadReport"/>.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<LoadReport>))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    public static byte[] Serialize(IReadOnlyList<LoadReport> runs) =>
        JsonSerializer.SerializeToUtf8Bytes(runs, Default.IReadOnlyListLoadReport);
}
