using System.Text;

namespace TurnServer.Tests.Simulation.Players;

/// <summary>
/// One player's part in one game, as this player knows it: what it has sent and what it has received, as streams of
/// bytes with a bar between each two turns.
/// </summary>
internal sealed class GameLog(int player, int game, bool behaves)
{
    private readonly List<byte> _sent = [];
    private int _lengthBefore;

    /// <summary>What stands before the player's first turn, which nobody else's begins with.</summary>
    public string Tag => $"{(behaves ? 'P' : 'M')}{player}.{game}.";

    public bool Behaves => behaves;

    public GameLog? Partner { get; set; }

    /// <summary>Somebody else spoke with this player's key.</summary>
    public bool IsTainted { get; set; }

    public int Turns { get; private set; }

    /// <summary>How many bytes of the stream the server is known to have taken.</summary>
    public int Confirmed { get; private set; }

    /// <summary>How many bytes of the partner's stream have arrived.</summary>
    public int Received { get; private set; }

    /// <summary>Updates answered.</summary>
    public int Answered { get; private set; }

    /// <summary>Adds the turn of an update that is being sent.</summary>
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

    /// <summary>The last update was not taken, and never will be.</summary>
    public void Withdraw() => _sent.RemoveRange(_lengthBefore, _sent.Count - _lengthBefore);

    public void Confirm()
    {
        Confirmed = _sent.Count;
        Answered++;
    }

    /// <summary>Takes turns that have arrived. They must be the partner's next ones.</summary>
    public void Receive(ReadOnlySpan<byte> turns, Func<string, GameLog?> find)
    {
        if (Received == 0)
            Meet(Encoding.UTF8.GetString(turns[..Math.Min(turns.Length, 24)]), find);
        var start = Received == 0 ? 0 : Received + 1;
        Received = start + turns.Length;
        if (Partner is not { Behaves: true, IsTainted: false } partner || IsTainted || !behaves)
            return;
        var sent = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(partner._sent);
        var isNext = Received <= sent.Length && sent[start..Received].SequenceEqual(turns)
            && (Received == sent.Length || sent[Received] == (byte)'|');
        if (!isNext)
        {
            throw new Discrepancy($"the turns of {partner.Tag} from byte {start} on, "
                + Printable.Of(sent[Math.Min(start, sent.Length)..].ToArray()), Printable.Of(turns.ToArray()));
        }
    }

    /// <summary>The player has been told that its partner has left: all that it sent must have come.</summary>
    public void HearPartnerLeft()
    {
        if (behaves && !IsTainted && Partner is { Behaves: true, IsTainted: false } partner
            && Received < partner.Confirmed)
        {
            throw new Discrepancy($"{partner.Confirmed} bytes of turns of {partner.Tag} before a 15", $"{Received}");
        }
    }

    private void Meet(string first, Func<string, GameLog?> find)
    {
        if (!behaves || IsTainted)
            return;
        var found = find(first);
        if (found is { IsTainted: true } || Partner is { IsTainted: true })
            return;
        if (found != Partner && (Partner is not null || found?.Partner is not null))
            throw new Discrepancy($"{Tag} to hear from {Partner?.Tag ?? "one who has no partner yet"}", first);
        Partner = found;
        if (found is not null)
            found.Partner = this;
    }
}
