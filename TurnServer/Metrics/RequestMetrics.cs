using Prometheus;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Metrics;

/// <summary>
/// Counts players' requests and their replies. Any thread may count; no request costs a look-up by label texts.
/// </summary>
public sealed class RequestMetrics
{
    // From an update whose data is in the processor's cache to a machine that is overloaded.
    private static readonly double[] ServedSeconds =
        [10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1];

    // Up to the default of --max-wait and beyond.
    private static readonly double[] HeldSeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 25, 30, 60, 120];

    private readonly SymbolMetrics[] _bySymbol;
    private readonly SymbolMetrics _withoutSymbol;
    private readonly Counter.Child _requestsLimited;
    private readonly Counter.Child _registrationsLimited;
    private readonly Counter.Child _connectionsLimited;
    private readonly Counter _clientDisconnects;
    private readonly Counter _failures;
    private readonly Counter _unknownOutcomes;

    /// <summary>Adds to this registry every series that can be counted, at 0.</summary>
    public RequestMetrics(MetricsRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var factory = registry.Factory;
        var requests = factory.CreateCounter("turnserver_requests_total",
            "Requests of players by symbol (none: refused before parsing, or malformed), reply and HTTP status.",
            ["symbol", "reply", "status"]);
        var served = factory.CreateHistogram("turnserver_request_duration_seconds",
            "Time from the arrival of a request's body to its reply, for replies that were not held.",
            ["symbol"], new HistogramConfiguration { Buckets = ServedSeconds });
        var held = factory.CreateHistogram("turnserver_held_reply_duration_seconds",
            "Time for which replies were held.", ["symbol"], new HistogramConfiguration { Buckets = HeldSeconds });
        _bySymbol = [.. Enum.GetValues<Symbol>().Select(symbol => new SymbolMetrics(symbol, requests, served, held))];
        _withoutSymbol = new SymbolMetrics(null, requests, served, held);
        var limited = factory.CreateCounter("turnserver_rate_limited_total",
            "Requests and registrations refused, and connections closed, by the limits per address.", ["limit"]);
        _requestsLimited = limited.WithLabels("requests");
        _registrationsLimited = limited.WithLabels("registrations");
        _connectionsLimited = limited.WithLabels("connections");
        _clientDisconnects = factory.CreateCounter("turnserver_client_faults_total",
            "Requests abandoned because the client disconnected, or was too slow to send its body or read its reply.");
        _failures = factory.CreateCounter("turnserver_request_failures_total",
            "Requests abandoned because of a bug in the server; each is an error in the log.");
        _unknownOutcomes = factory.CreateCounter("turnserver_unknown_outcomes_total",
            "Requests answered with status 502, or by closing their WebSocket, because the server of the cluster that "
            + "had them was lost, or cut off from etcd.");
    }

    /// <summary>Replies since the start that were not held, and the time they took inside the server.</summary>
    public (long Count, TimeSpan Time) Served => (All.Sum(symbol => symbol.Served.Count),
        TimeSpan.FromSeconds(All.Sum(symbol => symbol.Served.Sum)));

    private IEnumerable<SymbolMetrics> All => [.. _bySymbol, _withoutSymbol];

    /// <summary>Error replies since the start, at the index of each <see cref="ErrorCode"/>.</summary>
    public long[] ErrorsByCode()
    {
        var errors = new long[WireNumbers.ErrorsEnd];
        foreach (var symbol in All)
            symbol.AddErrorsTo(errors);
        return errors;
    }

    /// <summary>Counts a request that was parsed or refused, and the time from its arrival to its reply.</summary>
    internal void Answered(Symbol? symbol, in WireReply reply, TimeSpan elapsed)
    {
        var metrics = symbol is { } known ? _bySymbol[(int)known] : _withoutSymbol;
        if (!reply.WasHeld)
            metrics.Served.Observe(elapsed.TotalSeconds);
        else
            metrics.Held?.Observe(elapsed.TotalSeconds);
        Count(metrics, reply);
    }

    /// <summary>Counts a request that was refused before its body was read.</summary>
    internal void Refused(in WireReply reply) => Count(_withoutSymbol, reply);

    /// <summary>Counts a connection that was closed because its address has too many.</summary>
    internal void ConnectionRefused() => _connectionsLimited.Inc();

    /// <summary>Counts a request that was abandoned because of its client.</summary>
    internal void ClientDisconnected() => _clientDisconnects.Inc();

    /// <summary>Counts a request that was abandoned because of a bug.</summary>
    internal void Failed() => _failures.Inc();

    /// <summary>Counts a request of which nobody knows whether it was taken.</summary>
    internal void UnknownOutcome() => _unknownOutcomes.Inc();

    private void Count(SymbolMetrics metrics, in WireReply reply)
    {
        metrics.Count(reply.Error, reply.Code);
        if (reply.Error == ErrorCode.RateLimited)
            (metrics == _withoutSymbol ? _requestsLimited : _registrationsLimited).Inc();
    }

    /// <summary>The series of one symbol, or of requests without one.</summary>
    private sealed class SymbolMetrics
    {
        private readonly string _name;
        private readonly Counter _requests;
        private readonly Counter.Child?[] _byCode = new Counter.Child?[WireNumbers.CodesEnd];
        private readonly Counter.Child?[] _byError = new Counter.Child?[WireNumbers.ErrorsEnd];

        public SymbolMetrics(Symbol? symbol, Counter requests, Histogram served, Histogram held)
        {
            _name = symbol is { } known ? WireNames.Of(known) : "none";
            _requests = requests;
            Served = served.WithLabels(_name);
            if (PossibleReplies.CanBeHeld(symbol))
                Held = held.WithLabels(_name);
            foreach (var code in PossibleReplies.CodesOf(symbol))
                CounterOf(code);
            foreach (var error in PossibleReplies.ErrorsOf(symbol))
                CounterOf(error);
        }

        public Histogram.Child Served { get; }

        /// <summary>Null where no reply is held.</summary>
        public Histogram.Child? Held { get; }

        public void Count(ErrorCode error, ReplyCode code) =>
            (error == ErrorCode.None ? CounterOf(code) : CounterOf(error)).Inc();

        public void AddErrorsTo(long[] errors)
        {
            for (var error = 0; error < errors.Length; error++)
                errors[error] += (long)(_byError[error]?.Value ?? 0);
        }

        // A reply that PossibleReplies does not list gets its series when it is first counted; two threads at once get
        // the same one.
        private Counter.Child CounterOf(ReplyCode code) => _byCode[(int)code] ??=
            _requests.WithLabels(_name, WireNames.Of(code), $"{HttpStatus.Of(ErrorCode.None)}");

        private Counter.Child CounterOf(ErrorCode error) => _byError[(int)error] ??=
            _requests.WithLabels(_name, WireNames.Of(error), $"{HttpStatus.Of(error)}");
    }
}
