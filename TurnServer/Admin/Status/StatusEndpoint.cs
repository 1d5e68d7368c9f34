using System.Buffers;
using System.Collections.Specialized;
using System.Globalization;
using System.Text.Json;
using TurnServer.Actor;
using TurnServer.Admin.Front;
using TurnServer.Rules;

namespace TurnServer.Admin.Status;

/// <summary>What an operator wants to see at a glance, and the hour before it.</summary>
internal sealed class StatusEndpoint : IDisposable
{
    private const string Json = "application/json; charset=utf-8";
    private const int RowsDefault = 100;
    private const int RowsMax = 1000;

    // A name is shorter.
    private const int SearchCharactersMax = 64;

    private readonly StatusSources _sources;
    private readonly Sampler _sampler;
    private readonly RegistrySearch _search;
    private readonly TimeProvider _clock;
    private readonly DateTimeOffset _startedAt;
    private readonly long _startedTimestamp;

    public StatusEndpoint(StatusSources sources, ActorProbe probe, TimeProvider clock)
    {
        _sources = sources;
        _clock = clock;
        _sampler = new Sampler(probe, () => HttpCounts.Of(sources.Front, sources.Meters), Http.Descriptors.InUse,
            clock);
        _search = new RegistrySearch(sources.Actor, clock);
        _startedAt = clock.GetUtcNow();
        _startedTimestamp = clock.GetTimestamp();
    }

    /// <summary>Watches until it is stopped.</summary>
    public Task RunAsync(CancellationToken stop) => _sampler.RunAsync(stop);

    /// <summary>The page as JSON (Admin/README.md).</summary>
    public async ValueTask<AdminReply> ComposeAsync(AdminRequest request)
    {
        if (!TryRead(request.Query, out var text, out var rows, out var range, out var wrong))
            return AdminReply.Line(400, wrong);
        var history = _sampler.History;
        var samples = history.Of(HistoryRange.Minutes);
        if (samples.Count == 0)
            return AdminReply.Line(503, "the server has just started: nothing has been read yet");
        var snapshot = new StatusSnapshot
        {
            Sources = _sources,
            Time = _clock.GetUtcNow(),
            StartedAt = _startedAt,
            Uptime = _clock.GetElapsedTime(_startedTimestamp),
            Samples = samples,
            Range = range,
            History = range == HistoryRange.Minutes ? samples : history.Of(range),
            // Who does not answer is not asked more.
            Matches = samples[^1].Actor is null ? null : await FindAsync(text, rows),
        };
        var buffer = new ArrayBufferWriter<byte>(32 * 1024);
        using (var writer = new Utf8JsonWriter(buffer))
            StatusJson.Write(writer, snapshot);
        return new AdminReply(200, Json, buffer.WrittenSpan.ToArray());
    }

    public void Dispose() => _search.Dispose();

    private async Task<TableMatches?> FindAsync(string text, int rows)
    {
        try
        {
            return await _search.FindAsync(text, rows);
        }
        catch (ActorSilentException)
        {
            return null;
        }
    }

    private static bool TryRead(NameValueCollection query, out string text, out int rows, out HistoryRange range,
        out string wrong)
    {
        text = (query["search"] ?? "").Trim();
        rows = RowsDefault;
        range = HistoryRange.Minutes;
        wrong = $"rows: give a whole number from 1 to {RowsMax}";
        if (query["rows"] is { } number && (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture,
            out rows) || rows is < 1 or > RowsMax))
        {
            return false;
        }

        wrong = $"search: give at most {SearchCharactersMax} characters";
        if (text.Length > SearchCharactersMax)
            return false;
        wrong = "range: give minutes or hour";
        if (query["range"] is not { } name)
            return true;
        range = name == "hour" ? HistoryRange.Hour : HistoryRange.Minutes;
        return name is "hour" or "minutes";
    }
}

/// <summary>All that is written into one <c>/status.json</c>.</summary>
internal sealed record StatusSnapshot
{
    public required StatusSources Sources { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required TimeSpan Uptime { get; init; }

    /// <summary>The last minutes, the oldest first; at least one.</summary>
    public required IReadOnlyList<Sample> Samples { get; init; }

    public required HistoryRange Range { get; init; }

    /// <summary>Those of the range that was asked for.</summary>
    public required IReadOnlyList<Sample> History { get; init; }

    /// <summary>Null when the actor did not answer.</summary>
    public required TableMatches? Matches { get; init; }
}
