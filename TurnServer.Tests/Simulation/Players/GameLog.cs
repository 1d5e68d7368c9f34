using System.Text;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>
/// A player's view of one game: the turns sent and received, as byte streams with a bar between turns.
/// </summary>
internal sealed class GameLog(int player, int game, bool behaves)
{
    private readonly List<byte> _sent = [];
    private int _lengthBefore;

    /// <summary>The unique prefix of the player's first turn.</summary>
    public string Tag => $"{(behaves ? 'P' : 'M')}{player}.{game}.";

    public bool Behaves => behaves;

    public GameLog? Partner { get; set; }

    /// <summary>Whether another player has used this player's key, so that nothing can be expected.</summary>
    public bool IsTainted { get; set; }

    public int Turns { get; private set; }

    /// <summary>How many sent bytes the server is known to have accepted.</summary>
    public int Confirmed { get; private set; }

    /// <summary>How many bytes of the partner's stream have been received.</summary>
    public int Received { get; private set; }

    /// <summary>How many updates have been answered.</summary>
    public int Answered { get; private set; }

    /// <summary>Adds the turn of an update to be sent.</summary>
    public void Send(byte[] turn)
    {
        _lengthBefore = _sent.Count;
        if (turn.Length == 0)
            return;
        Turns++;
        if (_sent.Count > 0)
            _sent.Add((byte)'|');
        _sent.AddRange(turn);
    }

    /// <summary>Removes the last turn, which will never be accepted.</summary>
    public void Withdraw() => _sent.RemoveRange(_lengthBefore, _sent.Count - _lengthBefore);

    public void Confirm()
    {
        Confirmed = _sent.Count;
        Answered++;
    }

    /// <summary>Adds received turns and checks that they are the partner's next ones.</summary>
    public void Receive(ReadOnlySpan<byte> turns, Func<string, GameLog?> find)
    {
        if (Received == 0)
            IdentifyPartner(Encoding.UTF8.GetString(turns[..Math.Min(turns.Length, 24)]), find);
        var start = Received == 0 ? 0 : Received + 1;
        Received = start + turns.Length;
        if (Partner is not { Behaves: true, IsTainted: false } partner || IsTainted || !behaves)
            return;
        var sent = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(partner._sent);
        var isNext = Received <= sent.Length && sent[start..Received].SequenceEqual(turns)
            && (Received == sent.Length || sent[Received] == (byte)'|');
        if (!isNext)
        {
            throw new MismatchException($"the turns of {partner.Tag} from byte {start} on, "
                + Printable.Of(sent[Math.Min(start, sent.Length)..].ToArray()), Printable.Of(turns.ToArray()));
        }
    }

    /// <summary>Checks that all accepted turns of the partner arrived before error 15.</summary>
    public void OnPartnerLeft()
    {
        if (behaves && !IsTainted && Partner is { Behaves: true, IsTainted: false } partner
            && Received < partner.Confirmed)
        {
            throw new MismatchException($"{partner.Confirmed} bytes of turns of {partner.Tag} before error 15",
                $"{Received}");
        }
    }

    private void IdentifyPartner(string first, Func<string, GameLog?> find)
    {
        if (!behaves || IsTainted)
            return;
        var found = find(first);
        if (found is { IsTainted: true } || Partner is { IsTainted: true })
            return;
        if (found != Partner && (Partner is not null || found?.Partner is not null))
        {
            throw new MismatchException($"{Tag} to receive turns of {Partner?.Tag ?? "a player without a partner"}",
                first);
        }

        Partner = found;
        if (found is not null)
            found.Partner = this;
    }
}
