using System.Globalization;
using System.Net.Http.Headers;
using TurnServer.Protocol;

namespace TurnServer.Tests.Support;

/// <summary>The target of a scenario: the rules alone, or a server over HTTP.</summary>
internal interface IScenarioServer
{
    /// <summary>Whether time passes by itself.</summary>
    bool IsRealTime { get; }

    /// <summary>Sends a request whose reply may be held for this long, and returns the reply.</summary>
    Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds);

    /// <summary>Sends a request; returns when it is at the server. <see cref="JoinAsync"/> gets the reply.</summary>
    Task StartAsync(string id, byte[] body, int waitSeconds);

    /// <summary>Whether a started request has no reply yet.</summary>
    bool IsPending(string id);

    /// <summary>The reply to a started request; null after a timeout.</summary>
    Task<ScenarioReply?> JoinAsync(string id, TimeSpan within);

    /// <summary>The answer to GET /waiting for a pool; empty: for none.</summary>
    Task<string> GetWaitingAsync(string pool);

    /// <summary>Lets time pass.</summary>
    Task SleepAsync(TimeSpan time);
}

/// <summary>A reply's HTTP status and body, and those of its headers that belong to the protocol.</summary>
internal readonly record struct ScenarioReply(int Status, string Text, ScenarioHeaders Headers = default);

/// <summary>Reply headers with numbers; null where there is none, or none is expected.</summary>
internal readonly record struct ScenarioHeaders(long? TurnCounter, long? TurnsTaken, long? TurnsAcknowledged,
    long? PartnerSilent)
{
    /// <summary>The headers, found by name.</summary>
    public static ScenarioHeaders Read(Func<string, long?> find) => new(find(ReplyHeaders.TurnCounter),
        find(ReplyHeaders.TurnsTaken), find(ReplyHeaders.TurnsAcknowledged), find(ReplyHeaders.PartnerSilent));

    /// <summary>The headers of a reply of the rules.</summary>
    public static ScenarioHeaders Of(in Reply reply) => new(reply.TurnCounter, reply.Totals?.Taken,
        reply.Totals?.Acknowledged, reply.PartnerSilentSeconds);

    /// <summary>Adds those that there are.</summary>
    public void AddTo(HttpResponseHeaders headers)
    {
        Add(ReplyHeaders.TurnCounter, TurnCounter);
        Add(ReplyHeaders.TurnsTaken, TurnsTaken);
        Add(ReplyHeaders.TurnsAcknowledged, TurnsAcknowledged);
        Add(ReplyHeaders.PartnerSilent, PartnerSilent);

        void Add(string name, long? value)
        {
            if (value is { } number)
                headers.TryAddWithoutValidation(name, number.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Whether a reply has all headers that are expected here.</summary>
    /// <param name="actual">The headers of the reply.</param>
    /// <param name="isRealTime">Whether the partner's silence may be longer, as time passes.</param>
    public bool Match(in ScenarioHeaders actual, bool isRealTime) =>
        (TurnCounter ?? actual.TurnCounter) == actual.TurnCounter
        && (TurnsTaken ?? actual.TurnsTaken) == actual.TurnsTaken
        && (TurnsAcknowledged ?? actual.TurnsAcknowledged) == actual.TurnsAcknowledged
        && (PartnerSilent is null || PartnerSilent == actual.PartnerSilent
            || (isRealTime && PartnerSilent < actual.PartnerSilent));

    public override string ToString() => string.Concat(Text(ReplyHeaders.TurnCounter, TurnCounter),
        Text(ReplyHeaders.TurnsTaken, TurnsTaken), Text(ReplyHeaders.TurnsAcknowledged, TurnsAcknowledged),
        Text(ReplyHeaders.PartnerSilent, PartnerSilent));

    private static string Text(string name, long? value) => value is null ? "" : $", {name}: {value}";
}
