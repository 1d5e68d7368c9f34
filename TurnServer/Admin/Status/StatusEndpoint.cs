using System.Collections.Specialized;
using System.Globalization;
using System.Text.Json;
using TurnServer.Admin.Front;
using TurnServer.Service;

namespace TurnServer.Admin.Status;

/// <summary><c>/status.json</c>: the server now, and the hour before.</summary>
internal sealed class StatusEndpoint : IDisposable
{
    private const string JsonType = "application/json; charset=utf-8";
    private const int RowsDefault = 100;
    private const int RowsMax = 1000;

    // Longer than any name.
    private const int SearchCharactersMax = 64;

    private readonly AdminSources _sources;
    private readonly Sampler _sampler;
    private readonly RegistrySearch _search;
    private readonly TimeProvider _clock;
    private readonly DateTimeOffset _startedAt;
    private readonly long _startedTimestamp;

    public StatusEndpoint(AdminSources sources, SampleSource samples, TimeProvider clock)
    {
        _sources = sources;
        _clock = clock;
        _sampler = new Sampler(samples, FileDescriptors.InUse, clock);
        _search = new RegistrySearch(sources.Table, clock);
        _startedAt = clock.GetUtcNow();
        _startedTimestamp = clock.GetTimestamp();
    }

    /// <summary>Takes samples until it is stopped.</summary>
    public Task RunAsync(CancellationToken stop) => _sampler.RunAsync(stop);

    public async ValueTask<AdminReply> HandleAsync(AdminRequest request)
    {
        if (ParseError(request.Query, out var search, out var rows, out var range) is { } error)
            return AdminReply.Line(400, error);
        var history = _sampler.History;
        var samples = history.Read(HistoryRange.Minutes);
        if (samples.Count == 0)
            return AdminReply.Line(503, "the server has just started: no sample has been taken yet");
        var report = new StatusReport(new StatusInput
        {
            Sources = _sources,
            Time = _clock.GetUtcNow(),
            StartedAt = _startedAt,
            Uptime = _clock.GetElapsedTime(_startedTimestamp),
            Samples = samples,
            Range = range,
            History = range == HistoryRange.Minutes ? samples : history.Read(range),
            // An actor that does not answer is not asked again.
            Matches = samples[^1].Actor is null ? null : await _search.FindAsync(search, rows),
        });
        return new AdminReply(200, JsonType,
            JsonSerializer.SerializeToUtf8Bytes(report, StatusJsonContext.Default.StatusReport));
    }

    public void Dispose() => _search.Dispose();

    // Null when the query could be parsed.
    private static string? ParseError(NameValueCollection query, out string search, out int rows,
        out HistoryRange range)
    {
        search = (query["search"] ?? "").Trim();
        rows = RowsDefault;
        range = query["range"] == "hour" ? HistoryRange.Hour : HistoryRange.Minutes;
        if (query["rows"] is { } number && (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture,
            out rows) || rows is < 1 or > RowsMax))
        {
            return $"rows: give a whole number from 1 to {RowsMax}";
        }

        if (search.Length > SearchCharactersMax)
            return $"search: give at most {SearchCharactersMax} characters";
        return query["range"] is null or "hour" or "minutes" ? null : "range: give minutes or hour";
    }
}
