using Prometheus;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Http;

/// <summary>
/// Counts what players ask and are answered, on whatever thread that happens. What is counted for each request is
/// looked up in tables, not by its labels' texts.
/// </summary>
public sealed class HttpMeters
{
    // The place of requests that no symbol is known of, behind the symbols.
    private const int NoSymbol = (int)Symbol.GameUpdate + 1;

    private const string NoSymbolName = "none";

    // From an update that finds everything in the cache to a machine that stands still.
    private static readonly double[] ServedSeconds =
        [10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1];

    // Up to the default of --max-wait and some way past it.
    private static readonly double[] HeldSeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30, 60, 120];

    private readonly Counter _requests;
    private readonly Counter.Child?[] _requestsByKind = new Counter.Child?[(NoSymbol + 1) * ReplyKinds.End];
    private readonly Histogram.Child[] _served = new Histogram.Child[NoSymbol + 1];
    private readonly Histogram.Child?[] _held = new Histogram.Child?[NoSymbol + 1];
    private readonly Counter.Child _requestsLimited;
    private readonly Counter.Child _registrationsLimited;
    private readonly Counter.Child _connectionsLimited;
    private readonly Counter _clientFaults;
    private readonly Counter _failures;

    /// <summary>Counts into this registry, every series that can be at 0.</summary>
    public HttpMeters(CollectorRegistry registry)
    {
        var factory = Metrics.WithCustomRegistry(registry);
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        _requests = factory.CreateCounter("turnserver_requests_total",
            "Requests of players, by what they ask (none: refused unread or malformed), the reply and its HTTP status.",
            ["symbol", "reply", "status"]);
        var served = factory.CreateHistogram("turnserver_request_duration_seconds",
            "Time inside the server of requests whose reply was not held: from the body's arrival to the reply.",
            ["symbol"], new HistogramConfiguration { Buckets = ServedSeconds });
        var held = factory.CreateHistogram("turnserver_held_reply_duration_seconds",
            "Time for which replies were held until there was news, or the time was up.",
            ["symbol"], new HistogramConfiguration { Buckets = HeldSeconds });
        for (var symbol = 0; symbol <= NoSymbol; symbol++)
        {
            Symbol? known = symbol == NoSymbol ? null : (Symbol)symbol;
            var name = NameOf(symbol);
            _served[symbol] = served.WithLabels(name);
            if (known is Symbol.RequestPair or Symbol.MapReady or Symbol.GameUpdate)
                _held[symbol] = held.WithLabels(name);
            foreach (var kind in ReplyKinds.PossibleFor(known))
                RequestsOf(symbol, kind);
        }

        var limited = factory.CreateCounter("turnserver_rate_limited_total",
            "Requests and registrations refused, and connections closed unheard, by the limits for one address.",
            ["limit"]);
        _requestsLimited = limited.WithLabels("requests");
        _registrationsLimited = limited.WithLabels("registrations");
        _connectionsLimited = limited.WithLabels("connections");
        _clientFaults = factory.CreateCounter("turnserver_client_faults_total",
            "Requests given up because the client left, or was too slow to send its body or to read its reply.");
        _failures = factory.CreateCounter("turnserver_request_failures_total",
            "Requests given up on a bug of the server, each with an error in the log.");
    }

    /// <summary>Replies to players since the start, errors included.</summary>
    public long Requests => Sum(_ => true);

    /// <summary>Errors among them, those by limits included.</summary>
    public long Errors => Sum(kind => ReplyKinds.ErrorOf(kind) != ErrorCode.None);

    /// <summary>Requests, registrations and connections that were refused by address since the start.</summary>
    public long RateLimited =>
        (long)(_requestsLimited.Value + _registrationsLimited.Value + _connectionsLimited.Value);

    /// <summary>Replies since the start that were not held, and the time that they took inside the server.</summary>
    public (long Count, TimeSpan Time) Served =>
        (_served.Sum(each => each.Count), TimeSpan.FromSeconds(_served.Sum(each => each.Sum)));

    /// <summary>Requests given up because of their clients since the start.</summary>
    public long ClientFaults => (long)_clientFaults.Value;

    /// <summary>Errors since the start, at the index of each <see cref="ErrorCode"/>.</summary>
    public long[] ErrorsByCode()
    {
        var errors = new long[(int)Enum.GetValues<ErrorCode>().Max() + 1];
        for (var i = 0; i < _requestsByKind.Length; i++)
        {
            if (_requestsByKind[i] is { } counter)
                errors[(int)ReplyKinds.ErrorOf(i % ReplyKinds.End)] += (long)counter.Value;
        }

        // Those that were none.
        errors[0] = 0;
        return errors;
    }

    /// <summary>Counts a request that was read, and the time from its arrival until its reply was made.</summary>
    internal void Answered(Symbol? symbol, in WireReply reply, TimeSpan elapsed)
    {
        var row = (int?)symbol ?? NoSymbol;
        if (reply.AppliedWaitSeconds == 0)
            _served[row].Observe(elapsed.TotalSeconds);
        else
            _held[row]?.Observe(elapsed.TotalSeconds);
        Count(row, reply);
    }

    /// <summary>Counts a request that was refused before it was read.</summary>
    internal void Refused(in WireReply reply) => Count(NoSymbol, reply);

    /// <summary>Counts a connection that was closed since its address has too many.</summary>
    internal void ConnectionRefused() => _connectionsLimited.Inc();

    /// <summary>Counts a request that is given up because of its client.</summary>
    internal void ClientFailed() => _clientFaults.Inc();

    /// <summary>Counts a request that is given up on a bug.</summary>
    internal void Failed() => _failures.Inc();

    private static string NameOf(int row) => row == NoSymbol ? NoSymbolName : WireNames.Of((Symbol)row);

    private void Count(int row, in WireReply reply)
    {
        var kind = ReplyKinds.Of(reply.Error, reply.Code);
        (_requestsByKind[(row * ReplyKinds.End) + kind] ?? RequestsOf(row, kind)).Inc();
        if (reply.Error == ErrorCode.RateLimited)
            (row == NoSymbol ? _requestsLimited : _registrationsLimited).Inc();
    }

    // One that nobody foresaw is made when it happens; two threads at once make the same one.
    private Counter.Child RequestsOf(int row, int kind) => _requestsByKind[(row * ReplyKinds.End) + kind] =
        _requests.WithLabels(NameOf(row), ReplyKinds.NameOf(kind), $"{HttpStatus.Of(ReplyKinds.ErrorOf(kind))}");

    private long Sum(Func<int, bool> isMeant)
    {
        var sum = 0.0;
        for (var i = 0; i < _requestsByKind.Length; i++)
        {
            if (_requestsByKind[i] is { } counter && isMeant(i % ReplyKinds.End))
                sum += counter.Value;
        }

        return (long)sum;
    }
}
