namespace TurnServer.Tests.Fuzz;

/// <summary>Shrinks a failing input while it still fails.</summary>
internal static class ByteShrinker
{
    private const int CharacterBytesMax = 4;

    /// <summary>Removes ever shorter runs of bytes, then replaces each remaining byte by an x.</summary>
    /// <param name="bytes">The failing input.</param>
    /// <param name="fails">Whether a candidate fails.</param>
    /// <param name="attemptsMax">How many candidates to try.</param>
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
                    // Multi-byte characters may start at any offset.
                    start += run <= CharacterBytesMax ? 1 : run;
            }

            if (run == 1 && bytes.Length < before)
                run = Math.Min(CharacterBytesMax, bytes.Length);
            else
                run /= 2;
        }

        for (var i = 0; i < bytes.Length && attemptsMax > 0; i++)
        {
            var simpler = bytes.ToArray();
            simpler[i] = (byte)'x';
            attemptsMax--;
            if (bytes[i] != 'x' && fails(simpler))
                bytes = simpler;
        }

        return bytes;
    }
}
