using System.Text;

namespace TurnServer.Tests.Simulation.Model;

/// <summary>The replies of PROTOCOL.md as literals.</summary>
internal static class Wire
{
    public static readonly byte[] Unregistered = Bytes("0/1/*");
    public static readonly byte[] Pairing = Bytes("0/2/*");
    public static readonly byte[] InitServer = Bytes("0/5/");
    public static readonly byte[] InitClient = Bytes("0/6/");
    public static readonly byte[] PartnerLoad = Bytes("0/7/*");
    public static readonly byte[] NoData = Bytes("0/10/*");
    public static readonly byte[] RedundantEmpty = Bytes("0/11/*");
    public static readonly byte[] NotRegistered = Bytes("5/*/*");
    public static readonly byte[] PartnerDrop = Bytes("9/2/*");
    public static readonly byte[] Dropped = Bytes("10/*/*");
    public static readonly byte[] PlayersFull = Bytes("11/*/*");
    public static readonly byte[] GamesFull = Bytes("12/*/*");
    public static readonly byte[] NoGame = Bytes("13/*/*");
    public static readonly byte[] NoSelf = Bytes("14/*/*");
    public static readonly byte[] PartnerSilent = Bytes("15/*/*");
    public static readonly byte[] PartnerQuit = Bytes("15/5/*");
    public static readonly byte[] KnownPartnerDrop = Bytes("17/*/*");
    public static readonly byte[] Behind = Bytes("18/*/*");
    public static readonly byte[] Ahead = Bytes("19/*/*");
    public static readonly byte[] BacklogFull = Bytes("21/*/*");
    public static readonly byte[] AddressFull = Bytes("22/*/*");
    public static readonly byte[] Busy = Bytes("23/*/*");

    public static byte[] Registered(ulong key) => Bytes($"0/0/{key}");

    public static byte[] Partner(bool isHost, string name) => Bytes($"0/{(isHost ? 3 : 4)}/{name}");

    public static byte[] Play(ulong key, int number) => Bytes($"0/8/{key}|{number}");

    public static byte[] Turns(bool isRedundant, List<byte[]> block)
    {
        var reply = new List<byte>(64);
        reply.AddRange(isRedundant ? "0/11/"u8 : "0/9/"u8);
        for (var i = 0; i < block.Count; i++)
        {
            if (i > 0)
                reply.Add((byte)'|');
            reply.AddRange(block[i]);
        }

        return [.. reply];
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
