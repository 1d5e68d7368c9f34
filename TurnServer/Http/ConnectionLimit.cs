using TurnServer.Service;

namespace TurnServer.Http;

/// <summary>How many connections the server may have open, given the limit on file descriptors.</summary>
internal static class ConnectionLimit
{
    /// <summary>
    /// Descriptors left when all connections are open: every assembly loaded later keeps two, every thread needs two
    /// briefly when it starts, and the runtime aborts when there are none.
    /// </summary>
    public const int DescriptorReserve = 64;

    /// <summary>The configured limit, or the default one.</summary>
    /// <param name="configured">The value of --max-connections; null for the default.</param>
    /// <param name="others">Connections to keep free for other purposes.</param>
    /// <exception cref="CannotListenException">The configured limit does not fit.</exception>
    public static int Resolve(int? configured, int others)
    {
        var limit = FileDescriptors.Limit();
        if (configured is not { } connections)
            return Default(limit, others);
        var possible = Possible(limit) - others;
        return connections <= possible
            ? connections
            : throw new CannotListenException($"{connections} connections (--max-connections) do not fit: this process "
                + $"may open {limit} files, which leaves {Math.Max(possible, 0)} for connections. Ask for fewer, or "
                + "raise the limit (ulimit -n, or LimitNOFILE in the unit).");
    }

    /// <summary>
    /// 80 % of the file descriptor limit, or less where that limit is so small that the process itself needs more than
    /// the rest.
    /// </summary>
    /// <param name="descriptorLimit">The limit on file descriptors.</param>
    /// <param name="others">Connections to keep free for other purposes.</param>
    public static int Default(int descriptorLimit, int others) =>
        Math.Max(1, Math.Min(descriptorLimit / 5 * 4, Possible(descriptorLimit) - others));

    // Possibly below 1.
    private static int Possible(int descriptorLimit) => descriptorLimit - FileDescriptors.InUse() - DescriptorReserve;
}
