namespace TurnServer.Tests.Simulation;

/// <summary>
/// SplitMix64: the same numbers from a seed on every machine and .NET version, which <see cref="Random"/> does not
/// guarantee.
/// </summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Draw()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    /// <summary>A number from 0 to <paramref name="end"/> − 1.</summary>
    public int Below(int end) => (int)(Draw() % (ulong)end);

    /// <summary>A number from <paramref name="min"/> to <paramref name="max"/>, both included.</summary>
    public int Between(int min, int max) => min + Below(max - min + 1);

    /// <summary>True with this probability, in thousandths.</summary>
    public bool Is(int perMille) => Below(1000) < perMille;

    public T Of<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    /// <summary>An independent seed for each number.</summary>
    public static ulong Derive(ulong seed, ulong number) => Mix(seed ^ Mix(number + 0x632BE59BD9B4E019));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
