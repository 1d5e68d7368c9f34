using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation.Model;

/// <summary>
/// Whoever must be heard from, as the protocol page has it: when it was, how long it may be silent, and the one reply
/// that may be held for it.
/// </summary>
internal abstract class ModelOne
{
    public ulong Key;
    public TimeSpan HeardAt;

    /// <summary>0: no reply is held.</summary>
    public long HeldTicket;

    /// <summary>What the held reply would be as it stands.</summary>
    public byte[] HeldReply = [];
    public TimeSpan HeldUntil;

    public bool IsHeld => HeldTicket != 0;

    public abstract TimeSpan Patience { get; }

    public TimeSpan DueAt => IsHeld ? HeldUntil : HeardAt + Patience;
}

/// <summary>How far a registration has come. The numbers are those that the server counts players by.</summary>
internal enum ModelStep
{
    Waiting,
    Paired,
    Loading,
    Ready,
    Playing,

    /// <summary>The partner is gone and the player has not heard of it.</summary>
    Left,
}

/// <summary>A live pairing key.</summary>
internal sealed class ModelPlayer : ModelOne
{
    public string Name = "";
    public string? Wanted;
    public string? Token;
    public ClientAddress From;
    public TimeSpan WaitingPatience;
    public TimeSpan LoadPatience;
    public ModelStep Step;
    public bool IsHost;
    public string PartnerName = "";
    public ModelPlayer? Partner;
    public ModelSeat? Seat;

    /// <summary>Was told 9 and has not sent a 2 since.</summary>
    public bool WasTold;

    /// <summary>Who left it, and until when it is not given to it again; the last 64.</summary>
    public readonly List<(string Name, ClientAddress From, TimeSpan Until)> LeftBy = [];

    public bool Excludes(ModelPlayer other, TimeSpan now) => LeftBy.Exists(left => left.Until > now
        && left.Name == other.Name && left.From == other.From);

    public bool RemoveExpiredExclusions(TimeSpan now) => LeftBy.RemoveAll(left => left.Until <= now) > 0;

    // Longer of the two, once there is a partner.
    public override TimeSpan Patience => Step == ModelStep.Waiting || WaitingPatience > LoadPatience
        ? WaitingPatience
        : LoadPatience;
}

/// <summary>A live seat key.</summary>
internal sealed class ModelSeat : ModelOne
{
    public int Number;
    public ModelSeat Partner = null!;
    public ModelPlayer? Player;
    public TimeSpan GamePatience;
    public bool HasLeft;
    public bool HasQuit;
    public long Last = -1;

    /// <summary>Handed out under the last counter, each a turn.</summary>
    public List<byte[]> Block = [];

    /// <summary>Not handed out yet.</summary>
    public List<byte[]> Waiting = [];

    public override TimeSpan Patience => GamePatience;

    /// <summary>The bytes of all turns with a separator between each two.</summary>
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
