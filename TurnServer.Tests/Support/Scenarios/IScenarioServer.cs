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

    /// <summary>Lets time pass.</summary>
    Task SleepAsync(TimeSpan time);
}

/// <summary>A reply's HTTP status and body, and its headers Turn-Counter and Partner-Silent.</summary>
internal readonly record struct ScenarioReply(int Status, string Text, long? TurnCounter = null,
    int? PartnerSilentSeconds = null);
