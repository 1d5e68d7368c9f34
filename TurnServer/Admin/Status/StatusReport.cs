using System.Text.Json;
using System.Text.Json.Serialization;
using TurnServer.Protocol;
using TurnServer.Rules;

namespace TurnServer.Admin.Status;

/// <summary>What one <see cref="StatusReport"/> is made of.</summary>
internal sealed record StatusInput
{
    public required AdminSources Sources { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required TimeSpan Uptime { get; init; }

    /// <summary>The last minutes, the oldest first; at least one.</summary>
    public required IReadOnlyList<Sample> Samples { get; init; }

    public required HistoryRange Range { get; init; }

    /// <summary>The samples of that range.</summary>
    public required IReadOnlyList<Sample> History { get; init; }

    /// <summary>Null when the actor did not answer.</summary>
    public required TableMatches? Matches { get; init; }
}

/// <summary>
/// <c>/status.json</c> (Admin/README.md): each property is a key, in this order. No player's key is in it, not
/// even a part of one: with it anyone can play in the player's place.
/// </summary>
/// <remarks>
/// Constructors are internal because the generator would write code for the parameters of public ones, as if the page
/// were to be read back.
/// </remarks>
internal sealed class StatusReport
{
    // Rates of a single second jump too much to be read.
    private static readonly TimeSpan NowSpan = TimeSpan.FromSeconds(5);

    // Without players there are a few appends a minute.
    private static readonly TimeSpan AppendSpan = TimeSpan.FromMinutes(1);

    private readonly StatusInput _input;

    internal StatusReport(StatusInput input) => _input = input;

    public string Version => _input.Sources.Version;

    public string Machine { get; } = Environment.MachineName;

    public int ProcessId { get; } = Environment.ProcessId;

    public DateTime Time => _input.Time.UtcDateTime;

    public DateTime StartedAt => _input.StartedAt.UtcDateTime;

    public double UptimeSeconds => Math.Round(_input.Uptime.TotalSeconds);

    public bool IsActorAnswering => Last.Actor is not null;

    public HealthReport Health => new(Status.Health.Evaluate(_input.Samples, Limits));

    public CurrentReport Now
    {
        get
        {
            var before = _input.Samples.First(sample => sample.At >= Last.At - NowSpan);
            return new CurrentReport(Last, before == Last ? null : Rates.Between(before, Last));
        }
    }

    public ServerLimits Limits => _input.Sources.Limits;

    public TotalReport Total => new(Last);

    public ClusterReport? Cluster => Last.Cluster is { } cluster
        ? new(cluster, _input.Samples.First(sample => sample.At >= Last.At - AppendSpan).Cluster?.Appended)
        : null;

    public HistoryReport History => new(_input.History, _input.Range);

    public RegistryReport<PlayerRow>? Players => _input.Matches is { } matches
        ? new(matches.View.PlayerCount, matches.PlayersMatching,
            [.. matches.View.Players.Select(player => new PlayerRow(player))])
        : null;

    public RegistryReport<GameRow>? Games => _input.Matches is { } matches
        ? new(matches.View.GameCount, matches.GamesMatching, [.. matches.View.Games.Select(game => new GameRow(game))])
        : null;

    public IReadOnlyList<Setting> Settings => _input.Sources.Settings;

    private Sample Last => _input.Samples[^1];
}

internal sealed class HealthReport
{
    private readonly IReadOnlyList<Finding> _findings;

    internal HealthReport(IReadOnlyList<Finding> findings) => _findings = findings;

    public string State => JsonWords.Of(Health.StateOf(_findings));

    public FindingRow[] Findings => [.. _findings.Select(finding => new FindingRow(finding))];
}

internal sealed class FindingRow
{
    private readonly Finding _finding;

    internal FindingRow(Finding finding) => _finding = finding;

    public string State => JsonWords.Of(_finding.State);

    public string Text => _finding.Text;
}

internal sealed class CurrentReport
{
    private readonly Sample _last;
    private readonly Rates? _rates;

    internal CurrentReport(Sample last, Rates? rates) => (_last, _rates) = (last, rates);

    public decimal? RequestsPerSecond => JsonNumbers.Round(_rates?.RequestsPerSecond);

    public decimal? TurnsPerSecond => JsonNumbers.Round(_rates?.TurnsPerSecond);

    public decimal? TurnBytesPerSecond => JsonNumbers.Round(_rates?.TurnBytesPerSecond);

    public decimal? RefusalsPerSecond => JsonNumbers.Round(_rates?.RefusalsPerSecond);

    public decimal? RateLimitedPerSecond => JsonNumbers.Round(_rates?.RateLimitedPerSecond);

