using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace TurnServer.Bench.Load.Play;

/// <summary>
/// Keeps account of every turn of a test: which streams are open, and what in them was not as it must be. Players name
/// themselves after their streams, so that who is paired with a stranger knows what it is to receive.
/// </summary>
/// <param name="prefix">How the names of this test's players begin, and of nobody else's.</param>
internal sealed class TurnLedger(string prefix)
{
    private const int SentencesMax = 20;

    private readonly ConcurrentDictionary<long, TurnStream> _open = new();
    private readonly ConcurrentQueue<string> _sentences = new();
    private long _lastId;
    private long _violations;

    /// <summary>The first violations, in words.</summary>
    public IReadOnlyList<string> Sentences => [.. _sentences.Take(SentencesMax)];

    public long ViolationCount => Interlocked.Read(ref _violations);

    /// <summary>The numbers of so many new streams: this one and those behind it.</summary>
    public long DrawIds(int count) => Interlocked.Add(ref _lastId, count) - count + 1;

    /// <summary>What the player is called who sends this stream.</summary>
    public string NameOf(long id) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{id}");

    public TurnStream Open(long id, int sender)
    {
        var stream = new TurnStream(id, sender);
        _open[id] = stream;
        return stream;
    }

    /// <summary>The stream that a player of this name sends; null when it is not a player of this test.</summary>
    public TurnStream? Find(string name) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? _open.GetValueOrDefault(id)
            : null;

    /// <summary>This player is to receive the stream.</summary>
    public void Join(TurnStream stream, int receiver)
    {
        if (stream.Receiver is { } other)
            Report($"player {receiver} was given {Describe(stream)} as its partner, and so was player {other}");
        stream.Receiver = receiver;
    }

    /// <summary>Checks a turn that arrived in a game where this stream was to be received.</summary>
    /// <returns>The turn, if it is one that had not arrived before; null for any other.</returns>
    public TestTurn? Take(TurnStream stream, int receiver, ReadOnlySpan<byte> text)
    {
        if (!TestTurn.TryParse(text, out var turn))
        {
            var start = Encoding.UTF8.GetString(text[..Math.Min(text.Length, 40)]);
            Report($"player {receiver} received \"{start}\", which nobody sent");
            return null;
        }

        var arrived = stream.Checker.Arrived;
        if (stream.Checker.Take(turn) is { } fault)
            Report($"turn {turn.Number} of {Describe(turn.Stream)} {fault}: player {receiver} received it");
        return stream.Checker.Arrived > arrived ? turn : null;
    }

    /// <summary>The sender or the receiver is done with this stream.</summary>
    public void Leave(TurnStream stream)
    {
        if (stream.Leave())
            Settle(stream);
    }

    /// <summary>The sender is done with a stream in which nothing was ever sent.</summary>
    public void Discard(TurnStream stream) => _open.TryRemove(stream.Id, out _);

    /// <summary>Settles what is still open when nobody plays any more.</summary>
    public void SettleAll()
    {
        foreach (var stream in _open.Values)
            Settle(stream);
    }

    private void Settle(TurnStream stream)
    {
        _open.TryRemove(stream.Id, out _);
        var receiver = stream.Receiver is { } number ? $"player {number}" : "any player";
        foreach (var missing in stream.Checker.Missing(stream.Owed))
        {
            Report($"turn {missing} of {Describe(stream)} never arrived at {receiver}: the server "
                + (missing < stream.Taken ? "took it" : "gave no answer to it"));
        }

        if (stream.Checker.Next > stream.Sent)
            Report($"turn {stream.Checker.Next - 1} of {Describe(stream)} arrived at {receiver}, but was never sent");
    }

    private string Describe(long id) =>
        _open.TryGetValue(id, out var stream) ? Describe(stream) : $"game {NameOf(id)}, which is over";

    private string Describe(TurnStream stream) => $"player {stream.Sender} in game {NameOf(stream.Id)}";

    private void Report(string sentence)
    {
        if (Interlocked.Increment(ref _violations) <= SentencesMax)
            _sentences.Enqueue(sentence);
    }
}
