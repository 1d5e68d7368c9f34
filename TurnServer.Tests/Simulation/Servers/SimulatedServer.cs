using System.Globalization;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Simulation.Model;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// The server below HTTP, driven as its actor does: requests are submitted in batches, and the end of a batch releases
/// the replies. Only then are their effects guaranteed.
/// </summary>
internal abstract class SimulatedServer
{
    private readonly Dictionary<long, byte[]> _replies = [];
    private readonly Dictionary<long, string> _headers = [];

    /// <summary>Whether it supports crashes and restarts.</summary>
    public virtual bool CanCrash => false;

    /// <summary>Whether replies of requests that it has applied may be lost.</summary>
    public virtual bool MayLoseReplies => CanCrash;

    /// <summary>
    /// The requests of the batch in the order in which they count as applied, and what happened between them; null: in
    /// the order in which they were submitted.
    /// </summary>
    public virtual IEnumerable<Linearized>? Order => null;

    /// <summary>The requests whose replies were lost in this batch.</summary>
    public virtual IReadOnlyList<long> Lost => [];

    /// <summary>Loses no more replies.</summary>
    public virtual void EndFaults()
    {
    }

    /// <summary>The longest time between crash and restart.</summary>
    public virtual TimeSpan DowntimeMax => TimeSpan.Zero;

    public abstract TimeSpan? NextDeadline { get; }

    public abstract bool IsEmpty { get; }

    public abstract TableStatistics GetStatistics();

    /// <summary>The line of strangers in a pool.</summary>
    public abstract WaitingLine GetWaiting(string? pool);

    /// <summary>Parses and applies a request. False if it is malformed and was refused.</summary>
    public bool Submit(Request request, bool mayHold, TimeSpan now)
    {
        if (!RequestParser.TryParse(request.Body, out var parsed, out var refusal))
        {
            AddReply(SerializedReply.Of(request.Ticket, refusal));
            return false;
        }

        Apply(new Arrival
        {
            Ticket = new Ticket(request.Ticket),
            Request = parsed with { ReceivedBytes = request.Received },
            Body = request.Body,
            From = request.From,
            Wait = mayHold ? request.Wait : TimeSpan.Zero,
        }, now);
        return true;
    }

    /// <summary>Handles deadlines that are due.</summary>
    public abstract void Tick(TimeSpan now);

    /// <summary>Makes up for a suspension that has just ended.</summary>
    public abstract void ExtendDeadlines(in Suspension suspension, TimeSpan now);

    /// <summary>Answers all held replies.</summary>
    public abstract void ReleaseAll(TimeSpan now);

    /// <summary>Ends the batch. Returns the replies by ticket, valid until the next <see cref="BeginBatch"/>.</summary>
    public IReadOnlyDictionary<long, byte[]> EndBatch(TimeSpan now)
    {
        Commit(now);
        return _replies;
    }

    /// <summary>Discards the replies of the last batch.</summary>
    public virtual void BeginBatch()
    {
        _replies.Clear();
        _headers.Clear();
    }

    /// <summary>The reply headers of this batch's reply that say more than its body; empty if there are none.</summary>
    public string HeadersOf(long ticket) => _headers.GetValueOrDefault(ticket, "");

    /// <summary>Crashes. Requests since the last <see cref="EndBatch"/> may or may not be recorded.</summary>
    /// <param name="draw">A random number, such as for how much of the last write reaches the disk.</param>
    public virtual void Crash(ulong draw) => throw new NotSupportedException();

    /// <summary>Restarts after a crash.</summary>
    public virtual RestartState Restart(TimeSpan now) => throw new NotSupportedException();

    /// <summary>Adds the server's own statistics.</summary>
    public virtual void AddTo(Statistics statistics)
    {
    }

    protected abstract void Apply(in Arrival arrival, TimeSpan now);

    /// <summary>Makes durable what must be before replies leave.</summary>
    protected virtual void Commit(TimeSpan now)
    {
    }

    protected void AddReplies(ReadOnlySpan<Answer> answers)
    {
        foreach (var answer in answers)
            AddReply(SerializedReply.Of(answer.Ticket.Number, answer.Reply));
    }

    protected void AddReply(SerializedReply reply)
    {
        if (!_replies.TryAdd(reply.Ticket, reply.Body))
            throw new MismatchException($"one reply to request {reply.Ticket}", "two");
        if (reply.Headers.Length > 0)
            _headers[reply.Ticket] = reply.Headers;
    }
}

/// <summary>A reply that no longer refers to the table.</summary>
/// <param name="Ticket">The request's ticket.</param>
/// <param name="Body">Its bytes.</param>
/// <param name="Headers">The headers that say more than its body; empty if there are none.</param>
internal sealed record SerializedReply(long Ticket, byte[] Body, string Headers)
{
    public static SerializedReply Of(long ticket, in Reply reply)
    {
        var headers = "";
        if (reply.TurnCounter is { } counter)
            headers += Header($"Turn-Counter: {counter}");
        if (reply.Totals is { } totals)
            headers += Header($"Turns-Taken: {totals.Taken} Turns-Acknowledged: {totals.Acknowledged}");
        if (reply.PartnerSilentSeconds is { } seconds)
            headers += Header($"Partner-Silent: {seconds}");
        return new SerializedReply(ticket, ReplyWriter.ToBytes(reply), headers);
    }

    private static string Header(FormattableString header) => header.ToString(CultureInfo.InvariantCulture) + " ";
}

/// <summary>The rules alone, without a journal.</summary>
internal class TableServer(RulesOptions options, IKeySource keys) : SimulatedServer
{
    private readonly Table _table = new(options, keys);

    public override TimeSpan? NextDeadline => _table.NextDeadline;

    public override bool IsEmpty => _table.IsEmpty;

    public override TableStatistics GetStatistics() => _table.GetStatistics();

    public override WaitingLine GetWaiting(string? pool) => _table.GetWaiting(pool);

    public override void Tick(TimeSpan now) => AddReplies(_table.Tick(now));

    public override void ExtendDeadlines(in Suspension suspension, TimeSpan now) =>
        AddReplies(_table.ExtendDeadlines(suspension, now));

    public override void ReleaseAll(TimeSpan now) => AddReplies(_table.ReleaseAll(now));

    protected override void Apply(in Arrival arrival, TimeSpan now) => AddReplies(_table.Apply(arrival, now));
}

/// <summary>Keys drawn from a seed.</summary>
/// <param name="repeats">Whether each key may be drawn several times in a row.</param>
/// <param name="seed">The seed.</param>
internal sealed class SeededKeys(ulong seed, bool repeats) : IKeySource
{
    private readonly SeededRandom _random = new(seed);
    private ulong? _last;

    public ulong Draw()
    {
        if (_last is null || !repeats || _random.Is(500))
            _last = _random.Draw() % (1UL << 53);
        return _last.Value;
    }
}