    public decimal? ServedMicroseconds => JsonNumbers.Round(_rates?.ServedMicroseconds);

    public decimal? Cores => JsonNumbers.Round(_rates?.Cores);

    public decimal? GcPauseShare => JsonNumbers.Round(_rates?.GcPauseShare);

    public decimal? ActorBusyShare => JsonNumbers.Round(_rates?.ActorBusyShare);

    public int? Players => _last.Actor?.Table.Players;

    public Dictionary<string, int?> PlayersByStatus => Enum.GetValues<PlayerStatus>().ToDictionary(
        status => JsonWords.Of(status), status => _last.Actor?.Table.PlayersByStatus[(int)status]);

    public int? Games => _last.Actor?.Table.Games;

    public int? HeldReplies => _last.Actor?.HeldReplies;

    public int? MailboxMessages => _last.Actor?.MailboxDepth;

    public long? BacklogBytes => _last.Actor?.Table.BacklogBytes;

    public int RequestsUnderWay => _last.Http.UnderWay;

    public int? Connections => _last.Http.Connections;

    public int WebSockets => _last.Http.WebSockets.Open;

    public int Descriptors => _last.Process.Descriptors;

    public long ResidentBytes => _last.Process.ResidentBytes;

    public long HeapBytes => _last.Process.HeapBytes;

    public int PoolThreads => _last.Process.PoolThreads;
}

internal sealed class TotalReport
{
    private readonly Sample _last;

    internal TotalReport(Sample last) => _last = last;

    public long Requests => _last.Http.Requests;

    public long WebSocketRequests => _last.Http.WebSockets.Messages;

    public long Refusals => _last.Http.ErrorsByCode.Sum();

    public long RateLimited => Rates.RateLimited(_last);

    public long? Registrations => _last.Actor?.Table.Registrations;

    public long? Games => _last.Actor?.Table.GamesStarted;

    public long? Turns => _last.Actor?.Table.Turns;

    public long? TurnBytes => _last.Actor?.Table.TurnBytes;

    public decimal? CpuSeconds => JsonNumbers.Round(_last.Process.Cpu.TotalSeconds);

    public RefusalRow[] RefusalsByCode => [.. _last.Http.ErrorsByCode
        .Select((count, code) => new RefusalRow(code, WireNames.Of((ErrorCode)code), count))
        .Where(row => row.Count > 0)];

    public Dictionary<string, long?> DropsByCause => Enum.GetValues<DropCause>().ToDictionary(
        cause => JsonWords.Of(cause), cause => _last.Actor?.Table.DropsByCause[(int)cause]);
}

internal sealed record RefusalRow(int Code, string Name, long Count);

internal sealed record RegistryReport<TRow>(int Count, int Matching, IReadOnlyList<TRow> Rows);

internal sealed class PlayerRow
{
    private readonly PlayerView _player;

    internal PlayerRow(PlayerView player) => _player = player;

    public string Name => _player.Name;

    public string Address => _player.Address;

    public string Status => JsonWords.Of(_player.Status);

    public bool? Hosts => _player.IsHost;

    public string? Partner => _player.Partner;

    public string? Pool => _player.Pool;

    public decimal? AgeSeconds => JsonNumbers.Round(_player.Age.TotalSeconds);

    public decimal? TimeLeftSeconds => JsonNumbers.Round(_player.TimeLeft?.TotalSeconds);
}

internal sealed class GameRow
{
    private readonly GameView _game;

    internal GameRow(GameView game) => _game = game;

    public string? Pool => _game.Pool;

    public decimal? AgeSeconds => JsonNumbers.Round(_game.Age.TotalSeconds);

    public SeatRow[] Seats => [new(_game.Seat0), new(_game.Seat1)];
}

internal sealed class SeatRow
{
    private readonly SeatView _seat;

    internal SeatRow(SeatView seat) => _seat = seat;

    public string Name => _seat.Name;

    public string Address => _seat.Address;

    public long Counter => _seat.Counter;

    public int BacklogBytes => _seat.BacklogBytes;

    public string? Left => _seat.Left;

    public decimal? TimeLeftSeconds => JsonNumbers.Round(_seat.TimeLeft?.TotalSeconds);
}

internal static class JsonWords
{
    /// <summary>SilentWaiting is silentWaiting.</summary>
    public static string Of<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName($"{value}");
}

internal static class JsonNumbers
{
    private const int Digits = 4;

    /// <summary>Rounds to meaningful digits; null if there is no number.</summary>
    public static decimal? Round(double? value) =>
        value is { } number && double.IsFinite(number) ? Math.Round((decimal)number, Digits) : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(StatusReport))]
internal sealed partial class StatusJsonContext : JsonSerializerContext;
