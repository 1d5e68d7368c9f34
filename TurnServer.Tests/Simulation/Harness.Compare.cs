using System.Globalization;

namespace TurnServer.Tests.Simulation;

/// <summary>Compares the server with the model.</summary>
internal sealed partial class Harness
{
    private void Compare(IReadOnlyDictionary<long, byte[]> replies)
    {
        Statistics.Events++;
        foreach (var (ticket, expected) in _model.Expected)
        {
            if (!replies.TryGetValue(ticket, out var actual) || !actual.AsSpan().SequenceEqual(expected))
                throw new MismatchException(Printable.Of(expected), $"{Printable.Of(actual)} to {Asked(ticket)}");
        }

        foreach (var (ticket, actual) in replies)
        {
            if (!_unanswered.Remove(ticket, out var request))
                throw new MismatchException("replies to open requests only", $"a reply to {ticket}");
            var expected = request.Refusal ?? _model.Expected.GetValueOrDefault(ticket);
            if (expected is null || !actual.AsSpan().SequenceEqual(expected))
                throw new MismatchException(Printable.Of(expected), $"{Printable.Of(actual)} to {Asked(request)}");
            CompareHeaders(ticket, request);
            SendReply(request, actual);
        }

        CompareState();
    }

    private void CompareHeaders(long ticket, Request request)
    {
        var (expected, actual) = (_model.HeadersOf(ticket), server.HeadersOf(ticket));
        if (actual != expected)
            throw new MismatchException($"the headers \"{expected}\"", $"\"{actual}\" to {Asked(request)}");
    }

    private void CompareState()
    {
        if (_model.FindMiscount(server.GetStatistics()) is { } miscount)
            throw new MismatchException("correct counters", miscount);
        foreach (var pool in _pools)
        {
            var (expected, actual) = (_model.GetWaiting(pool), server.GetWaiting(pool));
            if (actual != expected)
                throw new MismatchException($"in pool {pool ?? "*"} {expected}", $"{actual}");
        }

        if (_model.NextDue is { } due && !(server.NextDeadline <= due))
            throw new MismatchException($"a deadline no later than {due - Start}", $"{server.NextDeadline - Start}");
    }

    private void SendReply(Request request, byte[] reply)
    {
        if (reply[0] != (byte)'0')
        {
            var slash = Array.IndexOf(reply, (byte)'/');
            Statistics.Errors[int.Parse(reply.AsSpan()[..slash], CultureInfo.InvariantCulture)]++;
        }

        Invariants.NoteReply(request, reply, Now);
        _fairness?.NoteReply(request, reply, Now);
        trace?.Add($"  server answers {Printable.Of(reply)} to {Asked(request)}");
        if (request.ReplyDelay < 0)
        {
            Lose(request);
            return;
        }

        _network.Enqueue(new Delivery(request, reply),
            (Now + TimeSpan.FromMilliseconds(request.ReplyDelay), ++_deliveries));
    }

    private string Asked(long ticket) =>
        _unanswered.TryGetValue(ticket, out var request) ? Asked(request) : "an unknown request";

    private string Asked(Request request) => $"{Name(request)}: {request}";
}
