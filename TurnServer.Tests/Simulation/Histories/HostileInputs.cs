using System.Text;

namespace TurnServer.Tests.Simulation;

/// <summary>Valid but unusual names and turns; and malformed requests, each with the expected reply.</summary>
internal static class HostileInputs
{
    public static readonly IReadOnlyList<string> Names =
    [
        "*", "0", "|", "/", "0/1/*", "bibbybabbis", " ", "a b", "\U0001F600", new string('x', 64), "né", "ne\u0301",
        "\u202Ereversed", "null", "-1", "%s", "<b>", "'; --", "\u200B", "n0 ", "N0", "1|0", "15/5/*",
    ];

    /// <summary>Turns that look like other parts of the protocol.</summary>
    public static readonly IReadOnlyList<string> Turns =
        ["*", "|", "||", "a|b", "|x", "x|", ",", ",,1,0,0", "0/9/x", "15/5/*", "\r\n", "\u0000", "5,*,0,0,0", "é|é"];

    /// <summary>Malformed requests and their refusals, in the order in which PROTOCOL.md has fields checked.</summary>
    public static readonly IReadOnlyList<(byte[] Body, byte[] Refusal)> Requests =
    [
        Of("", "2/*/*"),
        (new byte[] { (byte)'6', 0xFF }, Bytes("2/*/*")),
        Of("7,*,*,*,*", "4/0/*"),
        Of("-1,*,*,*,*", "4/0/*"),
        Of("00,n,*,*,*", "4/0/*"),
        Of("2,*,1", "4/4/*"),
        Of("2,*,1,*,*,*", "4/4/*"),
        Of("6,x,1,0", "4/4/*"),
        Of("6,x,1,2,0", "4/1/*"),
        Of("6,x,1,*,x", "4/1/*"),
        Of("6,x,1,0,-1", "4/2/*"),
        Of("6,x,1,0,9223372036854775808", "4/2/*"),
        Of("6,x,1,0,0\n\n", "4/2/*"),
        Of("6,x,1,0,0\r\n\r\n", "4/2/*"),
        Of("0,n,*,m\n\n", "16/*/*"),
        Of("6,x,key,0,0", "4/3/*"),
        Of("6,x,,0,0", "4/3/*"),
        Of("2,*,-1,*,*", "4/3/*"),
        Of("0,n,key,*,*", "4/3/*"),
        Of("0,n,*#,*,*", "4/3/*"),
        Of("0,n,*#a#b,*,*", "4/3/*"),
        Of("0,n,#a,*,*", "4/3/*"),
        Of("0,n,*a,*,*", "4/3/*"),
        Of("0,n,*#a b,*,*", "4/3/*"),
        Of("0,n,*#\u00E9,*,*", "4/3/*"),
        Of("0,n,*#" + new string('x', 33) + ",*,*", "4/3/*"),
        Of("0,n,*,*,with blank", "4/2/*"),
        Of("0,,*,*,*", "7/*/*"),
        Of("0,a\u0007,*,*,*", "7/*/*"),
        Of("0," + new string('x', 65) + ",*,*,*", "7/*/*"),
        Of("0,n,*,,*", "16/*/*"),
        Of("0,n,*,a\u0085b,*", "16/*/*"),
        (Bytes("6," + new string('x', 16384) + ",1,0,0"), Bytes("20/*/*")),
    ];

    private static (byte[] Body, byte[] Refusal) Of(string body, string refusal) => (Bytes(body), Bytes(refusal));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
