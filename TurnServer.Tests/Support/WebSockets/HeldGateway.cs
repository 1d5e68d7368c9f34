using System.Text;
using TurnServer.Actor;
using TurnServer.Protocol;

namespace TurnServer.Tests.Support;

/// <summary>A gateway whose requests wait until the test answers them.</summary>
internal sealed class HeldGateway : IPlayerGateway
{
    private readonly List<Asked> _asked = [];

    /// <summary>The requests so far, in order.</summary>
    public IReadOnlyList<Asked> Asked
    {
        get
        {
            lock (_asked)
                return [.. _asked];
        }
    }

    /// <summary>How many requests there have been.</summary>
    public int Count
    {
        get
        {
            lock (_asked)
                return _asked.Count;
        }
    }

    /// <summary>Answers a request at once; null: it waits.</summary>
    public Func<string, WireReply?> AtOnce { get; set; } = _ => null;

    /// <summary>A reply of these bytes.</summary>
    public static WireReply Reply(string text) => new(Encoding.UTF8.GetBytes(text), ErrorCode.None);

    public async ValueTask<WireReply> AskAsync(ReadOnlyMemory<byte> body, string? received, int waitSeconds,
        ClientAddress from, bool mayResumeInline = false)
    {
        var asked = new Asked(Encoding.UTF8.GetString(body.Span), from, waitSeconds);
        lock (_asked)
            _asked.Add(asked);
        return AtOnce(asked.Line) ?? await asked.Source.Task;
    }

    public ValueTask<WireReply> GetWaitingAsync(string query) => ValueTask.FromResult(Reply("0 0"));

    /// <summary>Waits until this many requests have come.</summary>
    public Task UntilAskedAsync(int count) => TestWait.UntilAsync(() => Count >= count, $"{count} requests have come");
}

/// <summary>A request that has come to a <see cref="HeldGateway"/>.</summary>
internal sealed record Asked(string Line, ClientAddress From, int WaitSeconds)
{
    public TaskCompletionSource<WireReply> Source { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Answer(string text) => Source.SetResult(HeldGateway.Reply(text));
}
