using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Simulation.Model;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// The rules and a record of all that was handed to them, which survives a crash as far as it was written: the simplest
/// server that can come back. It shows that crashes in histories mean what they should.
/// </summary>
internal sealed class RecordedServer(RulesOptions options, Func<IKeySource> keys) : Server
{
    private readonly List<Entry> _written = [];
    private readonly List<Entry> _unwritten = [];
    private Table _table = new(options, keys());
    private TimeSpan _lastAt;
    private int _survivors;

    public override bool CanCrash => true;

    public override TimeSpan? NextDeadline => _table.NextDeadline;

    public override bool IsEmpty => _table.IsEmpty;

    public override TableFigures Count() => _table.Count();

    public override void Tick(TimeSpan now)
    {
        Note(new Entry(EntryKind.Tick, now));
        Take(_table.Tick(now));
    }

    public override void ReleaseAll(TimeSpan now)
    {
        Note(new Entry(EntryKind.ReleaseAll, now));
        Take(_table.ReleaseAll(now));
    }

    /// <inheritdoc/>
    public override void Crash(ulong draw)
    {
        _survivors = (int)(draw % ((ulong)_unwritten.Count + 1));
        _written.AddRange(_unwritten[.._survivors]);
        _unwritten.Clear();
    }

    // What was held at the time of the crash comes to the same as held replies that were ended then, and lost.
    public override Recovery Restart(TimeSpan now)
    {
        _written.Add(new Entry(EntryKind.ReleaseAll, _lastAt));
        _table = new Table(options, keys());
        foreach (var entry in _written)
            Replay(entry);
        return new Recovery(_survivors, _lastAt, now);
    }

    protected override void Apply(in Arrival arrival, TimeSpan now)
    {
        Note(new Entry(EntryKind.Arrival, now, arrival));
        Take(_table.Apply(arrival, now));
    }

    protected override void Commit(TimeSpan now)
    {
        _written.AddRange(_unwritten);
        _unwritten.Clear();
    }

    private void Note(in Entry entry)
    {
        _unwritten.Add(entry);
        if (entry.At > _lastAt)
            _lastAt = entry.At;
    }

    private void Replay(in Entry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.Arrival: _table.Apply(entry.Arrival, entry.At); break;
            case EntryKind.Tick: _table.Tick(entry.At); break;
            default: _table.ReleaseAll(entry.At); break;
        }
    }

    private enum EntryKind
    {
        Arrival,
        Tick,
        ReleaseAll,
    }

    private readonly record struct Entry(EntryKind Kind, TimeSpan At, Arrival Arrival = default);
}
