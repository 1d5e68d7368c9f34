namespace TurnServer.Tests.Fuzz;

/// <summary>What a client does once it has sent all that it sends.</summary>
internal enum Ending
{
    /// <summary>It waits for the reply; a short while where it may get none.</summary>
    Read,

    /// <summary>It closes at once.</summary>
    Close,

    /// <summary>It is gone at once, by a reset.</summary>
    Reset,

    /// <summary>It says that it sends no more, and waits for the reply.</summary>
    HalfClose,

    /// <summary>It does nothing more, until the server ends the connection.</summary>
    Linger,
}

/// <summary>What one client sends over one connection.</summary>
/// <param name="Pieces">Each is a packet of its own.</param>
/// <param name="Ending">What follows.</param>
/// <param name="Expected">How the reply's body must begin; null where any reply will do, or none.</param>
internal sealed record HttpInput(IReadOnlyList<byte[]> Pieces, Ending Ending, string? Expected)
{
    public byte[] Bytes => [.. Pieces.SelectMany(piece => piece)];

    /// <summary>As <see cref="Parse"/> reads it: the ending, and each piece in hexadecimal.</summary>
    public override string ToString() =>
        $"{Ending} {string.Join(' ', Pieces.Select(Convert.ToHexString))}";

    /// <summary>Reads one that was printed.</summary>
    public static HttpInput Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new HttpInput([.. words[1..].Select(Convert.FromHexString)], Enum.Parse<Ending>(words[0]), null);
    }
}
