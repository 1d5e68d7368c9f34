using System.Globalization;

namespace TurnServer.Tests.Simulation;

/// <summary>What the server did beside what is right.</summary>
internal sealed partial class Arena
{
    private void Compare(IReadOnlyDictionary<long, byte[]> replies)
    {
        Tallies.Steps++;
        foreach (var (ticket, expected) in _model.Expected)
        {
            if (!replies.TryGetValue(ticket, out var came) || !came.AsSpan().SequenceEqual(expected))
                throw new Discrepancy(Printable.Of(expected), $"{Printable.Of(came)} to {Asked(ticket)}");
        }

        foreach (var (ticket, came) in replies)
        {
            if (!_unanswered.Remove(ticket, out var request))
                throw new Discrepancy("replies to requests that wait for one", $"another to {ticket}");
            var expected = request.Refusal ?? _model.Expected.GetValueOrDefault(ticket);
            if (expected is null || !came.AsSpan().SequenceEqual(expected))
                throw new Discrepancy(Printable.Of(expected), $"{Printable.Of(came)} to {Asked(request)}");
            Answer(request, came);
        }

        CompareState();
    }

    private void CompareState()
    {
        if (_model.FaultOf(server.Count()) is { } fault)
            throw new Discrepancy("the counts to be right", fault);
        if (_model.NextDue is { } due && !(server.NextDeadline <= due))
            throw new Discrepancy($"a deadline not after {due - Start}", $"{server.NextDeadline - Start}");
    }

    private void Answer(Request request, byte[] reply)
    {
        if (reply[0] != (byte)'0')
        {
            var slash = Array.IndexOf(reply, (byte)'/');
            Tallies.Errors[int.Parse(reply.AsSpan()[..slash],
                CultureInfo.InvariantCulture)]++;
        }

        Judge.NoteReply(request, reply, Now);
        _line?.NoteReply(request, reply, Now);
        trace?.Add($"  the server answers {Printable.Of(reply)} to {Asked(request)}");
        if (request.ReplyFate < 0)
        {
            Lose(request);
            return;
        }

        _network.Enqueue(new Delivery(request, reply),
            (Now + TimeSpan.FromMilliseconds(request.ReplyFate), ++_deliveries));
    }

    private string Asked(long ticket) => _unanswered.TryGetValue(ticket, out var request) ? Asked(request) : "nobody";

    private string Asked(Request request) => $"{Name(request)}: {request}";
}
