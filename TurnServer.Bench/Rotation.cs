namespace TurnServer.Bench;

/// <summary>
/// The order in which several things are measured in one round. It rotates, because what is measured later finds the
/// machine in another state.
/// </summary>
internal static class Rotation
{
    /// <summary>All indexes below <paramref name="count"/>, in the order of this round.</summary>
    public static IEnumerable<int> Order(int count, int round) =>
        Enumerable.Range(0, count).Select(i => (round + i) % count);
}
