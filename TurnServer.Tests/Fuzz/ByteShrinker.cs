namespace TurnServer.Tests.Fuzz;

/// <summary>Makes bytes that fail fewer and plainer for as long as they still fail.</summary>
internal static class ByteShrinker
{
    private const int CharacterBytesMax = 4;

    /// <summary>
    /// Leaves bytes out, ever fewer at once, and then puts a plain one in the place of each that is left.
    /// </summary>
    /// <param name="bytes">Some that fail.</param>
    /// <param name="fails">Whether others fail too.</param>
    /// <param name="attemptsMax">How often that may be asked.</param>
    public static byte[] Shrink(byte[] bytes, Func<byte[], bool> fails, int attemptsMax = 4_000)
    {
        for (var run = Math.Max(bytes.Length / 2, 1); run >= 1;)
        {
            var before = bytes.Length;
            for (var start = 0; start < bytes.Length && attemptsMax > 0;)
            {
                byte[] rest = [.. bytes[..start], .. bytes[Math.Min(start + run, bytes.Length)..]];
                attemptsMax--;
                if (fails(rest))
                    bytes = rest;
                else
                    // Characters of several bytes stand anywhere.
                    start += run <= CharacterBytesMax ? 1 : run;
            }

            if (run == 1 && bytes.Length < before)
                run = Math.Min(CharacterBytesMax, bytes.Length);
            else
                run /= 2;
        }

        for (var i = 0; i < bytes.Length && attemptsMax > 0; i++)
        {
            var plainer = bytes.ToArray();
            plainer[i] = (byte)'x';
            attemptsMax--;
            if (bytes[i] != 'x' && fails(plainer))
                bytes = plainer;
        }

        return bytes;
    }
}
