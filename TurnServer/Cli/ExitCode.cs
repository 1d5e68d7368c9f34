namespace TurnServer.Cli;

/// <summary>The exit codes, as listed by <c>--help</c>.</summary>
internal static class ExitCode
{
    /// <summary>Stopped by a signal, or done.</summary>
    public const int Ok = 0;

    /// <summary>Cannot listen on a port.</summary>
    public const int CannotListen = 1;

    /// <summary>An option or an environment variable is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Unhandled exception, or the disk failed: the service manager should restart it.</summary>
    public const int Failed = 3;

    /// <summary>No partner in time.</summary>
    public const int NoPartner = 4;

    /// <summary>The partner left before the end.</summary>
    public const int PartnerLeft = 5;

    /// <summary>The server does not answer, or has lost the game.</summary>
    public const int ServerGone = 6;

    /// <summary>There is no turn server at the URL.</summary>
    public const int NotTurnServer = 7;

    /// <summary>The server is full or busy.</summary>
    public const int ServerRefused = 8;

    /// <summary>The data is damaged, or only one side uses --raw.</summary>
    public const int Damaged = 9;

    /// <summary>The input cannot be read, or the output cannot be written.</summary>
    public const int Device = 10;

    /// <summary>The state directory cannot be used: disk full, no permission, or locked by another server.</summary>
    public const int StateUnusable = 11;

    /// <summary>The state is damaged or of another version; restarting will not help.</summary>
    public const int StateUnreadable = 12;

    /// <summary>Ended by SIGHUP: 128 + 1.</summary>
    public const int HungUp = 129;

    /// <summary>Ended by SIGINT: 128 + 2.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended by SIGTERM: 128 + 15.</summary>
    public const int Terminated = 143;
}
