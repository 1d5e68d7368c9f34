namespace TurnServer.Rules;

/// <summary>
/// All participants with a deadline, earliest first: a four-way heap whose entries may be early but never late. A
/// request that only postpones a deadline leaves the heap alone; the entry is corrected when it reaches the top. So a
/// request takes constant time, and a participant costs one heap operation about once per timeout.
/// </summary>
internal sealed class Deadlines
{
    private const int Arity = 4;
    private Entry[] _heap = new Entry[16];

    /// <summary>The number of participants with a deadline.</summary>
    public int Count { get; private set; }

    /// <summary>The earliest deadline, or a time before it; null if there is none.</summary>
    public TimeSpan? Next => Count == 0 ? null : _heap[0].At;

    /// <summary>The entries in heap order. No participant is due before its <c>At</c>.</summary>
    public (TimeSpan At, Participant Participant) this[int index] => (_heap[index].At, _heap[index].Participant);

    /// <summary>Appends an entry from a snapshot. False if the entries do not form a heap.</summary>
    public bool TryRestore(TimeSpan at, Participant participant)
    {
        if (Count > 0 && _heap[(Count - 1) / Arity].At > at)
            return false;
        if (Count == _heap.Length)
            Array.Resize(ref _heap, Count * 2);
        Place(Count++, new Entry(at, participant));
        return true;
    }

    public void Add(Participant participant)
    {
        if (Count == _heap.Length)
            Array.Resize(ref _heap, Count * 2);
        SiftUp(Count++, new Entry(participant.DueAt, participant));
    }

    public void Remove(Participant participant)
    {
        var hole = participant.HeapIndex;
        if (hole < 0)
            return;
        participant.HeapIndex = -1;
        var last = _heap[--Count];
        _heap[Count] = default;
        if (hole == Count)
            return;
        if (hole > 0 && last.At < _heap[(hole - 1) / Arity].At)
            SiftUp(hole, last);
        else
            SiftDown(hole, last);
    }

    /// <summary>Moves a participant forward, if it has a deadline. Call it when one may be due earlier than before.
    /// </summary>
    public void MoveUp(Participant participant)
    {
        if (participant.HeapIndex < 0)
            return;
        var dueAt = participant.DueAt;
        if (dueAt < _heap[participant.HeapIndex].At)
            SiftUp(participant.HeapIndex, new Entry(dueAt, participant));
    }

    /// <summary>Finds a participant that is due. It keeps its entry until it is due later or is removed.</summary>
    public bool TryFindDue(TimeSpan now, out Participant due)
    {
        while (Count > 0 && _heap[0].At <= now)
        {
            due = _heap[0].Participant;
            if (due.DueAt <= now)
                return true;
            SiftDown(0, new Entry(due.DueAt, due));
        }

        due = null!;
        return false;
    }

    private void SiftUp(int index, Entry entry)
    {
        while (index > 0)
        {
            var parent = (index - 1) / Arity;
            if (_heap[parent].At <= entry.At)
                break;
            Place(index, _heap[parent]);
            index = parent;
        }

        Place(index, entry);
    }

    private void SiftDown(int index, Entry entry)
    {
        while (true)
        {
            var first = (index * Arity) + 1;
            if (first >= Count)
                break;
            var least = first;
            for (var child = first + 1; child < Math.Min(first + Arity, Count); child++)
            {
                if (_heap[child].At < _heap[least].At)
                    least = child;
            }

            if (entry.At <= _heap[least].At)
                break;
            Place(index, _heap[least]);
            index = least;
        }

        Place(index, entry);
    }

    private void Place(int index, Entry entry)
    {
        _heap[index] = entry;
        entry.Participant.HeapIndex = index;
    }

    private readonly record struct Entry(TimeSpan At, Participant Participant);
}
