using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Simulation.Model;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// The server below HTTP, as its actor drives it: requests are handed in, and when a batch of them is complete it is
/// settled, which gives the replies. Nothing that has not been settled has been promised to anybody.
/// </summary>
internal abstract class Server
{
    private readonly Dictionary<long, byte[]> _replies = [];

    /// <summary>Whether it may die and start again.</summary>
    public virtual bool CanCrash => false;

    /// <summary>The longest that it may be away; zero when it must be back at once.</summary>
    public virtual TimeSpan DowntimeMax => TimeSpan.Zero;

    public abstract TimeSpan? NextDeadline { get; }

    public abstract bool IsEmpty { get; }

    public abstract TableStatistics Count();

    /// <summary>Hands one request in, from its bytes. False when it is malformed and was refused.</summary>
    public bool HandIn(Request request, bool mayHold, TimeSpan now)
    {
        if (!RequestParser.TryParse(request.Body, out var parsed, out var refusal))
        {
            Reply(request.Ticket, refusal);
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

    /// <summary>Does what is due.</summary>
    public abstract void Tick(TimeSpan now);

    /// <summary>Takes note that it stood still until now.</summary>
    public abstract void ExtendDeadlines(in Suspension suspension, TimeSpan now);

    /// <summary>Answers what is held.</summary>
    public abstract void ReleaseAll(TimeSpan now);

    /// <summary>
    /// Completes the batch and gives the replies that may leave now, by ticket. They are good until the next call.
    /// </summary>
    public IReadOnlyDictionary<long, byte[]> Settle(TimeSpan now)
    {
        Commit(now);
        return _replies;
    }

    /// <summary>To be called when the replies have been looked at.</summary>
    public void BeginBatch() => _replies.Clear();

    /// <summary>
    /// Dies with what it has in memory; what was handed in since the last <see cref="Settle"/> may or may not be on
    /// record.
    /// </summary>
    /// <param name="draw">Decides what else may happen, such as how much of the last write got to the disk.</param>
    public virtual void Crash(ulong draw) => throw new NotSupportedException();

    /// <summary>Starts again.</summary>
    public virtual Recovery Restart(TimeSpan now) => throw new NotSupportedException();

    /// <summary>Adds what has happened to it alone.</summary>
    public virtual void AddTo(Tallies tallies)
    {
    }

    protected abstract void Apply(in Arrival arrival, TimeSpan now);

    /// <summary>Puts on record what must be before replies leave.</summary>
    protected virtual void Commit(TimeSpan now)
    {
    }

    protected void Take(ReadOnlySpan<Answer> answers)
    {
        foreach (var answer in answers)
            Reply(answer.Ticket.Number, answer.Reply);
    }

    private void Reply(long ticket, in Reply reply)
    {
        if (!_replies.TryAdd(ticket, ReplyWriter.ToBytes(reply)))
            throw new Discrepancy($"one reply to request {ticket}", "two");
    }
}

/// <summary>The rules alone, in memory: each request is final when it has been applied.</summary>
internal sealed class TableServer(RulesOptions options, IKeySource keys) : Server
{
    private readonly Table _table = new(options, keys);

    public override TimeSpan? NextDeadline => _table.NextDeadline;

    public override bool IsEmpty => _table.IsEmpty;

    public override TableStatistics Count() => _table.Count();

    public override void Tick(TimeSpan now) => Take(_table.Tick(now));

    public override void ExtendDeadlines(in Suspension suspension, TimeSpan now) =>
        Take(_table.ExtendDeadlines(suspension, now));

    public override void ReleaseAll(TimeSpan now) => Take(_table.ReleaseAll(now));

    protected override void Apply(in Arrival arrival, TimeSpan now) => Take(_table.Apply(arrival, now));
}

/// <summary>
/// Keys from a seed, as many as there are; or ones that are drawn again and again, though one that was not told to
/// anybody yet can still not be guessed.
/// </summary>
internal sealed class SeededKeys(ulong seed, bool repeats) : IKeySource
{
    private readonly Chance _chance = new(seed);
    private ulong? _last;

    public ulong Draw()
    {
        if (_last is null || !repeats || _chance.Is(500))
            _last = _chance.Draw() % (1UL << 53);
        return _last.Value;
    }
}
