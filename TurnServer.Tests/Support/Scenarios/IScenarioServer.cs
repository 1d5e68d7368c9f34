namespace TurnServer.Tests.Support;

/// <summary>What scenarios are played against: the rules alone, or a whole server.</summary>
internal interface IScenarioServer
{
    /// <summary>Sends one body, whose reply may be waited for so many seconds, and returns the reply.</summary>
    Task<ScenarioReply> SendAsync(byte[] body, int waitSeconds);

    /// <summary>The same, but leaves the reply to <see cref="JoinAsync"/>; returns once the server has it.</summary>
    Task StartAsync(string id, byte[] body, int waitSeconds);

    /// <summary>Whether the reply to a started request has yet to come.</summary>
    bool IsPending(string id);

    /// <summary>The reply to a started request; null when it does not come in time.</summary>
    Task<ScenarioReply?> JoinAsync(string id, TimeSpan within);

    /// <summary>Lets time pass.</summary>
    Task SleepAsync(TimeSpan time);
}

/// <summary>A reply as a scenario sees it: the HTTP status and the whole body.</summary>
internal readonly record struct ScenarioReply(int Status, string Text);
