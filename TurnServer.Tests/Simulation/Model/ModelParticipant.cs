using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation.Model;

/// <summary>
/// A player or seat with a timeout: when it was last heard from, how long it may be silent, and its held reply.
/// </summary>
internal abstract class ModelParticipant
{
    public ulong Key;
    public TimeSpan LastHeard;

    /// <summary>0 if no reply is held.</summary>
    public long HeldTicket;

    /// <summary>The reply to send if nothing happens before the hold ends.</summary>
    public byte[] HeldReply = [];
    public TimeSpan HeldUntil;

    public bool IsHeld => HeldTicket != 0;

    public abstract TimeSpan Timeout { get; }

    public TimeSpan DueAt => IsHeld ? HeldUntil : LastHeard + Timeout;
}

/// <summary>A player's status, numbered like the server's PlayerStatus.</summary>
internal enum ModelStatus
{
    Waiting,
    Paired,
    Loading,
    Ready,
    Playing,

    /// <summary>The partner has left and the player has not been told.</summary>
    Left,
}

/// <summary>A registered player.</summary>
internal sealed class ModelPlayer : ModelParticipant
{
    public string Name = "";
    public string? Wanted;
    public string? Pool;
    public string? Token;
    public ClientAddress From;
    public TimeSpan RegisteredAt;
    public TimeSpan PairingTimeout;
    public TimeSpan LoadTimeout;
    public ModelStatus Status;
    public bool IsHost;
    public string PartnerName = "";
    public ModelPlayer? Partner;
    public ModelSeat? Seat;

    /// <summary>Was sent error 9 and has not sent symbol 2 since.</summary>
    public bool PartnerDropSent;

    /// <summary>The last 64 players who left it, and until when they are excluded as partners.</summary>
    public readonly List<(string Name, ClientAddress From, TimeSpan Until)> Exclusions = [];

    public bool Excludes(ModelPlayer other, TimeSpan now) => Exclusions.Exists(left => left.Until > now
        && left.Name == other.Name && left.From == other.From);

    public bool RemoveExpiredExclusions(TimeSpan now) => Exclusions.RemoveAll(left => left.Until <= now) > 0;

    // With a partner, the longer of the two.
    public override TimeSpan Timeout => Status == ModelStatus.Waiting || PairingTimeout > LoadTimeout
        ? PairingTimeout
        : LoadTimeout;
}

/// <summary>A seat in a running game.</summary>
internal sealed class ModelSeat : ModelParticipant
{
    public int Number;
    public ModelSeat Partner = null!;
    public ModelPlayer? Player;
    public TimeSpan GameTimeout;

    /// <summary>The request that started the game.</summary>
    public long StartedBy;
    public bool HasLeft;
    public bool HasQuit;
    public long Last = -1;

    /// <summary>How many turns it has sent and acknowledged; a turn may contain several, separated by bars.</summary>
    public int Taken;
    public int Acknowledged;

    /// <summary>The turns handed out under the last counter.</summary>
    public List<byte[]> Block = [];

    /// <summary>The turns not handed out yet.</summary>
    public List<byte[]> Waiting = [];

    public override TimeSpan Timeout => GameTimeout;

    /// <summary>The backlog's size: all turns with separators between them.</summary>
    public int Bytes
    {
        get
        {
            var bytes = -1;
            foreach (var turn in Block)
                bytes += turn.Length + 1;
            foreach (var turn in Waiting)
                bytes += turn.Length + 1;
            return bytes < 0 ? 0 : bytes;
        }
    }
}
