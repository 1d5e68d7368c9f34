using TurnServer.Bench.Load.Statistics;
using TurnServer.Client;

namespace TurnServer.Bench.Load.Play;

/// <summary>What all players of a test share.</summary>
/// <param name="Http">Carries the requests.</param>
/// <param name="Options">How to play.</param>
/// <param name="Client">How a player asks, without its observer.</param>
/// <param name="Ledger">Keeps account of the turns.</param>
/// <param name="Recorder">Keeps the times.</param>
/// <param name="Stopping">The time is over: games are ended in order.</param>
/// <param name="Aborting">The grace is over too: games are left as they are.</param>
internal sealed record PlayContext(HttpMessageInvoker Http, LoadOptions Options, TurnClientOptions Client,
    TurnLedger Ledger, LoadRecorder Recorder, CancellationToken Stopping, CancellationToken Aborting);
