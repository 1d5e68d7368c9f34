namespace TurnServer.Tests.Fuzz;

/// <summary>What a client does after sending its input.</summary>
internal enum Ending
{
    /// <summary>Reads the reply; waits only briefly if it is optional.</summary>
    Read,

    /// <summary>Closes the connection.</summary>
    Close,

    /// <summary>Resets the connection.</summary>
    Reset,

    /// <summary>Shuts down sending and reads the reply.</summary>
    HalfClose,

    /// <summary>Leaves the connection open and does nothing.</summary>
    Linger,
}

/// <summary>What a client sends over a connection.</summary>
/// <param name="Pieces">The bytes, one packet per piece.</param>
/// <param name="Ending">What the client does then.</param>
/// <param name="Expected">The beginning of the reply's body; null if any reply, or none, is acceptable.</param>
internal sealed record HttpInput(IReadOnlyList<byte[]> Pieces, Ending Ending, string? Expected)
{
    public byte[] Bytes => [.. Pieces.SelectMany(piece => piece)];

    /// <summary>The ending and each piece in hexadecimal; <see cref="Parse"/> reads it back.</summary>
    public override string ToString() =>
        $"{Ending} {string.Join(' ', Pieces.Select(Convert.ToHexString))}";

    /// <summary>Parses the text form, without an expected reply.</summary>
    public static HttpInput Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new HttpInput([.. words[1..].Select(Convert.FromHexString)], Enum.Parse<Ending>(words[0]), null);
    }
}
