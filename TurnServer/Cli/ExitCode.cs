namespace TurnServer.Cli;

/// <summary>What the process says when it ends; listed in <c>--help</c>.</summary>
internal static class ExitCode
{
    /// <summary>Stopped as asked to.</summary>
    public const int Ok = 0;

    /// <summary>Cannot listen where it was told to.</summary>
    public const int CannotListen = 1;

    /// <summary>A flag, or a variable of the environment, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Failed on a bug: the service manager should start it again.</summary>
    public const int Failed = 3;

    /// <summary>Nobody came to connect to in time.</summary>
    public const int NobodyCame = 4;

    /// <summary>The partner left before everything was passed.</summary>
    public const int PartnerLeft = 5;

    /// <summary>The server does not answer, or has lost the game.</summary>
    public const int ServerGone = 6;

    /// <summary>There is no turn server at the URL.</summary>
    public const int NotTurnServer = 7;

    /// <summary>The server is full or busy.</summary>
    public const int ServerRefuses = 8;

    /// <summary>What was passed is damaged, or only one side is told --raw.</summary>
    public const int Damaged = 9;

    /// <summary>The input cannot be read, or the output not be written.</summary>
    public const int Device = 10;

    /// <summary>The state directory cannot be used: disk full, no permission, or locked by another server.</summary>
    public const int StateUnusable = 11;

    /// <summary>The state is damaged or of another version; restarting will not help.</summary>
    public const int StateUnreadable = 12;

    /// <summary>Ended by SIGHUP, as shells say it.</summary>
    public const int HungUp = 129;

    /// <summary>Ended by SIGINT, as shells say it.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended by SIGTERM, as shells say it.</summary>
    public const int Terminated = 143;
}
